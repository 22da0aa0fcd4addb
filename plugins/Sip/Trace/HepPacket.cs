using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Trace;

/// <summary>A HEP collector.</summary>
/// <param name="Address">Where it listens, UDP.</param>
/// <param name="CaptureId">Our number there.</param>
/// <param name="AuthKey">Its key, or empty.</param>
internal sealed record HepOptions(IPEndPoint Address, uint CaptureId, string AuthKey)
{
    public static HepOptions? Parse(JsonElement json)
    {
        var values = new OptionValues(json);
        return IPEndPoint.TryParse(values.Text("address") ?? "", out var address) && address.Port != 0
            ? new HepOptions(address, (uint)values.Number("captureId", 2001, 0, int.MaxValue), values.Text("authKey") ?? "")
            : null;
    }
}

/// <summary>Writes a message as a HEP version 3 packet: <c>HEP3</c>, the length, and chunks of vendor, type, length and value.</summary>
internal static class HepPacket
{
    private const int MaxText = 60_000;

    public static byte[] Write(TracedMessage message, HepOptions options)
    {
        var packet = new MemoryStream();
        packet.Write("HEP3\0\0"u8);
        var (from, to) = message.Received ? (message.Remote, message.Local) : (message.Local, message.Remote);
        var source = AccessList.Plain(from.Address);
        var destination = AccessList.Plain(to.Address);
        var isIpv6 = AccessList.IsIpv6(source) || AccessList.IsIpv6(destination);
        Chunk(packet, 1, [isIpv6 ? (byte)10 : (byte)2]);
        Chunk(packet, 2, [message.Transport == TransportKind.Udp ? (byte)17 : (byte)6]);
        Chunk(packet, isIpv6 ? 5 : 3, (isIpv6 ? source.MapToIPv6() : source).GetAddressBytes());
        Chunk(packet, isIpv6 ? 6 : 4, (isIpv6 ? destination.MapToIPv6() : destination).GetAddressBytes());
        Number16(packet, 7, from.Port);
        Number16(packet, 8, to.Port);
        var microseconds = (message.Time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;
        Number32(packet, 9, (uint)(microseconds / 1_000_000));
        Number32(packet, 10, (uint)(microseconds % 1_000_000));
        Chunk(packet, 11, [1]);    // SIP
        Number32(packet, 12, options.CaptureId);
        if (options.AuthKey.Length > 0)
        {
            Chunk(packet, 14, Encoding.UTF8.GetBytes(options.AuthKey));
        }

        var text = Encoding.UTF8.GetBytes(message.Text);
        Chunk(packet, 15, text.Length > MaxText ? text[..MaxText] : text);
        Chunk(packet, 17, Encoding.UTF8.GetBytes(message.CallId));
        var bytes = packet.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
        return bytes;
    }

    private static void Number16(MemoryStream to, int type, int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        Chunk(to, type, bytes);
    }

    private static void Number32(MemoryStream to, int type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Chunk(to, type, bytes);
    }

    private static void Chunk(MemoryStream to, int type, ReadOnlySpan<byte> value)
    {
        Span<byte> head = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(head, 0);
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(head[4..], (ushort)(6 + value.Length));
        to.Write(head);
        to.Write(value);
    }
}
