using XSwitchEngine.Abstractions;
using XSwitchEngine.Core;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Media;
using XSwitchEngine.Scripting;

namespace XSwitchEngine.Host;

/// <summary>Puts the parts of the engine together.</summary>
internal static class EngineBuilder
{
    /// <summary>The parts as they are in a release.</summary>
    public static Composition Composition { get; } = new(CreateEngineAsync, ReadPlugins, CheckScripts);

    private static async Task<RunningEngine> CreateEngineAsync(HostContext context)
    {
        var options = context.Configuration.Engine;
        PluginHost? plugins = null;
        var engine = new Engine(new EngineParts
        {
            Options = options,
            Time = context.Time,
            Logging = context.Loggers,
            Directory = context.Directory,
            Cdr = context.Cdr,
            Events = context.Events,
            Media = events => CreateMedia(options, events, context),
            Scripts = port => new LuaScriptEngine(ScriptOptions(options), port, context.Time),
            Plugins = calls => plugins = CreatePlugins(calls, context),
        });
        engine.Start();
        var failures = await plugins!.StartAsync(CancellationToken.None);
        if (failures.Count > 0)
        {
            await plugins.DisposeAsync();
            await engine.DisposeAsync();
            throw new InvalidDataException(string.Join('\n', failures));
        }

        engine.MarkReady();
        return new RunningEngine(engine, plugins.ConfigureAsync, async () =>
        {
            // Plugins first: what they still have to say (a BYE) needs their sockets, and they need the calls.
            await plugins.DisposeAsync();
            await engine.DisposeAsync();
        });
    }

    private static MediaEngine CreateMedia(EngineOptions options, Action<MediaEvent> events, HostContext context)
    {
        var log = context.Loggers.CreateLogger("XSwitchEngine.Media");
        return new MediaEngine(new MediaEngineOptions
        {
            Events = events,
            PortStart = options.RtpPortStart,
            PortEnd = options.RtpPortEnd,
            WebRtcPort = options.WebRtcPort,
            GatherUs = options.MediaGatherUs,
            Loops = options.MediaLoops > 0 ? options.MediaLoops : Math.Clamp(Environment.ProcessorCount, 1, 64),
            Time = context.Time,
            DeferWake = WakeBatch.TryDefer,
            Fault = (exception, _, _) => Log.MediaFault(log, exception),
        });
    }

    private static PluginHost CreatePlugins(ICallCore calls, HostContext context)
    {
        var sections = context.Configuration.Plugins;
        return new PluginHost(
            new PluginHostOptions
            {
                PluginDirectory = context.Configuration.Engine.PluginDirectory,
                Configuration = name => sections.GetValueOrDefault(name),
                SecurityLog = context.Security.Append,
                Http = context.Web.Listeners.Http,
                Https = context.Web.Listeners.Https,
                Routes = context.Web.Routes,
                Certificates = context.Web.Certificates,
                OnCoreLoop = new HashSet<string> { "sip" },
                Connections = new ConnectionLimits
                {
                    MaxConnections = context.Configuration.Engine.MaxConnections,
                    MaxPerAddress = context.Configuration.Engine.MaxConnectionsPerSource,
                },
            },
            calls,
            context.Directory,
            context.Time,
            context.Loggers);
    }

    private static ScriptEngineOptions ScriptOptions(EngineOptions options)
    {
        var recordings = Path.Combine(options.DataDirectory, "recordings");
        return new ScriptEngineOptions
        {
            ScriptDirectory = options.ScriptDirectory,
            Shards = options.ScriptShards,
            ReadableDirectories = [options.SoundDirectory],
            WritableDirectories = [recordings],
            TemporaryDirectory = Path.Combine(options.DataDirectory, "tmp"),
            AllowSystem = options.AllowSystem,
        };
    }

    private static PluginCatalog ReadPlugins(string directory)
    {
        var manifests = new List<PluginManifest>();
        var faults = new List<string>();
        var versions = File.Exists(Path.Combine(directory, PluginManifestReader.FileName))
            ? [directory]
            : PluginDirectory.Names(directory).Select(name => PluginDirectory.Newest(Path.Combine(directory, name))!);
        foreach (var version in versions)
        {
            if (PluginManifestReader.TryRead(version, out var manifest, out var error))
            {
                manifests.Add(manifest);
            }
            else
            {
                faults.Add(error);
            }
        }

        return new PluginCatalog(manifests, faults);
    }

    private static List<string> CheckScripts(EngineOptions options)
    {
        if (!Directory.Exists(options.ScriptDirectory))
        {
            return [$"{options.ScriptDirectory}: there is no such directory (Engine:ScriptDirectory)"];
        }

        using var scripts = new LuaScriptEngine(ScriptOptions(options) with { Shards = 1, WatchFiles = false }, new NoScriptPort(), TimeProvider.System);
        var faults = Directory.EnumerateFiles(options.ScriptDirectory, "*.lua", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(scripts.Check)
            .OfType<string>()
            .Select(fault => Path.IsPathRooted(fault) ? fault : Path.Combine(options.ScriptDirectory, fault))
            .ToList();
        if (!scripts.Exists(options.DialplanScript))
        {
            faults.Add($"{Path.Combine(options.ScriptDirectory, options.DialplanScript)}: there is no such script (Engine:DialplanScript)");
        }

        return faults;
    }
}
