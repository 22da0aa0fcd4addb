using System.Buffers.Binary;

namespace XSwitchEngine.Media.Rtp;

/// <summary>The header of an RTP packet (RFC 3550 §5.1) and where its payload lies.</summary>
internal readonly struct RtpHeader
{
    /// <summary>Length without contributing sources and extension.</summary>
    public const int FixedLength = 12;

    /// <summary>Longest packet that is taken; what is longer cannot have come in one frame and no codec here needs it.</summary>
    public const int LongestPacket = 1500;

    private RtpHeader(ReadOnlySpan<byte> packet, int offset, int length)
    {
        Marker = (packet[1] & 0x80) != 0;
        PayloadType = packet[1] & 0x7F;
        Sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        Timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        Ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        PayloadOffset = offset;
        PayloadLength = length;
    }

    public int PayloadType { get; }

    public bool Marker { get; }

    public ushort Sequence { get; }

    public uint Timestamp { get; }

    public uint Ssrc { get; }

    public int PayloadOffset { get; }

    public int PayloadLength { get; }

    /// <summary>Reads a header; every length in it is checked against the bytes that are there.</summary>
    public static bool TryParse(ReadOnlySpan<byte> packet, out RtpHeader header)
    {
        header = default;
        if (packet.Length is < FixedLength or > LongestPacket || packet[0] >> 6 != 2)
        {
            return false;
        }

        var offset = FixedLength + ((packet[0] & 0x0F) * 4);
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < offset + 4)
            {
                return false;
            }

            offset += 4 + (BinaryPrimitives.ReadUInt16BigEndian(packet[(offset + 2)..]) * 4);
        }

        var end = packet.Length;
        if ((packet[0] & 0x20) != 0)
        {
            end -= packet[^1];
            if (packet[^1] == 0)
            {
                return false;
            }
        }

        if (offset > end)
        {
            return false;
        }

        header = new RtpHeader(packet, offset, end - offset);
        return true;
    }

    /// <summary>Writes a header of the fixed length.</summary>
    public static void Write(Span<byte> packet, int payloadType, bool marker, ushort sequence, uint timestamp, uint ssrc)
    {
        packet[0] = 0x80;
        packet[1] = (byte)(payloadType | (marker ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], ssrc);
    }
}
