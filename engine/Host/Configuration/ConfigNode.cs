using System.Globalization;
using System.Text;
using System.Text.Json;

namespace XSwitchEngine.Host.Configuration;

/// <summary>A value of the configuration that knows where it stands, so that a fault can be named.</summary>
/// <remarks>Read from JSON with comments and trailing commas, then overlaid with environment variables and arguments, whose values are texts.</remarks>
internal sealed class ConfigNode
{
    private const int MaxDepth = 32;

    /// <summary>Makes a value.</summary>
    /// <param name="kind">Object, array, string, number, true, false or null, named by its first token.</param>
    /// <param name="origin"><c>file:line:column</c>, or which variable or argument.</param>
    public ConfigNode(JsonTokenType kind, string origin)
    {
        Kind = kind;
        Origin = origin;
    }

    /// <summary>What it is.</summary>
    public JsonTokenType Kind { get; private set; }

    /// <summary>Where it stands.</summary>
    public string Origin { get; private set; }

    /// <summary>Whether it was typed as text outside JSON, so that <c>5070</c> may be a number.</summary>
    public bool IsUntyped { get; private init; }

    /// <summary>Of a string, number, true, false.</summary>
    public string Text { get; private init; } = "";

    /// <summary>Of an object, in order.</summary>
    public List<ConfigMember> Members { get; } = [];

    /// <summary>Of an array.</summary>
    public List<ConfigNode> Items { get; } = [];

    /// <summary>Reads a document.</summary>
    /// <param name="name">The file's name for messages.</param>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="fault">Why it is no JSON, with its place.</param>
    /// <returns>Null when it is no JSON.</returns>
    public static ConfigNode? Parse(string name, ReadOnlySpan<byte> utf8, out ConfigFault? fault)
    {
        fault = null;
        var bom = utf8.StartsWith("\uFEFF"u8) ? 3 : 0;
        utf8 = utf8[bom..];
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            var root = Read(ref reader, name, utf8);
            reader.Read();
            return root;
        }
        catch (JsonException e)
        {
            // The reader counts from 0 and appends its own place to its text.
            var text = e.Message;
            var cut = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
            fault = new ConfigFault($"{name}:{(e.LineNumber ?? 0) + 1}:{(e.BytePositionInLine ?? 0) + 1}", cut < 0 ? text : text[..cut]);
        }
        catch (InvalidOperationException)
        {
            fault = new ConfigFault(Place(name, utf8, reader.TokenStartIndex), "a string is not valid UTF-8");
        }

        return null;
    }

    /// <summary>A text typed in an environment variable or argument.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Which variable or argument.</param>
    public static ConfigNode Untyped(string text, string origin) => new(JsonTokenType.String, origin) { Text = text, IsUntyped = true };

    /// <summary>A string, whatever its text looks like.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Where it stands.</param>
    public static ConfigNode Quoted(string text, string origin) => new(JsonTokenType.String, origin) { Text = text };

    /// <summary>A member of an object, whatever the case of its name.</summary>
    /// <param name="name">The name.</param>
    public ConfigNode? Find(string name) => Members.Find(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Value;

    /// <summary>Puts a value at a path, making objects on the way; a number steps into an array.</summary>
    /// <param name="path">Names, at least one.</param>
    /// <param name="value">The value.</param>
    public void Set(ReadOnlySpan<string> path, ConfigNode value)
    {
        if (Kind == JsonTokenType.StartArray && int.TryParse(path[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= Items.Count)
        {
            if (index == Items.Count)
            {
                Items.Add(new ConfigNode(JsonTokenType.StartObject, value.Origin));
            }

            Items[index] = Merge(Items[index], path[1..], value);
            return;
        }

        if (Kind != JsonTokenType.StartObject)
        {
            Kind = JsonTokenType.StartObject;
            Origin = value.Origin;
            Items.Clear();
        }

        var name = path[0];
        var member = Members.Find(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (member is null)
        {
            member = new ConfigMember(name, value.Origin, new ConfigNode(JsonTokenType.StartObject, value.Origin));
            Members.Add(member);
        }

        member.Value = Merge(member.Value, path[1..], value);
    }

    /// <summary>Writes the value as JSON; an untyped text becomes what it looks like: number, true, false, null, object, array, else a string.</summary>
    /// <param name="json">Receives it.</param>
    public void Write(Utf8JsonWriter json)
    {
        switch (Kind)
        {
            case JsonTokenType.StartObject:
                json.WriteStartObject();
                foreach (var member in Members)
                {
                    json.WritePropertyName(member.Name);
                    member.Value.Write(json);
                }

                json.WriteEndObject();
                break;
            case JsonTokenType.StartArray:
                json.WriteStartArray();
                Items.ForEach(i => i.Write(json));
                json.WriteEndArray();
                break;
            case JsonTokenType.String when !IsUntyped || !LooksLikeJson(Text):
                json.WriteStringValue(Text);
                break;
            case JsonTokenType.Null:
                json.WriteNullValue();
                break;
            default:
                json.WriteRawValue(Text);
                break;
        }
    }

    /// <summary>The value as JSON text.</summary>
    public string ToJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static ConfigNode Merge(ConfigNode at, ReadOnlySpan<string> path, ConfigNode value)
    {
        if (path.IsEmpty)
        {
            return value;
        }

        at.Set(path, value);
        return at;
    }

    private static bool LooksLikeJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind != JsonValueKind.String;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ConfigNode Read(ref Utf8JsonReader reader, string name, ReadOnlySpan<byte> utf8)
    {
        var node = new ConfigNode(reader.TokenType, Place(name, utf8, reader.TokenStartIndex))
        {
            Text = reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString()!,
                JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
                JsonTokenType.True => "true",
                JsonTokenType.False => "false",
                JsonTokenType.None or JsonTokenType.StartObject or JsonTokenType.EndObject or JsonTokenType.StartArray or JsonTokenType.EndArray
                    or JsonTokenType.PropertyName or JsonTokenType.Comment or JsonTokenType.Null => "",
                _ => throw new System.Diagnostics.UnreachableException("JSON has no other tokens"),
            },
        };
        if (node.Kind == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var member = reader.GetString()!;
                var place = Place(name, utf8, reader.TokenStartIndex);
                reader.Read();
                node.Members.Add(new ConfigMember(member, place, Read(ref reader, name, utf8)));
            }
        }
        else if (node.Kind == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                node.Items.Add(Read(ref reader, name, utf8));
            }
        }

        return node;
    }

    private static string Place(string name, ReadOnlySpan<byte> utf8, long offset)
    {
        var before = utf8[..(int)Math.Min(offset, utf8.Length)];
        return $"{name}:{before.Count((byte)'\n') + 1}:{before.Length - before.LastIndexOf((byte)'\n')}";
    }
}

/// <summary>A member of an object.</summary>
/// <param name="name">Its name as it is written.</param>
/// <param name="origin">Where the name stands.</param>
/// <param name="value">Its value.</param>
internal sealed class ConfigMember(string name, string origin, ConfigNode value)
{
    public string Name => name;

    public string Origin => origin;

    public ConfigNode Value { get; set; } = value;
}
