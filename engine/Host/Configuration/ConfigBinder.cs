using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.Json;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Host.Configuration;

/// <summary>Fills an options object from the configuration, naming every unknown key, wrong type and value out of range.</summary>
/// <remarks>
/// A list in the configuration replaces the default list; entries of a dictionary are added to the default ones, <c>null</c> takes one out.
/// Where the configuration comes as text (environment, arguments), a list may be written with commas.
/// </remarks>
internal sealed class ConfigBinder(List<ConfigFault> faults)
{
    /// <summary>Sets the properties that the configuration names.</summary>
    /// <param name="target">The options, with their defaults.</param>
    /// <param name="node">The section, or null for none.</param>
    /// <param name="path">Its name for messages.</param>
    public void Bind(object target, ConfigNode? node, string path)
    {
        if (node is null)
        {
            return;
        }

        if (node.Kind != JsonTokenType.StartObject)
        {
            Fault(node.Origin, $"{path} must be an object");
            return;
        }

        var properties = target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).ToArray();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in node.Members)
        {
            var property = Array.Find(properties, p => p.Name.Equals(member.Name, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                Fault(member.Origin, $"unknown key {path}:{member.Name}{Suggestion.Hint(member.Name, properties.Select(p => p.Name))}");
            }
            else if (!seen.Add(property.Name))
            {
                Fault(member.Origin, $"{path}:{property.Name} is given twice");
            }
            else if (TryConvert(member.Value, property.PropertyType, property.GetValue(target), $"{path}:{property.Name}", out var value))
            {
                if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
                {
                    Fault(member.Value.Origin, $"{path}:{property.Name} must be {range.Minimum}..{range.Maximum}, not {value}");
                }
                else
                {
                    property.SetValue(target, value);
                }
            }
        }
    }

    private bool TryConvert(ConfigNode node, Type type, object? current, string path, out object? value)
    {
        value = null;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            return TryList(node, type, path, out value);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>))
        {
            return TryDictionary(node, type, (IDictionary)current!, path, out value);
        }

        if (node.Kind == JsonTokenType.Null)
        {
            if (Nullable.GetUnderlyingType(type) is not null || type == typeof(IPAddress))
            {
                return true;
            }

            Fault(node.Origin, $"{path} must not be null");
            return false;
        }

        if (type.IsClass && type != typeof(string) && type != typeof(IPAddress))
        {
            value = Activator.CreateInstance(type)!;
            var before = faults.Count;
            Bind(value, node, path);
            return faults.Count == before;
        }

        return TryScalar(node, Nullable.GetUnderlyingType(type) ?? type, path, out value);
    }

    private bool TryScalar(ConfigNode node, Type type, string path, out object? value)
    {
        value = null;
        var text = node.Text;
        var isText = node.Kind == JsonTokenType.String;
        var isNumber = node.Kind == JsonTokenType.Number || node.IsUntyped;
        string expected;
        if (type == typeof(string))
        {
            // A number of a user or a port in quotes or not: both are plain enough.
            value = isText || node.Kind == JsonTokenType.Number ? text : null;
            expected = "a string";
        }
        else if (type == typeof(int))
        {
            value = isNumber && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
            expected = "a whole number";
        }
        else if (type == typeof(bool))
        {
            value = (node.Kind is JsonTokenType.True or JsonTokenType.False || node.IsUntyped) && bool.TryParse(text, out var flag) ? flag : null;
            expected = "true or false";
        }
        else if (type.IsEnum)
        {
            value = isText && !int.TryParse(text, CultureInfo.InvariantCulture, out _) && Enum.TryParse(type, text, ignoreCase: true, out var name) ? name : null;
            expected = $"one of {string.Join(", ", Enum.GetNames(type))}";
        }
        else if (type == typeof(IPAddress))
        {
            value = isText && IPAddress.TryParse(text, out var address) ? address : null;
            expected = "an IP address";
        }
        else
        {
            throw new NotSupportedException($"{path}: an option cannot have the type {type}");
        }

        if (value is null)
        {
            Fault(node.Origin, $"{path} must be {expected}, not {Describe(node)}");
        }

        return value is not null;
    }

    private bool TryList(ConfigNode node, Type type, string path, out object? value)
    {
        var item = type.GetGenericArguments()[0];
        var list = (IList)Activator.CreateInstance(type)!;
        value = list;
        List<ConfigNode> nodes;
        if (node.Kind == JsonTokenType.StartArray)
        {
            nodes = node.Items;
        }
        else if (node.IsUntyped)
        {
            nodes = [.. node.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => ConfigNode.Untyped(t, node.Origin))];
        }
        else if (node.Kind == JsonTokenType.StartObject && node.Members.TrueForAll(m => int.TryParse(m.Name, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            nodes = [.. node.Members.OrderBy(m => int.Parse(m.Name, CultureInfo.InvariantCulture)).Select(m => m.Value)];
        }
        else
        {
            Fault(node.Origin, $"{path} must be a list, not {Describe(node)}");
            return false;
        }

        var sound = true;
        for (var i = 0; i < nodes.Count; i++)
        {
            if (TryConvert(nodes[i], item, null, $"{path}:{i}", out var converted))
            {
                list.Add(converted);
            }
            else
            {
                sound = false;
            }
        }

        return sound;
    }

    private bool TryDictionary(ConfigNode node, Type type, IDictionary defaults, string path, out object? value)
    {
        var item = type.GetGenericArguments()[1];
        var dictionary = (IDictionary)Activator.CreateInstance(type)!;
        value = dictionary;
        foreach (DictionaryEntry entry in defaults)
        {
            dictionary[entry.Key] = entry.Value;
        }

        if (node.Kind != JsonTokenType.StartObject)
        {
            Fault(node.Origin, $"{path} must be an object, not {Describe(node)}");
            return false;
        }

        var sound = true;
        foreach (var member in node.Members)
        {
            if (member.Value.Kind == JsonTokenType.Null)
            {
                dictionary.Remove(member.Name);
            }
            else if (TryConvert(member.Value, item, null, $"{path}:{member.Name}", out var converted))
            {
                dictionary[member.Name] = converted;
            }
            else
            {
                sound = false;
            }
        }

        return sound;
    }

    private static string Describe(ConfigNode node) => node.Kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.Null => "null",
        JsonTokenType.String => $"\"{Core.Diagnostics.LogText.Escape(node.Text.Length > 40 ? node.Text[..40] + "…" : node.Text)}\"",
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => node.Text,
        JsonTokenType.None or JsonTokenType.EndObject or JsonTokenType.EndArray or JsonTokenType.PropertyName or JsonTokenType.Comment => "nothing",
        _ => throw new System.Diagnostics.UnreachableException("JSON has no other tokens"),
    };

    private void Fault(string origin, string message) => faults.Add(new ConfigFault(origin, message));
}
