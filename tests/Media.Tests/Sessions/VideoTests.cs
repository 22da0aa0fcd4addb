using System.Buffers.Binary;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>Video between two legs: numbers, loss in both directions, feedback, reports.</summary>
public sealed class VideoTests
{
    private readonly FakePlane _plane = new();
    private readonly Camera _a;
    private readonly Camera _b;

    public VideoTests()
    {
        _a = new Camera(_plane, 96, 102);
        _b = new Camera(_plane, 120, 121);
        _plane.Bridge(_a.Phone, _b.Phone);
    }

    [Fact]
    public void Each_packet_is_forwarded_at_once_as_part_of_one_stream_of_our_own()
    {
        _a.Send(10);
        var seen = _b.Video;
        Assert.Equal(10, seen.Count);
        Assert.All(seen, p => Assert.Equal(121, p[1] & 0x7F)); // the number that b wants
        Assert.Single(seen.Select(Source).Distinct());
        Assert.Equal(_b.Phone.Leg.Session.VideoSource, Source(seen[0]));
        AssertRising(seen);
        Assert.Equal(_a.Sent.Select(p => p[12..]), seen.Select(p => p[12..]));
        Assert.DoesNotContain(_b.Phone.Packets, p => (p[1] & 0x7F) == 0); // and none of it as audio
    }

    [Fact]
    public void The_viewer_sees_one_stream_when_the_sender_changes_its_source()
    {
        _a.Send(5);
        (_a.Ssrc, _a.Sequence, _a.Timestamp) = (0x777, 40_000, 5); // a shared screen takes the camera's place
        _a.Send(5);
        Assert.Equal(10, _b.Video.Count);
        AssertRising(_b.Video);
        Assert.Single(_b.Video.Select(Source).Distinct());
        for (var i = 1; i < 10; i++)
        {
            Assert.InRange(Timestamp(_b.Video[i]) - Timestamp(_b.Video[i - 1]), 0u, 90_000u);
        }
    }

    [Fact] // pitfall 5
    public void A_hole_in_what_came_is_asked_for_and_stays_a_hole_until_it_is_filled()
    {
        _a.Send(3);
        var missing = _a.Sequence++;
        _a.Send(3);
        Assert.Equal([missing], Nacks(_a));
        Assert.Equal(2, (ushort)(Sequence(_b.Video[3]) - Sequence(_b.Video[2])));

        _a.SendNumbered(missing, [9, 9, 9]);
        Assert.Equal((ushort)(Sequence(_b.Video[2]) + 1), Sequence(_b.Video[6])); // it takes its place
        Assert.Equal([9, 9, 9], _b.Video[6][12..]);
        _plane.Run(500);
        _a.Send(1);
        Assert.Equal([missing], Nacks(_a)); // and is not asked for again
    }

    [Fact]
    public void What_does_not_come_is_asked_for_again_and_then_given_up_for_a_whole_picture()
    {
        _a.Send(3);
        var missing = _a.Sequence++;
        for (var i = 0; i < 100; i++)
        {
            _a.Send(1);
            _plane.Run(20);
        }

        Assert.InRange(Nacks(_a).Count(n => n == missing), 3, 10);
        Assert.NotEmpty(PictureRequests(_a, since: 1));
    }

    [Fact]
    public void A_hole_too_large_to_mend_needs_a_whole_picture()
    {
        _a.Send(3);
        var before = PictureRequests(_a).Count;
        _a.Sequence += 400;
        _plane.Run(600);
        _a.Send(1);
        Assert.Empty(Nacks(_a));
        Assert.Equal(before + 1, PictureRequests(_a).Count);
    }

    [Fact] // spec 2.3: a relay must hold a resend buffer
    public void What_the_viewer_lost_is_sent_again_under_its_number()
    {
        _a.Send(50);
        var lost = _b.Video[20];
        _b.Nack(Sequence(lost), Sequence(_b.Video[21]), Sequence(_b.Video[40]));
        Assert.Equal(53, _b.Video.Count);
        Assert.Equal(lost, _b.Video[50]); // the same to the byte, so that it can be encrypted under the same number
        Assert.Equal(_b.Video[21], _b.Video[51]);
        Assert.Equal(_b.Video[40], _b.Video[52]);
        Assert.Empty(Nacks(_a)); // we had it
    }

    [Fact]
    public void No_more_is_kept_than_the_last_1024_packets_and_nothing_of_before_a_change()
    {
        _a.Send(1100);
        var (old, kept) = (_b.Video[10], _b.Video[200]);
        _b.Nack(Sequence(old));
        Assert.Equal(1100, _b.Video.Count);
        _b.Nack(Sequence(kept));
        Assert.Equal(kept, _b.Video[^1]);
        _b.Nack((ushort)(Sequence(_b.Video[1099]) + 5)); // one that was never sent
        Assert.Equal(1101, _b.Video.Count);
        _a.Ssrc++;
        _a.Send(1);
        _b.Nack(Sequence(kept));
        Assert.Equal(1102, _b.Video.Count);
    }

    [Fact]
    public void One_who_asks_without_end_gets_a_bounded_answer()
    {
        _a.Send(1000);
        for (var round = 0; round < 20; round++)
        {
            _b.Nack([.. _b.Video.Take(1000).Select(Sequence)]);
        }

        Assert.InRange(_b.Video.Count, 1100, 1000 + 512);
    }

    [Fact]
    public void A_wish_for_a_whole_picture_goes_to_its_source_twice_a_second_at_most()
    {
        _a.Send(1);
        _plane.Run(1000);
        var before = PictureRequests(_a).Count;
        for (var i = 0; i < 50; i++)
        {
            _b.Rtcp([0x81, 206, 0, 2, 0, 0, 0, 1, .. Bytes(_b.Phone.Leg.Session.VideoSource)]); // PLI
            _b.Rtcp([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, .. Bytes(_b.Phone.Leg.Session.VideoSource), 1, 0, 0, 0]); // FIR
            _plane.Run(20);
            _a.Send(1);
        }

        Assert.InRange(PictureRequests(_a).Count - before, 2, 3);
        Assert.All(PictureRequests(_a), p => Assert.Equal(_a.Ssrc, BinaryPrimitives.ReadUInt32BigEndian(p.AsSpan(8)))); // in its own name
    }

    [Fact]
    public void Feedback_about_another_stream_is_not_for_this_one()
    {
        _a.Send(5);
        _plane.Run(1000);
        var (packets, requests) = (_b.Video.Count, PictureRequests(_a).Count);
        _b.Rtcp([0x81, 206, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4]);
        _b.Rtcp([0x81, 205, 0, 3, 0, 0, 0, 1, 1, 2, 3, 4, .. Bytes((uint)Sequence(_b.Video[0]) << 16)]);
        _a.Send(1);
        Assert.Equal((packets + 1, requests), (_b.Video.Count, PictureRequests(_a).Count));
    }

    [Fact]
    public void A_bridge_begins_with_a_whole_picture()
    {
        var c = new Camera(_plane, 96, 96);
        c.Send(3);
        Assert.Empty(PictureRequests(c));
        _plane.Run(1000);
        _plane.Bridge(c.Phone, _b.Phone);
        Assert.Single(PictureRequests(c));
        c.Send(3);
        Assert.Equal(3, _b.Video.Count);
    }

    [Fact]
    public void Where_only_full_intra_requests_are_understood_those_are_sent()
    {
        var c = new Camera(_plane, 96, 96, s => s with { PictureLoss = false });
        c.Send(1);
        c.Phone.Leg.RequestKeyFrame(_plane.NowUs);
        var request = Feedback(c, 206, 4).Single();
        Assert.Equal(c.Ssrc, BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(12)));
        Assert.Equal(20, request.Length);
    }

    [Fact] // pitfall 18
    public void Padding_alone_has_its_number_and_leaves_no_hole()
    {
        _a.Send(2);
        _a.SendPadding();
        _a.Send(2);
        Assert.Equal(5, _b.Video.Count);
        AssertRising(_b.Video);
        var padding = _b.Video[2];
        Assert.Equal((0xA0, 16, 4), (padding[0], padding.Length, padding[^1]));
        Assert.True(RtpHeader.TryParse(padding, out var header));
        Assert.Equal(0, header.PayloadLength);
        _b.Nack(Sequence(padding));
        Assert.Equal(padding, _b.Video[^1]);
    }

    [Theory] // pitfall 17
    [InlineData(0xBEDE)]
    [InlineData(0x1000)]
    public void Extensions_and_padding_of_one_side_do_not_reach_the_other(int profile)
    {
        byte[] extension = profile == 0xBEDE ? [0x41, (byte)'1', (byte)'x', 0x31, 0, 7, 0, 0] : [4, 2, (byte)'1', (byte)'x', 16, 1, 9, 0];
        _a.SendRaw([0xB0, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, (byte)(profile >> 8), (byte)profile, 0, 2, .. extension, 5, 6, 7, 0, 0, 3]);
        Assert.Equal([5, 6, 7], Assert.Single(_b.Video)[12..]);
        Assert.Equal(0x80, _b.Video[0][0]);
    }

    [Fact]
    public void Formats_that_differ_are_not_mixed_up_and_retransmission_formats_are_dropped()
    {
        var c = new Camera(_plane, 96, 96, s => s with { Format = new VideoFormat(VideoCodec.H264, 0x142E0) });
        _plane.Bridge(c.Phone, _b.Phone);
        c.Send(3);
        Assert.Empty(_b.Video);
        _a.SendRaw([0x80, 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 1, 5]); // rtx was not agreed
        Assert.Equal(1, _a.Phone.Leg.Statistics().PacketsDropped);
    }

    [Fact]
    public void A_leg_without_video_in_the_bridge_costs_nothing_and_gets_nothing()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Bridge(_a.Phone, phone);
        _a.Send(5);
        _a.Phone.Say(440);
        Assert.Equal(0, phone.Packets[^1][1] & 0x7F);
        Assert.Single(phone.Packets);
        Assert.Null(phone.Leg.Video);
    }

    [Fact]
    public void An_echo_shows_the_sender_its_own_picture()
    {
        var c = new Camera(_plane, 96, 96);
        _plane.Do(CommandKind.Echo, c.Phone, value: 0);
        c.Send(4);
        Assert.Equal(4, c.Video.Count);
        c.Nack(Sequence(c.Video[1]));
        Assert.Equal(c.Video[1], c.Video[4]);
        _plane.Do(CommandKind.Echo, c.Phone, value: -1);
        c.Send(1);
        Assert.Equal(5, c.Video.Count);
    }

    [Fact]
    public void Directions_are_respected()
    {
        _b.Configure(s => s with { Direction = MediaDirection.RecvOnly });
        _a.Send(2);
        Assert.Empty(_b.Video);
        _b.Configure(s => s with { Direction = MediaDirection.SendOnly });
        _a.Send(2);
        Assert.Equal(2, _b.Video.Count);
        _b.Send(2);
        Assert.Empty(_a.Video);
        _b.Remove();
        _a.Send(2);
        Assert.Equal(2, _b.Video.Count);
        _b.Configure(s => s); // added again in mid-call
        Assert.NotEmpty(PictureRequests(_a));
        _a.Send(2);
        Assert.Equal(4, _b.Video.Count);
    }

    [Fact] // spec 2.3: without receiver reports the sender stays at 300 kbit/s
    public void Reports_go_out_twice_a_second_with_what_was_received_and_sent()
    {
        for (var i = 0; i < 100; i++)
        {
            _a.Send(2);
            _plane.Run(50);
        }

        var receiver = Reports(_a, 201);
        Assert.InRange(receiver.Count, 7, 11);
        var block = receiver[^1].AsSpan(8);
        Assert.Equal(_a.Ssrc, BinaryPrimitives.ReadUInt32BigEndian(block));
        Assert.Equal(0, block[4]);
        var sender = Reports(_b, 200);
        Assert.InRange(sender.Count, 7, 11);
        Assert.Equal(_b.Phone.Leg.Session.VideoSource, BinaryPrimitives.ReadUInt32BigEndian(sender[^1].AsSpan(4)));
        Assert.Equal(0x81 - 1, sender[^1][0]); // b sends no video: no block
        Assert.All(sender, p => Assert.Contains($"xs-{_b.Phone.Leg.Session.AudioSource:x8}", System.Text.Encoding.ASCII.GetString(p), StringComparison.Ordinal));
    }

    [Fact]
    public void A_goodbye_is_said_for_the_video_too()
    {
        _a.Send(1);
        _plane.Do(CommandKind.Close, _b.Phone);
        Assert.Contains(_b.Phone.Reports, p => p.AsSpan().IndexOf((byte[])[0x81, 203, 0, 1, .. Bytes(_b.Phone.Leg.Session.VideoSource)]) > 0);
        _a.Send(1);
        Assert.Single(_b.Video);
    }

    [Fact]
    public void A_viewer_that_loses_much_limits_the_sender_until_it_loses_nothing()
    {
        var source = _b.Phone.Leg.Session.VideoSource;
        Stream(8); // 50 packets of 1000 bytes a second: 400 kbit/s
        _b.Rtcp(Report(source, 8)); // 3 %: what a resend mends
        _b.Rtcp(Remb(source, 100_000)); // an estimate alone says nothing
        Assert.Empty(Caps());
        _b.Rtcp(Report(source, 128)); // half is lost: a quarter less
        Assert.InRange(Caps()[^1], 280_000, 305_000);
        _b.Rtcp(Report(0x1234, 255)); // about somebody else's stream
        Assert.Single(Caps());
        Stream(1);
        _b.Rtcp(Report(source, 8)); // some loss, and the estimate agrees
        Assert.InRange(Caps()[^1], 99_900, 100_000);
        for (var i = 0; i < 60; i++)
        {
            Stream(1);
            _b.Rtcp(Report(source, 0));
        }

        var caps = Caps();
        Assert.Equal(caps.Skip(1).Order(), caps.Skip(1)); // step by step, and then none
        Assert.InRange(caps[^1], 49_000_000, 50_000_000);

        void Stream(int seconds)
        {
            for (var i = 0; i < seconds * 50; i++)
            {
                _a.SendNumbered(_a.Sequence++, new byte[1000]);
                _a.Timestamp += 1800;
                _plane.Run(20);
            }
        }

        List<long> Caps() => [.. Feedback(_a, 206, 15).Select(p => RtcpFeedback.TryReadBandwidth(p.AsSpan(12), _a.Ssrc, out var bps) ? bps : throw new InvalidDataException())];
    }

    [Fact]
    public void Random_bytes_as_video_and_as_feedback_do_no_harm()
    {
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(0, 80)];
            random.NextBytes(bytes);
            if (bytes.Length > 1)
            {
                bytes[0] = (byte)(0x80 | (bytes[0] & 0x3F));
                bytes[1] = i % 2 == 0 ? (byte)(96 | (bytes[1] & 0x80)) : (byte)(200 + (bytes[1] % 7));
            }

            if (i % 2 == 0)
            {
                _a.SendRaw(bytes);
            }
            else
            {
                _b.Rtcp(bytes);
            }
        }

        Assert.Equal(2, new[] { _a, _b }.Count(c => !c.Phone.Leg.IsClosed));
    }

    /// <summary>A receiver report with one block (RFC 3550 §6.4.2).</summary>
    internal static byte[] Report(uint source, byte fractionLost) => [0x81, 201, 0, 7, 0, 0, 0, 1, .. Bytes(source), fractionLost, .. new byte[19]];

    private static byte[] Remb(uint source, int bitrateBps)
    {
        var packet = new byte[24];
        RtcpFeedback.WriteBandwidth(packet, 1, source, bitrateBps);
        return packet;
    }

    private static byte[] Bytes(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static ushort Sequence(byte[] packet) => BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2));

    private static uint Timestamp(byte[] packet) => BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4));

    private static uint Source(byte[] packet) => BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(8));

    private static void AssertRising(List<byte[]> packets)
    {
        for (var i = 1; i < packets.Count; i++)
        {
            Assert.Equal((ushort)(Sequence(packets[i - 1]) + 1), Sequence(packets[i]));
        }
    }

    private static List<ushort> Nacks(Camera camera)
    {
        var numbers = new List<ushort>();
        foreach (var packet in Feedback(camera, 205, 1))
        {
            for (var at = 12; at < packet.Length; at += 4)
            {
                var first = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at));
                var mask = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2));
                numbers.Add(first);
                numbers.AddRange(Enumerable.Range(0, 16).Where(i => (mask >> i & 1) != 0).Select(i => (ushort)(first + i + 1)));
            }
        }

        return numbers;
    }

    private static List<byte[]> PictureRequests(Camera camera, int since = 0) => [.. Feedback(camera, 206, 1).Skip(since)];

    /// <summary>Parts of the compound packets that came to a camera.</summary>
    internal static List<byte[]> Feedback(Camera camera, int type, int format) => [.. Parts(camera).Where(p => p[1] == type && (p[0] & 0x1F) == format)];

    private static List<byte[]> Reports(Camera camera, int type) =>
        [.. camera.Phone.Reports.Where(p => p[1] == type && p.Length > 8 && BinaryPrimitives.ReadUInt32BigEndian(p.AsSpan(4)) == camera.Phone.Leg.Session.VideoSource && p.AsSpan().IndexOf("xs-"u8) > 0)];

    private static IEnumerable<byte[]> Parts(Camera camera)
    {
        foreach (var report in camera.Phone.Reports)
        {
            for (var at = 0; at + 4 <= report.Length;)
            {
                var length = (BinaryPrimitives.ReadUInt16BigEndian(report.AsSpan(at + 2)) + 1) * 4;
                yield return report[at..(at + length)];
                at += length;
            }
        }
    }
}

/// <summary>A peer with audio and video in one bundle.</summary>
internal sealed class Camera
{
    private readonly FakePlane _plane;
    private readonly int _sendType;
    private readonly int _receiveType;

    public Camera(FakePlane plane, int sendType, int receiveType, Func<VideoStream, VideoStream>? change = null)
    {
        (_plane, _sendType, _receiveType) = (plane, sendType, receiveType);
        Phone = plane.Add(FakePlane.Pcmu, s => s with { RtcpMux = true });
        Configure(change ?? (s => s));
    }

    public Phone Phone { get; }

    public uint Ssrc { get; set; } = 0xCAFE;

    public ushort Sequence { get; set; } = 65000;

    public uint Timestamp { get; set; } = uint.MaxValue - 20_000;

    public List<byte[]> Sent { get; } = [];

    public List<byte[]> Video => [.. Phone.Packets.Where(p => (p[1] & 0x7F) == _receiveType)];

    public void Configure(Func<VideoStream, VideoStream> change) => _plane.Do(CommandKind.ConfigureVideo, Phone, change(new VideoStream(new VideoFormat(VideoCodec.Vp8, 0), MediaDirection.SendRecv)
    {
        ReceivePayloadType = _sendType,
        SendPayloadType = _receiveType,
        Nack = true,
        PictureLoss = true,
        FullIntra = true,
        Bandwidth = true,
    }));

    public void Remove() => _plane.Do(CommandKind.ConfigureVideo, Phone);

    public void Send(int count)
    {
        for (var i = 0; i < count; i++)
        {
            SendNumbered(Sequence++, [(byte)i, 1, 2, 3]);
            Timestamp += 3000;
        }
    }

    public void SendNumbered(ushort sequence, byte[] payload)
    {
        var packet = new byte[12 + payload.Length];
        RtpHeader.Write(packet, _sendType, true, sequence, Timestamp, Ssrc);
        payload.CopyTo(packet, 12);
        Sent.Add([.. packet]);
        SendRaw(packet);
    }

    public void SendPadding()
    {
        var packet = new byte[12 + 200];
        RtpHeader.Write(packet, _sendType, false, Sequence++, Timestamp, Ssrc);
        packet[0] |= 0x20;
        packet[^1] = 200;
        SendRaw(packet);
    }

    public void SendRaw(byte[] packet) => Phone.Receive(packet);

    public void Nack(params ushort[] sequences)
    {
        var packet = new byte[12 + (4 * sequences.Length)];
        var length = RtcpFeedback.WriteNack(packet, 1, Phone.Leg.Session.VideoSource, sequences);
        Rtcp(packet[..length]);
    }

    public void Rtcp(byte[] packet) => Phone.Leg.OnRtcp(packet, NetAddress.From(Phone.Address), _plane.NowUs);
}
