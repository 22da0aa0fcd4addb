using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>One instance of one version of a plugin, with its view of the host.</summary>
internal sealed class PluginInstance(PluginManifest manifest, ILoadedPlugin code, IProtocolPlugin plugin, InstanceHost host, IReadOnlyList<BoundListener> listeners)
{
    private ILoadedPlugin? _code = code;

    public PluginManifest Manifest { get; } = manifest;

    /// <summary>Null once released.</summary>
    public IProtocolPlugin? Plugin { get; private set; } = plugin;

    public InstanceHost Host { get; } = host;

    public IReadOnlyList<BoundListener> Listeners { get; set; } = listeners;

    /// <summary>Lets go of the plugin and of its code.</summary>
    /// <returns>Dies when the code has left the memory; null when it was released before.</returns>
    public WeakReference? Release()
    {
        Host.Mode = InstanceMode.Revoked;
        Host.Recorder = Host.Given = null;
        Host.DiscardHeld();
        Plugin = null;
        var context = _code?.Unload();
        _code = null;
        return context;
    }
}

/// <summary>An exception of a plugin in words; the object itself is not kept, for it would hold the plugin's code.</summary>
/// <param name="Text">Types and messages.</param>
/// <param name="Stack">Where.</param>
internal sealed record PluginFault(string Text, string Stack)
{
    public static PluginFault Of(Exception e) => new(PluginLoadException.Describe(e), e.StackTrace ?? "");
}
