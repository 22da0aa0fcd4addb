using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using McMaster.NETCore.Plugins;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Loads each version into an unloadable context of its own. Only the contract is shared with the engine; all else a plugin brings along.</summary>
internal sealed class ContextLoader : IPluginLoader
{
    public ILoadedPlugin Load(PluginManifest manifest, string directory)
    {
        var path = Path.GetFullPath(Path.Combine(directory, manifest.Assembly));
        PluginLoader? loader = null;
        try
        {
            loader = PluginLoader.CreateFromAssemblyFile(
                path,
                isUnloadable: true,
                [typeof(IProtocolPlugin)],
                static config => config.LoadInMemory = true); // the files can be replaced while it runs
            var assembly = loader.LoadDefaultAssembly(); // once: a second call fails on a context that loads into memory
            var type = assembly.GetType(manifest.Entry, throwOnError: false) ?? throw new PluginLoadException("resolve", MissingEntry(assembly, manifest));
            if (!typeof(IProtocolPlugin).IsAssignableFrom(type) || type.IsAbstract)
            {
                throw new PluginLoadException("resolve", NotAPlugin(type));
            }

            return new LoadedPlugin(loader, assembly, type);
        }
        catch (PluginLoadException)
        {
            loader?.Dispose();
            throw;
        }
        catch (Exception e)
        {
            loader?.Dispose();
            throw PluginLoadException.From("resolve", e, Hint(e));
        }
    }

    private static string MissingEntry(Assembly assembly, PluginManifest manifest)
    {
        string[] names;
        try
        {
            names = [.. assembly.GetTypes().Where(static t => typeof(IProtocolPlugin).IsAssignableFrom(t) && !t.IsAbstract).Select(static t => t.FullName!)];
        }
        catch (ReflectionTypeLoadException e)
        {
            return $"{manifest.Assembly} has no type {manifest.Entry} ({e.LoaderExceptions.FirstOrDefault()?.Message})";
        }

        return $"{manifest.Assembly} has no type {manifest.Entry}"
            + (names.Length == 0 ? " and none that implements IProtocolPlugin" : $"; entry could be {string.Join(" or ", names)}");
    }

    private static string NotAPlugin(Type type)
    {
        var foreign = type.GetInterfaces().FirstOrDefault(static i => i.FullName == typeof(IProtocolPlugin).FullName);
        return foreign is null
            ? $"{type.FullName} does not implement IProtocolPlugin, or is abstract"
            : $"{type.FullName} implements IProtocolPlugin of {foreign.Assembly.FullName}, not the engine's {typeof(IProtocolPlugin).Assembly.FullName}: reference the contract with Private=\"false\" ExcludeAssets=\"runtime\"";
    }

    private static string Hint(Exception e) => e switch
    {
        BadImageFormatException => "the file is damaged, not .NET, or built for another processor",
        FileNotFoundException f => $"{f.FileName ?? "an assembly that it needs"} is not beside the plugin: build the plugin with EnableDynamicLoading so that what it needs lies beside it",
        TypeLoadException or MissingMemberException => $"it was built against another contract than {PluginManifest.ContractVersion}",
        _ => "",
    };

    private sealed class LoadedPlugin(PluginLoader loader, Assembly assembly, Type entry) : ILoadedPlugin
    {
        private PluginLoader? _loader = loader;
        private Assembly? _assembly = assembly;
        private Type? _entry = entry;

        public IProtocolPlugin Create()
        {
            try
            {
                return (IProtocolPlugin)Activator.CreateInstance(_entry!, nonPublic: true)!;
            }
            catch (Exception e)
            {
                throw PluginLoadException.From("ctor", e, e is MissingMethodException ? "the entry type needs a constructor without parameters" : Hint(e.InnerException ?? e));
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public WeakReference Unload()
        {
            var context = new WeakReference(AssemblyLoadContext.GetLoadContext(_assembly!), trackResurrection: true);
            _loader!.Dispose();
            _loader = null;
            _assembly = null;
            _entry = null;
            return context;
        }
    }
}
