using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Channels;

/// <summary>What a call means for the presence of its user, as subscribers of <c>presence</c> get it.</summary>
internal sealed record PresenceEvent(string Channel, IReadOnlyList<(string Name, string Value)> Data)
{
    /// <summary>Events of calls that change presence.</summary>
    public static readonly string[] Names =
    [
        "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_HANGUP",
    ];

    // The name in the event, in its JSON, and in the list of channels; the list has fewer.
    private static readonly (string Header, string Column, string Name)[] Members =
    [
        ("Channel-Call-State", "callstate", "channelCallState"),
        ("Original-Channel-Call-State", "", "originalChannelCallState"),
        ("Channel-State", "state", "channelState"),
        ("Caller-Username", "", "callerUserName"),
        ("Caller-Caller-ID-Name", "cid_name", "callerIDName"),
        ("Caller-Caller-ID-Number", "cid_num", "callerIDNumber"),
        ("Caller-Callee-ID-Name", "callee_name", "calleeIDName"),
        ("Caller-Callee-ID-Number", "callee_num", "calleeIDNumber"),
        ("Unique-ID", "uuid", "channelUUID"),
        ("Presence-Call-Direction", "direction", "presenceCallDirection"),
        ("variable_presence_id", "presence_id", "channelPresenceID"),
        ("Channel-Presence-Data", "presence_data", "channelPresenceData"),
    ];

    /// <summary>From an event of a call; null for other events and calls of nobody.</summary>
    public static PresenceEvent? From(PluginEvent e)
    {
        if (!Names.Contains(e.Name))
        {
            return null;
        }

        var data = new List<(string, string)>();
        var id = "";
        foreach (var (header, value) in e.Headers)
        {
            if (Array.Find(Members, m => m.Header == header) is { Name: { } name })
            {
                data.Add((name, value));
                id = header == "variable_presence_id" ? value : id;
            }
            else if (header.StartsWith("PD-", StringComparison.Ordinal))
            {
                data.Add((header, value));
            }
        }

        return id.Length == 0 ? null : new PresenceEvent("presence." + id, data);
    }

    /// <summary>From the reply to <c>show channels as json</c>.</summary>
    public static IEnumerable<PresenceEvent> FromChannels(string json)
    {
        if (!JsonRpc.TryParse(System.Text.Encoding.UTF8.GetBytes(json), out var document))
        {
            yield break;
        }

        using (document)
        {
            if (document.RootElement.Member("rows") is not { ValueKind: JsonValueKind.Array } rows)
            {
                yield break;
            }

            foreach (var row in rows.EnumerateArray())
            {
                var data = Members.Where(m => m.Column.Length > 0).Select(m => (m.Name, Value: row.Text(m.Column) ?? "")).Where(m => m.Value.Length > 0).ToList();
                if (row.Text("presence_id") is { Length: > 0 } id)
                {
                    yield return new PresenceEvent("presence." + id, data);
                }
            }
        }
    }

    public void Write(Utf8JsonWriter w)
    {
        w.WriteString("eventChannel"u8, Channel);
        w.WriteStartObject("data"u8);
        foreach (var (name, value) in Data)
        {
            w.WriteString(name, value);
        }

        w.WriteEndObject();
    }
}
