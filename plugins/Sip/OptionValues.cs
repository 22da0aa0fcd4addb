using System.Globalization;
using System.Text.Json;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>Reads options out of JSON, by name in any case. An environment variable or argument gives everything as text.</summary>
internal sealed class OptionValues
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _own = new(StringComparer.OrdinalIgnoreCase);

    public OptionValues(JsonElement source) => Add(source);

    private OptionValues(OptionValues under, JsonElement over)
    {
        foreach (var (name, value) in under._values)
        {
            _values[name] = value;
        }

        Add(over);
        _own.UnionWith(Names(over));
    }

    /// <summary>The same with the members of an object over it.</summary>
    public OptionValues With(JsonElement over) => new(this, over);

    /// <summary>Whether a value came with the last object put over.</summary>
    public bool IsOwn(string name) => _own.Contains(name);

    public string? Text(string name) => _values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public List<string>? List(string name)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return [.. (value.GetString() ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        }

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString() ?? "")]
            : null;
    }

    public int Number(string name, int fallback, int min, int max)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            return fallback;
        }

        var found = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? number
            : fallback;
        return Math.Clamp(found, min, max);
    }

    public bool Flag(string name, bool fallback) =>
        !_values.TryGetValue(name, out var value) ? fallback
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : value.ValueKind == JsonValueKind.String && bool.TryParse(value.GetString(), out var said) ? said
        : fallback;

    /// <summary>An object.</summary>
    public JsonElement? Object(string name) => _values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    /// <summary>The members of an object that are objects themselves.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Objects(string name) =>
        _values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Object).Select(p => new KeyValuePair<string, JsonElement>(p.Name, p.Value))
            : [];

    private static IEnumerable<string> Names(JsonElement source) =>
        source.ValueKind == JsonValueKind.Object ? source.EnumerateObject().Select(p => Plain(p.Name)) : [];

    /// <summary>FreeSWITCH writes names with dashes.</summary>
    private static string Plain(string name) => name.Replace("-", "", StringComparison.Ordinal);

    private void Add(JsonElement source)
    {
        if (source.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in source.EnumerateObject())
            {
                _values[Plain(property.Name)] = property.Value;
            }
        }
    }
}
