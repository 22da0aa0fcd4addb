namespace XSwitchEngine.Core.Loop;

/// <summary>A hierarchical timing wheel: setting and cancelling cost the same however many timers there are.</summary>
/// <remarks>
/// Four levels of 256 slots with a tick of <see cref="TickMs"/> ms reach about 200 days. SIP sets several timers a call and cancels nearly
/// all of them, so a heap would fill with dead entries. One thread only; time is what the owner says it is.
/// </remarks>
internal sealed class TimerWheel
{
    /// <summary>Resolution, ms.</summary>
    public const int TickMs = 4;

    private const int MaxDelayMs = 3_600_000;
    private const int Levels = 4;
    private const int SlotBits = 8;
    private const int Slots = 1 << SlotBits;
    private readonly LoopTimer?[] _slots = new LoopTimer?[Levels * Slots];
    private readonly int[] _levelCounts = new int[Levels];
    private long _tick;

    /// <summary>Timers that are set.</summary>
    public int Count { get; private set; }

    /// <summary>Puts the wheel's clock to a time before the first timer is set.</summary>
    /// <param name="nowMs">Milliseconds of the owner's clock.</param>
    public void Reset(long nowMs) => _tick = nowMs / TickMs;

    /// <summary>Adds a timer.</summary>
    /// <param name="timer">Not in a wheel.</param>
    /// <param name="dueMs">On the owner's clock; a time that has passed fires at the next <see cref="Advance"/>.</param>
    public void Add(LoopTimer timer, long dueMs)
    {
        timer.DueTick = Math.Max((dueMs + TickMs - 1) / TickMs, _tick + 1);
        Link(timer, inFront: false);
        Count++;
    }

    /// <summary>Takes a timer out.</summary>
    /// <param name="timer">One that is not set is left alone.</param>
    public void Remove(LoopTimer timer)
    {
        if (timer.Slot < 0)
        {
            return;
        }

        Unlink(timer);
        Count--;
    }

    /// <summary>Moves the clock and gives every timer that is due to the caller, in order of ticks and within one in the order in which they were added.</summary>
    /// <param name="nowMs">The owner's clock.</param>
    /// <param name="fire">Called for each; it may add and remove timers.</param>
    public void Advance(long nowMs, Action<LoopTimer> fire)
    {
        var target = nowMs / TickMs;
        while (_tick < target)
        {
            if (Count == 0)
            {
                _tick = target;
                return;
            }

            // Where the lower levels are empty nothing happens before the next level's slot ends.
            var level = LowestLevel();
            var next = NextSlot(level);
            if (next > target)
            {
                _tick = target;
                return;
            }

            _tick = next;
            Cascade();
            var slot = (int)(_tick & (Slots - 1));
            while (_slots[slot] is { } timer)
            {
                Unlink(timer);
                Count--;
                fire(timer);
            }
        }
    }

    /// <summary>Time until something may be due: exact for what is due within a second, else until the wheel wants to look again.</summary>
    /// <param name="nowMs">The owner's clock.</param>
    /// <returns>Milliseconds, or −1 when no timer is set.</returns>
    public int NextDelayMs(long nowMs)
    {
        if (Count == 0)
        {
            return -1;
        }

        var level = LowestLevel();
        var tick = NextSlot(level);
        while (level == 0 && _slots[(int)(tick & (Slots - 1))] is null && (tick & (Slots - 1)) != 0)
        {
            tick++;
        }

        return (int)Math.Clamp((tick * TickMs) - nowMs, 0, MaxDelayMs);
    }

    private int LowestLevel()
    {
        var level = 0;
        while (_levelCounts[level] == 0)
        {
            level++;
        }

        return level;
    }

    // The first tick of the next slot of a level.
    private long NextSlot(int level) => ((_tick >> (SlotBits * level)) + 1) << (SlotBits * level);

    private void Cascade()
    {
        for (var level = 1; level < Levels && (_tick & ((1L << (SlotBits * level)) - 1)) == 0; level++)
        {
            var index = (level * Slots) + (int)((_tick >> (SlotBits * level)) & (Slots - 1));
            var timer = _slots[index]?.Previous;
            var first = _slots[index];
            _slots[index] = null;

            // What comes from above was set before what is already below with the same due tick, so it goes in front, last one first.
            while (timer is not null)
            {
                var previous = timer == first ? null : timer.Previous;
                _levelCounts[level]--;
                Link(timer, inFront: true);
                timer = previous;
            }
        }
    }

    // Each slot is a ring through its first timer, so that both ends are at hand.
    private void Link(LoopTimer timer, bool inFront)
    {
        var delta = timer.DueTick - _tick;
        var level = 0;
        while (level < Levels - 1 && delta >= 1L << (SlotBits * (level + 1)))
        {
            level++;
        }

        var slot = (level * Slots) + (int)((timer.DueTick >> (SlotBits * level)) & (Slots - 1));
        timer.Slot = slot;
        _levelCounts[level]++;
        if (_slots[slot] is not { } first)
        {
            timer.Next = timer.Previous = timer;
            _slots[slot] = timer;
            return;
        }

        timer.Next = first;
        timer.Previous = first.Previous;
        first.Previous!.Next = timer;
        first.Previous = timer;
        if (inFront)
        {
            _slots[slot] = timer;
        }
    }

    private void Unlink(LoopTimer timer)
    {
        _levelCounts[timer.Slot >> SlotBits]--;
        if (timer.Next == timer)
        {
            _slots[timer.Slot] = null;
        }
        else
        {
            timer.Previous!.Next = timer.Next;
            timer.Next!.Previous = timer.Previous;
            if (_slots[timer.Slot] == timer)
            {
                _slots[timer.Slot] = timer.Next;
            }
        }

        timer.Next = timer.Previous = null;
        timer.Slot = -1;
    }
}

/// <summary>A one-shot timer of an <see cref="EventLoop"/>.</summary>
public sealed class LoopTimer
{
    internal LoopTimer(Action<object?> action, object? state)
    {
        Action = action;
        State = state;
    }

    /// <summary>Whether it is still to fire.</summary>
    public bool IsSet => Slot >= 0;

    internal Action<object?> Action { get; }

    internal object? State { get; }

    internal long DueTick { get; set; }

    internal int Slot { get; set; } = -1;

    internal LoopTimer? Next { get; set; }

    internal LoopTimer? Previous { get; set; }
}
