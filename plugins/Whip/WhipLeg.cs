using System.Globalization;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Sdp;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>Where a session stands. The numbers are part of exported state.</summary>
internal enum SessionState : byte
{
    /// <summary>POST taken, not answered.</summary>
    Creating = 0,

    /// <summary>Our offer was sent, the client's answer has not come.</summary>
    Offering = 1,

    /// <summary>201 sent, both descriptions exchanged.</summary>
    Open = 2,

    /// <summary>Its URL answers 404.</summary>
    Gone = 3,
}

/// <summary>An ICE restart that the core has not answered.</summary>
/// <param name="To">Who asked for it.</param>
/// <param name="Offer">The offer that the core gets.</param>
/// <param name="Ufrag">Its ufrag.</param>
/// <param name="IsPost">Whether it came as a new POST of the same page, which wants a whole answer.</param>
internal sealed record Restart(Exchange To, string Offer, string Ufrag, bool IsPost);

/// <summary>One session: a leg of the core and its URL.</summary>
internal sealed partial class WhipLeg
{
    /// <summary>How long a session whose client went away waits for the client's next try.</summary>
    public static readonly TimeSpan RetryGrace = TimeSpan.FromSeconds(3);

    /// <summary>How long a client has to answer our offer.</summary>
    public static readonly TimeSpan OfferTime = TimeSpan.FromSeconds(30);

    private readonly WhipContext _context;
    private readonly List<Exchange> _waiters = [];
    private Restart? _restart;
    private Restart? _nextRestart;
    private int _entity = 1;
    private DateTimeOffset _deadline = DateTimeOffset.MaxValue;
    private DateTimeOffset _abandoned = DateTimeOffset.MaxValue;

    public WhipLeg(WhipContext context, string id, LegId leg, long key)
    {
        _context = context;
        Id = id;
        Leg = leg;
        Key = key;
    }

    /// <summary>The id in its URL; the only thing that protects it when no token is used.</summary>
    public string Id { get; }

    public LegId Leg { get; }

    /// <summary>Its number in this plugin; the key of its timers.</summary>
    public long Key { get; }

    public Flavour Flavour { get; init; }

    /// <summary>Path of the endpoint without the destination.</summary>
    public string Prefix { get; init; } = "";

    public string Destination { get; init; } = "";

    /// <summary>Number and domain of the user, or empty.</summary>
    public string Owner { get; init; } = "";

    /// <summary>What makes another POST one of the same page, or empty.</summary>
    public string RepeatKey { get; init; } = "";

    /// <summary>Whether 201 is sent as soon as there is a description.</summary>
    public bool IsEarly { get; init; }

    /// <summary>Whether the client made an offer and gets ours instead (WHEP draft: 406).</summary>
    public bool IsCounterOffer { get; set; }

    /// <summary>Whether the client may send digits.</summary>
    public bool HasDigits { get; init; }

    public SessionState State { get; private set; }

    /// <summary>The offer that the core has; empty when ours is out.</summary>
    public string Offer { get; private set; } = "";

    /// <summary>Our description.</summary>
    public string Answer { get; private set; } = "";

    /// <summary>The client's ufrag in force.</summary>
    public string Ufrag { get; private set; } = "";

    /// <summary>The entity tag without quotes.</summary>
    public string EntityTag => "ice-" + _entity.ToString(CultureInfo.InvariantCulture);

    public string Path => $"{Prefix}/sessions/{Id}";

    private DateTimeOffset Now => _context.Host.Now;

    /// <summary>Begins: the core gets the leg.</summary>
    /// <param name="to">The POST.</param>
    /// <param name="offer">The offer for the core; null when ours is wanted.</param>
    /// <param name="ufrag">The offer's ufrag.</param>
    /// <param name="caller">Who calls whom.</param>
    /// <param name="variables">Channel variables.</param>
    public void Begin(in Exchange to, string? offer, string ufrag, IncomingCaller caller, IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        Offer = offer ?? "";
        Ufrag = ufrag;
        _waiters.Add(to);
        _deadline = Now + _context.Options.Ring;
        _context.Host.SetTimer(Key, _context.Options.Ring);
        _context.Sessions.Add(this);
        _context.Host.Count("sessions_made");
        _context.Host.Calls.Post(new LegEvent.Incoming(Leg, caller, offer, variables));
    }

    /// <summary>Whether a request waits for this session.</summary>
    /// <param name="exchange">The host's number.</param>
    public bool Awaits(long exchange) => _waiters.Exists(w => w.Key == exchange) || _restart?.To.Key == exchange || _nextRestart?.To.Key == exchange;

    /// <summary>The same POST came again: it is answered as the first one.</summary>
    /// <param name="to">The request.</param>
    public void Repeat(in Exchange to)
    {
        _context.Host.Count("posts_repeated");
        if (State == SessionState.Creating)
        {
            _abandoned = DateTimeOffset.MaxValue;
            _waiters.Add(to);
        }
        else
        {
            SendCreated(to);
        }
    }

    /// <summary>The client of a waiting request went away.</summary>
    /// <param name="exchange">The host's number.</param>
    public void Aborted(long exchange)
    {
        if (_nextRestart?.To.Key == exchange)
        {
            _nextRestart = null;
        }

        // A restart under way goes on: its answer is kept for the client's next try.
        if (_waiters.RemoveAll(w => w.Key == exchange) > 0 && _waiters.Count == 0 && State == SessionState.Creating)
        {
            _abandoned = Now + RetryGrace;
            _context.Host.SetTimer(Key, RetryGrace);
        }
    }

    /// <summary>A timer of the session fired.</summary>
    public void OnTimer()
    {
        if (State == SessionState.Creating && Now >= _abandoned)
        {
            End(HangupCause.OriginatorCancel, byPeer: true, 503, "the client went away");
        }
        else if (State is SessionState.Creating or SessionState.Offering && Now >= _deadline)
        {
            End(HangupCause.NoAnswer, byPeer: State == SessionState.Offering, 504, "nobody answered in time");
        }
    }

    /// <summary>Does what the core wants. A command that does not fit the state is ignored.</summary>
    /// <param name="command">The command.</param>
    public void Execute(LegCommand command)
    {
        switch (command)
        {
            case LegCommand.EarlyMedia early when IsEarly && State == SessionState.Creating && Offer.Length > 0:
                Open(early.Sdp);
                break;
            case LegCommand.Answer answer:
                OnAnswer(answer.Sdp);
                break;
            case LegCommand.Hangup hangup:
                var (status, detail) = Refusal.Of(hangup.Cause, hangup.ProtocolStatus);
                End(hangup.Cause, byPeer: false, status, hangup.Text.Length > 0 ? hangup.Text : detail);
                break;
            case LegCommand.Redirect redirect when State == SessionState.Creating:
                Redirect(redirect.Target);
                break;
            case LegCommand.AcceptReoffer accept when _restart is { } restart:
                Restarted(restart, accept.Sdp);
                break;
            case LegCommand.RejectReoffer reject when _restart is { } restart:
                RestartRefused(restart, reject.Text);
                break;
            case LegCommand.Reoffer:
                // There is no renegotiation toward a client of HTTP; the old session stays.
                _context.Host.Calls.Post(new LegEvent.ReofferAnswered(Leg, null));
                break;
            default:
                break;
        }
    }

    /// <summary>The client hangs up.</summary>
    /// <param name="to">The DELETE.</param>
    public void Delete(in Exchange to)
    {
        End(HangupCause.NormalClearing, byPeer: true, 404, "the session was deleted");
        _context.Replies.Send(to, 200);
    }

    /// <summary>The client answers our offer.</summary>
    /// <param name="to">The PATCH.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="ufrag">Its ufrag.</param>
    public void AnswerOffer(in Exchange to, string answer, string ufrag)
    {
        State = SessionState.Open;
        Ufrag = ufrag;
        _context.Host.Calls.Post(new LegEvent.Confirmed(Leg, answer));
        _context.Replies.Send(to, 204);
    }

    /// <summary>Ends the session: the core is told, waiting requests are answered, the URL is gone.</summary>
    /// <param name="cause">Why.</param>
    /// <param name="byPeer">Whether the client ended it.</param>
    /// <param name="status">For requests that wait.</param>
    /// <param name="detail">Likewise, in words.</param>
    public void End(HangupCause cause, bool byPeer, int status, string detail)
    {
        if (State == SessionState.Gone)
        {
            return;
        }

        var isRefused = State == SessionState.Creating;
        State = SessionState.Gone;
        _context.Sessions.Remove(this);
        _context.Host.Count(isRefused ? "sessions_refused" : "sessions_ended");
        _context.Host.Log(isRefused ? PluginLogLevel.Debug : PluginLogLevel.Info, Leg, $"{Flavour} session to {Destination} ended: {cause.Name()}");
        foreach (var waiter in _waiters)
        {
            _context.Replies.Problem(waiter, status, detail, cause.Name());
        }

        _waiters.Clear();
        foreach (var restart in new[] { _restart, _nextRestart }.OfType<Restart>())
        {
            _context.Replies.Problem(restart.To, 404, "the session has ended", cause.Name());
        }

        _restart = _nextRestart = null;
        _context.Host.Calls.Post(new LegEvent.HungUp(Leg, cause, isRefused ? status : 0, isRefused ? detail : "", byPeer));
    }

    private void OnAnswer(string sdp)
    {
        if (State == SessionState.Creating && Offer.Length == 0)
        {
            Answer = Flavour == Flavour.Whap ? SdpText.WithDirection(sdp, "sendonly") : sdp;
            State = SessionState.Offering;
            _deadline = Now + OfferTime;
            _context.Host.SetTimer(Key, OfferTime);
            SendToWaiters();
            return;
        }

        if (State == SessionState.Creating)
        {
            Open(sdp);
        }

        if (State == SessionState.Open)
        {
            _context.Host.Calls.Post(new LegEvent.Confirmed(Leg, null));
        }
    }

    private void Open(string sdp)
    {
        if (!IsWhole(Offer, sdp, out var refused))
        {
            End(HangupCause.IncompatibleDestination, byPeer: false, 422, refused);
            return;
        }

        Answer = WithTrickle(sdp);
        State = SessionState.Open;
        _deadline = DateTimeOffset.MaxValue;
        _context.Host.Log(PluginLogLevel.Info, Leg, $"{Flavour} session to {Destination} is open");
        SendToWaiters();
    }

    private void SendToWaiters()
    {
        foreach (var waiter in _waiters)
        {
            SendCreated(waiter);
        }

        _waiters.Clear();
    }

    private void SendCreated(in Exchange to)
    {
        var location = _context.Options.AbsoluteLocation ? to.Base + Path : Path;
        var isCounter = IsCounterOffer && State == SessionState.Offering;
        List<KeyValuePair<string, string>> headers =
        [
            new("Content-Type", isCounter ? $"{MediaTypes.Sdp}; valid-until=\"{_deadline.ToString("R", CultureInfo.InvariantCulture)}\"" : MediaTypes.Sdp),
            new("Location", location),
            new("ETag", $"\"{EntityTag}\""),
            new("Accept-Patch", MediaTypes.Fragment),
            new("Cache-Control", "no-store"),
        ];
        _context.IceServers.AddTo(headers, Owner.Split('@')[0]);
        if (HasDigits)
        {
            headers.Add(new("Link", new LinkHeader(location + "/dtmf", "urn:xswitchengine:whxp:dtmf", []).ToString()));
        }

        _context.Replies.Send(to, isCounter ? 406 : 201, headers, Answer);
    }

    private void Redirect(string target)
    {
        if (Uri.TryCreate(target, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
        {
            foreach (var waiter in _waiters)
            {
                // 307 keeps the method and body; 301 and 302 would make a GET of the POST.
                _context.Replies.Send(waiter, 307, [new("Location", uri.AbsoluteUri)]);
            }

            _waiters.Clear();
        }

        End(HangupCause.RedirectionToNewDestination, byPeer: false, 404, "the destination has moved");
    }

    /// <summary>Whether the answer takes all that was offered, or the endpoint may do with less.</summary>
    private bool IsWhole(string offer, string answer, out string refused)
    {
        refused = "";
        if (!SdpText.TryParse(offer, out var offered, out _) || !SdpText.TryParse(answer, out var answered, out _))
        {
            refused = "no description could be made";
            return false;
        }

        var taken = answered.Media.Count(m => m.Kind is "audio" or "video" && m.Port != 0);
        var wanted = offered.Active.ToList();
        if (taken == 0 || (taken < wanted.Count && !_context.Options.AllowsPartial(Flavour)))
        {
            refused = "no common codec for all of: " + string.Join(", ", wanted.Select(m => m.Kind));
            return false;
        }

        return true;
    }

    /// <summary>Says that PATCH takes candidates, where the core has not said so.</summary>
    private static string WithTrickle(string sdp)
    {
        if (sdp.Contains("\na=ice-options:", StringComparison.Ordinal))
        {
            return sdp;
        }

        var at = sdp.IndexOf("\r\nm=", StringComparison.Ordinal);
        return at < 0 ? sdp : sdp.Insert(at + 2, "a=ice-options:trickle ice2\r\n");
    }
}
