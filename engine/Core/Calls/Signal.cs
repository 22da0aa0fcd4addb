using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>What an operation on a leg waits for.</summary>
internal abstract record Signal
{
    /// <summary>The deadline of the wait passed.</summary>
    public sealed record Timeout : Signal
    {
        public static readonly Timeout Instance = new();
    }

    /// <summary>The leg has ended. Sticky: every further wait gets it.</summary>
    public sealed record Gone : Signal
    {
        public static readonly Gone Instance = new();
    }

    /// <summary>The leg was given something else to do (transfer, bridge, park). Sticky for operations of before.</summary>
    public sealed record Redirected : Signal
    {
        public static readonly Redirected Instance = new();
    }

    /// <summary>An operator or script breaks what is under way.</summary>
    public sealed record Break(bool All) : Signal;

    /// <summary>A digit was added to the leg's queue.</summary>
    public sealed record Digit(char Value, int DurationMs) : Signal;

    /// <summary>A playback ended.</summary>
    public sealed record PlaybackDone(long Token, PlaybackEnd End, long Position, int Rate) : Signal;

    /// <summary>A recording ended.</summary>
    public sealed record RecordingDone(long Token, RecordingEnd End, long Samples, int Rate) : Signal;

    /// <summary>The watched silence was reached.</summary>
    public sealed record SilenceReached : Signal
    {
        public static readonly SilenceReached Instance = new();
    }

    /// <summary>In a conference, the leg's party began or ended talking.</summary>
    public sealed record Talking(bool Begins, int Energy) : Signal;

    /// <summary>What an input callback returned.</summary>
    public sealed record Control(string Command) : Signal;

    /// <summary>Another leg, one that was dialled, alerts.</summary>
    public sealed record PeerRinging(Leg Peer) : Signal;

    /// <summary>Another leg, one that was dialled, has early media.</summary>
    public sealed record PeerProgress(Leg Peer) : Signal;

    /// <summary>Another leg, one that was dialled, answered.</summary>
    public sealed record PeerAnswered(Leg Peer) : Signal;

    /// <summary>Another leg, dialled or bridged, ended.</summary>
    public sealed record PeerGone(Leg Peer) : Signal;

    /// <summary>The bridged leg was taken away to do something else.</summary>
    public sealed record PeerLeft(Leg Peer) : Signal;

    /// <summary>This leg was answered by its peer, or answered by us and confirmed.</summary>
    public sealed record Answered : Signal
    {
        public static readonly Answered Instance = new();
    }

    /// <summary>A script that was started has ended.</summary>
    public sealed record ScriptEnded(ScriptRunId Run, ScriptEnd End) : Signal;
}
