using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Chat;

/// <summary>What a chat script decided about its message.</summary>
/// <param name="Sends">Messages that leave, each with the protocol it is to leave by (empty for all).</param>
/// <param name="Answers">Texts that go back to the writer.</param>
/// <param name="Fires">Messages that are published as events.</param>
/// <param name="Scripts">Further scripts that are to decide.</param>
/// <param name="IsStopped">Whether the message itself is dropped.</param>
internal sealed record ChatPlan(
    IReadOnlyList<(TextMessage Message, string Protocol)> Sends,
    IReadOnlyList<string> Answers,
    IReadOnlyList<TextMessage> Fires,
    IReadOnlyList<string> Scripts,
    bool IsStopped)
{
    /// <summary>Most messages that one script may send.</summary>
    public const int MostSends = 20;

    /// <summary>Names of headers that the fields of a message carry.</summary>
    private static readonly string[] Fields =
        ["from", "to", "from_user", "from_host", "to_user", "to_host", "proto", "type", "_body", "_proto"];

    /// <summary>Headers of a message as scripts and events see them (spec: esl.md, MESSAGE).</summary>
    /// <param name="message">The message.</param>
    public static List<KeyValuePair<string, string>> Headers(TextMessage message)
    {
        var (fromUser, fromHost) = Split(message.From);
        var (toUser, toHost) = Split(message.To);
        List<KeyValuePair<string, string>> headers =
        [
            new("proto", message.Protocol),
            new("from", message.From),
            new("from_user", fromUser),
            new("from_host", fromHost),
            new("to", message.To),
            new("to_user", toUser),
            new("to_host", toHost),
            new("type", message.ContentType),
        ];
        foreach (var (name, value) in message.Headers)
        {
            if (!headers.Exists(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                headers.Add(new(name, value));
            }
        }

        foreach (var (name, value) in new[] { ("from_full", message.From), ("subject", "SIMPLE MESSAGE"), ("context", "default"), ("hint", message.From) })
        {
            if (!headers.Exists(h => h.Key == name))
            {
                headers.Add(new(name, value));
            }
        }

        return headers;
    }

    /// <summary>Reads what a script decided.</summary>
    /// <param name="message">The message that it was given.</param>
    /// <param name="end">Its end.</param>
    public static ChatPlan Read(TextMessage message, ScriptEnd end)
    {
        var sends = new List<(TextMessage, string)>();
        var answers = new List<string>();
        var fires = new List<TextMessage>();
        var scripts = new List<string>();
        var stopped = false;
        (TextMessage, string)? last = null;
        foreach (var (name, value) in end.Reply)
        {
            switch (name)
            {
                case "send" when sends.Count < MostSends:
                    sends.Add(Message(message, value));
                    break;
                case "fire" when fires.Count < MostSends:
                    fires.Add(Message(message, value).Message);
                    break;
                case "reply" when answers.Count < MostSends:
                    answers.Add(value);
                    break;
                case "lua":
                    scripts.Add(value);
                    break;
                case "stop":
                    stopped = true;
                    break;
                case "end":
                    last = Message(message, value);
                    break;
                default:
                    break;
            }
        }

        // A script that decided nothing lets its message pass, changed as it may be.
        if (sends.Count == 0 && answers.Count == 0 && scripts.Count == 0 && !stopped && last is { } unchanged)
        {
            sends.Add(unchanged);
        }

        return new ChatPlan(sends, answers, fires, scripts, stopped);
    }

    /// <summary>User and host of an address.</summary>
    /// <param name="address">Such as <c>1000@example.org</c>.</param>
    public static (string User, string Host) Split(string address)
    {
        var text = address.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? address[4..] : address;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..].Split(';')[0]);
    }

    private static (TextMessage Message, string Protocol) Message(TextMessage original, string json)
    {
        using var document = JsonDocument.Parse(json);
        var headers = document.RootElement.EnumerateObject()
            .Where(h => h.Value.ValueKind == JsonValueKind.String)
            .Select(h => new KeyValuePair<string, string>(h.Name, h.Value.GetString()!))
            .ToList();
        var protocol = Text("_proto");
        return (original with
        {
            From = Text("from"),
            To = To(Text("to")),
            ContentType = Text("type"),
            Text = Text("_body"),
            Headers = [.. headers.Where(h => !Fields.Contains(h.Key))],
        }, protocol.Length > 0 ? protocol : Text("dest_proto"));

        string Text(string name) => headers.Find(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";

        // A script may have changed the address as a whole or its parts.
        string To(string to)
        {
            var (user, host) = Split(original.To);
            var (toUser, toHost) = (Text("to_user"), Text("to_host"));
            return to == original.To && toUser.Length > 0 && (toUser != user || toHost != host) ? toUser + "@" + toHost : to;
        }
    }
}
