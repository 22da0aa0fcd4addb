using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Events;

/// <summary>One call of a user as others may see it (RFC 4235 §4.1).</summary>
/// <param name="Id">UUID of the leg.</param>
/// <param name="State"><c>trying</c>, <c>early</c> or <c>confirmed</c>.</param>
/// <param name="IsCaller">Whether the user called.</param>
/// <param name="RemoteName">Name of the other party.</param>
/// <param name="RemoteNumber">Its number.</param>
internal sealed record UserCall(string Id, string State, bool IsCaller, string RemoteName, string RemoteNumber);

/// <summary>What is known of users besides their registrations: their calls, messages that wait, and what they published.</summary>
/// <remarks>Fed by the engine's events as long as somebody subscribes; at most <see cref="MaxCalls"/> calls.</remarks>
internal sealed class PresenceState
{
    /// <summary>Most calls remembered.</summary>
    public const int MaxCalls = 100_000;

    private readonly Dictionary<string, List<UserCall>> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _userOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (bool Waiting, string Counts)> _messages = new(StringComparer.Ordinal);

    public IReadOnlyList<UserCall> CallsOf(string number) => _calls.TryGetValue(number, out var calls) ? calls : [];

    public (bool Waiting, string Counts) MessagesOf(string number) => _messages.GetValueOrDefault(number, (false, "0/0 (0/0)"));

    public void Clear()
    {
        _calls.Clear();
        _userOf.Clear();
    }

    /// <summary>Takes one event.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Number of the user whose state changed, or null.</returns>
    public string? Take(PluginEvent e)
    {
        if (e.Name == "MESSAGE_WAITING")
        {
            var account = Header(e, "MWI-Message-Account");
            var at = account.IndexOf('@', StringComparison.Ordinal);
            account = at < 0 ? account : account[..at];
            account = account.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? account[4..] : account;
            if (account.Length == 0)
            {
                return null;
            }

            var voice = Header(e, "MWI-Voice-Message");
            _messages[account] = (Header(e, "MWI-Messages-Waiting").Equals("yes", StringComparison.OrdinalIgnoreCase), voice.Length > 0 ? voice : "0/0 (0/0)");
            return account;
        }

        if (e.Name == "CUSTOM")
        {
            foreach (var name in (string[])["from-user", "username", "verto_login", "user"])
            {
                if (Header(e, name) is { Length: > 0 } user)
                {
                    var at = user.IndexOf('@', StringComparison.Ordinal);
                    return at < 0 ? user : user[..at];
                }
            }

            return null;
        }

        var id = Header(e, "Unique-ID");
        return e.Name is "CHANNEL_HANGUP_COMPLETE" or "CHANNEL_HANGUP" or "CHANNEL_DESTROY" ? Remove(id) : Set(e, id);
    }

    /// <summary>Takes a call that began before anybody looked.</summary>
    public void Seed(string number, UserCall call) => Put(number, call);

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_messages.Count);
        foreach (var (account, (waiting, counts)) in _messages)
        {
            writer.WriteArrayHeader(3);
            writer.WriteText(account);
            writer.Write(waiting);
            writer.WriteText(counts);
        }
    }

    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var fields = new FieldReader(ref reader);
            var account = fields.Text(ref reader);
            var waiting = fields.Bool(ref reader);
            _messages[account] = (waiting, fields.Text(ref reader));
            fields.End(ref reader);
        }
    }

    private string? Set(PluginEvent e, string id)
    {
        var number = Header(e, "Caller-Username");
        if (id.Length == 0 || number.Length == 0)
        {
            return null;
        }

        var isCaller = Header(e, "Call-Direction") == "inbound";
        var answer = Header(e, "Answer-State");
        var state = answer == "answered" ? "confirmed" : isCaller && answer != "early" ? "trying" : "early";
        var call = isCaller
            ? new UserCall(id, state, true, Header(e, "Caller-Callee-ID-Name"), Header(e, "Caller-Destination-Number"))
            : new UserCall(id, state, false, Header(e, "Caller-Caller-ID-Name"), Header(e, "Caller-Caller-ID-Number"));
        return Put(number, call) ? number : null;
    }

    private bool Put(string number, UserCall call)
    {
        if (!_calls.TryGetValue(number, out var calls))
        {
            if (_userOf.Count >= MaxCalls)
            {
                return false;
            }

            _calls[number] = calls = [];
        }

        var at = calls.FindIndex(c => c.Id == call.Id);
        if (at >= 0 && calls[at] == call)
        {
            return false;
        }

        if (at >= 0)
        {
            calls[at] = call;
        }
        else
        {
            calls.Add(call);
            _userOf[call.Id] = number;
        }

        return true;
    }

    private string? Remove(string id)
    {
        if (!_userOf.Remove(id, out var number) || !_calls.TryGetValue(number, out var calls))
        {
            return null;
        }

        calls.RemoveAll(c => c.Id == id);
        if (calls.Count == 0)
        {
            _calls.Remove(number);
        }

        return number;
    }

    private static string Header(PluginEvent e, string name)
    {
        foreach (var (key, value) in e.Headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return "";
    }
}
