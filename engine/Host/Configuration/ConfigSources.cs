using System.Collections;
using System.Text.Json;

namespace XSwitchEngine.Host.Configuration;

/// <summary>Where the configuration comes from, weakest first: file, environment, arguments.</summary>
/// <param name="File">The file named on the command line; null for <c>xswitch.json</c> of the working directory, or of the data directory, if there is one.</param>
/// <param name="DataDirectory">The data directory named on the command line, or null.</param>
/// <param name="Environment">Environment variables; those that begin with <c>XSWITCH__</c> count.</param>
/// <param name="Overrides">Arguments <c>--Section:Key=value</c>, as path and value.</param>
/// <param name="LogFormat">The form of log lines named on the command line, or null.</param>
internal sealed record ConfigSources(string? File, string? DataDirectory, IDictionary Environment, IReadOnlyList<(string Path, string Value)> Overrides, string? LogFormat)
{
    /// <summary>Name of the file when none is given.</summary>
    public const string DefaultFile = "xswitch.json";

    private const string Prefix = "XSWITCH__";

    /// <summary>Splits <c>--Section:Key=value</c> (or <c>--Section:Key value</c>) arguments from the others.</summary>
    /// <param name="arguments">All arguments.</param>
    /// <param name="overrides">Receives paths and values.</param>
    /// <returns>The others.</returns>
    public static string[] SplitOverrides(IReadOnlyList<string> arguments, List<(string Path, string Value)> overrides)
    {
        var others = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? argument : argument[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !name.Contains(':', StringComparison.Ordinal) || name.Any(char.IsWhiteSpace))
            {
                others.Add(argument);
            }
            else if (equals >= 0)
            {
                overrides.Add((name[2..], argument[(equals + 1)..]));
            }
            else
            {
                overrides.Add((name[2..], i + 1 < arguments.Count ? arguments[++i] : ""));
            }
        }

        return [.. others];
    }

    /// <summary>Reads and overlays all sources.</summary>
    /// <param name="faults">Receives what cannot be read.</param>
    /// <param name="file">The file that was read, or null.</param>
    public ConfigNode Read(List<ConfigFault> faults, out string? file)
    {
        var root = new ConfigNode(JsonTokenType.StartObject, "configuration");
        file = FindFile();
        if (file is not null)
        {
            root = ReadFile(file, faults) ?? root;
        }

        foreach (DictionaryEntry variable in Environment)
        {
            if (variable.Key is string name && name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && name.Length > Prefix.Length)
            {
                Overlay(root, name[Prefix.Length..].Split("__"), (string)variable.Value!, $"environment variable {name}", faults);
            }
        }

        foreach (var (path, value) in Overrides)
        {
            Overlay(root, path.Split(':'), value, $"argument --{path}", faults);
        }

        if (DataDirectory is not null)
        {
            Overlay(root, ["Engine", "DataDirectory"], DataDirectory, "argument --data", faults);
        }

        if (LogFormat is not null)
        {
            Overlay(root, ["Log", "Format"], LogFormat, "argument --log-format", faults);
        }

        return root;
    }

    private static void Overlay(ConfigNode root, string[] path, string value, string origin, List<ConfigFault> faults)
    {
        if (Array.Exists(path, p => p.Length == 0))
        {
            faults.Add(new ConfigFault(origin, "a name between the separators is empty"));
            return;
        }

        root.Set(path, ConfigNode.Untyped(value, origin));
    }

    private static ConfigNode? ReadFile(string file, List<ConfigFault> faults)
    {
        try
        {
            var node = ConfigNode.Parse(file, System.IO.File.ReadAllBytes(file), out var fault);
            if (fault is not null)
            {
                faults.Add(fault);
            }
            else if (node!.Kind != JsonTokenType.StartObject)
            {
                faults.Add(new ConfigFault(node.Origin, "the configuration must be a JSON object"));
                return null;
            }

            return node;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add(new ConfigFault(file, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message));
            return null;
        }
    }

    private string? FindFile()
    {
        if (File is not null)
        {
            return File;
        }

        var inData = Path.Combine(DataDirectory ?? "data", DefaultFile);
        return System.IO.File.Exists(DefaultFile) ? DefaultFile : System.IO.File.Exists(inData) ? inData : null;
    }
}
