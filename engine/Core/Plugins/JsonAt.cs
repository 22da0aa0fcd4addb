using System.Text;
using System.Text.Json;

namespace XSwitchEngine.Core.Plugins;

/// <summary>A JSON value that knows where it stands, so that a fault can be named as <c>file:line:column</c>.</summary>
internal sealed class JsonAt
{
    private const int MaxDepth = 32;

    private JsonAt(JsonTokenType kind, int offset)
    {
        Kind = kind;
        Offset = offset;
    }

    /// <summary>What it is; <see cref="JsonTokenType.StartObject"/> and <see cref="JsonTokenType.StartArray"/> for those with content.</summary>
    public JsonTokenType Kind { get; }

    /// <summary>First byte in the file.</summary>
    public int Offset { get; }

    /// <summary>Of a string or a number.</summary>
    public string Text { get; private init; } = "";

    /// <summary>The value as it stands in the file.</summary>
    public string Raw { get; private set; } = "";

    /// <summary>Of an object.</summary>
    public List<(string Name, int Offset, JsonAt Value)> Members { get; } = [];

    /// <summary>Of an array.</summary>
    public List<JsonAt> Items { get; } = [];

    /// <summary>Parses a document; comments and trailing commas are allowed.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out JsonAt? root, out int errorOffset, out string error)
    {
        root = null;
        errorOffset = 0;
        error = "";
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MaxDepth });
        try
        {
            _ = reader.Read();
            root = Read(ref reader, utf8);
            _ = reader.Read();
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not UTF-8.
            errorOffset = (int)reader.BytesConsumed;
            error = e is JsonException json ? Words(json.Message) : "a string is not valid UTF-8";
            if (e is JsonException { LineNumber: { } line, BytePositionInLine: { } column })
            {
                errorOffset = OffsetOf(utf8, line, column);
            }

            return false;
        }
    }

    /// <summary>Line and column of a byte, both from 1.</summary>
    public static (int Line, int Column) Position(ReadOnlySpan<byte> utf8, int offset)
    {
        var before = utf8[..Math.Min(offset, utf8.Length)];
        var line = before.Count((byte)'\n') + 1;
        var column = before.Length - (before.LastIndexOf((byte)'\n') + 1) + 1;
        return (line, column);
    }

    private static JsonAt Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
    {
        var value = new JsonAt(reader.TokenType, (int)reader.TokenStartIndex)
        {
            Text = reader.TokenType == JsonTokenType.String ? reader.GetString() ?? ""
                : reader.TokenType == JsonTokenType.Number ? Encoding.UTF8.GetString(reader.ValueSpan)
                : "",
        };
        if (value.Kind == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString() ?? "";
                var at = (int)reader.TokenStartIndex;
                _ = reader.Read();
                value.Members.Add((name, at, Read(ref reader, utf8)));
            }
        }
        else if (value.Kind == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                value.Items.Add(Read(ref reader, utf8));
            }
        }

        value.Raw = Encoding.UTF8.GetString(utf8[value.Offset..(int)reader.BytesConsumed]);
        return value;
    }

    private static int OffsetOf(ReadOnlySpan<byte> utf8, long line, long column)
    {
        var at = 0;
        for (; line > 0; line--)
        {
            var next = utf8[at..].IndexOf((byte)'\n');
            if (next < 0)
            {
                break;
            }

            at += next + 1;
        }

        return (int)Math.Min(utf8.Length, at + column);
    }

    // The runtime appends its own, zero-based position.
    private static string Words(string message)
    {
        var tail = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return tail < 0 ? message : message[..tail];
    }
}
