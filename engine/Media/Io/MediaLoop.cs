using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Io;

/// <summary>One media thread: waits for packets, commands and ticks, and passes them to its <see cref="MediaCore"/>.</summary>
/// <remarks>
/// A packet is relayed in the wake-up that received it; without anything to generate the loop sleeps until the next packet or report. Under load it lets
/// packets gather for a moment (<see cref="GatherPace"/>).
/// </remarks>
internal sealed partial class MediaLoop : IMediaOutput
{
    private const int MaxReady = 512;
    private const int CommandsPerTurn = 256;
    private const int ClockEvery = 8;

    private readonly MediaEngineOptions _options;
    private readonly PortPool _ports;
    private readonly IMediaPoller _poller;
    private readonly MediaCore _core;
    private readonly CommandRing _commands = new();
    private readonly ReadyPort[] _ready = new ReadyPort[MaxReady];
    private readonly byte[] _packet = new byte[RtpHeader.LongestPacket + 1];
    private readonly Action _wake;
    private readonly Thread _thread;
    private readonly int _number;
    private readonly long _origin;
    private readonly double _usPerTick;
    private MediaLeg?[] _legs = new MediaLeg?[64];
    private GatherPace _pace;
    private long _looked;
    private int _sleeping;
    private bool _stopped;
    private long _received;
    private long _sent;

    /// <summary>A loop with its thread.</summary>
    /// <param name="options">The engine's options.</param>
    /// <param name="io">The network.</param>
    /// <param name="ports">Where ports return to.</param>
    /// <param name="dtls">The engine's DTLS.</param>
    /// <param name="number">Which of the loops.</param>
    /// <param name="start">False when the owner calls <see cref="Turn"/> himself, to measure.</param>
    public MediaLoop(MediaEngineOptions options, IMediaIo io, PortPool ports, IDtlsFactory dtls, int number, bool start = true)
    {
        _options = options;
        _ports = ports;
        _number = number;
        _poller = io.CreatePoller();
        _wake = _poller.Wake;
        _core = new MediaCore(this) { Dtls = dtls };
        _pace = new GatherPace(options.GatherUs);
        _origin = options.Time.GetTimestamp();
        _usPerTick = 1e6 / options.Time.TimestampFrequency;
        _thread = new Thread(Run) { IsBackground = true, Name = $"media-{number}" };
        if (start)
        {
            _thread.Start();
        }
    }

    /// <inheritdoc/>
    public DateTimeOffset UtcNow => _options.Time.GetUtcNow();

    /// <summary>Which of the loops.</summary>
    public int Number => _number;

    /// <summary>Sessions that were given to it; kept by the engine.</summary>
    public int Sessions { get; set; }

    public long Received => Volatile.Read(ref _received);

    public long Sent => Volatile.Read(ref _sent);

    public long Dropped => _core.Dropped;

    /// <summary>Microseconds since the loop was made; never 0, which means never in many places.</summary>
    private long NowUs => 1 + (long)((_options.Time.GetTimestamp() - _origin) * _usPerTick);

    /// <summary>Adds a command. The engine's one caller.</summary>
    public void Post(in MediaCommand command)
    {
        while (!_commands.TryAdd(command))
        {
            _poller.Wake();
            Thread.Yield();
        }

        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) != 0 && _options.DeferWake?.Invoke(_wake) != true)
        {
            _poller.Wake();
        }
    }

    /// <summary>Ends a wait for a leg that another loop has let go.</summary>
    public void Wake() => _poller.Wake();

    /// <summary>Waits for the thread after <see cref="CommandKind.Stop"/> was posted.</summary>
    public void Join()
    {
        _thread.Join();
        _poller.Dispose();
    }

    /// <inheritdoc/>
    public void Send(MediaLeg leg, bool rtcp, ReadOnlySpan<byte> packet, in NetAddress to)
    {
        (rtcp ? leg.RtcpPort : leg.RtpPort)!.Send(packet, to);
        _sent += rtcp ? 0 : 1;
    }

    /// <inheritdoc/>
    public void Connect(MediaLeg leg, in NetAddress to) => leg.RtpPort!.Connect(to);

    /// <inheritdoc/>
    public void Disconnect(MediaLeg leg) => leg.RtpPort!.Disconnect();

    /// <inheritdoc/>
    public void Emit(in MediaEvent mediaEvent) => _options.Events(mediaEvent);

    private void Run()
    {
        if (OperatingSystem.IsLinux())
        {
            ThreadSetup.Apply(_options.Nice, _options.Pin ? _number : -1);
        }

        while (!_stopped)
        {
            try
            {
                Turn();
            }
            catch (Exception fault)
            {
                EndFaulty(fault);
            }
        }
    }

    /// <summary>One wait and all that it brought.</summary>
    internal void Turn()
    {
        var nowUs = NowUs;
        _core.Run(nowUs);
        Obey(nowUs);
        TakeForwarded(nowUs);
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
        var due = _core.DueUs;
        var delayUs = !IsIdle() ? 0 : due == long.MaxValue ? -1 : Math.Max(0, due - NowUs);
        var restUs = _stopped ? 0 : _pace.RestUs(delayUs);
        if (restUs > 0)
        {
            _poller.Rest(restUs);
            delayUs = 0;
        }

        var count = _stopped ? 0 : _poller.Wait(delayUs, due, _ready);
        Volatile.Write(ref _sleeping, 0);
        nowUs = NowUs;
        _pace.Looked(_received - _looked, nowUs);
        _looked = _received;
        for (var i = 0; i < count; i++)
        {
            if (i > 0 && i % ClockEvery == 0)
            {
                nowUs = NowUs;
            }

            if (_ready[i].Leg < 0)
            {
                ReceiveShared(_shared[-_ready[i].Leg - 1], nowUs);
            }
            else if (_legs[_ready[i].Leg] is { } leg)
            {
                Receive(leg, _ready[i].IsRtcp, nowUs);
            }
        }
    }

    /// <summary>Whether no command can be obeyed now.</summary>
    private bool IsIdle() => (!_commands.TryPeek(out var next) || IsBlocked(next)) && !HasWork();

    private static bool IsBlocked(in MediaCommand command) =>
        command.Kind == CommandKind.Adopt && command.Argument is HandOver { IsReleased: false };

    private void Receive(MediaLeg leg, bool isRtcp, long nowUs)
    {
        _core.Current = leg;
        var length = (isRtcp ? leg.RtcpPort : leg.RtpPort)!.Receive(_packet, out var source);
        if (length <= 0)
        {
            return;
        }

        _received += isRtcp ? 0 : 1;
        leg.OnDatagram(_packet.AsSpan(0, length), isRtcp, source, nowUs);
    }

    private void Obey(long nowUs)
    {
        for (var i = 0; i < CommandsPerTurn && _commands.TryPeek(out var command) && !IsBlocked(command); i++)
        {
            _commands.Take();
            Obey(command, nowUs);
        }
    }

    private void Obey(in MediaCommand command, long nowUs)
    {
        switch (command.Kind)
        {
            case CommandKind.Add or CommandKind.Adopt:
                Watch(command.Leg!);
                _core.Execute(command, nowUs);
                break;
            case CommandKind.Release:
                var handOver = ((HandOver, MediaLoop))command.Argument!;
                if (!command.Leg!.IsClosed)
                {
                    Unwatch(command.Leg);
                    _core.Execute(command, nowUs);
                    command.Leg.Loop = handOver.Item2;
                }

                handOver.Item1.Release();
                handOver.Item2.Wake();
                break;
            case CommandKind.Close:
                CloseLeg(command.Leg!, nowUs);
                break;
            case CommandKind.Share:
                Share((SharedPort)command.Argument!);
                break;
            case CommandKind.Stop:
                _stopped = true;
                break;
            default:
                _core.Execute(command, nowUs);
                break;
        }
    }

    private void Watch(MediaLeg leg)
    {
        var index = leg.Session.Index;
        if (leg.IsClosed)
        {
            return;
        }

        if (index >= _legs.Length)
        {
            Array.Resize(ref _legs, Math.Max(index + 1, _legs.Length * 2));
        }

        _legs[index] = leg;
        leg.Loop = this;
        if (leg.Shared is null)
        {
            _ = _poller.Add(leg.RtpPort!, new ReadyPort(index, false));
            _ = _poller.Add(leg.RtcpPort!, new ReadyPort(index, true));
        }
    }

    private void Unwatch(MediaLeg leg)
    {
        if (leg.Shared is null)
        {
            _poller.Remove(leg.RtpPort!);
            _poller.Remove(leg.RtcpPort!);
        }

        _legs[leg.Session.Index] = null;
    }

    private void CloseLeg(MediaLeg leg, long nowUs)
    {
        if (leg.IsClosed)
        {
            return;
        }

        try
        {
            _core.Current = leg;
            leg.Close(nowUs);
        }
        finally
        {
            leg.EndTransport();
            _legs[leg.Session.Index] = null;
            if (leg.Shared is null)
            {
                _poller.Forget(leg.RtpPort!);
                _poller.Forget(leg.RtcpPort!);
                leg.RtpPort!.Dispose();
                leg.RtcpPort!.Dispose();
                _ports.Return(leg.Session.RtpPort);
            }
        }
    }

    /// <summary>A fault in the work for one leg ends that leg and nothing else.</summary>
    private void EndFaulty(Exception fault)
    {
        var leg = _core.Current;
        _core.Current = null;
        try
        {
            _options.Fault?.Invoke(fault, leg?.Session ?? default, leg?.Owner ?? 0);
            if (leg is not null)
            {
                CloseLeg(leg, NowUs);
            }
        }
        catch (Exception)
        {
            // The leg's ports are closed whatever else failed; a second report would say nothing new.
        }
    }
}
