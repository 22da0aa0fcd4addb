using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>Legs that ring at the same time for one originate; the first that answers wins. Core loop only.</summary>
internal sealed class RingAttempt
{
    private const string VertoEndpoint = "verto.rtc";

    private static readonly LocalAddresses Addresses = new();
    private readonly CallCore _core;
    private readonly Originator.Request _request;
    private readonly SignalQueue _signals;
    private readonly LegControl? _caller;
    private readonly List<Ringing> _ringing = [];
    private readonly List<HangupCause> _failures = [];
    private Leg? _winner;
    private Leg? _early;

    public RingAttempt(CallCore core, Originator.Request request)
    {
        _core = core;
        _request = request;
        _caller = request.Caller;
        _signals = _caller?.Queue ?? new SignalQueue(core.Services.Loop);
    }

    private Leg? CallerLeg => _caller?.Leg;

    /// <summary>Notes that a target cannot be rung.</summary>
    /// <param name="cause">Why; <see cref="HangupCause.None"/> is ignored.</param>
    public void Fail(HangupCause cause)
    {
        if (cause != HangupCause.None)
        {
            _failures.Add(cause);
        }
    }

    /// <summary>Adds a leg to ring.</summary>
    /// <param name="dial">Whom.</param>
    public void Add(Dialable dial)
    {
        var now = _core.Services.Loop.Now;
        var delay = TimeSpan.FromSeconds(Math.Clamp(dial.Variables.Number("leg_delay_start", 0), 0, 3600));
        var limit = dial.Variables.Number("leg_timeout", 0);
        _ringing.Add(new Ringing(dial)
        {
            StartAt = now + delay,
            EndAt = limit > 0 ? now + delay + TimeSpan.FromSeconds(limit) : DateTimeOffset.MaxValue,
        });
    }

    /// <summary>Rings until somebody answers or nobody can any more.</summary>
    public async Task<Originator.Outcome> RunAsync()
    {
        var deadline = _core.Services.Loop.Now + TimeSpan.FromSeconds(Timeout());
        Ringback(null);
        while (true)
        {
            StartDue();
            if (_ringing.TrueForAll(r => r.IsOver))
            {
                return new(null, BestFailure());
            }

            var wake = _ringing.Where(r => !r.IsOver).Select(r => r.Leg is null ? r.StartAt : r.EndAt).Append(deadline).Min();
            var signal = await ReceiveAsync(wake);
            switch (signal)
            {
                case Signal.PeerAnswered { Peer: var peer } when Mine(peer) && peer.IsUp:
                    _winner = peer;
                    return new(peer, HangupCause.Success);
                case Signal.PeerProgress { Peer: var peer } when Mine(peer) && peer.IsUp:
                    if (TakeEarlyMedia(peer))
                    {
                        _winner = peer;
                        return new(peer, HangupCause.Success);
                    }

                    break;
                case Signal.PeerRinging { Peer: var peer } when Mine(peer):
                    Ringback(peer);
                    break;
                case Signal.PeerGone { Peer: var peer } when Mine(peer):
                    NoteEnd(peer);
                    break;
                case Signal.Gone or Signal.Redirected:
                    return new(null, HangupCause.OriginatorCancel);
                case Signal.Timeout when _core.Services.Loop.Now >= deadline:
                    _failures.Clear();
                    return new(null, HangupCause.NoAnswer);
                default:
                    EndLate();
                    break;
            }
        }
    }

    /// <summary>Ends every leg that did not win.</summary>
    public void EndLosers()
    {
        if (CallerLeg is { } caller)
        {
            _core.StopTone(caller);
        }

        var cause = _winner is not null ? HangupCause.LoseRace
            : CallerLeg is { IsUp: false } || _caller is { MayGoOn: false } ? HangupCause.OriginatorCancel : HangupCause.NoAnswer;
        foreach (var ringing in _ringing)
        {
            if (ringing.Leg is { } leg)
            {
                leg.Dialler = null;
                if (leg != _winner)
                {
                    _core.Hangup(leg, cause);       // its media session goes with it, and so does an early bridge
                }
            }
        }
    }

    private ValueTask<Signal> ReceiveAsync(DateTimeOffset until)
    {
        var left = until - _core.Services.Loop.Now;
        left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
        return _caller is not null ? _caller.ReceiveAsync(left) : _signals.ReceiveAsync(left);
    }

    private bool Mine(Leg leg) => _ringing.Exists(r => r.Leg == leg);

    private int Timeout()
    {
        var first = _ringing.Count > 0 ? _ringing[0].Dial.Variables : null;
        var configured = _core.Services.Options.OriginateTimeoutSeconds;
        var caller = CallerLeg?.Variables.Number("call_timeout", 0) ?? 0;
        var fallback = _request.TimeoutSeconds ?? (caller > 0 ? caller : configured);
        var own = first is null ? 0 : first.Number("originate_timeout", first.Number("call_timeout", 0));
        return Math.Clamp(own > 0 ? own : fallback, 1, 24 * 3600);
    }

    private void StartDue()
    {
        var now = _core.Services.Loop.Now;
        foreach (var ringing in _ringing.Where(r => r.Leg is null && !r.IsOver && r.StartAt <= now))
        {
            Start(ringing);
        }
    }

    private void EndLate()
    {
        var now = _core.Services.Loop.Now;
        foreach (var ringing in _ringing.Where(r => r.Leg is { IsUp: true } && r.EndAt <= now))
        {
            ringing.Leg!.Dialler = null;
            _core.Hangup(ringing.Leg, HangupCause.NoAnswer);
            ringing.IsOver = true;
            _failures.Add(HangupCause.NoAnswer);
        }
    }

    private void Start(Ringing ringing)
    {
        var services = _core.Services;
        if (services.Options.MaxSessions <= _core.Table.Count || _core.IsDraining)
        {
            ringing.IsOver = true;
            _failures.Add(HangupCause.SwitchCongestion);
            return;
        }

        var leg = Make(ringing.Dial);
        ringing.Leg = leg;
        leg.Dialler = _signals;
        _core.Add(leg);
        leg.State = LegState.Routing;
        if (!_core.Media.TryOffer(leg, CallerLeg, out var offer, out var reason))
        {
            _core.Hangup(leg, HangupCause.NormalCircuitCongestion, 0, reason);
            return;
        }

        _core.Announce.Channel("CHANNEL_ORIGINATE", leg);
        _core.Announce.Channel("CHANNEL_OUTGOING", leg);
        var command = new LegCommand.Originate(leg.Id, ringing.Dial.Target, leg.Profile.CallerName, leg.Profile.CallerNumber, offer, leg.Variables.Snapshot);
        if (!_core.Dispatch(leg, command))
        {
            _core.Hangup(leg, HangupCause.ChanNotImplemented);
        }
    }

    private Leg Make(Dialable dial)
    {
        var caller = CallerLeg;
        var (name, number) = CallerId(dial.Variables);
        var profile = new CallerProfile(Printable(name), Printable(number), dial.Number, dial.User?.Context ?? caller?.Profile.Context ?? "default")
        {
            Username = dial.User?.Number ?? "",
            NetworkAddress = dial.Target.Binding?.Remote.Address.ToString() ?? "",
            Source = "mod_" + dial.Target.Endpoint,
            CalleeNumber = dial.Number,
            CalleeName = dial.User?.CallerIdName ?? "",
        };
        var id = Guid.TryParse(dial.Variables["origination_uuid"], out var wanted) && _core.Table.Find(new(wanted)) is null ? new LegId(wanted) : _core.NewLeg();
        var variables = new LegVariables([.. Exported(caller), .. dial.Variables.Snapshot, new("domain_name", dial.User?.Domain ?? _core.Services.Directory.Domain)]);
        var profileName = dial.Target.Profile.Length > 0 ? dial.Target.Profile + "/" : "";
        var media = dial.Target.Binding?.Media ?? _core.Services.Plugins.MediaOf(dial.Target.Endpoint);
        var leg = new Leg(id, LegDirection.Outbound, dial.Target.Endpoint, $"{dial.Target.Endpoint}/{profileName}{ShownAddress(dial)}", profile, variables, _core.Services.Loop.Now)
        {
            User = dial.User,
            ListenerProfile = dial.Target.Profile,
            LocalAddress = LocalAddress(dial),
            SignallingAddress = dial.Target.Binding?.Remote.Address,
            CallUuid = caller?.CallUuid ?? id.ToString(),
            Codecs = CodecsToward(caller, dial.Variables),
            OfferProfile = LegCapability.ProfileOf(media),
            PeerIsServer = media == MediaProfile.WebRtcClient,
        };
        if (caller is not null)
        {
            leg.Variables.Set("originator", caller.Uuid);
            leg.Variables.Set("originating_leg_uuid", caller.Uuid);
            Inherit(caller, leg);
        }

        return leg;
    }

    /// <summary>What holds for the whole call and not for one leg: hops that are left (a loop through others must come to an end), privacy, and who referred it.</summary>
    private static void Inherit(Leg caller, Leg leg)
    {
        foreach (var name in (string[])["max_forwards", "origination_privacy", "sip_referred_by"])
        {
            if (leg.Variables[name] is null && caller.Variables[name] is { } value)
            {
                leg.Variables.Set(name, value);
            }
        }
    }

    private static string ShownAddress(Dialable dial) =>
        dial.Target.Binding is { } b ? $"{b.Number}@{b.Domain}" : dial.Target.Endpoint == LoopbackEndpoint.Scheme ? dial.Number + "-a" : dial.Target.Address;

    private IPAddress LocalAddress(Dialable dial)
    {
        if (dial.Target.Binding is { } binding)
        {
            return Addresses.Toward(binding.Remote.Address);
        }

        if (dial.Target.Endpoint == LoopbackEndpoint.Scheme)
        {
            return IPAddress.Loopback;
        }

        var host = dial.Target.Address;
        host = host[(host.IndexOf('@', StringComparison.Ordinal) + 1)..].Split(';')[0];
        var address = IPEndPoint.TryParse(host, out var end) ? end.Address : null;
        return address is not null ? Addresses.Toward(address) : CallerLeg?.LocalAddress ?? Addresses.Toward(IPAddress.Parse("192.0.2.1"));
    }

    private (string Name, string Number) CallerId(LegVariables dial)
    {
        var caller = CallerLeg;
        var number = dial["origination_caller_id_number"] ?? caller?.Variables["effective_caller_id_number"] ?? caller?.Profile.CallerNumber ?? _request.CallerNumber;
        var name = dial["origination_caller_id_name"] ?? caller?.Variables["effective_caller_id_name"] ?? caller?.Profile.CallerName ?? _request.CallerName;
        number = number.Length > 0 ? number : "0000000000";
        return (name.Length > 0 ? name : number, number);
    }

    private static string Printable(string text) => string.Concat(text.Where(c => !char.IsControl(c)));

    private static IEnumerable<KeyValuePair<string, string>> Exported(Leg? caller)
    {
        foreach (var name in (caller?.Variables["export_vars"] ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            var plain = name.StartsWith("nolocal:", StringComparison.Ordinal) ? name[8..] : name;
            if (caller!.Variables[name] is { } value)
            {
                yield return new(plain, value);
            }
        }
    }

    /// <summary>The caller's codecs first, so that the two legs can be relayed without decoding.</summary>
    private IReadOnlyList<CodecOption>? CodecsToward(Leg? caller, LegVariables own)
    {
        if (caller is null || own["absolute_codec_string"] is not null || own["codec_string"] is not null)
        {
            return null;
        }

        var ours = _core.Media.CodecsOf(caller);
        IEnumerable<CodecOption> first = caller.Negotiated is { } done ? done.Audio.Exists ? [done.Audio.Codec] : [] : OfferedCodecs(caller.PendingOffer);
        return [.. first.Where(c => ours.Contains(c) || caller.Negotiated is not null), .. ours.Where(c => !first.Contains(c))];
    }

    private static IReadOnlyList<CodecOption> OfferedCodecs(string? offer) =>
        offer is not null && SessionDescription.TryParse(offer, out var sdp, out _)
            ? [.. sdp.Media.Where(m => m.Kind == "audio").Take(1).SelectMany(m => m.RtpFormats)
                .Select(f => CodecNames.TryParse(f.Name == "L16" ? $"L16@{f.ClockHz}h" : f.Name, out var codec) ? codec : default).Where(c => c.RateHz != 0)]
            : [];

    /// <summary>Lets the caller hear that it rings, or what the far end sends.</summary>
    private void Ringback(Leg? peer)
    {
        if (CallerLeg is not { IsUp: true } caller)
        {
            return;
        }

        var tone = caller.IsAnswered ? caller.Variables["transfer_ringback"] ?? caller.Variables["ringback"] : caller.Variables["ringback"];

        // A Verto client has no word for ringing and gives a call up that says nothing for 30 s: it hears the tone (spec: verto.md 7).
        if (tone is null && peer is not null && (caller.IsAnswered || caller.Endpoint == VertoEndpoint))
        {
            tone = _core.Services.Globals["us-ring"];
        }

        if (tone is not null && _early is null && (peer is not null || Truth.IsTrue(caller.Variables["instant_ringback"])))
        {
            if (caller.ToneToken == 0 && _core.PreAnswer(caller))
            {
                _core.PlayTone(caller, Endless(SoundNames.Resolve(tone, caller, _core.Services)));
            }
        }
        else if (peer is not null)
        {
            _core.Ring(caller);
        }
    }

    private static string Endless(string source) =>
        source.StartsWith('{') || source.Contains(";loops=", StringComparison.Ordinal) ? source
        : source.StartsWith("tone_stream://", StringComparison.Ordinal) ? source + ";loops=-1" : "{loops=-1}" + source;

    /// <returns>Whether early media is all that was wanted.</returns>
    private bool TakeEarlyMedia(Leg peer)
    {
        var ignore = peer.Variables.IsTrue("ignore_early_media") || (CallerLeg?.Variables.IsTrue("ignore_early_media") ?? false);
        if (ignore)
        {
            Ringback(peer);
            return false;
        }

        if (CallerLeg is not { IsUp: true } caller)
        {
            return _request.EarlyMediaSucceeds;
        }

        if (_early is null && _core.PreAnswer(caller, peer.Negotiated))
        {
            _early = peer;
            _core.StopTone(caller);
            _core.Services.Media.Bridge(caller.Media, peer.Media);
        }

        return false;
    }

    private void NoteEnd(Leg peer)
    {
        var ringing = _ringing.First(r => r.Leg == peer);
        if (ringing.IsOver)
        {
            return;
        }

        ringing.IsOver = true;
        _failures.Add(peer.Cause);
        if (_early == peer)
        {
            _early = null;
        }

        if (CallerLeg is { } caller)
        {
            caller.Variables.Set("last_bridge_proto_specific_hangup_cause", peer.ProtocolStatus == 0 ? null : $"sip:{peer.ProtocolStatus}");
        }
    }

    /// <summary>The most telling failure: somebody's own decision before the network's.</summary>
    private HangupCause BestFailure()
    {
        HangupCause[] telling = [HangupCause.BusyEverywhere, HangupCause.UserBusy, HangupCause.CallRejected, HangupCause.Decline, HangupCause.NoAnswer, HangupCause.NoUserResponse];
        return _failures.Count == 0 ? HangupCause.DestinationOutOfOrder
            : telling.FirstOrDefault(_failures.Contains, _failures[^1]);
    }

    private sealed class Ringing(Dialable dial)
    {
        private bool _isOver;

        public Dialable Dial { get; } = dial;

        public Leg? Leg { get; set; }

        public required DateTimeOffset StartAt { get; init; }

        public required DateTimeOffset EndAt { get; init; }

        public bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }
    }
}
