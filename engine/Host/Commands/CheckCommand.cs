using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host.Commands;

/// <summary><c>xswitch check</c>: configuration, manifests and scripts, without starting anything.</summary>
internal static class CheckCommand
{
    /// <summary>Checks everything and prints every fault.</summary>
    /// <returns>1 when anything is wrong.</returns>
    public static int Run(ConfigSources sources, Composition composition, TextWriter output)
    {
        var faults = new List<ConfigFault>();
        var plugins = new PluginCatalog([], []);
        var configuration = ConfigLoader.Load(
            sources,
            directory => (plugins = composition.ReadPlugins(directory)).Manifests,
            faults);
        var lines = faults.Select(f => f.ToString()).Concat(plugins.Faults).ToList();
        if (configuration is not null)
        {
            lines.AddRange(composition.CheckScripts(configuration.Engine));
        }

        lines.ForEach(output.WriteLine);
        if (lines.Count == 0)
        {
            output.WriteLine($"{configuration!.File ?? "defaults"}: sound; {plugins.Manifests.Count} plugins, scripts in {configuration.Engine.ScriptDirectory}");
        }

        return lines.Count == 0 ? 0 : 1;
    }
}
