using XSwitchEngine.Core;

namespace XSwitchEngine.Host.Configuration;

/// <summary>Where the engine looks when the configuration does not say.</summary>
internal static class DefaultDirectories
{
    /// <summary>Fills in what is empty and makes all directories absolute.</summary>
    /// <param name="options">The options.</param>
    /// <remarks>
    /// Plugins lie beside the program. Scripts are those of the working directory if it has any, so that they can be edited in a checkout;
    /// else the copy beside the program. Prompts lie below the scripts.
    /// </remarks>
    public static void Apply(EngineOptions options)
    {
        var program = AppContext.BaseDirectory;
        options.DataDirectory = Path.GetFullPath(options.DataDirectory);
        options.PluginDirectory = Path.GetFullPath(options.PluginDirectory.Length > 0 ? options.PluginDirectory : Path.Combine(program, "plugins"));
        if (options.ScriptDirectory.Length == 0)
        {
            options.ScriptDirectory = File.Exists(Path.Combine("scripts", options.DialplanScript)) ? "scripts" : Path.Combine(program, "scripts");
        }

        options.ScriptDirectory = Path.GetFullPath(options.ScriptDirectory);
        options.SoundDirectory = options.SoundDirectory.Length > 0 ? Path.GetFullPath(options.SoundDirectory) : Path.Combine(options.ScriptDirectory, "sounds");
    }
}
