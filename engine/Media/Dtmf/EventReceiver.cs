using System.Buffers.Binary;

namespace XSwitchEngine.Media.Dtmf;

/// <summary>What a telephone-event packet meant.</summary>
internal enum EventStep : byte
{
    /// <summary>Nothing new: an update, a repetition, or not a digit.</summary>
    None,

    /// <summary>A digit began.</summary>
    Began,

    /// <summary>The digit ended.</summary>
    Ended,

    /// <summary>A digit began whose first packet is also its last.</summary>
    BeganAndEnded,
}

/// <summary>Receives digits as telephone events (RFC 4733), each exactly once.</summary>
/// <remarks>
/// An event is known by its source, timestamp and number; marker bits and lost packets do not matter. It ends by its end bit, by the
/// beginning of another, or by <see cref="TimeoutUs"/> without an update. Events above 15 are no digits.
/// </remarks>
internal struct EventReceiver
{
    /// <summary>Silence after which an event whose end was lost is over.</summary>
    public const long TimeoutUs = 250_000;

    private bool _known;
    private uint _ssrc;
    private uint _timestamp;
    private int _event;
    private int _units;
    private int _earlierUnits;

    /// <summary>Whether a digit is being pressed.</summary>
    public bool IsActive { get; private set; }

    /// <summary>Arrival of its last packet.</summary>
    public long LastUs { get; private set; }

    /// <summary>The digit that began or ended last.</summary>
    public readonly char Digit => DtmfTones.Digits[_event];

    /// <summary>Its length so far, in units of the RTP clock.</summary>
    public readonly int Units => _earlierUnits + _units;

    /// <summary>Takes a packet. When it begins an event while another is active, call <see cref="End"/> first: see <see cref="Interrupts"/>.</summary>
    public EventStep Add(ReadOnlySpan<byte> payload, bool marker, uint timestamp, uint ssrc, long nowUs)
    {
        if (payload.Length < 4 || payload[0] > 15)
        {
            return EventStep.None;
        }

        var isEnd = (payload[1] & 0x80) != 0;
        int units = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
        if (IsSame(payload[0], timestamp, ssrc))
        {
            if (!IsActive)
            {
                return EventStep.None; // the end repeated, or a packet that came late
            }

            _units = Math.Max(_units, units);
            LastUs = nowUs;
            IsActive = !isEnd;
            return isEnd ? EventStep.Ended : EventStep.None;
        }

        if (IsStale(timestamp, ssrc))
        {
            return EventStep.None;
        }

        if (IsContinuation(payload[0], marker, timestamp, ssrc))
        {
            _earlierUnits += _units;
            (_timestamp, _units, LastUs) = (timestamp, units, nowUs);
            IsActive = !isEnd;
            return isEnd ? EventStep.Ended : EventStep.None;
        }

        (_known, _ssrc, _timestamp, _event, _units, _earlierUnits, LastUs) = (true, ssrc, timestamp, payload[0], units, 0, nowUs);
        IsActive = !isEnd;
        return isEnd ? EventStep.BeganAndEnded : EventStep.Began;
    }

    /// <summary>Whether a packet begins another event while one is active, whose end was lost.</summary>
    public readonly bool Interrupts(ReadOnlySpan<byte> payload, bool marker, uint timestamp, uint ssrc) =>
        IsActive && payload.Length >= 4 && payload[0] <= 15
        && !IsSame(payload[0], timestamp, ssrc) && !IsStale(timestamp, ssrc) && !IsContinuation(payload[0], marker, timestamp, ssrc);

    /// <summary>Ends the active event.</summary>
    public void End() => IsActive = false;

    private readonly bool IsSame(int number, uint timestamp, uint ssrc) =>
        _known && _ssrc == ssrc && _timestamp == timestamp && _event == number;

    /// <summary>Up to some seconds older than the last event: delayed packets of an earlier one.</summary>
    private readonly bool IsStale(uint timestamp, uint ssrc) => _known && _ssrc == ssrc && (int)(timestamp - _timestamp) is < 0 and > -100_000;

    /// <summary>A press longer than the duration field holds goes on in a further segment (RFC 4733 §2.5.1.3).</summary>
    private readonly bool IsContinuation(int number, bool marker, uint timestamp, uint ssrc) =>
        IsActive && !marker && _event == number && _ssrc == ssrc && _units >= 0xF000 && timestamp - _timestamp >= 0xF000 && timestamp - _timestamp <= 0x11000;
}
