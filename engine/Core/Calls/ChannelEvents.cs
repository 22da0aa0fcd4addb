using System.Globalization;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Events;

namespace XSwitchEngine.Core.Calls;

/// <summary>Tells the event bus what happens to legs, in FreeSWITCH's words. Headers are made only when somebody wants the event.</summary>
internal sealed class ChannelEvents(CallServices services)
{
    private long _sequence;

    /// <summary>An event of one leg.</summary>
    /// <param name="name">Such as <c>CHANNEL_ANSWER</c>.</param>
    /// <param name="leg">The leg.</param>
    public void Channel(string name, Leg leg)
    {
        if (name == "CHANNEL_CREATE")
        {
            Log.NewChannel(services.Log, leg.Uuid, leg.ChannelName, leg.Profile.CallerNumber, leg.Profile.Destination, leg.Profile.Context);
        }
        else if (name == "CHANNEL_HANGUP")
        {
            Log.HungUp(services.Log, leg.Uuid, leg.ChannelName, leg.Cause.Name());
        }

        if (services.Events.IsWanted(name))
        {
            services.Events.Publish(new SwitchEvent(name, HeadersOf(name, leg)));
        }
    }

    /// <summary>Two legs were joined or parted.</summary>
    /// <param name="name"><c>CHANNEL_BRIDGE</c> or <c>CHANNEL_UNBRIDGE</c>.</param>
    /// <param name="a">The leg that asked.</param>
    /// <param name="b">The other.</param>
    public void Bridge(string name, Leg a, Leg b)
    {
        if (services.Events.IsWanted(name))
        {
            var headers = HeadersOf(name, a);
            headers.Add(new("Bridge-A-Unique-ID", a.Uuid));
            headers.Add(new("Bridge-B-Unique-ID", b.Uuid));
            headers.Add(new("Other-Leg-Unique-ID", b.Uuid));
            headers.Add(new("Other-Leg-Channel-Name", b.ChannelName));
            services.Events.Publish(new SwitchEvent(name, headers));
        }
    }

    /// <summary>A digit was received.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="digit">The digit.</param>
    /// <param name="durationMs">Its length.</param>
    public void Dtmf(Leg leg, char digit, int durationMs)
    {
        if (services.Events.IsWanted("DTMF"))
        {
            var headers = HeadersOf("DTMF", leg);
            headers.Add(new("DTMF-Digit", digit.ToString()));
            headers.Add(new("DTMF-Duration", (durationMs * 8).ToString(CultureInfo.InvariantCulture)));
            services.Events.Publish(new SwitchEvent("DTMF", headers));
        }
    }

    /// <summary>An application began or ended.</summary>
    /// <param name="name"><c>CHANNEL_EXECUTE</c> or <c>CHANNEL_EXECUTE_COMPLETE</c>.</param>
    /// <param name="leg">The leg.</param>
    /// <param name="application">The application.</param>
    /// <param name="data">Its data.</param>
    public void Application(string name, Leg leg, string application, string data)
    {
        if (services.Events.IsWanted(name))
        {
            var headers = HeadersOf(name, leg);
            headers.Add(new("Application", application));
            headers.Add(new("Application-Data", data));
            headers.Add(new("Application-Response", leg.Variables["current_application_response"] ?? "_none_"));
            services.Events.Publish(new SwitchEvent(name, headers));
        }
    }

    /// <summary>A recording began or ended.</summary>
    /// <param name="name"><c>RECORD_START</c> or <c>RECORD_STOP</c>.</param>
    /// <param name="leg">The leg.</param>
    /// <param name="path">The file.</param>
    public void Recording(string name, Leg leg, string path)
    {
        if (services.Events.IsWanted(name))
        {
            var headers = HeadersOf(name, leg);
            headers.Add(new("Record-File-Path", path));
            services.Events.Publish(new SwitchEvent(name, headers));
        }
    }

    /// <summary>A text message came within a leg, or a command of its client (<c>text/json</c>).</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="message">The message.</param>
    public void Message(Leg leg, LegEvent.Message message)
    {
        var isCommand = message.ContentType == "text/json";
        var name = isCommand ? "COMMAND" : "MESSAGE";
        if (services.Events.IsWanted(name))
        {
            var headers = HeadersOf(name, leg);
            headers.Add(new("Content-Type", message.ContentType));
            headers.Add(new("Content-Source", leg.Endpoint == "verto.rtc" ? "verto" : leg.Endpoint));
            headers.Add(new("call_id", leg.Uuid));
            headers.Add(new("from", leg.User is { } user ? user.Number + "@" + user.Domain : leg.Profile.CallerNumber));
            services.Events.Publish(new SwitchEvent(name, headers) { Body = message.Text });
        }
    }

    /// <summary>Any other event.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="subclass">Subclass of a CUSTOM one.</param>
    /// <param name="headers">Its own headers.</param>
    /// <param name="body">Its body, or null.</param>
    public void Custom(string name, string subclass, IEnumerable<KeyValuePair<string, string>> headers, string? body)
    {
        var all = Base(name);
        if (subclass.Length > 0)
        {
            all.Add(new("Event-Subclass", subclass));
        }

        all.AddRange(headers);
        services.Events.Publish(new SwitchEvent(name, all) { Subclass = subclass, Body = body });
    }

    /// <summary>All headers of a leg, as in <c>uuid_dump</c>.</summary>
    /// <param name="name">The event's name.</param>
    /// <param name="leg">The leg.</param>
    public List<KeyValuePair<string, string>> HeadersOf(string name, Leg leg)
    {
        var p = leg.Profile;
        var headers = Base(name);
        headers.Add(new("Channel-State", LegFields.StateName(leg)));
        headers.Add(new("Channel-Call-State", LegFields.CallState(leg)));
        headers.Add(new("Channel-Name", leg.ChannelName));
        headers.Add(new("Unique-ID", leg.Uuid));
        headers.Add(new("Call-Direction", leg.Direction == LegDirection.Inbound ? "inbound" : "outbound"));
        headers.Add(new("Presence-Call-Direction", leg.Direction == LegDirection.Inbound ? "inbound" : "outbound"));
        headers.Add(new("Channel-Call-UUID", leg.CallUuid));
        headers.Add(new("Answer-State", LegFields.Get(leg, "answer_state")!));
        if (leg.Cause != HangupCause.None)
        {
            headers.Add(new("Hangup-Cause", leg.Cause.Name()));
        }

        headers.Add(new("Caller-Direction", leg.Direction == LegDirection.Inbound ? "inbound" : "outbound"));
        headers.Add(new("Caller-Username", p.Username));
        headers.Add(new("Caller-Dialplan", p.Dialplan));
        headers.Add(new("Caller-Caller-ID-Name", p.CallerName));
        headers.Add(new("Caller-Caller-ID-Number", p.CallerNumber));
        headers.Add(new("Caller-Callee-ID-Name", p.CalleeName));
        headers.Add(new("Caller-Callee-ID-Number", p.CalleeNumber));
        headers.Add(new("Caller-Network-Addr", p.NetworkAddress));
        headers.Add(new("Caller-Destination-Number", p.Destination));
        headers.Add(new("Caller-Unique-ID", leg.Uuid));
        headers.Add(new("Caller-Source", p.Source));
        headers.Add(new("Caller-Context", p.Context));
        headers.Add(new("Caller-Channel-Name", leg.ChannelName));
        headers.Add(new("Caller-Channel-Created-Time", LegFields.Get(leg, "created_time")!));
        headers.Add(new("Caller-Channel-Answered-Time", LegFields.Get(leg, "answered_time")!));
        headers.Add(new("Caller-Channel-Progress-Time", LegFields.Get(leg, "progress_time")!));
        headers.Add(new("Caller-Channel-Hangup-Time", LegFields.Get(leg, "hungup_time")!));
        if (leg.Peer is { } peer)
        {
            headers.Add(new("Other-Leg-Unique-ID", peer.Uuid));
            headers.Add(new("Other-Leg-Channel-Name", peer.ChannelName));
        }

        foreach (var field in LegFields.Dumped)
        {
            if (LegFields.Get(leg, field) is { Length: > 0 } value)
            {
                headers.Add(new("variable_" + field, value));
            }
        }

        foreach (var (key, value) in leg.Variables.Snapshot)
        {
            headers.Add(new("variable_" + key, value));
        }

        return headers;
    }

    private List<KeyValuePair<string, string>> Base(string name)
    {
        var now = services.Time.GetUtcNow();
        return
        [
            new("Event-Name", name),
            new("Core-UUID", services.Globals["core_uuid"] ?? ""),
            new("FreeSWITCH-Hostname", services.Globals["hostname"] ?? ""),
            new("FreeSWITCH-Switchname", services.Globals["switchname"] ?? ""),
            new("Event-Date-Local", now.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
            new("Event-Date-Timestamp", ((now.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10).ToString(CultureInfo.InvariantCulture)),
            new("Event-Sequence", Interlocked.Increment(ref _sequence).ToString(CultureInfo.InvariantCulture)),
        ];
    }
}
