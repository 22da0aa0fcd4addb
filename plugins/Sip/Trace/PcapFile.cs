using System.Buffers.Binary;
using System.Text;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Trace;

/// <summary>Writes traced messages as a capture file: each as one UDP datagram, whatever its transport was, so that the usual tools open it.</summary>
internal static class PcapFile
{
    private const int RawIp = 101;
    private const int MaxText = 65_000;

    /// <summary>The whole file (the classic format with microseconds).</summary>
    public static byte[] Write(IEnumerable<TracedMessage> messages)
    {
        var file = new MemoryStream();
        Span<byte> header = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xa1b2c3d4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        header[8..16].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 65_535);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], RawIp);
        file.Write(header);
        Span<byte> record = stackalloc byte[16];
        foreach (var message in messages)
        {
            var packet = Packet(message);
            var microseconds = (message.Time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)(microseconds / 1_000_000));
            BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)(microseconds % 1_000_000));
            BinaryPrimitives.WriteInt32LittleEndian(record[8..], packet.Length);
            BinaryPrimitives.WriteInt32LittleEndian(record[12..], packet.Length);
            file.Write(record);
            file.Write(packet);
        }

        return file.ToArray();
    }

    private static byte[] Packet(TracedMessage message)
    {
        var payload = Encoding.UTF8.GetBytes(message.Text);
        payload = payload.Length > MaxText ? payload[..MaxText] : payload;
        var (from, to) = message.Received ? (message.Remote, message.Local) : (message.Local, message.Remote);
        var source = AccessList.Plain(from.Address);
        var destination = AccessList.Plain(to.Address);
        var isIpv6 = AccessList.IsIpv6(source) || AccessList.IsIpv6(destination);
        var head = isIpv6 ? 40 : 20;
        var packet = new byte[head + 8 + payload.Length];
        var udp = packet.AsSpan(head);
        BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(8 + payload.Length));
        payload.CopyTo(udp[8..]);
        if (isIpv6)
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(8 + payload.Length));
            packet[6] = 17;
            packet[7] = 64;
            source.MapToIPv6().TryWriteBytes(packet.AsSpan(8), out _);
            destination.MapToIPv6().TryWriteBytes(packet.AsSpan(24), out _);
            BinaryPrimitives.WriteUInt16BigEndian(udp[6..], UdpChecksum(packet.AsSpan(8, 32), udp));
        }
        else
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = 64;
            packet[9] = 17;
            source.TryWriteBytes(packet.AsSpan(12), out _);
            destination.TryWriteBytes(packet.AsSpan(16), out _);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Sum(packet.AsSpan(0, 20), 0));
        }

        return packet;
    }

    private static ushort UdpChecksum(ReadOnlySpan<byte> addresses, ReadOnlySpan<byte> udp)
    {
        var sum = Sum(udp, Add(addresses, 0) + 17 + (uint)udp.Length);
        return sum == 0 ? (ushort)0xffff : sum;
    }

    private static ushort Sum(ReadOnlySpan<byte> data, uint start)
    {
        var sum = Add(data, start);
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    private static uint Add(ReadOnlySpan<byte> data, uint sum)
    {
        for (var i = 0; i + 1 < data.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        }

        return data.Length % 2 == 0 ? sum : sum + (uint)(data[^1] << 8);
    }
}
