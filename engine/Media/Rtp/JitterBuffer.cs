namespace XSwitchEngine.Media.Rtp;

/// <summary>Puts received packets into the order of their timestamps and says when each is due, with as little delay as their jitter allows.</summary>
/// <remarks>
/// Time is counted in units of the RTP clock. A packet that comes while its place is being concealed moves playout back at once; spare
/// delay is given up a frame at a time when it was not needed for four seconds. Holds at most 64 packets and 400 ms.
/// </remarks>
/// <param name="clockHz">RTP clock.</param>
/// <param name="buffers">Spare packet buffers.</param>
/// <param name="startDelayMs">Delay to begin with.</param>
internal sealed class JitterBuffer(int clockHz, Stack<byte[]> buffers, int startDelayMs = 20)
{
    /// <summary>Size of the buffers in the shared stack.</summary>
    public const int BufferLength = RtpHeader.LongestPacket;

    private const int Capacity = 64;
    private const int LongestDelayMs = 400;
    private const int LongestLatenessMs = 200;
    private const int SpareMs = 60;
    private const int WindowReads = 200;
    private const int FrameMs = 20;

    private readonly Slot[] _slots = new Slot[Capacity];
    private int _count;
    private bool _playing;
    private long _firstUs;
    private uint _next;          // timestamp that is due
    private uint _playedEnd;     // end of the last packet that was really played
    private bool _hasPlayed;
    private int _reads;
    private int _least = int.MaxValue;

    private struct Slot
    {
        public byte[] Data;
        public int Length;
        public int Units;
        public uint Timestamp;
    }

    /// <summary>Packets refused: too late, twice, or too many.</summary>
    public long Late { get; private set; }

    /// <summary>Units between the due time and the end of what is buffered.</summary>
    public int Depth => _count == 0 ? 0 : Math.Max(0, (int)(_slots[_count - 1].Timestamp + (uint)_slots[_count - 1].Units - _next));

    /// <summary>Adds a packet; its payload is copied.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="timestamp">Its RTP timestamp.</param>
    /// <param name="units">Its length in units of the clock, at least 1.</param>
    /// <param name="nowUs">Arrival.</param>
    /// <returns>False when it is not used.</returns>
    public bool Add(ReadOnlySpan<byte> payload, uint timestamp, int units, long nowUs)
    {
        if (_playing && !InTime(timestamp, units))
        {
            Late++;
            return false;
        }

        if (_count == 0 && !_playing)
        {
            _firstUs = nowUs;
        }

        if (_count == Capacity)
        {
            RemoveFirst();
            Late++;
        }

        var at = _count;
        while (at > 0 && (int)(_slots[at - 1].Timestamp - timestamp) > 0)
        {
            at--;
        }

        if (at > 0 && _slots[at - 1].Timestamp == timestamp)
        {
            Late++;
            return false;
        }

        Array.Copy(_slots, at, _slots, at + 1, _count - at);
        var data = buffers.TryPop(out var spare) ? spare : new byte[BufferLength];
        payload.CopyTo(data);
        _slots[at] = new Slot { Data = data, Length = payload.Length, Units = units, Timestamp = timestamp };
        _count++;
        return true;
    }

    /// <summary>Begins a frame of 20 ms.</summary>
    /// <returns>False while nothing is to be played: no packet yet, or the first ones are still being gathered.</returns>
    public bool BeginFrame(long nowUs)
    {
        if (!_playing)
        {
            if (_count == 0 || nowUs - _firstUs < startDelayMs * 1000)
            {
                return false;
            }

            _playing = true;
            _next = _slots[0].Timestamp;
            _hasPlayed = false;
            (_reads, _least) = (0, int.MaxValue);
        }

        Trim();
        return true;
    }

    /// <summary>Gives the packet that is due.</summary>
    /// <param name="missing">Units to conceal before the next packet; <see cref="int.MaxValue"/> when none is here.</param>
    /// <param name="payload">The payload, valid until the next call.</param>
    /// <param name="skip">Units at its beginning that were already played.</param>
    /// <returns>False when something is to be concealed first: tell it with <see cref="Conceal"/>.</returns>
    public bool TryTake(out int missing, out ReadOnlySpan<byte> payload, out int skip)
    {
        while (_count > 0)
        {
            ref var slot = ref _slots[0];
            var gap = (int)(slot.Timestamp - _next);
            if (gap > 2 * clockHz)
            {
                _next = slot.Timestamp; // a leap of the timestamps is no pause
                gap = 0;
            }

            if (gap > 0)
            {
                missing = gap;
                payload = default;
                skip = 0;
                return false;
            }

            if (gap + slot.Units <= 0)
            {
                RemoveFirst();
                Late++;
                continue;
            }

            missing = 0;
            payload = slot.Data.AsSpan(0, slot.Length);
            skip = -gap;
            _next = _playedEnd = slot.Timestamp + (uint)slot.Units;
            _hasPlayed = true;
            RemoveFirst(); // its buffer is reused only by a later Add
            return true;
        }

        missing = int.MaxValue;
        payload = default;
        skip = 0;
        return false;
    }

    /// <summary>Gives the packet behind a gap without taking it.</summary>
    /// <param name="payload">Valid until the next call.</param>
    /// <returns>False when there is none.</returns>
    public bool TryPeek(out ReadOnlySpan<byte> payload)
    {
        payload = _count > 0 ? _slots[0].Data.AsSpan(0, _slots[0].Length) : default;
        return _count > 0;
    }

    /// <summary>Passes over time that was concealed.</summary>
    public void Conceal(int units) => _next += (uint)units;

    /// <summary>Ends playing until packets come again: the peer fell silent.</summary>
    public void Pause() => _playing = false;

    /// <summary>Forgets everything: the peer began a new stream.</summary>
    public void Clear()
    {
        while (_count > 0)
        {
            RemoveFirst();
        }

        _playing = false;
    }

    private bool InTime(uint timestamp, int units)
    {
        var early = (int)(timestamp - _next);
        if (early >= 0 || early + units > 0)
        {
            return true;
        }

        var late = -early;
        if (_hasPlayed && (int)(timestamp - _playedEnd) < 0)
        {
            // Far behind: the peer's timestamps began anew. Otherwise its successor was played already, and it is lost.
            if (late > 2 * clockHz)
            {
                Clear();
                return true;
            }

            return false;
        }

        if (late > LongestLatenessMs * clockHz / 1000)
        {
            return false;
        }

        _next = timestamp;
        return true;
    }

    /// <summary>Gives up delay that was not needed, and what exceeds the bound at once.</summary>
    private void Trim()
    {
        var depth = Depth;
        var perMs = clockHz / 1000;
        if (depth > LongestDelayMs * perMs)
        {
            while (_count > 1 && Depth > SpareMs * perMs)
            {
                RemoveFirst();
                Late++;
                _next = _slots[0].Timestamp;
            }

            (_reads, _least) = (0, int.MaxValue);
            return;
        }

        _least = Math.Min(_least, depth);
        if (++_reads < WindowReads)
        {
            return;
        }

        if (_least >= (SpareMs + FrameMs) * perMs)
        {
            _next += (uint)(FrameMs * perMs);
        }

        (_reads, _least) = (0, int.MaxValue);
    }

    private void RemoveFirst()
    {
        buffers.Push(_slots[0].Data);
        _count--;
        Array.Copy(_slots, 1, _slots, 0, _count);
        _slots[_count] = default;
    }
}
