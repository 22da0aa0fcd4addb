namespace XSwitchEngine.Host.Configuration;

/// <summary>Guesses which known name was meant by an unknown one.</summary>
internal static class NearName
{
    /// <summary><c>; did you mean X?</c>, or nothing when no known name is near.</summary>
    /// <param name="name">The unknown name.</param>
    /// <param name="known">The known ones.</param>
    public static string Hint(string name, IEnumerable<string> known)
    {
        var best = known
            .Select(k => (Name: k, Distance: name.Length > 2 && k.StartsWith(name, StringComparison.OrdinalIgnoreCase) ? 1 : Distance(name, k)))
            .Where(c => c.Distance <= Nearness(Math.Min(name.Length, c.Name.Length)))
            .OrderBy(c => c.Distance)
            .FirstOrDefault();
        return best.Name is null ? "" : $"; did you mean {best.Name}?";
    }

    // Two letters that changed places count two.
    private static int Nearness(int length) => length < 4 ? 1 : Math.Max(2, length / 3);

    // Levenshtein's distance without regard to case, one row at a time.
    private static int Distance(string a, string b)
    {
        if (Math.Max(a.Length, b.Length) > 100)
        {
            return int.MaxValue;
        }

        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
