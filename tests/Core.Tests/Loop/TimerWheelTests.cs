using CsCheck;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Tests.Loop;

public sealed class TimerWheelTests
{
    private readonly TimerWheel _wheel = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Fires_at_the_tick_that_is_due_and_not_before()
    {
        _wheel.Reset(0);
        _wheel.Add(Timer("a"), 100);

        _wheel.Advance(99, Fire);
        Assert.Empty(_fired);

        _wheel.Advance(100, Fire);
        Assert.Equal(["a"], _fired);
        Assert.Equal(0, _wheel.Count);
    }

    [Fact]
    public void Fires_a_time_that_has_passed_at_the_next_tick()
    {
        _wheel.Reset(1000);
        _wheel.Add(Timer("late"), 3);

        _wheel.Advance(1000 + TimerWheel.TickMs, Fire);

        Assert.Equal(["late"], _fired);
    }

    [Fact]
    public void Keeps_the_order_of_setting_within_a_tick_also_across_levels()
    {
        // Both are due at 2,048 ms. "far" is set while that is two levels away, "near" when it is within the first level.
        _wheel.Reset(0);
        _wheel.Add(Timer("far"), 2048);
        _wheel.Advance(1500, Fire);
        _wheel.Add(Timer("near"), 2048);
        _wheel.Add(Timer("nearer"), 2048);

        _wheel.Advance(2048, Fire);

        Assert.Equal(["far", "near", "nearer"], _fired);
    }

    [Fact]
    public void A_timer_may_set_and_cancel_others_while_it_fires()
    {
        _wheel.Reset(0);
        var victim = Timer("victim");
        _wheel.Add(Timer("killer"), 8);
        _wheel.Add(victim, 8);

        _wheel.Advance(20, t =>
        {
            Fire(t);
            if ((string?)t.State == "killer")
            {
                _wheel.Remove(victim);
                _wheel.Add(Timer("child"), 8);
            }
        });

        Assert.Equal(["killer", "child"], _fired);
        Assert.False(victim.IsSet);
    }

    [Fact]
    public void Says_when_it_wants_to_be_advanced()
    {
        Assert.Equal(-1, _wheel.NextDelayMs(0));

        _wheel.Reset(0);
        _wheel.Add(Timer("a"), 40);
        Assert.Equal(40, _wheel.NextDelayMs(0));
        Assert.Equal(0, _wheel.NextDelayMs(41));
    }

    [Fact]
    public void Removing_twice_or_after_firing_changes_nothing()
    {
        _wheel.Reset(0);
        var timer = Timer("a");
        _wheel.Add(timer, 8);
        _wheel.Add(Timer("b"), 8);
        _wheel.Remove(timer);
        _wheel.Remove(timer);
        Assert.Equal(1, _wheel.Count);

        _wheel.Advance(8, Fire);
        _wheel.Remove(timer);
        Assert.Equal(["b"], _fired);
        Assert.Equal(0, _wheel.Count);
    }

    /// <summary>Against the plainest implementation: a list sorted by due tick, then by order of setting.</summary>
    [Fact]
    public void Behaves_as_a_sorted_list()
    {
        // An operation: add with a delay (ms), cancel a timer by number, or let time pass (ms). Delays reach over all levels.
        var delay = Gen.OneOf(Gen.Long[0, 50], Gen.Long[0, 5_000], Gen.Long[0, 500_000], Gen.Long[0, 400_000_000]);
        var operation = Gen.OneOf(
            delay.Select(d => (Kind: 0, Value: d)),
            Gen.Long[0, 40].Select(i => (Kind: 1, Value: i)),
            delay.Select(d => (Kind: 2, Value: d)));
        Gen.Select(Gen.Long[0, 1L << 36], operation.List[1, 60]).Sample(
            (start, operations) => Compare(start, operations),
            iter: 2000);
    }

    private static void Compare(long start, List<(int Kind, long Value)> operations)
    {
        const int Tick = TimerWheel.TickMs;
        var wheel = new TimerWheel();
        wheel.Reset(start);
        var now = start;
        var reached = start / Tick;
        var model = new List<(long Tick, int Id)>();
        var timers = new List<LoopTimer>();
        foreach (var (kind, value) in operations)
        {
            if (kind == 0)
            {
                var timer = new LoopTimer(static _ => { }, timers.Count);
                if (wheel.Count == 0)
                {
                    // What the loop does: an empty wheel need not follow the clock.
                    wheel.Reset(now);
                }

                wheel.Add(timer, now + value);
                model.Add((Math.Max((now + value + Tick - 1) / Tick, reached + 1), timers.Count));
                timers.Add(timer);
            }
            else if (kind == 1 && value < timers.Count)
            {
                wheel.Remove(timers[(int)value]);
                model.RemoveAll(m => m.Id == value);
            }
            else if (kind == 2)
            {
                now += value;
                reached = now / Tick;
                var fired = new List<int>();
                wheel.Advance(now, t => fired.Add((int)t.State!));
                var expected = model.Where(m => m.Tick <= reached).OrderBy(m => m.Tick).ThenBy(m => m.Id).Select(m => m.Id).ToList();
                model.RemoveAll(m => m.Tick <= reached);
                Assert.Equal(expected, fired);
            }

            Assert.Equal(model.Count, wheel.Count);
            if (model.Count > 0)
            {
                // Never later than the next timer, so that nobody oversleeps.
                Assert.InRange(wheel.NextDelayMs(now), 0, Math.Max(0, (model.Min(m => m.Tick) * Tick) - now));
            }
        }
    }

    private static LoopTimer Timer(string name) => new(static _ => { }, name);

    private void Fire(LoopTimer timer) => _fired.Add((string)timer.State!);
}
