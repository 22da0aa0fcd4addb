using System.Collections.Concurrent;
using System.Diagnostics;

namespace XSwitchEngine.Core.Loop;

/// <summary>One thread that owns state: others post to it, nothing on it blocks, no lock is needed for what it owns.</summary>
/// <remarks>
/// Items run in the order posted. The queue is bounded: past <c>capacity</c> <see cref="TryPost"/> refuses, and the poster
/// decides what that means (a datagram is dropped, a connection is not read). <see cref="Post"/> is for messages that must not be lost
/// (ends of operations, whose number is bounded by what was begun). An exception in an item goes to the fault handler and the loop goes on.
/// Without <see cref="Start"/> the owner drives it by <see cref="RunPending"/>, which is how tests move time by hand.
/// </remarks>
public sealed class EventLoop : IDisposable
{
    /// <summary>Items between two looks at the clock: a flood of messages must not stop the timers.</summary>
    public const int BatchSize = 256;

    /// <summary>Items after which others are woken at the latest.</summary>
    private const int ItemsPerWake = 32;

    private const double MaxDueMs = 100L * 24 * 3600 * 1000;

    private readonly ConcurrentQueue<Item> _queue = new();
    private readonly TimerWheel _wheel = new();
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly Action<Exception, object?> _onFault;
    private readonly ILoopWaiter _waiter;
    private readonly Action<LoopTimer> _fire;
    private readonly Action _wake;
    private readonly WakeBatch _wakes = new();
    private readonly long _origin;
    private Thread? _thread;
    private int _sleeping;
    private int _length;
    private volatile bool _stopping;

    /// <summary>Makes a loop that does not run yet.</summary>
    /// <param name="name">For the thread and for logs.</param>
    /// <param name="time">The clock of <see cref="Now"/> and of timers.</param>
    /// <param name="capacity">Most items that <see cref="TryPost"/> lets wait.</param>
    /// <param name="onFault">Receives exceptions of items with the item's state; must not throw.</param>
    public EventLoop(string name, TimeProvider time, int capacity, Action<Exception, object?> onFault)
        : this(name, time, capacity, onFault, FutexWaiter.IsSupported ? new FutexWaiter() : new SemaphoreWaiter())
    {
    }

    /// <summary>Makes a loop that sleeps in a place of the owner's choice.</summary>
    /// <param name="name">For the thread and for logs.</param>
    /// <param name="time">The clock of <see cref="Now"/> and of timers.</param>
    /// <param name="capacity">Most items that <see cref="TryPost"/> lets wait.</param>
    /// <param name="onFault">Receives exceptions of items with the item's state; must not throw.</param>
    /// <param name="waiter">Disposed with the loop.</param>
    internal EventLoop(string name, TimeProvider time, int capacity, Action<Exception, object?> onFault, ILoopWaiter waiter)
    {
        Name = name;
        _waiter = waiter;
        _time = time;
        _capacity = capacity;
        _onFault = onFault;
        _fire = Fire;
        _wake = _waiter.Wake;
        _origin = time.GetTimestamp();
        Now = time.GetUtcNow();
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Time at which the current batch of items began; read on the loop only.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>Items waiting.</summary>
    public int Length => Volatile.Read(ref _length);

    /// <summary>Items run since the start.</summary>
    public long Handled { get; private set; }

    /// <summary>Since when the current item runs, as a timestamp of <see cref="Stopwatch"/>; 0 between items. For a watchdog.</summary>
    public long BusySince { get; private set; }

    /// <summary>Whether the caller is on the loop's thread.</summary>
    public bool IsCurrent => _thread is null || Thread.CurrentThread == _thread;

    /// <summary>Starts the thread.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = Name };
        _thread.UnsafeStart(); // the starter's AsyncLocal values are none of the loop's
    }

    /// <summary>Queues an item unless the queue is full.</summary>
    /// <param name="action">What to run; a static lambda saves an allocation.</param>
    /// <param name="state">Its argument.</param>
    /// <returns>False when the queue is full.</returns>
    public bool TryPost(Action<object?> action, object? state)
    {
        if (Volatile.Read(ref _length) >= _capacity)
        {
            return false;
        }

        Post(action, state);
        return true;
    }

    /// <summary>Queues an item that must not be lost.</summary>
    /// <param name="action">What to run; a static lambda saves an allocation.</param>
    /// <param name="state">Its argument.</param>
    public void Post(Action<object?> action, object? state)
    {
        Interlocked.Increment(ref _length);
        _queue.Enqueue(new Item(action, state));
        if (Volatile.Read(ref _sleeping) == 1 && Interlocked.Exchange(ref _sleeping, 0) == 1 && !WakeBatch.TryDefer(_wake))
        {
            _waiter.Wake();
        }
    }

    /// <summary>Sets a one-shot timer. Loop thread only.</summary>
    /// <param name="due">From now, up to 100 days; resolution 4 ms, never early. Timers of one tick fire in the order in which they were set.</param>
    /// <param name="action">What to run.</param>
    /// <param name="state">Its argument.</param>
    public LoopTimer Schedule(TimeSpan due, Action<object?> action, object? state)
    {
        var timer = new LoopTimer(action, state);
        var now = _time.GetElapsedTime(_origin).TotalMilliseconds;
        if (_wheel.Count == 0)
        {
            _wheel.Reset((long)now);
        }

        // Never early: what counts is the exact time asked for, rounded up once.
        _wheel.Add(timer, (long)Math.Ceiling(now + Math.Clamp(due.TotalMilliseconds, 0, MaxDueMs)));
        return timer;
    }

    /// <summary>Cancels a timer. Loop thread only.</summary>
    /// <param name="timer">Null or fired ones are left alone.</param>
    public void Cancel(LoopTimer? timer)
    {
        if (timer is not null)
        {
            _wheel.Remove(timer);
        }
    }

    /// <summary>Runs the timers that are due and up to <see cref="BatchSize"/> queued items, for an owner that drives the loop itself.</summary>
    /// <returns>Whether anything ran.</returns>
    public bool RunPending()
    {
        var before = Handled;
        RefreshNow();
        _wheel.Advance(ElapsedMs(), _fire);
        for (var i = 0; i < BatchSize && _queue.TryDequeue(out var item); i++)
        {
            Interlocked.Decrement(ref _length);
            Execute(item.Action, item.State);
            if (i % ItemsPerWake == ItemsPerWake - 1)
            {
                _wakes.Pay();
            }
        }

        _wakes.Pay();
        return Handled != before;
    }

    /// <summary>Takes the time anew for <see cref="Now"/>. Loop thread only; for sources that deliver between batches.</summary>
    internal void RefreshNow() => Now = _time.GetUtcNow();

    /// <summary>Stops the thread after the item under way; what is still queued is dropped.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        if (_thread is null)
        {
            _waiter.Dispose();
            return;
        }

        // The thread disposes the waiter itself: an item that hangs must not find it gone.
        _waiter.Wake();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join(TimeSpan.FromSeconds(5));
        }
    }

    private void Run()
    {
        _wakes.Begin();
        while (!_stopping)
        {
            RunPending();
            if (!_queue.IsEmpty)
            {
                if (_waiter.HasSources)
                {
                    _waiter.Wait(0);
                    _wakes.Pay();
                }

                continue;
            }

            Volatile.Write(ref _sleeping, 1);
            Interlocked.MemoryBarrier();
            if (_queue.IsEmpty && !_stopping)
            {
                _waiter.Wait(_wheel.NextDelayMs(ElapsedMs()));
            }

            Volatile.Write(ref _sleeping, 0);
        }

        _wakes.End();
        _waiter.Dispose();
    }

    private void Fire(LoopTimer timer) => Execute(timer.Action, timer.State);

    private void Execute(Action<object?> action, object? state)
    {
        BusySince = Stopwatch.GetTimestamp();
        try
        {
            action(state);
        }
        catch (Exception e)
        {
            _onFault(e, state);
        }

        BusySince = 0;
        Handled++;
    }

    private long ElapsedMs() => (long)_time.GetElapsedTime(_origin).TotalMilliseconds;

    private readonly record struct Item(Action<object?> Action, object? State);
}
