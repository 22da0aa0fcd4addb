namespace XSwitchEngine.Media.Sessions;

/// <summary>Two legs that hear each other.</summary>
internal sealed class Bridge : ITicker
{
    private readonly MediaLeg _a;
    private readonly MediaLeg _b;

    /// <summary>Joins two legs; both leave what they were in.</summary>
    public Bridge(MediaLeg a, MediaLeg b)
    {
        a.Detach();
        b.Detach();
        _a = a;
        _b = b;
        a.Bridge = b.Bridge = this;
        a.ArrangeAll();
    }

    /// <inheritdoc/>
    public int Slot { get; set; } = -1;

    /// <inheritdoc/>
    public int SlotIndex { get; set; }

    /// <inheritdoc/>
    public long LastTick { get; set; }

    public MediaLeg Other(MediaLeg leg) => ReferenceEquals(leg, _a) ? _b : _a;

    /// <summary>Parts the legs.</summary>
    public void End()
    {
        _a.Core!.StopTicks(this);
        _a.OnParting();
        _b.OnParting();
        _a.Bridge = _b.Bridge = null;
        _a.ArrangeAll();
        _b.ArrangeAll();
    }

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        _a.Receive(nowUs);
        _b.Receive(nowUs);
        Send(_b, _a, nowUs);
        Send(_a, _b, nowUs);
        _a.Finish(nowUs);
        _b.Finish(nowUs);
    }

    private static void Send(MediaLeg from, MediaLeg to, long nowUs)
    {
        if (from.Input is { HasAudio: true } input && from.IsHeardBy(to))
        {
            to.Send(input.Frame, input.RateHz, nowUs);
        }
        else
        {
            to.Send(default, 0, nowUs);
        }
    }
}
