namespace XSwitchEngine.Media.Io;

/// <summary>When a media loop lets packets gather before it looks again, as network cards do: waking a sleeping thread costs more than relaying a packet.</summary>
/// <remarks>Only while packets come so fast that several are there after the pause; alone, a packet is relayed at once. Values in microseconds.</remarks>
/// <param name="longestUs">The pause; 0 for never.</param>
internal struct GatherPace(long longestUs)
{
    /// <summary>Packets that a pause has to be worth.</summary>
    public const int LeastPackets = 3;

    /// <summary>A shorter pause costs as much as it saves.</summary>
    public const long ShortestUs = 200;

    private const int Weight = 16; // of what was before, against one look

    // Means of time and of packets apart: one packet at once and the next one late is no fast stream.
    private double _us;
    private double _packets;
    private long _lastUs;

    /// <summary>The loop has looked: so many packets were there.</summary>
    /// <param name="packets">Since the last time.</param>
    /// <param name="nowUs">When.</param>
    public void Looked(long packets, long nowUs)
    {
        _us += (nowUs - _lastUs - _us) / Weight;
        _packets += (packets - _packets) / Weight;
        _lastUs = nowUs;
    }

    /// <summary>How long to rest before the next look.</summary>
    /// <param name="delayUs">Until something else is due; negative for nothing.</param>
    public readonly long RestUs(long delayUs)
    {
        var restUs = delayUs < 0 ? longestUs : Math.Min(longestUs, delayUs);
        return restUs >= ShortestUs && _packets > 0 && _packets * restUs >= LeastPackets * _us ? restUs : 0;
    }
}
