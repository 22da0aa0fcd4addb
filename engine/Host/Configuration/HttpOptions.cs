using System.ComponentModel.DataAnnotations;

namespace XSwitchEngine.Host.Configuration;

/// <summary>The shared HTTP listeners.</summary>
internal sealed class HttpOptions
{
    /// <summary>Address to bind; <c>*</c> for all.</summary>
    public string Address { get; set; } = "*";

    /// <summary>Port of plain HTTP; 0 lets the system choose.</summary>
    [Range(0, 65535)]
    public int Port { get; set; } = 8081;

    /// <summary>Whether there is a TLS listener.</summary>
    public bool Tls { get; set; } = true;

    /// <summary>Port of HTTP in TLS; 0 lets the system choose. Null for the port after <see cref="Port"/>, or for the system's choice when that is 0.</summary>
    [Range(0, 65535)]
    public int? TlsPort { get; set; }

    /// <summary>Addresses and networks of proxies whose <c>X-Forwarded-*</c> headers are believed.</summary>
    public List<string> TrustedProxies { get; set; } = [];

    /// <summary>Addresses and networks (<c>192.0.2.0/24</c>) that may read <c>/metrics</c> besides this machine.</summary>
    public List<string> MetricsAllow { get; set; } = [];

    /// <summary>Most connections at once, WebSockets included.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Most connections at once from one IPv4 address or IPv6 /64 network; proxies that are trusted are not counted. 0 for no limit.</summary>
    [Range(0, 1_000_000)]
    public int MaxConnectionsPerSource { get; set; } = 1000;

    /// <summary>Requests a second from one source, with twice as many at once; more are answered 429. 0 for no limit.</summary>
    [Range(0, 1_000_000)]
    public int RequestsPerSecond { get; set; } = 500;

    /// <summary>Hours that a token of <c>/api/sessions</c> lives.</summary>
    [Range(1, 8760)]
    public int TokenHours { get; set; } = 24;

    /// <summary>The port of TLS that holds, or null when there is none.</summary>
    internal int? EffectiveTlsPort => !Tls ? null : TlsPort ?? (Port is 0 or 65535 ? 0 : Port + 1);
}
