using System.Text;
using System.Text.Json;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>Messages as they may stand in a log: without passwords, tokens and texts of people.</summary>
internal static class TraceText
{
    private const int MaxLength = 4096;

    private static readonly string[] Secrets = ["passwd", "xui_sessid", "body", "message", "chars"];

    /// <summary>One line.</summary>
    public static string Of(ReadOnlySpan<byte> message)
    {
        if (!JsonRpc.TryParse(message.ToArray(), out var document))
        {
            return $"({message.Length} bytes that are no JSON)";
        }

        using (document)
        {
            var text = Encoding.UTF8.GetString(JsonRpc.Write(w => Copy(w, document.RootElement)));
            return text.Length <= MaxLength ? text : text[..MaxLength] + "…";
        }
    }

    private static void Copy(Utf8JsonWriter w, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            w.WriteStartObject();
            foreach (var member in element.EnumerateObject())
            {
                w.WritePropertyName(member.Name);
                if (Secrets.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.String)
                {
                    w.WriteStringValue("***");
                }
                else
                {
                    Copy(w, member.Value);
                }
            }

            w.WriteEndObject();
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            w.WriteStartArray();
            foreach (var item in element.EnumerateArray())
            {
                Copy(w, item);
            }

            w.WriteEndArray();
        }
        else
        {
            element.WriteTo(w);
        }
    }
}
