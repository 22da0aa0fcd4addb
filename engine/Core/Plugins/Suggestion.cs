namespace XSwitchEngine.Core.Plugins;

/// <summary>Guesses what someone meant who wrote an unknown name.</summary>
internal static class Suggestion
{
    /// <summary>The nearest of the known names, or null when none is near.</summary>
    /// <param name="name">The unknown name.</param>
    /// <param name="known">The known ones.</param>
    public static string? For(string name, IEnumerable<string> known) =>
        name.Length > 64
            ? null
            : known
                .Select(k => (Name: k, Distance: IsBeginning(name, k) ? 1 : Distance(name.ToUpperInvariant(), k.ToUpperInvariant())))
                .Where(c => c.Distance <= Nearness(Math.Min(name.Length, c.Name.Length)))
                .OrderBy(static c => c.Distance)
                .FirstOrDefault().Name;

    /// <summary><c>; did you mean X?</c>, or nothing when no known name is near.</summary>
    /// <param name="name">The unknown name.</param>
    /// <param name="known">The known ones.</param>
    public static string Hint(string name, IEnumerable<string> known) => For(name, known) is { } near ? $"; did you mean {near}?" : "";

    private static bool IsBeginning(string name, string known) => name.Length > 2 && known.StartsWith(name, StringComparison.OrdinalIgnoreCase);

    // Two letters that changed places count two.
    private static int Nearness(int length) => length < 4 ? 1 : Math.Max(2, length / 3);

    // Levenshtein with one row.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
