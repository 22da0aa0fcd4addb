using System.Buffers;
using System.Text;

namespace XSwitchEngine.Core.Diagnostics;

/// <summary>Makes text from strangers safe for a log, a terminal and a line-based reader (<c>S-42</c>).</summary>
public static class LogText
{
    private static readonly SearchValues<char> Unsafe = SearchValues.Create(UnsafeCharacters());

    /// <summary>Escapes control characters, line separators and direction overrides as <c>\n</c>, <c>\r</c>, <c>\t</c> or <c>\uXXXX</c>; other text is returned as it is.</summary>
    /// <param name="text">Any text.</param>
    public static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAny(Unsafe) < 0)
        {
            return text;
        }

        var builder = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => builder.Append("\\n"),
                '\r' => builder.Append("\\r"),
                '\t' => builder.Append("\\t"),
                _ when Unsafe.Contains(c) => builder.Append("\\u").Append(((int)c).ToString("x4")),
                _ => builder.Append(c),
            };
        }

        return builder.ToString();
    }

    private static string UnsafeCharacters()
    {
        var all = new StringBuilder();
        for (var c = '\0'; c < '\u2070'; c++)
        {
            // Controls (C0, DEL, C1 with its one-byte escape sequences), line separators, and the marks that reorder a line on screen.
            if (char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069'))
            {
                all.Append(c);
            }
        }

        return all.ToString();
    }
}
