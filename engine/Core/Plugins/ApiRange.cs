using System.Globalization;

namespace XSwitchEngine.Core.Plugins;

/// <summary>A range of contract versions, as manifests write it.</summary>
/// <remarks>
/// Alternatives are joined by <c>||</c>; within one, comparators separated by spaces must all hold. A comparator is a version with an optional
/// <c>&gt;= &gt; &lt;= &lt; = ^ ~</c> before it; missing or <c>x</c>/<c>*</c> parts stand for any: <c>1.x</c>, <c>1</c>, <c>&gt;=1.2 &lt;2</c>, <c>^1.2</c>.
/// </remarks>
internal sealed class ApiRange
{
    private readonly List<List<(Version From, Version? To)>> _alternatives = [];

    private ApiRange(string text) => Text = text;

    /// <summary>As written.</summary>
    public string Text { get; }

    /// <summary>Reads a range.</summary>
    public static bool TryParse(string? text, out ApiRange range)
    {
        range = new ApiRange(text ?? "");
        if (string.IsNullOrWhiteSpace(text) || text.Length > 256)
        {
            return false;
        }

        foreach (var alternative in text.Split("||"))
        {
            // A space between operator and version is allowed.
            var words = alternative.Replace("= ", "=", StringComparison.Ordinal).Replace("> ", ">", StringComparison.Ordinal).Replace("< ", "<", StringComparison.Ordinal)
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var all = new List<(Version, Version?)>();
            foreach (var word in words)
            {
                if (!TryComparator(word, out var bounds))
                {
                    return false;
                }

                all.Add(bounds);
            }

            if (all.Count == 0)
            {
                return false;
            }

            range._alternatives.Add(all);
        }

        return true;
    }

    /// <summary>Whether a version is in the range.</summary>
    public bool Contains(Version version) => _alternatives.Exists(all => all.TrueForAll(b => version >= b.From && (b.To is null || version < b.To)));

    // Each comparator is [from, to) in major.minor.
    private static bool TryComparator(string word, out (Version From, Version? To) bounds)
    {
        bounds = default;
        var length = word.TakeWhile(static c => c is '<' or '>' or '=' or '^' or '~').Count();
        var op = word[..length];
        if (!TryParts(word[length..], out var major, out var minor))
        {
            return false;
        }

        if (major is not { } first)
        {
            bounds = (new Version(0, 0), null);
            return op.Length == 0;
        }

        var from = new Version(first, minor ?? 0);
        var next = minor is { } second ? new Version(first, second + 1) : new Version(first + 1, 0);
        (Version, Version?)? found = op switch
        {
            "" or "=" or "~" => (from, next),
            "^" => (from, new Version(first + 1, 0)),
            ">=" => (from, null),
            ">" => (next, null),
            "<" => (new Version(0, 0), from),
            "<=" => (new Version(0, 0), next),
            _ => null,
        };
        bounds = found ?? default;
        return found is not null;
    }

    private static bool TryParts(string text, out int? major, out int? minor)
    {
        (major, minor) = (null, null);
        var parts = text.Split('.');
        if (parts.Length is < 1 or > 3)
        {
            return false;
        }

        var isOpen = false;
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] is "x" or "X" or "*")
            {
                isOpen = true;
                continue;
            }

            // The third part says nothing about a contract, but is let pass: people write 1.0.0.
            if (isOpen || !int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == int.MaxValue)
            {
                return false;
            }

            (major, minor) = i switch { 0 => (number, minor), 1 => (major, number), _ => (major, minor) };
        }

        return true;
    }
}
