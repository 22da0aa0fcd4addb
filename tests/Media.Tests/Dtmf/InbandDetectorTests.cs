using XSwitchEngine.Media.Dtmf;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Dtmf;

public sealed class InbandDetectorTests
{
    private static readonly (char Digit, int Row, int Column)[] Keys =
    [
        ('1', 697, 1209), ('2', 697, 1336), ('3', 697, 1477), ('A', 697, 1633),
        ('4', 770, 1209), ('5', 770, 1336), ('6', 770, 1477), ('B', 770, 1633),
        ('7', 852, 1209), ('8', 852, 1336), ('9', 852, 1477), ('C', 852, 1633),
        ('*', 941, 1209), ('0', 941, 1336), ('#', 941, 1477), ('D', 941, 1633),
    ];

    [Theory]
    [InlineData(8000)]
    [InlineData(16000)]
    [InlineData(48000)]
    public void Every_digit_of_60_ms_is_found_once_at_every_rate(int rate) =>
        Assert.Equal("123A456B789C*0#D", Detect(rate, Keys.Select(k => Tone(rate, k.Row, k.Column, 60, 6000, 6000))));

    [Theory]
    [InlineData(1.015)]
    [InlineData(0.985)]
    public void Frequencies_may_be_off_by_one_and_a_half_percent(double factor) =>
        Assert.Equal("123A456B789C*0#D", Detect(8000, Keys.Select(k => Tone(8000, k.Row * factor, k.Column * factor, 80, 6000, 6000))));

    [Theory]
    [InlineData(300, 300)]     // −37 dBm0
    [InlineData(15000, 15000)]
    [InlineData(4000, 8000)]   // column 6 dB louder
    [InlineData(8000, 5600)]   // row 3 dB louder
    public void Levels_and_twist_within_the_limits_are_found(double row, double column) =>
        Assert.Equal("5", Detect(8000, [Tone(8000, 770, 1336, 80, row, column)]));

    [Theory]
    [InlineData(50, 50)]       // −53 dBm0
    [InlineData(1000, 10000)]  // column 20 dB louder
    [InlineData(10000, 2500)]  // row 12 dB louder
    public void Levels_and_twist_beyond_the_limits_are_not(double row, double column) =>
        Assert.Equal("", Detect(8000, [Tone(8000, 770, 1336, 80, row, column)]));

    [Fact]
    public void A_burst_of_20_ms_is_no_digit() => Assert.Equal("", Detect(8000, [Tone(8000, 770, 1336, 20, 6000, 6000)]));

    [Fact]
    public void The_length_is_told()
    {
        var detector = new InbandDetector(8000);
        var durations = Feed(detector, 8000, [Tone(8000, 770, 1336, 200, 6000, 6000)]).Select(d => d.Ms).ToArray();
        Assert.InRange(Assert.Single(durations), 170, 200); // whole blocks of 12.75 ms
    }

    [Fact]
    public void A_gap_of_12_ms_does_not_split_a_digit_and_one_of_40_ms_does()
    {
        Assert.Equal("5", Detect(8000, [[.. Tone(8000, 770, 1336, 80, 6000, 6000, 0), .. new short[100], .. Tone(8000, 770, 1336, 80, 6000, 6000)]]));
        Assert.Equal("55", Detect(8000, [[.. Tone(8000, 770, 1336, 80, 6000, 6000, 0), .. new short[320], .. Tone(8000, 770, 1336, 80, 6000, 6000)]]));
    }

    [Fact]
    public void Digits_in_noise_15_dB_below_are_found()
    {
        var random = new Random(3);
        var noisy = Keys.Select(k => Tone(8000, k.Row, k.Column, 100, 6000, 6000).Select(s => (short)(s + random.Next(-1800, 1800))).ToArray());
        Assert.Equal("123A456B789C*0#D", Detect(8000, noisy));
    }

    [Fact]
    public void Two_minutes_of_vowels_sharper_than_any_voice_give_at_most_one_digit()
    {
        // Harmonics of a gliding pitch under three narrow formants: two of them can come near a pair of tones, and nothing else sounds.
        var random = new Random(42);
        var detector = new InbandDetector(8000);
        var found = 0;
        for (var word = 0; word < 300; word++)
        {
            var pitch = random.Next(80, 300);
            var glide = 1 + ((random.NextDouble() - 0.5) * 0.4);
            var formants = new[] { random.Next(300, 1000), random.Next(900, 2300), random.Next(2200, 3400) };
            var samples = new short[3200];
            double phase = 0;
            for (var i = 0; i < samples.Length; i++)
            {
                phase += Math.Tau * pitch * (1 + ((glide - 1) * i / samples.Length)) / 8000;
                double value = random.Next(-100, 100);
                for (var h = 1; h * pitch < 3600; h++)
                {
                    var gain = formants.Sum(f => 1 / (1 + Math.Pow((h * pitch - f) / 90.0, 2))) / Math.Sqrt(h);
                    value += 4000 * gain * Math.Sin(h * phase);
                }

                samples[i] = (short)Math.Clamp(value, -32768, 32767);
            }

            found += Feed(detector, 8000, [samples]).Count();
        }

        Assert.InRange(found, 0, 1);
    }

    [Theory]
    [InlineData(440, 480)]
    [InlineData(350, 440)]
    [InlineData(480, 620)]
    [InlineData(1004, 0)]
    [InlineData(697, 0)]
    [InlineData(1336, 0)]
    public void Call_progress_tones_and_single_tones_are_no_digits(int first, int second) =>
        Assert.Equal("", Detect(8000, [Tone(8000, first, second, 1000, 6000, 6000)]));

    private static short[] Tone(int rate, double row, double column, int ms, double rowPeak, double columnPeak, int pauseMs = 60) =>
        [.. ToneSource.Sum(rate, rate * ms / 1000, (row, rowPeak), (column, columnPeak)), .. new short[rate * pauseMs / 1000]];

    private static string Detect(int rate, IEnumerable<short[]> parts) =>
        new([.. Feed(new InbandDetector(rate), rate, parts).Select(d => d.Digit)]);

    private static IEnumerable<(char Digit, int Ms)> Feed(InbandDetector detector, int rate, IEnumerable<short[]> parts)
    {
        foreach (var part in parts)
        {
            for (var i = 0; i < part.Length; i += rate / 50)
            {
                var digit = detector.Process(part.AsSpan(i, Math.Min(rate / 50, part.Length - i)), out var ms);
                if (digit != '\0')
                {
                    yield return (digit, ms);
                }
            }
        }
    }
}
