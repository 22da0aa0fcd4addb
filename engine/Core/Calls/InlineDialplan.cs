namespace XSwitchEngine.Core.Calls;

/// <summary>The dial plan <c>inline</c>: <c>app:data,app2:data</c>, quotes keep commas, <c>m:D:</c> in front sets another delimiter.</summary>
public static class InlineDialplan
{
    /// <summary>Takes the list apart.</summary>
    /// <param name="text">The text.</param>
    public static IReadOnlyList<(string Name, string Data)> Parse(string text)
    {
        var delimiter = ',';
        if (text.Length > 4 && text.StartsWith("m:", StringComparison.Ordinal) && text[3] == ':')
        {
            delimiter = text[2];
            text = text[4..];
        }

        var list = new List<(string, string)>();
        var start = 0;
        var quoted = false;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == delimiter && !quoted))
            {
                var item = text[start..i].Trim().Trim('\'');
                var colon = item.IndexOf(':', StringComparison.Ordinal);
                if (item.Length > 0)
                {
                    list.Add(colon < 0 ? (item, "") : (item[..colon], item[(colon + 1)..]));
                }

                start = i + 1;
            }
            else if (text[i] == '\'')
            {
                quoted = !quoted;
            }
        }

        return list;
    }
}
