using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core;

/// <summary>What an <see cref="Engine"/> is made of.</summary>
public sealed class EngineParts
{
    /// <summary>Configuration, validated.</summary>
    public required EngineOptions Options { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where log lines go.</summary>
    public required ILoggerFactory Logging { get; init; }

    /// <summary>Users and registrations.</summary>
    public required ISwitchDirectory Directory { get; init; }

    /// <summary>Call records.</summary>
    public required ICdrJournal Cdr { get; init; }

    /// <summary>Events.</summary>
    public required IEventBus Events { get; init; }

    /// <summary>Makes the media plane; it reports to the given receiver on its own threads.</summary>
    public required Func<Action<MediaEvent>, IMediaEngine> Media { get; init; }

    /// <summary>Makes the script host.</summary>
    public required Func<IScriptPort, IScriptEngine> Scripts { get; init; }

    /// <summary>Makes the plugin host; it is started by its owner after the engine.</summary>
    public required Func<ICallCore, IPluginRegistry> Plugins { get; init; }
}
