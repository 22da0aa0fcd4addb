using System.Net;
using System.Security.Cryptography;
using XSwitchEngine.Media.Audio;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Files;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media;

/// <summary>The media plane: port leases, media loops and the table of sessions.</summary>
/// <remarks>All members are for one caller at a time, the core loop.</remarks>
public sealed partial class MediaEngine : IMediaEngine
{
    private readonly MediaEngineOptions _options;
    private readonly IMediaIo _io;
    private readonly PortPool _ports;
    private readonly MediaLoop[] _loops;
    private readonly MediaFiles _files = new();
    private readonly DtlsCertificate _certificate;
    private readonly IDtlsFactory _dtls;
    private readonly Thread? _warmUp;
    private readonly Dictionary<(int Loop, IPAddress Address), SharedPort> _shared = [];
    private readonly List<Entry> _table = [];
    private readonly Stack<int> _free = new();
    private readonly Dictionary<long, RoomPlace> _rooms = [];
    private readonly byte[] _random = new byte[512];
    private int _randomUsed = 512;
    private int _open;
    private bool _disposed;

    /// <summary>Starts the media loops.</summary>
    /// <param name="options">The set-up.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public MediaEngine(MediaEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var pairs = (options.PortEnd - options.PortStart - (options.PortStart & 1) + 1) / 2;
        if (options.PortStart is < 1 or > 65534 || options.PortEnd > 65535 || pairs < 1)
        {
            throw new ArgumentException($"RTP ports {options.PortStart}-{options.PortEnd} hold no pair of an even port and the next one", nameof(options));
        }

        if (options.Loops is < 1 or > 64)
        {
            throw new ArgumentException($"{options.Loops} media loops, 1 to 64 are possible", nameof(options));
        }

        if (options.GatherUs is < 0 or > 5000)
        {
            throw new ArgumentException($"{options.GatherUs} µs of gathering, 0 to 5000 are possible", nameof(options));
        }

        if (options.WebRtcPort is < 0 or > 65535 || options.WebRtcPort + options.Loops > 65536)
        {
            throw new ArgumentException($"WebRTC ports from {options.WebRtcPort} on, one for each of {options.Loops} loops, are not possible", nameof(options));
        }

        _options = options;
        _certificate = DtlsCertificate.Create(options.Time.GetUtcNow(), Random(stackalloc byte[16]));
        _dtls = !options.ManagedDtls && OpenSslDtls.IsAvailable() ? new OpenSslDtls(_certificate) : new ManagedDtls(_certificate);
        _io = !options.PortableSockets && EpollIo.IsAvailable() ? new EpollIo(options.TrafficClass) : new ManagedIo(options.TrafficClass);
        _ports = new PortPool(_io, options.PortStart, options.PortEnd, BitConverter.ToUInt32(Random(stackalloc byte[4])));
        _loops = new MediaLoop[options.Loops];
        for (var i = 0; i < _loops.Length; i++)
        {
            _loops[i] = new MediaLoop(options, _io, _ports, _dtls, i);
        }

        if (options.WarmUp)
        {
            _warmUp = DtlsWarmUp.Begin(_dtls);
        }
    }

    /// <inheritdoc/>
    public DtlsFingerprint LocalFingerprint => _certificate.Fingerprint;

    /// <inheritdoc/>
    public MediaPlaneStatistics PlaneStatistics
    {
        get
        {
            long received = 0, sent = 0, dropped = 0;
            foreach (var loop in _loops)
            {
                received += loop.Received;
                sent += loop.Sent;
                dropped += loop.Dropped;
            }

            return new MediaPlaneStatistics(_open, _ports.Leased, received, sent, dropped, _io.Name);
        }
    }

    /// <inheritdoc/>
    public bool TryOpen(in MediaOpen open, out MediaSession session, out string error)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        session = default;
        if (open.LocalAddress.Equals(IPAddress.Any) || open.LocalAddress.Equals(IPAddress.IPv6Any))
        {
            error = "media wants a concrete local address";
            return false;
        }

        var loop = Find(open.Near) is { } near ? near.Loop! : LeastLoaded();
        SharedPort? shared = null;
        MediaPort? rtp, rtcp = null;
        if (open.Kind != MediaTransportKind.WebRtc)
        {
            if (!_ports.TryLease(NetAddress.From(open.LocalAddress, 0), out rtp, out rtcp, out _, out error))
            {
                return false;
            }
        }
        else if (TryShare(loop, open.LocalAddress, out shared, out error))
        {
            rtp = shared.Port;
        }
        else
        {
            return false;
        }

        if (!_free.TryPop(out var index))
        {
            index = _table.Count;
            _table.Add(new Entry());
        }

        var entry = _table[index];
        entry.Generation = entry.Generation == uint.MaxValue ? 1 : entry.Generation + 1;
        session = new MediaSession(index, entry.Generation, rtp.Number, rtcp?.Number ?? rtp.Number);
        entry.Leg = new MediaLeg(session, open.Owner, Random(stackalloc byte[10])) { RtpPort = rtp, RtcpPort = rtcp, Shared = shared };
        session = entry.Leg.Session;
        entry.Loop = loop;
        entry.Loop.Sessions++;
        entry.Room = 0;
        _open++;
        entry.Loop.Post(new MediaCommand(CommandKind.Add, entry.Leg));
        return true;
    }

    /// <inheritdoc/>
    public void Configure(MediaSession session, AudioStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Post(session, CommandKind.Configure, stream);
    }

    /// <inheritdoc/>
    public void ConfigureVideo(MediaSession session, VideoStream? video) => Post(session, CommandKind.ConfigureVideo, video);

    /// <inheritdoc/>
    public void RequestKeyFrame(MediaSession session) => Post(session, CommandKind.RequestKeyFrame);

    /// <inheritdoc/>
    public void SetTransport(MediaSession session, TransportParameters transport, bool anew = false)
    {
        ArgumentNullException.ThrowIfNull(transport);
        Post(session, CommandKind.SetTransport, transport, 0, anew ? 1 : 0);
    }

    /// <inheritdoc/>
    public string Describe(MediaSession session) => Find(session)?.Leg!.Describe() ?? "closed";

    /// <inheritdoc/>
    public void Bridge(MediaSession a, MediaSession b)
    {
        if (Find(a) is { } first && Find(b) is { } second && first != second)
        {
            Leave(first);
            Leave(second);
            Move(second, first.Loop!);
            first.Loop!.Post(new MediaCommand(CommandKind.Bridge, first.Leg, second.Leg));
        }
    }

    /// <inheritdoc/>
    public void Unbridge(MediaSession session) => Post(session, CommandKind.Unbridge);

    /// <inheritdoc/>
    public void Play(MediaSession session, long token, string source, long startSample = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Find(session) is not { } entry)
        {
            _options.Events(new MediaEvent(MediaEventKind.PlaybackDone, session, 0, token, (int)PlaybackEnd.Closed, 0, 0));
            return;
        }

        if (!PlaybackSource.TryParse(source, out var items, out _))
        {
            items = [];
        }
        else if (startSample > 0 && items[0].Kind == SourceKind.File)
        {
            items[0] = items[0] with { StartSample = startSample };
        }

        var playback = new Playback(token, items, _files.Add, BitConverter.ToUInt32(Random(stackalloc byte[4])));
        entry.Loop!.Post(new MediaCommand(CommandKind.Play, entry.Leg, playback));
    }

    /// <inheritdoc/>
    public void ControlPlayback(MediaSession session, long token, PlaybackControl control, int value = 0) =>
        Post(session, CommandKind.ControlPlayback, null, token, (int)control, value);

    /// <inheritdoc/>
    public void Record(MediaSession session, long token, RecordingSpec recording)
    {
        if (Find(session) is not { Leg: { } leg } entry)
        {
            _options.Events(new MediaEvent(MediaEventKind.RecordingDone, session, 0, token, (int)RecordingEnd.Stopped, 0, 0));
            return;
        }

        var events = _options.Events;
        var channels = recording is { BothDirections: true, Stereo: true } ? 2 : 1;
        var file = new WavRecorder(recording.Path, recording.CreateDirectories, channels, ended =>
            events(new MediaEvent(MediaEventKind.RecordingDone, leg.Session, leg.Owner, token, (int)ended.End, ended.Frames, ended.RateHz)));
        _files.Add(file);
        entry.Loop!.Post(new MediaCommand(CommandKind.Record, leg, new Recording(token, recording, file)));
    }

    /// <inheritdoc/>
    public void ControlRecording(MediaSession session, long token, RecordingControl control) =>
        Post(session, CommandKind.ControlRecording, null, token, (int)control);

    /// <inheritdoc/>
    public void Echo(MediaSession session, int delayMs) => Post(session, CommandKind.Echo, null, 0, delayMs);

    /// <inheritdoc/>
    public void SendDtmf(MediaSession session, char digit, int durationMs) =>
        Post(session, CommandKind.SendDigit, null, 0, digit, durationMs);

    /// <inheritdoc/>
    public void DetectInbandDtmf(MediaSession session, bool on) => Post(session, CommandKind.Detect, null, 0, on ? 1 : 0);

    /// <inheritdoc/>
    public void WatchSilence(MediaSession session, int threshold, int silenceMs) =>
        Post(session, CommandKind.WatchSilence, null, 0, threshold, silenceMs);

    /// <inheritdoc/>
    public void JoinRoom(MediaSession session, long room, RoomFlags flags)
    {
        if (Find(session) is not { } entry)
        {
            return;
        }

        Enter(entry, room);
        entry.Loop!.Post(new MediaCommand(CommandKind.JoinRoom, entry.Leg, null, room, (int)flags));
    }

    /// <inheritdoc/>
    public void SetRoomFlags(MediaSession session, RoomFlags flags) => Post(session, CommandKind.SetRoomFlags, null, 0, (int)flags);

    /// <inheritdoc/>
    public void LeaveRoom(MediaSession session)
    {
        if (Find(session) is { Room: > 0 } entry)
        {
            Leave(entry);
            entry.Loop!.Post(new MediaCommand(CommandKind.LeaveRoom, entry.Leg));
        }
    }

    /// <inheritdoc/>
    public void Publish(MediaSession session, long stream) => EnterStream(session, CommandKind.Publish, stream);

    /// <inheritdoc/>
    public void Watch(MediaSession session, long stream) => EnterStream(session, CommandKind.Watch, stream);

    /// <inheritdoc/>
    public void LeaveStream(MediaSession session)
    {
        if (Find(session) is { Room: < 0 } entry)
        {
            Leave(entry);
            entry.Loop!.Post(new MediaCommand(CommandKind.LeaveStream, entry.Leg));
        }
    }

    /// <inheritdoc/>
    public MediaStatistics Statistics(MediaSession session) =>
        Find(session)?.Leg!.Statistics() ?? new MediaStatistics(0, 0, 0, 0, 0, 0, 0, 1, null);

    /// <inheritdoc/>
    public void Close(MediaSession session)
    {
        if (Find(session) is not { } entry)
        {
            return;
        }

        Leave(entry);
        entry.Loop!.Post(new MediaCommand(CommandKind.Close, entry.Leg));
        entry.Loop.Sessions--;
        entry.Leg = null;
        entry.Loop = null;
        _free.Push(session.Index);
        _open--;
    }

    /// <summary>Closes all sessions and ends the loops.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (var entry in _table)
        {
            entry.Loop?.Post(new MediaCommand(CommandKind.Close, entry.Leg));
        }

        foreach (var loop in _loops)
        {
            loop.Post(new MediaCommand(CommandKind.Stop, null));
            loop.Wake();    // at once: the caller waits for the loop
        }

        foreach (var loop in _loops)
        {
            loop.Join();
        }

        foreach (var shared in _shared.Values)
        {
            shared.Port.Dispose();
        }

        _files.Dispose();
        _warmUp?.Join();
        _dtls.Dispose();
    }

    /// <summary>Fills a buffer with bytes that nobody can foresee, for sources, sequence numbers and ports; drawn in blocks, for the source locks and calls the system.</summary>
    private Span<byte> Random(Span<byte> buffer)
    {
        if (_randomUsed + buffer.Length > _random.Length)
        {
#pragma warning disable RS0030 // this is the owner that gives the sessions their randomness
            RandomNumberGenerator.Fill(_random);
#pragma warning restore RS0030
            _randomUsed = 0;
        }

        var taken = _random.AsSpan(_randomUsed, buffer.Length);
        taken.CopyTo(buffer);
        taken.Clear();
        _randomUsed += buffer.Length;
        return buffer;
    }

    private Entry? Find(MediaSession session) =>
        session.Generation != 0 && (uint)session.Index < (uint)_table.Count && _table[session.Index] is { Leg: not null } entry && entry.Generation == session.Generation
            ? entry
            : null;

    private void Post(MediaSession session, CommandKind kind, object? argument = null, long number = 0, int value = 0, int extra = 0)
    {
        if (Find(session) is { } entry)
        {
            entry.Loop!.Post(new MediaCommand(kind, entry.Leg, argument, number, value, extra));
        }
    }
}
