using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Tests.Loop;

public sealed class EventLoopTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _log = [];

    [Fact]
    public void Runs_items_in_the_order_posted()
    {
        using var loop = Manual();
        loop.Post(_ => _log.Add("a"), null);
        loop.Post(_ => _log.Add("b"), null);

        Assert.True(loop.RunPending());
        Assert.Equal(["a", "b"], _log);
        Assert.Equal(2, loop.Handled);
        Assert.False(loop.RunPending());
    }

    [Fact]
    public void Refuses_at_its_bound_but_takes_what_must_not_be_lost()
    {
        using var loop = Manual(capacity: 2);
        Assert.True(loop.TryPost(_ => _log.Add("1"), null));
        Assert.True(loop.TryPost(_ => _log.Add("2"), null));
        Assert.False(loop.TryPost(_ => _log.Add("3"), null));
        loop.Post(_ => _log.Add("must"), null);
        Assert.Equal(3, loop.Length);

        loop.RunPending();
        Assert.Equal(["1", "2", "must"], _log);
        Assert.Equal(0, loop.Length);
        Assert.True(loop.TryPost(_ => { }, null));
    }

    [Fact]
    public void A_fault_goes_to_the_handler_with_its_state_and_the_loop_goes_on()
    {
        using var loop = Manual();
        loop.Post(_ => throw new InvalidOperationException("boom"), "leg 7");
        loop.Post(_ => _log.Add("next"), null);

        loop.RunPending();

        Assert.Equal(["fault boom leg 7", "next"], _log);
        Assert.Equal(0, loop.BusySince);
    }

    [Fact]
    public void Timers_are_never_early_and_fire_in_order()
    {
        using var loop = Manual();
        _time.Advance(TimeSpan.FromMilliseconds(2.7));
        loop.RunPending();
        loop.Schedule(TimeSpan.FromMilliseconds(20), _ => _log.Add("20"), null);
        loop.Schedule(TimeSpan.FromMilliseconds(10), _ => _log.Add("10"), null);

        _time.Advance(TimeSpan.FromMilliseconds(9.9));
        loop.RunPending();
        Assert.Empty(_log);

        // The wheel's tick is 4 ms, so each is at most 5 ms late.
        _time.Advance(TimeSpan.FromMilliseconds(5.1));
        loop.RunPending();
        Assert.Equal(["10"], _log);

        _time.Advance(TimeSpan.FromMilliseconds(10));
        loop.RunPending();
        Assert.Equal(["10", "20"], _log);
    }

    [Fact]
    public void A_cancelled_timer_does_not_fire()
    {
        using var loop = Manual();
        var timer = loop.Schedule(TimeSpan.FromMilliseconds(10), _ => _log.Add("no"), null);
        Assert.True(timer.IsSet);
        loop.Cancel(timer);
        loop.Cancel(timer);
        loop.Cancel(null);

        _time.Advance(TimeSpan.FromSeconds(1));
        loop.RunPending();

        Assert.Empty(_log);
        Assert.False(timer.IsSet);
    }

    [Fact]
    public void A_flood_of_items_does_not_stop_the_timers()
    {
        using var loop = Manual();
        loop.Schedule(TimeSpan.FromMilliseconds(5), _ => _log.Add("timer"), null);
        for (var i = 0; i < 3 * EventLoop.BatchSize; i++)
        {
            loop.Post(_ => _log.Add("item"), null);
        }

        loop.RunPending();
        _time.Advance(TimeSpan.FromMilliseconds(20));
        loop.RunPending();

        Assert.Equal("timer", _log[EventLoop.BatchSize]);
    }

    [Fact]
    public void Time_stands_still_within_a_batch()
    {
        using var loop = Manual();
        var seen = new List<DateTimeOffset>();
        loop.Post(_ =>
        {
            seen.Add(loop.Now);
            _time.Advance(TimeSpan.FromSeconds(1));
        }, null);
        loop.Post(_ => seen.Add(loop.Now), null);

        loop.RunPending();

        Assert.Equal(seen[0], seen[1]);
    }

    public static TheoryData<string> Waiters => ["futex", "semaphore", "epoll", "select"];

    /// <summary>Every way to sleep: nothing posted from another thread is lost or reordered, whether the loop sleeps or works.</summary>
    [Theory]
    [MemberData(nameof(Waiters))]
    public void A_running_loop_misses_no_wake_up(string waiter)
    {
        const int Count = 20_000;
        using var loop = new EventLoop("test", TimeProvider.System, 100_000, static (_, _) => { }, Waiter(waiter));
        loop.Start();
        using var done = new CountdownEvent(4);
        var threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            var expected = 0;
            for (var i = 0; i < Count; i++)
            {
                var number = i;
                loop.Post(_ => expected = expected == number ? number + 1 : -1, null);
                if (i % 64 == 0)
                {
                    // Let it fall asleep now and then.
                    Thread.Yield();
                }
            }

            loop.Post(_ =>
            {
                if (expected == Count)
                {
                    done.Signal();
                }
            }, null);
        })).ToArray();
        Array.ForEach(threads, static t => t.Start());

        Assert.True(done.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
    }

    [Theory]
    [MemberData(nameof(Waiters))]
    public void A_sleeping_loop_wakes_for_its_timer(string waiter)
    {
        using var loop = new EventLoop("test", TimeProvider.System, 10, static (_, _) => { }, Waiter(waiter));
        loop.Start();
        using var fired = new ManualResetEventSlim();
        loop.Post(_ => loop.Schedule(TimeSpan.FromMilliseconds(30), _ => fired.Set(), null), null);

        Assert.True(fired.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.False(loop.IsCurrent);
    }

    [Theory]
    [MemberData(nameof(Waiters))]
    public void Disposing_ends_the_thread_also_when_it_sleeps_and_late_posts_do_no_harm(string waiter)
    {
        var loop = new EventLoop("test", TimeProvider.System, 10, static (_, _) => { }, Waiter(waiter));
        loop.Start();
        Thread? thread = null;
        using var seen = new ManualResetEventSlim();
        loop.Post(_ =>
        {
            thread = Thread.CurrentThread;
            seen.Set();
        }, null);
        Assert.True(seen.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));

        loop.Dispose();
        loop.Dispose();

        Assert.True(thread!.Join(TimeSpan.FromSeconds(20)));
        loop.Post(_ => _log.Add("never"), null);
        Assert.Empty(_log);
    }

    private static ILoopWaiter Waiter(string name) => name switch
    {
        "futex" => FutexWaiter.IsSupported ? new FutexWaiter() : new SemaphoreWaiter(),
        "semaphore" => new SemaphoreWaiter(),
        "epoll" => SocketPoller.Create(),
        _ => new SelectPoller(),
    };

    private EventLoop Manual(int capacity = 1000) =>
        new("test", _time, capacity, (e, state) => _log.Add($"fault {e.Message} {state}"));
}
