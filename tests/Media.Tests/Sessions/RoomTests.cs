using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

public sealed class RoomTests
{
    private readonly FakePlane _plane = new();

    [Fact]
    public void Each_member_hears_the_others_and_not_itself_whatever_the_codecs()
    {
        var (a, b, c) = (Join(FakePlane.Pcmu), Join(FakePlane.Pcma), Join(FakePlane.G722));
        (a.Talking, b.Talking, c.Talking) = (440, 700, 1100);
        _plane.Run(2000);
        AssertHears(a, [700, 1100], [440]);
        AssertHears(b, [440, 1100], [700]);
        AssertHears(c, [440, 700], [1100]);
        RelayTests.AssertContinuous(a, 20);
        RelayTests.AssertContinuous(c, 20);
        Assert.InRange(a.Packets.Count, 99, 100);
    }

    [Fact]
    public void Flags_mute_and_deafen()
    {
        var (a, b) = (Join(FakePlane.Pcmu), Join(FakePlane.Pcmu));
        (a.Talking, b.Talking) = (440, 700);
        _plane.Do(CommandKind.SetRoomFlags, a, value: (int)RoomFlags.Hear);
        _plane.Run(1000);
        Assert.DoesNotContain(b.Heard, s => Math.Abs((int)s) > 100);
        AssertHears(a, [700], [440]);
        _plane.Do(CommandKind.SetRoomFlags, a, value: (int)RoomFlags.Speak);
        _plane.SentPackets.Clear();
        _plane.Run(1000);
        Assert.Empty(a.Packets);
        AssertHears(b, [440], [700]);
    }

    [Fact]
    public void Who_begins_and_ends_talking_is_told_once_and_a_short_noise_is_not()
    {
        var (a, b) = (Join(FakePlane.Pcmu), Join(FakePlane.G722));
        b.Say(700);
        _plane.Run(1000);
        Assert.Empty(_plane.EventsOf(MediaEventKind.Talking));
        a.Talking = 440;
        _plane.Run(2000);
        var begin = Assert.Single(_plane.EventsOf(MediaEventKind.Talking));
        Assert.Equal((a.Leg.Session, 1), (begin.Session, begin.Value));
        Assert.InRange(begin.Extra, 8000 * 2 / Math.PI * 0.9, 8000 * 2 / Math.PI * 1.1);      // mean of a sine whose peak is 8000
        a.Talking = 0;
        _plane.Run(500);
        Assert.Single(_plane.EventsOf(MediaEventKind.Talking));
        _plane.Run(1000);
        Assert.Equal([1, 0], _plane.EventsOf(MediaEventKind.Talking).Select(e => e.Value));
        a.Talking = 440;
        _plane.Do(CommandKind.SetRoomFlags, a, value: (int)RoomFlags.Hear);
        _plane.Run(1000);
        Assert.Equal(2, _plane.EventsOf(MediaEventKind.Talking).Count());       // muted
    }

    [Fact]
    public void A_prompt_is_heard_by_its_member_alone()
    {
        var (a, b) = (Join(FakePlane.Pcmu), Join(FakePlane.Pcmu));
        b.Talking = 700;
        _plane.Play(a, 1, "tone_stream://%(1000,0,1500)");
        _plane.Run(1000);
        AssertHears(a, [1500], [700]);
        Assert.DoesNotContain(b.Heard, s => Math.Abs((int)s) > 100);
    }

    [Fact]
    public void The_room_ends_with_its_last_member()
    {
        var (a, b) = (Join(FakePlane.Pcmu), Join(FakePlane.Pcmu));
        var room = a.Leg.Room!;
        _plane.Do(CommandKind.LeaveRoom, a);
        Assert.True(room.Slot >= 0);
        _plane.Do(CommandKind.Close, b);
        Assert.True(room.Slot < 0);
        Assert.NotSame(room, Join(FakePlane.Pcmu).Leg.Room);
    }

    [Fact]
    public void A_bridge_takes_a_member_out_and_a_room_takes_a_leg_out_of_its_bridge()
    {
        var (a, b) = (Join(FakePlane.Pcmu), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        Assert.Null(a.Leg.Room);
        _plane.Do(CommandKind.JoinRoom, b, null, 7, (int)RoomFlags.Both);
        Assert.Null(a.Leg.Bridge);
        Assert.NotNull(b.Leg.Room);
    }

    [Fact]
    public void A_member_that_is_recorded_has_the_room_in_its_other_channel()
    {
        var directory = Directory.CreateTempSubdirectory("media-room-").FullName;
        try
        {
            var (a, b) = (Join(FakePlane.Pcmu), Join(FakePlane.Pcmu));
            (a.Talking, b.Talking) = (440, 700);
            _plane.Record(a, 1, new RecordingSpec(Path.Combine(directory, "a.wav"), true, true, 0, false));
            _plane.Run(1500);
            _plane.Do(CommandKind.Close, a);
            _plane.ServeFiles();
            var wav = WavFile.Read(Path.Combine(directory, "a.wav"));
            Assert.True(Goertzel.Share(wav.Channel(0).AsSpan(800, 8000), 8000, 440) > 0.9);
            Assert.True(Goertzel.Share(wav.Channel(1).AsSpan(800, 8000), 8000, 700) > 0.9);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void AssertHears(Phone phone, double[] heard, double[] absent)
    {
        var samples = phone.Heard.AsSpan(phone.RateHz / 5, phone.RateHz / 2);
        foreach (var frequency in heard)
        {
            Assert.InRange(Goertzel.Share(samples, phone.RateHz, frequency), 0.9 / heard.Length, 1.05 / heard.Length);
        }

        foreach (var frequency in absent)
        {
            Assert.True(Goertzel.Share(samples, phone.RateHz, frequency) < 0.01);
        }
    }

    private Phone Join(CodecOption codec)
    {
        var phone = _plane.Add(codec);
        _plane.Do(CommandKind.JoinRoom, phone, null, 7, (int)RoomFlags.Both);
        return phone;
    }
}
