using XSwitchEngine.Media.Dtmf;
using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>Digits between legs: each exactly once, whatever the way (RFC 4733, P-I14, A-M3).</summary>
public sealed class DigitTests
{
    private readonly FakePlane _plane = new();

    [Fact]
    public void A_press_is_told_once_with_its_length()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        a.Press(5, 100);
        _plane.Run(1000);
        var told = Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
        Assert.Equal(('5', 100L), ((char)told.Value, told.Extra));
    }

    [Fact]
    public void A_press_whose_end_is_lost_is_told_once()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        a.SendEvent(5, 1000, 160);
        a.SendEvent(5, 1000, 320);
        _plane.Run(100);
        Assert.Empty(_plane.EventsOf(MediaEventKind.Dtmf));
        _plane.Run(1000);
        Assert.Equal(40, Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf)).Extra);
    }

    [Fact]
    public void Relayed_events_keep_their_shape_under_the_other_legs_number()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        var b = _plane.Add(FakePlane.Pcmu, s => s with { SendEventType = 96, ReceiveEventType = 96 });
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(200);
        a.Press(9, 120);
        _plane.Run(200);
        Assert.Equal([('9', 960)], b.Digits);
        Assert.Equal(8, b.EventHeaders.Count); // five updates, three ends
        Assert.Single(b.EventHeaders.Select(h => h.Timestamp).Distinct());
        Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
        Assert.Empty(a.EventHeaders);
    }

    [Fact]
    public void Events_above_15_are_not_relayed()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.SendEvent(16, 1000, 160, end: true);
        a.SendEvent(36, 1000, 160, end: true);
        Assert.Empty(b.Packets);
        Assert.DoesNotContain(_plane.Events, e => e.Kind == MediaEventKind.Dtmf);
    }

    [Fact]
    public void Between_two_codecs_an_event_is_sent_anew_and_not_as_a_tone_as_well()
    {
        var (a, b) = Bridged(FakePlane.G722, FakePlane.Pcmu);
        a.Talking = 440;
        _plane.Run(300);
        a.Press(3, 200);
        _plane.Run(1000);
        var digit = Assert.Single(b.Digits);
        Assert.Equal('3', digit.Digit);
        Assert.InRange(digit.Units, 1600, 1920);
        Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
        Assert.Equal("", Inband(b.Heard));
        AssertOneStream(b);
    }

    [Fact]
    public void Towards_a_leg_without_events_a_transcoded_digit_becomes_a_tone()
    {
        var a = _plane.Add(FakePlane.G722);
        var b = _plane.Add(FakePlane.Pcmu, s => s with { SendEventType = -1, ReceiveEventType = -1 });
        _plane.Bridge(a, b);
        a.Talking = 440;
        _plane.Run(300);
        a.Press(7, 120);
        _plane.Run(1000);
        Assert.Equal("7", Inband(b.Heard));
        Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
    }

    [Fact]
    public void Towards_a_leg_without_events_a_relay_only_tells_the_digit()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        var b = _plane.Add(FakePlane.Pcmu, s => s with { SendEventType = -1, ReceiveEventType = -1 });
        _plane.Bridge(a, b);
        a.Press(7, 120);
        _plane.Run(500);
        Assert.Empty(b.Packets);
        Assert.Single(_plane.EventsOf(MediaEventKind.Dtmf));
    }

    [Fact]
    public void Digits_are_sent_one_after_another_with_three_ends_each()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        foreach (var digit in "12#")
        {
            _plane.Do(CommandKind.SendDigit, a, value: digit, extra: 100);
        }

        _plane.Run(2000);
        Assert.Equal([('1', 800), ('2', 800), ('#', 800)], a.Digits);
        var ends = a.Packets.Where(p => (p[13] & 0x80) != 0).GroupBy(p => p[12]).Select(g => g.Count());
        Assert.Equal([3, 3, 3], ends);
        var groups = a.EventHeaders.GroupBy(h => h.Timestamp).ToArray();
        Assert.All(groups, g => Assert.True(g.First().Marker && g.Skip(1).All(h => !h.Marker)));
        AssertOneStream(a);
        Assert.True(a.Leg.Slot < 0);
    }

    [Fact]
    public void Without_events_digits_are_sent_as_tones()
    {
        var a = _plane.Add(FakePlane.Pcma, s => s with { SendEventType = -1, ReceiveEventType = -1 });
        foreach (var digit in "159D")
        {
            _plane.Do(CommandKind.SendDigit, a, value: digit, extra: 80);
        }

        _plane.Run(2000);
        Assert.Equal("159D", Inband(a.Heard));
    }

    [Fact]
    public void A_digit_of_ours_interrupts_the_relay_for_its_time_only()
    {
        var (a, b) = Bridged(FakePlane.Pcmu, FakePlane.Pcmu);
        a.Talking = 440;
        _plane.Run(200);
        _plane.Do(CommandKind.SendDigit, b, value: '5', extra: 100);
        _plane.Run(600);
        Assert.Equal([('5', 800)], b.Digits);
        Assert.InRange(b.AudioHeaders.Count, 24, 32); // 40 frames, less those under five updates, two more ends and the pause
        Assert.Null(a.Leg.Input);
        AssertOneStream(b);
    }

    [Fact]
    public void Tones_in_the_audio_are_found_when_asked_for()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        _plane.Do(CommandKind.Detect, a, value: 1);
        SayDigits(a, "42#");
        Assert.Equal("42#", Told());
        _plane.Do(CommandKind.Detect, a, value: 0);
        SayDigits(a, "1");
        Assert.Equal("42#", Told());
    }

    [Fact]
    public void A_digit_that_comes_as_event_and_as_tone_is_one()
    {
        var a = _plane.Add(FakePlane.Pcmu);
        _plane.Do(CommandKind.Detect, a, value: 1);
        a.SendEvent(5, 500_000, 160, marker: true);
        SayDigits(a, "5");
        a.SendEvent(5, 500_000, 800, end: true);
        _plane.Run(500);
        Assert.Equal("5", Told());
    }

    [Fact]
    public void A_bridge_that_ends_lets_a_held_digit_go()
    {
        var (a, b) = Bridged(FakePlane.G722, FakePlane.Pcmu);
        a.SendEvent(5, 1000, 160, marker: true);
        _plane.Run(100);
        _plane.Do(CommandKind.Unbridge, a);
        _plane.Run(1000);
        Assert.Single(b.Digits);
        Assert.Contains(b.Packets, p => (p[13] & 0x80) != 0);
        Assert.True(b.Leg.Slot < 0);
    }

    private static void AssertOneStream(Phone phone)
    {
        var headers = phone.Headers;
        for (var i = 1; i < headers.Count; i++)
        {
            Assert.Equal((ushort)(headers[i - 1].Sequence + 1), headers[i].Sequence);
            Assert.True((int)(headers[i].Timestamp - headers[i - 1].Timestamp) >= 0);
        }
    }

    private string Told() => new([.. _plane.EventsOf(MediaEventKind.Dtmf).Select(e => (char)e.Value)]);

    private void SayDigits(Phone phone, string digits)
    {
        foreach (var digit in digits)
        {
            Assert.True(DtmfTones.TryGet(digit, out var row, out var column));
            var tone = ToneSource.Sum(8000, 960, (row, 6000), (column, 6000));
            foreach (var frame in tone.Concat(new short[960]).Chunk(160))
            {
                phone.Send(0, false, phone.Timestamp, new RtpCodec(AudioCodec.Pcmu).Encode(frame));
                phone.Timestamp += 160;
                _plane.Run(20);
            }
        }

        _plane.Run(100);
    }

    private static string Inband(short[] heard)
    {
        var detector = new InbandDetector(8000);
        var digits = "";
        foreach (var frame in heard.Concat(new short[1600]).Chunk(160))
        {
            var digit = detector.Process(frame, out _);
            digits += digit == '\0' ? "" : digit;
        }

        return digits;
    }

    private (Phone A, Phone B) Bridged(CodecOption a, CodecOption b)
    {
        var (first, second) = (_plane.Add(a), _plane.Add(b));
        _plane.Bridge(first, second);
        return (first, second);
    }
}
