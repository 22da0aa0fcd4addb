using System.Buffers.Binary;

namespace XSwitchEngine.Media.Rtp;

/// <summary>Header extensions of a packet (RFC 8285), in the one-byte and the two-byte form.</summary>
internal static class RtpExtensions
{
    private const int OneByte = 0xBEDE;
    private const int TwoBytes = 0x1000;

    /// <summary>Finds an element.</summary>
    /// <param name="packet">A packet whose header was parsed.</param>
    /// <param name="id">1..255.</param>
    /// <param name="value">Its bytes.</param>
    /// <returns>False when it is not there, or what is there is no list of elements.</returns>
    public static bool TryFind(ReadOnlySpan<byte> packet, int id, out ReadOnlySpan<byte> value)
    {
        value = default;
        var offset = RtpHeader.FixedLength + ((packet[0] & 0x0F) * 4);
        if ((packet[0] & 0x10) == 0 || id <= 0 || packet.Length < offset + 4)
        {
            return false;
        }

        var profile = BinaryPrimitives.ReadUInt16BigEndian(packet[offset..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(packet[(offset + 2)..]) * 4;
        var elements = packet[(offset + 4)..];
        elements = elements[..Math.Min(length, elements.Length)];
        return profile == OneByte ? FindShort(elements, id, out value) : (profile & 0xFFF0) == TwoBytes && FindLong(elements, id, out value);
    }

    private static bool FindShort(ReadOnlySpan<byte> elements, int id, out ReadOnlySpan<byte> value)
    {
        value = default;
        while (elements.Length > 1)
        {
            if (elements[0] == 0)
            {
                elements = elements[1..];
                continue;
            }

            var (number, length) = (elements[0] >> 4, (elements[0] & 0x0F) + 1);
            if (number == 15 || elements.Length < 1 + length)
            {
                return false; // 15 ends the list (§4.2)
            }

            if (number == id)
            {
                value = elements.Slice(1, length);
                return true;
            }

            elements = elements[(1 + length)..];
        }

        return false;
    }

    private static bool FindLong(ReadOnlySpan<byte> elements, int id, out ReadOnlySpan<byte> value)
    {
        value = default;
        while (elements.Length > 1)
        {
            if (elements[0] == 0)
            {
                elements = elements[1..];
                continue;
            }

            var (number, length) = (elements[0], elements[1]);
            if (elements.Length < 2 + length)
            {
                return false;
            }

            if (number == id)
            {
                value = elements.Slice(2, length);
                return true;
            }

            elements = elements[(2 + length)..];
        }

        return false;
    }
}
