using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Channels;

/// <summary>A switch event as JSON: headers as members, those that repeat as arrays, the body as <c>_body</c>.</summary>
internal static class SwitchEventJson
{
    public static void Write(Utf8JsonWriter w, string channel, PluginEvent e)
    {
        w.WriteString("eventChannel"u8, channel);
        w.WriteStartObject("data"u8);
        foreach (var group in e.Headers.GroupBy(h => h.Key, h => h.Value))
        {
            w.WritePropertyName(group.Key);
            if (group.Count() == 1)
            {
                w.WriteStringValue(group.First());
                continue;
            }

            w.WriteStartArray();
            foreach (var value in group)
            {
                w.WriteStringValue(value);
            }

            w.WriteEndArray();
        }

        if (e.Body is { } body)
        {
            w.WriteString("Content-Length"u8, System.Text.Encoding.UTF8.GetByteCount(body).ToString());
            w.WriteString("_body"u8, body);
        }

        w.WriteEndObject();
    }
}
