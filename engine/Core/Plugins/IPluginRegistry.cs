using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The plugins in force, as the core needs them. Thread-safe; no member blocks.</summary>
public interface IPluginRegistry
{
    /// <summary>Queues a command for the plugin that serves an endpoint scheme.</summary>
    /// <param name="endpoint">Such as <c>sofia</c>.</param>
    /// <param name="command">The command.</param>
    /// <returns>False when no plugin serves the scheme, or it is quarantined or overloaded.</returns>
    bool Dispatch(string endpoint, LegCommand command);

    /// <summary>Whether a plugin serves the scheme.</summary>
    /// <param name="endpoint">Such as <c>sofia</c>.</param>
    bool Serves(string endpoint);

    /// <summary>Runs an API command that a plugin's manifest names.</summary>
    /// <param name="command">Its first word.</param>
    /// <param name="commandLine">The whole line.</param>
    /// <param name="onReply">Called once with the reply on any thread; after 10 s with an error text.</param>
    /// <returns>False when no plugin has that command.</returns>
    bool TryApi(string command, string commandLine, Action<string> onReply);

    /// <summary>What an offer to a dial target of an endpoint looks like, as its plugin's manifest says.</summary>
    /// <param name="endpoint">Such as <c>verto.rtc</c>; plain RTP when nobody serves it.</param>
    MediaProfile MediaOf(string endpoint);

    /// <summary>Lets the plugin that serves an endpoint scheme deliver a text message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="target">To whom; its endpoint chooses the plugin.</param>
    /// <param name="onResult">Called once, on any thread, with status (as SIP counts) and reason; after 32 s with 408.</param>
    /// <returns>False when no plugin serves the scheme.</returns>
    bool TryMessage(TextMessage message, DialTarget target, Action<int, string> onResult);

    /// <summary>Loads a version beside the running one and changes over; calls, connections and registrations stay.</summary>
    /// <param name="name">The plugin.</param>
    /// <param name="directory">Directory of the new version; null for the newest below the plugin's directory.</param>
    /// <param name="cancellationToken">Gives up before the change-over.</param>
    /// <returns>What happened, in words, and whether the new version is in force.</returns>
    Task<SwapResult> SwapAsync(string name, string? directory, CancellationToken cancellationToken);

    /// <summary>All plugins with their state.</summary>
    IReadOnlyList<PluginStatus> Status { get; }
}

/// <summary>Outcome of a swap.</summary>
/// <param name="Succeeded">Whether the new version is in force after its probation.</param>
/// <param name="Message">What happened, with the phase (<c>manifest</c>, <c>resolve</c>, <c>start</c>, <c>import</c>, <c>probation</c>) of a failure.</param>
/// <param name="Pause">How long the mailbox stood still.</param>
public sealed record SwapResult(bool Succeeded, string Message, TimeSpan Pause);

/// <summary>One plugin in force.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="State">running, quarantined, stopped.</param>
/// <param name="Generation">1 at start, one more at each swap.</param>
/// <param name="Events">Events handled.</param>
/// <param name="Faults">Exceptions in callbacks.</param>
/// <param name="LeakedContexts">Old load contexts that are still in memory 30 s after their swap.</param>
/// <param name="Listeners">What it listens on.</param>
/// <param name="Metrics">Counters and gauges that it reports.</param>
public sealed record PluginStatus(string Name, string Version, string State, int Generation, long Events, long Faults, int LeakedContexts, IReadOnlyList<ListenerInfo> Listeners, IReadOnlyDictionary<string, long> Metrics);
