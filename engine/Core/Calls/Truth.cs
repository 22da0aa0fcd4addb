namespace XSwitchEngine.Core.Calls;

/// <summary>FreeSWITCH's idea of a true word.</summary>
public static class Truth
{
    /// <summary>Whether a text is yes, on, true, t, enabled, active, allow, or a number other than zero.</summary>
    /// <param name="text">Any case; null is false.</param>
    public static bool IsTrue(string? text) => text is not null && (
        text.Equals("true", StringComparison.OrdinalIgnoreCase) || text.Equals("yes", StringComparison.OrdinalIgnoreCase)
        || text.Equals("on", StringComparison.OrdinalIgnoreCase) || text.Equals("t", StringComparison.OrdinalIgnoreCase)
        || text.Equals("enabled", StringComparison.OrdinalIgnoreCase) || text.Equals("active", StringComparison.OrdinalIgnoreCase)
        || text.Equals("allow", StringComparison.OrdinalIgnoreCase)
        || (long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, null, out var number) && number != 0));
}
