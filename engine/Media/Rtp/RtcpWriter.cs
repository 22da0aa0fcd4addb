using System.Buffers.Binary;

namespace XSwitchEngine.Media.Rtp;

/// <summary>One report block (RFC 3550 §6.4.1).</summary>
internal readonly record struct ReportBlock(uint Ssrc, byte FractionLost, long CumulativeLost, uint ExtendedMax, uint Jitter, uint LastReport, uint DelaySinceLastReport);

/// <summary>Writes compound RTCP packets into a buffer.</summary>
internal ref struct RtcpWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Length { get; private set; }

    /// <summary>Adds a sender report, or a receiver report when <paramref name="sender"/> is null.</summary>
    public void Report(uint ssrc, (ulong Ntp, uint Timestamp, uint Packets, uint Octets)? sender, ReportBlock? block)
    {
        var start = Length;
        Length += 8;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[(start + 4)..], ssrc);
        if (sender is { } info)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_buffer[Length..], info.Ntp);
            BinaryPrimitives.WriteUInt32BigEndian(_buffer[(Length + 8)..], info.Timestamp);
            BinaryPrimitives.WriteUInt32BigEndian(_buffer[(Length + 12)..], info.Packets);
            BinaryPrimitives.WriteUInt32BigEndian(_buffer[(Length + 16)..], info.Octets);
            Length += 20;
        }

        if (block is { } b)
        {
            var to = _buffer[Length..];
            BinaryPrimitives.WriteUInt32BigEndian(to, b.Ssrc);
            BinaryPrimitives.WriteUInt32BigEndian(to[4..], ((uint)b.FractionLost << 24) | ((uint)Math.Clamp(b.CumulativeLost, -0x800000, 0x7FFFFF) & 0xFFFFFF));
            BinaryPrimitives.WriteUInt32BigEndian(to[8..], b.ExtendedMax);
            BinaryPrimitives.WriteUInt32BigEndian(to[12..], b.Jitter);
            BinaryPrimitives.WriteUInt32BigEndian(to[16..], b.LastReport);
            BinaryPrimitives.WriteUInt32BigEndian(to[20..], b.DelaySinceLastReport);
            Length += 24;
        }

        Head(start, block is null ? 0 : 1, sender is null ? RtcpReader.ReceiverReport : RtcpReader.SenderReport);
    }

    /// <summary>Adds the canonical name (RFC 3550 §6.5.1).</summary>
    public void Name(uint ssrc, scoped ReadOnlySpan<byte> name)
    {
        var start = Length;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[(start + 4)..], ssrc);
        _buffer[start + 8] = 1;
        _buffer[start + 9] = (byte)name.Length;
        name.CopyTo(_buffer[(start + 10)..]);
        Length = start + 10 + name.Length;
        do
        {
            _buffer[Length++] = 0; // at least one, then to the word
        }
        while ((Length - start) % 4 != 0);

        Head(start, 1, RtcpReader.SourceDescription);
    }

    /// <summary>Adds a goodbye.</summary>
    public void Bye(uint ssrc)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[(Length + 4)..], ssrc);
        Length += 8;
        Head(Length - 8, 1, RtcpReader.Goodbye);
    }

    private readonly void Head(int start, int count, byte type)
    {
        _buffer[start] = (byte)(0x80 | count);
        _buffer[start + 1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(start + 2)..], (ushort)(((Length - start) / 4) - 1));
    }
}
