namespace XSwitchEngine.TestKit;

/// <summary>Sine tones to compare with.</summary>
public static class ToneSource
{
    /// <summary>A sine.</summary>
    public static short[] Sine(double frequencyHz, int rateHz, int count, double peak = 10000, long start = 0)
    {
        var samples = new short[count];
        for (var i = 0; i < count; i++)
        {
            samples[i] = (short)Math.Round(peak * Math.Sin(Math.Tau * frequencyHz * (start + i) / rateHz));
        }

        return samples;
    }

    /// <summary>Several sines added.</summary>
    public static short[] Sum(int rateHz, int count, params (double FrequencyHz, double Peak)[] tones)
    {
        var samples = new short[count];
        for (var i = 0; i < count; i++)
        {
            samples[i] = (short)Math.Clamp(Math.Round(tones.Sum(t => t.Peak * Math.Sin(Math.Tau * t.FrequencyHz * i / rateHz))), short.MinValue, short.MaxValue);
        }

        return samples;
    }

    /// <summary>Signal to noise ratio in dB of samples that should be a sine of a known frequency, its phase and level fitted.</summary>
    public static double SnrDb(ReadOnlySpan<short> samples, int rateHz, double frequencyHz)
    {
        double sine = 0, cosine = 0;
        for (var i = 0; i < samples.Length; i++)
        {
            var (s, c) = Math.SinCos(Math.Tau * frequencyHz * i / rateHz);
            sine += samples[i] * s;
            cosine += samples[i] * c;
        }

        sine *= 2.0 / samples.Length;
        cosine *= 2.0 / samples.Length;
        double signal = 0, noise = 0;
        for (var i = 0; i < samples.Length; i++)
        {
            var (s, c) = Math.SinCos(Math.Tau * frequencyHz * i / rateHz);
            var ideal = (sine * s) + (cosine * c);
            signal += ideal * ideal;
            noise += (samples[i] - ideal) * (samples[i] - ideal);
        }

        return 10 * Math.Log10(signal / Math.Max(noise, 1e-9));
    }
}
