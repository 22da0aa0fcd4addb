using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Log lines of the plugin host and, passed on, of plugins.</summary>
internal sealed partial class PluginLog(ILogger logger)
{
    public bool IsLogged(PluginLogLevel level) => logger.IsEnabled(Level(level));

    /// <summary>A line of the plugin itself.</summary>
    public void Write(PluginLogLevel level, LegId leg, string message)
    {
        var mapped = Level(level);
        if (!logger.IsEnabled(mapped))
        {
            return;
        }

        var text = LogText.Escape(message ?? "");
        if (leg == default)
        {
            Said(mapped, text);
        }
        else
        {
            SaidOfLeg(mapped, leg, text);
        }
    }

    [LoggerMessage(EventId = 3000, Message = "{Message}")]
    private partial void Said(LogLevel level, string message);

    [LoggerMessage(EventId = 3001, Message = "{Leg} {Message}")]
    private partial void SaidOfLeg(LogLevel level, LegId leg, string message);

    [LoggerMessage(3002, LogLevel.Information, "Plugin {Plugin} {Version} is running, generation {Generation}")]
    public partial void Running(string plugin, string version, int generation);

    [LoggerMessage(3003, LogLevel.Error, "Plugin {Plugin} cannot be started: {Reason}")]
    public partial void NotStarted(string plugin, string reason);

    [LoggerMessage(3004, LogLevel.Error, "Plugin {Plugin} {Version} failed at {Kind}, the event is dropped: {Fault}\n{Stack}")]
    public partial void Fault(string plugin, string version, string kind, string fault, string stack);

    [LoggerMessage(3005, LogLevel.Error, "{Leg} Plugin {Plugin} {Version} failed at {Kind}, the leg is hung up: {Fault}\n{Stack}")]
    public partial void LegFault(LegId leg, string plugin, string version, string kind, string fault, string stack);

    [LoggerMessage(3006, LogLevel.Critical, "Plugin {Plugin} {Version} is quarantined after {Faults} faults; swap in a version that works")]
    public partial void Quarantined(string plugin, string version, int faults);

    [LoggerMessage(3007, LogLevel.Warning, "Plugin {Plugin} {Version} held its loop for {Milliseconds} ms at {Kind}")]
    public partial void Stalled(string plugin, string version, long milliseconds, string kind);

    [LoggerMessage(3008, LogLevel.Error, "Plugin {Plugin} {Version} has not returned from {Kind} for {Milliseconds} ms; nothing of it goes on meanwhile")]
    public partial void Stuck(string plugin, string version, string kind, long milliseconds);

    [LoggerMessage(3009, LogLevel.Warning, "Plugin {Plugin} calls the engine from outside its callbacks (a thread or timer of its own?); such calls are ignored")]
    public partial void StrayCall(string plugin);

    [LoggerMessage(3010, LogLevel.Information, "Plugin {Plugin}: {Message}")]
    public partial void Swapped(string plugin, string message);

    [LoggerMessage(3011, LogLevel.Error, "Plugin {Plugin}: swap failed, {Version} stays in force: {Message}")]
    public partial void NotSwapped(string plugin, string version, string message);

    [LoggerMessage(3012, LogLevel.Warning, "Plugin {Plugin}: version {Version} is still in memory {Seconds} s after it was replaced; something outside holds it (a static event, timer, thread, task or serializer cache of the plugin)")]
    public partial void Leaked(string plugin, string version, int seconds);

    [LoggerMessage(3013, LogLevel.Debug, "Plugin {Plugin}: version {Version} has left the memory")]
    public partial void Unloaded(string plugin, string version);

    [LoggerMessage(3014, LogLevel.Warning, "Plugin {Plugin}: the receive buffer of {Listener} is {Granted} bytes instead of {Wanted}; raise net.core.rmem_max to ride out bursts")]
    public partial void SmallBuffer(string plugin, string listener, int granted, int wanted);

    [LoggerMessage(3015, LogLevel.Error, "Fault in the plugin host's loop {Loop}: {Fault}")]
    public partial void LoopFault(string loop, string fault, Exception exception);

    private static LogLevel Level(PluginLogLevel level) => level switch
    {
        PluginLogLevel.Debug => LogLevel.Debug,
        PluginLogLevel.Info => LogLevel.Information,
        PluginLogLevel.Warning => LogLevel.Warning,
        PluginLogLevel.Error => LogLevel.Error,
        _ => LogLevel.Information,
    };
}
