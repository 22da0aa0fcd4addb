using System.Text;

namespace XSwitchEngine.Core.Calls;

/// <summary>Splits argument text as FreeSWITCH does: spaces separate, quotes group, backslash escapes, the last slot takes the rest.</summary>
public static class Arguments
{
    /// <summary>Splits into all words.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The words; at most 128.</returns>
    public static List<string> Split(string text) => Split(text, 128);

    /// <summary>Splits into at most so many slots; the last one takes the unsplit remainder, a pair of quotes around it removed.</summary>
    /// <param name="text">The text.</param>
    /// <param name="slots">1 and up.</param>
    public static List<string> Split(string text, int slots)
    {
        var words = new List<string>();
        var i = 0;
        while (true)
        {
            while (i < text.Length && char.IsWhiteSpace(text[i]))
            {
                i++;
            }

            if (i >= text.Length)
            {
                return words;
            }

            if (words.Count == slots - 1)
            {
                words.Add(Unquote(text[i..].TrimEnd()));
                return words;
            }

            words.Add(Word(text, ref i));
        }
    }

    private static string Unquote(string rest)
    {
        if (rest.Length >= 2 && rest[0] == '\'' && rest.IndexOf('\'', 1) == rest.Length - 1)
        {
            return rest[1..^1];
        }

        return rest;
    }

    private static string Word(string text, ref int i)
    {
        var word = new StringBuilder();
        var quoted = false;
        for (; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && i + 1 < text.Length && Escaped(text[i + 1]) is { } escaped)
            {
                word.Append(escaped);
                i++;
            }
            else if (c == '\'')
            {
                quoted = !quoted;
            }
            else if (!quoted && char.IsWhiteSpace(c))
            {
                break;
            }
            else
            {
                word.Append(c);
            }
        }

        return word.ToString();
    }

    private static char? Escaped(char c) => c switch
    {
        '\'' or '"' or '\\' => c,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        's' => ' ',
        _ => null,
    };
}
