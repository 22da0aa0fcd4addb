namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>A name-addr or addr-spec with header parameters, as in From, To, Contact and Route (RFC 3261 §20.10, §25.1).</summary>
internal ref struct NameAddress
{
    /// <summary>Display name as sent, with its quotes.</summary>
    public ReadOnlySpan<byte> Display;

    /// <summary>The URI without brackets.</summary>
    public ReadOnlySpan<byte> Uri;

    /// <summary>Parameters of the header, starting with a semicolon; empty when there are none.</summary>
    public ReadOnlySpan<byte> Parameters;

    /// <summary>Whether the URI stood in angle brackets; without them all parameters are the header's.</summary>
    public bool Bracketed;

    /// <summary>Reads one value.</summary>
    /// <param name="text">One value without the comma behind it.</param>
    /// <param name="address">The parts.</param>
    /// <returns>False for an unterminated quote or bracket, a display name that is no token list and not quoted, or no URI.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out NameAddress address)
    {
        address = default;
        text = SipText.Trim(text);
        var rest = text;
        if (!rest.IsEmpty && rest[0] == '"')
        {
            var end = Lexer.EndOfQuoted(rest);
            if (end < 0)
            {
                return false;
            }

            address.Display = rest[..end];
            rest = SipText.Trim(rest[end..]);
            if (rest.IsEmpty || rest[0] != '<')
            {
                return false;
            }
        }

        var open = rest.IndexOf((byte)'<');
        if (open >= 0 && rest[..open].IndexOf((byte)':') < 0)
        {
            if (open > 0)
            {
                address.Display = SipText.Trim(rest[..open]);
                if (!IsTokenList(address.Display))
                {
                    return false;
                }
            }

            var close = rest.IndexOf((byte)'>');
            if (close < open)
            {
                return false;
            }

            address.Bracketed = true;
            address.Uri = SipText.Trim(rest[(open + 1)..close]);
            var after = SipText.Trim(rest[(close + 1)..]);
            if (!after.IsEmpty && after[0] != ';')
            {
                return false;
            }

            address.Parameters = after;
            return !address.Uri.IsEmpty;
        }

        // Without brackets the first semicolon ends the URI, wherever it stands (RFC 3261 §20.10).
        var semicolon = rest.IndexOf((byte)';');
        address.Uri = SipText.Trim(semicolon < 0 ? rest : rest[..semicolon]);
        address.Parameters = semicolon < 0 ? default : rest[semicolon..];
        return !address.Uri.IsEmpty && address.Uri.IndexOfAny((byte)'<', (byte)'>', (byte)'"') < 0
            && address.Uri.IndexOfAny((byte)' ', (byte)'\t', (byte)',') < 0;
    }

    /// <summary>A parameter of the header, or empty.</summary>
    public readonly ReadOnlySpan<byte> Parameter(ReadOnlySpan<byte> name) =>
        ParameterReader.TryGet(Parameters, name, out var value) ? value : default;

    private static bool IsTokenList(ReadOnlySpan<byte> display)
    {
        foreach (var b in display)
        {
            // UTF-8 is lenient here: many phones send names with accents unquoted.
            if (b is (byte)' ' or (byte)'\t' or >= 0x80)
            {
                continue;
            }

            if (!SipText.IsToken([b]))
            {
                return false;
            }
        }

        return true;
    }
}
