using System.Globalization;
using System.Text.Json;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>The plugin's options, immutable. Names and defaults stand in <c>plugin.json</c>; numbers outside their range are clamped.</summary>
internal sealed record VertoOptions
{
    /// <summary>Domain of every login whatever the client says; empty for what it says.</summary>
    public string ForceDomain { get; init; } = "";

    /// <summary>Password of the login <c>root</c>, which may do everything; empty for none.</summary>
    public string RootPassword { get; init; } = "";

    /// <summary>Methods of users whose directory entry says nothing about them.</summary>
    public AllowList Methods { get; init; } = AllowList.Parse("verto,echo");

    /// <summary>The same of event channels.</summary>
    public AllowList Channels { get; init; } = AllowList.Parse("demo,conference,presence");

    /// <summary>The same of <c>jsapi</c> commands.</summary>
    public AllowList JsApi { get; init; } = AllowList.None;

    /// <summary>The same of <c>fsapi</c> commands.</summary>
    public AllowList FsApi { get; init; } = AllowList.None;

    /// <summary>User variables of a login that become channel variables of their own name; the others only as <c>verto_dvar_*</c>.</summary>
    public IReadOnlyList<string> UserVariables { get; init; } = ["email", "avatar"];

    public bool Presence { get; init; } = true;

    public bool FsEvents { get; init; }

    public bool RealTimeText { get; init; }

    /// <summary>How long an answered call waits for its client to come back.</summary>
    public TimeSpan DetachTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a socket may stay without a login.</summary>
    public TimeSpan LoginTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Wrong credentials that one source may send a minute.</summary>
    public int AuthFailuresPerMinute { get; init; } = 20;

    public int MaxCallsPerSession { get; init; } = 32;

    public bool Trace { get; init; }

    /// <summary>Reads the section; what is missing or of a wrong type keeps its default.</summary>
    /// <param name="json">An object, or empty.</param>
    public static VertoOptions Parse(string json)
    {
        var defaults = new VertoOptions();
        if (string.IsNullOrWhiteSpace(json))
        {
            return defaults;
        }

        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var values = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in document.RootElement.EnumerateObject())
            {
                values[property.Name] = property.Value;
            }
        }

        return new VertoOptions
        {
            ForceDomain = Text(values, "forceDomain") ?? "",
            RootPassword = Text(values, "rootPassword") ?? "",
            Methods = Text(values, "allowedMethods") is { } methods ? AllowList.Parse(methods) : defaults.Methods,
            Channels = Text(values, "allowedEventChannels") is { } channels ? AllowList.Parse(channels) : defaults.Channels,
            JsApi = Text(values, "allowedJsapi") is { } jsapi ? AllowList.Parse(jsapi) : defaults.JsApi,
            FsApi = Text(values, "allowedFsapi") is { } fsapi ? AllowList.Parse(fsapi) : defaults.FsApi,
            UserVariables = List(values, "userVariables") ?? defaults.UserVariables,
            Presence = Flag(values, "enablePresence", true),
            FsEvents = Flag(values, "enableFsEvents", false),
            RealTimeText = Flag(values, "enableText", false),
            DetachTimeout = TimeSpan.FromSeconds(Number(values, "detachTimeoutSeconds", 120, 1, 86_400)),
            LoginTimeout = TimeSpan.FromSeconds(Number(values, "loginTimeoutSeconds", 60, 1, 86_400)),
            AuthFailuresPerMinute = Number(values, "authFailuresPerMinute", 20, 1, 1_000_000),
            MaxCallsPerSession = Number(values, "maxCallsPerSession", 32, 1, 100_000),
            Trace = Flag(values, "trace", false),
        };
    }

    private static string? Text(Dictionary<string, JsonElement> values, string name) =>
        values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string[]? List(Dictionary<string, JsonElement> values, string name)
    {
        if (!values.TryGetValue(name, out var value))
        {
            return null;
        }

        // An environment variable or argument gives a list as text.
        return value.ValueKind == JsonValueKind.String ? (value.GetString() ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString() ?? "")]
            : null;
    }

    private static int Number(Dictionary<string, JsonElement> values, string name, int fallback, int min, int max)
    {
        if (!values.TryGetValue(name, out var value))
        {
            return fallback;
        }

        var found = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? number
            : fallback;
        return Math.Clamp(found, min, max);
    }

    private static bool Flag(Dictionary<string, JsonElement> values, string name, bool fallback) =>
        !values.TryGetValue(name, out var value) ? fallback
        : value.ValueKind == JsonValueKind.String ? string.Equals(value.GetString(), "true", StringComparison.OrdinalIgnoreCase)
        : value.ValueKind == JsonValueKind.True;
}
