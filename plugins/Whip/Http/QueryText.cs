namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>The parameters of a query, in order.</summary>
internal static class QueryText
{
    /// <summary>Most parameters that are read.</summary>
    public const int MaxParameters = 64;

    /// <summary>Reads <c>name=value</c> pairs joined by <c>&amp;</c>; a plus is a space, as forms have it.</summary>
    /// <param name="query">Raw, without the question mark.</param>
    /// <param name="pairs">Decoded.</param>
    /// <returns>False when an escape is broken or there are too many.</returns>
    public static bool TryParse(string query, out List<KeyValuePair<string, string>> pairs)
    {
        pairs = [];
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
            if (pairs.Count == MaxParameters
                || !RequestTarget.TryDecode(name.Replace('+', ' '), out var decodedName)
                || !RequestTarget.TryDecode(value.Replace('+', ' '), out var decodedValue))
            {
                return false;
            }

            pairs.Add(new(decodedName, decodedValue));
        }

        return true;
    }
}
