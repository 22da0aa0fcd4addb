using System.Net;
using System.Security.Cryptography;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The host as one instance of a plugin sees it. Revocable; what a call does depends on <see cref="Mode"/>.</summary>
/// <remarks>Called within a callback on the slot's loop. A call from elsewhere (a thread or timer that the plugin should not have) is counted and ignored.</remarks>
internal sealed partial class InstanceHost : IPluginHost
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

    /// <summary>Where the host's answers to the event under way are written; null when nobody will need them.</summary>
    public EventRecord? Recorder { get; set; }

    /// <summary>What the host answered to another version that handled the same event; it is answered again where the mode asks for it.</summary>
    public EventRecord? Given { get; set; }

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
            case InstanceMode.Live or InstanceMode.Trial:
                Slot.Random.Fill(buffer);
                Recorder?.Random.Add(buffer.Length, buffer.ToArray());
                break;
            case InstanceMode.Replay or InstanceMode.DryRun when Given is not null && Given.Random.TryTake(buffer.Length, out var bytes):
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

    public long QueuedBytes(ConnectionId connection) => Slot.Transports.QueuedBytes(connection);

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

    private ConnectionId Connect(ListenerId listener, IPEndPoint to, string? serverName)
    {
        var mode = Active;
        if (mode is InstanceMode.Replay or InstanceMode.DryRun && Given is not null && Given.Connections.TryTake(to, out var given))
        {
            return given;
        }

        var id = Slot.Transports.NextConnectionId();
        if (mode is InstanceMode.Live or InstanceMode.Trial)
        {
            Recorder?.Connections.Add(to, id);
        }

        Do(mode, () => Slot.Transports.Connect(id, listener, to, serverName), alsoInReplay: true);
        return id;
    }

    public void Close(ConnectionId connection) => Do(Active, () => Slot.Transports.Close(connection), alsoInReplay: true);

    public TimerId SetTimer(long key, TimeSpan due)
    {
        var mode = Active;
        if (mode is InstanceMode.Replay or InstanceMode.DryRun && Given is not null && Given.Timers.TryTake(key, out var given))
        {
            if (mode == InstanceMode.Replay)
            {
                Slot.Timers.Adopt(given);
            }

            return given;
        }

        var id = Slot.NextTimer();
        switch (mode)
        {
            case InstanceMode.Live:
                Recorder?.Timers.Add(key, id);
                Slot.Timers.Set(id, key, due);
                break;
            case InstanceMode.Trial:
                Recorder?.Timers.Add(key, id);
                HoldTimer(id, key, due);
                break;
            case InstanceMode.Replay:
                Slot.Timers.SetInReplay(id, key, due - (Slot.Loop.Now - Now));
                break;
            case InstanceMode.Revoked:
            case InstanceMode.DryRun:
            default:
                break;
        }

        return id;
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
        if (mode == InstanceMode.Replay && Given is not null && Given.Lookups.TryTake((key, hostName), out _))
        {
            return;
        }

        if (mode == InstanceMode.Trial)
        {
            Recorder?.Lookups.Add((key, hostName), true);
        }

        Do(mode, () => Slot.Resolver.Resolve(key, hostName), alsoInReplay: true);
    }

    public void Query(long key, DnsRecordKind kind, string name)
    {
        var mode = Active;
        if (!WasAsked(mode, kind + " " + name, key))
        {
            Do(mode, () => Slot.Resolver.Query(key, kind, name), alsoInReplay: true);
        }
    }

    public void Fetch(long key, HttpFetch request)
    {
        var mode = Active;
        var asked = (key, $"{request.Method} {request.Address}");
        if (mode == InstanceMode.Replay && Given is not null && Given.Lookups.TryTake(asked, out _))
        {
            return;
        }

        if (mode == InstanceMode.Trial)
        {
            Recorder?.Lookups.Add(asked, true);
        }

        Do(mode, () => Slot.Fetcher.Fetch(key, request), alsoInReplay: true);
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
