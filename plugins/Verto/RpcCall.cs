using System.Text.Json;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>One request of a client with the place for its response.</summary>
internal readonly struct RpcCall(VertoSession session, ReplySlot slot, int part, JsonElement message)
{
    public VertoSession Session { get; } = session;

    public ReplySlot Slot { get; } = slot;

    public int Part { get; } = part;

    /// <summary>The id, raw.</summary>
    public byte[] Id { get; } = JsonRpc.IdOf(message);

    public string Method { get; } = message.Text("method") ?? "";

    /// <summary>The params; undefined when there are none.</summary>
    public JsonElement Params { get; } = message.Member("params") is { ValueKind: JsonValueKind.Object } value ? value : default;

    public bool HasParams => Params.ValueKind == JsonValueKind.Object;

    /// <summary>What <c>echoParams</c> asks to be sent back: all params when it is true, else its own value.</summary>
    public byte[]? Echo => Params.Member("echoParams") is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False) } wanted
        ? JsonRpc.Raw(Params.IsTrue("echoParams") ? Params : wanted)
        : null;

    public void Result(Action<Utf8JsonWriter>? members = null) => Slot.Parts[Part] = JsonRpc.Result(Id, Session.Id, Echo, members);

    public void Error(int? code, string? message, Action<Utf8JsonWriter>? members = null) => Slot.Parts[Part] = JsonRpc.Error(Id, Echo, code, message, members);
}
