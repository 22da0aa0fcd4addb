namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Bodies of INFO that carry a digit: <c>application/dtmf-relay</c> and <c>application/dtmf</c>.</summary>
internal static class DtmfInfo
{
    /// <summary>Stands for a hook flash, which is no digit.</summary>
    public const char Flash = 'F';

    public static bool IsDigit(char digit) => char.IsAsciiDigit(digit) || digit is '*' or '#' or (>= 'A' and <= 'D');

    /// <summary>Reads a body; spaces around the equals sign and a final line end may be there or not.</summary>
    /// <param name="body">The body.</param>
    /// <param name="isRelay">Whether it has lines <c>Signal=</c> and <c>Duration=</c>; otherwise it is the digit alone.</param>
    /// <param name="digit">0-9, *, #, A-D, or <see cref="Flash"/>.</param>
    /// <param name="durationMs">1..10000, 160 when absent.</param>
    public static bool TryParse(ReadOnlySpan<byte> body, bool isRelay, out char digit, out int durationMs)
    {
        durationMs = 160;
        digit = '\0';
        if (!isRelay)
        {
            return TryDigit(SipText.Trim(body), out digit);
        }

        var found = false;
        foreach (var range in body.Split((byte)'\n'))
        {
            var line = body[range];
            var equals = line.IndexOf((byte)'=');
            if (equals <= 0)
            {
                continue;
            }

            var name = SipText.Trim(line[..equals]);
            var value = SipText.Trim(line[(equals + 1)..]);
            if (SipText.EqualsIgnoreCase(name, "Signal"u8))
            {
                found = TryDigit(value, out digit);
            }
            else if (SipText.EqualsIgnoreCase(name, "Duration"u8) && SipText.TryNumber(value, int.MaxValue, out var duration))
            {
                durationMs = (int)Math.Clamp(duration, 1, 10_000);
            }
        }

        return found;
    }

    /// <summary>A digit as a character, or as an event number of RFC 4733 (10 is *, 11 #, 12–15 A–D, 16 flash).</summary>
    private static bool TryDigit(ReadOnlySpan<byte> text, out char digit)
    {
        digit = '\0';
        if (text.Length == 1)
        {
            digit = char.ToUpperInvariant((char)text[0]);
            return IsDigit(digit);
        }

        if (SipText.TryNumber(text, 16, out var number) && number >= 10)
        {
            digit = "*#ABCDF"[(int)number - 10];
            return true;
        }

        if (SipText.EqualsIgnoreCase(text, "hf"u8) || SipText.EqualsIgnoreCase(text, "flash"u8))
        {
            digit = Flash;
            return true;
        }

        return false;
    }
}
