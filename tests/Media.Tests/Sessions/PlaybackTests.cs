using System.Buffers.Binary;
using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

public sealed class PlaybackTests : IDisposable
{
    private readonly FakePlane _plane = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("media-playback-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(8000, 1, 16)]
    [InlineData(16000, 1, 16)]
    [InlineData(32000, 2, 16)]
    [InlineData(48000, 2, 16)]
    [InlineData(8000, 2, 8)]
    public void A_file_of_any_kind_is_heard_to_its_end(int rate, int channels, int bits)
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 9, Wav("a.wav", rate, 1000, channels, bits));
        _plane.Run(1500);
        var done = Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone));
        Assert.Equal((9L, (int)PlaybackEnd.Finished, (long)rate, rate), (done.Token, done.Value, done.Extra, done.Rate));
        Assert.Equal(50, phone.Packets.Count);
        Assert.True(Goertzel.Share(phone.Heard, 8000, 440) > 0.95);
        RelayTests.AssertContinuous(phone, 20);
        Assert.True(phone.Leg.Slot < 0);
    }

    [Theory]
    [InlineData(PlaybackEnd.NotFound, "missing.wav")]
    [InlineData(PlaybackEnd.Failed, "text.wav")]
    [InlineData(PlaybackEnd.Failed, "nodata.wav")]
    public void What_cannot_be_played_is_told(PlaybackEnd expected, string name)
    {
        File.WriteAllText(Path.Combine(_directory, "text.wav"), "this is no audio, whatever its name says");
        var header = File.ReadAllBytes(Wav("a.wav", 8000, 10));
        File.WriteAllBytes(Path.Combine(_directory, "nodata.wav"), header[..36]);
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 9, Path.Combine(_directory, name));
        _plane.Run(200);
        Assert.Equal((int)expected, Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone)).Value);
        Assert.Empty(phone.Packets);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    [InlineData(999_999u)]
    public void A_header_that_lies_about_the_length_survives(uint length)
    {
        var path = Wav("a.wav", 8000, 500);
        var bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(40), length);
        File.WriteAllBytes(path, bytes);
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 9, path);
        _plane.Run(1000);
        Assert.Equal(25, phone.Packets.Count);
    }

    [Fact]
    public void Files_truncated_at_every_byte_of_the_header_end_in_words()
    {
        var bytes = File.ReadAllBytes(Wav("a.wav", 8000, 20));
        for (var length = 0; length < 46; length++)
        {
            var plane = new FakePlane();
            var path = Path.Combine(_directory, $"t{length}.wav");
            File.WriteAllBytes(path, bytes[..length]);
            var phone = plane.Add(FakePlane.Pcmu);
            plane.Play(phone, 9, path);
            plane.Run(100);
            Assert.Equal(length < 44 ? (int)PlaybackEnd.Failed : (int)PlaybackEnd.Finished, Assert.Single(plane.EventsOf(MediaEventKind.PlaybackDone)).Value);
        }
    }

    [Fact]
    public void A_list_is_played_in_order_without_a_gap()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 9, $"file_string://{Wav("a.wav", 8000, 230)}!tone_stream://%(200,0,1000)!{Wav("b.wav", 8000, 170, frequency: 700)}");
        _plane.Run(1000);
        Assert.Equal(30, phone.Packets.Count);
        var heard = phone.Heard;
        Assert.True(Goertzel.Share(heard.AsSpan(0, 1760), 8000, 440) > 0.9);
        Assert.True(Goertzel.Share(heard.AsSpan(1880, 1440), 8000, 1000) > 0.9);
        Assert.True(Goertzel.Share(heard.AsSpan(3480, 1200), 8000, 700) > 0.9);
        Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone));
    }

    [Fact]
    public void Loops_volume_and_start_are_obeyed()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        var file = Wav("a.wav", 8000, 200);
        _plane.Play(phone, 1, $"{{loops=3}}{file}");
        _plane.Run(1000);
        Assert.Equal(30, phone.Packets.Count);

        _plane.SentPackets.Clear();
        _plane.Play(phone, 2, $"{{vol=-2}}{file}@@800");
        _plane.Run(1000);
        Assert.Equal(5, phone.Packets.Count);

        // 3 dB a step.
        Assert.InRange(phone.Heard.Max(s => (int)s), 8000 * Math.Pow(10, -6 / 20.0) * 0.95, 8000 * Math.Pow(10, -6 / 20.0) * 1.05);
    }

    [Fact]
    public void Controls_pause_seek_stop_and_turn()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 5, Wav("a.wav", 8000, 10_000));
        _plane.Run(500);
        Control(phone, 5, PlaybackControl.TogglePause);
        var sent = phone.Packets.Count;
        _plane.Run(500);
        Assert.Equal(sent, phone.Packets.Count);
        Control(phone, 5, PlaybackControl.TogglePause);
        Control(phone, 5, PlaybackControl.SeekTo, 9_800);
        _plane.Run(100);
        Control(phone, 5, PlaybackControl.SeekBy, -1_000);
        Control(phone, 4, PlaybackControl.Stop);
        _plane.Run(100);
        Assert.Empty(_plane.EventsOf(MediaEventKind.PlaybackDone));
        Control(phone, 5, PlaybackControl.SeekBy, 100_000);
        _plane.Run(200);
        var done = Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone));
        Assert.Equal(((int)PlaybackEnd.Finished, 80_000L), (done.Value, done.Extra));
    }

    [Theory]
    [InlineData(2, 0.625)]
    [InlineData(1, 0.8)]
    [InlineData(-1, 1.25)]
    [InlineData(-2, 1.667)]
    public void Speed_changes_the_length_and_not_the_pitch(int speed, double factor)
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 5, Wav("a.wav", 8000, 3000));
        Control(phone, 5, PlaybackControl.SetSpeed, speed);
        _plane.Run(6000);
        Assert.InRange(phone.Packets.Count, 150 * factor * 0.95, 150 * factor * 1.05);
        Assert.True(phone.Heard.Chunk(400).SkipLast(2).Average(part => Goertzel.Share(part, 8000, 440)) > 0.9);
        Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone));
    }

    [Fact]
    public void Each_end_is_told_once_with_its_reason()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Play(phone, 1, "silence_stream://-1");
        _plane.Run(100);
        _plane.Play(phone, 2, "silence_stream://-1,1400");
        _plane.Run(100);
        Control(phone, 2, PlaybackControl.Stop);
        _plane.Play(phone, 3, "silence_stream://100");
        _plane.Run(500);
        _plane.Play(phone, 4, "tone_stream://%(100,0,440);loops=-1");
        _plane.Run(500);
        _plane.Do(CommandKind.Close, phone);
        _plane.Play(phone, 5, "silence_stream://100");
        Assert.Equal(
            [(1L, PlaybackEnd.Replaced), (2L, PlaybackEnd.Stopped), (3L, PlaybackEnd.Finished), (4L, PlaybackEnd.Closed), (5L, PlaybackEnd.Closed)],
            _plane.EventsOf(MediaEventKind.PlaybackDone).Select(e => (e.Token, (PlaybackEnd)e.Value)));
    }

    [Fact]
    public void A_playback_takes_the_place_of_the_bridge_for_its_time()
    {
        var (a, b) = (_plane.Add(FakePlane.Pcmu), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        (a.Talking, b.Talking) = (440, 700);
        _plane.Run(400);
        _plane.Play(b, 1, "tone_stream://%(400,0,1500)");
        _plane.Run(1200);
        var heard = b.Heard;
        Assert.True(Goertzel.Share(heard.AsSpan(3520, 2880), 8000, 1500) > 0.9);
        Assert.True(Goertzel.Share(heard.AsSpan(8000, 3200), 8000, 440) > 0.9);
        Assert.True(Goertzel.Share(a.Heard, 8000, 700) > 0.9);
        Assert.InRange(a.Packets.Count, 79, 80);
    }

    [Fact]
    public void A_held_peer_hears_nothing_and_the_playback_goes_on_in_its_time()
    {
        var phone = _plane.Add(FakePlane.Pcmu, s => s with { Direction = MediaDirection.RecvOnly });
        _plane.Play(phone, 1, "tone_stream://%(500,0,440)");
        _plane.Run(600);
        Assert.Empty(phone.Packets);
        Assert.Single(_plane.EventsOf(MediaEventKind.PlaybackDone));
    }

    [Fact]
    public void Delayed_echo_comes_after_its_delay()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Do(CommandKind.Echo, phone, value: 500);
        phone.Talking = 440;
        _plane.Run(400);
        phone.Talking = 0;
        _plane.Run(1000);
        var heard = phone.Heard;
        var first = Array.FindIndex(heard, s => Math.Abs((int)s) > 1000);
        Assert.InRange(first, 4000 - 160, 4000 + 640); // half a second, and the jitter buffer's start
        Assert.True(Goertzel.Share(heard.AsSpan(first, 2800), 8000, 440) > 0.9);
    }

    private void Control(Phone phone, long token, PlaybackControl control, int value = 0) =>
        _plane.Do(CommandKind.ControlPlayback, phone, null, token, (int)control, value);

    private string Wav(string name, int rate, int ms, int channels = 1, int bits = 16, double frequency = 440)
    {
        var path = Path.Combine(_directory, name);
        WavFile.Write(path, rate, channels, bits, ToneSource.Sine(frequency, rate, rate * ms / 1000, 8000));
        return path;
    }
}
