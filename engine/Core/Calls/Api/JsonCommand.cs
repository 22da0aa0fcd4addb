using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using XSwitchEngine.Core.Calls.Apps;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>The command <c>json {"command": …, "data": {…}}</c>: what Verto clients ask for by <c>jsapi</c>. The reply is one JSON object.</summary>
internal sealed partial class JsonCommand(CallCore core, ApplicationTable applications)
{
    public void AddTo(ApiTable table) => table.Add("json", async (text, _) => await RunAsync(table, text));

    private static string Error(string message) => Write(w => w.WriteString("error", message));

    private static string Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            members(w);
            w.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private async Task<string> RunAsync(ApiTable table, string text)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException e)
        {
            // The caller's text, not a fault of the engine: it is told.
            return Error(e.Message);
        }

        using (document)
        {
            var root = document.RootElement;
            var data = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out var given) ? given : default;
            var command = root.ValueKind == JsonValueKind.Object ? Text(root, "command") : "";
            return command switch
            {
                "status" => Status(await table.ExecuteAsync("status", "", null)),
                "fsapi" => Write(w => w.WriteString("message", "use the command itself")),
                "channelData" => ForLeg(data, leg => Write(w => ChannelData(w, leg))),
                "mediaStats" => ForLeg(data, MediaStats),
                "execute" => ForLeg(data, leg => Execute(leg, data)),
                _ => Error("no such command"),
            };
        }
    }

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : "";

    private string ForLeg(JsonElement data, Func<Leg, string> reply) =>
        core.Table.FindLive(Text(data, "uuid")) is { } leg ? reply(leg) : Error("INVALID UUID");

    private void ChannelData(Utf8JsonWriter w, Leg leg)
    {
        w.WriteStartObject("channelData");
        foreach (var group in core.Announce.HeadersOf("CHANNEL_DATA", leg).GroupBy(h => h.Key, h => h.Value, StringComparer.Ordinal))
        {
            w.WriteString(group.Key, group.First());
        }

        w.WriteEndObject();
    }

    private string MediaStats(Leg leg) => Write(w =>
    {
        w.WriteStartObject("audio");
        if (leg.Media.IsOpen)
        {
            var s = core.Services.Media.Statistics(leg.Media);
            w.WriteNumber("in_packet_count", s.PacketsReceived);
            w.WriteNumber("in_raw_bytes", s.BytesReceived);
            w.WriteNumber("in_skip_packet_count", s.PacketsLost);
            w.WriteNumber("in_jitter_ms", s.JitterMs);
            w.WriteNumber("in_mos", s.Mos);
            w.WriteNumber("out_packet_count", s.PacketsSent);
            w.WriteNumber("out_raw_bytes", s.BytesSent);
        }

        w.WriteEndObject();
    });

    private string Execute(Leg leg, JsonElement data)
    {
        var application = Text(data, "app");
        if (application.Length == 0)
        {
            return Error("INVALID APPLICATION");
        }

        var argument = Text(data, "arg");
        var extended = data.TryGetProperty("extendedData", out var flag) && flag.ValueKind == JsonValueKind.True;
        core.Spawn(leg, () => applications.ExecuteAsync(leg, application, argument));
        return Write(w =>
        {
            if (extended)
            {
                ChannelData(w, leg);
            }
            else
            {
                w.WriteString("channelName", leg.ChannelName);
            }
        });
    }

    /// <summary>The lines of <c>status</c> as an object.</summary>
    private static string Status(string text)
    {
        var numbers = text.Split('\n').Select(l => Number().Matches(l).Select(m => long.Parse(m.Value, CultureInfo.InvariantCulture)).ToArray()).ToArray();
        return Write(w =>
        {
            w.WriteString("systemStatus", text.Contains("is ready", StringComparison.Ordinal) ? "ready" : "not ready");
            w.WriteStartObject("uptime");
            string[] units = ["years", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds"];
            for (var i = 0; i < units.Length; i++)
            {
                w.WriteNumber(units[i], At(numbers, 0, i));
            }

            w.WriteEndObject();
            w.WriteString("version", text.Split('\n').ElementAtOrDefault(1) ?? "");
            w.WriteStartObject("sessions");
            w.WriteStartObject("count");
            w.WriteNumber("total", At(numbers, 2, 0));
            w.WriteNumber("active", At(numbers, 3, 0));
            w.WriteNumber("peak", At(numbers, 3, 1));
            w.WriteNumber("peak5Min", At(numbers, 3, 3));
            w.WriteNumber("limit", At(numbers, 5, 0));
            w.WriteEndObject();
            w.WriteStartObject("rate");
            var limited = numbers.ElementAtOrDefault(4)?.Length == 5 ? 1 : 0;
            w.WriteNumber("current", At(numbers, 4, 0));
            w.WriteNumber("max", limited == 1 ? At(numbers, 4, 1) : 0);
            w.WriteNumber("peak", At(numbers, 4, 1 + limited));
            w.WriteNumber("peak5Min", At(numbers, 4, 3 + limited));
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteStartObject("idleCPU");
            w.WriteNumber("used", 0);
            w.WriteNumber("allowed", 0);
            w.WriteEndObject();
        });
    }

    private static long At(long[][] lines, int line, int index) => line < lines.Length && index < lines[line].Length ? lines[line][index] : 0;

    [GeneratedRegex("\\d+")]
    private static partial Regex Number();
}
