using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace XSwitchEngine.Host.Http;

/// <summary>What a small request says, sent as a JSON object or as a form: texts, numbers and lists of texts; anything else is left out.</summary>
internal sealed class RequestFields
{
    private const int MaxDepth = 16;
    private readonly Dictionary<string, IReadOnlyList<string>> _values = new(StringComparer.Ordinal);

    /// <summary>Reads a form.</summary>
    public static RequestFields Of(IFormCollection form)
    {
        var fields = new RequestFields();
        foreach (var (name, values) in form)
        {
            fields._values[name] = [.. values.OfType<string>()];
        }

        return fields;
    }

    /// <summary>Reads JSON.</summary>
    /// <returns>Null when it is no object.</returns>
    /// <exception cref="JsonException">It is no JSON, too deep, or names something twice.</exception>
    /// <exception cref="InvalidOperationException">A text is not Unicode.</exception>
    public static async Task<RequestFields?> ParseAsync(Stream body, CancellationToken cancellationToken)
    {
        using var document = await JsonDocument.ParseAsync(body, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false }, cancellationToken);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var fields = new RequestFields();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            fields._values[member.Name] = member.Value.ValueKind == JsonValueKind.Array
                ? [.. member.Value.EnumerateArray().Select(Text).OfType<string>()]
                : Text(member.Value) is { } text ? [text] : [];
        }

        return fields;

        static string? Text(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null or JsonValueKind.Undefined => null,
            _ => null,
        };
    }

    /// <summary>A text; empty when it is missing.</summary>
    public string Text(string name) => _values.GetValueOrDefault(name) is [var first, ..] ? first : "";

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string> List(string name, int max) => [.. _values.GetValueOrDefault(name, []).Where(static v => v.Length > 0).Take(max)];

    /// <summary>A number of seconds, bounded; zero when it makes no sense.</summary>
    public TimeSpan Seconds(TimeSpan absent, TimeSpan longest) =>
        Text("seconds") is not { Length: > 0 } text ? absent
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds >= 1 ? TimeSpan.FromSeconds(Math.Min(seconds, longest.TotalSeconds))
        : TimeSpan.Zero;
}
