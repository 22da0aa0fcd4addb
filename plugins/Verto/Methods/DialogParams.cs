using System.Text.Json;
using XSwitchEngine.Plugins.Verto.Legs;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary>What methods about calls look at first.</summary>
internal static class DialogParams
{
    /// <summary>Longest id of a call.</summary>
    public const int MaxCallId = 64;

    /// <summary>Longest session description.</summary>
    public const int MaxSdp = 256 * 1024;

    /// <summary>The dialog's parameters and the call's id.</summary>
    /// <returns>False when the request was answered with an error.</returns>
    public static bool TryRead(in RpcCall call, out JsonElement dialog, out string callId)
    {
        dialog = default;
        callId = "";
        if (!call.HasParams)
        {
            call.Error(JsonRpc.SessionError, "Params data missing");
            return false;
        }

        dialog = call.Params.Member("dialogParams");
        if (dialog.ValueKind != JsonValueKind.Object)
        {
            call.Error(JsonRpc.SessionError, "Dialog data missing");
            return false;
        }

        callId = dialog.Text("callID") ?? "";
        if (callId.Length is 0 or > MaxCallId || Clean.Text(callId, MaxCallId) != callId)
        {
            call.Error(JsonRpc.SessionError, "CallID missing");
            return false;
        }

        return true;
    }

    /// <summary>The call that a request is about.</summary>
    /// <returns>False when the request was answered with an error.</returns>
    public static bool TryFind(VertoContext context, in RpcCall call, string action, out JsonElement dialog, out VertoLeg leg)
    {
        leg = null!;
        if (!TryRead(call, out dialog, out var callId))
        {
            return false;
        }

        if (context.Legs.Find(call.Session, callId) is { } found)
        {
            leg = found;
            return true;
        }

        call.Error(JsonRpc.SessionError, "CALL DOES NOT EXIST", w => CallJson.CallAndAction(w, callId, action));
        return false;
    }

    /// <summary>A session description that may be handed on: text of a bounded size.</summary>
    public static string? Sdp(JsonElement parameters) => parameters.Text("sdp") is { Length: > 0 and <= MaxSdp } sdp ? sdp : null;

    /// <summary>Whether a description can be negotiated at all: SDP with a medium, and keys for it. The rest is the core's.</summary>
    public static bool IsUsable(string sdp) =>
        sdp.StartsWith("v=0", StringComparison.Ordinal)
        && sdp.Contains("\nm=", StringComparison.Ordinal)
        && sdp.Contains("a=fingerprint:", StringComparison.OrdinalIgnoreCase);
}
