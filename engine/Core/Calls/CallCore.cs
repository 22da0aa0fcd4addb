using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>The life of legs: made, alerted, answered, changed, ended, each end exactly once. Core loop only, except <see cref="Post"/> and the counters.</summary>
internal sealed partial class CallCore : ICallCore
{
    private readonly Action<object?> _onLegEvent;
    private readonly LoopbackEndpoint _loopback;
    private long _total;
    private long _refused;
    private DateTimeOffset _second;
    private int _thisSecond;
    private int _lastSecond;
    private volatile bool _draining;

    public CallCore(CallServices services)
    {
        Services = services;
        Media = new LegMedia(services);
        _onLegEvent = e => Handle((LegEvent)e!);
        _loopback = new LoopbackEndpoint(this);
        Announce = new ChannelEvents(services);
    }

    public CallServices Services { get; }

    public CallTable Table { get; } = new();

    public LegMedia Media { get; }

    public ChannelEvents Announce { get; }

    /// <summary>Takes a new incoming leg: the dial plan. Set by the composition.</summary>
    public Action<Leg> OnIncoming { get; set; } = static _ => { };

    /// <summary>A digit came. Set by the composition.</summary>
    public Action<Leg, LegEvent.TransferRequested> OnTransferRequested { get; set; } = static (_, _) => { };

    /// <summary>A new leg is to take the place of another. Set by the composition.</summary>
    public Action<Leg, Leg> OnReplacing { get; set; } = static (_, _) => { };

    /// <summary>Tells the scripts of a leg that it ended (<c>hangup</c>) or was taken away (<c>transfer</c>). Set by the composition.</summary>
    public Action<Leg, string> OnLegGone { get; set; } = static (_, _) => { };

    /// <summary>Starts the work that a leg was redirected to. Set by the composition.</summary>
    public Action<Leg> OnRedirected { get; set; } = static _ => { };

    /// <summary>Legs made since the start.</summary>
    public long Total => Volatile.Read(ref _total);

    /// <summary>Legs refused because of a limit.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Legs made in the last full second.</summary>
    public int PerSecond => _lastSecond;

    /// <summary>Most legs made in one second.</summary>
    public int PeakPerSecond { get; private set; }

    /// <summary>Whether new legs are refused for good.</summary>
    public bool IsDraining
    {
        get => _draining;
        set => _draining = value;
    }

    /// <summary>Ended legs by cause.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<HangupCause, long> Causes { get; } = new();

    /// <inheritdoc/>
    public bool IsRefusingCalls =>
        _draining || Table.Count >= Services.Options.MaxSessions || Services.Loop.Length > Services.Options.OverloadQueueLength;

    /// <inheritdoc/>
    public LegId NewLeg() => new(Uuids.Next());

    /// <inheritdoc/>
    public void Post(LegEvent e) => Services.Loop.Post(_onLegEvent, e);

    /// <summary>A message of which nobody waits to hear what became; plugins come by the plugin host, which tells them.</summary>
    void ICallCore.Submit(long key, TextMessage message) => Services.SubmitMessage(message, static (_, _) => { });

    /// <summary>Runs work of a leg; an exception in it ends that leg and nothing else.</summary>
    /// <param name="leg">The leg, or null.</param>
    /// <param name="work">The work; it starts at once.</param>
    public void Spawn(Leg? leg, Func<Task> work) => _ = GuardAsync(leg, work);

    /// <summary>Registers a new leg.</summary>
    /// <param name="leg">The leg.</param>
    public void Add(Leg leg)
    {
        Table.Add(leg);
        _total++;
        CountSecond();
        Services.Cdr.Open(CdrFields.Of(leg));
        Announce.Channel("CHANNEL_CREATE", leg);
    }

    /// <summary>Sends a command to whoever serves the leg.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="command">The command.</param>
    /// <returns>False when nobody takes it.</returns>
    public bool Dispatch(Leg leg, LegCommand command) =>
        leg.Endpoint == LoopbackEndpoint.Scheme ? _loopback.Handle(leg, command) : Services.Plugins.Dispatch(leg.Endpoint, command);

    /// <summary>Tells the caller that the far end alerts.</summary>
    /// <param name="leg">The leg; one that has media or is answered is left alone.</param>
    public void Ring(Leg leg)
    {
        if (leg.Direction == LegDirection.Inbound && leg.State is LegState.New or LegState.Routing)
        {
            leg.State = LegState.Ringing;
            leg.ProgressTime ??= Services.Loop.Now;
            Dispatch(leg, new LegCommand.Ring(leg.Id));
            Announce.Channel("CHANNEL_PROGRESS", leg);
        }
    }

    /// <summary>Opens media toward the caller before the answer.</summary>
    /// <param name="leg">The leg; one that has media is left alone.</param>
    /// <param name="far">The session of the leg that it will hear, or null.</param>
    /// <returns>False when the leg ended for want of media.</returns>
    public bool PreAnswer(Leg leg, NegotiatedSession? far = null)
    {
        if (!leg.IsUp)
        {
            return false;
        }

        if (leg.Direction == LegDirection.Outbound || leg.State is LegState.Early or LegState.Answered)
        {
            return true;
        }

        if (!Media.TryDescribe(leg, far, out var sdp, out var reason))
        {
            Hangup(leg, NoMediaCause(leg), 0, reason);
            return false;
        }

        leg.State = LegState.Early;
        leg.ProgressMediaTime ??= Services.Loop.Now;
        leg.ProgressTime ??= Services.Loop.Now;
        Dispatch(leg, new LegCommand.EarlyMedia(leg.Id, sdp) { Variables = ForClient(leg) });
        Announce.Channel("CHANNEL_PROGRESS_MEDIA", leg);
        return true;
    }

    /// <summary>Answers the caller.</summary>
    /// <param name="leg">The leg; an answered one is left alone.</param>
    /// <param name="far">The session of the leg that it will hear, or null.</param>
    /// <returns>False when the leg ended for want of media.</returns>
    public bool Answer(Leg leg, NegotiatedSession? far = null)
    {
        if (!leg.IsUp || leg.IsAnswered)
        {
            return leg.IsUp;
        }

        if (leg.Direction == LegDirection.Outbound)
        {
            return true;
        }

        if (!Media.TryDescribe(leg, far, out var sdp, out var reason))
        {
            Hangup(leg, NoMediaCause(leg), 0, reason);
            return false;
        }

        MarkAnswered(leg);
        Dispatch(leg, new LegCommand.Answer(leg.Id, sdp) { Variables = ForClient(leg) });
        return true;
    }

    /// <summary>Ends a leg; in every state, once.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="cause">Why.</param>
    /// <param name="status">A protocol status of its own for a leg that is not answered, or 0.</param>
    /// <param name="text">Reason in words for the peer.</param>
    public void Hangup(Leg leg, HangupCause cause, int status = 0, string text = "")
    {
        if (!leg.IsUp)
        {
            return;
        }

        status = status == 0 ? StatusOfBridge(leg, cause) : status;
        Dispatch(leg, new LegCommand.Hangup(leg.Id, cause, status, text));
        if (text.Length > 0)
        {
            leg.Variables.Set("hangup_reason", text);
        }

        End(leg, cause, status, byPeer: false);
    }

    /// <summary>A caller is refused as the called party refused, since a cause stands for several statuses: 480 stays 480. What only the two of them know is not handed on.</summary>
    private static int StatusOfBridge(Leg leg, HangupCause cause) =>
        !leg.IsAnswered && leg.Variables["last_bridge_proto_specific_hangup_cause"] is { } said && said.StartsWith("sip:", StringComparison.Ordinal)
        && int.TryParse(said.AsSpan(4), out var status) && status is >= 403 and <= 699 and not (407 or 422 or 481 or 487 or 491 or 494) && HangupCauses.FromSipStatus(status) == cause
            ? status
            : 0;

    /// <summary>Gives a leg something else to do: what it does now stops.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="next">What.</param>
    public void Redirect(Leg leg, NextStep next)
    {
        if (!leg.IsUp)
        {
            return;
        }

        leg.Epoch++;
        leg.Next = next;
        OnLegGone(leg, "transfer");
        Part(leg, left: true);
        leg.Deliver(Signal.Redirected.Instance);
        if (!leg.IsControlled)
        {
            OnRedirected(leg);
        }
    }

    /// <summary>Parts two bridged legs.</summary>
    /// <param name="leg">One of them; a leg that is not bridged is left alone.</param>
    /// <param name="left">Whether this leg goes elsewhere (rather than ends).</param>
    public void Part(Leg leg, bool left)
    {
        if (leg.Peer is not { } peer)
        {
            return;
        }

        leg.Peer = null;
        peer.Peer = null;
        if (leg.Media.IsOpen)
        {
            Services.Media.Unbridge(leg.Media);
        }

        Announce.Bridge("CHANNEL_UNBRIDGE", leg, peer);
        StopTone(leg);
        StopTone(peer);
        peer.Deliver(left ? new Signal.PeerLeft(leg) : new Signal.PeerGone(leg));
        leg.Deliver(new Signal.PeerLeft(peer));
    }

    /// <summary>Plays music or a ring tone that the core itself wants.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="source">A playback string with absolute names.</param>
    public void PlayTone(Leg leg, string source)
    {
        if (leg.Media.IsOpen)
        {
            leg.ToneToken = Media.NewToken();
            Services.Media.Play(leg.Media, leg.ToneToken, source);
        }
    }

    /// <summary>Ends what <see cref="PlayTone"/> began.</summary>
    /// <param name="leg">The leg.</param>
    public void StopTone(Leg leg)
    {
        if (leg.ToneToken != 0 && leg.Media.IsOpen)
        {
            Services.Media.ControlPlayback(leg.Media, leg.ToneToken, PlaybackControl.Stop);
        }

        leg.ToneToken = 0;
    }

    /// <summary>Forgets an ended leg once nothing holds it.</summary>
    /// <param name="leg">The leg.</param>
    public void Release(Leg leg)
    {
        if (leg.State == LegState.Reported && leg.ScriptRuns == 0)
        {
            Table.Remove(leg);
        }
    }

    /// <summary>Without a session there was no port (503); with one there was no common codec (488).</summary>
    private static HangupCause NoMediaCause(Leg leg) => leg.Media.IsOpen ? HangupCause.IncompatibleDestination : HangupCause.NormalCircuitCongestion;

    /// <summary>Puts an outbound leg into the state that its plugin's answer means.</summary>
    private void MarkAnswered(Leg leg)
    {
        leg.State = LegState.Answered;
        leg.AnsweredTime = Services.Loop.Now;
        Services.Cdr.Open(CdrFields.Of(leg));
        Announce.Channel("CHANNEL_ANSWER", leg);
    }

    private void End(Leg leg, HangupCause cause, int status, bool byPeer)
    {
        if (!leg.IsUp)
        {
            return;
        }

        leg.State = LegState.HungUp;
        leg.Cause = cause;
        leg.ProtocolStatus = status;
        leg.EndedByPeer = byPeer;
        leg.HungUpTime = Services.Loop.Now;
        Table.MarkEnded();
        Causes.AddOrUpdate(cause, 1, static (_, n) => n + 1);
        leg.Variables.Set("hangup_cause", cause.Name());
        if (status != 0)
        {
            leg.Variables.Set("sip_term_status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        foreach (var timer in leg.Schedules)
        {
            Services.Loop.Cancel(timer);
        }

        var statistics = leg.Media.IsOpen ? Services.Media.Statistics(leg.Media) : null;
        Part(leg, left: false);
        Announce.Channel("CHANNEL_HANGUP", leg);
        Media.Close(leg);
        OnLegGone(leg, "hangup");
        leg.Deliver(Signal.Gone.Instance);
        leg.Dialler?.Send(new Signal.PeerGone(leg));
        Services.Cdr.Close(CdrFields.Of(leg) with { Media = statistics });
        Announce.Channel("CHANNEL_HANGUP_COMPLETE", leg);
        leg.State = LegState.Reported;
        Announce.Channel("CHANNEL_DESTROY", leg);

        // The media plane still reports the ends of playbacks and recordings of the leg; a second is far beyond that.
        Services.Loop.Schedule(TimeSpan.FromSeconds(1), static s => Forget(s), (this, leg));
        Release(leg);
    }

    private static void Forget(object? state)
    {
        var (core, leg) = ((CallCore, Leg))state!;
        core.Media.Forget(leg);
    }

    private bool OverRate()
    {
        CountSecond(0);
        return Services.Options.MaxSessionsPerSecond > 0 && _thisSecond >= Services.Options.MaxSessionsPerSecond;
    }

    private void CountSecond(int add = 1)
    {
        var now = Services.Loop.Now;
        if (now - _second >= TimeSpan.FromSeconds(1))
        {
            _lastSecond = now - _second < TimeSpan.FromSeconds(2) ? _thisSecond : 0;
            _thisSecond = 0;
            _second = now;
        }

        _thisSecond += add;
        PeakPerSecond = Math.Max(PeakPerSecond, _thisSecond);
    }

    private async Task GuardAsync(Leg? leg, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e)
        {
            Log.LegFault(Services.Log, leg?.Uuid ?? "-", e);
            Faults++;
            if (leg is not null)
            {
                Hangup(leg, HangupCause.NormalTemporaryFailure);
            }
        }
    }

    /// <summary>Exceptions in operations of legs.</summary>
    public long Faults { get; private set; }
}
