using System.Buffers;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>Makes what a client says fit for variables, names and headers (S-11).</summary>
internal static class Clean
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>Text without control characters, of a bounded length.</summary>
    public static string Text(string? text, int limit)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var end = Math.Min(text.Length, limit);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        return text.AsSpan(0, end).IndexOfAnyInRange('\0', '\x1f') < 0 && !text.Contains('\x7f', StringComparison.Ordinal)
            ? text[..end]
            : string.Create(end, text, static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                {
                    to[i] = char.IsControl(from[i]) ? ' ' : from[i];
                }
            });
    }

    /// <summary>Whether text can be the name of a channel variable.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 128 && !name.AsSpan().ContainsAnyExcept(NameCharacters);
}
