using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>Reads and writes JSON-RPC 2.0 as Verto has it. Nothing here throws for what a peer sends.</summary>
internal static class JsonRpc
{
    /// <summary>Deepest nesting that is read.</summary>
    public const int MaxDepth = 64;

    /// <summary>Most requests in one batch.</summary>
    public const int MaxBatch = 100;

    public const int InvalidRequest = -32600;

    public const int MethodNotFound = -32601;

    public const int PermissionDenied = -32602;

    public const int AuthenticationRequired = -32000;

    public const int AuthenticationFailed = -32001;

    public const int SessionError = -32002;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    // The text goes into a WebSocket, never into a page's source.
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth + 16, SkipValidation = true };

    /// <summary>Reads one message.</summary>
    /// <param name="utf8">The whole message; it may be changed afterwards only when the document is disposed.</param>
    /// <param name="document">The document, owned by the caller.</param>
    /// <returns>False for what is not JSON, is nested deeper than <see cref="MaxDepth"/>, repeats a member, is not UTF-8, or has half a surrogate pair.</returns>
    public static bool TryParse(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out JsonDocument? document)
    {
        document = null;
        if (!Utf8.IsValid(utf8.Span) || HasLoneSurrogate(utf8.Span))
        {
            return false;
        }

        try
        {
            document = JsonDocument.Parse(utf8, Reading);
            return true;
        }
        catch (JsonException)
        {
            // The reader has no other way to say that it is no JSON.
            return false;
        }
    }

    /// <summary>A member of an object; default when it is missing or the element is no object.</summary>
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    /// <summary>A member that is text.</summary>
    /// <returns>Null when it is missing or something else.</returns>
    public static string? Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A member that is text, or a number as it is written.</summary>
    public static string? TextOrNumber(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : element.Text(name);

    /// <summary>A member that is a whole number.</summary>
    public static int? Int32(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    /// <summary>Whether a member is true, or text that says so.</summary>
    public static bool IsTrue(this JsonElement element, string name) => element.Member(name) is var value && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.String => value.GetString() is { } text && (text.Equals("true", StringComparison.OrdinalIgnoreCase) || text is "1" || text.Equals("yes", StringComparison.OrdinalIgnoreCase) || text.Equals("on", StringComparison.OrdinalIgnoreCase)),
        JsonValueKind.Number => value.TryGetInt32(out var number) && number != 0,
        JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.False or JsonValueKind.Null or _ => false,
    };

    /// <summary>Whether a member is there and false.</summary>
    public static bool IsFalse(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.False } || element.Text(name) is { } text && text.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <summary>The id as it is to be echoed: number and text verbatim, everything else null.</summary>
    public static byte[] IdOf(JsonElement message) => message.Member("id") is { ValueKind: JsonValueKind.Number or JsonValueKind.String } id ? Raw(id) : "null"u8.ToArray();

    /// <summary>The bytes of a value as they were sent.</summary>
    public static byte[] Raw(JsonElement value) => Encoding.UTF8.GetBytes(value.GetRawText());

    /// <summary>Writes one JSON document.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> body)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, Writing);
        body(writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A request of ours.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="method">Its method.</param>
    /// <param name="parameters">Writes the members of its params.</param>
    public static byte[] Request(long id, string method, Action<Utf8JsonWriter> parameters) => Write(w =>
    {
        w.WriteStartObject();
        w.WriteString("jsonrpc"u8, "2.0"u8);
        w.WriteNumber("id"u8, id);
        w.WriteString("method"u8, method);
        w.WriteStartObject("params"u8);
        parameters(w);
        w.WriteEndObject();
        w.WriteEndObject();
    });

    /// <summary>A response with a result.</summary>
    /// <param name="id">The request's id, raw.</param>
    /// <param name="sessionId">The session's id, or empty before there is one.</param>
    /// <param name="echo">What <c>echoParams</c> asks for, raw, or null.</param>
    /// <param name="members">Writes the members of the result.</param>
    public static byte[] Result(ReadOnlyMemory<byte> id, string sessionId, byte[]? echo, Action<Utf8JsonWriter>? members) => Write(w =>
    {
        Begin(w, id);
        w.WriteStartObject("result"u8);
        members?.Invoke(w);
        Echo(w, echo);
        if (sessionId.Length > 0)
        {
            w.WriteString("sessid"u8, sessionId);
        }

        w.WriteEndObject();
        w.WriteEndObject();
    });

    /// <summary>A response with an error.</summary>
    /// <param name="id">The request's id, raw.</param>
    /// <param name="echo">What <c>echoParams</c> asks for, raw, or null.</param>
    /// <param name="code">The code, or null for none.</param>
    /// <param name="message">The message, or null for none.</param>
    /// <param name="members">Writes further members of the error.</param>
    public static byte[] Error(ReadOnlyMemory<byte> id, byte[]? echo, int? code, string? message, Action<Utf8JsonWriter>? members) => Write(w =>
    {
        Begin(w, id);
        w.WriteStartObject("error"u8);
        members?.Invoke(w);
        if (message is not null)
        {
            w.WriteString("message"u8, message);
        }

        if (code is { } number)
        {
            w.WriteNumber("code"u8, number);
        }

        Echo(w, echo);
        w.WriteEndObject();
        w.WriteEndObject();
    });

    private static void Begin(Utf8JsonWriter w, ReadOnlyMemory<byte> id)
    {
        w.WriteStartObject();
        w.WriteString("jsonrpc"u8, "2.0"u8);
        w.WritePropertyName("id"u8);
        w.WriteRawValue(id.Span, skipInputValidation: true);
    }

    private static void Echo(Utf8JsonWriter w, byte[]? echo)
    {
        if (echo is not null)
        {
            w.WritePropertyName("requestParams"u8);
            w.WriteRawValue(echo, skipInputValidation: true);
        }
    }

    // A JSON escape may name half a pair, which is no text; the reader would only notice when the text is taken out.
    private static bool HasLoneSurrogate(ReadOnlySpan<byte> utf8)
    {
        for (var i = utf8.IndexOf((byte)'\\'); i >= 0 && i + 1 < utf8.Length;)
        {
            var half = Escape(utf8[i..]);
            if (half is >= 0xDC00 and <= 0xDFFF)
            {
                return true;
            }

            if (half is >= 0xD800 and <= 0xDBFF)
            {
                i += 6;
                if (Escape(utf8[i..]) is not (>= 0xDC00 and <= 0xDFFF))
                {
                    return true;
                }

                i += 6;
            }
            else
            {
                i += 2;
            }

            var next = utf8[i..].IndexOf((byte)'\\');
            i = next < 0 ? -1 : i + next;
        }

        return false;
    }

    private static int Escape(ReadOnlySpan<byte> text) =>
        text.Length >= 6 && text[0] == '\\' && text[1] == 'u' && ushort.TryParse(text.Slice(2, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var unit) ? unit : -1;
}
