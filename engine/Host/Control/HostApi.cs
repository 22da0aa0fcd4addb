using System.Globalization;
using System.Text;
using System.Text.Json;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core;

namespace XSwitchEngine.Host.Control;

/// <summary>The API commands that are the host's own; all others are the engine's.</summary>
/// <remarks><c>plugin list [as json]</c>, <c>plugin swap NAME [DIR]</c>, <c>reload</c>, <c>reload NAME</c> (swaps a plugin), <c>reloadxml</c>, <c>shutdown</c>.</remarks>
internal sealed class HostApi
{
    private const string PluginUsage = "-USAGE: plugin list [as json] | plugin swap <name> [<directory>]\n";
    private readonly IEngine _engine;
    private readonly Func<Task<string>> _reload;
    private readonly Action _shutdown;

    /// <summary>Makes the commands.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="reload">Reloads the configuration and the scripts and tells what changed; begins with <c>-ERR</c> when nothing was changed.</param>
    /// <param name="shutdown">Begins to drain.</param>
    public HostApi(IEngine engine, Func<Task<string>> reload, Action shutdown)
    {
        _engine = engine;
        _reload = reload;
        _shutdown = shutdown;
    }

    /// <summary>Runs one command line.</summary>
    /// <param name="commandLine">The whole line, without white space at its ends.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<string> ExecuteAsync(string commandLine, CancellationToken cancellationToken)
    {
        var words = commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [] => "-USAGE: <command> [<arguments>]\n",
            ["plugin", "list"] => List(),
            ["plugin", "list", "as", "json"] => ListAsJson(),
            ["plugin", "swap", var name] => await SwapAsync(name, null, cancellationToken),
            ["plugin", "swap", var name, ..] => await SwapAsync(name, Rest(commandLine, words, 3), cancellationToken),
            ["plugin", ..] => PluginUsage,
            ["reload"] => await _reload(),
            ["reloadxml"] => await _reload() is var reply && ControlClient.IsFailure(reply) ? reply : "+OK [Success]\n",
            ["reload", var name] when IsPlugin(name) => await SwapAsync(name, null, cancellationToken),
            ["shutdown"] or ["fsctl", "shutdown"] => Shutdown(),
            _ => await _engine.ApiAsync(commandLine, cancellationToken),
        };
    }

    // A directory may hold spaces, so it is the rest of the line.
    private static string Rest(string line, string[] words, int from)
    {
        var at = 0;
        for (var i = 0; i < from; i++)
        {
            at = line.IndexOf(words[i], at, StringComparison.Ordinal) + words[i].Length;
        }

        return line[at..].Trim().Trim('\'');
    }

    private bool IsPlugin(string name) => _engine.Plugins.Status.Any(p => p.Name == name);

    private string Shutdown()
    {
        _shutdown();
        return "+OK draining\n";
    }

    private async Task<string> SwapAsync(string name, string? directory, CancellationToken cancellationToken)
    {
        if (!IsPlugin(name))
        {
            return $"-ERR no plugin {name}{Suggestion.Hint(name, _engine.Plugins.Status.Select(p => p.Name))}\n";
        }

        if (directory is not null && !Directory.Exists(directory))
        {
            return $"-ERR there is no directory {directory}\n";
        }

        var result = await _engine.Plugins.SwapAsync(name, directory is null ? null : Path.GetFullPath(directory), cancellationToken);
        return result.Succeeded
            ? string.Create(CultureInfo.InvariantCulture, $"+OK {result.Message} (paused {result.Pause.TotalMilliseconds:0.00} ms)\n")
            : $"-ERR {result.Message}\n";
    }

    private string List()
    {
        var text = new StringBuilder("name\tversion\tstate\tgeneration\tevents\tfaults\tleaked\tlisteners\n");
        foreach (var plugin in _engine.Plugins.Status)
        {
            var listeners = string.Join(' ', plugin.Listeners.Select(l => $"{l.Name}={l.Local}"));
            text.Append(CultureInfo.InvariantCulture, $"{plugin.Name}\t{plugin.Version}\t{plugin.State}\t{plugin.Generation}\t{plugin.Events}\t{plugin.Faults}\t{plugin.LeakedContexts}\t{listeners}\n");
        }

        return text.ToString();
    }

    private string ListAsJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var plugin in _engine.Plugins.Status)
            {
                json.WriteStartObject();
                json.WriteString("name", plugin.Name);
                json.WriteString("version", plugin.Version);
                json.WriteString("state", plugin.State);
                json.WriteNumber("generation", plugin.Generation);
                json.WriteNumber("events", plugin.Events);
                json.WriteNumber("faults", plugin.Faults);
                json.WriteNumber("leaked_contexts", plugin.LeakedContexts);
                json.WriteStartArray("listeners");
                foreach (var listener in plugin.Listeners)
                {
                    json.WriteStartObject();
                    json.WriteString("name", listener.Name);
                    json.WriteString("profile", listener.Profile);
                    json.WriteString("transport", listener.Transport.ToString().ToLowerInvariant());
                    json.WriteString("address", listener.Local.Address.ToString());
                    json.WriteNumber("port", listener.Local.Port);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }
}
