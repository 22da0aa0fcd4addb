using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Library;
using XSwitchEngine.Scripting.Native;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>One Lua state and the thread that alone touches it; every run is a coroutine of it.</summary>
/// <remarks>
/// Nothing here waits for a call: a run that waits is parked, and a message about it makes it ready again. A parked run that is resumed without
/// need just looks again and parks, so a stale or doubled message does no harm.
/// </remarks>
internal sealed unsafe partial class ScriptShard : IDisposable
{
    private const int MessagesPerTurn = 64;

    /// <summary>Room for as many nested C calls as Lua allows (200), whatever the system's default.</summary>
    private const int StackBytes = 4 << 20;

    /// <summary>How long an operation may take to notice that its leg has ended; then the script goes on without its result.</summary>
    private static readonly TimeSpan OperationsAfterHangup = TimeSpan.FromSeconds(5);

    /// <summary>A wait at least this long renews the CPU budget; a loop of shorter ones is a busy loop.</summary>
    private static readonly TimeSpan RealWait = TimeSpan.FromMilliseconds(1);

    /// <summary>CPU time for to-be-closed variables of a run that is over.</summary>
    private static readonly TimeSpan ClosingBudget = TimeSpan.FromMilliseconds(20);

    [ThreadStatic]
    private static ScriptShard? _current;

    private readonly ScriptEngineOptions _options;
    private readonly ShardMailbox _mailbox = new();
    private readonly Queue<ScriptRun> _ready = new();
    private readonly RunDeadlines _operationDeadlines;
    private readonly RunDeadlines _lifetimes;
    private readonly LuaMemory* _memory;
    private readonly nint _state;
    private readonly Thread _thread;
    private readonly ScriptCounters _counters;
    private readonly Action<ScriptRun> _onEnded;
    private ScriptRun? _running;
    private int _live;

    /// <summary>Makes a shard and its state; the thread starts with <see cref="Open"/>.</summary>
    public ScriptShard(int number, ScriptEngineOptions options, IScriptPort port, TimeProvider time, ScriptLibrary library, ScriptCounters counters, Action<ScriptRun> onEnded)
    {
        _options = options;
        _counters = counters;
        _onEnded = onEnded;
        Port = port;
        Time = time;
        Library = library;
        _memory = LuaMemory.Create(options.StateBytes, options.SliceBytes);
        Guard = new SliceGuard(options, _memory);
        _state = lua_newstate(&LuaMemory.Allocate, _memory);
        if (_state == 0)
        {
            throw new InvalidOperationException("liblua54 gave no state");
        }

        _operationDeadlines = new RunDeadlines(time, OperationsAfterHangup, Expired);
        _lifetimes = new RunDeadlines(time, options.LifetimeAfterHangup, Expired);
        _thread = new Thread(Loop, StackBytes) { IsBackground = true, Name = $"script-{number}" };
        Prepare();
    }

    /// <summary>The shard whose code runs on this thread.</summary>
    public static ScriptShard? Current => _current;

    /// <summary>What the core gives scripts.</summary>
    public IScriptPort Port { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>The scripts.</summary>
    public ScriptLibrary Library { get; }

    /// <summary>Meters the running script.</summary>
    public SliceGuard Guard { get; }

    /// <summary>Whether the engine is shutting down.</summary>
    public bool IsStopping => _mailbox.IsClosed;

    /// <summary>Memory of the state, bytes. Any thread.</summary>
    public long Bytes => Volatile.Read(ref _memory->Used);

    /// <summary>The run whose slice it is.</summary>
    public ScriptRun? Running => _running;

    /// <summary>Coroutines that a C function resumed: nothing below it can wait.</summary>
    public int Frozen { get; set; }

    /// <summary>Whether something between the running code and the shard cannot yield.</summary>
    public bool IsFrozen => Frozen > 0;

    /// <summary>Managed code is on the stack: the allocator must not fail.</summary>
    public void EnterHost() => _memory->InHost++;

    /// <summary>Managed code leaves the stack.</summary>
    public void LeaveHost() => _memory->InHost--;

    /// <summary>Whether scripts may see an environment variable.</summary>
    public bool IsVisible(string name) => _options.VisibleEnvironment.Contains(name);

    /// <summary>Starts the thread.</summary>
    public void Open() => _thread.Start();

    /// <summary>Queues a message. Any thread.</summary>
    public void Post(in ShardMessage message)
    {
        // The end of an operation that was reached while it was being begun needs no detour.
        if (message.Kind == ShardMessageKind.Complete && _current == this && _running == message.Run && _running is not null)
        {
            _running.Find(message.Sequence)?.TryComplete(message.Result);
            return;
        }

        _mailbox.Post(message);
    }

    /// <summary>Queues a message without a shortcut. Any thread.</summary>
    public void Queue(in ShardMessage message) => _mailbox.Post(message);

    /// <inheritdoc/>
    public void Dispose()
    {
        _mailbox.Close();
        if (_thread.IsAlive && Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }

        _operationDeadlines.Dispose();
        _lifetimes.Dispose();
        _mailbox.Dispose();
    }

    /// <summary>Whether the hangup hook of a run has to run now.</summary>
    public bool IsHookDue(ScriptRun run, SessionObject? session)
    {
        if (session is { HangupHook: not null, GoneReason: null, IsMain: false, IsAttached: true } && !Port.Snapshot(session.Leg).IsReady)
        {
            session.GoneReason = "hangup";
        }

        return run.Main is { IsHookDue: true } || session is { IsHookDue: true };
    }

    /// <summary>Ends a session object: its leg ends with it if it was so set.</summary>
    public void Destroy(ScriptRun run, SessionObject session)
    {
        if (!session.IsAttached)
        {
            return;
        }

        if (session.AutoHangup)
        {
            Port.Begin(new OpToken(run.Start.Run, run.NextSequence()), session.Leg, ScriptOp.Destroy, [], false);
        }

        session.Detach();
    }

    private void Loop()
    {
        ThreadPriorities.YieldToCore();
        _current = this;
        while (!_mailbox.IsClosed)
        {
            for (var i = 0; i < MessagesPerTurn && _mailbox.TryTake(out var message); i++)
            {
                Guarded(message);
            }

            var isIdle = _ready.Count == 0;
            for (var i = Math.Min(_ready.Count, MessagesPerTurn); i > 0 && _ready.TryDequeue(out var run); i--)
            {
                run.IsReady = false;
                Step(run);
            }

            if (isIdle)
            {
                _mailbox.Wait();
            }
        }

        lua_close(_state);
        _current = null;
    }

    private void Guarded(in ShardMessage message)
    {
        try
        {
            Handle(message);
        }
        catch (Exception e)
        {
            Fault(message.Run, e);
        }
    }

    private void Fault(ScriptRun? run, Exception fault)
    {
        Port.Log(LogLevel.Error, run?.Start.Leg ?? default, run?.Name ?? "", $"script host: {fault}");
        if (run is { IsEnded: false })
        {
            End(run, false, fault.Message, killed: true);
        }
    }

    private void Handle(in ShardMessage message)
    {
        switch (message.Kind)
        {
            case ShardMessageKind.Expire:
                Expire();
                return;
            case ShardMessageKind.Work:
                message.Work!(this);
                return;
            default:
                if (message.Run is { IsEnded: false } run)
                {
                    Handle(message, run);
                }

                return;
        }
    }

    private void Handle(in ShardMessage message, ScriptRun run)
    {
        switch (message.Kind)
        {
            case ShardMessageKind.Start:
                Begin(run);
                break;
            case ShardMessageKind.Complete:
                if (run.Find(message.Sequence)?.TryComplete(message.Result) == true)
                {
                    MakeReady(run);
                }

                break;
            case ShardMessageKind.Input:
                if (run.Find(message.Sequence) is { IsDone: false, Session.InputCallback: not null } operation)
                {
                    operation.Add(message.Input);
                    MakeReady(run);
                }

                break;
            case ShardMessageKind.Gone:
                LegGone(run, message.Reason!);
                break;
            case ShardMessageKind.Kill:
                End(run, false, "killed: " + message.Reason, killed: true);
                break;
            case ShardMessageKind.Expire or ShardMessageKind.Work:
            default:
                break;
        }
    }

    private void MakeReady(ScriptRun run)
    {
        if (!run.IsReady && !run.IsEnded && run.Thread != 0)
        {
            run.IsReady = true;
            _ready.Enqueue(run);
        }
    }

    private void LegGone(ScriptRun run, string reason)
    {
        if (run.Main is not { GoneReason: null } main)
        {
            return;
        }

        main.GoneReason = reason;
        run.OperationDeadline = _operationDeadlines.Add(run);
        run.Lifetime = _lifetimes.Add(run);
        MakeReady(run);
    }

    private void Expire()
    {
        while (_operationDeadlines.TryTake(out var waiting))
        {
            foreach (var operation in waiting.Operations)
            {
                if (operation.Session is { IsMain: true } && operation.TryComplete(new OpResult(0, "")))
                {
                    Port.Log(LogLevel.Warning, waiting.Start.Leg, waiting.Name, $"{operation.Op} did not end with its call");
                    MakeReady(waiting);
                }
            }
        }

        while (_lifetimes.TryTake(out var run))
        {
            End(run, false, $"killed: still running {_options.LifetimeAfterHangup.TotalSeconds:0} s after the end of its call", killed: true);
        }
    }

    private void Expired() => _mailbox.Post(new ShardMessage(ShardMessageKind.Expire, null));

    private void Begin(ScriptRun run)
    {
        if (_live >= _options.MaxRunsPerShard)
        {
            Report(run, false, $"{run.Start.Name}: more than {_options.MaxRunsPerShard} scripts are running", killed: false);
            return;
        }

        if (!TryLoad(run, out var error))
        {
            Report(run, false, error, killed: false);
            return;
        }

        _live++;
        MakeReady(run);
    }

    /// <summary>Runs a slice of a run.</summary>
    private void Step(ScriptRun run)
    {
        if (run.IsEnded)
        {
            return;
        }

        if (run.ParkedAt != 0)
        {
            run.Cpu = Time.GetElapsedTime(run.ParkedAt) >= RealWait ? 0 : run.Cpu;
            run.ParkedAt = 0;
        }

        UseStrings(run);
        var arguments = run.FirstArguments;
        run.FirstArguments = 0;
        run.IsWaiting = false;
        Frozen = 0;
        var before = _memory->Used;
        int results;
        _running = run;
        Guard.Enter(run);
        _memory->InHost = 0;
        var status = lua_resume(run.Thread, _state, arguments, &results);
        _memory->InHost = 1;
        Guard.Leave();
        _running = null;
        Charge(run, _memory->Used - before);

        if (status == Yield)
        {
            LuaStack.Pop(run.Thread, results);
            Yielded(run);
        }
        else if (status == Ok)
        {
            End(run, true, null, killed: false);
        }
        else
        {
            var isKill = run.Cpu > Guard.BudgetTicks;
            End(run, false, isKill ? OverBudget(run) : Traceback(run, TakeError(run.Thread)), isKill);
        }
    }

    private void Yielded(ScriptRun run)
    {
        if (run.Cpu > Guard.BudgetTicks)
        {
            End(run, false, OverBudget(run), killed: true);
        }
        else if (run.Bytes > _options.RunBytes && StillKeeps(run))
        {
            End(run, false, Traceback(run, $"killed: it keeps more than {_options.RunBytes >> 20} MiB of memory", addPlace: true), killed: true);
        }
        else if (run.IsWaiting)
        {
            run.ParkedAt = Time.GetTimestamp();
        }
        else
        {
            _counters.Preempted();
            MakeReady(run);
        }
    }
}
