namespace XSwitchEngine.Scripting.Api;

/// <summary>Log levels as scripts name them.</summary>
internal static class LogLevel
{
    public const int Error = 3;
    public const int Warning = 4;
    public const int Info = 6;
    private const int Debug = 7;

    /// <summary>0 console … 7 debug; any other text counts as debug.</summary>
    public static int Parse(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "CONSOLE" or "0" => 0,
        "ALERT" or "1" => 1,
        "CRIT" or "2" => 2,
        "ERR" or "ERROR" or "3" => Error,
        "WARNING" or "WARN" or "4" => Warning,
        "NOTICE" or "5" => 5,
        "INFO" or "6" => Info,
        _ => Debug,
    };
}
