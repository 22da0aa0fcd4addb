namespace XSwitchEngine.Media.Sessions;

/// <summary>Kinds of <see cref="MediaCommand"/>.</summary>
internal enum CommandKind : byte
{
    Add,
    Configure,
    ConfigureVideo,
    RequestKeyFrame,
    SetTransport,
    Bridge,
    Unbridge,
    Play,
    ControlPlayback,
    Record,
    ControlRecording,
    Echo,
    SendDigit,
    Detect,
    WatchSilence,
    JoinRoom,
    SetRoomFlags,
    LeaveRoom,
    Publish,
    Watch,
    LeaveStream,
    Close,

    /// <summary>The loop has one more shared port.</summary>
    Share,

    /// <summary>The leg moves to another loop: this one lets go of it.</summary>
    Release,

    /// <summary>The leg comes from another loop: nothing further is obeyed until that one has let go.</summary>
    Adopt,
    Stop,
}

/// <summary>One command to a media loop, in the order of the calls on the engine.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Leg">The leg.</param>
/// <param name="Argument">A leg, stream, playback, recording or hand-over, by kind.</param>
/// <param name="Number">A token, room or duration, by kind.</param>
/// <param name="Value">A control, flag or character, by kind.</param>
/// <param name="Extra">A value of the control.</param>
internal readonly record struct MediaCommand(CommandKind Kind, MediaLeg? Leg, object? Argument = null, long Number = 0, int Value = 0, int Extra = 0);

/// <summary>A leg on its way between two loops.</summary>
internal sealed class HandOver
{
    private volatile bool _isReleased;

    public bool IsReleased => _isReleased;

    public void Release() => _isReleased = true;
}
