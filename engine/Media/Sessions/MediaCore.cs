using XSwitchEngine.Media.Dtls;

namespace XSwitchEngine.Media.Sessions;

/// <summary>All legs, bridges and rooms of one media loop: commands, packets and time in, packets and events out.</summary>
/// <remarks>Time is in microseconds of a clock that never goes back. One thread only.</remarks>
internal sealed class MediaCore(IMediaOutput output)
{
    private const int ScratchLength = 2048;
    private const int MixLength = 4 * 960; // two mono frames and a stereo one at 48 kHz

    private readonly TickWheel _ticks = new();
    private readonly CoarseTimers _timers = new();
    private readonly Dictionary<long, Room> _rooms = [];
    private readonly Dictionary<long, StreamHub> _hubs = [];
    private readonly byte[] _scratch = new byte[ScratchLength];
    private readonly byte[] _wire = new byte[ScratchLength];
    private readonly short[] _mix = new short[MixLength];
    private long _nowUs;

    public IMediaOutput Output { get; } = output;

    /// <summary>Room for one packet that is being made.</summary>
    public Span<byte> Scratch => _scratch;

    /// <summary>Room for one packet that is being protected.</summary>
    public Span<byte> Wire => _wire;

    /// <summary>The DTLS of this engine.</summary>
    public required IDtlsFactory Dtls { get; init; }

    /// <summary>Room for the frames of a recording.</summary>
    public Span<short> Mix => _mix;

    /// <summary>The leg that is being worked for: the one to end when that fails.</summary>
    public MediaLeg? Current { get; set; }

    /// <summary>Packets not accepted.</summary>
    public long Dropped { get; set; }

    /// <summary>Spare packet buffers of all jitter buffers.</summary>
    public Stack<byte[]> PacketBuffers { get; } = new();

    /// <summary>The time of what is being done.</summary>
    public long NowUs => _nowUs;

    /// <summary>When <see cref="Run"/> is due; <see cref="long.MaxValue"/> while nothing is.</summary>
    public long DueUs => Math.Min(_ticks.DueUs, _timers.DueUs);

    /// <summary>Obeys a command; <see cref="CommandKind.Adopt"/> and <see cref="CommandKind.Stop"/> are the loop's own.</summary>
    public void Execute(in MediaCommand command, long nowUs)
    {
        _nowUs = nowUs;
        if (command.Leg is not { IsClosed: false } leg)
        {
            EndUnbegun(command);
            return;
        }

        Current = leg;

        switch (command.Kind)
        {
            case CommandKind.Add or CommandKind.Adopt:
                leg.Core = this;
                leg.OnArrival(nowUs);
                break;
            case CommandKind.Configure:
                leg.Configure((AudioStream)command.Argument!, nowUs);
                break;
            case CommandKind.ConfigureVideo:
                leg.ConfigureVideo((VideoStream?)command.Argument, nowUs);
                break;
            case CommandKind.RequestKeyFrame:
                leg.RequestKeyFrame(nowUs);
                break;
            case CommandKind.SetTransport:
                leg.SetTransport((TransportParameters)command.Argument!, command.Value != 0, nowUs);
                break;
            case CommandKind.Bridge when command.Argument is MediaLeg { IsClosed: false } other && other != leg:
                _ = new Bridge(leg, other);
                break;
            case CommandKind.Unbridge:
                leg.Bridge?.End();
                break;
            case CommandKind.Play:
                leg.Play((Audio.Playback)command.Argument!);
                break;
            case CommandKind.ControlPlayback:
                leg.ControlPlayback(command.Number, (PlaybackControl)command.Value, command.Extra);
                break;
            case CommandKind.Record:
                leg.Record((Recording)command.Argument!);
                break;
            case CommandKind.ControlRecording:
                leg.ControlRecording(command.Number, (RecordingControl)command.Value);
                break;
            case CommandKind.Echo:
                leg.SetEcho(command.Value);
                break;
            case CommandKind.SendDigit:
                leg.SendDigit((char)command.Value, command.Extra);
                break;
            case CommandKind.Detect:
                leg.Detect(command.Value != 0);
                break;
            case CommandKind.WatchSilence:
                leg.WatchSilence(command.Value, command.Extra);
                break;
            case CommandKind.JoinRoom:
                Join(leg, command.Number, (RoomFlags)command.Value);
                break;
            case CommandKind.SetRoomFlags when leg.Room is not null:
                leg.RoomFlags = (RoomFlags)command.Value;
                leg.ArrangeAll();
                break;
            case CommandKind.LeaveRoom:
                leg.Room?.Remove(leg);
                break;
            case CommandKind.Publish:
                FindHub(command.Number).Publish(leg);
                break;
            case CommandKind.Watch:
                FindHub(command.Number).Watch(leg);
                break;
            case CommandKind.LeaveStream:
                leg.Hub?.Leave(leg);
                break;
            case CommandKind.Close:
                leg.Close(nowUs);
                break;
            case CommandKind.Release:
                Release(leg);
                break;
            case CommandKind.Bridge or CommandKind.SetRoomFlags or CommandKind.Stop:
            default:
                break;
        }
    }

    /// <summary>Does all that is due.</summary>
    public void Run(long nowUs)
    {
        _nowUs = nowUs;
        if (nowUs >= _ticks.DueUs)
        {
            _ticks.Run(nowUs);
        }

        if (nowUs >= _timers.DueUs)
        {
            _timers.Run(nowUs);
        }
    }

    public void SetTicking(ITicker ticker, bool on)
    {
        if (on && ticker.Slot < 0)
        {
            _ticks.Add(ticker, _nowUs);
        }
        else if (!on)
        {
            StopTicks(ticker);
        }
    }

    public void StopTicks(ITicker ticker)
    {
        if (ticker.Slot >= 0)
        {
            _ticks.Remove(ticker);
        }
    }

    public void SetTimer(MediaLeg leg, long dueUs) => _timers.Set(leg, dueUs, _nowUs);

    public void CancelTimer(MediaLeg leg) => _timers.Cancel(leg);

    public void RemoveRoom(Room room) => _rooms.Remove(room.Id);

    public void AddHub(StreamHub hub) => _hubs[hub.Id] = hub;

    public void RemoveHub(StreamHub hub) => _hubs.Remove(hub.Id);

    /// <summary>What was begun on a leg that is gone ends at once, so that its one event still comes.</summary>
    private void EndUnbegun(in MediaCommand command)
    {
        if (command.Argument is Recording recording)
        {
            recording.Control(RecordingControl.Stop);
        }
        else if (command is { Leg: { } leg, Argument: Audio.Playback playback })
        {
            playback.Finish(PlaybackEnd.Closed);
            Output.Emit(new MediaEvent(MediaEventKind.PlaybackDone, leg.Session, leg.Owner, playback.Token, (int)PlaybackEnd.Closed, 0, 0));
        }
    }

    private void Join(MediaLeg leg, long id, RoomFlags flags)
    {
        if (leg.Room?.Id == id)
        {
            leg.RoomFlags = flags;
            leg.ArrangeAll();
            return;
        }

        leg.Detach();
        if (!_rooms.TryGetValue(id, out var room))
        {
            _rooms.Add(id, room = new Room(id, this));
        }

        room.Add(leg, flags);
    }

    private StreamHub FindHub(long id) => _hubs.TryGetValue(id, out var hub) ? hub : new StreamHub(id, this);

    private void Release(MediaLeg leg)
    {
        leg.Detach();
        leg.OnDeparture();
        StopTicks(leg);
        _timers.Cancel(leg);
        leg.Core = null;
    }
}
