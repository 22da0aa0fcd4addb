using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Core.Calls;

/// <summary>FreeSWITCH's log levels: 0 console, 1 alert, 2 crit, 3 err, 4 warning, 5 notice, 6 info, 7 debug.</summary>
internal static class LogLevels
{
    /// <summary>Reads a level by name or number; anything unknown is debug.</summary>
    /// <param name="text">Any case.</param>
    public static int Parse(string text) => text.Trim().ToLowerInvariant() switch
    {
        "console" or "0" => 0,
        "alert" or "1" => 1,
        "crit" or "critical" or "2" => 2,
        "err" or "error" or "3" => 3,
        "warning" or "warn" or "4" => 4,
        "notice" or "5" => 5,
        "info" or "6" => 6,
        _ => 7,
    };

    /// <summary>Writes a line at a level.</summary>
    /// <param name="log">Where to.</param>
    /// <param name="level">0..7.</param>
    /// <param name="leg">The leg's UUID, or a dash.</param>
    /// <param name="source">Who says it.</param>
    /// <param name="text">The text.</param>
    public static void Write(ILogger log, int level, string leg, string source, string text)
    {
        text = text.TrimEnd('\n', '\r');
        switch (level)
        {
            case 0 or 1 or 2:
                Log.ScriptCritical(log, leg, source, text);
                break;
            case 3:
                Log.ScriptError(log, leg, source, text);
                break;
            case 4:
                Log.ScriptWarning(log, leg, source, text);
                break;
            case 5 or 6:
                Log.ScriptInfo(log, leg, source, text);
                break;
            default:
                Log.ScriptDebug(log, leg, source, text);
                break;
        }
    }
}
