using System.Text.Json;
using System.Text.Json.Nodes;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core;

namespace XSwitchEngine.Host.Configuration;

/// <summary>Reads and validates the whole configuration; all faults are reported together.</summary>
internal static class ConfigLoader
{
    private const string ProfilesKey = "Profiles";

    /// <summary>Loads the configuration.</summary>
    /// <param name="sources">Where from.</param>
    /// <param name="manifests">The manifests of the plugins below a directory; they say which sections and options exist.</param>
    /// <param name="faults">Receives everything that is wrong.</param>
    /// <returns>Null when anything is wrong.</returns>
    public static HostConfiguration? Load(ConfigSources sources, Func<string, IReadOnlyList<PluginManifest>> manifests, List<ConfigFault> faults)
    {
        var root = sources.Read(faults, out var file);
        var binder = new ConfigBinder(faults);
        var engine = new EngineOptions { PluginDirectory = "", ScriptDirectory = "", SoundDirectory = "" };
        var http = new HttpOptions();
        var log = new LogOptions();
        var engineNode = root.Find(nameof(HostConfiguration.Engine));
        binder.Bind(engine, engineNode, nameof(HostConfiguration.Engine));
        binder.Bind(http, root.Find(nameof(HostConfiguration.Http)), nameof(HostConfiguration.Http));
        binder.Bind(log, root.Find(nameof(HostConfiguration.Log)), nameof(HostConfiguration.Log));
        OptionRules.Check(engine, engineNode, faults);
        OptionRules.Check(http, root.Find(nameof(HostConfiguration.Http)), faults);
        DefaultDirectories.Apply(engine);

        var known = manifests(engine.PluginDirectory);
        var plugins = ReadPlugins(root, known, faults);
        if (faults.Count > 0)
        {
            return null;
        }

        var values = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        Flatten(root, "", values);
        return new HostConfiguration(engine, http, log, plugins, values, file);
    }

    private static Dictionary<string, string> ReadPlugins(ConfigNode root, IReadOnlyList<PluginManifest> manifests, List<ConfigFault> faults)
    {
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string[] own = [nameof(HostConfiguration.Engine), nameof(HostConfiguration.Http), nameof(HostConfiguration.Log)];
        foreach (var section in root.Members)
        {
            if (!seen.Add(section.Name))
            {
                faults.Add(new ConfigFault(section.Origin, $"section {section.Name} is given twice"));
                continue;
            }

            if (own.Contains(section.Name, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            var manifest = manifests.FirstOrDefault(m => m.Name.Equals(section.Name, StringComparison.OrdinalIgnoreCase));
            if (manifest is null)
            {
                var all = own.Concat(manifests.Select(m => m.Name)).ToArray();
                faults.Add(new ConfigFault(section.Origin, $"unknown section {section.Name}{Suggestion.Hint(section.Name, all)} (sections are {string.Join(", ", all)})"));
            }
            else if (section.Value.Kind != JsonTokenType.StartObject)
            {
                faults.Add(new ConfigFault(section.Value.Origin, $"section {section.Name} must be an object"));
            }
            else
            {
                sections[manifest.Name] = ReadPlugin(section, manifest, faults).ToJson();
            }
        }

        return sections;
    }

    private static ConfigNode ReadPlugin(ConfigMember section, PluginManifest manifest, List<ConfigFault> faults)
    {
        var result = new ConfigNode(JsonTokenType.StartObject, section.Origin);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in section.Value.Members)
        {
            var path = $"{section.Name}:{member.Name}";
            if (!seen.Add(member.Name))
            {
                faults.Add(new ConfigFault(member.Origin, $"{path} is given twice"));
            }
            else if (member.Name.Equals(ProfilesKey, StringComparison.OrdinalIgnoreCase))
            {
                result.Set([ProfilesKey], ReadProfiles(member.Value, manifest, path, faults));
            }
            else if (manifest.Options.Keys.FirstOrDefault(k => k.Equals(member.Name, StringComparison.OrdinalIgnoreCase)) is not { } key)
            {
                faults.Add(new ConfigFault(member.Origin, $"unknown key {path}{Suggestion.Hint(member.Name, manifest.Options.Keys.Append(ProfilesKey))}"));
            }
            else if (TryOption(member.Value, manifest.Options[key], path, faults, out var value))
            {
                result.Set([key], value);
            }
        }

        return result;
    }

    private static ConfigNode ReadProfiles(ConfigNode node, PluginManifest manifest, string path, List<ConfigFault> faults)
    {
        var result = new ConfigNode(JsonTokenType.StartObject, node.Origin);
        var shapes = new ProfileShapes(manifest);
        foreach (var profile in node.Members)
        {
            if (shapes.Find(profile.Name) is not { } name)
            {
                faults.Add(new ConfigFault(profile.Origin, $"unknown profile {path}:{profile.Name}{Suggestion.Hint(profile.Name, shapes.Names)} (profiles are {string.Join(", ", shapes.Names)})"));
                continue;
            }

            var settings = shapes.Settings(name);
            foreach (var member in profile.Value.Members)
            {
                var key = $"{path}:{name}:{member.Name}";
                if (settings.Find(member.Name) is { } known)
                {
                    if (settings.Set(known, JsonNode.Parse(member.Value.ToJson())) is { } fault)
                    {
                        faults.Add(new ConfigFault(member.Value.Origin, $"{path}:{name}:{known} {fault}"));
                    }
                    else
                    {
                        result.Set([name, known], member.Value);
                    }
                }
                else if (!shapes.TryOption(member.Name, out var option, out var defaultJson))
                {
                    faults.Add(new ConfigFault(member.Origin, $"unknown key {key}{Suggestion.Hint(member.Name, [.. settings.Keys, .. shapes.Options])}"));
                }
                else if (TryOption(member.Value, defaultJson, key, faults, out var value))
                {
                    result.Set([name, option], value);
                }
            }

            faults.AddRange(settings.Faults.Select(f => new ConfigFault(profile.Origin, $"{path}:{name}: {f}")));
            if (settings.HasNoPort)
            {
                faults.Add(new ConfigFault(profile.Origin, $"{path}:{name}: {PluginSection.NoPort(name, shapes)}"));
            }
        }

        return result;
    }

    // An option has the type of its default in the manifest; a text from outside JSON becomes that type where it can.
    private static bool TryOption(ConfigNode value, string defaultJson, string path, List<ConfigFault> faults, out ConfigNode converted)
    {
        converted = value;
        using var document = JsonDocument.Parse(defaultJson);
        var kind = document.RootElement.ValueKind;
        if (value.IsUntyped && kind == JsonValueKind.String)
        {
            converted = ConfigNode.Quoted(value.Text, value.Origin);
            return true;
        }

        if (value.IsUntyped && kind == JsonValueKind.Array && !value.Text.TrimStart().StartsWith('['))
        {
            converted = new ConfigNode(JsonTokenType.StartArray, value.Origin);
            converted.Items.AddRange(value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => ConfigNode.Untyped(t, value.Origin)));
            return true;
        }

        using var given = JsonDocument.Parse(value.ToJson());
        var actual = given.RootElement.ValueKind;
        if (kind == JsonValueKind.Null || actual == kind || (IsFlag(kind) && IsFlag(actual)))
        {
            return true;
        }

        faults.Add(new ConfigFault(value.Origin, $"{path} must be {Words(kind)} such as {defaultJson}, not {value.ToJson()}"));
        return false;

        static bool IsFlag(JsonValueKind k) => k is JsonValueKind.True or JsonValueKind.False;
    }

    private static string Words(JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Undefined or JsonValueKind.Null => "null",
        _ => throw new System.Diagnostics.UnreachableException("JSON has no other values"),
    };

    private static void Flatten(ConfigNode node, string path, SortedDictionary<string, string> values)
    {
        if (node.Kind != JsonTokenType.StartObject || node.Members.Count == 0)
        {
            values[path] = node.ToJson();
            return;
        }

        foreach (var member in node.Members)
        {
            Flatten(member.Value, path.Length == 0 ? member.Name : $"{path}:{member.Name}", values);
        }
    }
}
