using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Tests.Calls;

/// <summary>A media plane that only remembers what it was told.</summary>
internal sealed class FakeMedia(Action<MediaEvent> events) : IMediaEngine
{
    private int _index;

    public List<string> Journal { get; } = [];

    public Dictionary<int, (MediaSession Session, long Owner)> Open { get; } = [];

    public Dictionary<int, AudioStream> Streams { get; } = [];

    public Dictionary<int, int> Bridges { get; } = [];

    public Dictionary<int, (long Token, string Source)> Playing { get; } = [];

    public Dictionary<int, (long Token, RecordingSpec Spec)> Recording { get; } = [];

    public bool RefuseOpen { get; set; }

    public MediaPlaneStatistics PlaneStatistics => new(Open.Count, Open.Count * 2, 0, 0, 0, "fake");

    public bool TryOpen(in MediaOpen open, out MediaSession session, out string error)
    {
        session = default;
        error = RefuseOpen ? "no RTP port is free" : "";
        if (RefuseOpen)
        {
            return false;
        }

        _index++;
        session = open.Kind == MediaTransportKind.WebRtc
            ? new MediaSession(_index, 1, 10000, 10000)
            : new MediaSession(_index, 1, (ushort)(20000 + (2 * _index)), (ushort)(20001 + (2 * _index)));
        Open[_index] = (session, open.Owner);
        return true;
    }

    public void Configure(MediaSession session, AudioStream stream) => Streams[session.Index] = stream;

    public Dictionary<int, TransportParameters> Transports { get; } = [];

    public DtlsFingerprint LocalFingerprint { get; } = new("sha-256", string.Join(':', Enumerable.Repeat("AB", 32)));

    /// <summary>Sessions whose transport began anew.</summary>
    public HashSet<int> Renewed { get; } = [];

    public void SetTransport(MediaSession session, TransportParameters transport, bool anew = false)
    {
        Transports[session.Index] = transport;
        if (anew)
        {
            Renewed.Add(session.Index);
        }
    }

    public void Report(MediaEventKind kind, MediaSession session, int value, long extra = 0) => events(new MediaEvent(kind, session, Open[session.Index].Owner, 0, value, extra, 0));

    public Dictionary<int, VideoStream?> Videos { get; } = [];

    public void ConfigureVideo(MediaSession session, VideoStream? video) => Videos[session.Index] = video;

    public void Publish(MediaSession session, long stream) => Journal.Add($"publish {session.Index} {stream}");

    public void Watch(MediaSession session, long stream) => Journal.Add($"watch {session.Index} {stream}");

    public void LeaveStream(MediaSession session) => Journal.Add($"leave stream {session.Index}");

    public void RequestKeyFrame(MediaSession session) => Journal.Add($"key frame {session.Index}");

    public string Describe(MediaSession session) => Open.ContainsKey(session.Index) ? "fake media" : "closed";

    public void Bridge(MediaSession a, MediaSession b)
    {
        Bridges[a.Index] = b.Index;
        Bridges[b.Index] = a.Index;
        Journal.Add("bridge");
    }

    public void Unbridge(MediaSession session)
    {
        if (Bridges.Remove(session.Index, out var other))
        {
            Bridges.Remove(other);
            Journal.Add("unbridge");
        }
    }

    public void Play(MediaSession session, long token, string source, long startSample = 0)
    {
        EndPlayback(session.Index, PlaybackEnd.Replaced);
        Playing[session.Index] = (token, source);
        Journal.Add("play " + source);
    }

    public void ControlPlayback(MediaSession session, long token, PlaybackControl control, int value = 0)
    {
        Journal.Add($"control {control} {value}");
        if (control == PlaybackControl.Stop && Playing.TryGetValue(session.Index, out var playing) && playing.Token == token)
        {
            EndPlayback(session.Index, PlaybackEnd.Stopped);
        }
    }

    public void Record(MediaSession session, long token, RecordingSpec recording)
    {
        Recording[session.Index] = (token, recording);
        Journal.Add("record " + Path.GetFileName(recording.Path));
    }

    public void ControlRecording(MediaSession session, long token, RecordingControl control)
    {
        Journal.Add("recording " + control);
        if (control is RecordingControl.Stop or RecordingControl.Truncate && Recording.Remove(session.Index, out var recording))
        {
            events(new MediaEvent(MediaEventKind.RecordingDone, session, Open[session.Index].Owner, recording.Token, (int)RecordingEnd.Stopped, 16000, 8000));
        }
    }

    public void Echo(MediaSession session, int delayMs) => Journal.Add($"echo {delayMs}");

    public void SendDtmf(MediaSession session, char digit, int durationMs) => Journal.Add($"dtmf {session.Index} {digit}");

    public void DetectInbandDtmf(MediaSession session, bool on) => Journal.Add($"inband {on}");

    public void WatchSilence(MediaSession session, int threshold, int silenceMs) => Journal.Add($"silence {threshold} {silenceMs}");

    public void JoinRoom(MediaSession session, long room, RoomFlags flags) => Journal.Add($"join {room} {flags}");

    public void SetRoomFlags(MediaSession session, RoomFlags flags) => Journal.Add($"flags {flags}");

    public void LeaveRoom(MediaSession session) => Journal.Add("leave");

    public MediaStatistics Statistics(MediaSession session) => new(1, 2, 3, 4, 0, 0, 0, 4.4, null);

    public void Close(MediaSession session)
    {
        EndPlayback(session.Index, PlaybackEnd.Closed);
        Unbridge(session);
        Open.Remove(session.Index);
    }

    /// <summary>A digit arrives in RTP.</summary>
    public void Digit(int index, char digit) => events(new MediaEvent(MediaEventKind.Dtmf, Open[index].Session, Open[index].Owner, 0, digit, 100, 0));

    /// <summary>The playback of a session comes to an end.</summary>
    public void EndPlayback(int index, PlaybackEnd end)
    {
        if (Playing.Remove(index, out var playing))
        {
            events(new MediaEvent(MediaEventKind.PlaybackDone, Open[index].Session, Open[index].Owner, playing.Token, (int)end, 8000, 8000));
        }
    }

    public void Dispose()
    {
    }
}

/// <summary>Plugins that only remember commands.</summary>
internal sealed class FakePlugins : IPluginRegistry
{
    public List<LegCommand> Commands { get; } = [];

    public IReadOnlyList<PluginStatus> Status => [new("sip", "1.0.0", "running", 1, 0, 0, 0, [], new Dictionary<string, long>())];

    public bool Dispatch(string endpoint, LegCommand command)
    {
        Commands.Add(command);
        return endpoint == "sofia";
    }

    public bool Serves(string endpoint) => endpoint == "sofia";

    public bool TryApi(string command, string commandLine, Action<string> onReply)
    {
        if (command != "sofia")
        {
            return false;
        }

        onReply("reply to " + commandLine);
        return true;
    }

    public MediaProfile MediaOf(string endpoint) => MediaProfile.Rtp;

    /// <summary>Text messages that were to be delivered, with what is to be told of each.</summary>
    public List<(TextMessage Message, DialTarget Target, Action<int, string> OnResult)> Messages { get; } = [];

    public bool TryMessage(TextMessage message, DialTarget target, Action<int, string> onResult)
    {
        if (target.Endpoint is not ("sofia" or "verto.rtc"))
        {
            return false;
        }

        Messages.Add((message, target, onResult));
        return true;
    }

    public Task<SwapResult> SwapAsync(string name, string? directory, CancellationToken cancellationToken) =>
        Task.FromResult(new SwapResult(true, "", TimeSpan.Zero));
}

/// <summary>A script host whose scripts are the test itself.</summary>
internal sealed class FakeScripts(IScriptPort port) : IScriptEngine
{
    private int _sequence;

    public IScriptPort Port => port;

    public List<ScriptStart> Started { get; } = [];

    public Dictionary<OpToken, OpResult> Completed { get; } = [];

    public List<(OpToken Token, ScriptInput Input)> Inputs { get; } = [];

    public List<(ScriptRunId Run, string Reason)> Gone { get; } = [];

    public ScriptStatistics Statistics => new(0, 0, 0, 0, 0, 0);

    public void Start(ScriptStart start) => Started.Add(start);

    public void Complete(OpToken token, OpResult result) => Completed.Add(token, result);

    public void Input(OpToken token, ScriptInput input) => Inputs.Add((token, input));

    public void LegGone(ScriptRunId run, string reason) => Gone.Add((run, reason));

    public void Kill(ScriptRunId run, string reason)
    {
    }

    public string? Check(string path) => null;

    public HashSet<string> Missing { get; } = [];

    public bool Exists(string name) => !Missing.Contains(name);

    public IReadOnlyList<string> Reload() => [];

    /// <summary>What a script does when it calls a blocking method.</summary>
    public OpToken Begin(ScriptStart run, ScriptOp op, params string?[] args) => Begin(run, run.Leg, op, wantsInput: false, args);

    public OpToken Begin(ScriptStart run, LegId leg, ScriptOp op, bool wantsInput, params string?[] args)
    {
        var token = new OpToken(run.Run, ++_sequence);
        port.Begin(token, leg, op, args, wantsInput);
        return token;
    }

    public void Dispose()
    {
    }
}

internal sealed class FakeCdr : ICdrJournal
{
    public List<CdrRecord> Opened { get; } = [];

    public List<CdrRecord> Closed { get; } = [];

    public void Open(CdrRecord record) => Opened.Add(record);

    public void Close(CdrRecord record) => Closed.Add(record);

    public Task FlushAsync() => Task.CompletedTask;
}

internal sealed class FakeDirectory : ISwitchDirectory
{
    public Dictionary<string, DirectoryUser> ByNumber { get; } = new[] { "1000", "1001", "1002" }
        .ToDictionary(n => n, n => new DirectoryUser(n, "test.local", "", "") { CallerIdName = "User " + n });

    public List<Registration> Bindings { get; } = [];

    public string Domain => "test.local";

    public IReadOnlyList<DirectoryUser> Users => [.. ByNumber.Values];

    public IReadOnlyList<Registration> AllRegistrations => Bindings;

    public bool IsLocalDomain(string domain) => domain == Domain;

    public DirectoryUser? FindUser(string number, string domain) => domain == Domain ? ByNumber.GetValueOrDefault(number) : null;

    public TokenGrant? FindToken(string token) => null;

    public (string Token, TokenGrant Grant)? IssueToken(TokenRequest request) => null;

    public TokenGrant? UseToken(string token) => null;

    public TokenKind KindOf(string token) => TokenKind.Extension;

    public void RevokeToken(string token)
    {
    }

    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        outcome = RegisterOutcome.Accepted;
        return Registrations(user);
    }

    public IReadOnlyList<Registration> Registrations(DirectoryUser user) => [.. Bindings.Where(b => b.Number == user.Number)];

    public void RemoveFlow(ConnectionId connection)
    {
    }

    public IReadOnlyList<string> GroupMembers(string group) => group == "sales" ? ["1000", "1001"] : [];

    public void AddBinding(string number, int port, MediaProfile media = MediaProfile.Rtp) =>
        Bindings.Add(new Registration(number, Domain, "sofia", "internal", $"sip:{number}@127.0.0.1:{port}") { Remote = new IPEndPoint(IPAddress.Loopback, port), Media = media });
}

internal sealed class FakeEvents : IEventBus
{
    public List<SwitchEvent> Published { get; } = [];

    public bool IsWanted(string name) => true;

    public void Publish(SwitchEvent switchEvent) => Published.Add(switchEvent);

    /// <summary>Where subscriptions are kept; what a test publishes there reaches them.</summary>
    public EventBus Bus { get; } = new();

    public IEventSubscription Subscribe(IReadOnlyCollection<string> names, int capacity, Action? onQueued = null) => Bus.Subscribe(names, capacity, onQueued);
}
