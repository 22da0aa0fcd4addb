using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Loads the code of plugins.</summary>
internal interface IPluginLoader
{
    /// <summary>Loads one version beside whatever is loaded already.</summary>
    /// <param name="manifest">Its checked manifest.</param>
    /// <param name="directory">Where it lies; the files may be replaced as soon as this returns.</param>
    /// <exception cref="PluginLoadException">It cannot be loaded; the message says why and what helps.</exception>
    ILoadedPlugin Load(PluginManifest manifest, string directory);
}

/// <summary>The code of one version of a plugin.</summary>
internal interface ILoadedPlugin
{
    /// <summary>Makes an instance.</summary>
    /// <exception cref="PluginLoadException">Its constructor failed.</exception>
    IProtocolPlugin Create();

    /// <summary>Lets go of the code, once.</summary>
    /// <returns>Dies when the code has really left the memory.</returns>
    WeakReference Unload();
}

/// <summary>A version of a plugin cannot be used.</summary>
/// <param name="phase"><c>resolve</c>, <c>ctor</c>, <c>listen</c>, <c>start</c>, <c>import</c>, <c>export</c>, <c>options</c> or <c>manifest</c>.</param>
/// <param name="message">Why, and what helps.</param>
internal sealed class PluginLoadException(string phase, string message) : Exception($"{phase}: {message}")
{
    /// <summary>How far it came.</summary>
    public string Phase { get; } = phase;

    /// <summary>An exception of a plugin in words. Its object is not kept: it would hold the plugin's code in memory.</summary>
    public static PluginLoadException From(string phase, Exception e, string hint = "") =>
        new(phase, Describe(e) + (hint.Length == 0 ? "" : $" ({hint})"));

    /// <summary>Type and message of an exception and of those within it, on one line.</summary>
    public static string Describe(Exception e)
    {
        var parts = new List<string>();
        for (var at = e; at is not null && parts.Count < 5; at = at.InnerException)
        {
            if (at is not System.Reflection.TargetInvocationException)
            {
                parts.Add($"{at.GetType().FullName}: {at.Message}");
            }
        }

        return LogText.Escape(string.Join(" <- ", parts));
    }
}
