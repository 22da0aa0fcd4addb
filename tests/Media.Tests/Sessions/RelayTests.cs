using System.Net;
using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

public sealed class RelayTests
{
    private readonly FakePlane _plane = new();

    [Fact]
    public void A_packet_goes_out_in_the_same_moment_with_its_payload_untouched()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Say(440);
        var sent = Assert.Single(b.Packets);
        Assert.Equal(new RtpCodec(AudioCodec.Pcmu).Encode(ToneSource.Sine(440, 8000, 160, 8000)), sent[12..]);
    }

    [Fact]
    public void The_receiver_sees_one_stream_through_changes_of_what_it_hears()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Talking = 440;
        _plane.Run(200);
        _plane.Play(b, 1, "tone_stream://%(300,0,1000)");
        _plane.Run(500);
        a.Ssrc = 0x9999;
        a.Sequence = 100;
        a.Timestamp = 12345;
        _plane.Run(200);
        _plane.Do(CommandKind.Unbridge, a);
        _plane.Run(100);
        _plane.Play(b, 2, "tone_stream://%(200,0,700)");
        _plane.Run(300);
        AssertContinuous(b, 20);
    }

    [Fact]
    public void Time_that_passed_in_silence_is_in_the_timestamps()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Say(440);
        _plane.Run(1000);
        a.Ssrc++;
        a.Say(440);
        Assert.Equal(8000u, b.Headers[1].Timestamp - b.Headers[0].Timestamp);
        Assert.True(b.Headers[1].Marker);
    }

    [Fact]
    public void Loss_and_disorder_of_the_sender_stay_visible()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        for (var i = 0; i < 10; i++)
        {
            a.Say(440);
        }

        a.Sequence += 3;
        a.Say(440);
        a.Sequence -= 2;
        a.Say(440);
        var numbers = b.Headers.Select(h => h.Sequence).ToArray();
        Assert.Equal(4, (ushort)(numbers[10] - numbers[9]));
        Assert.Equal(-1, (short)(numbers[11] - numbers[10]));
    }

    [Fact]
    public void What_concerns_one_side_only_is_left_out()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);

        // Two contributing sources, an extension of one word, four bytes of padding.
        byte[] packet = [0xB2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1, 1, 1, 1, 2, 2, 2, 2, 0xBE, 0xDE, 0, 1, 5, 5, 5, 5, 0x11, 0x22, 0x33, 0, 0, 0, 4];
        a.Receive(packet);
        var sent = Assert.Single(b.Packets);
        Assert.Equal(0x80, sent[0]);
        Assert.Equal([0x11, 0x22, 0x33], sent[12..]);
    }

    [Fact]
    public void Hold_is_respected_both_ways()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        b.Configure(s => s with { Direction = MediaDirection.RecvOnly });
        a.Say(440);
        Assert.Empty(b.Packets);
        b.Say(440);
        Assert.Single(a.Packets);

        b.Configure(s => s with { Direction = MediaDirection.SendOnly });
        a.Say(440);
        Assert.Single(b.Packets);
        b.Say(440);
        Assert.Single(a.Packets);

        b.Configure(s => s with { Remote = new IPEndPoint(IPAddress.Any, 5000) });
        a.Say(440);
        Assert.Single(b.Packets);
    }

    [Fact]
    public void An_old_codecs_packet_in_flight_is_dropped_and_counted()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Send(18, false, 0, new byte[20]);
        Assert.Empty(b.Packets);
        Assert.Equal(1, a.Leg.Statistics().PacketsDropped);
    }

    [Fact]
    public void Each_side_gets_its_own_payload_type()
    {
        var a = _plane.Add(FakePlane.Pcmu, s => s with { ReceivePayloadType = 110, SendPayloadType = 111 });
        var b = _plane.Add(FakePlane.Pcmu, s => s with { ReceivePayloadType = 120, SendPayloadType = 121 });
        _plane.Bridge(a, b);
        a.Send(110, false, 0, new byte[160]);
        Assert.Equal(121, Assert.Single(b.Headers).PayloadType);
    }

    [Fact]
    public void Echo_comes_back_in_the_same_moment()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        _plane.Do(CommandKind.Echo, a, value: 0);
        for (var i = 0; i < 20; i++)
        {
            a.Say(440);
        }

        Assert.Equal(20, a.Packets.Count);
        AssertContinuous(a, 20);
        _plane.Do(CommandKind.Echo, a, value: -1);
        a.Say(440);
        Assert.Equal(20, a.Packets.Count);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0x00, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9 })]
    [InlineData(new byte[] { 0x8F, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9 })]
    [InlineData(new byte[] { 0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xBE, 0xDE, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1, 0xFF })]
    [InlineData(new byte[] { 0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 1, 0 })]
    public void Malformed_packets_are_dropped(byte[] packet)
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Receive(packet);
        Assert.Empty(b.Packets);
        Assert.Equal(1, a.Leg.Statistics().PacketsDropped);
    }

    [Fact]
    public void A_packet_too_long_for_one_frame_is_dropped()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Send(0, false, 0, new byte[1489]);
        Assert.Empty(b.Packets);
        a.Send(0, false, 0, new byte[1488]);
        Assert.Single(b.Packets);
    }

    [Fact]
    public void A_third_leg_takes_the_place_of_the_second()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        var c = _plane.Add(FakePlane.Pcmu);
        _plane.Bridge(c, a);
        a.Say(440);
        b.Say(440);
        c.Say(440);
        Assert.Empty(b.Packets);
        Assert.Single(c.Packets);
        Assert.Single(a.Packets);
    }

    [Fact]
    public void Closing_one_leg_leaves_the_other_alone()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.G722);
        _plane.Run(100);
        _plane.Do(CommandKind.Close, a);
        b.Talking = 440;
        _plane.Run(100);
        Assert.Empty(a.Packets);
        Assert.Null(b.Leg.Input);
    }

    internal static void AssertContinuous(Phone phone, int frameMs)
    {
        var headers = phone.Headers;
        Assert.NotEmpty(headers);
        for (var i = 1; i < headers.Count; i++)
        {
            Assert.Equal((ushort)(headers[i - 1].Sequence + 1), headers[i].Sequence);
            Assert.Equal(headers[0].Ssrc, headers[i].Ssrc);
            Assert.True(headers[i].Timestamp - headers[i - 1].Timestamp >= frameMs * 8 && headers[i].Timestamp - headers[i - 1].Timestamp < 8000, $"packet {i}: {headers[i].Timestamp - headers[i - 1].Timestamp}");
        }
    }

    private (Phone A, Phone B) Bridged(CodecOption a, CodecOption b)
    {
        var (first, second) = (_plane.Add(a), _plane.Add(b));
        _plane.Bridge(first, second);
        return (first, second);
    }
}
