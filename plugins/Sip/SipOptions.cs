using System.Collections.Frozen;
using System.Net;
using System.Text.Json;
using XSwitchEngine.Plugins.Sip.Gateways;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Trace;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>Whether provisional responses are sent reliably (RFC 3262).</summary>
internal enum ReliableMode
{
    /// <summary>Not at all; a peer that requires it is refused.</summary>
    Off,

    /// <summary>When the peer requires it, or when it knows it and a session description needs it.</summary>
    Supported,

    /// <summary>Whenever the peer knows it.</summary>
    Always,
}

/// <summary>Which redirections of outgoing calls are followed.</summary>
internal enum RedirectMode
{
    /// <summary>None.</summary>
    Off,

    /// <summary>To the peer that redirects, to addresses of the access list, and to users of ours.</summary>
    Trusted,

    /// <summary>All.</summary>
    All,
}

/// <summary>The plugin's options, immutable. Names and defaults stand in <c>plugin.json</c>; numbers outside their range are clamped.</summary>
internal sealed record SipOptions
{
    public string UserAgent { get; init; } = "XSwitchEngine";

    /// <summary>Our address as peers outside the private networks see it; null when it is the local one.</summary>
    public IPAddress? AdvertisedAddress { get; init; }

    /// <summary>Networks from which calls are taken without credentials.</summary>
    public AccessList Acl { get; init; } = AccessList.Empty;

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

    /// <summary>A collector that gets every message; null for none.</summary>
    public HepOptions? Hep { get; init; }

    /// <summary>Whether a server that we connect to by TLS must prove its name.</summary>
    public bool VerifiesTls { get; init; } = true;

    /// <summary>Sources that no limit applies to: the trusted ones and all access lists together.</summary>
    public AccessList Unlimited { get; init; } = AccessList.Loopback;

    /// <summary>Whether requests outside dialogs need credentials; without them only the networks of <see cref="Acl"/> and gateways are let in.</summary>
    public bool Authenticates { get; init; } = true;

    /// <summary>Whether users may register here.</summary>
    public bool TakesRegistrations { get; init; } = true;

    /// <summary>Dial-plan context of calls without a user (the call source); empty for that of the engine's configuration.</summary>
    public string Context { get; init; } = "";

    /// <summary>Codecs of calls, best first; empty for the engine's.</summary>
    public string Codecs { get; init; } = "";

    /// <summary>Networks that see our local address rather than the advertised one, besides the private ranges when it is empty.</summary>
    public AccessList LocalNetworks { get; init; } = AccessList.Empty;

    /// <summary>Whether peers that were let in by their address are believed about who calls (RFC 3325).</summary>
    public bool TrustsIdentity { get; init; } = true;

    /// <summary>How outgoing calls say who calls besides From: <c>none</c>, <c>rpid</c> or <c>pid</c>.</summary>
    public string CallerIdType { get; init; } = "none";

    /// <summary>Reliable provisional responses (RFC 3262).</summary>
    public ReliableMode Reliable { get; init; } = ReliableMode.Supported;

    /// <summary>Where redirections of outgoing calls may lead.</summary>
    public RedirectMode Redirects { get; init; } = RedirectMode.Trusted;

    /// <summary>Whether a Contact that is not where its messages come from is passed over (phones behind NAT).</summary>
    public bool MindsNat { get; init; } = true;

    /// <summary>Most legs of a profile at once; 0 is no limit.</summary>
    public int MaxCalls { get; init; }

    /// <summary>How long a call lives on after its WebSocket closed, seconds: a page that reconnects takes it back.</summary>
    public int FlowGrace { get; init; } = 30;

    /// <summary>Whether SIP over WebSocket legs, or all, get WebRTC offers.</summary>
    public bool WebRtcByDefault { get; init; }

    /// <summary>Challenges that a source may leave without an answer a minute before it is banned; 0 is no limit.</summary>
    public int ChallengesPerMinute { get; init; } = 100;

    /// <summary>Beginnings of User-Agent values of scanners, in lower case.</summary>
    public IReadOnlyList<string> Scanners { get; init; } = DefaultScanners;

    /// <summary>Beginnings of User-Agent values of clients that give up when a second challenge is there, in lower case: they are offered one algorithm.</summary>
    public IReadOnlyList<string> OneChallengeAgents { get; init; } = ["baresip v0.", "baresip v1."];

    /// <summary>Trunks by name.</summary>
    public IReadOnlyDictionary<string, GatewayOptions> Gateways { get; init; } = FrozenDictionary<string, GatewayOptions>.Empty;

    /// <summary>The options of profiles that have some of their own.</summary>
    public IReadOnlyDictionary<string, SipOptions> Profiles { get; init; } = FrozenDictionary<string, SipOptions>.Empty;

    private static string[] DefaultScanners => ["friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sundayddr", "vaxsipuseragent", "pplsip", "iwar", "sivus", "gulp", "smap"];

    /// <summary>The options that hold for a profile.</summary>
    public SipOptions Of(string profile) => Profiles.TryGetValue(profile, out var own) ? own : this;

    /// <summary>Reads the section; what is missing or of a wrong type keeps its default.</summary>
    /// <param name="json">An object, or empty.</param>
    public static SipOptions Parse(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            json = "{}";
        }

        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var values = new OptionValues(document.RootElement);
        var profiles = new Dictionary<string, SipOptions>(StringComparer.Ordinal);
        var common = Read(values, "");
        foreach (var name in (string[])["internal", "external", .. values.Objects("profiles").Select(p => p.Key)])
        {
            if (!profiles.ContainsKey(name))
            {
                profiles[name] = Read(values.Objects("profiles").FirstOrDefault(p => p.Key == name).Value is { } own ? values.With(own) : values, name);
            }
        }

        var gateways = values.Objects("gateways").ToDictionary(g => g.Key, g => GatewayOptions.Parse(g.Key, g.Value), StringComparer.Ordinal);
        return common with
        {
            Profiles = profiles.ToFrozenDictionary(p => p.Key, p => p.Value with { Gateways = gateways }, StringComparer.Ordinal),
            Gateways = gateways,
            Hep = values.Object("hep") is { } hep ? HepOptions.Parse(hep) : null,
            Unlimited = AccessList.Join([common.Trusted, .. profiles.Values.Select(p => p.Acl), .. gateways.Values.Select(g => g.Acl)]),
        };
    }

    private static SipOptions Read(OptionValues values, string profile)
    {
        // The two that are shipped differ before anything is configured: phones authenticate, trunks are known by their address.
        var isExternal = profile == "external";
        var defaults = new SipOptions();
        return new SipOptions
        {
            UserAgent = values.Text("userAgent") ?? defaults.UserAgent,
            AdvertisedAddress = IPAddress.TryParse(values.Text("advertisedAddress"), out var address) ? address : null,
            Acl = AccessList.Parse(values.List(profile.Length == 0 || isExternal || values.IsOwn("acl") ? "acl" : "internalAcl") ?? []),
            Trusted = values.List("trusted") is { } trusted ? AccessList.Parse(trusted) : AccessList.Loopback,
            Algorithms = Algorithm(values.List("authAlgorithms")) is { Count: > 0 } algorithms ? algorithms : defaults.Algorithms,
            NonceLifetime = TimeSpan.FromSeconds(values.Number("nonceLifetimeSeconds", 300, 10, 86_400)),
            SessionExpires = values.Number("sessionExpiresSeconds", 1800, 90, 86_400),
            MinSessionExpires = values.Number("minSessionExpiresSeconds", 90, 90, 86_400),
            RegisterDefaultExpires = values.Number("registerDefaultExpiresSeconds", 3600, 10, 604_800),
            RegisterMinExpires = values.Number("registerMinExpiresSeconds", 60, 1, 3600),
            RegisterMaxExpires = values.Number("registerMaxExpiresSeconds", 7200, 60, 604_800),
            MaxContacts = values.Number("maxContacts", 10, 1, 100),
            OptionsPing = values.Number("optionsPingSeconds", 0, 0, 3600),
            MaxTransactions = values.Number("maxTransactions", 400_000, 10, 10_000_000),
            MessagesPerSecond = values.Number("messagesPerSecond", 400, 1, 1_000_000),
            RequestsPerSecond = values.Number("requestsPerSecond", 100, 1, 1_000_000),
            AuthFailuresPerMinute = values.Number("authFailuresPerMinute", 10, 1, 1_000_000),
            ChallengesPerMinute = values.Number("challengesPerMinute", 100, 0, 1_000_000),
            BanSeconds = values.Number("banSeconds", 60, 1, 86_400),
            MaxConnectionsPerSource = values.Number("maxConnectionsPerSource", 512, 1, 1_000_000),
            T1Ms = values.Number("t1Ms", 500, 50, 5000),
            Trace = values.Flag("sipTrace", false),
            VerifiesTls = values.Flag("tlsVerify", true),
            Authenticates = values.Flag("authenticate", !isExternal),
            TakesRegistrations = values.Flag("register", !isExternal),
            Context = values.Text("context") ?? "",
            Codecs = string.Join(',', values.List("codecs") ?? []),
            LocalNetworks = AccessList.Parse(values.List("localNetworks") ?? []),
            TrustsIdentity = values.Flag("trustIdentity", true),
            CallerIdType = values.Text("callerIdType") ?? "none",
            Reliable = Enum.TryParse<ReliableMode>(values.Text("reliableProvisional"), ignoreCase: true, out var reliable) ? reliable : defaults.Reliable,
            Redirects = Enum.TryParse<RedirectMode>(values.Text("redirects"), ignoreCase: true, out var redirects) ? redirects : defaults.Redirects,
            MindsNat = values.Flag("nat", !isExternal),
            MaxCalls = values.Number("maxCalls", 0, 0, 1_000_000),
            FlowGrace = values.Number("flowGraceSeconds", 30, 0, 600),
            WebRtcByDefault = values.Flag("webrtc", false),
            Scanners = values.List("scanners")?.Select(s => s.ToLowerInvariant()).ToArray() ?? defaults.Scanners,
            OneChallengeAgents = values.List("oneChallengeAgents")?.Select(s => s.ToLowerInvariant()).ToArray() ?? defaults.OneChallengeAgents,
        };
    }

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
