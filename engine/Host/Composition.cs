using XSwitchEngine.Abstractions;
using XSwitchEngine.Core;

namespace XSwitchEngine.Host;

/// <summary>How the parts are made that the host only knows by their interfaces.</summary>
/// <param name="CreateEngine">Makes the engine: listeners bound, plugins and scripts loaded. An <see cref="IOException"/> or <see cref="InvalidDataException"/> says why not, in words.</param>
/// <param name="ReadPlugins">Reads the manifests below a plugin directory, and what is wrong with them.</param>
/// <param name="CheckScripts">Compiles all scripts and tells what is wrong, one <c>file:line: message</c> each.</param>
internal sealed record Composition(
    Func<HostContext, Task<RunningEngine>> CreateEngine,
    Func<string, PluginCatalog> ReadPlugins,
    Func<EngineOptions, IReadOnlyList<string>> CheckScripts);

/// <summary>An engine that takes calls.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="ConfigurePluginAsync">Gives a plugin its new section as JSON (null for none); returns what is wrong with it, nothing when it is in force.</param>
/// <param name="CloseAsync">Ends it, after it has drained.</param>
internal sealed record RunningEngine(IEngine Engine, Func<string, string?, Task<IReadOnlyList<string>>> ConfigurePluginAsync, Func<ValueTask> CloseAsync);

/// <summary>The plugins below a directory.</summary>
/// <param name="Manifests">The newest sound manifest of each plugin.</param>
/// <param name="Faults">What is wrong with others, one line each.</param>
internal sealed record PluginCatalog(IReadOnlyList<PluginManifest> Manifests, IReadOnlyList<string> Faults);
