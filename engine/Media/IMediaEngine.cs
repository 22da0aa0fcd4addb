namespace XSwitchEngine.Media;

/// <summary>The media plane: sessions that receive, send, play, record and relay audio on the media loops.</summary>
/// <remarks>
/// Called from the core loop only; every call returns at once. Commands reach the media loop in the order given.
/// Results come as <see cref="MediaEvent"/> on a media loop's thread; the receiver only queues them.
/// </remarks>
public interface IMediaEngine : IDisposable
{
    /// <summary>Leases an RTP port (even) and an RTCP port (next), both or neither, and binds them.</summary>
    /// <param name="open">Where and for whom.</param>
    /// <param name="session">The new session.</param>
    /// <param name="error">Why not, in words.</param>
    /// <returns>False when no port is free or the address cannot be bound.</returns>
    bool TryOpen(in MediaOpen open, out MediaSession session, out string error);

    /// <summary>Sets what was negotiated: codec, payload types, peer's address, direction. May be called again at each renegotiation.</summary>
    /// <param name="session">An open session.</param>
    /// <param name="stream">The negotiated audio stream.</param>
    void Configure(MediaSession session, AudioStream stream);

    /// <summary>Sets how a session's packets travel: ICE, keys, fingerprints. Called before <see cref="Configure"/>, and again when the peer's description is there or anything changes.</summary>
    /// <param name="session">An open session; never set, it is plain RTP.</param>
    /// <param name="transport">All of it, not the changes. Other ICE credentials with the same fingerprints are an ICE restart: DTLS goes on. Other fingerprints, or a new transport by <paramref name="anew"/>, begin a new DTLS association.</param>
    /// <param name="anew">Whether the peer lost its transport (its page was loaded again): what was agreed before counts for nothing.</param>
    void SetTransport(MediaSession session, TransportParameters transport, bool anew = false);

    /// <summary>Sets what was negotiated about video; it is forwarded to the bridged session, back to its sender while that has an echo, or into a stream.</summary>
    /// <param name="session">An open session.</param>
    /// <param name="video">The negotiated stream; null for none.</param>
    void ConfigureVideo(MediaSession session, VideoStream? video);

    /// <summary>Asks the peer for a key frame, as one who begins to watch would.</summary>
    /// <param name="session">A session without video is left alone.</param>
    void RequestKeyFrame(MediaSession session);

    /// <summary>The fingerprint of the engine's DTLS certificate, for descriptions.</summary>
    DtlsFingerprint LocalFingerprint { get; }

    /// <summary>Says in one line for people what a session's transport is doing, or what it waits for.</summary>
    /// <param name="session">The session; a closed one is said to be closed.</param>
    string Describe(MediaSession session);

    /// <summary>Joins two sessions: relayed without decoding when both use one codec and nothing else needs the samples, transcoded otherwise.</summary>
    /// <param name="a">An open session; a former bridge of it ends.</param>
    /// <param name="b">Likewise.</param>
    void Bridge(MediaSession a, MediaSession b);

    /// <summary>Parts a session from its peer; the peer is parted too.</summary>
    /// <param name="session">One that is not bridged is left alone.</param>
    void Unbridge(MediaSession session);

    /// <summary>Plays a playback string to the far end; <see cref="MediaEventKind.PlaybackDone"/> follows exactly once.</summary>
    /// <param name="session">A playback under way on it ends first, with <see cref="PlaybackEnd.Replaced"/>.</param>
    /// <param name="token">The caller's number for this playback, not 0.</param>
    /// <param name="source">Absolute file names, <c>tone_stream://</c>, <c>silence_stream://</c>, <c>file_string://</c>, as in the Lua API's playback strings.</param>
    /// <param name="startSample">Where to start in a file, samples at the file's rate.</param>
    void Play(MediaSession session, long token, string source, long startSample = 0);

    /// <summary>Changes or ends a playback.</summary>
    /// <param name="session">The session.</param>
    /// <param name="token">The playback; another than the one under way is ignored.</param>
    /// <param name="control">What to do.</param>
    /// <param name="value">Milliseconds for seeks, steps for volume (−4..4).</param>
    void ControlPlayback(MediaSession session, long token, PlaybackControl control, int value = 0);

    /// <summary>Records to a WAV file whose header is valid at every moment; <see cref="MediaEventKind.RecordingDone"/> follows exactly once.</summary>
    /// <param name="session">Several recordings of one session may run at once.</param>
    /// <param name="token">The caller's number for this recording, not 0.</param>
    /// <param name="recording">Where and what.</param>
    void Record(MediaSession session, long token, RecordingSpec recording);

    /// <summary>Ends a recording, or masks, pauses and resumes it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="token">The recording; an unknown one is ignored.</param>
    /// <param name="control">What to do.</param>
    void ControlRecording(MediaSession session, long token, RecordingControl control);

    /// <summary>Sends what the far end says back to it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="delayMs">0..10000 for a delayed echo; negative ends the echo.</param>
    void Echo(MediaSession session, int delayMs);

    /// <summary>Sends a digit: RFC 4733 when negotiated, else as tones.</summary>
    /// <param name="session">The session; digits queue in order.</param>
    /// <param name="digit">0-9, *, #, A-D.</param>
    /// <param name="durationMs">40..8000.</param>
    void SendDtmf(MediaSession session, char digit, int durationMs);

    /// <summary>Switches the detection of in-band digits.</summary>
    /// <param name="session">The session.</param>
    /// <param name="on">Costs decoding while on.</param>
    void DetectInbandDtmf(MediaSession session, bool on);

    /// <summary>Reports when the far end has been silent; <see cref="MediaEventKind.Silence"/> follows once.</summary>
    /// <param name="session">The session.</param>
    /// <param name="threshold">Mean absolute sample value (0..32767) below which a 20 ms frame is silent; 0 switches the watch off.</param>
    /// <param name="silenceMs">How long in a row.</param>
    void WatchSilence(MediaSession session, int threshold, int silenceMs);

    /// <summary>Puts a session into a mixing room, made at the first join and gone at the last leave.</summary>
    /// <param name="session">A former bridge of it ends.</param>
    /// <param name="room">The caller's number for the room, not 0.</param>
    /// <param name="flags">Whether it is heard and hears.</param>
    void JoinRoom(MediaSession session, long room, RoomFlags flags);

    /// <summary>Changes whether a member is heard and hears.</summary>
    /// <param name="session">A member.</param>
    /// <param name="flags">The new flags.</param>
    void SetRoomFlags(MediaSession session, RoomFlags flags);

    /// <summary>Takes a session out of its room.</summary>
    /// <param name="session">One that is in no room is left alone.</param>
    void LeaveRoom(MediaSession session);

    /// <summary>Sends what a session's peer sends to all who watch a stream, as it comes, without decoding.</summary>
    /// <param name="session">A former bridge, room or stream of it ends. A publisher that the stream already has makes room.</param>
    /// <param name="stream">The caller's number for the stream, not 0; it is there from the first publisher or viewer to the last.</param>
    void Publish(MediaSession session, long stream);

    /// <summary>Sends a stream to a session's peer; its video begins with a whole picture. What its codecs do not fit is left out.</summary>
    /// <param name="session">A former bridge, room or stream of it ends.</param>
    /// <param name="stream">The number given to <see cref="Publish"/>, before or after.</param>
    void Watch(MediaSession session, long stream);

    /// <summary>Takes a session out of its stream.</summary>
    /// <param name="session">One that is in no stream is left alone.</param>
    void LeaveStream(MediaSession session);

    /// <summary>Counters of a session; a snapshot that may be some packets old.</summary>
    /// <param name="session">An open session.</param>
    MediaStatistics Statistics(MediaSession session);

    /// <summary>Counters of the whole plane.</summary>
    MediaPlaneStatistics PlaneStatistics { get; }

    /// <summary>Ends a session; its ports return to the pool when the loop has closed them. Playbacks and recordings end with events.</summary>
    /// <param name="session">A closed one is ignored.</param>
    void Close(MediaSession session);
}

/// <summary>Names one media session; a handle that is reused gets a new generation.</summary>
/// <param name="Index">Position in the table.</param>
/// <param name="Generation">1 and up; 0 is no session.</param>
/// <param name="RtpPort">The local RTP port.</param>
/// <param name="RtcpPort">The local RTCP port; the same as <paramref name="RtpPort"/> on a shared WebRTC port.</param>
public readonly record struct MediaSession(int Index, uint Generation, ushort RtpPort, ushort RtcpPort)
{
    /// <summary>Source (SSRC) of the audio that it sends.</summary>
    public uint AudioSource { get; init; }

    /// <summary>Source of the video that it sends.</summary>
    public uint VideoSource { get; init; }

    /// <summary>Whether this names a session at all.</summary>
    public bool IsOpen => Generation != 0;
}

/// <summary>What a new session needs.</summary>
/// <param name="LocalAddress">The concrete local address to bind; never Any.</param>
/// <param name="Near">A session with which this one will be bridged, so that both live on one loop; default for none.</param>
/// <param name="Owner">The caller's number, returned in every event.</param>
public readonly record struct MediaOpen(System.Net.IPAddress LocalAddress, MediaSession Near, long Owner)
{
    /// <summary>Whether the session gets ports of its own or shares its loop's WebRTC port.</summary>
    public MediaTransportKind Kind { get; init; }
}

/// <summary>Something that happened in the media plane.</summary>
/// <param name="Kind">What.</param>
/// <param name="Session">Which session.</param>
/// <param name="Owner">From <see cref="MediaOpen.Owner"/>.</param>
/// <param name="Token">The playback or recording, or 0.</param>
/// <param name="Value">By kind: the digit's character, a <see cref="PlaybackEnd"/>, a <see cref="RecordingEnd"/>, a <see cref="TransportFailure"/>.</param>
/// <param name="Extra">By kind: the digit's duration in ms, the position in samples at <see cref="Rate"/>.</param>
/// <param name="Rate">Sample rate that <paramref name="Extra"/> counts in, Hz, or 0.</param>
public readonly record struct MediaEvent(MediaEventKind Kind, MediaSession Session, long Owner, long Token, int Value, long Extra, int Rate);

/// <summary>Kinds of <see cref="MediaEvent"/>.</summary>
public enum MediaEventKind : byte
{
    /// <summary>A digit was received, by RFC 4733 or in band, exactly once for each press.</summary>
    Dtmf,

    /// <summary>A playback ended.</summary>
    PlaybackDone,

    /// <summary>A recording ended.</summary>
    RecordingDone,

    /// <summary>The first packet of the peer arrived and its address is latched.</summary>
    MediaUp,

    /// <summary>The watched silence was reached.</summary>
    Silence,

    /// <summary>No packet came for <see cref="AudioStream.MediaTimeoutMs"/>.</summary>
    Timeout,

    /// <summary>The transport can carry media: ICE has found the peer, the keys are there, the fingerprint is right. Once for each association.</summary>
    TransportUp,

    /// <summary>The transport cannot come up; <see cref="MediaEvent.Value"/> is a <see cref="TransportFailure"/>. No media passes.</summary>
    TransportFailed,

    /// <summary>The peer's consent ended: no ICE check for 30 seconds (RFC 7675). Checks that come again restore it.</summary>
    TransportLost,

    /// <summary>A member of a room began (<see cref="MediaEvent.Value"/> 1) or ended (0) talking; <see cref="MediaEvent.Extra"/> is its energy, the mean of the absolute 16-bit samples of 20 ms.</summary>
    Talking,
}

/// <summary>How a playback ended.</summary>
public enum PlaybackEnd
{
    /// <summary>Played to its end.</summary>
    Finished,

    /// <summary>Stopped by a control.</summary>
    Stopped,

    /// <summary>Another playback took its place.</summary>
    Replaced,

    /// <summary>The file does not exist.</summary>
    NotFound,

    /// <summary>The file or playback string cannot be read.</summary>
    Failed,

    /// <summary>The session was closed.</summary>
    Closed,
}

/// <summary>How a recording ended.</summary>
public enum RecordingEnd
{
    /// <summary>Stopped by a control or because the session was closed.</summary>
    Stopped,

    /// <summary>The longest time was reached.</summary>
    Limit,

    /// <summary>The file cannot be written.</summary>
    Failed,
}

/// <summary>Controls of a playback.</summary>
public enum PlaybackControl
{
    /// <summary>End it.</summary>
    Stop,

    /// <summary>Pause, or go on when paused.</summary>
    TogglePause,

    /// <summary>To the beginning.</summary>
    Restart,

    /// <summary>To a position, ms.</summary>
    SeekTo,

    /// <summary>Move by ms, clamped at both ends.</summary>
    SeekBy,

    /// <summary>Set the volume step.</summary>
    SetVolume,

    /// <summary>Move the volume by steps.</summary>
    ChangeVolume,

    /// <summary>Set the speed step (−2..2).</summary>
    SetSpeed,

    /// <summary>Move the speed by steps.</summary>
    ChangeSpeed,
}

/// <summary>Controls of a recording.</summary>
public enum RecordingControl
{
    /// <summary>End it.</summary>
    Stop,

    /// <summary>Empty the file and end it.</summary>
    Truncate,

    /// <summary>Write silence instead of the audio.</summary>
    Mask,

    /// <summary>Write the audio again.</summary>
    Unmask,

    /// <summary>Write nothing.</summary>
    Pause,

    /// <summary>Write again.</summary>
    Resume,
}

/// <summary>What is recorded and where to.</summary>
/// <param name="Path">Absolute path of a .wav file; an existing one is replaced.</param>
/// <param name="BothDirections">True: what is received and what is sent (record_session); false: what is received (record).</param>
/// <param name="Stereo">With both directions: received left, sent right; else mixed to mono.</param>
/// <param name="LimitMs">Longest time, ms; 0 for none.</param>
/// <param name="CreateDirectories">Whether missing directories are made.</param>
public readonly record struct RecordingSpec(string Path, bool BothDirections, bool Stereo, int LimitMs, bool CreateDirectories);

/// <summary>What a room member may do.</summary>
[Flags]
public enum RoomFlags
{
    /// <summary>Neither heard nor hearing.</summary>
    None = 0,

    /// <summary>Is heard.</summary>
    Speak = 1,

    /// <summary>Hears.</summary>
    Hear = 2,

    /// <summary>An ordinary member.</summary>
    Both = 3,
}

/// <summary>Counters of one session.</summary>
/// <param name="PacketsReceived">RTP packets accepted.</param>
/// <param name="PacketsSent">RTP packets sent.</param>
/// <param name="BytesReceived">Payload bytes accepted.</param>
/// <param name="BytesSent">Payload bytes sent.</param>
/// <param name="PacketsLost">Cumulative loss by sequence numbers (RFC 3550 §A.3).</param>
/// <param name="PacketsDropped">Packets not accepted: foreign source, unknown payload type, malformed.</param>
/// <param name="JitterMs">Interarrival jitter (RFC 3550 §A.8), ms.</param>
/// <param name="Mos">Estimate by the E-model, 1.0..4.5.</param>
/// <param name="Remote">The latched address, or null.</param>
public sealed record MediaStatistics(long PacketsReceived, long PacketsSent, long BytesReceived, long BytesSent, long PacketsLost, long PacketsDropped, double JitterMs, double Mos, System.Net.IPEndPoint? Remote);

/// <summary>Counters of all media loops together.</summary>
/// <param name="Sessions">Open sessions.</param>
/// <param name="PortsLeased">Ports out of the pool.</param>
/// <param name="PacketsReceived">Since start.</param>
/// <param name="PacketsSent">Since start.</param>
/// <param name="PacketsDropped">Since start.</param>
/// <param name="Backend">The I/O in use, such as <c>epoll</c>.</param>
public sealed record MediaPlaneStatistics(int Sessions, int PortsLeased, long PacketsReceived, long PacketsSent, long PacketsDropped, string Backend);
