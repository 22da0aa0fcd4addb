namespace XSwitchEngine.Media.Dtmf;

/// <summary>The sixteen digits, their tones (ITU-T Q.23) and their event numbers (RFC 4733 §3.2).</summary>
internal static class DtmfTones
{
    /// <summary>Digits in the order of their event numbers.</summary>
    public const string Digits = "0123456789*#ABCD";

    private const string Keypad = "123A456B789C*0#D";

    public static ReadOnlySpan<int> RowsHz => [697, 770, 852, 941];

    public static ReadOnlySpan<int> ColumnsHz => [1209, 1336, 1477, 1633];

    public static char DigitAt(int row, int column) => Keypad[(row * 4) + column];

    /// <summary>Event number of a digit, or −1; letters in either case.</summary>
    public static int EventOf(char digit) => Digits.IndexOf(char.ToUpperInvariant(digit), StringComparison.Ordinal);

    /// <summary>The two frequencies of a digit.</summary>
    public static bool TryGet(char digit, out int rowHz, out int columnHz)
    {
        var place = Keypad.IndexOf(char.ToUpperInvariant(digit), StringComparison.Ordinal);
        (rowHz, columnHz) = place < 0 ? (0, 0) : (RowsHz[place / 4], ColumnsHz[place % 4]);
        return place >= 0;
    }
}
