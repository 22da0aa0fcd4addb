using System.Text;
using System.Text.Json;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Events;

namespace XSwitchEngine.Core.Conference;

/// <summary>What pages see of a conference and may ask of it: live array, chat, moderator commands (spec: verto.md 11). Core loop only.</summary>
/// <remarks>It speaks with pages by events: <c>event_channel::publish</c> goes out to a channel, <c>event_channel::broadcast</c> is what a page said on one.</remarks>
internal sealed class ConferenceChannels
{
    private const string Publication = "event_channel::publish";
    private const string Broadcast = "event_channel::broadcast";
    private const int Capacity = 1000;
    private readonly CallCore _core;
    private readonly Func<string, ConferenceRoom?> _find;
    private readonly Func<string, string> _command;
    private readonly Action<ConferenceMember, string, string, string> _transfer;
    private IEventSubscription? _subscription;

    public ConferenceChannels(CallCore core, Func<string, ConferenceRoom?> find, Func<string, string> command, Action<ConferenceMember, string, string, string> transfer)
    {
        _core = core;
        _find = find;
        _command = command;
        _transfer = transfer;
    }

    /// <summary>Begins to hear what pages say; nothing is heard before the first conference.</summary>
    public void Listen() => _subscription ??= _core.Services.Events.Subscribe([Broadcast], Capacity, () => _core.Services.Loop.Post(static s => ((ConferenceChannels)s!).Drain(), this));

    /// <summary>A member is in: its page is told, then everybody.</summary>
    /// <param name="room">The conference.</param>
    /// <param name="member">The member.</param>
    public void Joined(ConferenceRoom room, ConferenceMember member)
    {
        Private(room, member, "conference-liveArray-join", "Grant-Channels");
        Change(room, member, "add", room.Members.IndexOf(member));
    }

    /// <summary>A member changed.</summary>
    /// <param name="room">The conference.</param>
    /// <param name="member">The member.</param>
    public void Changed(ConferenceRoom room, ConferenceMember member) => Change(room, member, "modify", -1);

    /// <summary>A member is out.</summary>
    /// <param name="room">The conference.</param>
    /// <param name="member">The member.</param>
    public void Left(ConferenceRoom room, ConferenceMember member)
    {
        Change(room, member, "del", -1);
        Private(room, member, "conference-liveArray-part", "Revoke-Channels");
    }

    /// <summary>A text to all who listen to the chat of a conference.</summary>
    /// <param name="room">The conference.</param>
    /// <param name="from">Who wrote it.</param>
    /// <param name="name">The writer's display name; may be empty.</param>
    /// <param name="text">The text.</param>
    /// <param name="type">Its type, <c>message</c> by default.</param>
    public void Chat(ConferenceRoom room, string from, string name, string text, string type = "message") => Publish(room.ChatChannel, w =>
    {
        w.WriteString("direction", "outbound");
        w.WriteString("message", text);
        if (name.Length > 0)
        {
            w.WriteString("fromDisplay", name);
        }

        w.WriteString("from", from);
        w.WriteString("type", type);
    });

    private void Drain()
    {
        while (_subscription is { } subscription && subscription.TryRead(out var e))
        {
            OnBroadcast(e);
        }
    }

    private void OnBroadcast(SwitchEvent e)
    {
        var channel = Header(e, "Event-Channel");
        var dot = channel.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !channel.StartsWith("conference-", StringComparison.Ordinal) || e.Body is not { } body || _find(channel[(dot + 1)..].Split('@')[0]) is not { } room)
        {
            return;
        }

        // The plugin read it as JSON before; it wrote this text itself.
        using var document = JsonDocument.Parse(body);
        var data = document.RootElement.TryGetProperty("data", out var given) ? given : default;
        if (data.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var session = Header(e, "verto_sessid");
        if (channel == room.LiveArrayChannel)
        {
            if (data.TryGetProperty("liveArray", out var request) && Text(request, "command") == "bootstrap")
            {
                Bootstrap(room, session);
            }
        }
        else if (channel == room.ChatChannel)
        {
            if (Text(data, "action") == "send" && Text(data, "message") is { Length: > 0 } text)
            {
                Chat(room, Header(e, "verto_userid"), Text(document.RootElement, "fromDisplay"), text, Text(data, "type") is { Length: > 0 } type ? type : "message");
            }
        }
        else if (channel == room.ModeratorChannel && room.Members.Exists(m => m.IsModerator && m.SessionId == session && session.Length > 0))
        {
            // The grant of the channel is every member's; the flag is the moderator's alone.
            Moderate(room, data);
        }
    }

    private void Moderate(ConferenceRoom room, JsonElement data)
    {
        var command = Text(data, "command");
        var id = data.TryGetProperty("id", out var given) && given.ValueKind is JsonValueKind.Number or JsonValueKind.String ? given.ToString() : "";
        string[] values = !data.TryGetProperty("value", out var value) ? []
            : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(v => v.ToString())]
            : value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? [value.ToString()] : [];
        if (Text(data, "application") != "conf-control" || command.Length == 0 || !command.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            Publish(room.ModeratorChannel, static w =>
            {
                w.WriteString("action", "response");
                w.WriteString("error", "Invalid Command");
            });
            return;
        }

        if (command is "list-videoLayouts" or "canvasInfo")
        {
            Respond(room, command, "OK", static w =>
            {
                w.WriteStartArray("responseData");
                w.WriteEndArray();
            });
            return;
        }

        if (command == "transfer")
        {
            var member = room.Members.Find(m => m.Id.ToString() == id);
            if (member is null || values.Length == 0)
            {
                Respond(room, "transfer", "-ERR Call transfer requires id", null);
                return;
            }

            _transfer(member, values[0], values.ElementAtOrDefault(1) ?? "", values.ElementAtOrDefault(2) ?? member.Leg.Profile.Context);
            Respond(room, "transfer", "+OK Call transferred to " + values[0], null);
            return;
        }

        var line = string.Join(' ', new[] { room.Name, command, id, string.Join(' ', values) }.Where(t => t.Length > 0)).ReplaceLineEndings(" ");
        Respond(room, line, _command(line), null);
    }

    private void Respond(ConferenceRoom room, string command, string response, Action<Utf8JsonWriter>? more) => Publish(room.ModeratorChannel, w =>
    {
        w.WriteString("action", "response");
        w.WriteString("conf-command", command);
        w.WriteString("response", response);
        more?.Invoke(w);
    });

    private void Bootstrap(ConferenceRoom room, string session) => Publish(room.LiveArrayChannel, w =>
    {
        w.WriteString("action", "bootObj");
        w.WriteString("name", room.Name);
        w.WriteNumber("wireSerno", -1);
        w.WriteStartArray("data");
        foreach (var member in room.Members)
        {
            w.WriteStartArray();
            w.WriteStringValue(member.Leg.Uuid);
            member.WriteRow(w);
            w.WriteEndArray();
        }

        w.WriteEndArray();
    }, session);

    private void Change(ConferenceRoom room, ConferenceMember member, string action, int index)
    {
        room.WireSerial++;
        Publish(room.LiveArrayChannel, w =>
        {
            w.WriteString("action", action);
            w.WriteString("name", room.Name);
            w.WriteString("hashKey", member.Leg.Uuid);
            w.WriteNumber("wireSerno", room.WireSerial);
            if (index >= 0)
            {
                w.WriteNumber("arrIndex", index);
            }

            w.WritePropertyName("data");
            member.WriteRow(w);
        });
    }

    /// <summary>Tells the page of a member where the conference is heard of, and lets it listen there.</summary>
    private void Private(ConferenceRoom room, ConferenceMember member, string action, string grant)
    {
        var session = member.SessionId;
        if (session.Length == 0 || !_core.Services.Events.IsWanted("CUSTOM"))
        {
            return;
        }

        var body = Write(w =>
        {
            w.WriteStartObject("pvtData");
            w.WriteString("callID", member.Leg.Uuid);
            w.WriteString("action", action);
            w.WriteString("laChannel", room.LiveArrayChannel);
            w.WriteString("laName", room.Name);
            w.WriteString("role", member.IsModerator ? "moderator" : "participant");
            w.WriteString("chatID", $"conf+{room.Name}@{room.Domain}");
            w.WriteString("conferenceMemberID", member.Id.ToString());
            w.WriteNumber("canvasCount", 0);
            if (member.IsModerator)
            {
                w.WriteString("modChannel", room.ModeratorChannel);
            }

            w.WriteString("chatChannel", room.ChatChannel);
            w.WriteString("infoChannel", room.InfoChannel);
            w.WriteEndObject();
            w.WriteString("eventChannel", session);
            w.WriteString("eventType", "channelPvtData");
        });
        _core.Announce.Custom("CUSTOM", Publication,
        [
            new("Event-Channel", session),
            new("Event-Channel-Sessid", session),
            new("Unique-ID", member.Leg.Uuid),
            new(grant, string.Join(',', room.LiveArrayChannel, room.ChatChannel, room.InfoChannel, room.ModeratorChannel)),
        ], body);
    }

    private void Publish(string channel, Action<Utf8JsonWriter> data, string session = "")
    {
        if (!_core.Services.Events.IsWanted("CUSTOM"))
        {
            return;
        }

        List<KeyValuePair<string, string>> headers = [new("Event-Channel", channel)];
        if (session.Length > 0)
        {
            headers.Add(new("Event-Channel-Sessid", session));
        }

        _core.Announce.Custom("CUSTOM", Publication, headers, Write(w =>
        {
            w.WriteStartObject("data");
            data(w);
            w.WriteEndObject();
            w.WriteString("eventChannel", channel);
            if (session.Length > 0)
            {
                w.WriteString("sessid", session);
            }
        }));
    }

    private static string Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            members(w);
            w.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : "";

    private static string Header(SwitchEvent e, string name) => e.Headers.FirstOrDefault(h => h.Key == name).Value ?? "";
}
