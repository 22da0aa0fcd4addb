using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Legs;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Channels;

/// <summary>Event channels: who listens to what, and what reaches them (§10).</summary>
/// <remarks>
/// The other parts of the engine publish to a channel by the event <see cref="Publication"/>, whose body is the JSON object that clients get; they hear what clients
/// broadcast by <see cref="Request"/>. A publication with a session id in <c>Event-Channel-Sessid</c> goes to that session alone; <c>Grant-Channels</c> and <c>Revoke-Channels</c>
/// of one let the session's call <c>Unique-ID</c> use channels, or no longer.
/// </remarks>
internal sealed class VertoChannels(VertoContext context)
{
    /// <summary>Subclass of events that are published to a channel.</summary>
    public const string Publication = "event_channel::publish";

    /// <summary>Subclass of events that hand a client's broadcast on.</summary>
    public const string Request = "event_channel::broadcast";

    /// <summary>Most channels of one socket.</summary>
    public const int MaxSubscriptions = 1000;

    /// <summary>Longest name of a channel.</summary>
    public const int MaxName = 256;

    private readonly Dictionary<string, HashSet<VertoSession>> _listeners = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (ConnectionId Connection, string Channel)> _lookups = [];
    private string _subscribed = "";

    public IEnumerable<KeyValuePair<long, (ConnectionId Connection, string Channel)>> Lookups => _lookups;

    /// <summary>Whether a session may use a channel: by its user's list, by a conference that it is in, or because it is one of its calls.</summary>
    public bool Allows(VertoSession session, string channel)
    {
        var prefix = AllowList.PrefixOf(channel);
        return prefix == "FSevent" ? context.Options.FsEvents && session.Channels.Allows(channel)
            : (prefix != "presence" || context.Options.Presence) && session.Channels.Allows(channel)
            || session.Grants.ContainsKey(channel)
            || context.Legs.Find(session, channel) is not null;
    }

    /// <summary>Begins to listen.</summary>
    /// <returns>False when the session listens to it already, or to too many.</returns>
    public bool Subscribe(VertoSession session, string channel)
    {
        if (session.Subscriptions.Count >= MaxSubscriptions || !session.Subscriptions.TryAdd(channel, 0))
        {
            return false;
        }

        Listen(session, channel);
        Refresh();
        if (context.Options.Presence && AllowList.PrefixOf(channel) == "presence")
        {
            // The calls that there are already: the engine is asked for them.
            var key = context.NextId();
            _lookups[key] = (session.Connection, channel);
            context.Host.RunApi(TimerKey.Make(TimerKind.Presence, key), "show", "channels as json");
        }

        return true;
    }

    /// <summary>No longer listens.</summary>
    public bool Unsubscribe(VertoSession session, string channel)
    {
        if (!session.Subscriptions.Remove(channel))
        {
            return false;
        }

        Unlisten(session, channel);
        Refresh();
        return true;
    }

    /// <summary>A socket is gone.</summary>
    public void Leave(VertoSession session)
    {
        foreach (var channel in session.Subscriptions.Keys)
        {
            Unlisten(session, channel);
        }

        session.Subscriptions.Clear();
        Refresh();
    }

    /// <summary>Takes over what the sessions listen to.</summary>
    public void Restore()
    {
        foreach (var session in context.Sessions.All)
        {
            foreach (var channel in session.Subscriptions.Keys)
            {
                Listen(session, channel);
            }
        }

        Refresh();
    }

    public void RestoreLookup(long key, ConnectionId connection, string channel) => _lookups[key] = (connection, channel);

    /// <summary>Sends an event to those who listen to its channel or its prefix.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="body">The event's own members.</param>
    /// <param name="only">The one session that gets it, or null.</param>
    public void Deliver(string channel, Action<Utf8JsonWriter> body, VertoSession? only = null)
    {
        var prefix = AllowList.PrefixOf(channel);
        var exact = _listeners.GetValueOrDefault(channel);
        var broad = prefix == channel ? null : _listeners.GetValueOrDefault(prefix);
        foreach (var session in exact ?? Enumerable.Empty<VertoSession>())
        {
            if (only is null || session == only)
            {
                Send(session, channel, body);
            }
        }

        foreach (var session in broad ?? Enumerable.Empty<VertoSession>())
        {
            if ((only is null || session == only) && exact?.Contains(session) != true)
            {
                Send(session, prefix, body);
            }
        }
    }

    /// <summary>An event of the engine.</summary>
    public void OnEvent(PluginEvent e)
    {
        if (e.Subclass == Publication)
        {
            OnPublication(e);
            return;
        }

        if (_listeners.Keys.Any(c => AllowList.PrefixOf(c) == "presence") && PresenceEvent.From(e) is { } presence)
        {
            Deliver(presence.Channel, presence.Write);
        }

        if (context.Options.FsEvents && _listeners.Keys.Any(c => AllowList.PrefixOf(c) == "FSevent"))
        {
            var channel = "FSevent." + (e.Subclass.Length > 0 ? "custom::" + e.Subclass : e.Name.ToLowerInvariant());
            Deliver(channel, w => SwitchEventJson.Write(w, channel, e));
        }
    }

    /// <summary>The engine's calls, for a session that began to listen to presence.</summary>
    public void OnChannels(long key, string json)
    {
        if (!_lookups.Remove(key, out var lookup) || context.Sessions.Find(lookup.Connection) is not { IsClosing: false } session || !session.Subscriptions.ContainsKey(lookup.Channel))
        {
            return;
        }

        foreach (var presence in PresenceEvent.FromChannels(json))
        {
            if (lookup.Channel == "presence" || lookup.Channel == presence.Channel)
            {
                Deliver(presence.Channel, presence.Write, session);
            }
        }
    }

    /// <summary>A call is over or its socket is another: what conferences granted for it ends.</summary>
    public void Revoke(VertoSession session, VertoLeg leg)
    {
        foreach (var channel in leg.Grants)
        {
            Withdraw(session, channel);
        }

        leg.Grants.Clear();
    }

    /// <summary>The client took a call up again: its conference is announced to it once more.</summary>
    public void JoinAgain(VertoSession session, VertoLeg leg)
    {
        foreach (var channel in leg.Grants)
        {
            session.Grants[channel] = session.Grants.GetValueOrDefault(channel) + 1;
        }

        if (leg.ConferenceEvent is { } body)
        {
            Direct(session, w => Copy(w, body));
        }
    }

    private static void Copy(Utf8JsonWriter w, byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            member.WriteTo(w);
        }
    }

    private void OnPublication(PluginEvent e)
    {
        var channel = Header(e, "Event-Channel");
        if (channel.Length == 0 || e.Body is not { } text || !JsonRpc.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out var document))
        {
            context.Host.Count("publications_unreadable");
            return;
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                context.Host.Count("publications_unreadable");
                return;
            }

            var leg = Guid.TryParse(Header(e, "Unique-ID"), out var uuid) ? context.Legs.Find(new LegId(uuid)) : null;
            var body = JsonRpc.Raw(document.RootElement);
            if (leg is not null)
            {
                TakeGrants(e, leg, body);
            }

            var owner = Header(e, "Event-Channel-Sessid");
            owner = owner.Length > 0 ? owner : document.RootElement.Text("sessid") ?? "";
            if (owner.Length > 0)
            {
                Only(context.Sessions.Find(owner), channel, body);
            }
            else if (context.Sessions.Find(channel) is { } named)
            {
                Only(named, channel, body);
            }
            else if (context.Legs.All.FirstOrDefault(l => l.CallId == channel) is { } call)
            {
                Only(context.Legs.SessionOf(call), channel, body);
            }
            else
            {
                Deliver(channel, w => Copy(w, body));
            }
        }
    }

    private void Only(VertoSession? session, string channel, byte[] body)
    {
        if (session is { IsClosing: false })
        {
            _ = channel;
            Direct(session, w => Copy(w, body));
        }
    }

    private void TakeGrants(PluginEvent e, VertoLeg leg, byte[] body)
    {
        var session = context.Legs.SessionOf(leg);
        var granted = Header(e, "Grant-Channels");
        if (granted.Length > 0)
        {
            foreach (var channel in granted.Split(',').Where(c => !leg.Grants.Contains(c)))
            {
                leg.Grants.Add(channel);
                if (session is not null)
                {
                    session.Grants[channel] = session.Grants.GetValueOrDefault(channel) + 1;
                }
            }

            leg.ConferenceEvent = body;
        }

        var revoked = Header(e, "Revoke-Channels");
        if (revoked.Length > 0)
        {
            leg.ConferenceEvent = null;
            foreach (var channel in revoked.Split(',').Where(leg.Grants.Remove))
            {
                if (session is not null)
                {
                    Withdraw(session, channel);
                }
            }
        }
    }

    private void Withdraw(VertoSession session, string channel)
    {
        var left = session.Grants.GetValueOrDefault(channel) - 1;
        if (left > 0)
        {
            session.Grants[channel] = left;
            return;
        }

        session.Grants.Remove(channel);
        if (!session.Channels.Allows(channel))
        {
            Unsubscribe(session, channel);
        }
    }

    private void Direct(VertoSession session, Action<Utf8JsonWriter> body) => context.Request(session, "verto.event", body);

    private void Send(VertoSession session, string subscribed, Action<Utf8JsonWriter> body)
    {
        if (!session.Subscriptions.TryGetValue(subscribed, out var serial) || session.IsClosing)
        {
            return;
        }

        session.Subscriptions[subscribed] = serial + 1;
        context.Request(session, "verto.event", w =>
        {
            body(w);
            w.WriteNumber("eventSerno"u8, serial);
            w.WriteString("subscribedChannel"u8, subscribed);
        });
    }

    private void Listen(VertoSession session, string channel)
    {
        if (!_listeners.TryGetValue(channel, out var sessions))
        {
            _listeners[channel] = sessions = [];
        }

        sessions.Add(session);
    }

    private void Unlisten(VertoSession session, string channel)
    {
        if (_listeners.TryGetValue(channel, out var sessions) && sessions.Remove(session) && sessions.Count == 0)
        {
            _listeners.Remove(channel);
        }
    }

    /// <summary>Tells the host which events are wanted: what nobody listens to is not made.</summary>
    public void Refresh()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal) { Publication };
        foreach (var channel in _listeners.Keys)
        {
            var prefix = AllowList.PrefixOf(channel);
            if (prefix == "presence")
            {
                names.UnionWith(PresenceEvent.Names);
            }
            else if (prefix == "FSevent" && context.Options.FsEvents)
            {
                var name = channel == prefix ? "ALL" : channel[(prefix.Length + 1)..];
                names.Add(name.StartsWith("custom::", StringComparison.Ordinal) ? name["custom::".Length..] : name.ToUpperInvariant());
            }
        }

        var wanted = string.Join(',', names);
        if (wanted != _subscribed)
        {
            _subscribed = wanted;
            context.Host.Subscribe(names);
        }
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
