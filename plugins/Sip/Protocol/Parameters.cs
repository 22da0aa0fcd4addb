namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Walks over <c>;name=value</c> parameters. Quoted values keep their quotes; empty parameters are skipped.</summary>
internal ref struct ParameterReader(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    /// <summary>Reads the next parameter.</summary>
    /// <param name="name">Its name, trimmed.</param>
    /// <param name="value">Its value, trimmed; empty when there is none.</param>
    /// <returns>False at the end.</returns>
    public bool TryNext(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!_rest.IsEmpty)
        {
            var end = Lexer.IndexOutsideQuotes(_rest, (byte)';');
            var one = SipText.Trim(end < 0 ? _rest : _rest[..end]);
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (one.IsEmpty)
            {
                continue;
            }

            var equals = one.IndexOf((byte)'=');
            name = equals < 0 ? one : SipText.Trim(one[..equals]);
            value = equals < 0 ? default : SipText.Trim(one[(equals + 1)..]);
            return true;
        }

        name = default;
        value = default;
        return false;
    }

    /// <summary>Finds one parameter by its name in any case.</summary>
    public static bool TryGet(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var reader = new ParameterReader(parameters);
        while (reader.TryNext(out var found, out value))
        {
            if (SipText.EqualsIgnoreCase(found, name))
            {
                return true;
            }
        }

        value = default;
        return false;
    }
}

/// <summary>Walks over comma-separated values of one header, minding quotes and angle brackets.</summary>
internal ref struct ValueReader(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    public bool TryNext(out ReadOnlySpan<byte> value)
    {
        if (_rest.IsEmpty)
        {
            value = default;
            return false;
        }

        var end = Lexer.IndexOutsideBrackets(_rest, (byte)',');
        value = SipText.Trim(end < 0 ? _rest : _rest[..end]);
        _rest = end < 0 ? default : _rest[(end + 1)..];
        return true;
    }
}

/// <summary>Searches that mind quoted strings.</summary>
internal static class Lexer
{
    /// <summary>Index just after a quoted string that starts at 0, or −1 when it does not end.</summary>
    public static int EndOfQuoted(ReadOnlySpan<byte> text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                return i + 1;
            }
        }

        return -1;
    }

    public static int IndexOutsideQuotes(ReadOnlySpan<byte> text, byte wanted)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOfAny(wanted, (byte)'"');
            if (next < 0)
            {
                return -1;
            }

            i += next;
            if (text[i] == wanted)
            {
                return i;
            }

            var end = EndOfQuoted(text[i..]);
            if (end < 0)
            {
                return -1;
            }

            i += end;
        }

        return -1;
    }

    public static int IndexOutsideBrackets(ReadOnlySpan<byte> text, byte wanted)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOfAny(wanted, (byte)'"', (byte)'<');
            if (next < 0)
            {
                return -1;
            }

            i += next;
            if (text[i] == wanted)
            {
                return i;
            }

            var end = text[i] == '"' ? EndOfQuoted(text[i..]) : text[i..].IndexOf((byte)'>') + 1;
            if (end <= 0)
            {
                return -1;
            }

            i += end;
        }

        return -1;
    }
}
