namespace XSwitchEngine.Scripting.Text;

/// <summary>Kind of a token, as far as <see cref="IntegralArithmetic"/> tells them apart.</summary>
internal enum LuaTokenKind
{
    /// <summary>The text is over.</summary>
    End,

    /// <summary>A name or keyword.</summary>
    Word,

    /// <summary>A numeral.</summary>
    Number,

    /// <summary>A string of any form.</summary>
    Text,

    /// <summary>An operator or bracket.</summary>
    Symbol,
}

/// <summary>A token: where it stands in the source.</summary>
internal readonly record struct LuaToken(LuaTokenKind Kind, int Start, int End);

/// <summary>Cuts Lua source that is known to compile into tokens; comments and blanks are skipped.</summary>
internal ref struct LuaLexer(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private int _position;

    /// <summary>The next token.</summary>
    public LuaToken Next()
    {
        SkipBlanks();
        var start = _position;
        if (start >= _source.Length)
        {
            return new LuaToken(LuaTokenKind.End, start, start);
        }

        var c = _source[start];
        LuaTokenKind kind;
        if (IsWord(c) && !char.IsAsciiDigit((char)c))
        {
            kind = LuaTokenKind.Word;
            while (IsWord(At(_position)))
            {
                _position++;
            }
        }
        else if (char.IsAsciiDigit((char)c) || (c == '.' && char.IsAsciiDigit((char)At(start + 1))))
        {
            kind = LuaTokenKind.Number;
            SkipNumber();
        }
        else if (c is (byte)'"' or (byte)'\'')
        {
            kind = LuaTokenKind.Text;
            SkipString(c);
        }
        else if (c == '[' && TrySkipLong(start))
        {
            kind = LuaTokenKind.Text;
        }
        else
        {
            kind = LuaTokenKind.Symbol;
            _position += SymbolLength(start);
        }

        return new LuaToken(kind, start, _position);
    }

    private static bool IsWord(byte c) => char.IsAsciiLetterOrDigit((char)c) || c == '_';

    private readonly byte At(int index) => index < _source.Length ? _source[index] : (byte)0;

    private void SkipBlanks()
    {
        while (_position < _source.Length)
        {
            var c = _source[_position];
            if (c is (byte)' ' or (>= 9 and <= 13))
            {
                _position++;
            }
            else if (c == '-' && At(_position + 1) == '-')
            {
                _position += 2;
                if (At(_position) != '[' || !TrySkipLong(_position))
                {
                    var end = _source[_position..].IndexOfAny((byte)'\n', (byte)'\r');
                    _position = end < 0 ? _source.Length : _position + end;
                }
            }
            else
            {
                return;
            }
        }
    }

    private void SkipNumber()
    {
        var isHexadecimal = At(_position) == '0' && (At(_position + 1) | 0x20) == 'x';
        while (_position < _source.Length)
        {
            var c = _source[_position];
            var isExponent = (c | 0x20) == (isHexadecimal ? 'p' : 'e');
            if (isExponent && At(_position + 1) is (byte)'+' or (byte)'-')
            {
                _position += 2;
            }
            else if (IsWord(c) || c == '.')
            {
                _position++;
            }
            else
            {
                return;
            }
        }
    }

    private void SkipString(byte quote)
    {
        _position++;
        while (_position < _source.Length && _source[_position] != quote)
        {
            _position += _source[_position] == '\\' ? 2 : 1;
        }

        _position = Math.Min(_position + 1, _source.Length);
    }

    /// <summary>Skips <c>[==[ ... ]==]</c>.</summary>
    private bool TrySkipLong(int start)
    {
        var level = 0;
        while (At(start + 1 + level) == '=')
        {
            level++;
        }

        if (At(start + 1 + level) != '[')
        {
            return false;
        }

        for (var i = start + level + 2; i < _source.Length; i++)
        {
            if (_source[i] == ']' && At(i + level + 1) == ']' && _source.Slice(i + 1, level).IndexOfAnyExcept((byte)'=') < 0)
            {
                _position = i + level + 2;
                return true;
            }
        }

        _position = _source.Length;
        return true;
    }

    private readonly int SymbolLength(int start)
    {
        var (a, b, c) = (_source[start], At(start + 1), At(start + 2));
        if (a == '.' && b == '.' && c == '.')
        {
            return 3;
        }

        return (a, b) is ((byte)'.', (byte)'.') or ((byte)'=', (byte)'=') or ((byte)'~', (byte)'=') or ((byte)'<', (byte)'=') or ((byte)'>', (byte)'=')
            or ((byte)'<', (byte)'<') or ((byte)'>', (byte)'>') or ((byte)'/', (byte)'/') or ((byte)':', (byte)':') ? 2 : 1;
    }
}
