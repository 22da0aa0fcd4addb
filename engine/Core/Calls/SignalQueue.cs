using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Calls;

/// <summary>A mailbox that one operation on the core loop waits on.</summary>
/// <remarks>
/// Core loop only. A waiter is resumed by a message to the loop, never inside the sender's code, so that no operation runs in the middle
/// of another. At most <see cref="Limit"/> signals wait; more are dropped, oldest first (they are hints: the state itself is in the leg).
/// </remarks>
internal sealed class SignalQueue(EventLoop loop)
{
    private const int Limit = 256;
    private readonly Queue<Signal> _signals = new();
    private TaskCompletionSource<Signal>? _waiter;
    private LoopTimer? _timer;

    /// <summary>Adds a signal.</summary>
    /// <param name="signal">The signal.</param>
    public void Send(Signal signal)
    {
        if (_signals.Count >= Limit)
        {
            _signals.Dequeue();
        }

        _signals.Enqueue(signal);
        if (_waiter is not null)
        {
            loop.Post(static s => ((SignalQueue)s!).Wake(Signal.Timeout.Instance, timedOut: false), this);
        }
    }

    /// <summary>Takes the next signal.</summary>
    /// <param name="timeout">Longest wait; null for none.</param>
    /// <returns>The signal, or <see cref="Signal.Timeout"/>.</returns>
    public ValueTask<Signal> ReceiveAsync(TimeSpan? timeout)
    {
        if (_signals.TryDequeue(out var signal))
        {
            return new(signal);
        }

        if (_waiter is not null)
        {
            throw new InvalidOperationException("Two operations wait on one queue.");
        }

        var waiter = _waiter = new TaskCompletionSource<Signal>();
        if (timeout is { } due)
        {
            _timer = loop.Schedule(due, static s => ((SignalQueue)s!).Wake(Signal.Timeout.Instance, timedOut: true), this);
        }

        return new(waiter.Task);
    }

    private void Wake(Signal timeout, bool timedOut)
    {
        if (_waiter is not { } waiter)
        {
            return;
        }

        if (!_signals.TryDequeue(out var signal))
        {
            if (!timedOut)
            {
                return;
            }

            signal = timeout;
        }

        loop.Cancel(_timer);
        _timer = null;
        _waiter = null;
        waiter.SetResult(signal);
    }
}
