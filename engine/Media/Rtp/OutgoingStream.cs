namespace XSwitchEngine.Media.Rtp;

/// <summary>Numbers what is sent to one peer as one stream, whatever it is made of: generated audio, events, packets of another leg.</summary>
/// <remarks>
/// Within a source the timestamps follow that source. At each change the next packet takes the next sequence number and a timestamp
/// ahead by the time that really passed, so that the receiver's playout neither jumps back nor sees loss.
/// </remarks>
internal sealed class OutgoingStream(uint ssrc, ushort firstSequence, uint firstTimestamp)
{
    private const int MaxJump = 3000;

    private ushort _next = firstSequence;
    private uint _lastTimestamp = firstTimestamp;
    private long _lastUs;
    private int _lastUnits;
    private bool _started;
    private bool _contiguous;
    private bool _relaying;
    private uint _sourceSsrc;
    private ushort _sourceLast;
    private ushort _sourceFloor;
    private ushort _sequenceShift;
    private uint _timestampShift;

    public uint Ssrc { get; } = ssrc;

    public long Packets { get; private set; }

    public long Octets { get; private set; }

    public bool HasSent => _started;

    /// <summary>Numbers a generated frame.</summary>
    /// <param name="nowUs">The tick.</param>
    /// <param name="units">Its length in units of the RTP clock.</param>
    /// <param name="clockHz">The clock.</param>
    /// <param name="timestamp">Its timestamp.</param>
    /// <param name="marker">Whether it begins a talk spurt.</param>
    /// <returns>Its sequence number.</returns>
    public ushort Generate(long nowUs, int units, int clockHz, out uint timestamp, out bool marker)
    {
        marker = !_contiguous;
        timestamp = _contiguous ? _lastTimestamp + (uint)_lastUnits : NextTimestamp(nowUs, clockHz);
        _contiguous = true;
        _relaying = false;
        Sent(timestamp, units, nowUs);
        return _next++;
    }

    /// <summary>Numbers a further packet of an event that began with <see cref="Generate"/>; the timestamp stays.</summary>
    public ushort Continue()
    {
        _contiguous = false;
        _relaying = false;
        return _next++;
    }

    /// <summary>Ends a run of generated frames: the next one is dated by the clock.</summary>
    public void Break() => _contiguous = false;

    /// <summary>Numbers a packet of another leg.</summary>
    /// <param name="source">Its header.</param>
    /// <param name="nowUs">Now.</param>
    /// <param name="clockHz">The clock, the same on both legs.</param>
    /// <param name="sequence">Its number in this stream.</param>
    /// <param name="timestamp">Its timestamp in this stream.</param>
    /// <param name="restarted">Whether this stream changes to the source with it.</param>
    /// <returns>False for one that is older than the change to this source.</returns>
    public bool Relay(in RtpHeader source, long nowUs, int clockHz, out ushort sequence, out uint timestamp, out bool restarted)
    {
        restarted = !_relaying || source.Ssrc != _sourceSsrc || Math.Abs((int)(short)(source.Sequence - _sourceLast)) > MaxJump;
        if (restarted)
        {
            _sequenceShift = (ushort)(_next - source.Sequence);
            _timestampShift = NextTimestamp(nowUs, clockHz) - source.Timestamp;
            _sourceSsrc = source.Ssrc;
            _sourceFloor = source.Sequence;
            _sourceLast = source.Sequence;
            _relaying = true;
            _contiguous = false;
        }
        else if ((short)(source.Sequence - _sourceFloor) < 0)
        {
            (sequence, timestamp) = (0, 0);
            return false;
        }

        sequence = (ushort)(source.Sequence + _sequenceShift);
        timestamp = source.Timestamp + _timestampShift;
        if ((short)(source.Sequence - _sourceLast) >= 0)
        {
            _sourceLast = source.Sequence;
            _next = (ushort)(sequence + 1);
            if ((ushort)(source.Sequence - _sourceFloor) > 2 * MaxJump)
            {
                _sourceFloor = (ushort)(source.Sequence - MaxJump);
            }

            if (timestamp != _lastTimestamp || !_started)
            {
                Sent(timestamp, clockHz / 50, nowUs);
            }
        }

        return true;
    }

    /// <summary>What is relayed next comes from elsewhere, whatever its numbers look like.</summary>
    public void LeaveSource() => _relaying = false;

    /// <summary>Tells which packet of the source that is relayed now had a number of this stream.</summary>
    /// <param name="sequence">A number of this stream.</param>
    /// <param name="source">The source's own number.</param>
    /// <param name="timestampShift">What is added to the source's timestamps.</param>
    /// <returns>False for one of before the change to this source, or that was never sent.</returns>
    public bool TrySource(ushort sequence, out ushort source, out uint timestampShift)
    {
        source = (ushort)(sequence - _sequenceShift);
        timestampShift = _timestampShift;
        return _relaying && (short)(source - _sourceFloor) >= 0 && (short)(_sourceLast - source) >= 0;
    }

    public void Count(int payloadLength)
    {
        Packets++;
        Octets += payloadLength;
    }

    /// <summary>The RTP timestamp of an instant, for sender reports.</summary>
    public uint TimestampAt(long nowUs, int clockHz) => _lastTimestamp + (uint)((nowUs - _lastUs) * clockHz / 1_000_000);

    private uint NextTimestamp(long nowUs, int clockHz) => _started
        ? _lastTimestamp + (uint)Math.Max(_lastUnits, (nowUs - _lastUs) * clockHz / 1_000_000)
        : _lastTimestamp;

    private void Sent(uint timestamp, int units, long nowUs)
    {
        _started = true;
        _lastTimestamp = timestamp;
        _lastUnits = units;
        _lastUs = nowUs;
    }
}
