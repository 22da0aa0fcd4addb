using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace XSwitchEngine.Media.Audio;

/// <summary>One tone and the pause after it.</summary>
internal sealed record ToneSegment(int OnMs, int OffMs, double[] FrequenciesHz, double VolumeDbm0, int AttackMs, int DecayMs, int Loops);

/// <summary>A tone description in TGML, as in <c>%(2000,4000,440,480)</c>, immutable.</summary>
/// <remarks>
/// <c>%(on,off,f1,f2…)</c> is a tone in ms and Hz; a digit 0-9*#A-D is its DTMF pair. Settings apply to what follows them:
/// <c>v</c> volume in dBm0, <c>d</c> and <c>w</c> length and pause of digits, <c>l</c> repetitions of each tone, <c>L</c> of the whole,
/// <c>&lt;</c> attack and <c>&gt;</c> decay in ms; <c>c</c> and <c>r</c> (channels, rate) are taken and have no effect, since tones are made at the leg's rate.
/// </remarks>
internal sealed class ToneScript
{
    private const int MaxLength = 4096;
    private const int MaxSegments = 256;
    private const int MaxFrequencies = 8;
    private const int LongestMs = 24 * 3600 * 1000;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("+-.0123456789");

    private readonly List<ToneSegment> _segments = [];
    private double _volume = -7;
    private int _digitMs = 200;
    private int _pauseMs = 50;
    private int _attackMs;
    private int _decayMs;
    private int _toneLoops = 1;
    private string _error = "";

    private ToneScript()
    {
    }

    public IReadOnlyList<ToneSegment> Segments => _segments;

    /// <summary>How often the whole is played; −1 for ever.</summary>
    public int Loops { get; private set; } = 1;

    /// <summary>Reads a description, what follows <c>tone_stream://</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out ToneScript? script, out string error)
    {
        script = new ToneScript();
        error = "";
        if (text.Length > MaxLength)
        {
            error = $"longer than {MaxLength} characters";
        }
        else if (!script.Read(text))
        {
            error = script._error;
        }
        else if (!script._segments.Exists(s => s.OnMs + s.OffMs > 0))
        {
            error = "no tone";
        }
        else
        {
            return true;
        }

        script = null;
        return false;
    }

    private bool Read(ReadOnlySpan<char> rest)
    {
        while (!(rest = rest.TrimStart(" \t;,")).IsEmpty)
        {
            if (rest.StartsWith("loops=", StringComparison.OrdinalIgnoreCase))
            {
                if (!TrySetting(rest[6..], out var loops, out rest))
                {
                    return Fail("loops= wants a number");
                }

                Loops = ToLoops(loops);
            }
            else if (rest[0] == '%')
            {
                if (!ReadTone(rest[1..].TrimStart(), out rest))
                {
                    return false;
                }
            }
            else if (rest.Length > 1 && rest[1] == '=')
            {
                if (!TrySetting(rest[2..], out var value, out var after))
                {
                    return Fail($"{rest[0]}= wants a number");
                }

                if (!Set(rest[0], value))
                {
                    return Fail($"unknown setting {rest[0]}=");
                }

                rest = after;
            }
            else if (Dtmf.DtmfTones.TryGet(rest[0], out var row, out var column))
            {
                if (!Add(_digitMs, _pauseMs, [row, column]))
                {
                    return false;
                }

                rest = rest[1..];
            }
            else
            {
                return Fail($"unexpected {rest[0]}");
            }
        }

        return true;
    }

    private static int ToLoops(double value) => value < 0 ? -1 : (int)Math.Clamp(value, 1, int.MaxValue);

    private static bool TrySetting(ReadOnlySpan<char> text, out double value, out ReadOnlySpan<char> rest)
    {
        text = text.TrimStart();
        var end = text.IndexOfAnyExcept(NumberCharacters);
        var number = end < 0 ? text : text[..end];
        rest = end < 0 ? default : text[end..];
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }

    private bool Set(char name, double value)
    {
        switch (name)
        {
            case 'v':
                _volume = Math.Clamp(value, -63, 3);
                return true;
            case 'd':
                _digitMs = ToMs(value);
                return true;
            case 'w':
                _pauseMs = ToMs(value);
                return true;
            case '<':
                _attackMs = ToMs(value);
                return true;
            case '>':
                _decayMs = ToMs(value);
                return true;
            case 'l':
                _toneLoops = ToLoops(value);
                return true;
            case 'L':
                Loops = ToLoops(value);
                return true;
            case 'c' or 'r' or '+' or '%':
                return true;
            default:
                return false;
        }
    }

    private static int ToMs(double value) => (int)Math.Clamp(value, 0, LongestMs);

    private bool ReadTone(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest)
    {
        rest = default;
        var end = text.IndexOf(')');
        if (text.IsEmpty || text[0] != '(' || end < 0)
        {
            return Fail("% wants (on,off,frequencies)");
        }

        rest = text[(end + 1)..];
        Span<double> values = stackalloc double[MaxFrequencies + 2];
        var count = 0;
        foreach (var range in text[1..end].Split(','))
        {
            if (count == values.Length)
            {
                return Fail($"more than {MaxFrequencies} frequencies in a tone");
            }

            if (!double.TryParse(text[1..end][range].Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out values[count]) || !(values[count] >= 0 && values[count] <= LongestMs))
            {
                return Fail("a tone takes numbers only");
            }

            count++;
        }

        return count < 2 ? Fail("% wants at least (on,off)") : Add(ToMs(values[0]), ToMs(values[1]), values[2..count].ToArray());
    }

    private bool Add(int onMs, int offMs, double[] frequencies)
    {
        if (_segments.Count == MaxSegments)
        {
            return Fail($"more than {MaxSegments} tones");
        }

        _segments.Add(new ToneSegment(onMs, offMs, frequencies, _volume, _attackMs, _decayMs, _toneLoops));
        return true;
    }

    private bool Fail(string error)
    {
        _error = error;
        return false;
    }
}
