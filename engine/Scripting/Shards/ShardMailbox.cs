using System.Collections.Concurrent;
using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>What reaches a shard from outside.</summary>
internal enum ShardMessageKind
{
    /// <summary>A run starts.</summary>
    Start,

    /// <summary>An operation is over.</summary>
    Complete,

    /// <summary>An input for a callback.</summary>
    Input,

    /// <summary>The run's leg is gone.</summary>
    Gone,

    /// <summary>End the run.</summary>
    Kill,

    /// <summary>Look for runs that outstay their call.</summary>
    Expire,

    /// <summary>Something to do on the shard's thread.</summary>
    Work,
}

/// <summary>A message to a shard.</summary>
internal readonly record struct ShardMessage(ShardMessageKind Kind, ScriptRun? Run, int Sequence = 0, OpResult Result = default, ScriptInput Input = default, string? Reason = null, Action<ScriptShard>? Work = null);

/// <summary>Many write, one thread reads and sleeps while there is nothing.</summary>
/// <remarks>Not bounded by itself: every message belongs to a run, of which there is a most number, or to an operation that a run has begun; inputs are bounded where they wait.</remarks>
internal sealed class ShardMailbox : IDisposable
{
    private readonly ConcurrentQueue<ShardMessage> _queue = new();
    private readonly ILoopWaiter _waiter = FutexWaiter.IsSupported ? new FutexWaiter() : new SemaphoreWaiter();
    private readonly Action _wake;
    private int _sleeping;
    private volatile bool _closed;

    /// <summary>An empty mailbox.</summary>
    public ShardMailbox() => _wake = _waiter.Wake;

    /// <summary>Whether the reader is to stop.</summary>
    public bool IsClosed => _closed;

    /// <summary>Adds a message.</summary>
    public void Post(in ShardMessage message)
    {
        _queue.Enqueue(message);
        Wake();
    }

    /// <summary>Takes a message.</summary>
    public bool TryTake(out ShardMessage message) => _queue.TryDequeue(out message);

    /// <summary>Sleeps until there is a message or the mailbox is closed.</summary>
    public void Wait()
    {
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
        if (_queue.IsEmpty && !_closed)
        {
            _waiter.Wait(-1);
        }

        Volatile.Write(ref _sleeping, 0);
    }

    /// <summary>Stops the reader.</summary>
    public void Close()
    {
        _closed = true;
        Volatile.Write(ref _sleeping, 0);
        _waiter.Wake();     // at once: the caller waits for the reader
    }

    /// <inheritdoc/>
    public void Dispose() => _waiter.Dispose();

    private void Wake()
    {
        if (Volatile.Read(ref _sleeping) == 1 && Interlocked.Exchange(ref _sleeping, 0) == 1 && !WakeBatch.TryDefer(_wake))
        {
            _waiter.Wake();
        }
    }
}
