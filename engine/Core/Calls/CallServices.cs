using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>What the call core stands on.</summary>
internal sealed class CallServices
{
    public required EngineOptions Options { get; init; }

    public required EventLoop Loop { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Log { get; init; }

    public required IMediaEngine Media { get; init; }

    public required ISwitchDirectory Directory { get; init; }

    public required ICdrJournal Cdr { get; init; }

    public required IEventBus Events { get; init; }

    /// <summary>Set once after construction: plugins and core refer to each other.</summary>
    public IPluginRegistry Plugins { get; set; } = null!;

    /// <summary>Set once after construction: scripts and core refer to each other.</summary>
    public IScriptEngine Scripts { get; set; } = null!;

    /// <summary>Sends a text message through the chat plan; told status and reason once. Any thread.</summary>
    public Action<TextMessage, Action<int, string>> SubmitMessage { get; set; } = static (_, onResult) => onResult(501, "this engine carries no text messages");

    /// <summary>Global variables; written from any thread.</summary>
    public LegVariables Globals { get; } = new();
}
