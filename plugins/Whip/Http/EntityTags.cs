namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>What a request says of the ICE session that it means.</summary>
internal enum Precondition : byte
{
    /// <summary>Nothing.</summary>
    Absent,

    /// <summary>Whatever is current: the way to ask for an ICE restart.</summary>
    Any,

    /// <summary>The current one.</summary>
    Current,

    /// <summary>An earlier one.</summary>
    Stale,
}

/// <summary>Reads <c>If-Match</c> as clients send it: <c>*</c>, <c>"*"</c>, weak, unquoted, several.</summary>
internal static class EntityTags
{
    /// <summary>Compares a header with the current tag.</summary>
    /// <param name="header">The value, or null.</param>
    /// <param name="current">The current tag without quotes.</param>
    public static Precondition Compare(string? header, string current)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            return Precondition.Absent;
        }

        var result = Precondition.Stale;
        foreach (var item in header.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var tag = item.StartsWith("W/", StringComparison.Ordinal) ? item[2..] : item;
            tag = tag.Trim('"');
            if (tag == "*")
            {
                return Precondition.Any;
            }

            if (tag == current)
            {
                result = Precondition.Current;
            }
        }

        return result;
    }
}
