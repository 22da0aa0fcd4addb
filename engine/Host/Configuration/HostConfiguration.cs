using XSwitchEngine.Core;

namespace XSwitchEngine.Host.Configuration;

/// <summary>The whole configuration, validated.</summary>
/// <param name="Engine">Section <c>Engine</c>, with absolute directories.</param>
/// <param name="Http">Section <c>Http</c>.</param>
/// <param name="Log">Section <c>Log</c>.</param>
/// <param name="Plugins">Section of each plugin as JSON text, by the plugin's name; only what is configured, in the manifest's spelling.</param>
/// <param name="Values">Every configured value by its path, to compare two configurations.</param>
/// <param name="File">The file it was read from, or null.</param>
internal sealed record HostConfiguration(
    EngineOptions Engine,
    HttpOptions Http,
    LogOptions Log,
    IReadOnlyDictionary<string, string> Plugins,
    IReadOnlyDictionary<string, string> Values,
    string? File);
