using Microsoft.Extensions.Logging;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Diagnostics;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Web;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host;

/// <summary>What an engine is made of that the host owns and outlives it with.</summary>
/// <param name="Configuration">The validated configuration.</param>
/// <param name="Directory">Users and registrations.</param>
/// <param name="Cdr">Call records.</param>
/// <param name="Events">Events.</param>
/// <param name="Security">The security log.</param>
/// <param name="Web">The shared HTTP listeners and what plugins serve there.</param>
/// <param name="Time">The clock.</param>
/// <param name="Loggers">Makes loggers.</param>
internal sealed record HostContext(
    HostConfiguration Configuration,
    SwitchDirectory Directory,
    ICdrJournal Cdr,
    EventBus Events,
    SecurityLog Security,
    WebContext Web,
    TimeProvider Time,
    ILoggerFactory Loggers);

/// <summary>The shared HTTP listeners as plugins meet them.</summary>
/// <param name="Listeners">Where they are.</param>
/// <param name="Routes">Who serves what.</param>
/// <param name="Certificates">For TLS.</param>
internal sealed record WebContext(SharedListeners Listeners, WebRoutes Routes, CertificateStore Certificates);
