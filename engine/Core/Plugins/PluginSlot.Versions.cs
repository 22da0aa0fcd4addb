using System.Buffers;
using System.Diagnostics;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Start, change and end of versions: each is one item of the mailbox, so events that arrive meanwhile wait behind it in order. Loop thread only.</summary>
internal sealed partial class PluginSlot
{
    /// <summary>Puts the first version in force.</summary>
    /// <exception cref="PluginLoadException">It refused to start.</exception>
    public void Start(PluginInstance first)
    {
        first.Host.Mode = InstanceMode.Trial; // outputs are held: a version that fails to start has done nothing
        Begin(first, ReadOnlySequence<byte>.Empty);
        Volatile.Write(ref _current, first);
        Generation = 1;
        Attach(first.Listeners);
        SetState(SlotState.Running);
        first.Host.Mode = InstanceMode.Live;
        first.Host.CommitHeld();
        Log.Running(Name, first.Manifest.Version, Generation);
    }

    /// <summary>Exports the state, and from there on notes the events with which the dry run of another version goes on.</summary>
    /// <exception cref="PluginLoadException">The version in force failed to export its state.</exception>
    public Shadow BeginShadow()
    {
        _shadow = null;
        return _shadow = new Shadow(Export());
    }

    /// <summary>Ends what <see cref="BeginShadow"/> began.</summary>
    public bool EndShadow()
    {
        _shadow = null;
        if (_current is { } current)
        {
            current.Host.Recorder = null;
        }

        return true;
    }

    /// <summary>The state of the version in force.</summary>
    /// <exception cref="PluginLoadException">It failed to write one.</exception>
    public byte[] Export()
    {
        var to = new ArrayBufferWriter<byte>(64 * 1024);
        var current = _current ?? throw new PluginLoadException("export", $"plugin {Name} is {StateName}");
        var fault = _guard.Call(current, "Export", Loop.Now, () => current.Plugin!.Export(to));
        return fault is null ? to.WrittenSpan.ToArray() : throw new PluginLoadException("export", fault.Text);
    }

    /// <summary>Changes over: the old version exports, the new one starts and imports, and is then in force on probation. At any failure the old one stays as it is.</summary>
    /// <param name="next">The new version, with the listeners that it will have.</param>
    /// <returns>The probation, and how long the mailbox stood still.</returns>
    /// <exception cref="PluginLoadException">The new version refused, or the state could not be exported.</exception>
    public (Trial Trial, TimeSpan Pause) Flip(PluginInstance next)
    {
        var began = Stopwatch.GetTimestamp();
        var old = _current!;
        var state = Export();
        next.Host.Mode = InstanceMode.Trial;
        Timers.BeginTrial();
        try
        {
            Begin(next, new ReadOnlySequence<byte>(state));
        }
        catch (PluginLoadException)
        {
            Timers.RollBack();
            throw;
        }

        var added = next.Listeners.Except(old.Listeners).ToArray();
        var removed = old.Listeners.Except(next.Listeners).ToArray();
        old.Host.Mode = InstanceMode.Revoked;
        var trial = new Trial(old, added, removed, State == SlotState.Quarantined);
        _trial = trial;
        Volatile.Write(ref _current, next);
        Attach(added);
        next.Host.CommitHeld();
        Events.Choose(next.Host.WantedEvents);
        var pause = Stopwatch.GetElapsedTime(began);
        trial.Deadline = Loop.Schedule(_options.Probation, static s => ((PluginSlot)s!).EndProbation(), this);
        _gate.Reset();
        if (trial.WasQuarantined)
        {
            Transports.IsPaused = false;
        }

        SetState(SlotState.Running);
        while (State == SlotState.Running && _parked.TryDequeue(out var waiting))
        {
            Deliver(waiting);
        }

        return (trial, pause);
    }

    /// <summary>New options or listeners for the version in force.</summary>
    public void Reconfigure(string options, IReadOnlyList<BoundListener> listeners)
    {
        if (_current is not { } current)
        {
            return;
        }

        var added = listeners.Except(current.Listeners).ToArray();
        var removed = current.Listeners.Except(listeners).ToArray();
        Attach(added);
        current.Listeners = listeners;
        current.Host.Listeners = [.. listeners.Select(static l => l.Info)];
        current.Host.Options = options;
        Deliver(TransportEvent.Configured(options));
        Detach(removed);
        _onChanged();
    }

    /// <summary>Ends the plugin with the engine: it may still send its goodbyes.</summary>
    public PluginInstance? Stop()
    {
        if (_trial is { } trial)
        {
            Pass(trial);
        }

        var current = _current;
        if (current is not null)
        {
            if (_guard.Call(current, "Stop", Loop.Now, () => current.Plugin!.Stop(replaced: false)) is { } fault)
            {
                Log.Fault(Name, current.Manifest.Version, "Stop", fault.Text, fault.Stack);
            }

            current.Host.Mode = InstanceMode.Revoked;
        }

        SetState(SlotState.Stopped);
        Volatile.Write(ref _current, null);
        Timers.Clear();
        (Transports as IDisposable)?.Dispose();
        Events.Dispose();
        ClearRequests("has stopped");
        return current;
    }

    private void Begin(PluginInstance next, ReadOnlySequence<byte> state)
    {
        if (_guard.Call(next, "Start", Loop.Now, () => next.Plugin!.Start(next.Host, dryRun: false)) is { } start)
        {
            throw new PluginLoadException("start", start.Text);
        }

        if (_guard.Call(next, "Import", Loop.Now, () => next.Plugin!.Import(state)) is { } import)
        {
            throw new PluginLoadException("import", import.Text);
        }
    }

    private void HandleOnTrial(Trial trial, EventRecord record)
    {
        var current = _current!;
        current.Host.Recorder = record;
        if (_guard.Event(current, record.Event, record.Now) is { } fault)
        {
            RollBack(trial, record, fault);
            return;
        }

        current.Host.CommitHeld();
        trial.Add(record);
        if (trial.IsFull)
        {
            EndProbation();
        }
    }

    private void EndProbation()
    {
        if (_trial is { } trial)
        {
            Pass(trial);
        }
    }

    private void Pass(Trial trial)
    {
        Loop.Cancel(trial.Deadline);
        _trial = null;
        var (current, old) = (_current!, trial.Old);
        current.Host.Mode = InstanceMode.Live;
        current.Host.Recorder = null;
        Timers.Commit();
        Generation++;
        Log.Running(Name, current.Manifest.Version, Generation);
        if (_guard.Call(old, "Stop", Loop.Now, () => old.Plugin!.Stop(replaced: true)) is { } fault)
        {
            Log.Fault(Name, old.Manifest.Version, "Stop", fault.Text, fault.Stack);
        }

        Detach(trial.Removed);
        trial.Ended.SetResult(null);
    }

    // The old version lives through what the failed one had handled, unheard by the world, then handles what the other failed at.
    private void RollBack(Trial trial, EventRecord failedAt, PluginFault fault)
    {
        Loop.Cancel(trial.Deadline);
        _trial = null;
        _faults.Add(1);
        var (failed, old) = (_current!, trial.Old);
        failed.Host.Mode = InstanceMode.Revoked;
        failed.Host.DiscardHeld();
        _ = _guard.Call(failed, "Stop", Loop.Now, () => failed.Plugin!.Stop(replaced: true));
        old.Host.Mode = InstanceMode.Replay;
        foreach (var record in trial.Handled)
        {
            old.Host.Given = record;
            if (_guard.Event(old, record.Event, record.Now) is { } again)
            {
                _faults.Add(1);
                Log.Fault(Name, old.Manifest.Version, CallbackGuard.KindName(record.Event.Kind), again.Text, again.Stack);
            }
        }

        Timers.RollBack();
        Events.Choose(old.Host.WantedEvents);
        Detach(trial.Added);
        old.Host.Mode = InstanceMode.Live;
        Volatile.Write(ref _current, old);
        _gate.Reset();
        if (trial.WasQuarantined)
        {
            old.Host.Given = null;
            SetState(SlotState.Quarantined);
            Transports.IsPaused = true;
            Park(failedAt.Event);
        }
        else
        {
            _onChanged();
            old.Host.Given = failedAt;
            Handle(old, failedAt.Event, failedAt.Now);
            old.Host.Given = null;
        }

        trial.Ended.SetResult(fault);
    }

    private void Attach(IReadOnlyList<BoundListener> listeners)
    {
        foreach (var listener in listeners)
        {
            (Transports as Transports)?.Attach(listener);
        }
    }

    private void Detach(IReadOnlyList<BoundListener> listeners)
    {
        foreach (var listener in listeners)
        {
            (Transports as Transports)?.Detach(listener.Info.Id);
        }
    }
}
