using System.Collections.Concurrent;
using System.Numerics;

namespace XSwitchEngine.Media.Audio;

/// <summary>Changes the sample rate of one stream by a rational factor: polyphase FIR, Kaiser window, 80 dB stop band.</summary>
/// <remarks>Keeps the stream's history between calls; delays by half the filter, 2 ms at 8 kHz.</remarks>
internal sealed class Resampler
{
    private const int TapsPerPhase = 32;
    private const double Beta = 7.86;          // 80 dB (Kaiser's formula)
    private const double Bandwidth = 0.92;     // of the lower of the two Nyquist frequencies
    private static readonly ConcurrentDictionary<(int Up, int Down), float[]> Filters = new();

    private readonly int _up;
    private readonly int _down;
    private readonly int _taps;
    private readonly float[] _filter;
    private float[] _buffer;
    private int _length;
    private int _position;
    private int _phase;

    /// <summary>A converter; rates in Hz, both 1..384000.</summary>
    public Resampler(int fromHz, int toHz)
    {
        FromHz = fromHz;
        ToHz = toHz;
        var divisor = (int)BigInteger.GreatestCommonDivisor(fromHz, toHz);
        _up = toHz / divisor;
        _down = fromHz / divisor;
        _taps = TapsOf(_up, _down);
        _filter = Filters.GetOrAdd((_up, _down), static key => Design(key.Up, key.Down));
        _length = _taps - 1; // silence before the stream, so that the first sample already gives output
        _buffer = new float[_length + (fromHz / 50)];
    }

    public int FromHz { get; }

    public int ToHz { get; }

    /// <summary>Fewest input samples that give so many output samples now.</summary>
    public int InputFor(int outputs) =>
        outputs == 0 ? 0 : Math.Max(0, _position + ((_phase + (_down * (outputs - 1))) / _up) + _taps - _length);

    /// <summary>Takes all the input and writes what follows from it.</summary>
    /// <param name="input">Any number of samples.</param>
    /// <param name="output">Room for the result; what does not fit is kept for the next call.</param>
    /// <returns>Samples written.</returns>
    public int Process(ReadOnlySpan<short> input, Span<short> output)
    {
        Append(input);
        var written = 0;
        while (written < output.Length && _position + _taps <= _length)
        {
            output[written++] = Round(Dot(_buffer.AsSpan(_position, _taps), _filter.AsSpan(_phase * _taps, _taps)));
            _phase += _down;
            _position += _phase / _up;
            _phase %= _up;
        }

        var keep = Math.Max(0, _length - _position);
        _buffer.AsSpan(_length - keep, keep).CopyTo(_buffer);
        _position -= _length - keep;
        _length = keep;
        return written;
    }

    private static int TapsOf(int up, int down) =>
        down <= up ? TapsPerPhase : ((TapsPerPhase * down / up) + 15) / 16 * 16;

    private static short Round(float value) => (short)Math.Clamp(MathF.Round(value), short.MinValue, short.MaxValue);

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = Vector<float>.Zero;
        for (var i = 0; i < a.Length; i += Vector<float>.Count)
        {
            sum += new Vector<float>(a[i..]) * new Vector<float>(b[i..]);
        }

        return Vector.Sum(sum);
    }

    /// <summary>Designs the low-pass at the common rate and deals its taps out to the phases, reversed for the dot product.</summary>
    private static float[] Design(int up, int down)
    {
        var taps = TapsOf(up, down);
        var length = taps * up;
        var cutoff = Bandwidth / Math.Max(up, down); // of the common rate's Nyquist frequency
        var filter = new float[length];
        var centre = (length - 1) / 2.0;
        for (var phase = 0; phase < up; phase++)
        {
            var sum = 0.0;
            for (var tap = 0; tap < taps; tap++)
            {
                var x = phase + ((double)tap * up) - centre;
                var sinc = Math.Abs(x) < 1e-9 ? cutoff : Math.Sin(Math.PI * cutoff * x) / (Math.PI * x);
                var ratio = x / (centre + 1);
                var value = sinc * Bessel(Beta * Math.Sqrt(Math.Max(0, 1 - (ratio * ratio))));
                filter[(phase * taps) + (taps - 1 - tap)] = (float)value;
                sum += value;
            }

            // Each phase passes a constant unchanged, else the image of a constant would be a tone.
            for (var tap = 0; tap < taps; tap++)
            {
                filter[(phase * taps) + tap] /= (float)sum;
            }
        }

        return filter;
    }

    /// <summary>Modified Bessel function of order 0, by its series.</summary>
    private static double Bessel(double x)
    {
        double sum = 1, term = 1;
        for (var k = 1; k < 40; k++)
        {
            term *= x / 2 / k;
            sum += term * term;
        }

        return sum;
    }

    private void Append(ReadOnlySpan<short> input)
    {
        if (_length + input.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, _length + input.Length);
        }

        for (var i = 0; i < input.Length; i++)
        {
            _buffer[_length + i] = input[i];
        }

        _length += input.Length;
    }
}
