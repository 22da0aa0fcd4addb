using System.Text;

namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>One element of a <c>Link</c> header (RFC 8288).</summary>
/// <param name="Target">The URI.</param>
/// <param name="Relation">Its <c>rel</c>.</param>
/// <param name="Parameters">Further parameters, unquoted.</param>
internal sealed record LinkHeader(string Target, string Relation, IReadOnlyList<KeyValuePair<string, string>> Parameters)
{
    private const int MaxElements = 32;

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder().Append('<').Append(Target).Append(">; rel=\"").Append(Relation).Append('"');
        foreach (var (name, value) in Parameters)
        {
            text.Append("; ").Append(name).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        return text.ToString();
    }

    /// <summary>Reads a header value; what cannot be read ends the list.</summary>
    /// <param name="value">One or more elements, joined by commas.</param>
    public static IReadOnlyList<LinkHeader> Parse(string value)
    {
        var links = new List<LinkHeader>();
        var at = 0;
        while (at < value.Length && links.Count < MaxElements)
        {
            var open = value.IndexOf('<', at);
            var close = open < 0 ? -1 : value.IndexOf('>', open);
            if (close < 0)
            {
                break;
            }

            var target = value[(open + 1)..close].Trim();
            at = close + 1;
            var relation = "";
            var parameters = new List<KeyValuePair<string, string>>();
            while (TryParameter(value, ref at, out var name, out var text))
            {
                if (name.Equals("rel", StringComparison.OrdinalIgnoreCase))
                {
                    relation = text;
                }
                else
                {
                    parameters.Add(new(name, text));
                }
            }

            links.Add(new(target, relation, parameters));
        }

        return links;
    }

    private static bool TryParameter(string value, ref int at, out string name, out string text)
    {
        name = text = "";
        SkipSpace(value, ref at);
        if (at >= value.Length || value[at] != ';')
        {
            return false;
        }

        at++;
        SkipSpace(value, ref at);
        var start = at;
        while (at < value.Length && value[at] is not ('=' or ';' or ','))
        {
            at++;
        }

        name = value[start..at].Trim();
        if (at >= value.Length || value[at] != '=')
        {
            return name.Length > 0;
        }

        at++;
        SkipSpace(value, ref at);
        if (at < value.Length && value[at] == '"')
        {
            text = Quoted(value, ref at);
        }
        else
        {
            start = at;
            while (at < value.Length && value[at] is not (';' or ','))
            {
                at++;
            }

            text = value[start..at].Trim();
        }

        return name.Length > 0;
    }

    private static string Quoted(string value, ref int at)
    {
        var text = new StringBuilder();
        for (at++; at < value.Length && value[at] != '"'; at++)
        {
            if (value[at] == '\\' && at + 1 < value.Length)
            {
                at++;
            }

            text.Append(value[at]);
        }

        at = Math.Min(at + 1, value.Length);
        return text.ToString();
    }

    private static void SkipSpace(string value, ref int at)
    {
        while (at < value.Length && value[at] is ' ' or '\t')
        {
            at++;
        }
    }
}
