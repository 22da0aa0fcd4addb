using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XSwitchEngine.Scripting.Native;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>Meters the running script and cuts its slices. Shard thread only.</summary>
/// <remarks>
/// A count hook looks at the clock. In a place that can yield it yields (it only sets a status; the VM throws after the managed frame has gone),
/// which no <c>pcall</c> stops. Under a C function that calls back (a sort, a <c>__tostring</c>) nothing can yield; there a script over its budget gets
/// a hook that raises at each instruction, again without a managed frame on the stack.
/// </remarks>
internal sealed unsafe class SliceGuard
{
    /// <summary>What one look at the clock may add to the CPU time: a thread that the system put aside has not used it.</summary>
    private static readonly long MostPerTick = 4 * Stopwatch.Frequency / 1000;

    /// <summary>A look that comes later than this means slow library calls: look more often.</summary>
    private static readonly long SlowTick = Stopwatch.Frequency / 1000;

    private static readonly long QuickTick = Stopwatch.Frequency / 20_000;

    private readonly nint _hook;
    private readonly int _count;
    private readonly long _slice;
    private readonly long _budget;
    private readonly LuaMemory* _memory;
    private ScriptRun? _run;
    private long _sliceStart;
    private long _lastTick;
    private long _refusedBefore;

    /// <summary>Makes the guard of one shard.</summary>
    public SliceGuard(ScriptEngineOptions options, LuaMemory* memory)
    {
        _hook = (nint)(delegate* unmanaged[Cdecl]<nint, nint, void>)&OnCount;
        _count = Math.Max(1, options.HookCount);
        _slice = Ticks(options.Slice);
        _budget = Ticks(options.CpuBudget);
        _memory = memory;
    }

    /// <summary>The budget in ticks of the stopwatch.</summary>
    public long BudgetTicks => _budget;

    /// <summary>The budget.</summary>
    public TimeSpan Budget => Stopwatch.GetElapsedTime(0, _budget);

    /// <summary>Sets the hook on a state; coroutines made from it inherit it.</summary>
    public void Watch(nint state) => lua_sethook(state, _hook, MaskCount, _count);

    /// <summary>A slice begins.</summary>
    public void Enter(ScriptRun run)
    {
        _run = run;
        _sliceStart = _lastTick = Stopwatch.GetTimestamp();
        _memory->Slice = 0;
        _refusedBefore = _memory->Refused;
    }

    /// <summary>A slice has ended.</summary>
    public void Leave()
    {
        Charge(Stopwatch.GetTimestamp());
        _run = null;
    }

    /// <summary>Called after managed work that may have taken long: lets the hook fire at the next instruction when the slice is over.</summary>
    /// <param name="state">The coroutine that called.</param>
    public void Expedite(nint state)
    {
        if (Stopwatch.GetTimestamp() - _sliceStart >= _slice)
        {
            lua_sethook(state, _hook, MaskCount, 1);
        }
    }

    /// <summary>Leaves only this much of the budget, for what runs after the end (to-be-closed variables).</summary>
    public void LeaveOnly(ScriptRun run, TimeSpan rest) => run.Cpu = Math.Max(run.Cpu, _budget - Ticks(rest));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCount(nint state, nint activation) => ScriptShard.Current?.Guard.Tick(state);

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private void Tick(nint state)
    {
        if (_run is not { } run)
        {
            return;
        }

        var now = Stopwatch.GetTimestamp();
        var interval = now - _lastTick;
        Charge(now);
        AdaptLook(state, interval);

        // Each refusal has cost a full collection; a script that lives on them is soon over its budget.
        if (_memory->Refused != _refusedBefore)
        {
            run.Cpu += (_memory->Refused - _refusedBefore) * (_budget / 20);
            _refusedBefore = _memory->Refused;
        }

        var isOver = run.Cpu > _budget;
        if (!isOver && now - _sliceStart < _slice && _memory->Slice < _memory->SliceLimit)
        {
            return;
        }

        if (lua_isyieldable(state) != 0)
        {
            _ = lua_yieldk(state, 0, 0, 0);
        }
        else if (isOver)
        {
            lua_sethook(state, RaiseHook, MaskCount, 1);
        }
    }

    private void AdaptLook(nint state, long interval)
    {
        if (interval > SlowTick)
        {
            if (lua_gethookcount(state) == _count)
            {
                SetCount(state, Math.Max(1, _count / 50));
            }
        }
        else if (interval < QuickTick && lua_gethookcount(state) != _count)
        {
            SetCount(state, _count);
        }
    }

    // Setting a hook walks all frames of the coroutine; in a deep recursion that alone would look like slow library calls.
    private void SetCount(nint state, int count)
    {
        lua_sethook(state, _hook, MaskCount, count);
        Charge(Stopwatch.GetTimestamp());
    }

    private void Charge(long now)
    {
        if (_run is { } run)
        {
            run.Cpu += Math.Min(now - _lastTick, MostPerTick);
        }

        _lastTick = now;
    }
}
