using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Gateways;

/// <summary>What is configured of a trunk, immutable. Names are FreeSWITCH's, with or without dashes.</summary>
/// <param name="Name">Its name in dial strings.</param>
/// <param name="Source">The section as text: a gateway is the same after a reload when this is.</param>
internal sealed record GatewayOptions(string Name, string Source)
{
    /// <summary>The profile that it uses.</summary>
    public string Profile { get; init; } = "external";

    public string Username { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>The domain of its addresses.</summary>
    public string Realm { get; init; } = "";

    /// <summary>The only digest realm that gets the password; <c>*</c> for any that its proxy names.</summary>
    public string AuthRealm { get; init; } = "";

    /// <summary>Where requests go, as <c>host[:port][;transport=…]</c>.</summary>
    public string Proxy { get; init; } = "";

    public string FromUser { get; init; } = "";

    public string FromDomain { get; init; } = "";

    /// <summary>Number that inbound calls are for; empty for the one that they name.</summary>
    public string Extension { get; init; } = "";

    /// <summary>Dial-plan context of inbound calls; empty for the profile's.</summary>
    public string Context { get; init; } = "";

    /// <summary>Whether From carries the caller's number rather than ours.</summary>
    public bool CallerIdInFrom { get; init; }

    public string CallerIdType { get; init; } = "";

    public bool Registers { get; init; } = true;

    public string Transport { get; init; } = "";

    public int ExpireSeconds { get; init; } = 3600;

    /// <summary>First wait after a failure; each further one is twice as long, up to ten times.</summary>
    public int RetrySeconds { get; init; } = 30;

    /// <summary>Interval of OPTIONS; 0 is off.</summary>
    public int PingSeconds { get; init; }

    /// <summary>Networks from which it calls, besides the addresses of its proxy.</summary>
    public AccessList Acl { get; init; } = AccessList.Empty;

    public static GatewayOptions Parse(string name, JsonElement json)
    {
        var values = new OptionValues(json);
        var realm = Text("realm", name);
        var proxy = Text("proxy", realm);
        var transport = Text("transport", Text("registerTransport", ""));
        return new GatewayOptions(name, json.GetRawText())
        {
            Profile = Text("profile", "external"),
            Username = Text("username", ""),
            Password = Text("password", ""),
            Realm = realm,
            AuthRealm = Text("authRealm", realm),
            Proxy = proxy,
            FromUser = Text("fromUser", Text("username", "")),
            FromDomain = Text("fromDomain", realm),
            Extension = Text("extension", ""),
            Context = Text("context", ""),
            CallerIdInFrom = values.Flag("callerIdInFrom", false),
            CallerIdType = Text("callerIdType", ""),
            Registers = values.Flag("register", true),
            Transport = transport.ToLowerInvariant(),
            ExpireSeconds = values.Number("expireSeconds", 3600, 60, 86_400),
            RetrySeconds = values.Number("retrySeconds", 30, 1, 3600),
            PingSeconds = values.Number("ping", values.Number("pingSeconds", 0, 0, 3600), 0, 3600),
            Acl = AccessList.Parse(values.List("acl") ?? []),
        };

        string Text(string option, string fallback) => values.Text(option) is { Length: > 0 } text ? text : fallback;
    }

    /// <summary>The URI that requests are sent by.</summary>
    public byte[] ProxyUri()
    {
        var text = Proxy.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) || Proxy.StartsWith("sips:", StringComparison.OrdinalIgnoreCase) ? Proxy : "sip:" + Proxy;
        if (Transport.Length > 0 && !text.Contains("transport=", StringComparison.OrdinalIgnoreCase))
        {
            text += ";transport=" + Transport;
        }

        return System.Text.Encoding.UTF8.GetBytes(text);
    }

    /// <summary>Whether the configuration can be used.</summary>
    public bool IsUsable => SipUri.TryParse(ProxyUri(), out _);

    /// <summary>Whether a challenge of a realm is answered.</summary>
    public string? RealmToAnswer => AuthRealm == "*" ? null : AuthRealm;

    /// <summary>Transports by their name in a URI.</summary>
    public static TransportKind? TransportOf(ReadOnlySpan<byte> name) =>
        SipText.EqualsIgnoreCase(name, "udp"u8) ? TransportKind.Udp
        : SipText.EqualsIgnoreCase(name, "tcp"u8) ? TransportKind.Tcp
        : SipText.EqualsIgnoreCase(name, "tls"u8) ? TransportKind.Tls
        : SipText.EqualsIgnoreCase(name, "ws"u8) ? TransportKind.Ws
        : SipText.EqualsIgnoreCase(name, "wss"u8) ? TransportKind.Wss
        : null;
}
