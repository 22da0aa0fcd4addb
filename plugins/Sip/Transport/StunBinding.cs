using System.Buffers.Binary;
using System.Net;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>Answers STUN binding requests on the SIP port, by which clients keep their NAT binding open (RFC 5626 §3.5.2, RFC 8489).</summary>
internal static class StunBinding
{
    private const uint MagicCookie = 0x2112A442;
    private const int HeaderLength = 20;

    /// <summary>Longest answer: header and an IPv6 address.</summary>
    public const int MaxResponse = HeaderLength + 24;

    /// <summary>Whether a datagram is STUN rather than SIP: SIP starts with a letter.</summary>
    public static bool IsStun(ReadOnlySpan<byte> data) =>
        data.Length >= HeaderLength && data[0] < 2 && BinaryPrimitives.ReadUInt32BigEndian(data[4..]) == MagicCookie;

    /// <summary>Writes the success response to a binding request.</summary>
    /// <param name="request">The datagram.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="response">At least <see cref="MaxResponse"/> bytes.</param>
    /// <returns>Length of the response, or 0 when it is no well-formed binding request.</returns>
    public static int Respond(ReadOnlySpan<byte> request, IPEndPoint source, Span<byte> response)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(request[2..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(request) != 1 || length % 4 != 0 || HeaderLength + length != request.Length)
        {
            return 0;
        }

        Span<byte> address = stackalloc byte[16];
        var plain = Security.AccessList.Plain(source.Address);
        plain.TryWriteBytes(address, out var size);
        BinaryPrimitives.WriteUInt16BigEndian(response, 0x0101);
        BinaryPrimitives.WriteUInt16BigEndian(response[2..], (ushort)(8 + size));
        request[4..20].CopyTo(response[4..]);
        BinaryPrimitives.WriteUInt16BigEndian(response[20..], 0x0020);    // XOR-MAPPED-ADDRESS
        BinaryPrimitives.WriteUInt16BigEndian(response[22..], (ushort)(4 + size));
        response[24] = 0;
        response[25] = (byte)(size == 4 ? 1 : 2);
        BinaryPrimitives.WriteUInt16BigEndian(response[26..], (ushort)(source.Port ^ (int)(MagicCookie >> 16)));
        for (var i = 0; i < size; i++)
        {
            response[28 + i] = (byte)(address[i] ^ request[4 + i]);
        }

        return 28 + size;
    }
}
