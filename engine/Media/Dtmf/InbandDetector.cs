using System.Runtime.Intrinsics;

namespace XSwitchEngine.Media.Dtmf;

/// <summary>Finds DTMF digits in speech by Goertzel filters over blocks of 12.75 ms that overlap by half (limits as in ITU-T Q.24).</summary>
/// <remarks>
/// A block counts as a digit when one row and one column stand out, their levels are within the allowed twist, they make up most
/// of the block's energy, and the column has no second harmonic as a voice would. Four equal blocks (32 ms, which any tone of 40 ms
/// holds) begin a digit, five others end it.
/// </remarks>
internal sealed class InbandDetector
{
    private const double LeastPeak = 250;            // about −39 dBm0 for each tone
    private const double NormalTwist = 6.31;         // column louder by at most 8 dB
    private const double ReverseTwist = 2.51;        // row louder by at most 4 dB
    private const double NextTone = 6.31;            // 8 dB above the others of its group
    private const double RoughShare = 0.7;           // of the energy; a pure pair 1.5 % off its frequencies still has 0.75
    private const double FineShare = 0.86;           // with the frequencies looked for nearby; what a voice seldom has
    private const double Harmonic = 0.1;             // second harmonic at least 10 dB down
    private const int BeginBlocks = 4;
    private const int EndBlocks = 5;

    private readonly short[] _block;
    private readonly int _step;
    private readonly Vector512<double> _coefficients; // rows, then columns
    private int _filled;
    private char _last;      // verdict of the block before
    private int _equal;      // how often in a row
    private char _current;   // the digit that is held, or \0
    private int _blocks;     // its length so far
    private int _misses;

    public InbandDetector(int rateHz)
    {
        RateHz = rateHz;
        _block = new short[rateHz * 102 / 8000];
        _step = _block.Length / 2;
        Span<double> coefficients = stackalloc double[8];
        for (var i = 0; i < 4; i++)
        {
            coefficients[i] = Coefficient(DtmfTones.RowsHz[i]);
            coefficients[4 + i] = Coefficient(DtmfTones.ColumnsHz[i]);
        }

        _coefficients = Vector512.Create<double>(coefficients);
    }

    public int RateHz { get; }

    /// <summary>Takes samples.</summary>
    /// <param name="samples">At the rate of the constructor; at most one digit can end in 20 ms.</param>
    /// <param name="durationMs">Length of the digit that ended.</param>
    /// <returns>The digit that ended in these samples, or \0.</returns>
    public char Process(ReadOnlySpan<short> samples, out int durationMs)
    {
        var ended = '\0';
        durationMs = 0;
        while (!samples.IsEmpty)
        {
            var take = Math.Min(samples.Length, _block.Length - _filled);
            samples[..take].CopyTo(_block.AsSpan(_filled));
            samples = samples[take..];
            _filled += take;
            if (_filled == _block.Length)
            {
                var blocks = _blocks;
                if (Follow(Classify()) is var digit and not '\0')
                {
                    ended = digit;
                    durationMs = (blocks + 1) * _step * 1000 / RateHz;
                }

                _block.AsSpan(_step).CopyTo(_block);
                _filled -= _step;
            }
        }

        return ended;
    }

    private double Coefficient(double frequencyHz) => 2 * Math.Cos(Math.Tau * frequencyHz / RateHz);

    /// <summary>Tells what the block is.</summary>
    private char Classify()
    {
        var energy = 0.0;
        foreach (var sample in _block)
        {
            energy += (double)sample * sample;
        }

        // The power that a sine of the least peak has over the block; below, no filter needs to run.
        double length = _block.Length;
        var least = LeastPeak * LeastPeak * length * length / 4;
        if (energy * length / 2 < 2 * least)
        {
            return '\0';
        }

        Span<double> power = stackalloc double[8];
        Powers(_block, _coefficients).CopyTo(power);

        var row = Strongest(power[..4]);
        var column = Strongest(power[4..]);
        if (row < 0 || column < 0)
        {
            return '\0';
        }

        var (low, high) = (power[row], power[4 + column]);
        var isDigit = low > least && high > least
            && high < low * NormalTwist && low < high * ReverseTwist
            && (low + high) * 2 / length > RoughShare * energy
            && Power(_block, Coefficient(2 * DtmfTones.ColumnsHz[column])) < high * Harmonic
            && (Nearby(DtmfTones.RowsHz[row], low) + Nearby(DtmfTones.ColumnsHz[column], high)) * 2 / length > FineShare * energy;
        return isDigit ? DtmfTones.DigitAt(row, column) : '\0';
    }

    /// <summary>Greatest power at a frequency or 1 % beside it: the keypads of the world are within 1.5 % (Q.24).</summary>
    private double Nearby(int frequencyHz, double power) =>
        Math.Max(power, Math.Max(Power(_block, Coefficient(frequencyHz * 1.01)), Power(_block, Coefficient(frequencyHz * 0.99))));

    /// <summary>Power of one frequency (Goertzel's algorithm).</summary>
    private static double Power(ReadOnlySpan<short> samples, double coefficient)
    {
        double s1 = 0, s2 = 0;
        foreach (var sample in samples)
        {
            (s1, s2) = (sample + (coefficient * s1) - s2, s1);
        }

        return (s1 * s1) + (s2 * s2) - (coefficient * s1 * s2);
    }

    /// <summary>The same for eight frequencies at once.</summary>
    private static Vector512<double> Powers(ReadOnlySpan<short> samples, Vector512<double> coefficients)
    {
        var (s1, s2) = (Vector512<double>.Zero, Vector512<double>.Zero);
        foreach (var sample in samples)
        {
            (s1, s2) = (Vector512.Create((double)sample) - s2 + (coefficients * s1), s1);
        }

        return (s1 * s1) + (s2 * s2) - (coefficients * s1 * s2);
    }

    /// <summary>Index of the one that stands out from the others of its group, or −1.</summary>
    private static int Strongest(ReadOnlySpan<double> group)
    {
        var best = 0;
        for (var i = 1; i < group.Length; i++)
        {
            best = group[i] > group[best] ? i : best;
        }

        for (var i = 0; i < group.Length; i++)
        {
            if (i != best && group[i] * NextTone > group[best])
            {
                return -1;
            }
        }

        return best;
    }

    private char Follow(char verdict)
    {
        var ended = '\0';
        _equal = verdict == _last ? _equal + 1 : 1;
        _last = verdict;
        if (_current != '\0')
        {
            if (verdict == _current)
            {
                _blocks += 1 + _misses;
                _misses = 0;
            }
            else if (++_misses == EndBlocks || (verdict != '\0' && _equal == BeginBlocks))
            {
                (ended, _current) = (_current, '\0');
            }
        }

        if (_current == '\0' && verdict != '\0' && _equal >= BeginBlocks)
        {
            (_current, _blocks, _misses) = (verdict, _equal, 0);
        }

        return ended;
    }
}
