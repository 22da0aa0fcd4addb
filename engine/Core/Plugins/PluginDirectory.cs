namespace XSwitchEngine.Core.Plugins;

/// <summary>Finds versions below the plugin directory: <c>{name}/{version}/plugin.json</c>.</summary>
public static class PluginDirectory
{
    /// <summary>The plugins there, by name.</summary>
    public static IReadOnlyList<string> Names(string root)
    {
        if (!System.IO.Directory.Exists(root))
        {
            return [];
        }

        return [.. System.IO.Directory.EnumerateDirectories(root).Where(static d => Newest(d) is not null).Select(static d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];
    }

    /// <summary>The directory of the newest version of a plugin, or null. Names that are no version (such as <c>1.4.0.tmp</c>, being written) do not count.</summary>
    public static string? Newest(string pluginDirectory)
    {
        if (!System.IO.Directory.Exists(pluginDirectory))
        {
            return null;
        }

        return System.IO.Directory.EnumerateDirectories(pluginDirectory)
            .Select(static d => (Path: d, IsVersion: SemanticVersion.TryParse(Path.GetFileName(d), out var version), Version: version))
            .Where(static d => d.IsVersion && File.Exists(Path.Combine(d.Path, PluginManifestReader.FileName)))
            .OrderByDescending(static d => d.Version)
            .Select(static d => d.Path)
            .FirstOrDefault();
    }
}
