using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Calls;

/// <summary>One operation's hold on a leg: its own mailbox, and the knowledge of whether it may still go on.</summary>
/// <remarks>Core loop only. Dispose it when the operation ends.</remarks>
internal sealed class LegControl : IDisposable
{
    private readonly EventLoop _loop;
    private readonly int _epoch;

    public LegControl(EventLoop loop, Leg leg)
    {
        _loop = loop;
        Leg = leg;
        _epoch = leg.Epoch;
        Queue = new SignalQueue(loop);
        leg.Operations++;
        leg.Attach(this);
    }

    public Leg Leg { get; }

    public SignalQueue Queue { get; }

    /// <summary>The script operation whose input callback wants the digits; default for none.</summary>
    public OpToken InputToken { get; init; }

    /// <summary>Whether digits go to an input callback.</summary>
    public bool WantsInput => InputToken.Sequence != 0;

    /// <summary>Whether the leg is up and was given nothing else to do meanwhile.</summary>
    public bool MayGoOn => Leg.IsUp && Leg.Epoch == _epoch;

    /// <summary>Waits for something to happen.</summary>
    /// <param name="timeout">Longest wait; null for none.</param>
    public ValueTask<Signal> ReceiveAsync(TimeSpan? timeout = null)
    {
        if (!Leg.IsUp)
        {
            return new(Signal.Gone.Instance);
        }

        return Leg.Epoch != _epoch ? new(Signal.Redirected.Instance) : Queue.ReceiveAsync(timeout);
    }

    /// <summary>Time left until a deadline, not below zero.</summary>
    /// <param name="deadline">The deadline.</param>
    public TimeSpan Left(DateTimeOffset deadline)
    {
        var left = deadline - _loop.Now;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left;
    }

    public DateTimeOffset Now => _loop.Now;

    public void Dispose()
    {
        Leg.Detach(this);
        Leg.Operations--;
    }
}
