using System.Globalization;
using System.Text;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Keeps what peers and plugins say on one line of a log.</summary>
internal static class LogText
{
    private const int MaxLength = 8192;

    /// <summary>Replaces control characters (line ends, escape sequences, bidirectional overrides) by <c>\xNN</c> or <c>\uNNNN</c>; cuts at 8,192 characters.</summary>
    public static string Escape(string text)
    {
        if (text.Length <= MaxLength && !text.Any(NeedsEscape))
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 16);
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, MaxLength)))
        {
            Append(result, c);
        }

        return text.Length > MaxLength ? result.Append('…').ToString() : result.ToString();
    }

    /// <summary>Puts a value in quotes, so that nothing in it can look like another field.</summary>
    public static void AppendQuoted(StringBuilder to, ReadOnlySpan<char> value, int maxLength)
    {
        to.Append('"');
        foreach (var c in value[..Math.Min(value.Length, maxLength)])
        {
            if (c is '"' or '\\')
            {
                to.Append('\\').Append(c);
            }
            else
            {
                Append(to, c);
            }
        }

        to.Append('"');
    }

    private static bool NeedsEscape(char c) => char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static void Append(StringBuilder to, char c)
    {
        if (!NeedsEscape(c))
        {
            to.Append(c);
        }
        else if (c < 0x100)
        {
            to.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}");
        }
        else
        {
            to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
        }
    }
}
