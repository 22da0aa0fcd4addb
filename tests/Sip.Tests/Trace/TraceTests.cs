using System.Buffers.Binary;
using System.Text;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Trace;

public sealed class TraceTests
{
    [Fact]
    public void A_call_is_drawn_as_a_ladder_and_found_by_its_uuid_after_its_end()
    {
        var host = SipTest.Open();
        Assert.StartsWith("+OK", host.Api("sofia trace on"), StringComparison.Ordinal);
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("BYE"));
        peer.Take();
        var lines = host.Api($"sofia trace ladder {leg}").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("udp/192.0.2.9:5060", lines[0], StringComparison.Ordinal);
        Assert.Contains("engine", lines[0], StringComparison.Ordinal);
        string[] titles = ["INVITE (SDP)", "100 Trying (INVITE)", "200 OK (INVITE, SDP)", "ACK", "BYE", "200 OK (BYE)"];
        Assert.Equal(titles.Length + 1, lines.Length);
        for (var i = 0; i < titles.Length; i++)
        {
            Assert.Contains(" " + titles[i] + " ", lines[i + 1], StringComparison.Ordinal);
            Assert.Contains(lines[i + 1], c => c == (i is 0 or 3 or 4 ? '>' : '<'));
        }

        Assert.Contains(peer.CallId, host.Api("sofia trace list"), StringComparison.Ordinal);
        host.Api("sofia trace clear");
        Assert.StartsWith("Nothing", host.Api("sofia trace list"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_capture_file_has_each_message_as_a_datagram_with_right_checksums_and_no_credentials()
    {
        var host = SipTest.Closed();
        host.Api("sofia global siptrace on");
        var connection = host.Accept("internal-tcp", "192.0.2.9:40001");
        var peer = new SipPeer(host, address: "192.0.2.9:40001") { Connection = connection, Transport = "TCP" };
        peer.Send(peer.Request("REGISTER"));
        var challenge = peer.Take();
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        var file = Convert.FromBase64String(host.Api("sofia trace pcap " + peer.CallId));
        Assert.Equal(0xa1b2c3d4u, BinaryPrimitives.ReadUInt32LittleEndian(file));
        Assert.Equal(101u, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(20)));
        var packets = new List<byte[]>();
        for (var at = 24; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 8));
            packets.Add(file[(at + 16)..(at + 16 + length)]);
            at += 16 + length;
        }

        Assert.Equal(4, packets.Count);
        foreach (var packet in packets)
        {
            // RFC 1071: with its checksum a header sums up to all ones.
            uint sum = 0;
            for (var i = 0; i < 20; i += 2)
            {
                sum += BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(i));
            }

            Assert.Equal(0xffffu, (sum & 0xffff) + (sum >> 16));
            Assert.Equal(packet.Length, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)));
            Assert.Equal(packet.Length - 20, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(24)));
        }

        Assert.Equal(40001, BinaryPrimitives.ReadUInt16BigEndian(packets[0].AsSpan(20)));
        Assert.StartsWith("REGISTER sip:example.com SIP/2.0\r\n", Encoding.UTF8.GetString(packets[2].AsSpan(28)), StringComparison.Ordinal);
        Assert.DoesNotContain("response=", Encoding.UTF8.GetString(file), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hep_collector_gets_every_message_in_chunks()
    {
        var host = SipTest.Open("""{ "internalAcl": ["192.0.2.0/24"], "hep": { "address": "192.0.2.200:9060", "captureId": 77, "authKey": "k" } }""");
        var peer = new SipPeer(host);
        peer.Send(peer.Request("OPTIONS"));
        var sent = host.TakeAll();
        var packets = sent.Where(p => p.To.Port == 9060).Select(p => p.Data).ToList();
        Assert.Equal(2, packets.Count);
        var chunks = new Dictionary<int, byte[]>();
        Assert.Equal("HEP3", Encoding.ASCII.GetString(packets[0], 0, 4));
        Assert.Equal(packets[0].Length, BinaryPrimitives.ReadUInt16BigEndian(packets[0].AsSpan(4)));
        for (var at = 6; at < packets[0].Length;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(packets[0].AsSpan(at + 4));
            chunks[BinaryPrimitives.ReadUInt16BigEndian(packets[0].AsSpan(at + 2))] = packets[0][(at + 6)..(at + length)];
            at += length;
        }

        Assert.Equal([2], chunks[1]);
        Assert.Equal([17], chunks[2]);
        Assert.Equal([192, 0, 2, 9], chunks[3]);
        Assert.Equal([192, 0, 2, 1], chunks[4]);
        Assert.Equal([1], chunks[11]);
        Assert.Equal([0, 0, 0, 77], chunks[12]);
        Assert.Equal("k", Encoding.ASCII.GetString(chunks[14]));
        Assert.StartsWith("OPTIONS", Encoding.ASCII.GetString(chunks[15]), StringComparison.Ordinal);
        Assert.Equal(peer.CallId, Encoding.ASCII.GetString(chunks[17]));
    }

    [Fact]
    public void Off_nothing_is_kept()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("OPTIONS"));
        Assert.StartsWith("Nothing", host.Api("sofia trace list"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR", host.Api("sofia trace pcap " + peer.CallId), StringComparison.Ordinal);
        Assert.Empty(host.Logs);
    }
}
