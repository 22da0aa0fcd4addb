namespace XSwitchEngine.Core.Calls;

/// <summary>Digits of a telephone: 0-9, *, #, A-D.</summary>
internal static class DigitText
{
    /// <summary>Whether a character is one.</summary>
    /// <param name="c">Any case.</param>
    public static bool IsDigit(char c) => c is (>= '0' and <= '9') or '*' or '#' or (>= 'A' and <= 'D') or (>= 'a' and <= 'd');
}
