using System.Net;
using System.Security.Cryptography;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The host as one instance of a plugin sees it. Revocable; what a call does depends on <see cref="Mode"/>.</summary>
/// <remarks>Called within a callback on the slot's loop. A call from elsewhere (a thread or timer that the plugin should not have) is counted and ignored.</remarks>
internal sealed class InstanceHost : IPluginHost
{
    private readonly InstanceCalls _calls;
    private readonly InstanceDirectory _directory;
    private List<Action>? _held;
    private bool _isInCall;

    public InstanceHost(PluginSlot slot, string options, IReadOnlyList<ListenerInfo> listeners, InstanceMode mode)
    {
        Slot = slot;
        Options = options;
        Listeners = listeners;
        Mode = mode;
        Now = slot.Loop.Now;
        _calls = new InstanceCalls(this);
        _directory = new InstanceDirectory(this);
    }

    /// <summary>What becomes of outputs.</summary>
    public InstanceMode Mode { get; set; }

    /// <summary>In a trial where answers are written, in a replay where they come from; live, after a roll-back, what must not be done twice.</summary>
    public EventRecord? Record { get; set; }

    public DateTimeOffset Now { get; private set; }

    public string Options { get; set; }

    public IReadOnlyList<ListenerInfo> Listeners { get; set; }

    public ICallCore Calls => _calls;

    public IDirectory Directory => _directory;

    internal PluginSlot Slot { get; }

    /// <summary>Whether the call comes from within a callback of this instance, or the instance is a dry run (which nobody else can reach).</summary>
    private InstanceMode Active
    {
        get
        {
            if (Mode is InstanceMode.DryRun or InstanceMode.Revoked || (_isInCall && Slot.Loop.IsCurrent))
            {
                return Mode;
            }

            Slot.OnStrayCall();
            return InstanceMode.Revoked;
        }
    }

    /// <summary>A callback begins.</summary>
    public void Enter(DateTimeOffset now)
    {
        Now = now;
        _isInCall = true;
    }

    /// <summary>A callback has ended.</summary>
    public void Leave() => _isInCall = false;

    /// <summary>Lets the held outputs take effect.</summary>
    public void CommitHeld()
    {
        if (_held is { Count: > 0 } held)
        {
            _held = null;
            foreach (var action in held)
            {
                action();
            }
        }
    }

    /// <summary>Forgets the held outputs: the event failed.</summary>
    public void DiscardHeld() => _held = null;

    public void Random(Span<byte> buffer)
    {
        switch (Active)
        {
            case InstanceMode.Live:
                Slot.Random.Fill(buffer);
                break;
            case InstanceMode.Trial:
                Slot.Random.Fill(buffer);
                Record?.Random.Add(true, buffer.ToArray());
                break;
            case InstanceMode.Replay when Record!.Random.TryTake(true, out var bytes) && bytes.Length == buffer.Length:
                bytes.CopyTo(buffer);
                break;
            case InstanceMode.Replay:
            case InstanceMode.DryRun:
            case InstanceMode.Revoked:
            default:
                RandomNumberGenerator.Fill(buffer);
                break;
        }
    }

    public void SendDatagram(ListenerId listener, IPEndPoint to, ReadOnlySpan<byte> data)
    {
        switch (Active)
        {
            case InstanceMode.Live:
                Slot.Transports.SendDatagram(listener, to, data);
                break;
            case InstanceMode.Trial:
                HoldDatagram(listener, to, data.ToArray());
                break;
            case InstanceMode.Revoked:
            case InstanceMode.DryRun:
            case InstanceMode.Replay:
            default:
                break;
        }
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> data)
    {
        switch (Active)
        {
            case InstanceMode.Live:
                Slot.Transports.Send(connection, data);
                break;
            case InstanceMode.Trial:
                HoldSend(connection, data.ToArray());
                break;
            case InstanceMode.Revoked:
            case InstanceMode.DryRun:
            case InstanceMode.Replay:
            default:
                break;
        }
    }

    public ConnectionId Connect(ListenerId listener, IPEndPoint to)
    {
        var mode = Active;
        if (mode == InstanceMode.Replay && Record!.Connections.TryTake(to, out var id))
        {
            return id;
        }

        id = Slot.Transports.NextConnectionId();
        if (mode == InstanceMode.Trial)
        {
            Record?.Connections.Add(to, id);
        }

        Do(mode, () => Slot.Transports.Connect(id, listener, to), alsoInReplay: true);
        return id;
    }

    public void Close(ConnectionId connection) => Do(Active, () => Slot.Transports.Close(connection), alsoInReplay: true);

    public TimerId SetTimer(long key, TimeSpan due)
    {
        var mode = Active;
        switch (mode)
        {
            case InstanceMode.Live:
                var live = Slot.NextTimer();
                Slot.Timers.Set(live, key, due);
                return live;
            case InstanceMode.Trial:
                var tried = Slot.NextTimer();
                Record?.Timers.Add(key, tried);
                HoldTimer(tried, key, due);
                return tried;
            case InstanceMode.Replay when Record!.Timers.TryTake(key, out var given):
                Slot.Timers.Adopt(given);
                return given;
            case InstanceMode.Replay:
                var late = Slot.NextTimer();
                Slot.Timers.SetInReplay(late, key, due - (Slot.Loop.Now - Now));
                return late;
            case InstanceMode.Revoked:
            case InstanceMode.DryRun:
            default:
                return Slot.NextTimer();
        }
    }

    public void CancelTimer(TimerId timer)
    {
        switch (Active)
        {
            case InstanceMode.Live:
                Slot.Timers.Cancel(timer);
                break;
            case InstanceMode.Trial:
                HoldCancel(timer);
                break;
            case InstanceMode.Replay:
                Slot.Timers.CancelInReplay(timer);
                break;
            case InstanceMode.Revoked:
            case InstanceMode.DryRun:
            default:
                break;
        }
    }

    public void Resolve(long key, string hostName)
    {
        var mode = Active;
        if (mode == InstanceMode.Replay && Record!.Lookups.TryTake((key, hostName), out _))
        {
            return;
        }

        if (mode == InstanceMode.Trial)
        {
            Record?.Lookups.Add((key, hostName), true);
        }

        Do(mode, () => Slot.Resolver.Resolve(key, hostName), alsoInReplay: true);
    }

    public void CompleteApi(long key, string reply) => Do(Active, () => Slot.Api.Complete(key, reply), alsoInReplay: true);

    public void Count(string name, long delta = 1)
    {
        var mode = Active;
        if (mode == InstanceMode.Live)
        {
            Slot.Metrics.Count(name, delta);
        }
        else if (mode == InstanceMode.Trial)
        {
            HoldCount(name, delta);
        }
    }

    public void Gauge(string name, long value)
    {
        if (Active is InstanceMode.Live or InstanceMode.Trial or InstanceMode.Replay)
        {
            Slot.Metrics.Gauge(name, value);
        }
    }

    public bool IsLogged(PluginLogLevel level) => Mode is InstanceMode.Live or InstanceMode.Trial && Slot.Log.IsLogged(level);

    public void Log(PluginLogLevel level, LegId leg, string message)
    {
        if (Active is InstanceMode.Live or InstanceMode.Trial)
        {
            Slot.Log.Write(level, leg, message);
        }
    }

    public void Security(string what, IPEndPoint source, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var mode = Active;
        if (mode is InstanceMode.Live or InstanceMode.Trial)
        {
            var line = SecurityLine.Format(Now, what, source, fields);
            Do(mode, () => Slot.Security(line), alsoInReplay: false);
        }
    }

    /// <summary>The mode of a call that comes through <see cref="Calls"/> or <see cref="Directory"/>.</summary>
    internal InstanceMode Check() => Active;

    internal void Hold(Action output) => (_held ??= []).Add(output);

    internal void Do(InstanceMode mode, Action output, bool alsoInReplay)
    {
        if (mode == InstanceMode.Live || (mode == InstanceMode.Replay && alsoInReplay))
        {
            output();
        }
        else if (mode == InstanceMode.Trial)
        {
            Hold(output);
        }
    }

    // Methods of their own: a closure would else be allocated at the entry of the method that has one, also when live.
    private void HoldDatagram(ListenerId listener, IPEndPoint to, byte[] data) => Hold(() => Slot.Transports.SendDatagram(listener, to, data));

    private void HoldSend(ConnectionId connection, byte[] data) => Hold(() => Slot.Transports.Send(connection, data));

    private void HoldTimer(TimerId timer, long key, TimeSpan due) => Hold(() => Slot.Timers.Set(timer, key, due));

    private void HoldCancel(TimerId timer) => Hold(() => Slot.Timers.Cancel(timer));

    private void HoldCount(string name, long delta) => Hold(() => Slot.Metrics.Count(name, delta));
}
