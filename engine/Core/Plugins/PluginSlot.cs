using System.Diagnostics;
using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Plugins;

/// <summary>States of a plugin.</summary>
internal enum SlotState
{
    /// <summary>Not in force yet.</summary>
    Starting,

    /// <summary>In force.</summary>
    Running,

    /// <summary>Failed too often; waits for a swap. Nothing is read for it.</summary>
    Quarantined,

    /// <summary>Ended with the engine.</summary>
    Stopped,
}

/// <summary>A plugin in force: its mailbox, its guard, and what outlives its versions (listeners, connections, timers, metrics).</summary>
/// <remarks>
/// The mailbox is the slot's loop together with the kernel's socket buffers: what the plugin cannot take at once stays there, so datagrams are dropped
/// (and counted) at the kernel's bound and streams slow their peers down. Commands and timers are never lost; above
/// <see cref="PluginHostOptions.MaxWaiting"/> new outbound legs are refused.
/// </remarks>
internal sealed partial class PluginSlot : ITransportSink
{
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(5);
    private const int MaxParked = 100_000;
    private const int LoggedFaultsPerWindow = 20;

    private readonly PluginHostOptions _options;
    private readonly IdSource _ids;
    private readonly IPluginServices _services;
    private readonly CallbackGuard _guard;
    private readonly FaultGate _gate;
    private readonly Action _onChanged;
    private readonly Queue<TransportEvent> _parked = [];
    private readonly Counter _events = new();
    private readonly Counter _faults = new();
    private int _leaked;
    private int _state;
    private bool _strayLogged;
    private Trial? _trial;
    private Shadow? _shadow;
    private PluginInstance? _current;

    public PluginSlot(string name, PluginSlotServices services, Func<PluginSlot, ITransports> transports, Action onChanged)
    {
        Name = name;
        _options = services.Options;
        _ids = services.Ids;
        Loop = services.Loop;
        Calls = services.Calls;
        Directory = services.Directory;
        Log = services.Log;
        _onChanged = onChanged;
        Metrics = new PluginMetrics();
        _guard = new CallbackGuard(Log, _options.Stall, Metrics);
        _gate = new FaultGate(_options.QuarantineFaults, _options.QuarantineWindow);
        Timers = new HostTimers(Loop, (key, timer) => Deliver(TransportEvent.TimerFired(key, timer)));
        _services = services.Services;
        Api = new PendingReplies<string>(services.Time, LongestApi, MaxWaitingApi, $"-ERR plugin {name} did not reply within {LongestApi.TotalSeconds:0} s\n", $"-ERR plugin {name} is busy\n");
        Messages = new PendingReplies<MessageOutcome>(services.Time, LongestMessage, MaxWaitingMessages, new MessageOutcome(408, $"plugin {name} did not deliver it in time"), new MessageOutcome(503, $"plugin {name} is busy"));
        Http = new PendingReplies<HttpReply>(services.Time, LongestHttp, MaxWaitingHttp, HttpReplies.Text(504, "the service did not answer in time\n"), HttpReplies.Text(503, "the service is busy\n"));
        Events = new EventFeed(_services.Events, action => Loop.Post(static a => ((Action)a!)(), action), e => Deliver(e));
        Resolver = new HostResolver(Loop, services.LookUp, services.LookUpRecords, e => Deliver(e));
        Fetcher = new HostFetcher(Loop, HostFetcher.Default, e => Deliver(e));
        Transports = transports(this);
    }

    public string Name { get; }

    public EventLoop Loop { get; }

    public ICallCore Calls { get; }

    public IDirectory Directory { get; }

    public PluginLog Log { get; }

    public PluginMetrics Metrics { get; }

    public HostTimers Timers { get; }

    public HostResolver Resolver { get; }

    public HostFetcher Fetcher { get; }

    public ITransports Transports { get; }

    public RandomPool Random { get; } = new();

    public SlotState State => (SlotState)Volatile.Read(ref _state);

    /// <summary>The version in force; null before the start and after the end. Any thread.</summary>
    public PluginInstance? Current => Volatile.Read(ref _current);

    /// <summary>1 at start, one more at each swap that passed.</summary>
    public int Generation { get; private set; }

    /// <summary>Held while the version or its configuration changes, probation included.</summary>
    public SemaphoreSlim ChangeGate { get; } = new(1, 1);

    /// <summary>The configuration section in force, for the next version; null for none. Written under <see cref="ChangeGate"/>.</summary>
    public string? Configuration { get; set; }

    /// <summary>Since when the plugin has been in a callback, in <see cref="Stopwatch"/> ticks; 0 when it is not.</summary>
    public (long Since, string Kind) Busy => (_guard.Since, _guard.Kind);

    /// <summary>The callback of which the watchdog has told already.</summary>
    public long StuckSince { get; set; }

    public int Leaked => Volatile.Read(ref _leaked);

    public TimerId NextTimer() => _ids.NextTimer();

    public void Security(string line) => _options.SecurityLog(line);

    public void AddLeaked(int delta) => Interlocked.Add(ref _leaked, delta);

    /// <summary>Queues a command. Any thread.</summary>
    /// <returns>False when the plugin is not running, or has too much to do for a new leg.</returns>
    public bool TryCommand(LegCommand command)
    {
        if (State != SlotState.Running || (command is LegCommand.Originate && (Loop.Length >= _options.MaxWaiting || IsStuck)))
        {
            return false;
        }

        Post(TransportEvent.ForLeg(command));
        return true;
    }

    private bool IsStuck => _guard.Since is not 0 and var since && Stopwatch.GetElapsedTime(since) > StuckAfter;

    /// <summary>The state in words.</summary>
    public string StateName => State switch
    {
        SlotState.Starting => "starting",
        SlotState.Running => "running",
        SlotState.Quarantined => "quarantined",
        SlotState.Stopped => "stopped",
        _ => "unknown",
    };

    public PluginStatus Status()
    {
        var current = Current;
        var metrics = new Dictionary<string, long>(Metrics.Snapshot());
        if (Transports is Transports real)
        {
            foreach (var (name, value) in real.Counters.Snapshot())
            {
                metrics[name] = value;
            }
        }

        metrics["host_timers"] = Timers.Count;
        metrics["host_http_waiting"] = Http.Count;
        metrics["host_switch_events_dropped_total"] = Events.Dropped;
        return new PluginStatus(Name, current?.Manifest.Version ?? "", StateName, Generation, _events.Value, _faults.Value, Leaked, current?.Host.Listeners ?? [], metrics);
    }

    /// <summary>Handles one event to its end. Loop thread only.</summary>
    public void Deliver(in TransportEvent e)
    {
        if (State != SlotState.Running)
        {
            Park(e);
            return;
        }

        _events.Add(1);
        _gate.OnEvent(Loop.Now);
        if (_trial is null)
        {
            Handle(_current!, e, Loop.Now);
        }
        else
        {
            HandleOnTrial(_trial, EventRecord.Of(e, Loop.Now));
        }
    }

    /// <summary>A plugin called from outside its callbacks.</summary>
    public void OnStrayCall()
    {
        if (!Interlocked.Exchange(ref _strayLogged, true))
        {
            Log.StrayCall(Name);
        }
    }

    private void Post(TransportEvent e) => Loop.Post(static s => ((Item)s!).Deliver(), new Item(this, e));

    private void Handle(PluginInstance instance, in TransportEvent e, DateTimeOffset now)
    {
        var record = _shadow?.Begin(e, now);
        instance.Host.Recorder = record;
        if (_guard.Event(instance, e, now) is { } fault)
        {
            _shadow?.Stop();
            OnFault(instance, e, fault);
        }
        else if (record is not null)
        {
            _shadow?.Add(record);
        }
    }

    private void OnFault(PluginInstance instance, in TransportEvent e, PluginFault fault)
    {
        _faults.Add(1);
        var isTooMuch = _gate.OnFault(Loop.Now);
        var (name, version, kind) = (Name, instance.Manifest.Version, CallbackGuard.KindName(e.Kind));
        if (_gate.Faults <= LoggedFaultsPerWindow)
        {
            if (e.Command is { } failed)
            {
                Log.LegFault(failed.Leg, name, version, failed.GetType().Name, fault.Text, fault.Stack);
            }
            else
            {
                Log.Fault(name, version, kind, fault.Text, fault.Stack);
            }
        }

        if (e.Command is { } command)
        {
            HangUp(command);
        }

        Fail(e, $"failed: {fault.Text}");

        if (isTooMuch)
        {
            Quarantine();
        }
    }

    // The leg of a command that failed: the core must not wait for an answer that will not come, nor the peer for a call that is dead.
    private void HangUp(LegCommand failed)
    {
        if (failed is LegCommand.Originate or LegCommand.Hangup)
        {
            Calls.Post(new LegEvent.HungUp(failed.Leg, HangupCause.NormalTemporaryFailure, 0, "plugin fault", ByPeer: false));
        }

        if (failed is not LegCommand.Hangup)
        {
            Post(TransportEvent.ForLeg(new LegCommand.Hangup(failed.Leg, HangupCause.NormalTemporaryFailure, 0, "")));
        }
    }

    private void Quarantine()
    {
        Log.Quarantined(Name, _current!.Manifest.Version, _gate.Faults);
        SetState(SlotState.Quarantined);
        Transports.IsPaused = true;
    }

    // While no version can take events, what must not be lost waits for one that can.
    private void Park(in TransportEvent e)
    {
        switch (e.Kind)
        {
            case TransportEventKind.Command when e.Command is LegCommand.Originate or LegCommand.Hangup:
                Calls.Post(new LegEvent.HungUp(e.Command.Leg, HangupCause.NormalTemporaryFailure, 0, $"plugin {Name} is {StateName}", ByPeer: false));
                break;
            case TransportEventKind.ApiCommand or TransportEventKind.HttpRequest or TransportEventKind.Message:
                Fail(e, $"is {StateName}");
                break;
            case TransportEventKind.Opened or TransportEventKind.Closed or TransportEventKind.Timer or TransportEventKind.Resolved or TransportEventKind.Records or TransportEventKind.Configured
                or TransportEventKind.HttpAborted or TransportEventKind.MessageResult or TransportEventKind.ApiResult or TransportEventKind.HttpReplied
                when State == SlotState.Quarantined && _parked.Count < MaxParked:
                _parked.Enqueue(e);
                break;
            case TransportEventKind.None:
            case TransportEventKind.Datagram:
            case TransportEventKind.Data:
            default:
                Metrics.Count("host_events_dropped", 1);
                break;
        }
    }

    private void SetState(SlotState state)
    {
        Volatile.Write(ref _state, (int)state);
        _onChanged();
    }

    private sealed class Item(PluginSlot slot, TransportEvent e)
    {
        public void Deliver() => slot.Deliver(e);
    }
}

/// <summary>What slots are made of.</summary>
/// <param name="Options">Bounds.</param>
/// <param name="Loop">The loop that the slot lives on.</param>
/// <param name="Calls">The core.</param>
/// <param name="Directory">Users.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">Log.</param>
/// <param name="Ids">Numbers.</param>
/// <param name="Services">The rest of the engine.</param>
/// <param name="LookUp">Finds the addresses of a name.</param>
/// <param name="LookUpRecords">Finds other records.</param>
internal sealed record PluginSlotServices(PluginHostOptions Options, EventLoop Loop, ICallCore Calls, IDirectory Directory, TimeProvider Time, PluginLog Log, IdSource Ids, IPluginServices Services, Func<string, CancellationToken, Task<IPAddress[]>> LookUp, Func<DnsRecordKind, string, CancellationToken, Task<IReadOnlyList<DnsRecord>>> LookUpRecords);
