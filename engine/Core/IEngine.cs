using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core;

/// <summary>The running engine as its host (command line, HTTP, control socket) sees it. Thread-safe.</summary>
public interface IEngine
{
    /// <summary>Runs one API command, such as <c>show channels as json</c>.</summary>
    /// <param name="commandLine">The whole line.</param>
    /// <param name="cancellationToken">Gives up waiting; what was begun goes on.</param>
    /// <returns>The reply text, as FreeSWITCH formats it.</returns>
    Task<string> ApiAsync(string commandLine, CancellationToken cancellationToken);

    /// <summary>Whether listeners are bound, scripts are loaded, and the engine is not draining.</summary>
    bool IsReady { get; }

    /// <summary>Counters, a snapshot.</summary>
    EngineStatistics Statistics { get; }

    /// <summary>The plugins.</summary>
    IPluginRegistry Plugins { get; }

    /// <summary>The directory.</summary>
    ISwitchDirectory Directory { get; }

    /// <summary>Events.</summary>
    IEventBus Events { get; }

    /// <summary>Scripts.</summary>
    IScriptEngine Scripts { get; }

    /// <summary>Media.</summary>
    IMediaEngine Media { get; }

    /// <summary>Refuses new calls, waits for live ones until the drain time is over, hangs up the rest, writes all records.</summary>
    /// <param name="cancellationToken">Ends the wait at once (a second signal).</param>
    Task DrainAsync(CancellationToken cancellationToken);
}

/// <summary>Counters of the engine.</summary>
/// <param name="Sessions">Legs now.</param>
/// <param name="Calls">Bridges now.</param>
/// <param name="PeakSessions">Most legs at once since the start.</param>
/// <param name="TotalSessions">Legs since the start.</param>
/// <param name="SessionsPerSecond">Legs made in the last full second.</param>
/// <param name="RefusedSessions">Legs refused because of a limit or drain.</param>
/// <param name="Faults">Exceptions caught by the core loop.</param>
/// <param name="LoopLength">Items waiting for the core loop.</param>
/// <param name="HangupCauses">Ended legs by cause.</param>
/// <param name="StartTime">When the engine started.</param>
/// <param name="IsDraining">Whether new calls are refused.</param>
public sealed record EngineStatistics(int Sessions, int Calls, int PeakSessions, long TotalSessions, int SessionsPerSecond, long RefusedSessions, long Faults, int LoopLength, IReadOnlyDictionary<string, long> HangupCauses, DateTimeOffset StartTime, bool IsDraining);
