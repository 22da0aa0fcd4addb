using XSwitchEngine.Media.Audio;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Audio;

public sealed class ResamplerTests
{
    [Theory]
    [InlineData(8000, 16000, 1000)]
    [InlineData(8000, 48000, 1000)]
    [InlineData(16000, 8000, 1000)]
    [InlineData(16000, 48000, 5000)]
    [InlineData(48000, 8000, 3000)]
    [InlineData(48000, 16000, 5000)]
    [InlineData(32000, 8000, 2000)]
    [InlineData(32000, 48000, 2000)]
    [InlineData(44100, 8000, 2000)]
    public void A_tone_keeps_its_frequency_and_60_dB_of_purity(int from, int to, int frequency)
    {
        var output = Convert(new Resampler(from, to), ToneSource.Sine(frequency, from, from / 2));
        Assert.Equal(to / 2, output.Count);
        Assert.True(ToneSource.SnrDb(output.Skip(to / 10).ToArray(), to, frequency) > 60);
    }

    [Fact]
    public void What_the_lower_rate_cannot_carry_is_suppressed_by_70_dB()
    {
        var output = Convert(new Resampler(16000, 8000), ToneSource.Sine(6000, 16000, 8000, peak: 20000));
        Assert.True(output.Skip(400).Max(s => Math.Abs((int)s)) <= 20000 / 3000);
    }

    [Theory]
    [InlineData(8000, 48000)]
    [InlineData(44100, 16000)]
    [InlineData(48000, 8000)]
    public void The_input_asked_for_gives_exactly_the_output_wanted(int from, int to)
    {
        var resampler = new Resampler(from, to);
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var want = random.Next(1, 1000);
            Assert.Equal(want, resampler.Process(new short[resampler.InputFor(want)], new short[want]));
        }
    }

    private static List<short> Convert(Resampler resampler, short[] input)
    {
        var output = new List<short>();
        var frame = new short[960];
        var step = resampler.FromHz / 50;
        for (var i = 0; i + step <= input.Length; i += step)
        {
            var count = resampler.Process(input.AsSpan(i, step), frame);
            output.AddRange(frame.Take(count));
        }

        return output;
    }
}
