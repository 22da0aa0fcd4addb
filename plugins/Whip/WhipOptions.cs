using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>The plugin's section of the configuration. Names and defaults are those of <c>plugin.json</c>.</summary>
internal sealed class WhipOptions
{
    private const string DefaultPattern = "^[0-9A-Za-z*#+._@-]{1,64}$";

    /// <summary>What a destination in a URL looks like; it is matched in linear time.</summary>
    public Regex Destination { get; private init; } = Pattern(DefaultPattern);

    /// <summary>Whether <c>/whip/</c> is a strict RFC 9725 ingest: the answer to <c>sendrecv</c> is <c>recvonly</c>.</summary>
    public bool IsStrictIngest { get; private init; }

    public bool WhipEarly { get; private init; } = true;

    public bool WhapEarly { get; private init; } = true;

    public bool WhxpEarly { get; private init; }

    public bool WhipPartial { get; private init; }

    public bool WhapPartial { get; private init; } = true;

    public bool WhxpPartial { get; private init; } = true;

    /// <summary>What a caller hears while the far end alerts and the session is open already: a playback string.</summary>
    public string Ringback { get; private init; } = "";

    /// <summary>Longest time that a POST waits for an answer.</summary>
    public TimeSpan Ring { get; private init; }

    public bool Anonymous { get; private init; }

    /// <summary>Destinations for requests without a token; a star at the end stands for anything.</summary>
    public IReadOnlyList<string> AnonymousDestinations { get; private init; } = [];

    /// <summary>Origins of pages that may read replies; <c>*</c> for any.</summary>
    public IReadOnlyList<string> Origins { get; private init; } = ["*"];

    /// <summary>Whether <c>Location</c> has scheme and host.</summary>
    public bool AbsoluteLocation { get; private init; }

    public bool RequireIfMatch { get; private init; }

    public bool DeleteWithoutToken { get; private init; } = true;

    /// <summary>Whether WHEP clients get our offer: an empty POST by 201, an offer of theirs by 406 (WHEP draft §4.2).</summary>
    public bool ServerOffer { get; private init; }

    /// <summary><c>stun:</c>, <c>turn:</c>, <c>turns:</c> URIs told to clients.</summary>
    public IReadOnlyList<string> IceServers { get; private init; } = [];

    /// <summary>Shared secret of the TURN servers (TURN REST scheme); empty for none.</summary>
    public string TurnSecret { get; private init; } = "";

    public int TurnSeconds { get; private init; }

    public int MaxSessions { get; private init; }

    public int MaxSessionsPerUser { get; private init; }

    public int PostsPerSecond { get; private init; }

    public int RequestsPerSecond { get; private init; }

    public int AuthFailuresPerMinute { get; private init; }

    private IReadOnlyList<IPNetwork> Trusted { get; init; } = [];

    /// <summary>Whether no limit applies to a source.</summary>
    /// <param name="address">Its address.</param>
    public bool IsTrusted(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Trusted.Any(n => n.Contains(plain));
    }

    /// <summary>Whether the POST is answered as soon as there is a description.</summary>
    /// <param name="flavour">Of the endpoint.</param>
    public bool IsEarly(Flavour flavour) => flavour switch { Flavour.Whip => WhipEarly, Flavour.Whap => WhapEarly, Flavour.Whxp => WhxpEarly, _ => false };

    /// <summary>Whether some of the media may be refused.</summary>
    /// <param name="flavour">Of the endpoint.</param>
    public bool AllowsPartial(Flavour flavour) => flavour switch { Flavour.Whip => WhipPartial, Flavour.Whap => WhapPartial, Flavour.Whxp => WhxpPartial, _ => false };

    /// <summary>Whether a request without a token may reach a destination.</summary>
    /// <param name="destination">The destination.</param>
    public bool IsForEverybody(string destination) => Anonymous && Lists(AnonymousDestinations, destination);

    /// <summary>Whether a list names a text; a star at the end of an element stands for anything.</summary>
    /// <param name="list">The list.</param>
    /// <param name="text">The text.</param>
    public static bool Lists(IEnumerable<string> list, string text) =>
        list.Any(e => e.EndsWith('*') ? text.StartsWith(e[..^1], StringComparison.Ordinal) : e == text);

    /// <summary>Reads the section; what is missing or of a wrong type keeps its default.</summary>
    /// <param name="json">An object, or empty.</param>
    public static WhipOptions Parse(string json)
    {
        using var document = JsonDocument.Parse(string.IsNullOrWhiteSpace(json) ? "{}" : json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var values = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in document.RootElement.EnumerateObject())
            {
                values[property.Name] = property.Value;
            }
        }

        return new WhipOptions
        {
            Destination = Pattern(Text(values, "destinationPattern", DefaultPattern)),
            IsStrictIngest = Text(values, "whipSendrecv", "xswitch").Equals("rfc9725", StringComparison.OrdinalIgnoreCase),
            WhipEarly = IsEarly(values, "whipWait", true),
            WhapEarly = IsEarly(values, "whapWait", true),
            WhxpEarly = IsEarly(values, "whxpWait", false),
            WhipPartial = Flag(values, "whipPartial", false),
            WhapPartial = Flag(values, "whapPartial", true),
            WhxpPartial = Flag(values, "whxpPartial", true),
            Ringback = Text(values, "ringback", "tone_stream://%(2000,4000,440,480)"),
            Ring = TimeSpan.FromSeconds(Number(values, "ringSeconds", 120, 5, 290)),
            Anonymous = Flag(values, "anonymous", false),
            AnonymousDestinations = List(values, "anonymousDestinations", []),
            Origins = List(values, "origins", ["*"]),
            AbsoluteLocation = Text(values, "location", "path").Equals("absolute", StringComparison.OrdinalIgnoreCase),
            RequireIfMatch = Flag(values, "requireIfMatch", false),
            DeleteWithoutToken = Flag(values, "deleteWithoutToken", true),
            ServerOffer = Flag(values, "serverOffer", false),
            IceServers = [.. List(values, "iceServers", []).Where(IsIceServer)],
            TurnSecret = Text(values, "turnSecret", ""),
            TurnSeconds = Number(values, "turnSeconds", 3600, 60, 86_400),
            MaxSessions = Number(values, "maxSessions", 2000, 1, 1_000_000),
            MaxSessionsPerUser = Number(values, "maxSessionsPerUser", 200, 1, 1_000_000),
            PostsPerSecond = Number(values, "postsPerSecond", 50, 1, 1_000_000),
            RequestsPerSecond = Number(values, "requestsPerSecond", 200, 1, 1_000_000),
            AuthFailuresPerMinute = Number(values, "authFailuresPerMinute", 30, 1, 1_000_000),
            Trusted = [.. List(values, "trusted", ["127.0.0.0/8", "::1/128"]).Select(Network).OfType<IPNetwork>()],
        };
    }

    private static Regex Pattern(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // A pattern that cannot be used must not open the door.
            return new Regex(DefaultPattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
    }

    private static bool IsIceServer(string text) =>
        text.StartsWith("stun:", StringComparison.Ordinal) || text.StartsWith("turn:", StringComparison.Ordinal) || text.StartsWith("turns:", StringComparison.Ordinal);

    private static IPNetwork? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

    private static bool IsEarly(Dictionary<string, JsonElement> values, string name, bool fallback) =>
        Text(values, name, "").ToLowerInvariant() switch { "early" => true, "answer" => false, _ => fallback };

    private static string Text(Dictionary<string, JsonElement> values, string name, string fallback) =>
        values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() ?? fallback : fallback;

    private static IReadOnlyList<string> List(Dictionary<string, JsonElement> values, string name, IReadOnlyList<string> fallback)
    {
        if (!values.TryGetValue(name, out var value))
        {
            return fallback;
        }

        // An environment variable or argument gives a list as text.
        return value.ValueKind == JsonValueKind.String ? (value.GetString() ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString() ?? "")]
            : fallback;
    }

    private static int Number(Dictionary<string, JsonElement> values, string name, int fallback, int min, int max)
    {
        var found = !values.TryGetValue(name, out var value) ? fallback
            : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? number
            : fallback;
        return Math.Clamp(found, min, max);
    }

    private static bool Flag(Dictionary<string, JsonElement> values, string name, bool fallback) =>
        !values.TryGetValue(name, out var value) ? fallback
        : value.ValueKind == JsonValueKind.String ? string.Equals(value.GetString(), "true", StringComparison.OrdinalIgnoreCase)
        : value.ValueKind == JsonValueKind.True;
}
