namespace XSwitchEngine.TestKit;

/// <summary>Power of one frequency in a block of samples: the oracle for audio in tests.</summary>
public static class Goertzel
{
    /// <summary>Share of the block's energy that lies at a frequency.</summary>
    /// <param name="samples">16-bit samples.</param>
    /// <param name="sampleRateHz">Their rate.</param>
    /// <param name="frequencyHz">The frequency.</param>
    /// <returns>0..1; near 1 for a pure tone, near 0 when it is absent.</returns>
    public static double Share(ReadOnlySpan<short> samples, int sampleRateHz, double frequencyHz)
    {
        var w = 2 * Math.PI * frequencyHz / sampleRateHz;
        var coefficient = 2 * Math.Cos(w);
        double s1 = 0, s2 = 0, energy = 0;
        foreach (var sample in samples)
        {
            var s = sample + (coefficient * s1) - s2;
            s2 = s1;
            s1 = s;
            energy += (double)sample * sample;
        }

        var power = (s1 * s1) + (s2 * s2) - (coefficient * s1 * s2);
        return energy == 0 ? 0 : power / (energy * samples.Length / 2);
    }
}
