using System.Buffers.Binary;

namespace XSwitchEngine.Media.Rtp;

/// <summary>One feedback message in a compound packet (RFC 4585 §6.1).</summary>
internal readonly ref struct FeedbackMessage
{
    public required int Type { get; init; }

    public required int Format { get; init; }

    public required uint MediaSource { get; init; }

    /// <summary>What follows the two sources.</summary>
    public required ReadOnlySpan<byte> Control { get; init; }
}

/// <summary>Reads and writes feedback about video: NACK, PLI, FIR, REMB (RFC 4585, RFC 5104, draft-alvestrand-rmcat-remb).</summary>
internal static class RtcpFeedback
{
    public const int Transport = 205, Payload = 206;
    public const int Nack = 1, TransportWide = 15;
    public const int PictureLoss = 1, FullIntra = 4, Application = 15;

    private const uint Remb = 0x52454D42;

    /// <summary>Takes the next feedback message of a compound packet; whatever else is in it is passed over.</summary>
    /// <param name="data">The rest of the packet; moved on.</param>
    /// <param name="message">The message.</param>
    /// <returns>False at the end, or at what is no RTCP.</returns>
    public static bool TryNext(ref ReadOnlySpan<byte> data, out FeedbackMessage message)
    {
        while (data.Length >= 4)
        {
            var length = (BinaryPrimitives.ReadUInt16BigEndian(data[2..]) + 1) * 4;
            if (data[0] >> 6 != 2 || length > data.Length)
            {
                break;
            }

            var packet = data[..length];
            data = data[length..];
            if (packet[1] is Transport or Payload && length >= 12)
            {
                message = new FeedbackMessage
                {
                    Type = packet[1],
                    Format = packet[0] & 0x1F,
                    MediaSource = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]),
                    Control = packet[12..],
                };
                return true;
            }
        }

        message = default;
        return false;
    }

    /// <summary>Reads a receiver's estimate.</summary>
    /// <param name="control">What follows the sources in an application message.</param>
    /// <param name="source">Whose stream it must name.</param>
    /// <param name="bitrateBps">Bits a second.</param>
    public static bool TryReadBandwidth(ReadOnlySpan<byte> control, uint source, out long bitrateBps)
    {
        bitrateBps = 0;
        if (control.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(control) != Remb || control.Length < 8 + (control[4] * 4))
        {
            return false;
        }

        var mantissa = (long)(BinaryPrimitives.ReadUInt32BigEndian(control[4..]) & 0x3FFFF);
        var exponent = (control[5] >> 2) & 0x3F;
        bitrateBps = exponent > 40 ? long.MaxValue : mantissa << exponent;
        for (var i = 0; i < control[4]; i++)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(control[(8 + (i * 4))..]) == source)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes an estimate as a cap for one stream.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteBandwidth(Span<byte> to, uint sender, uint source, long bitrateBps)
    {
        var exponent = 0;
        while (bitrateBps >> exponent > 0x3FFFF)
        {
            exponent++;
        }

        Head(to, Payload, Application, 24, sender, 0);
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], Remb);
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], (1u << 24) | ((uint)exponent << 18) | (uint)(bitrateBps >> exponent));
        BinaryPrimitives.WriteUInt32BigEndian(to[20..], source);
        return 24;
    }

    /// <summary>Writes the request for a whole picture.</summary>
    /// <returns>Bytes written.</returns>
    public static int WritePictureLoss(Span<byte> to, uint sender, uint source)
    {
        Head(to, Payload, PictureLoss, 12, sender, source);
        return 12;
    }

    /// <summary>Writes the command for a whole picture (RFC 5104 §4.3.1).</summary>
    /// <param name="to">Room.</param>
    /// <param name="sender">Our source.</param>
    /// <param name="source">Whose picture.</param>
    /// <param name="number">One more for each new command.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteFullIntra(Span<byte> to, uint sender, uint source, byte number)
    {
        Head(to, Payload, FullIntra, 20, sender, 0);
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], (uint)number << 24);
        return 20;
    }

    /// <summary>Writes a request for lost packets (RFC 4585 §6.2.1).</summary>
    /// <param name="to">Room for 12 bytes and 4 for each number.</param>
    /// <param name="sender">Our source.</param>
    /// <param name="source">Whose packets.</param>
    /// <param name="sequences">Their numbers, rising.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteNack(Span<byte> to, uint sender, uint source, ReadOnlySpan<ushort> sequences)
    {
        var length = 12;
        for (var i = 0; i < sequences.Length; length += 4)
        {
            var first = sequences[i++];
            var mask = 0;
            while (i < sequences.Length && (ushort)(sequences[i] - first) is > 0 and <= 16 and var ahead)
            {
                mask |= 1 << (ahead - 1);
                i++;
            }

            BinaryPrimitives.WriteUInt16BigEndian(to[length..], first);
            BinaryPrimitives.WriteUInt16BigEndian(to[(length + 2)..], (ushort)mask);
        }

        Head(to, Transport, Nack, length, sender, source);
        return length;
    }

    /// <summary>Writes what stands before every feedback message.</summary>
    public static void Head(Span<byte> to, byte type, int format, int length, uint sender, uint source)
    {
        to[0] = (byte)(0x80 | format);
        to[1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)((length / 4) - 1));
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], sender);
        BinaryPrimitives.WriteUInt32BigEndian(to[8..], source);
    }
}
