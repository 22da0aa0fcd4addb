using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

public sealed class TranscodingTests
{
    private readonly FakePlane _plane = new();

    [Theory]
    [InlineData(AudioCodec.Pcmu, AudioCodec.Pcma)]
    [InlineData(AudioCodec.Pcma, AudioCodec.G722)]
    [InlineData(AudioCodec.G722, AudioCodec.Pcmu)]
    public void Two_codecs_hear_each_other_clearly(AudioCodec first, AudioCodec second)
    {
        var (a, b) = Bridged(Of(first), Of(second));
        (a.Talking, b.Talking) = (440, 1000);
        _plane.Run(2000);
        AssertTone(b, 440);
        AssertTone(a, 1000);
        RelayTests.AssertContinuous(a, 20);
        RelayTests.AssertContinuous(b, 20);
    }

    [Fact]
    public void Different_packet_times_are_repacked()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        var b = _plane.Add(FakePlane.Pcmu, s => s with { PtimeMs = 30 });
        var c = _plane.Add(FakePlane.Pcma, s => s with { PtimeMs = 10 });
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(1000);
        Assert.All(b.Packets, p => Assert.Equal(12 + 240, p.Length));
        AssertTone(b, 440);
        RelayTests.AssertContinuous(b, 30);

        _plane.Bridge(a, c);
        _plane.Run(1000);
        Assert.All(c.Packets, p => Assert.Equal(12 + 80, p.Length));
        AssertTone(c, 440);
        RelayTests.AssertContinuous(c, 10);
    }

    [Fact]
    public void A_codec_change_in_mid_call_goes_from_relay_to_transcoding_and_back_in_one_stream()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Talking = 440;
        _plane.Run(500);
        Assert.Null(a.Leg.Input);

        // a peer that changes to A-law: same phone, other numbers
        var pcma = new Phone(_plane, a.Leg, FakePlane.Pcma, a.Address) { Ssrc = a.Ssrc, Sequence = a.Sequence, Timestamp = a.Timestamp };
        a.Talking = 0;
        pcma.Configure(s => s);
        pcma.Talking = 440;
        _plane.Run(500);
        Assert.NotNull(a.Leg.Input);

        pcma.Talking = 0;
        a.Configure(s => s);
        (a.Sequence, a.Timestamp, a.Talking) = (pcma.Sequence, pcma.Timestamp, 440);
        _plane.Run(500);
        Assert.Null(a.Leg.Input);
        RelayTests.AssertContinuous(b, 20);
        Assert.True(b.Heard.Chunk(400).SkipLast(1).Average(part => Goertzel.Share(part, 8000, 440)) > 0.9);
    }

    [Fact]
    public void A_peer_that_sends_another_codec_of_our_offer_than_its_answer_chose_is_heard()
    {
        var a = _plane.Add(FakePlane.G722, s => s with { AlsoReceives = [(8, FakePlane.Pcma), (0, FakePlane.Pcmu)] });
        var b = _plane.Add(FakePlane.Pcma);
        _plane.Bridge(a, b);
        var other = new Phone(_plane, a.Leg, FakePlane.Pcma, a.Address) { Talking = 440 };     // same phone, other payload type
        b.Talking = 1000;
        _plane.Run(1000);
        AssertTone(b, 440);
        AssertTone(a, 1000);                // it hears what it asked for
        RelayTests.AssertContinuous(b, 20);
        Assert.Null(a.Leg.Input);           // A-law to A-law is passed on

        (other.Talking, a.Talking) = (0, 440);
        (a.Ssrc, a.Sequence, a.Timestamp) = (other.Ssrc, other.Sequence, other.Timestamp);
        _plane.Run(1000);
        Assert.NotNull(a.Leg.Input);        // and back
        RelayTests.AssertContinuous(b, 20);
        AssertTone(b, 440);
    }

    [Fact]
    public void A_stranger_changes_no_codec()
    {
        var a = _plane.Add(FakePlane.G722, s => s with { AlsoReceives = [(8, FakePlane.Pcma)] });
        var b = _plane.Add(FakePlane.Pcma);
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(500);
        _ = new Phone(_plane, a.Leg, FakePlane.Pcma, new System.Net.IPEndPoint(System.Net.IPAddress.Parse("198.51.100.7"), 4000)) { Talking = 1000, Ssrc = 0xBAD };
        _plane.Run(1000);
        RelayTests.AssertContinuous(b, 20);
        AssertTone(b, 440);
        Assert.NotNull(a.Leg.Input);        // still converted from what the peer itself sends
        Assert.True(Goertzel.Share(b.Heard.AsSpan(^4000..), 8000, 440) > 0.9);
    }

    [Fact]
    public void A_payload_type_that_was_not_offered_is_no_audio()
    {
        var (a, b) = Bridged(FakePlane.G722, FakePlane.Pcma);
        var other = new Phone(_plane, a.Leg, FakePlane.Pcma, a.Address) { Talking = 440 };
        _plane.Run(500);
        Assert.Empty(b.Packets);
        Assert.Equal(25, a.Leg.Statistics().PacketsDropped);
        Assert.Equal(440, other.Talking);
    }

    [Fact]
    public void An_echo_of_another_codec_comes_back_in_the_one_that_the_peer_asked_for()
    {
        var a = _plane.Add(FakePlane.G722, s => s with { AlsoReceives = [(8, FakePlane.Pcma)] });
        _plane.Do(CommandKind.Echo, a, value: 0);
        _ = new Phone(_plane, a.Leg, FakePlane.Pcma, a.Address) { Talking = 440 };
        _plane.Run(1000);
        AssertTone(a, 440);
    }

    [Fact]
    public void Nothing_is_sent_while_the_other_side_says_nothing()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcma);
        _plane.Run(1000);
        Assert.Empty(a.Packets);
        a.Talking = 440;
        _plane.Run(1000);
        var sent = b.Packets.Count;
        a.Talking = 0;
        _plane.Run(700);
        var after = b.Packets.Count;
        _plane.Run(1000);
        Assert.InRange(sent, 46, 50);
        Assert.Equal(after, b.Packets.Count);
    }

    [Fact]
    public void Loss_jitter_disorder_and_doubles_leave_the_tone_whole()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcma);
        var random = new Random(5);
        var due = new SortedDictionary<(long Us, int Order), byte[]>();
        var encoder = new RtpCodec(AudioCodec.Pcmu);
        for (var i = 0; i < 500; i++)
        {
            var packet = new byte[172];
            Media.Rtp.RtpHeader.Write(packet, 0, false, (ushort)(1000 + i), (uint)(i * 160), 7);
            encoder.Encode(ToneSource.Sine(440, 8000, 160, 8000, i * 160L)).CopyTo(packet.AsSpan(12));
            if (random.NextDouble() < 0.02)
            {
                continue;
            }

            due.Add((_plane.NowUs + (i * 20_000L) + random.Next(60_000), i), packet);
            if (random.NextDouble() < 0.02)
            {
                due.Add((_plane.NowUs + (i * 20_000L) + random.Next(60_000), 10_000 + i), packet);
            }
        }

        _plane.OnStep += () =>
        {
            while (due.Count > 0 && due.First() is var first && first.Key.Us <= _plane.NowUs)
            {
                due.Remove(first.Key);
                a.Receive([.. first.Value]);
            }
        };
        _plane.Run(10_500);
        Assert.InRange(b.Packets.Count, 480, 540);
        RelayTests.AssertContinuous(b, 20);

        // 2 % is lost and concealed, early on some more comes too late until the delay has grown: nine of ten seconds are clean.
        var heard = b.Heard;
        var clean = heard.Chunk(160).Count(f => f.Length == 160 && ToneSource.SnrDb(f, 8000, 440) > 25);
        Assert.True(clean >= heard.Length / 160 * 0.85, $"{clean} of {heard.Length / 160}");
    }

    [Theory]
    [InlineData(1.0002)]
    [InlineData(0.9998)]
    public void A_clock_off_by_200_ppm_neither_starves_nor_piles_up(double pace)
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcma);
        double next = _plane.NowUs;
        _plane.OnStep += () =>
        {
            for (; next <= _plane.NowUs; next += 20_000 * pace)
            {
                a.Say(440);
            }
        };
        _plane.Run(300_000);
        Assert.InRange(b.Packets.Count, 14_990, 15_000);
        var heard = b.Heard;
        var clean = heard.Chunk(160).Count(f => ToneSource.SnrDb(f, 8000, 440) > 25);
        Assert.True(clean >= heard.Length / 160 * 0.99, $"{clean} of {heard.Length / 160}");
    }

    [Fact]
    public void Comfort_noise_fills_the_pauses_of_a_peer_that_sends_it()
    {
        var a = _plane.Add(FakePlane.Pcmu, s => s with { ReceiveComfortNoiseType = 13 });
        var b = _plane.Add(FakePlane.Pcma);
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(400);
        a.Talking = 0;
        a.Send(13, false, a.Timestamp, [40]);
        _plane.Run(400);
        var tail = b.Heard[^800..];
        var level = Math.Sqrt(tail.Average(s => (double)s * s));

        // 40 dB below overload: 32767 / 100 in amplitude, here of noise.
        Assert.InRange(level, 327 * 0.6, 327 * 1.6);
    }

    private static CodecOption Of(AudioCodec codec) => codec switch
    {
        AudioCodec.Pcma => FakePlane.Pcma,
        AudioCodec.G722 => FakePlane.G722,
        AudioCodec.Pcmu or AudioCodec.L16 or AudioCodec.Opus => FakePlane.Pcmu,
        _ => FakePlane.Pcmu,
    };

    private static void AssertTone(Phone phone, double frequency)
    {
        var heard = phone.Heard;
        Assert.True(heard.Length > phone.RateHz / 2);
        Assert.True(ToneSource.SnrDb(heard.AsSpan(phone.RateHz / 10, phone.RateHz / 2), phone.RateHz, frequency) > 25);
    }

    private (Phone A, Phone B) Bridged(CodecOption a, CodecOption b)
    {
        var (first, second) = (_plane.Add(a), _plane.Add(b));
        _plane.Bridge(first, second);
        return (first, second);
    }
}
