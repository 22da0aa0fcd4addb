using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace XSwitchEngine.Core.Cdr;

/// <summary>The JSON form of a record: one line, <c>uuid</c> first, times in UTC with milliseconds.</summary>
/// <remarks>The names are stable: billing systems read them. Control characters never reach the file as such, JSON escapes them.</remarks>
internal static class CdrJson
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A writer for <see cref="Write"/>.</summary>
    public static Utf8JsonWriter NewWriter(IBufferWriter<byte> to) => new(to, Options);

    /// <summary>Writes one record and a line feed.</summary>
    /// <param name="writer">Used for one line after another.</param>
    /// <param name="to">What the writer writes to.</param>
    /// <param name="record">The record.</param>
    public static void Write(Utf8JsonWriter writer, IBufferWriter<byte> to, CdrRecord record)
    {
        writer.Reset(to);
        writer.WriteStartObject();
        writer.WriteString("uuid"u8, record.Uuid);
        writer.WriteString("call_uuid"u8, record.CallUuid);
        if (record.BridgedTo != Guid.Empty)
        {
            writer.WriteString("bridged_to"u8, record.BridgedTo);
        }

        Text(writer, "direction"u8, record.Direction);
        Text(writer, "channel"u8, record.Channel);
        Text(writer, "user"u8, record.User);
        Text(writer, "caller_name"u8, record.CallerName);
        Text(writer, "caller_number"u8, record.CallerNumber);
        Text(writer, "destination"u8, record.Destination);
        Text(writer, "context"u8, record.Context);
        Text(writer, "network_address"u8, record.NetworkAddress);
        Time(writer, "start_time"u8, record.StartTime);
        Time(writer, "progress_time"u8, record.ProgressTime);
        Time(writer, "answer_time"u8, record.AnswerTime);
        Time(writer, "end_time"u8, record.EndTime);
        if (record.EndTime is { } end)
        {
            writer.WriteNumber("duration"u8, WholeSeconds(end - record.StartTime));
            writer.WriteNumber("billsec"u8, record.AnswerTime is { } answer ? WholeSeconds(end - answer) : 0);
            Text(writer, "hangup_cause"u8, record.HangupCause);
            writer.WriteNumber("q850"u8, record.Q850);
            writer.WriteNumber("sip_status"u8, record.ProtocolStatus);
            Text(writer, "hung_up_by"u8, record.HungUpBy);
        }

        Text(writer, "codec"u8, record.Codec);
        if (record.Media is { } media)
        {
            WriteMedia(writer, media);
        }

        if (record.Recordings.Count > 0)
        {
            writer.WriteStartArray("recordings"u8);
            foreach (var file in record.Recordings)
            {
                writer.WriteStringValue(Sound(file));
            }

            writer.WriteEndArray();
        }

        if (record.Variables.Count > 0)
        {
            WriteVariables(writer, record.Variables);
        }

        writer.WriteEndObject();
        writer.Flush();
        to.Write("\n"u8);
    }

    /// <summary>Reads a line that <see cref="Write"/> wrote before the end of its leg; what is not kept in the journal gets its default.</summary>
    /// <param name="line">One line without its line feed.</param>
    /// <param name="record">The record.</param>
    /// <returns>False for a torn or foreign line.</returns>
    public static bool TryRead(ReadOnlyMemory<byte> line, out CdrRecord? record)
    {
        record = null;
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("uuid"u8, out var uuid) || !uuid.TryGetGuid(out var id) || ReadTime(root, "start_time") is not { } start)
            {
                return false;
            }

            record = new CdrRecord(id, ReadText(root, "direction"), ReadText(root, "channel"), start)
            {
                CallUuid = ReadGuid(root, "call_uuid"),
                BridgedTo = ReadGuid(root, "bridged_to"),
                User = ReadText(root, "user"),
                CallerName = ReadText(root, "caller_name"),
                CallerNumber = ReadText(root, "caller_number"),
                Destination = ReadText(root, "destination"),
                Context = ReadText(root, "context"),
                NetworkAddress = ReadText(root, "network_address"),
                ProgressTime = ReadTime(root, "progress_time"),
                AnswerTime = ReadTime(root, "answer_time"),
                Codec = ReadText(root, "codec"),
                Recordings = ReadTexts(root, "recordings"),
                Variables = ReadVariables(root),
            };
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteMedia(Utf8JsonWriter writer, Media.MediaStatistics media)
    {
        writer.WriteNumber("mos"u8, Math.Round(media.Mos, 2));
        writer.WriteNumber("jitter_ms"u8, Math.Round(media.JitterMs, 2));
        var expected = media.PacketsReceived + Math.Max(0, media.PacketsLost);
        writer.WriteNumber("loss_percent"u8, expected == 0 ? 0 : Math.Round(100.0 * Math.Max(0, media.PacketsLost) / expected, 2));
        writer.WriteNumber("packets_received"u8, media.PacketsReceived);
        writer.WriteNumber("packets_sent"u8, media.PacketsSent);
        writer.WriteNumber("packets_lost"u8, media.PacketsLost);
        writer.WriteNumber("packets_dropped"u8, media.PacketsDropped);
        writer.WriteNumber("bytes_received"u8, media.BytesReceived);
        writer.WriteNumber("bytes_sent"u8, media.BytesSent);
        if (media.Remote is { } remote)
        {
            writer.WriteString("media_address"u8, remote.ToString());
        }
    }

    // A variable may have been set twice; a JSON object must not name it twice, so the last one counts.
    private static void WriteVariables(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        var last = new Dictionary<string, string>(variables.Count, StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            last[name] = value;
        }

        writer.WriteStartObject("variables"u8);
        foreach (var (name, value) in last)
        {
            writer.WriteString(Sound(name), Sound(value));
        }

        writer.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(name, Sound(value));
        }
    }

    private static void Time(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } value)
        {
            writer.WriteString(name, value.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        }
    }

    // A lone surrogate cannot be written as UTF-8; peers can send one through an escape in their own encoding.
    private static string Sound(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (char.IsSurrogate(value[i]))
            {
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value));
            }
        }

        return value;
    }

    private static long WholeSeconds(TimeSpan span) => Math.Max(0, (long)span.TotalSeconds);

    private static string ReadText(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static Guid ReadGuid(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetGuid(out var id) ? id : Guid.Empty;

    private static DateTimeOffset? ReadTime(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time : null;

    private static List<string> ReadTexts(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)]
            : [];

    private static List<KeyValuePair<string, string>> ReadVariables(JsonElement root) =>
        root.TryGetProperty("variables", out var value) && value.ValueKind == JsonValueKind.Object
            ? [.. value.EnumerateObject().Where(v => v.Value.ValueKind == JsonValueKind.String).Select(v => KeyValuePair.Create(v.Name, v.Value.GetString()!))]
            : [];
}
