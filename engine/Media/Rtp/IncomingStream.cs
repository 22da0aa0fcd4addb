namespace XSwitchEngine.Media.Rtp;

/// <summary>Loss and jitter of what one peer sends (RFC 3550 §A.1, §A.3, §A.8), across changes of its source.</summary>
/// <param name="maxMisorder">How far behind the newest a packet is still of use; those asked for again come late.</param>
internal sealed class IncomingStream(int maxMisorder = 100)
{
    private const int MaxDropout = 3000;

    private bool _started;
    private ushort _max;
    private uint _cycles;
    private uint _base;
    private uint _next; // sequence that would confirm a restart of the numbering
    private long _receivedHere;
    private long _expectedBefore;
    private long _receivedBefore;
    private long _expectedAtReport;
    private long _receivedAtReport;
    private long _transit;
    private bool _hasTransit;
    private double _jitter;

    /// <summary>Source of the current stream.</summary>
    public uint Ssrc { get; private set; }

    public bool HasSource => _started;

    /// <summary>Packets counted, all sources together.</summary>
    public long Received => _receivedBefore + _receivedHere;

    /// <summary>Packets that should have come by their numbers.</summary>
    public long Expected => _expectedBefore + (_started ? ExtendedMax - _base + 1 : 0);

    /// <summary>Never negative, though duplicates count as received.</summary>
    public long Lost => Math.Max(0, Expected - Received);

    /// <summary>Highest sequence number with its wraps, for reports.</summary>
    public uint ExtendedMax => _cycles + _max;

    /// <summary>Interarrival jitter in units of the RTP clock.</summary>
    public double Jitter => _jitter;

    /// <summary>Counts a packet.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="restarted">Whether it begins a new stream: what was buffered of the former is void.</param>
    /// <returns>False for one far out of order, which is not to be used.</returns>
    public bool Add(in RtpHeader header, out bool restarted)
    {
        restarted = !_started || header.Ssrc != Ssrc;
        if (restarted)
        {
            Restart(header);
            return true;
        }

        var ahead = (ushort)(header.Sequence - _max);
        if (ahead < MaxDropout)
        {
            if (header.Sequence < _max)
            {
                _cycles += 0x10000;
            }

            _max = header.Sequence;
        }
        else if (ahead <= 0x10000 - maxMisorder)
        {
            if (header.Sequence != _next)
            {
                _next = (ushort)(header.Sequence + 1);
                return false;
            }

            restarted = true; // two in a row: the peer began again without telling
            Restart(header);
            return true;
        }

        _receivedHere++;
        return true;
    }

    /// <summary>Takes the arrival time of an audio packet into the jitter.</summary>
    public void AddTransit(uint timestamp, long nowUs, int clockHz)
    {
        var transit = (nowUs * clockHz / 1_000_000) - timestamp;
        if (_hasTransit)
        {
            var difference = Math.Abs((long)(int)(uint)(transit - _transit));
            if (difference < clockHz * 10) // a jump of the timestamps is no jitter
            {
                _jitter += (difference - _jitter) / 16;
            }
        }

        _transit = transit;
        _hasTransit = true;
    }

    /// <summary>Share of packets lost since the last report, 0..255 for 0..1.</summary>
    public byte TakeFractionLost()
    {
        var expected = Expected - _expectedAtReport;
        var lost = expected - (Received - _receivedAtReport);
        _expectedAtReport = Expected;
        _receivedAtReport = Received;
        return expected <= 0 || lost <= 0 ? (byte)0 : (byte)Math.Min(255, lost * 256 / expected);
    }

    private void Restart(in RtpHeader header)
    {
        _expectedBefore = Expected;
        _receivedBefore = Received;
        _started = true;
        Ssrc = header.Ssrc;
        _max = header.Sequence;
        _base = header.Sequence;
        _cycles = 0;
        _next = 0x10001;
        _receivedHere = 1;
        _hasTransit = false;
    }
}
