using System.Text.Json;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Events;

/// <summary>Subscriptions to presence, calls (lamps) and waiting messages: takes SUBSCRIBE, sends NOTIFY (RFC 6665, RFC 3856, RFC 4235, RFC 3842).</summary>
internal sealed partial class SubscriptionTable(SipContext context)
{
    /// <summary>Most subscriptions; beyond that new ones are refused.</summary>
    public const int Capacity = 20_000;

    /// <summary>Most subscriptions of one user.</summary>
    public const int PerUser = 500;

    private const int MinExpires = 60;
    private const int MaxExpires = 7200;
    private static readonly string[] Watched =
    [
        "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_HANGUP_COMPLETE", "MESSAGE_WAITING",
        "sofia::register", "sofia::unregister", "sofia::expire", "verto::login", "verto::client_disconnect",
    ];

    private readonly Dictionary<long, Subscription> _byId = [];
    private readonly Dictionary<string, Subscription> _byDialog = [];
    private readonly Dictionary<string, HashSet<Subscription>> _byNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _perUser = new(StringComparer.Ordinal);
    private bool _isWatching;

    public int Count => _byId.Count;

    public PresenceState State { get; } = new();

    public static byte[] AllowEventsLine => "Allow-Events: presence, dialog, message-summary, refer\r\n"u8.ToArray();

    /// <summary>Reads the Event header.</summary>
    public static bool TryPackage(SipMessage request, out EventPackage package, out string id)
    {
        package = default;
        var value = request.Value(HeaderName.Event);
        var semicolon = value.IndexOf((byte)';');
        var name = SipText.Trim(semicolon < 0 ? value : value[..semicolon]);
        id = semicolon >= 0 && ParameterReader.TryGet(value[semicolon..], "id"u8, out var parameter) ? SipText.Decode(parameter) : "";
        if (SipText.EqualsIgnoreCase(name, "presence"u8))
        {
            package = EventPackage.Presence;
        }
        else if (SipText.EqualsIgnoreCase(name, "dialog"u8))
        {
            package = EventPackage.Dialog;
        }
        else if (SipText.EqualsIgnoreCase(name, "message-summary"u8))
        {
            package = EventPackage.MessageSummary;
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>The subscription that a request within a dialog belongs to.</summary>
    public Subscription? Find(SipMessage request) =>
        _byDialog.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(context.Keys.Dialog(request.CallId, request.ToTag, request.FromTag), out var found) ? found : null;

    /// <summary>Takes a SUBSCRIBE outside of a dialog that was admitted.</summary>
    public void OnSubscribe(SipMessage request, in Flow flow, DirectoryUser? user)
    {
        if (!TryPackage(request, out var package, out var id) || id.Length > 64)
        {
            context.Core.Reply(request, flow, 489, extra: AllowEventsLine);
            return;
        }

        if (!Accepts(request, package))
        {
            context.Core.Reply(request, flow, 406);
            return;
        }

        if (!TryExpires(request, flow, out var expires))
        {
            return;
        }

        if (!SipUri.TryParse(request.RequestUri, out var uri) || uri.User.IsEmpty || context.Host.Directory.FindUser(SipText.DecodeUser(uri.User), DomainOf(uri, flow)) is not { } watched)
        {
            context.Core.Reply(request, flow, 404);
            return;
        }

        // Messages that wait are shown to their owner alone; calls and presence to all who may call.
        if (package == EventPackage.MessageSummary && user is not null && user.Number != watched.Number)
        {
            context.Core.Reply(request, flow, 403);
            return;
        }

        var subscriber = user?.Number ?? "";
        if (_byId.Count >= Capacity || context.Transactions.IsFull || _perUser.GetValueOrDefault(subscriber) >= PerUser)
        {
            context.Core.ReplyStateless(request, flow, 503, null, "Retry-After: 60\r\n"u8.ToArray());
            return;
        }

        if (!Dialog.TryRouteSet(request, reverse: false, out var routes) || Dialog.ContactOf(request) is not { } target)
        {
            context.Core.Reply(request, flow, 400, "Missing or malformed Contact or Record-Route");
            return;
        }

        var tag = context.NewTag();
        var dialog = new Dialog
        {
            CallId = request.CallId.ToArray(),
            LocalTag = tag,
            RemoteTag = request.FromTag.ToArray(),
            Local = context.Block.Clear().Echo(request.To).Raw(";tag="u8).Raw(tag).ToArray(),
            Remote = context.Block.Clear().Echo(request.From).ToArray(),
            LocalCSeq = (uint)context.NextRandom(0x1000_0000),
            RemoteCSeq = request.CSeq,
            Routes = routes,
            Target = target,
            Flow = flow,
        };
        var subscription = new Subscription
        {
            Id = context.NextId(),
            Package = package,
            EventId = id,
            Number = watched.Number,
            Domain = watched.Domain,
            Subscriber = subscriber,
            Profile = context.ProfileOf(flow.Listener),
            ContactUser = watched.Number,
            Dialog = dialog,
            Expires = context.Host.Now + TimeSpan.FromSeconds(expires),
        };
        Watch();
        Reply(request, flow, subscription, expires, tag);
        Add(subscription);
        if (expires == 0)
        {
            // Asked once (RFC 6665 §4.4.3).
            Notify(subscription, "timeout");
            Remove(subscription);
            return;
        }

        Notify(subscription, null);
        Arm(subscription);
    }

    /// <summary>Takes a SUBSCRIBE within a dialog of a subscription: prolongs or ends it.</summary>
    public void OnRefresh(SipMessage request, in Flow flow, Subscription subscription)
    {
        var dialog = subscription.Dialog;
        if (request.CSeq <= dialog.RemoteCSeq)
        {
            context.Core.Reply(request, flow, 500);
            return;
        }

        dialog.RemoteCSeq = request.CSeq;
        if (!TryPackage(request, out var package, out var id) || package != subscription.Package || id != subscription.EventId)
        {
            context.Core.Reply(request, flow, 481);
            return;
        }

        if (!TryExpires(request, flow, out var expires))
        {
            return;
        }

        dialog.Refresh(request);
        if (dialog.Routes.Length == 0)
        {
            dialog.Flow = flow;
        }

        subscription.Expires = context.Host.Now + TimeSpan.FromSeconds(expires);
        Reply(request, flow, subscription, expires, []);
        if (expires == 0)
        {
            Notify(subscription, "timeout");
            Remove(subscription);
        }
        else
        {
            Notify(subscription, null);
            Arm(subscription);
        }
    }

    /// <summary>How a NOTIFY went.</summary>
    public void OnResult(string tag, int status)
    {
        // Any of these says that nobody listens any more (RFC 6665 §4.2.2).
        if (long.TryParse(tag, out var id) && _byId.TryGetValue(id, out var subscription) && status >= 300 && status is not (401 or 407 or 500 or 503))
        {
            Remove(subscription);
        }
    }

    public void OnTimer(long id, TimerId timer)
    {
        if (!_byId.TryGetValue(id, out var subscription) || subscription.Timer != timer)
        {
            return;
        }

        subscription.Timer = default;
        if (context.Host.Now >= subscription.Expires)
        {
            Notify(subscription, "timeout");
            Remove(subscription);
            return;
        }

        if (subscription.IsDirty && context.Host.Now >= subscription.LastNotify + IntervalOf(subscription.Package))
        {
            Notify(subscription, null);
        }

        Arm(subscription);
    }

    /// <summary>Something happened in the engine.</summary>
    public void OnEvent(PluginEvent e)
    {
        if (State.Take(e) is not { } number)
        {
            return;
        }

        if (e.Name == "MESSAGE_WAITING")
        {
            Changed(number, EventPackage.MessageSummary);
            return;
        }

        Changed(number, EventPackage.Presence);
        if (e.Name != "CUSTOM")
        {
            Changed(number, EventPackage.Dialog);
        }
    }

    /// <summary>What a user's watchers of one package are to be told has changed.</summary>
    public void Changed(string number, EventPackage package)
    {
        if (!_byNumber.TryGetValue(number, out var watchers))
        {
            return;
        }

        foreach (var subscription in watchers.Where(s => s.Package == package).ToArray())
        {
            if (context.Host.Now >= subscription.LastNotify + IntervalOf(package))
            {
                Notify(subscription, null);
            }
            else
            {
                subscription.IsDirty = true;
                Arm(subscription);
            }
        }
    }

    /// <summary>The calls that were up when watching began.</summary>
    public void OnChannels(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (!document.RootElement.TryGetProperty("rows", out var rows))
            {
                return;
            }

            foreach (var row in rows.EnumerateArray())
            {
                var name = Text(row, "name");
                var number = name[(name.LastIndexOf('/') + 1)..].Split('@')[0];
                var isCaller = Text(row, "direction") == "inbound";
                var state = Text(row, "callstate") is "ACTIVE" or "HELD" ? "confirmed" : "early";
                State.Seed(number, new UserCall(Text(row, "uuid"), state, isCaller, "", isCaller ? Text(row, "dest") : Text(row, "cid_num")));
                Changed(number, EventPackage.Dialog);
                Changed(number, EventPackage.Presence);
            }
        }
        catch (JsonException)
        {
            context.Host.Log(PluginLogLevel.Warning, default, "The list of calls could not be read");
        }

        static string Text(JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_byId.Count);
        foreach (var subscription in _byId.Values)
        {
            subscription.Write(ref writer);
        }
    }

    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Add(Subscription.Read(ref reader));
        }

        if (_byId.Count > 0)
        {
            Watch();
        }
    }

    /// <summary>Asks for the engine's events once somebody wants to know.</summary>
    private void Watch()
    {
        if (!_isWatching)
        {
            _isWatching = true;
            context.Host.Subscribe(Watched);
            context.Host.RunApi(TimerKey.Make(TimerKind.Subscription, 0), "show", "channels as json");
        }
    }

    private void Add(Subscription subscription)
    {
        _byId[subscription.Id] = subscription;
        var dialog = subscription.Dialog;
        _byDialog[context.Keys.Dialog(dialog.CallId, dialog.LocalTag, dialog.RemoteTag).ToString()] = subscription;
        if (!_byNumber.TryGetValue(subscription.Number, out var watchers))
        {
            _byNumber[subscription.Number] = watchers = [];
        }

        watchers.Add(subscription);
        _perUser[subscription.Subscriber] = _perUser.GetValueOrDefault(subscription.Subscriber) + 1;
        context.Legs.Attach(dialog);
        context.Host.Gauge("subscriptions", _byId.Count);
    }

    private void Remove(Subscription subscription)
    {
        if (!_byId.Remove(subscription.Id))
        {
            return;
        }

        var dialog = subscription.Dialog;
        _byDialog.GetAlternateLookup<ReadOnlySpan<char>>().Remove(context.Keys.Dialog(dialog.CallId, dialog.LocalTag, dialog.RemoteTag));
        if (_byNumber.TryGetValue(subscription.Number, out var watchers) && watchers.Remove(subscription) && watchers.Count == 0)
        {
            _byNumber.Remove(subscription.Number);
        }

        if (--_perUser[subscription.Subscriber] == 0)
        {
            _perUser.Remove(subscription.Subscriber);
        }

        if (subscription.Timer != default)
        {
            context.Host.CancelTimer(subscription.Timer);
        }

        context.Legs.Detach(dialog);
        context.Host.Gauge("subscriptions", _byId.Count);
        if (_byId.Count == 0)
        {
            _isWatching = false;
            context.Host.Subscribe([]);
            State.Clear();
        }
    }

    private void Arm(Subscription subscription)
    {
        if (subscription.Timer != default)
        {
            context.Host.CancelTimer(subscription.Timer);
        }

        var due = subscription.Expires;
        var next = subscription.LastNotify + IntervalOf(subscription.Package);
        due = subscription.IsDirty && next < due ? next : due;
        var wait = due - context.Host.Now;
        subscription.Timer = context.Host.SetTimer(TimerKey.Make(TimerKind.Subscription, subscription.Id), wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(5));
    }
}
