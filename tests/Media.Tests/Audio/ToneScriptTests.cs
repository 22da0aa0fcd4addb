using XSwitchEngine.Media.Audio;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Audio;

public sealed class ToneScriptTests
{
    [Fact]
    public void Ring_tone_sounds_for_two_seconds_and_is_silent_for_four()
    {
        var samples = Render("%(2000,4000,440,480)", 8000 * 7);
        Assert.Equal(8000 * 6, samples.Length);
        Assert.InRange(Goertzel.Share(samples.AsSpan(0, 16000), 8000, 440), 0.49, 0.51);
        Assert.InRange(Goertzel.Share(samples.AsSpan(0, 16000), 8000, 480), 0.49, 0.51);
        Assert.All(samples.Skip(16000), s => Assert.Equal(0, s));
    }

    [Fact]
    public void Volume_is_in_dBm0_and_applies_to_what_follows()
    {
        // Full scale is +3.17 dBm0: −7 dBm0 is 10.17 dB below, −27 another 20 dB.
        var samples = Render("v=-7;%(1000,0,1000)v=-27;%(1000,0,1000)", 16000);
        Assert.InRange(samples.Take(8000).Max(), 32767 * Math.Pow(10, -10.17 / 20) - 2, 32767 * Math.Pow(10, -10.17 / 20) + 2);
        Assert.InRange(samples.Skip(8000).Max(), 32767 * Math.Pow(10, -30.17 / 20) - 2, 32767 * Math.Pow(10, -30.17 / 20) + 2);
    }

    [Theory]
    [InlineData("%(100,100,500);loops=3", 3)]
    [InlineData("L=3;%(100,100,500)", 3)]
    [InlineData("l=3;%(100,100,500)", 3)]
    [InlineData("c=1;r=8000;%(100,100,500)", 1)]
    [InlineData("%(100,100,500)%(50,150,500)", 2)]
    public void Loops_repeat(string script, int times) => Assert.Equal(times * 1600, Render(script, 100_000).Length);

    [Fact]
    public void Endless_tones_do_not_end() => Assert.Equal(1_000_000, Render("%(100,100,500);loops=-1", 1_000_000).Length);

    [Fact]
    public void Digits_sound_as_their_pairs_with_the_set_length_and_pause()
    {
        var samples = Render("d=100;w=60;5#", 100_000);
        Assert.Equal(2 * 1280, samples.Length);
        Assert.InRange(Goertzel.Share(samples.AsSpan(0, 800), 8000, 770), 0.4, 0.6);
        Assert.InRange(Goertzel.Share(samples.AsSpan(0, 800), 8000, 1336), 0.4, 0.6);
        Assert.InRange(Goertzel.Share(samples.AsSpan(1280, 800), 8000, 941), 0.4, 0.6);
        Assert.InRange(Goertzel.Share(samples.AsSpan(1280, 800), 8000, 1477), 0.4, 0.6);
    }

    [Fact]
    public void A_tone_joins_itself_without_a_click()
    {
        var samples = Render("%(105,0,1004);loops=4", 100_000);
        Assert.True(ToneSource.SnrDb(samples, 8000, 1004) > 60);
    }

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("%(")]
    [InlineData("%(100)")]
    [InlineData("%(100,x,440)")]
    [InlineData("%(0,0,440);loops=-1")]
    [InlineData("%(1,2,3,4,5,6,7,8,9,10,11)")]
    [InlineData("%(-5,0,440)")]
    [InlineData("z=3;5")]
    [InlineData("v=;5")]
    [InlineData("hello")]
    public void Nonsense_is_refused_with_a_reason(string script)
    {
        Assert.False(ToneScript.TryParse(script, out _, out var error));
        Assert.NotEmpty(error);
    }

    private static short[] Render(string text, int atMost)
    {
        Assert.True(ToneScript.TryParse(text, out var script, out var error), error);
        var generator = new ToneGenerator(script, 8000);
        var samples = new List<short>();
        var frame = new short[160];
        while (samples.Count < atMost && !generator.IsFinished)
        {
            samples.AddRange(frame.Take(generator.Read(frame)));
        }

        return [.. samples.Take(atMost)];
    }
}
