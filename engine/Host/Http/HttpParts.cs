using Microsoft.Extensions.Logging;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Web;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host.Http;

/// <summary>What the HTTP server is made of.</summary>
internal sealed class HttpParts
{
    /// <summary>Limits and who is trusted.</summary>
    public required HttpOptions Options { get; init; }

    /// <summary>The bound listeners; the server takes their sockets.</summary>
    public required SharedListeners Listeners { get; init; }

    /// <summary>Certificates of the TLS listener.</summary>
    public required CertificateStore Certificates { get; init; }

    /// <summary>Plugins.</summary>
    public required WebGateway Gateway { get; init; }

    /// <summary>Log-ins.</summary>
    public required SessionsApi Sessions { get; init; }

    /// <summary>Counts by source.</summary>
    public required SourceLimiter Limiter { get; init; }

    /// <summary>Health, readiness, metrics.</summary>
    public required IHealth Health { get; init; }

    /// <summary>Pages.</summary>
    public required string PagesDirectory { get; init; }

    /// <summary>Makes loggers.</summary>
    public required ILoggerFactory Loggers { get; init; }
}
