using System.CommandLine;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Host.Configuration;
using XSwitchEngine.Host.Control;
using XSwitchEngine.Host.Logging;

namespace XSwitchEngine.Host.Commands;

/// <summary>The command line: verbs, options, and what they do. Exit code 0 is success, 1 a failure told in words, 2 a wrong command line.</summary>
internal sealed class CommandLine
{
    private readonly Composition _composition;
    private readonly IReadOnlyList<(string Path, string Value)> _overrides;
    private readonly Option<string?> _data = new("--data") { Description = "Directory of all state (default ./data).", Recursive = true, HelpName = "DIR" };
    private readonly Option<string?> _config = new("--config") { Description = "Configuration file (default ./xswitch.json, then xswitch.json of the data directory, if there is one).", Recursive = true, HelpName = "FILE" };
    private readonly Option<string?> _logFormat = new("--log-format") { Description = "Form of log lines.", Recursive = true, HelpName = "text|json" };

    /// <summary>Makes the command line.</summary>
    /// <param name="composition">How the engine is made.</param>
    /// <param name="overrides">Arguments <c>--Section:Key=value</c>.</param>
    public CommandLine(Composition composition, IReadOnlyList<(string Path, string Value)> overrides)
    {
        _composition = composition;
        _overrides = overrides;
    }

    /// <summary>Runs the program.</summary>
    /// <param name="arguments">Without the overrides.</param>
    public async Task<int> InvokeAsync(string[] arguments)
    {
        var result = Build().Parse(arguments);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync("xswitch --help lists verbs and options");
            return 2;
        }

        // The engine has its own way to end: the library would kill it two seconds after the first signal.
        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private RootCommand Build()
    {
        var execute = new Option<string?>("-x") { Description = "Run one API command of the running engine, such as \"show channels as json\".", HelpName = "COMMAND" };
        var root = new RootCommand("XSwitchEngine: a telephony engine with plugins and Lua scripts.\nAny option of the configuration can be given as --Section:Key=value, such as --Sip:Profiles:internal:Port=5070.")
        {
            _data, _config, _logFormat, execute,
        };
        root.SetAction((parsed, _) => parsed.GetValue(execute) is { } command ? ExecuteAsync(parsed, command) : RunAsync(parsed));

        var run = new Command("run", "Start the engine (the default).");
        run.SetAction((parsed, _) => RunAsync(parsed));
        root.Add(run);

        var check = new Command("check", "Validate configuration, plugin manifests and scripts.");
        check.SetAction(parsed => CheckCommand.Run(Sources(parsed), _composition, Console.Out));
        root.Add(check);

        var json = new Option<bool>("--json") { Description = "As JSON." };
        var users = new Command("users", "List the users with their passwords.") { json };
        users.SetAction(parsed => Users(parsed, parsed.GetValue(json)));
        root.Add(users);

        root.Add(BuildPlugin());

        var version = new Command("version", "Print the version.");
        version.SetAction(_ => Console.Out.WriteLine($"XSwitchEngine {Program.Version}"));
        root.Add(version);
        return root;
    }

    private Command BuildPlugin()
    {
        var plugin = new Command("plugin", "Plugins of the running engine, or of a directory.");
        var json = new Option<bool>("--json") { Description = "As JSON." };
        var list = new Command("list", "List the plugins of the running engine.") { json };
        list.SetAction((parsed, _) => ExecuteAsync(parsed, parsed.GetValue(json) ? "plugin list as json" : "plugin list"));
        plugin.Add(list);

        var name = new Argument<string>("NAME") { Description = "The plugin." };
        var directory = new Argument<string?>("DIR") { Description = "Directory of the new version; without it the newest below the plugin's directory.", Arity = ArgumentArity.ZeroOrOne };
        var swap = new Command("swap", "Change a plugin of the running engine to another version; calls go on.") { name, directory };
        swap.SetAction((parsed, _) => ExecuteAsync(
            parsed,
            parsed.GetValue(directory) is { } given ? $"plugin swap {parsed.GetRequiredValue(name)} {Path.GetFullPath(given)}" : $"plugin swap {parsed.GetRequiredValue(name)}"));
        plugin.Add(swap);

        var where = new Argument<string>("DIR") { Description = "Directory of one version of a plugin, or of many plugins." };
        var check = new Command("check", "Check plugin manifests without loading code.") { where };
        check.SetAction(parsed => CheckPlugins(parsed.GetRequiredValue(where)));
        plugin.Add(check);
        return plugin;
    }

    private ConfigSources Sources(ParseResult parsed) => new(
        parsed.GetValue(_config), parsed.GetValue(_data), Environment.GetEnvironmentVariables(), _overrides, parsed.GetValue(_logFormat));

    private HostConfiguration? Load(ConfigSources sources)
    {
        var faults = new List<ConfigFault>();
        var configuration = ConfigLoader.Load(sources, directory => _composition.ReadPlugins(directory).Manifests, faults);
        faults.ForEach(Console.Error.WriteLine);
        return configuration;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        var sources = Sources(parsed);
        if (Load(sources) is not { } configuration)
        {
            return 1;
        }

        using var output = new LogWriter(Console.OpenStandardOutput());
        try
        {
            await using var host = new EngineHost(configuration, sources, _composition, output);
            await host.RunAsync();
            return 0;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            output.Dispose();
            await Console.Error.WriteLineAsync($"xswitch: {e.Message}");
            return 1;
        }
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, string command)
    {
        if (Load(Sources(parsed)) is not { } configuration)
        {
            return 1;
        }

        try
        {
            var reply = await ControlClient.ExecuteAsync(configuration.Engine.DataDirectory, command, CancellationToken.None);
            await Console.Out.WriteAsync(reply);
            return ControlClient.IsFailure(reply) ? 1 : 0;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync($"xswitch: {e.Message}");
            return 1;
        }
    }

    private int Users(ParseResult parsed, bool json)
    {
        if (Load(Sources(parsed)) is not { } configuration)
        {
            return 1;
        }

        try
        {
            UsersCommand.Print(SwitchDirectory.ReadUsers(configuration.Engine), json, Console.Out);
            return 0;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"xswitch: {e.Message}");
            return 1;
        }
    }

    private int CheckPlugins(string directory)
    {
        var catalog = _composition.ReadPlugins(Path.GetFullPath(directory));
        foreach (var manifest in catalog.Manifests)
        {
            Console.Out.WriteLine($"{manifest.Name} {manifest.Version}: sound (api {manifest.Api}, {manifest.Listeners.Count} listeners)");
        }

        foreach (var fault in catalog.Faults)
        {
            Console.Out.WriteLine(fault);
        }

        if (catalog.Manifests.Count + catalog.Faults.Count == 0)
        {
            Console.Out.WriteLine($"{directory}: there is no plugin.json here or below");
        }

        return catalog.Faults.Count == 0 && catalog.Manifests.Count > 0 ? 0 : 1;
    }
}
