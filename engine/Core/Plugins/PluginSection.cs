using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>A plugin's configuration: its manifest's defaults with the operator's section over them.</summary>
/// <remarks>
/// Names are matched in any case and given to the plugin as the manifest spells them. Objects are merged, everything else is replaced.
/// Text is taken for a number or truth value where the default is one, as environment and arguments know only text.
/// What <c>Profiles:{profile}</c> can say is in <see cref="ProfileSettings"/>.
/// </remarks>
public sealed class PluginSection
{
    private const string Profiles = "profiles";

    private PluginSection(string options, IReadOnlyList<PlannedListener> listeners)
    {
        Options = options;
        Listeners = listeners;
    }

    /// <summary>What the plugin gets, JSON.</summary>
    public string Options { get; }

    /// <summary>What to bind for it.</summary>
    internal IReadOnlyList<PlannedListener> Listeners { get; }

    /// <summary>Checks a section against a manifest.</summary>
    /// <param name="manifest">The plugin's.</param>
    /// <param name="json">The section; null or empty for none. Comments and trailing commas are allowed.</param>
    /// <param name="section">The result; null when there are faults.</param>
    /// <param name="faults">All faults, each as <c>path: what is wrong</c> with the path below the plugin's section.</param>
    public static bool TryMerge(PluginManifest manifest, string? json, out PluginSection? section, out IReadOnlyList<string> faults)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        section = null;
        var errors = new List<string>();
        faults = errors;
        JsonObject configured = [];
        if (!string.IsNullOrWhiteSpace(json))
        {
            try
            {
                var node = JsonNode.Parse(json, null, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                if (node is not JsonObject given)
                {
                    errors.Add("the section must be an object");
                    return false;
                }

                configured = given;
                _ = configured.Count; // doubled keys are found now, not later
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                errors.Add(e.Message);
                return false;
            }
        }

        var result = new JsonObject();
        foreach (var (name, value) in manifest.Options)
        {
            result[name] = JsonNode.Parse(value, null, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }

        JsonObject? profiles = null;
        foreach (var (name, value) in configured)
        {
            var known = manifest.Options.Keys.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (name.Equals(Profiles, StringComparison.OrdinalIgnoreCase) && manifest.Listeners.Count > 0)
            {
                profiles = value as JsonObject;
                if (profiles is null)
                {
                    errors.Add($"{name}: must be an object, profile by profile");
                }

                if (known is null)
                {
                    continue;
                }
            }

            if (known is null)
            {
                var near = Suggestion.For(name, manifest.Options.Keys);
                errors.Add($"{name}: plugin {manifest.Name} {manifest.Version} has no such option" + (near is null ? "" : $"; did you mean {near}?"));
                continue;
            }

            result[known] = Merge(result[known], value?.DeepClone(), name, errors);
        }

        var listeners = Plan(manifest, profiles ?? [], errors);
        if (errors.Count == 0)
        {
            section = new PluginSection(result.ToJsonString(), listeners);
        }

        return errors.Count == 0;
    }

    private static JsonNode? Merge(JsonNode? value, JsonNode? over, string path, List<string> errors)
    {
        if (value is null || over is null)
        {
            return over;
        }

        if (value is JsonObject under && over is JsonObject above)
        {
            foreach (var (name, item) in above.ToArray())
            {
                var key = under.Select(static p => p.Key).FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;
                above.Remove(name);
                under[key] = Merge(under[key]?.DeepClone(), item, $"{path}:{name}", errors);
            }

            return under.DeepClone();
        }

        var (wanted, got) = (Kind(value), Kind(over));
        if (wanted == got)
        {
            return over;
        }

        if (got == "text" && over.GetValue<string>() is { } text)
        {
            if (wanted == "a number" && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            {
                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? JsonValue.Create(whole) : JsonValue.Create(number);
            }

            if (wanted == "true or false" && bool.TryParse(text, out var truth))
            {
                return JsonValue.Create(truth);
            }
        }

        errors.Add($"{path}: must be {wanted}, not {got}");
        return value;
    }

    private static string Kind(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.String => "text",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        _ => "something else",
    };

    private static List<PlannedListener> Plan(PluginManifest manifest, JsonObject profiles, List<string> errors)
    {
        var shapes = new ProfileShapes(manifest);
        var settings = shapes.Names.ToDictionary(static n => n, shapes.Settings, StringComparer.OrdinalIgnoreCase);
        foreach (var (given, value) in profiles)
        {
            if (shapes.Find(given) is not { } name)
            {
                var near = Suggestion.For(given, shapes.Names);
                errors.Add($"Profiles:{given}: plugin {manifest.Name} has no such profile" + (near is null ? $"; it has {string.Join(", ", shapes.Names)}" : $"; did you mean {near}?"));
                continue;
            }

            var profile = settings.TryGetValue(name, out var known) ? known : settings[name] = shapes.Settings(name);
            if (value is JsonObject members)
            {
                Read(given, profile, members, shapes, errors);
            }
            else
            {
                errors.Add($"Profiles:{given}: must be an object with {string.Join(", ", profile.Keys)}");
            }
        }

        var plan = new List<PlannedListener>();
        foreach (var (name, profile) in settings)
        {
            if (profile.HasNoPort)
            {
                errors.Add($"Profiles:{name}: {NoPort(name, shapes)}");
            }

            errors.AddRange(profile.Faults.Select(f => $"Profiles:{name}: {f}"));
            foreach (var spec in profile.Listeners)
            {
                if (profile.TryPlace(spec, out var address, out _))
                {
                    plan.Add(new PlannedListener(spec, address) { ClientCertificates = profile.ClientCertificates(spec) });
                }
            }
        }

        return plan;
    }

    /// <summary>What is said about a profile that the manifest does not name and that has no port.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shapes">The plugin's.</param>
    public static string NoPort(string name, ProfileShapes shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        return $"a profile of its own wants a Port{Suggestion.Hint(name, shapes.Names)}";
    }

    private static void Read(string name, ProfileSettings profile, JsonObject given, ProfileShapes shapes, List<string> errors)
    {
        foreach (var (key, value) in given)
        {
            if (profile.Find(key) is { } known)
            {
                if (profile.Set(known, value) is { } fault)
                {
                    errors.Add($"Profiles:{name}:{key}: {fault}");
                }
            }
            else if (!shapes.TryOption(key, out _, out _))
            {
                errors.Add($"Profiles:{name}:{key}: unknown{Suggestion.Hint(key, [.. profile.Keys, .. shapes.Options])} (a profile has {string.Join(", ", profile.Keys)})");
            }
        }
    }
}
