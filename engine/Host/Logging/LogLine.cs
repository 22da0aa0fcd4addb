using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Diagnostics;

namespace XSwitchEngine.Host.Logging;

/// <summary>One log line with its parts.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Level">Its level.</param>
/// <param name="Category">The module, without <c>XSwitchEngine.</c>.</param>
/// <param name="EventId">The message's stable number.</param>
/// <param name="Call">UUID of the leg it is about, or empty.</param>
/// <param name="Message">The text.</param>
/// <param name="Exception">An exception, or null.</param>
internal readonly record struct LogLine(DateTimeOffset Time, LogLevel Level, string Category, int EventId, string Call, string Message, Exception? Exception)
{
    private const string Reset = "\e[0m";

    /// <summary>The line for people: call id, time, level, module, text. Control characters of the text are escaped.</summary>
    /// <param name="colour">Whether the level is coloured.</param>
    public string ToText(bool colour)
    {
        var line = new StringBuilder(160);
        if (Call.Length > 0)
        {
            line.Append(Call).Append(' ');
        }

        line.Append(Time.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)).Append(' ');
        line.Append(colour ? Colour(Level) : "").Append('[').Append(Word(Level)).Append(']').Append(colour ? Reset : "");
        line.Append(' ').Append(Category).Append(": ").Append(LogText.Escape(WithoutCall(Message))).Append('\n');
        if (Exception is not null)
        {
            foreach (var part in Exception.ToString().Split('\n'))
            {
                line.Append("    ").Append(LogText.Escape(part.TrimEnd('\r'))).Append('\n');
            }
        }

        return line.ToString();
    }

    /// <summary>The line for machines: one JSON object.</summary>
    public string ToJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Call.Length > 0)
            {
                json.WriteString("call"u8, Call);
            }

            json.WriteString("time"u8, Time.UtcDateTime);
            json.WriteString("level"u8, Word(Level));
            json.WriteString("module"u8, Category);
            json.WriteNumber("id"u8, EventId);
            json.WriteString("message"u8, WithoutCall(Message));
            if (Exception is not null)
            {
                json.WriteString("exception"u8, Exception.ToString());
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <summary>Finds the leg that a log message names: a value of type <see cref="LegId"/>, or one named <c>CallId</c>, <c>Leg</c> or <c>Uuid</c>.</summary>
    /// <param name="state">The message's values.</param>
    public static string CallOf(object? state)
    {
        if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            for (var i = 0; i < values.Count; i++)
            {
                var (name, value) = values[i];
                if (value is LegId leg)
                {
                    return leg == default ? "" : leg.ToString();
                }

                if (name is "CallId" or "Leg" or "Uuid" && value is (Guid or string) and not "-")
                {
                    return value.ToString()!;
                }
            }
        }

        return state is LegId scope && scope != default ? scope.ToString() : "";
    }

    /// <summary>Messages name their leg first, so that any logger shows it; here it stands in front already. A dash stands for no leg.</summary>
    private string WithoutCall(string message) =>
        Call.Length > 0 && message.StartsWith(Call, StringComparison.Ordinal) && message.Length > Call.Length && message[Call.Length] == ' ' ? message[(Call.Length + 1)..]
        : message.StartsWith("- ", StringComparison.Ordinal) ? message[2..] : message;

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARNING",
        LogLevel.Error => "ERR",
        LogLevel.Critical => "CRIT",
        LogLevel.None => "NONE",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    private static string Colour(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "\e[33m",
        LogLevel.Information => "\e[32m",
        LogLevel.Warning => "\e[35m",
        LogLevel.Error or LogLevel.Critical => "\e[31m",
        LogLevel.None => "",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };
}
