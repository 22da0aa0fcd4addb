using System.Runtime.CompilerServices;

namespace XSwitchEngine.Scripting.Text;

/// <summary>Lua 5.4 patterns with a bound on the work: Lua's own matcher is one C call that no hook interrupts and that can take minutes.</summary>
/// <remarks>
/// Semantics are those of the reference manual §6.4.1; bytes, "C" locale. Backtracking is over single items, so recursion is no deeper than the pattern
/// has items (bounded by <see cref="MostDepth"/>), and every comparison counts against the step budget.
/// </remarks>
internal unsafe ref struct LuaPattern
{
    /// <summary>Most captures of a pattern.</summary>
    public const int MostCaptures = 32;

    /// <summary>Length of a capture that is a position.</summary>
    public const int PositionCapture = -2;

    private const int MostDepth = 200;
    private const int UnfinishedCapture = -1;
    private const byte Escape = (byte)'%';

    private readonly ReadOnlySpan<byte> _text;
    private readonly ReadOnlySpan<byte> _pattern;
    private readonly bool _hasBackReference;
    private fixed int _starts[MostCaptures];
    private fixed int _lengths[MostCaptures];
    private long _steps;
    private int _depth;

    /// <summary>Prepares a match.</summary>
    /// <param name="text">Subject.</param>
    /// <param name="pattern">Pattern, without a leading anchor.</param>
    public LuaPattern(ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern)
    {
        _text = text;
        _pattern = pattern;
        _steps = 3_000_000 + (4L * text.Length);
        for (var i = 0; i + 1 < pattern.Length; i++)
        {
            if (pattern[i] == Escape)
            {
                _hasBackReference |= pattern[++i] is >= (byte)'1' and <= (byte)'9';
            }
        }
    }

    /// <summary>Captures of the last match.</summary>
    public int Captures { get; private set; }

    /// <summary>What is wrong with the pattern, or that it takes too long; null when nothing is.</summary>
    public string? Error { get; private set; }

    /// <summary>Finds the first match at or after a position.</summary>
    /// <param name="from">Where to begin.</param>
    /// <param name="isAnchored">Whether only there.</param>
    /// <param name="rejectedEnd">An empty match that ends here does not count; −1 for none.</param>
    /// <param name="start">Start of the match.</param>
    /// <param name="end">End of the match, exclusive.</param>
    public bool TryFind(int from, bool isAnchored, int rejectedEnd, out int start, out int end)
    {
        start = from;
        while (true)
        {
            Captures = 0;
            _depth = 0;
            end = Match(start, 0);
            if (Error is not null)
            {
                return false;
            }

            if (end >= 0 && end != rejectedEnd)
            {
                return true;
            }

            // A rejected match says nothing about later positions, a failure may.
            start = end < 0 ? AfterFailure(start) : start + 1;
            if (isAnchored || start > _text.Length)
            {
                return false;
            }
        }
    }

    /// <summary>A capture of the last match: its start and length, or <see cref="PositionCapture"/>.</summary>
    /// <param name="index">0 and up.</param>
    /// <param name="start">Start of the whole match, which is capture 0 of a pattern without captures.</param>
    /// <param name="end">End of the whole match.</param>
    public (int Start, int Length) Capture(int index, int start, int end)
    {
        if (index >= Captures)
        {
            if (index != 0)
            {
                Error = $"invalid capture index %{index + 1}";
            }

            return (start, end - start);
        }

        if (_lengths[index] == UnfinishedCapture)
        {
            Error = "unfinished capture";
        }

        return (_starts[index], _lengths[index]);
    }

    /// <summary>The next position worth a try after a failure.</summary>
    /// <remarks>
    /// A pattern that begins with a repeated class has, from one position, tried the rest of the pattern at every position up to the end of the run of that class.
    /// Without back references the rest knows nothing of the start, so all of them fail again. This makes <c>.-x</c> and <c>%s*$</c> linear.
    /// </remarks>
    private int AfterFailure(int start)
    {
        if (_hasBackReference)
        {
            return start + 1;
        }

        var p = 0;
        while (p < _pattern.Length && _pattern[p] == '(')
        {
            p++;
        }

        if (p >= _pattern.Length || _pattern[p] == ')' || IsSpecialEscape(p))
        {
            return start + 1;
        }

        var after = ClassEnd(p);
        if (Error is not null || after >= _pattern.Length || _pattern[after] is not ((byte)'*' or (byte)'+' or (byte)'-'))
        {
            return start + 1;
        }

        var run = start;
        while (run < _text.Length && MatchesClass(run, p, after))
        {
            run++;
        }

        _steps -= run - start;
        return run + 1;
    }

    private readonly bool IsSpecialEscape(int p) =>
        _pattern[p] == Escape && p + 1 < _pattern.Length && _pattern[p + 1] is (byte)'b' or (byte)'f' or >= (byte)'0' and <= (byte)'9';

    private int Fail(string error)
    {
        Error ??= error;
        return -1;
    }

    /// <summary>Matches the pattern from <paramref name="p"/> at <paramref name="s"/>.</summary>
    /// <returns>End of the match, −1 when there is none or on an error.</returns>
    private int Match(int s, int p)
    {
        if (++_depth > MostDepth)
        {
            return Fail("pattern too complex");
        }

        var result = MatchItems(s, p);
        _depth--;
        return result;
    }

    private int MatchItems(int s, int p)
    {
        while (p < _pattern.Length)
        {
            if (--_steps < 0)
            {
                return Fail("pattern too complex");
            }

            switch (_pattern[p])
            {
                case (byte)'(':
                    return p + 1 < _pattern.Length && _pattern[p + 1] == ')' ? Open(s, p + 2, PositionCapture) : Open(s, p + 1, UnfinishedCapture);
                case (byte)')':
                    return Close(s, p + 1);
                case (byte)'$' when p + 1 == _pattern.Length:
                    return s == _text.Length ? s : -1;
                case Escape when p + 1 < _pattern.Length && _pattern[p + 1] == 'b':
                    if ((s = Balance(s, p + 2)) < 0)
                    {
                        return -1;
                    }

                    p += 4;
                    continue;
                case Escape when p + 1 < _pattern.Length && _pattern[p + 1] == 'f':
                    if (!TryFrontier(s, ref p))
                    {
                        return -1;
                    }

                    continue;
                case Escape when p + 1 < _pattern.Length && _pattern[p + 1] is >= (byte)'0' and <= (byte)'9':
                    if ((s = BackReference(s, _pattern[p + 1])) < 0)
                    {
                        return -1;
                    }

                    p += 2;
                    continue;
                default:
                    break;
            }

            var after = ClassEnd(p);
            if (after < 0)
            {
                return -1;
            }

            var suffix = after < _pattern.Length ? _pattern[after] : (byte)0;
            switch (suffix)
            {
                case (byte)'?':
                    if (MatchesClass(s, p, after))
                    {
                        var end = Match(s + 1, after + 1);
                        if (end >= 0 || Error is not null)
                        {
                            return end;
                        }
                    }

                    p = after + 1;
                    break;
                case (byte)'+':
                    return MatchesClass(s, p, after) ? Greedy(s + 1, p, after) : -1;
                case (byte)'*':
                    return Greedy(s, p, after);
                case (byte)'-':
                    return Lazy(s, p, after);
                default:
                    if (!MatchesClass(s, p, after))
                    {
                        return -1;
                    }

                    s++;
                    p = after;
                    break;
            }
        }

        return s;
    }

    private int Open(int s, int p, int kind)
    {
        if (Captures >= MostCaptures)
        {
            return Fail("too many captures");
        }

        _starts[Captures] = s;
        _lengths[Captures] = kind;
        Captures++;
        var end = Match(s, p);
        if (end < 0)
        {
            Captures--;
        }

        return end;
    }

    private int Close(int s, int p)
    {
        var index = Captures - 1;
        while (index >= 0 && _lengths[index] != UnfinishedCapture)
        {
            index--;
        }

        if (index < 0)
        {
            return Fail("invalid pattern capture");
        }

        _lengths[index] = s - _starts[index];
        var end = Match(s, p);
        if (end < 0)
        {
            _lengths[index] = UnfinishedCapture;
        }

        return end;
    }

    private int Balance(int s, int p)
    {
        if (p + 1 >= _pattern.Length)
        {
            return Fail("malformed pattern (missing arguments to '%b')");
        }

        var (open, close) = (_pattern[p], _pattern[p + 1]);
        if (s >= _text.Length || _text[s] != open)
        {
            return -1;
        }

        var depth = 1;
        for (var i = s + 1; i < _text.Length; i++)
        {
            if (--_steps < 0)
            {
                return Fail("pattern too complex");
            }

            if (_text[i] == close)
            {
                if (--depth == 0)
                {
                    return i + 1;
                }
            }
            else if (_text[i] == open)
            {
                depth++;
            }
        }

        return -1;
    }

    private bool TryFrontier(int s, ref int p)
    {
        p += 2;
        if (p >= _pattern.Length || _pattern[p] != '[')
        {
            Fail("missing '[' after '%f' in pattern");
            return false;
        }

        var after = ClassEnd(p);
        if (after < 0)
        {
            return false;
        }

        var before = s == 0 ? (byte)0 : _text[s - 1];
        var here = s < _text.Length ? _text[s] : (byte)0;
        if (InSet(before, p, after - 1) || !InSet(here, p, after - 1))
        {
            return false;
        }

        p = after;
        return true;
    }

    private int BackReference(int s, byte digit)
    {
        var index = digit - '1';
        if (index < 0 || index >= Captures || _lengths[index] == UnfinishedCapture)
        {
            return Fail($"invalid capture index %{index + 1}");
        }

        // A position has no text to repeat.
        var length = _lengths[index];
        if (length < 0)
        {
            return -1;
        }

        _steps -= length;
        return _text.Length - s >= length && _text.Slice(s, length).SequenceEqual(_text.Slice(_starts[index], length)) ? s + length : -1;
    }

    private int Greedy(int s, int p, int after)
    {
        var count = 0;
        while (MatchesClass(s + count, p, after))
        {
            count++;
        }

        _steps -= count;
        for (; count >= 0; count--)
        {
            var end = Match(s + count, after + 1);
            if (end >= 0 || Error is not null)
            {
                return end;
            }
        }

        return -1;
    }

    private int Lazy(int s, int p, int after)
    {
        while (true)
        {
            var end = Match(s, after + 1);
            if (end >= 0 || Error is not null)
            {
                return end;
            }

            if (!MatchesClass(s, p, after))
            {
                return -1;
            }

            s++;
        }
    }

    /// <summary>Index after the single-character class at <paramref name="p"/>; −1 on an error.</summary>
    private int ClassEnd(int p)
    {
        var first = _pattern[p++];
        if (first == Escape)
        {
            return p < _pattern.Length ? p + 1 : Fail("malformed pattern (ends with '%')");
        }

        if (first != '[')
        {
            return p;
        }

        if (p < _pattern.Length && _pattern[p] == '^')
        {
            p++;
        }

        // A ']' that comes first is an ordinary member.
        do
        {
            if (p >= _pattern.Length)
            {
                return Fail("malformed pattern (missing ']')");
            }

            if (_pattern[p++] == Escape)
            {
                p++;
            }
        }
        while (p >= _pattern.Length || _pattern[p] != ']');

        return p + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool MatchesClass(int s, int p, int after)
    {
        if (s >= _text.Length)
        {
            return false;
        }

        var c = _text[s];
        return _pattern[p] switch
        {
            (byte)'.' => true,
            Escape => InClass(c, _pattern[p + 1]),
            (byte)'[' => InSet(c, p, after - 1),
            var literal => literal == c,
        };
    }

    /// <summary>Whether a byte is in the set that opens at <paramref name="p"/> and closes at <paramref name="close"/>.</summary>
    private readonly bool InSet(byte c, int p, int close)
    {
        var found = true;
        p++;
        if (_pattern[p] == '^')
        {
            found = false;
            p++;
        }

        while (p < close)
        {
            if (_pattern[p] == Escape)
            {
                p++;
                if (InClass(c, _pattern[p]))
                {
                    return found;
                }

                p++;
            }
            else if (p + 2 < close && _pattern[p + 1] == '-')
            {
                if (_pattern[p] <= c && c <= _pattern[p + 2])
                {
                    return found;
                }

                p += 3;
            }
            else if (_pattern[p++] == c)
            {
                return found;
            }
        }

        return !found;
    }

    private static bool InClass(byte c, byte letter)
    {
        bool isMember;
        switch (letter | 0x20)
        {
            case 'a': isMember = char.IsAsciiLetter((char)c); break;
            case 'c': isMember = c is < 32 or 127; break;
            case 'd': isMember = char.IsAsciiDigit((char)c); break;
            case 'g': isMember = c is > 32 and < 127; break;
            case 'l': isMember = char.IsAsciiLetterLower((char)c); break;
            case 'p': isMember = c is > 32 and < 127 && !char.IsAsciiLetterOrDigit((char)c); break;
            case 's': isMember = c is 32 or (>= 9 and <= 13); break;
            case 'u': isMember = char.IsAsciiLetterUpper((char)c); break;
            case 'w': isMember = char.IsAsciiLetterOrDigit((char)c); break;
            case 'x': isMember = char.IsAsciiHexDigit((char)c); break;
            case 'z': isMember = c == 0; break;   // deprecated, but scripts have it
            default: return letter == c;
        }

        // A capital letter is the complement of its class.
        return char.IsAsciiLetterUpper((char)letter) != isMember;
    }
}
