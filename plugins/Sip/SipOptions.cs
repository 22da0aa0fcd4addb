using System.Globalization;
using System.Net;
using System.Text.Json;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>The plugin's options, immutable. Names and defaults stand in <c>plugin.json</c>; numbers outside their range are clamped.</summary>
internal sealed record SipOptions
{
    public string UserAgent { get; init; } = "XSwitchEngine";

    /// <summary>Our address as peers outside the private networks see it; null when it is the local one.</summary>
    public IPAddress? AdvertisedAddress { get; init; }

    /// <summary>Networks from which profile <c>external</c> takes calls without credentials.</summary>
    public AccessList Acl { get; init; } = AccessList.Empty;

    /// <summary>The same for the other profiles.</summary>
    public AccessList InternalAcl { get; init; } = AccessList.Empty;

    /// <summary>Networks that the limits per source do not apply to.</summary>
    public AccessList Trusted { get; init; } = AccessList.Empty;

    /// <summary>Digest algorithms offered, most preferred first.</summary>
    public IReadOnlyList<DigestAlgorithm> Algorithms { get; init; } = [DigestAlgorithm.Sha256, DigestAlgorithm.Md5];

    public TimeSpan NonceLifetime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Session interval that we ask for, seconds (RFC 4028).</summary>
    public int SessionExpires { get; init; } = 1800;

    /// <summary>Smallest session interval that we accept, seconds.</summary>
    public int MinSessionExpires { get; init; } = 90;

    public int RegisterDefaultExpires { get; init; } = 3600;

    public int RegisterMinExpires { get; init; } = 60;

    public int RegisterMaxExpires { get; init; } = 7200;

    public int MaxContacts { get; init; } = 10;

    /// <summary>Interval of OPTIONS to registered contacts, seconds; 0 is off.</summary>
    public int OptionsPing { get; init; }

    public int MaxTransactions { get; init; } = 400_000;

    /// <summary>Messages that one source may send a second; twice as many at once.</summary>
    public int MessagesPerSecond { get; init; } = 400;

    /// <summary>Requests outside dialogs that one source may send a second; twice as many at once.</summary>
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>Wrong credentials that one source may send a minute before it is banned.</summary>
    public int AuthFailuresPerMinute { get; init; } = 10;

    /// <summary>Length of the first ban, seconds; each further one is twice as long, at most a day.</summary>
    public int BanSeconds { get; init; } = 60;

    public int MaxConnectionsPerSource { get; init; } = 512;

    public int T1Ms { get; init; } = 500;

    public bool Trace { get; init; }

    /// <summary>Reads the section; what is missing or of a wrong type keeps its default.</summary>
    /// <param name="json">An object, or empty.</param>
    public static SipOptions Parse(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return new SipOptions { Trusted = AccessList.Loopback };
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

        var defaults = new SipOptions();
        return new SipOptions
        {
            UserAgent = Text(values, "userAgent") ?? defaults.UserAgent,
            AdvertisedAddress = IPAddress.TryParse(Text(values, "advertisedAddress"), out var address) ? address : null,
            Acl = AccessList.Parse(List(values, "acl") ?? []),
            InternalAcl = AccessList.Parse(List(values, "internalAcl") ?? []),
            Trusted = List(values, "trusted") is { } trusted ? AccessList.Parse(trusted) : AccessList.Loopback,
            Algorithms = Algorithm(List(values, "authAlgorithms")) is { Count: > 0 } algorithms ? algorithms : defaults.Algorithms,
            NonceLifetime = TimeSpan.FromSeconds(Number(values, "nonceLifetimeSeconds", 300, 10, 86_400)),
            SessionExpires = Number(values, "sessionExpiresSeconds", 1800, 90, 86_400),
            MinSessionExpires = Number(values, "minSessionExpiresSeconds", 90, 90, 86_400),
            RegisterDefaultExpires = Number(values, "registerDefaultExpiresSeconds", 3600, 10, 604_800),
            RegisterMinExpires = Number(values, "registerMinExpiresSeconds", 60, 1, 3600),
            RegisterMaxExpires = Number(values, "registerMaxExpiresSeconds", 7200, 60, 604_800),
            MaxContacts = Number(values, "maxContacts", 10, 1, 100),
            OptionsPing = Number(values, "optionsPingSeconds", 0, 0, 3600),
            MaxTransactions = Number(values, "maxTransactions", 400_000, 10, 10_000_000),
            MessagesPerSecond = Number(values, "messagesPerSecond", 400, 1, 1_000_000),
            RequestsPerSecond = Number(values, "requestsPerSecond", 100, 1, 1_000_000),
            AuthFailuresPerMinute = Number(values, "authFailuresPerMinute", 10, 1, 1_000_000),
            BanSeconds = Number(values, "banSeconds", 60, 1, 86_400),
            MaxConnectionsPerSource = Number(values, "maxConnectionsPerSource", 512, 1, 1_000_000),
            T1Ms = Number(values, "t1Ms", 500, 50, 5000),
            Trace = Flag(values, "sipTrace"),
        };
    }

    private static string? Text(Dictionary<string, JsonElement> values, string name) =>
        values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static List<string>? List(Dictionary<string, JsonElement> values, string name)
    {
        if (!values.TryGetValue(name, out var value))
        {
            return null;
        }

        // An environment variable or argument gives a list as text.
        if (value.ValueKind == JsonValueKind.String)
        {
            return [.. (value.GetString() ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        }

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString() ?? "")]
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

    private static bool Flag(Dictionary<string, JsonElement> values, string name) =>
        values.TryGetValue(name, out var value)
        && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.String && string.Equals(value.GetString(), "true", StringComparison.OrdinalIgnoreCase)));

    private static List<DigestAlgorithm> Algorithm(List<string>? names)
    {
        var algorithms = new List<DigestAlgorithm>();
        foreach (var name in names ?? [])
        {
            var algorithm = string.Equals(name, "SHA-256", StringComparison.OrdinalIgnoreCase) ? DigestAlgorithm.Sha256
                : string.Equals(name, "MD5", StringComparison.OrdinalIgnoreCase) ? DigestAlgorithm.Md5
                : (DigestAlgorithm?)null;
            if (algorithm is { } known && !algorithms.Contains(known))
            {
                algorithms.Add(known);
            }
        }

        return algorithms;
    }
}
