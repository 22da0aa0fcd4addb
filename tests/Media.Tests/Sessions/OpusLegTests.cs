using XSwitchEngine.Media.Sessions;
using XSwitchEngine.Media.Tests.Codecs;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>Opus legs beside others: converted, lost packets, conferences, files, digits.</summary>
public sealed class OpusLegTests : IDisposable
{
    private readonly FakePlane _plane = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("opus").FullName;

    public void Dispose() => Directory.Delete(_directory, true);

    [Theory]
    [InlineData(AudioCodec.Pcmu, 8000)]
    [InlineData(AudioCodec.Pcma, 8000)]
    [InlineData(AudioCodec.G722, 16000)]
    public void Opus_and_another_codec_hear_each_other_without_a_resampler(AudioCodec other, int rateHz)
    {
        var a = _plane.Add(FakePlane.Opus);
        var b = _plane.Add(new CodecOption(other, rateHz));
        _plane.Bridge(a, b);
        (a.Talking, b.Talking) = (440, 1000);
        _plane.Run(2000);
        AssertTone(b, 440);
        AssertTone(a, 1000);
        Assert.Equal((rateHz, rateHz), (a.Leg.Input!.RateHz, a.Leg.Output!.RateHz));
        AssertNumbers(a, 960);
        AssertNumbers(b, 160);
    }

    [Fact]
    public void Two_opus_legs_are_relayed_as_they_are()
    {
        var (a, b) = (_plane.Add(FakePlane.Opus), _plane.Add(FakePlane.Opus));
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(500);
        Assert.Null(a.Leg.Input);
        Assert.Null(b.Leg.Output);
        AssertTone(b, 440);
    }

    [Fact]
    public void A_lost_packet_is_heard_from_the_next_one()
    {
        // A voice that changes from frame to frame: only the copy in the next packet can know what was lost.
        var whole = Heard(lose: false);
        var withCopies = OpusTests.Difference(Heard(lose: true), whole);
        var without = OpusTests.Difference(Heard(lose: true, copies: false), whole);
        Assert.True(withCopies < without / 2, $"{withCopies:F3} of the energy is wrong with copies, {without:F3} without");
        Assert.True(withCopies < 0.1, $"{withCopies:F3} of the energy is wrong");
    }

    [Fact]
    public void Discontinuous_transmission_is_silence_and_not_the_end()
    {
        var (a, b) = (_plane.Add(FakePlane.Opus), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(500);
        a.Talking = 0;
        for (var i = 0; i < 5; i++)
        {
            a.Send(111, false, a.Timestamp, [0x08]); // RFC 7587 §3.1.3: a packet of one byte now and then
            a.Timestamp += 19200;
            _plane.Run(400);
        }

        a.Talking = 440;
        var before = b.Packets.Count;
        _plane.Run(1000);
        Assert.InRange(b.Packets.Count - before, 48, 51);
        Assert.InRange(Goertzel.Share(b.Heard.AsSpan()[^4000..], 8000, 440), 0.8, 1.01);
    }

    [Fact]
    public void A_conference_has_members_of_all_codecs()
    {
        var phones = new[] { FakePlane.Opus, FakePlane.Pcmu, FakePlane.G722, FakePlane.Opus }.Select(c => _plane.Add(c)).ToArray();
        double[] tones = [400, 700, 1100, 1500];
        for (var i = 0; i < phones.Length; i++)
        {
            _plane.Do(CommandKind.JoinRoom, phones[i], number: 1, value: (int)RoomFlags.Both);
            (phones[i].Talking, phones[i].Peak) = (tones[i], 4000);
        }

        _plane.Run(2000);
        for (var i = 0; i < phones.Length; i++)
        {
            var heard = phones[i].Heard;
            for (var k = 0; k < tones.Length; k++)
            {
                Assert.InRange(Goertzel.Share(heard.AsSpan()[(heard.Length / 2)..], phones[i].RateHz, tones[k]), i == k ? 0 : 0.2, i == k ? 0.02 : 0.5);
            }
        }
    }

    [Fact]
    public void Opus_hears_tones_and_files_at_full_rate()
    {
        var a = _plane.Add(FakePlane.Opus);
        _plane.Play(a, 1, "tone_stream://%(1000,0,1004)");
        _plane.Run(1500);
        AssertTone(a, 1004);
        Assert.Equal(48000, a.Leg.Output?.RateHz ?? 48000);
        Assert.Equal((int)PlaybackEnd.Finished, Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone)).Value);
    }

    [Fact]
    public void Music_for_a_held_opus_leg_of_a_mixed_bridge_has_full_rate_and_talk_goes_on_after_it()
    {
        var (a, b) = (_plane.Add(FakePlane.Opus), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        b.Talking = 440;
        _plane.Run(500);
        _plane.Play(a, 1, "tone_stream://%(500,0,1500)");
        _plane.Run(200);
        Assert.Equal(48000, a.Leg.Output!.RateHz);
        _plane.Run(800);
        Assert.Equal(8000, a.Leg.Output!.RateHz);
        AssertNumbers(a, 960);
        Assert.InRange(Goertzel.Share(a.Heard.AsSpan()[^9600..], 48000, 440), 0.8, 1.01);
    }

    [Fact]
    public void What_an_opus_leg_says_and_hears_is_recorded()
    {
        var (a, b) = (_plane.Add(FakePlane.Opus), _plane.Add(FakePlane.Opus));
        _plane.Bridge(a, b);
        var path = Path.Combine(_directory, "call.wav");
        _plane.Record(a, 1, new RecordingSpec(path, BothDirections: true, Stereo: true, 0, false));
        (a.Talking, b.Talking) = (440, 1000);
        _plane.Run(2000);
        _plane.Do(CommandKind.ControlRecording, a, number: 1, value: (int)RecordingControl.Stop);
        _plane.Run(50);
        var wav = WavFile.Read(path);
        Assert.Equal((48000, 2), (wav.RateHz, wav.Channels));
        short[] Channel(int number) => [.. wav.Samples.Where((_, i) => i % 2 == number).Skip(24000)];
        Assert.InRange(Goertzel.Share(Channel(0), 48000, 440), 0.8, 1.01);
        Assert.InRange(Goertzel.Share(Channel(1), 48000, 1000), 0.8, 1.01);
    }

    [Fact]
    public void Silence_and_in_band_digits_are_found_in_opus()
    {
        var a = _plane.Add(FakePlane.Opus);
        _plane.Do(CommandKind.WatchSilence, a, value: 200, extra: 500);
        a.Talking = 440;
        _plane.Run(1000);
        Assert.Empty(_plane.EventsOf(MediaEventKind.Silence));
        a.Talking = 0;
        _plane.Run(1500);
        Assert.Single(_plane.EventsOf(MediaEventKind.Silence));
    }

    [Theory]
    [InlineData(48000)]
    [InlineData(8000)]
    public void Digits_are_counted_by_their_own_clock(int eventClockHz)
    {
        var a = _plane.Add(FakePlane.Opus, s => s with { EventClockHz = eventClockHz });
        a.SendEvent(5, a.Timestamp, eventClockHz / 50, marker: true);
        a.SendEvent(5, a.Timestamp, eventClockHz / 5, end: true);
        var digit = Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
        Assert.Equal(('5', 200), ((char)digit.Value, (int)digit.Extra));

        _plane.Do(CommandKind.SendDigit, a, value: '7', extra: 100);
        _plane.Run(400);
        var (sent, units) = Assert.Single(a.Digits);
        Assert.Equal(('7', eventClockHz / 10), (sent, units));
    }

    [Fact]
    public void A_digit_crosses_from_one_clock_to_another_once()
    {
        var (a, b) = (_plane.Add(FakePlane.Opus, s => s with { EventClockHz = 48000 }), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        (a.Talking, b.Talking) = (440, 700);
        _plane.Run(300);
        a.Talking = 0;
        for (var t = 20; t <= 160; t += 20)
        {
            a.SendEvent(9, a.Timestamp, t * 48, marker: t == 20, end: t == 160);
            _plane.Run(20);
        }

        _plane.Run(300);
        var (digit, units) = Assert.Single(b.Digits);
        Assert.Equal('9', digit);
        Assert.InRange(units, 140 * 8, 200 * 8);
        Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
    }

    /// <summary>What a phone hears of three seconds of a voice, one packet in ten lost, and with it, when told, the packet with the copy.</summary>
    private static short[] Heard(bool lose, bool copies = true)
    {
        var plane = new FakePlane();
        var (a, b) = (plane.Add(FakePlane.Opus), plane.Add(FakePlane.Pcmu));
        plane.Bridge(a, b);
        var voice = OpusTests.Voice(150);
        for (var i = 0; i < 150; i++)
        {
            var lost = lose && i % 10 == 7;
            a.SayFrame(voice.AsSpan(i * 960, 960), lost, withCopy: copies || i % 10 != 8);
            plane.Run(20);
        }

        return b.Heard;
    }

    private static void AssertTone(Phone phone, double frequencyHz)
    {
        var heard = phone.Heard;
        Assert.InRange(heard.Length, phone.RateHz / 3, phone.RateHz * 3);
        Assert.InRange(Goertzel.Share(heard.AsSpan()[(heard.Length / 4)..(heard.Length * 3 / 4)], phone.RateHz, frequencyHz), 0.85, 1.01);
    }

    private static void AssertNumbers(Phone phone, uint units)
    {
        var headers = phone.Headers;
        for (var i = 1; i < headers.Count; i++)
        {
            Assert.Equal((ushort)(headers[i - 1].Sequence + 1), headers[i].Sequence);
            Assert.InRange(headers[i].Timestamp - headers[i - 1].Timestamp, units, units * 50);
        }
    }
}
