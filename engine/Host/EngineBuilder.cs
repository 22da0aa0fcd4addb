using XSwitchEngine.Abstractions;
using XSwitchEngine.Core;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;
using XSwitchEngine.Scripting;

namespace XSwitchEngine.Host;

/// <summary>Puts the parts of the engine together.</summary>
internal static class EngineBuilder
{
    /// <summary>The parts as they are in a release.</summary>
    public static Composition Composition { get; } = new(CreateAsync, ReadPlugins, CheckScripts);

    private static async Task<RunningEngine> CreateAsync(HostContext context)
    {
        var options = context.Configuration.Engine;
        Directory.CreateDirectory(Path.Combine(options.DataDirectory, "recordings"));
        PluginHost? plugins = null;
        var engine = new Engine(new EngineParts
        {
            Options = options,
            Time = context.Time,
            Logging = context.Loggers,
            Directory = context.Directory,
            Cdr = context.Cdr,
            Events = context.Events,
            Media = sink => CreateMedia(options, sink, context),
            Scripts = port => new LuaScriptEngine(ScriptOptions(options), port, context.Time),
            Plugins = calls => plugins = new PluginHost(
                new PluginHostOptions
                {
                    PluginDirectory = options.PluginDirectory,
                    Configuration = name => context.Configuration.Plugins.GetValueOrDefault(name),
                    SecurityLog = context.Security.Append,
                },
                calls,
                context.Directory,
                context.Time,
                context.Loggers),
        });
        var host = plugins!;        // the engine has just made it
        try
        {
            engine.Start();
            var failures = await host.StartAsync(CancellationToken.None);
            if (failures.Count > 0)
            {
                throw new InvalidDataException(string.Join('\n', failures));
            }

            engine.MarkReady();
            return new RunningEngine(engine, host.ConfigureAsync, CloseAsync);
        }
        catch
        {
            await CloseAsync();
            throw;
        }

        async ValueTask CloseAsync()
        {
            await host.DisposeAsync();
            await engine.DisposeAsync();
        }
    }

    private static MediaEngine CreateMedia(EngineOptions options, Action<MediaEvent> sink, HostContext context)
    {
        var log = context.Loggers.CreateLogger("media");
        return new MediaEngine(new MediaEngineOptions
        {
            Events = sink,
            PortStart = options.RtpPortStart,
            PortEnd = options.RtpPortEnd,
            Loops = options.MediaLoops > 0 ? options.MediaLoops : Math.Clamp(Environment.ProcessorCount, 1, 64),
            Time = context.Time,
            Fault = (e, session, owner) => Log.MediaFault(log, owner, session.RtpPort, e),
        });
    }

    private static ScriptEngineOptions ScriptOptions(EngineOptions options) => new()
    {
        ScriptDirectory = options.ScriptDirectory,
        Shards = options.ScriptShards,
        WritableDirectories = [Path.Combine(options.DataDirectory, "recordings")],
        ReadableDirectories = [options.SoundDirectory],
        TemporaryDirectory = Path.GetTempPath(),
        AllowSystem = options.AllowSystem,
    };

    private static PluginCatalog ReadPlugins(string directory)
    {
        var manifests = new List<PluginManifest>();
        var faults = new List<string>();
        foreach (var name in PluginDirectory.Names(directory))
        {
            if (PluginDirectory.Newest(Path.Combine(directory, name)) is not { } newest)
            {
                continue;
            }

            if (PluginManifestReader.TryRead(Path.Combine(newest, PluginManifestReader.FileName), out var manifest, out var error))
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

    private static IReadOnlyList<string> CheckScripts(EngineOptions options)
    {
        if (!Directory.Exists(options.ScriptDirectory))
        {
            return [$"{options.ScriptDirectory}: no such directory"];
        }

        using var scripts = new LuaScriptEngine(ScriptOptions(options) with { Shards = 1, WatchFiles = false }, new SilentPort(), TimeProvider.System);
        return [.. Directory.EnumerateFiles(options.ScriptDirectory, "*.lua", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(scripts.Check).OfType<string>()];
    }

    /// <summary>Nothing runs while scripts are only checked.</summary>
    private sealed class SilentPort : IScriptPort
    {
        public void Begin(OpToken token, LegId leg, ScriptOp op, string?[] args, bool wantsInput)
        {
        }

        public void Control(OpToken token, string command)
        {
        }

        public string? GetVariable(LegId leg, string name) => null;

        public void SetVariable(LegId leg, string name, string? value)
        {
        }

        public string? GetGlobal(string name) => null;

        public void SetGlobal(string name, string? value)
        {
        }

        public LegSnapshot Snapshot(LegId leg) => default;

        public bool TryFindLeg(string uuid, out LegId leg)
        {
            leg = default;
            return false;
        }

        public void SetAutoHangup(LegId leg, bool on)
        {
        }

        public void Log(int level, LegId leg, string script, string text)
        {
        }

        public void Ended(ScriptRunId run, ScriptEnd end)
        {
        }
    }
}
