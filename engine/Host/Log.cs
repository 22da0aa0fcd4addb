using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Host;

/// <summary>Log messages of the host (1000–1099).</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Warning, "The control socket failed: {Reason}")]
    public static partial void ControlFailed(ILogger logger, string reason);

    [LoggerMessage(1001, LogLevel.Error, "Command {Command} failed")]
    public static partial void CommandFailed(ILogger logger, Exception exception, string command);

    [LoggerMessage(1002, LogLevel.Information, "Draining: new calls are refused, live ones may go on for {Seconds} s")]
    public static partial void Draining(ILogger logger, int seconds);

    [LoggerMessage(1003, LogLevel.Warning, "Second signal: the engine ends at once")]
    public static partial void Forced(ILogger logger);

    [LoggerMessage(1004, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(1005, LogLevel.Information, "Configuration generation {Generation} is in force: {Changes}")]
    public static partial void Reloaded(ILogger logger, long generation, string changes);

    [LoggerMessage(1006, LogLevel.Error, "The configuration was not reloaded, generation {Generation} stays in force: {Faults}")]
    public static partial void NotReloaded(ILogger logger, long generation, string faults);

    [LoggerMessage(1007, LogLevel.Critical, "Ended by an exception that nobody caught")]
    public static partial void Fatal(ILogger logger, Exception exception);

    [LoggerMessage(1008, LogLevel.Error, "A task failed and nobody looked at it")]
    public static partial void Unobserved(ILogger logger, Exception exception);

    [LoggerMessage(1009, LogLevel.Warning, "The service manager cannot be told: {Reason}")]
    public static partial void NotNotified(ILogger logger, string reason);

    [LoggerMessage(1010, LogLevel.Warning, "The core loop has not answered for {Seconds} s")]
    public static partial void LoopSilent(ILogger logger, int seconds);

    [LoggerMessage(1011, LogLevel.Error, "A media session was closed because of a fault")]
    public static partial void MediaFault(ILogger logger, Exception exception);
}
