namespace XSwitchEngine.Core.Calls;

/// <summary>A dial string taken apart (Lua API 16): enterprise parts, sequential groups, simultaneous targets, each with its variables.</summary>
/// <param name="Parts">At least one; more than one when joined by <c>:_:</c>.</param>
public sealed record DialString(IReadOnlyList<DialString.Part> Parts)
{
    /// <summary>Most targets in one dial string.</summary>
    public const int MaxTargets = 128;

    /// <summary>Whether parts are dialled independently of each other (<c>:_:</c>).</summary>
    public bool IsEnterprise => Parts.Count > 1;

    /// <summary>One independent originate.</summary>
    /// <param name="Variables">From <c>&lt;&gt;</c> and <c>{}</c>, later ones win.</param>
    /// <param name="Groups">Tried one after the other.</param>
    public sealed record Part(IReadOnlyList<KeyValuePair<string, string>> Variables, IReadOnlyList<IReadOnlyList<Target>> Groups);

    /// <summary>One address to ring.</summary>
    /// <param name="Variables">From <c>[]</c>.</param>
    /// <param name="Endpoint">The scheme, such as <c>user</c>.</param>
    /// <param name="Address">What stands behind the first slash.</param>
    public sealed record Target(IReadOnlyList<KeyValuePair<string, string>> Variables, string Endpoint, string Address);

    /// <summary>Takes a dial string apart.</summary>
    /// <param name="text">The dial string, at most 16 KiB.</param>
    /// <param name="result">The parts.</param>
    /// <param name="error">What is wrong and at which character.</param>
    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DialString? result, out string error)
    {
        result = null;
        error = "";
        if (text.Length > 16 * 1024)
        {
            error = "dial string is longer than 16 KiB";
            return false;
        }

        var reader = new Reader(text.Trim());
        if (!reader.TryVariables('<', '>', out var forAll, out error))
        {
            return false;
        }

        var parts = new List<Part>();
        foreach (var piece in SplitOutside(reader.Rest, ":_:"))
        {
            if (!TryPart(piece, forAll, out var part, out error))
            {
                return false;
            }

            parts.Add(part);
        }

        if (parts.Sum(p => p.Groups.Sum(g => g.Count)) is 0 or > MaxTargets)
        {
            error = $"dial string has no target or more than {MaxTargets}";
            return false;
        }

        result = new DialString(parts);
        return true;
    }

    private static bool TryPart(string text, List<KeyValuePair<string, string>> forAll, out Part part, out string error)
    {
        part = null!;
        var reader = new Reader(text.Trim());
        if (!reader.TryVariables('{', '}', out var variables, out error))
        {
            return false;
        }

        var groups = new List<IReadOnlyList<Target>>();
        foreach (var group in SplitOutside(reader.Rest, "|"))
        {
            var targets = new List<Target>();
            foreach (var one in SplitOutside(group, ","))
            {
                var target = new Reader(one.Trim());
                if (!target.TryVariables('[', ']', out var own, out error))
                {
                    return false;
                }

                var slash = target.Rest.IndexOf('/', StringComparison.Ordinal);
                if (UrlScheme(target.Rest, slash) is { } scheme)
                {
                    targets.Add(new(own, scheme, target.Rest));
                    continue;
                }

                if (slash <= 0)
                {
                    error = $"'{one}' is not endpoint/address";
                    return false;
                }

                targets.Add(new(own, target.Rest[..slash].ToLowerInvariant(), target.Rest[(slash + 1)..]));
            }

            groups.Add(targets);
        }

        part = new Part([.. forAll, .. variables], groups);
        return true;
    }

    /// <summary>The scheme of <c>whip:https://…</c> and its like: the address of a server instead of a slash and a name.</summary>
    private static string? UrlScheme(string text, int slash) =>
        slash > 0 && text[..slash].ToLowerInvariant().Split(':') is [var scheme, "http" or "https", ""] && text[slash..].StartsWith("//", StringComparison.Ordinal) ? scheme : null;

    /// <summary>Splits at a separator that stands outside of brackets and quotes.</summary>
    private static IEnumerable<string> SplitOutside(string text, string separator)
    {
        var depth = 0;
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '{' or '[' or '<':
                    depth++;
                    break;
                case '}' or ']' or '>':
                    depth = Math.Max(0, depth - 1);
                    break;
                default:
                    if (depth == 0 && string.CompareOrdinal(text, i, separator, 0, separator.Length) == 0)
                    {
                        yield return text[start..i];
                        start = i + separator.Length;
                        i = start - 1;
                    }

                    break;
            }
        }

        yield return text[start..];
    }

    private struct Reader(string text)
    {
        public string Rest { get; private set; } = text;

        /// <summary>Reads any number of <c>{a=1,b=2}</c> blocks at the front.</summary>
        public bool TryVariables(char open, char close, out List<KeyValuePair<string, string>> variables, out string error)
        {
            variables = [];
            error = "";
            while (Rest.Length > 0 && Rest[0] == open)
            {
                var end = MatchingClose(Rest, open, close);
                if (end < 0)
                {
                    error = $"'{open}' without '{close}' in '{Rest}'";
                    return false;
                }

                Split(Rest[1..end], variables);
                Rest = Rest[(end + 1)..].TrimStart();
            }

            return true;
        }

        private static int MatchingClose(string text, char open, char close)
        {
            var depth = 0;
            var quoted = false;
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '\'' && (i == 0 || text[i - 1] != '\\'))
                {
                    quoted = !quoted;
                }

                if (quoted)
                {
                    continue;
                }

                depth += text[i] == open ? 1 : text[i] == close ? -1 : 0;
                if (depth == 0)
                {
                    return i;
                }
            }

            return -1;
        }

        private static void Split(string text, List<KeyValuePair<string, string>> into)
        {
            var delimiter = ',';
            if (text.StartsWith("^^", StringComparison.Ordinal) && text.Length > 2)
            {
                delimiter = text[2];
                text = text[3..];
            }

            var item = new System.Text.StringBuilder();
            var quoted = false;
            for (var i = 0; i <= text.Length; i++)
            {
                if (i == text.Length || (text[i] == delimiter && !quoted))
                {
                    Add(item.ToString(), into);
                    item.Clear();
                }
                else if (text[i] == '\\' && i + 1 < text.Length && (text[i + 1] == delimiter || text[i + 1] is '\'' or '\\'))
                {
                    item.Append(text[++i]);
                }
                else if (text[i] == '\'')
                {
                    quoted = !quoted;
                }
                else
                {
                    item.Append(text[i]);
                }
            }
        }

        private static void Add(string item, List<KeyValuePair<string, string>> into)
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                into.Add(new(item[..equals].Trim(), item[(equals + 1)..].Trim()));
            }
        }
    }
}
