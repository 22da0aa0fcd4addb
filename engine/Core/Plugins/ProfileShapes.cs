using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>What the profiles of a plugin can be configured with: those of its manifest, and, when it has an option <c>profiles</c>, any others.</summary>
/// <remarks>
/// Such a plugin takes for a profile whatever it takes for all of them, except options that are objects themselves, and what its own <c>profiles</c> names.
/// A profile that the manifest does not name has the listeners that it is given ports for.
/// </remarks>
public sealed class ProfileShapes
{
    private const string Option = "profiles";
    private const int LongestName = 48;

    private readonly PluginManifest _manifest;
    private readonly Dictionary<string, string> _options = new(StringComparer.OrdinalIgnoreCase); // name → default, JSON
    private readonly Dictionary<string, string> _spelling = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a manifest.</summary>
    /// <param name="manifest">The plugin's.</param>
    public ProfileShapes(PluginManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        _manifest = manifest;
        Names = [.. manifest.Listeners.Select(static l => l.Profile).Distinct(StringComparer.OrdinalIgnoreCase)];
        TakesOthers = manifest.Options.Keys.FirstOrDefault(static k => k.Equals(Option, StringComparison.OrdinalIgnoreCase)) is { } own && manifest.Listeners.Count > 0;
        if (!TakesOthers)
        {
            return;
        }

        foreach (var (name, value) in manifest.Options)
        {
            using var document = JsonDocument.Parse(value);
            if (!name.Equals(Option, StringComparison.OrdinalIgnoreCase))
            {
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                {
                    Add(name, value);
                }
            }
            else if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in document.RootElement.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.Object).SelectMany(static p => p.Value.EnumerateObject()))
                {
                    Add(member.Name, member.Value.GetRawText());
                }
            }
        }
    }

    /// <summary>Profiles of the manifest.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether there may be others.</summary>
    public bool TakesOthers { get; }

    /// <summary>Names of options that a profile can have for itself.</summary>
    public IEnumerable<string> Options => _spelling.Values;

    /// <summary>The name of a profile as it is spelled, or null when there can be none of that name.</summary>
    /// <param name="name">In any case for those of the manifest; of letters, digits, dashes, dots and underscores for others.</param>
    public string? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Names.FirstOrDefault(n => n.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? (TakesOthers && name.Length is > 0 and <= LongestName && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? name : null);
    }

    /// <summary>Settings of a profile's listeners that change nothing.</summary>
    /// <param name="name">As <see cref="Find"/> spells it.</param>
    public ProfileSettings Settings(string name) => Names.Contains(name)
        ? new ProfileSettings(_manifest.Listeners.Where(l => l.Profile == name))
        : new ProfileSettings(
            _manifest.Listeners.DistinctBy(static l => l.Transport).Select(l => l with { Name = $"{name}-{l.Transport.ToString().ToLowerInvariant()}", Profile = name }),
            isOther: true);

    /// <summary>An option that a profile can have for itself.</summary>
    /// <param name="name">In any case.</param>
    /// <param name="spelled">As the manifest spells it.</param>
    /// <param name="defaultJson">What it is without.</param>
    public bool TryOption(string name, out string spelled, out string defaultJson)
    {
        spelled = _spelling.GetValueOrDefault(name, name);
        return _options.TryGetValue(name, out defaultJson!);
    }

    private void Add(string name, string json)
    {
        _options[name] = json;
        _spelling[name] = name;
    }
}
