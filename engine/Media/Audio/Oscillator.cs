namespace XSwitchEngine.Media.Audio;

/// <summary>Adds sine tones to samples; the phase goes on from block to block.</summary>
internal static class Oscillator
{
    /// <summary>Peak of a sine at 0 dBm0 in 16-bit samples: full scale is +3.17 dBm0 (ITU-T G.711 table 5, µ-law).</summary>
    public static double PeakOf(double dbm0) => 32767 * Math.Pow(10, (dbm0 - 3.17) / 20);

    /// <summary>Adds a sine, saturating.</summary>
    /// <param name="samples">Where to.</param>
    /// <param name="start">Number of the first sample since the tone's beginning.</param>
    /// <param name="frequencyHz">Below half the rate.</param>
    /// <param name="rateHz">Sample rate.</param>
    /// <param name="peak">Amplitude.</param>
    public static void Add(Span<short> samples, long start, double frequencyHz, int rateHz, double peak)
    {
        var step = Math.Tau * frequencyHz / rateHz;
        var (sine, cosine) = Math.SinCos(step * start % Math.Tau);
        var (stepSine, stepCosine) = Math.SinCos(step);
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = (short)Math.Clamp(samples[i] + (int)Math.Round(peak * sine), short.MinValue, short.MaxValue);
            (sine, cosine) = ((sine * stepCosine) + (cosine * stepSine), (cosine * stepCosine) - (sine * stepSine));
        }
    }
}
