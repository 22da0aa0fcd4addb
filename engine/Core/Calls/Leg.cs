using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>One party's side of a call: what Lua calls a session and the event socket a channel.</summary>
/// <remarks>
/// Owned by the core loop. <see cref="Variables"/>, <see cref="Profile"/> and the state properties may be read from any thread:
/// they are single references or words.
/// </remarks>
public sealed class Leg
{
    private readonly List<LegControl> _controls = [];
    private volatile CallerProfile _profile;
    private volatile int _state;

    internal Leg(LegId id, LegDirection direction, string endpoint, string channelName, CallerProfile profile, LegVariables variables, DateTimeOffset now)
    {
        Id = id;
        Uuid = id.ToString();
        Direction = direction;
        Endpoint = endpoint;
        ChannelName = channelName;
        Variables = variables;
        _profile = profile;
        CreatedTime = now;
        CallUuid = Uuid;
    }

    /// <summary>Its id.</summary>
    public LegId Id { get; }

    /// <summary>Its id as text.</summary>
    public string Uuid { get; }

    /// <summary>Which way it was made.</summary>
    public LegDirection Direction { get; }

    /// <summary>The scheme of the plugin that serves it, or <c>loopback</c>, <c>null</c>.</summary>
    public string Endpoint { get; }

    /// <summary>Channel name, such as <c>sofia/internal/1000@example.org</c>.</summary>
    public string ChannelName { get; }

    /// <summary>Channel variables; thread-safe.</summary>
    public LegVariables Variables { get; }

    /// <summary>Caller profile.</summary>
    public CallerProfile Profile
    {
        get => _profile;
        internal set => _profile = value;
    }

    /// <summary>State.</summary>
    public LegState State
    {
        get => (LegState)_state;
        internal set => _state = (int)value;
    }

    /// <summary>Whether it has not ended.</summary>
    public bool IsUp => State < LegState.HungUp;

    /// <summary>Whether it is answered and has not ended.</summary>
    public bool IsAnswered => State == LegState.Answered;

    /// <summary>Whether audio can flow: early media or answered.</summary>
    public bool HasMedia => State is LegState.Early or LegState.Answered && Negotiated is not null;

    /// <summary>Whether its peer put us on hold.</summary>
    public bool IsHeld { get; internal set; }

    /// <summary>Why it ended; <see cref="HangupCause.None"/> while it is up.</summary>
    public HangupCause Cause { get; internal set; }

    /// <summary>Final status of its protocol, or 0.</summary>
    public int ProtocolStatus { get; internal set; }

    /// <summary>Whether its peer ended it.</summary>
    public bool EndedByPeer { get; internal set; }

    /// <summary>UUID of the first leg of the call that it belongs to.</summary>
    public string CallUuid { get; internal set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedTime { get; }

    /// <summary>First ringing, or null.</summary>
    public DateTimeOffset? ProgressTime { get; internal set; }

    /// <summary>First early media, or null.</summary>
    public DateTimeOffset? ProgressMediaTime { get; internal set; }

    /// <summary>Answer, or null.</summary>
    public DateTimeOffset? AnsweredTime { get; internal set; }

    /// <summary>First bridge, or null.</summary>
    public DateTimeOffset? BridgedTime { get; internal set; }

    /// <summary>End, or null.</summary>
    public DateTimeOffset? HungUpTime { get; internal set; }

    /// <summary>The application under way, or empty.</summary>
    public string Application { get; internal set; } = "";

    /// <summary>Its data.</summary>
    public string ApplicationData { get; internal set; } = "";

    /// <summary>The authenticated user of an incoming leg, or the user dialled.</summary>
    internal DirectoryUser? User { get; set; }

    /// <summary>Listener profile.</summary>
    internal string ListenerProfile { get; init; } = "";

    /// <summary>Local address that media is bound to.</summary>
    internal System.Net.IPAddress LocalAddress { get; set; } = System.Net.IPAddress.Loopback;

    /// <summary>Address that the signalling comes from: the only one besides the negotiated one that media is learnt from.</summary>
    internal System.Net.IPAddress? SignallingAddress { get; set; }

    /// <summary>The peer's offer that is not answered yet.</summary>
    internal string? PendingOffer { get; set; }

    /// <summary>Our offer that is not answered yet.</summary>
    internal string? OfferSent { get; set; }

    /// <summary>The session in force.</summary>
    internal NegotiatedSession? Negotiated { get; set; }

    /// <summary>Its media session; not open before media is needed.</summary>
    internal MediaSession Media { get; set; }

    /// <summary>Its number in media events, or 0.</summary>
    internal long MediaOwner { get; set; }

    /// <summary>Session id of our o= line.</summary>
    internal long SdpSessionId { get; set; }

    /// <summary>How its media travel; null before its session is open.</summary>
    internal LegTransport? Transport { get; set; }

    /// <summary>What an offer of ours looks like unless a variable says otherwise.</summary>
    internal TransportProfile OfferProfile { get; init; }

    /// <summary>Whether its peer is a server that waits for the engine's ICE checks.</summary>
    internal bool PeerIsServer { get; init; }

    /// <summary>Whether its peer ever wanted to hear us; one that never did is not on hold.</summary>
    internal bool WasHeard { get; set; }

    /// <summary>Whether we put the peer on hold.</summary>
    internal bool HoldsPeer { get; set; }

    /// <summary>Codecs that it may use, best first; null for the configured ones.</summary>
    internal IReadOnlyList<CodecOption>? Codecs { get; set; }

    /// <summary>The leg that it is bridged with.</summary>
    internal Leg? Peer { get; set; }

    /// <summary>The other half of a loopback pair.</summary>
    internal Leg? Twin { get; set; }

    /// <summary>Who waits for this leg while it is being dialled.</summary>
    internal SignalQueue? Dialler { get; set; }

    /// <summary>One more each time the leg is given something else to do; operations of before then stop.</summary>
    internal int Epoch { get; set; }

    /// <summary>What it is to do next, until its controller takes it.</summary>
    internal NextStep? Next { get; set; }

    /// <summary>Whether a controller (script, application list) runs for it.</summary>
    internal bool IsControlled { get; set; }

    /// <summary>Whether the dial plan did anything with it.</summary>
    internal bool IsClaimed { get; set; }

    /// <summary>Operations under way.</summary>
    internal int Operations { get; set; }

    /// <summary>Scripts that hold it.</summary>
    internal int ScriptRuns { get; set; }

    /// <summary>Scripts that were started on it and have not ended.</summary>
    internal List<Scripts.ScriptRunId> OwnRuns { get; } = new(1);

    /// <summary>Whether the script object of this leg hangs it up when it goes; set from script threads.</summary>
    internal bool AutoHangup { get; set; }

    /// <summary>Digits that no operation has taken; bounded.</summary>
    internal DigitQueue Digits { get; } = new();

    /// <summary>Recordings under way by path.</summary>
    internal Dictionary<string, long> Recordings { get; } = new(StringComparer.Ordinal);

    /// <summary>Files recorded so far, for the record of the call.</summary>
    internal List<string> RecordedFiles { get; } = [];

    /// <summary>Music or ringback that the core plays to it, or 0.</summary>
    internal long ToneToken { get; set; }

    /// <summary>Who answered, who is asked to be told of a transfer, see the bridge.</summary>
    internal Leg? TransferReporter { get; set; }

    /// <summary>Timers set by sched_hangup and the like; cancelled at the end.</summary>
    internal List<Loop.LoopTimer> Schedules { get; } = [];

    internal void Attach(LegControl control) => _controls.Add(control);

    internal void Detach(LegControl control) => _controls.Remove(control);

    /// <summary>Gives a signal to every operation that waits on this leg.</summary>
    /// <param name="signal">The signal.</param>
    internal void Deliver(Signal signal)
    {
        foreach (var control in _controls)
        {
            control.Queue.Send(signal);
        }
    }
}
