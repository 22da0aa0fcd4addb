using XSwitchEngine.Media.Files;

namespace XSwitchEngine.Media.Audio;

/// <summary>Plays faster or slower at the same pitch by overlap and add, each piece placed where it fits its neighbour best.</summary>
internal sealed class TimeStretch
{
    private const int MaxInput = 4096;

    private static readonly double[] Ratios = [0.6, 0.8, 1.0, 1.25, 1.6];

    private readonly int _piece;      // 20 ms
    private readonly int _overlap;    // 5 ms
    private readonly int _search;     // 5 ms
    private readonly short[] _input = new short[MaxInput];
    private readonly short[] _output;
    private readonly short[] _tail;
    private int _inputLength;
    private double _skip;
    private int _outputAt;
    private int _outputLength;
    private bool _hasTail;

    /// <summary>A stretcher for 8 to 96 kHz.</summary>
    public TimeStretch(int rateHz)
    {
        _piece = Math.Min(rateHz / 50, 960);
        _overlap = _piece / 4;
        _search = _piece / 4;
        _output = new short[_piece];
        _tail = new short[_overlap];
    }

    /// <summary>Whether all that was read was also given.</summary>
    public bool IsEmpty => _outputAt == _outputLength && _inputLength == 0 && !_hasTail;

    /// <summary>Gives samples of the file at a speed step.</summary>
    /// <returns>Less than asked for at the end, or when the disk is behind.</returns>
    public int Read(FileReader reader, int speed, Span<short> samples)
    {
        var done = 0;
        while (done < samples.Length)
        {
            if (_outputAt == _outputLength && !Make(reader, Ratios[speed + 2]))
            {
                break;
            }

            var take = Math.Min(samples.Length - done, _outputLength - _outputAt);
            _output.AsSpan(_outputAt, take).CopyTo(samples[done..]);
            _outputAt += take;
            done += take;
        }

        return done;
    }

    private bool Make(FileReader reader, double ratio)
    {
        // At normal speed, and at the end of the file, what is left is passed on as it is.
        var need = _search + _piece + _overlap;
        while (_inputLength < need && reader.Read(_input.AsSpan(_inputLength, need - _inputLength)) is var got and > 0)
        {
            _inputLength += got;
        }

        if (_inputLength < need)
        {
            return reader.IsFinished && Flush();
        }

        var at = _hasTail && ratio != 1.0 ? BestPlace() : 0;
        _input.AsSpan(at, _piece).CopyTo(_output);
        if (_hasTail)
        {
            for (var i = 0; i < _overlap; i++)
            {
                _output[i] = (short)(((_tail[i] * (_overlap - i)) + (_output[i] * i)) / _overlap);
            }
        }

        _input.AsSpan(at + _piece, _overlap).CopyTo(_tail);
        _hasTail = true;
        (_outputAt, _outputLength) = (0, _piece);
        _skip += _piece * ratio;
        Drop(reader, (int)_skip);
        _skip -= (int)_skip;
        return true;
    }

    private bool Flush()
    {
        var length = Math.Min(_inputLength, _piece);
        _input.AsSpan(0, length).CopyTo(_output);
        (_outputAt, _outputLength) = (0, length);
        _input.AsSpan(length, _inputLength - length).CopyTo(_input);
        _inputLength -= length;
        _hasTail = false;
        return length > 0;
    }

    private void Drop(FileReader reader, int count)
    {
        while (count > _inputLength)
        {
            count -= _inputLength;
            _inputLength = reader.Read(_input.AsSpan(0, Math.Min(count, MaxInput)));
            if (_inputLength == 0)
            {
                return;
            }
        }

        _input.AsSpan(count, _inputLength - count).CopyTo(_input);
        _inputLength -= count;
    }

    /// <summary>The place whose beginning correlates best with what should follow the last piece.</summary>
    private int BestPlace()
    {
        var best = 0;
        var bestScore = double.NegativeInfinity;
        for (var at = 0; at <= _search; at++)
        {
            double cross = 0, energy = 1;
            for (var i = 0; i < _overlap; i += 2)
            {
                double x = _input[at + i];
                cross += x * _tail[i];
                energy += x * x;
            }

            var score = cross / Math.Sqrt(energy);
            (best, bestScore) = score > bestScore ? (at, score) : (best, bestScore);
        }

        return best;
    }
}
