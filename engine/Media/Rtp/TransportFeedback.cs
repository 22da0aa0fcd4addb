using System.Buffers.Binary;

namespace XSwitchEngine.Media.Rtp;

/// <summary>Arrival times by transport-wide numbers, and the feedback made of them (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).</summary>
/// <remarks>Holds the last 1024 numbers; two-bit vector chunks only. Without this feedback a browser that was promised it sends 30 kbit/s.</remarks>
internal sealed class TransportFeedback
{
    private const int Capacity = 1024;
    private const int MostReported = 448; // 64 chunks; with large deltas of all still within one packet
    private const long PeriodUs = 50_000;
    private const long TickUs = 250;
    private const long ReferenceUs = 64_000;

    private readonly long[] _arrivals = new long[Capacity];
    private ushort _next; // first number that is not reported
    private ushort _max;
    private bool _started;
    private byte _count;
    private long _reportedUs;

    /// <summary>Whether feedback is due.</summary>
    public bool IsDue(long nowUs) => _started && (short)(_max - _next) >= 0 && nowUs - _reportedUs >= PeriodUs;

    /// <summary>Notes an arrival.</summary>
    public void Add(ushort number, long nowUs)
    {
        if (!_started)
        {
            _started = true;
            _next = _max = number;
            _reportedUs = nowUs;
        }

        var ahead = (short)(number - _max);
        if (ahead > 0)
        {
            for (var i = 1; i <= Math.Min((int)ahead, Capacity); i++)
            {
                _arrivals[(ushort)(_max + i) % Capacity] = 0;
            }

            _max = number;
            if ((ushort)(_max - _next) >= Capacity)
            {
                _next = (ushort)(_max - Capacity + 1);
            }
        }
        else if ((short)(number - _next) < 0)
        {
            return; // it was reported lost; saying otherwise now would need the old numbers again
        }

        _arrivals[number % Capacity] = nowUs;
    }

    /// <summary>Writes a message about all that is not reported yet, as far as one holds it.</summary>
    /// <returns>Bytes written, or 0 when nothing came.</returns>
    public int Write(Span<byte> to, uint sender, uint source, long nowUs)
    {
        _reportedUs = nowUs;
        var count = Math.Min((ushort)(_max - _next) + 1, MostReported);
        var first = 0;
        while (first < count && _arrivals[(ushort)(_next + first) % Capacity] == 0)
        {
            first++;
        }

        if (first == count)
        {
            _next = (ushort)(_next + count);
            return 0;
        }

        var reference = _arrivals[(ushort)(_next + first) % Capacity] / ReferenceUs;
        BinaryPrimitives.WriteUInt16BigEndian(to[12..], _next);
        var deltas = 20 + (((count + 6) / 7) * 2);
        var at = deltas;
        var last = reference * ReferenceUs / TickUs;
        var reported = 0;
        Span<byte> symbols = stackalloc byte[MostReported];
        for (; reported < count; reported++)
        {
            var arrival = _arrivals[(ushort)(_next + reported) % Capacity];
            if (arrival == 0)
            {
                continue;
            }

            var delta = (arrival / TickUs) - last;
            if (delta is < short.MinValue or > short.MaxValue || at + 2 > to.Length - 4)
            {
                break; // what is further away needs a reference of its own
            }

            last += delta;
            if (delta is >= 0 and <= byte.MaxValue)
            {
                symbols[reported] = 1;
                to[at++] = (byte)delta;
            }
            else
            {
                symbols[reported] = 2;
                BinaryPrimitives.WriteInt16BigEndian(to[at..], (short)delta);
                at += 2;
            }
        }

        var chunks = (reported + 6) / 7;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var bits = 0xC000;
            for (var i = 0; i < 7 && (chunk * 7) + i < reported; i++)
            {
                bits |= symbols[(chunk * 7) + i] << (12 - (i * 2));
            }

            BinaryPrimitives.WriteUInt16BigEndian(to[(20 + (chunk * 2))..], (ushort)bits);
        }

        var written = at - deltas;
        to.Slice(deltas, written).CopyTo(to[(20 + (chunks * 2))..]);
        var length = 20 + (chunks * 2) + written;
        var padding = (4 - (length % 4)) % 4;
        to.Slice(length, padding).Clear();
        if (padding > 0)
        {
            to[length + padding - 1] = (byte)padding;
        }

        RtcpFeedback.Head(to, RtcpFeedback.Transport, RtcpFeedback.TransportWide, length + padding, sender, source);
        to[0] |= (byte)(padding > 0 ? 0x20 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(to[14..], (ushort)reported);
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], ((uint)reference << 8) | _count++);
        _next = (ushort)(_next + reported);
        return length + padding;
    }
}
