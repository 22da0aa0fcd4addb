namespace XSwitchEngine.Media.Dtmf;

/// <summary>Finds DTMF digits in speech by Goertzel filters over blocks of 12.75 ms (limits as in ITU-T Q.24).</summary>
/// <remarks>
/// A block counts as a digit when one row and one column stand out, their levels are within the allowed twist, they make up most
/// of the block's energy, and neither has a second harmonic as a voice would. Two equal blocks begin a digit, two others end it.
/// </remarks>
internal sealed class InbandDetector
{
    private const double LeastPeak = 250;            // about −39 dBm0 for each tone
    private const double NormalTwist = 6.31;         // column louder by at most 8 dB
    private const double ReverseTwist = 2.51;        // row louder by at most 4 dB
    private const double NextTone = 6.31;            // 8 dB above the others of its group
    private const double ShareOfEnergy = 0.7;
    private const double Harmonic = 0.1;             // second harmonic at least 10 dB down

    private readonly int _blockLength;
    private readonly double[] _coefficients = new double[16];
    private readonly double[] _s1 = new double[16];
    private readonly double[] _s2 = new double[16];
    private readonly int _rateHz;
    private double _energy;
    private int _filled;
    private char _last;      // verdict of the block before
    private char _current;   // the digit that is held, or \0
    private int _blocks;     // its length so far
    private int _misses;

    public InbandDetector(int rateHz)
    {
        _rateHz = rateHz;
        _blockLength = rateHz * 102 / 8000;
        for (var i = 0; i < 4; i++)
        {
            Set(i, DtmfTones.RowsHz[i]);
            Set(4 + i, DtmfTones.ColumnsHz[i]);
            Set(8 + i, DtmfTones.RowsHz[i] * 2);
            Set(12 + i, DtmfTones.ColumnsHz[i] * 2);
        }

        void Set(int filter, int frequencyHz) => _coefficients[filter] = 2 * Math.Cos(Math.Tau * frequencyHz / rateHz);
    }

    public int RateHz => _rateHz;

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
            var take = Math.Min(samples.Length, _blockLength - _filled);
            Filter(samples[..take]);
            samples = samples[take..];
            _filled += take;
            if (_filled == _blockLength)
            {
                var blocks = _blocks;
                if (EndBlock(Classify()) is var digit and not '\0')
                {
                    ended = digit;
                    durationMs = blocks * _blockLength * 1000 / _rateHz;
                }
            }
        }

        return ended;
    }

    private void Filter(ReadOnlySpan<short> samples)
    {
        foreach (var sample in samples)
        {
            _energy += (double)sample * sample;
        }

        for (var f = 0; f < 16; f++)
        {
            var (s1, s2, coefficient) = (_s1[f], _s2[f], _coefficients[f]);
            foreach (var sample in samples)
            {
                (s1, s2) = (sample + (coefficient * s1) - s2, s1);
            }

            (_s1[f], _s2[f]) = (s1, s2);
        }
    }

    /// <summary>Tells what the finished block is and clears the filters.</summary>
    private char Classify()
    {
        Span<double> power = stackalloc double[16];
        for (var f = 0; f < 16; f++)
        {
            power[f] = (_s1[f] * _s1[f]) + (_s2[f] * _s2[f]) - (_coefficients[f] * _s1[f] * _s2[f]);
        }

        var energy = _energy;
        _s1.AsSpan().Clear();
        _s2.AsSpan().Clear();
        _energy = 0;
        _filled = 0;

        var row = Strongest(power[..4]);
        var column = Strongest(power[4..8]);
        if (row < 0 || column < 0)
        {
            return '\0';
        }

        var (low, high) = (power[row], power[4 + column]);
        var least = LeastPeak * LeastPeak * _blockLength * _blockLength / 4; // power of a sine of that peak over the block
        var isDigit = low > least && high > least
            && high < low * NormalTwist && low < high * ReverseTwist
            && (low + high) * 2 / _blockLength > ShareOfEnergy * energy
            && power[8 + row] < low * Harmonic && power[12 + column] < high * Harmonic;
        return isDigit ? DtmfTones.DigitAt(row, column) : '\0';
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

    private char EndBlock(char verdict)
    {
        var ended = '\0';
        if (_current != '\0')
        {
            if (verdict == _current)
            {
                _blocks += 1 + _misses;
                _misses = 0;
            }
            else if (++_misses == 2)
            {
                (ended, _current) = (_current, '\0');
            }
        }

        if (_current == '\0' && verdict != '\0' && verdict == _last)
        {
            (_current, _blocks, _misses) = (verdict, 2, 0);
        }

        _last = verdict;
        return ended;
    }
}
