using System.Buffers.Binary;
using System.Net;
using CsCheck;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Tests.Sessions;

public sealed class RtcpTests
{
    private readonly FakePlane _plane = new();

    [Fact]
    public void A_talking_leg_sends_sender_reports_with_a_name_about_every_five_seconds()
    {
        var (a, b) = Bridged();
        a.Talking = 440;
        _plane.Run(60_000);
        var reports = Reports(b);
        Assert.InRange(reports.Count, 8, 24); // 2.5 to 7.5 s apart
        var (data, to) = reports[^1];
        Assert.Equal(b.Address.Port + 1, to.Port);
        Assert.Equal((0x80, 200), (data[0], data[1]));
        Assert.Equal(202, data[29]); // no block: b says nothing
        var sent = b.Headers[^1];
        Assert.Equal(sent.Ssrc, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(4)));
        Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(20)), 1u, 3000u);
        Assert.Equal(BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(20)) * 160, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(24)));

        // 2026-01-01 is 3,976,214,400 s after 1900 (RFC 868's epoch; 126 years with 31 leap days).
        Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8)), 3_976_214_400, 3_976_214_400 + 62);
    }

    [Fact]
    public void A_listening_leg_reports_loss_and_jitter()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        _plane.OnStep += () =>
        {
            if (_plane.NowUs % 20_000 == 0)
            {
                if (_plane.NowUs % 200_000 == 0)
                {
                    a.Sequence++;
                    a.Timestamp += 160;
                }
                else
                {
                    a.Say(440);
                }
            }
        };
        _plane.Run(60_000);
        var (data, _) = Reports(a)[^1];
        Assert.Equal((0x81, 201), (data[0], data[1]));
        Assert.Equal(a.Ssrc, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8)));
        Assert.InRange(data[12], 256 / 10 - 3, 256 / 10 + 3);
        var statistics = a.Leg.Statistics();
        Assert.InRange(statistics.PacketsLost, 295, 300);
        Assert.InRange(statistics.JitterMs, 0, 1);
        Assert.InRange(statistics.Mos, 2.0, 3.5);
    }

    [Fact]
    public void The_end_says_goodbye()
    {
        var (a, b) = Bridged();
        a.Say(440);
        _plane.Do(CommandKind.Close, b);
        var (data, _) = Assert.Single(Reports(b));
        Assert.Equal(203, data[^7]);
    }

    [Fact]
    public void With_mux_reports_share_the_media_port()
    {
        var a = _plane.Add(FakePlane.Pcmu, s => s with { RtcpMux = true });
        a.Say(440);
        _plane.Run(10_000);
        var report = _plane.SentPackets.First(p => p.Data[1] is 200 or 201);
        Assert.False(report.Rtcp);
        Assert.Equal(a.Address, report.To.ToEndPoint());
        a.Receive(SenderReport(5, []));
        Assert.Equal(0, a.Leg.Statistics().PacketsDropped);
    }

    [Fact]
    public void A_received_report_is_answered_with_its_time()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        a.Say(440);
        var now = _plane.NowUs;
        a.Leg.OnRtcp(SenderReport(a.Ssrc, []), NetAddress.From(a.Address.Address, a.Address.Port + 1), now);
        _plane.Run(10_000);
        var (data, _) = Reports(a)[0];
        Assert.Equal(0x0203_0405u, BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(24)));
        Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(28)), 2 * 65536u, 8 * 65536u);
    }

    [Fact]
    public void Reports_from_strangers_are_dropped()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        a.Leg.OnRtcp(SenderReport(5, []), NetAddress.From(IPAddress.Parse("203.0.113.66"), 5000), _plane.NowUs);
        Assert.Equal(1, a.Leg.Statistics().PacketsDropped);
    }

    [Fact]
    public void Lengths_that_lie_are_bounded_by_what_was_received()
    {
        Assert.False(RtcpReader.TryRead([], 1, out _));
        Assert.False(RtcpReader.TryRead([0x80, 200, 0, 0xFF], 1, out _));
        Assert.True(RtcpReader.TryRead([0x80, 200, 0, 0], 1, out var tooShort));
        Assert.False(tooShort.HasSenderReport);
        Assert.True(RtcpReader.TryRead([0x9F, 201, 0, 1, 0, 0, 0, 9], 1, out var noBlocks));
        Assert.False(noBlocks.HasBlock);
        Assert.True(RtcpReader.TryRead([0x80, 201, 0, 1, 0, 0, 0, 9, 0x80, 203, 0xFF, 0xFF], 1, out var broken));
        Assert.False(broken.HasBye);
    }

    [Fact]
    public void Any_bytes_are_survived() =>
        Gen.Byte.Array[0, 200].Sample(
            bytes =>
            {
                if (bytes.Length > 1)
                {
                    bytes[0] = (byte)(0x80 | (bytes[0] & 0x3F));
                    bytes[1] = (byte)(200 + (bytes[1] % 5));
                }

                _ = RtcpReader.TryRead(bytes, 1, out _);
                _ = RtpHeader.TryParse(bytes, out _);
            }, iter: 50_000);

    private static byte[] SenderReport(uint ssrc, byte[] blocks)
    {
        var packet = new byte[28 + blocks.Length];
        packet[0] = 0x80;
        packet[1] = 200;
        packet[3] = (byte)((packet.Length / 4) - 1);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(8), 0x0001_0203_0405_0607);
        blocks.CopyTo(packet, 28);
        return packet;
    }

    private List<(byte[] Data, IPEndPoint To)> Reports(Phone phone) =>
        [.. _plane.SentPackets.Where(p => p.Leg == phone.Leg && p.Rtcp).Select(p => (p.Data, p.To.ToEndPoint()))];

    private (Phone A, Phone B) Bridged()
    {
        var (a, b) = (_plane.Add(FakePlane.Pcmu), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        return (a, b);
    }
}
