using System.Buffers.Binary;

namespace XSwitchEngine.Media.Rtp;

/// <summary>What one received compound RTCP packet tells about our stream and its sender.</summary>
internal struct RtcpSummary
{
    public bool HasSenderReport;
    public uint SenderSsrc;
    public uint NtpMiddle;
    public bool HasBlock;
    public ReportBlock Block;
    public bool HasBye;
}

/// <summary>Reads compound RTCP packets (RFC 3550 §6); every length is checked against the bytes received.</summary>
internal static class RtcpReader
{
    public const byte SenderReport = 200, ReceiverReport = 201, SourceDescription = 202, Goodbye = 203;

    /// <summary>Reads a compound packet.</summary>
    /// <param name="data">As received.</param>
    /// <param name="ssrc">Our source, whose report block is looked for.</param>
    /// <param name="summary">What was found.</param>
    /// <returns>False when it is not RTCP from its beginning; what follows a broken part is passed over.</returns>
    public static bool TryRead(ReadOnlySpan<byte> data, uint ssrc, out RtcpSummary summary)
    {
        summary = default;
        var isFirst = true;
        while (data.Length >= 4)
        {
            var length = (BinaryPrimitives.ReadUInt16BigEndian(data[2..]) + 1) * 4;
            if (data[0] >> 6 != 2 || length > data.Length || data[1] is < 192 or > 223)
            {
                return !isFirst;
            }

            Read(data[..length], ssrc, ref summary);
            data = data[length..];
            isFirst = false;
        }

        return !isFirst;
    }

    private static void Read(ReadOnlySpan<byte> packet, uint ssrc, ref RtcpSummary summary)
    {
        var count = packet[0] & 0x1F;
        switch (packet[1])
        {
            case SenderReport when packet.Length >= 28:
                summary.HasSenderReport = true;
                summary.SenderSsrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
                summary.NtpMiddle = BinaryPrimitives.ReadUInt32BigEndian(packet[10..]);
                ReadBlocks(packet[28..], count, ssrc, ref summary);
                break;
            case ReceiverReport when packet.Length >= 8:
                ReadBlocks(packet[8..], count, ssrc, ref summary);
                break;
            case Goodbye:
                summary.HasBye = true;
                break;
            default:
                break;
        }
    }

    private static void ReadBlocks(ReadOnlySpan<byte> blocks, int count, uint ssrc, ref RtcpSummary summary)
    {
        for (; count > 0 && blocks.Length >= 24; count--, blocks = blocks[24..])
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(blocks) == ssrc)
            {
                summary.HasBlock = true;
                summary.Block = new ReportBlock(
                    ssrc,
                    blocks[4],
                    (int)(BinaryPrimitives.ReadUInt32BigEndian(blocks[4..]) << 8) >> 8,
                    BinaryPrimitives.ReadUInt32BigEndian(blocks[8..]),
                    BinaryPrimitives.ReadUInt32BigEndian(blocks[12..]),
                    BinaryPrimitives.ReadUInt32BigEndian(blocks[16..]),
                    BinaryPrimitives.ReadUInt32BigEndian(blocks[20..]));
            }
        }
    }
}
