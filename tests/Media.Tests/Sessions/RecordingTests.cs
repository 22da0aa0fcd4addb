using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>Recordings keep the time of the call and can be played at any moment (P-I13, A-M4).</summary>
public sealed class RecordingTests : IDisposable
{
    private readonly FakePlane _plane = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("media-recording-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_received_is_recorded_to_the_limit()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Record(phone, 3, Spec("a.wav") with { LimitMs = 1000 });
        phone.Talking = 440;
        _plane.Run(2000);
        var done = Assert.Single(_plane.EventsOf(MediaEventKind.RecordingDone));
        Assert.Equal((3L, (int)RecordingEnd.Limit, 8000L, 8000), (done.Token, done.Value, done.Extra, done.Rate));
        var wav = Read("a.wav");
        Assert.Equal((8000, 1, 8000), (wav.RateHz, wav.Channels, wav.Samples.Length));
        Assert.True(Goertzel.Share(wav.Samples, 8000, 440) > 0.9);
        Assert.True(phone.Leg.Slot < 0);
    }

    [Fact]
    public void Both_directions_of_a_relayed_call_are_recorded_left_and_right_and_the_relay_goes_on()
    {
        var (a, b) = (_plane.Add(FakePlane.Pcmu), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        (a.Talking, b.Talking) = (440, 1000);
        _plane.Record(a, 3, Spec("a.wav") with { BothDirections = true, Stereo = true });
        _plane.Run(2000);
        Assert.Equal(100, a.Packets.Count);
        _plane.Do(CommandKind.ControlRecording, a, null, 3, (int)RecordingControl.Stop);
        _plane.ServeFiles();
        var wav = Read("a.wav");
        Assert.Equal((8000, 2), (wav.RateHz, wav.Channels));
        Assert.InRange(wav.Samples.Length / 2, 15_600, 16_000);
        Assert.True(Goertzel.Share(wav.Channel(0), 8000, 440) > 0.9);
        Assert.True(Goertzel.Share(wav.Channel(1), 8000, 1000) > 0.9);
        Assert.Null(a.Leg.Input);
        Assert.Null(b.Leg.Input);
    }

    [Fact]
    public void Both_directions_of_a_transcoded_call_are_mixed_to_mono()
    {
        var (a, b) = (_plane.Add(FakePlane.G722), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        (a.Talking, b.Talking) = (440, 1000);
        _plane.Record(a, 3, Spec("a.wav") with { BothDirections = true });
        _plane.Run(2000);
        _plane.Do(CommandKind.Close, a);
        _plane.ServeFiles();
        var wav = Read("a.wav");
        Assert.Equal((16000, 1), (wav.RateHz, wav.Channels));
        Assert.InRange(Goertzel.Share(wav.Samples, 16000, 440), 0.4, 0.6);
        Assert.InRange(Goertzel.Share(wav.Samples, 16000, 1000), 0.4, 0.6);
        Assert.Equal((int)RecordingEnd.Stopped, Assert.Single(_plane.EventsOf(MediaEventKind.RecordingDone)).Value);
    }

    [Fact]
    public void What_is_played_is_in_the_recording_of_both_directions()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        phone.Talking = 440;
        _plane.Record(phone, 3, Spec("a.wav") with { BothDirections = true, Stereo = true });
        _plane.Play(phone, 1, "tone_stream://%(1000,0,1500)");
        _plane.Run(1500);
        _plane.Do(CommandKind.Close, phone);
        _plane.ServeFiles();
        Assert.True(Goertzel.Share(Read("a.wav").Channel(1).AsSpan(1000, 6000), 8000, 1500) > 0.9);
    }

    [Fact]
    public void The_file_is_whole_at_every_moment()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Record(phone, 3, Spec("a.wav"));
        phone.Talking = 440;
        for (var ms = 20; ms <= 2000; ms += 20)
        {
            _plane.Run(20);
            Assert.InRange(Read("a.wav").Samples.Length / 8, Math.Max(0, ms - 200), ms);
        }
    }

    [Fact]
    public void A_pause_of_the_peer_is_silence_of_its_length()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Record(phone, 3, Spec("a.wav"));
        phone.Talking = 440;
        _plane.Run(1000);
        phone.Talking = 0;
        _plane.Run(3000);
        phone.Timestamp += 8000 * 3;
        phone.Talking = 1000;
        _plane.Run(1000);
        _plane.Do(CommandKind.Close, phone);
        _plane.ServeFiles();
        var samples = Read("a.wav").Samples;
        Assert.InRange(samples.Length, 39_200, 40_000);
        Assert.True(Goertzel.Share(samples.AsSpan(400, 7200), 8000, 440) > 0.9);
        Assert.All(samples[10_000..31_000], s => Assert.Equal(0, s));
        Assert.True(Goertzel.Share(samples.AsSpan(33_000, 6000), 8000, 1000) > 0.9);
    }

    [Fact]
    public void It_begins_with_the_media_or_when_none_comes_after_two_seconds()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Record(phone, 3, Spec("a.wav") with { LimitMs = 1000 });
        _plane.Run(1900);
        Assert.Empty(Read("a.wav").Samples);
        _plane.Run(1500);
        Assert.Equal((int)RecordingEnd.Limit, Assert.Single(_plane.EventsOf(MediaEventKind.RecordingDone)).Value);
        Assert.Equal(8000, Read("a.wav").Samples.Length);
    }

    [Fact]
    public void Mask_writes_silence_and_pause_writes_nothing()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        phone.Talking = 440;
        _plane.Run(200);
        _plane.Record(phone, 3, Spec("a.wav"));
        _plane.Run(1000);
        Control(phone, RecordingControl.Mask);
        _plane.Run(1000);
        Control(phone, RecordingControl.Unmask);
        Control(phone, RecordingControl.Pause);
        _plane.Run(1000);
        Control(phone, RecordingControl.Resume);
        _plane.Run(1000);
        Control(phone, RecordingControl.Stop);
        _plane.ServeFiles();
        var samples = Read("a.wav").Samples;
        Assert.InRange(samples.Length, 23_200, 24_200);
        Assert.All(samples[8_400..15_400], s => Assert.Equal(0, s));
        Assert.True(Goertzel.Share(samples.AsSpan(16_400, 6000), 8000, 440) > 0.9);
    }

    [Fact]
    public void Truncate_leaves_an_empty_file()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        phone.Talking = 440;
        _plane.Record(phone, 3, Spec("a.wav"));
        _plane.Run(1000);
        Control(phone, RecordingControl.Truncate);
        _plane.ServeFiles();
        Assert.Empty(Read("a.wav").Samples);
        Assert.Single(_plane.EventsOf(MediaEventKind.RecordingDone));
    }

    [Fact]
    public void A_missing_directory_is_made_only_when_wanted()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        phone.Talking = 440;
        _plane.Record(phone, 3, Spec("x/a.wav"));
        _plane.Run(200);
        Assert.Equal((int)RecordingEnd.Failed, Assert.Single(_plane.EventsOf(MediaEventKind.RecordingDone)).Value);
        _plane.Record(phone, 4, Spec("x/y/a.wav") with { CreateDirectories = true });
        _plane.Run(1000);
        Assert.Single(_plane.EventsOf(MediaEventKind.RecordingDone));
        Assert.NotEmpty(Read("x/y/a.wav").Samples);
    }

    [Fact]
    public void Silence_of_the_peer_is_told_once()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        phone.Talking = 440;
        _plane.Do(CommandKind.WatchSilence, phone, null, 0, 200, 1000);
        _plane.Run(2000);
        Assert.Empty(_plane.EventsOf(MediaEventKind.Silence));
        phone.Peak = 50;
        _plane.Run(3000);
        Assert.Single(_plane.EventsOf(MediaEventKind.Silence));
        Assert.Null(phone.Leg.Input);
    }

    private RecordingSpec Spec(string name) => new(Path.Combine(_directory, name), false, false, 0, false);

    private void Control(Phone phone, RecordingControl control) => _plane.Do(CommandKind.ControlRecording, phone, null, 3, (int)control);

    private WavFile Read(string name) => WavFile.Read(Path.Combine(_directory, name));
}
