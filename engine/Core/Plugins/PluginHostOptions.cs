using System.Net;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Web;

namespace XSwitchEngine.Core.Plugins;

/// <summary>How plugins are hosted.</summary>
public sealed record PluginHostOptions
{
    /// <summary>Directory of plugins: <c>{name}/{version}/plugin.json</c>.</summary>
    public required string PluginDirectory { get; init; }

    /// <summary>The configuration section of a plugin as JSON text, by the plugin's name, asked for at the start; null or empty when there is none. Later ones come by <see cref="PluginHost.ConfigureAsync"/>.</summary>
    public Func<string, string?> Configuration { get; init; } = static _ => null;

    /// <summary>Receives each line of the security log, without a line end. Any thread; must not block.</summary>
    public Action<string> SecurityLog { get; init; } = static _ => { };

    /// <summary>Built-in plugins that run on the core's own loop: a message between core and plugin then wakes no thread, which is most of the cost of a call.</summary>
    public IReadOnlySet<string> OnCoreLoop { get; init; } = new HashSet<string>();

    /// <summary>Plugins that share one loop. The others get one each, so that one which stalls does not hold up the rest.</summary>
    public IReadOnlySet<string> SharedLoop { get; init; } = new HashSet<string>();

    /// <summary>Where the engine's shared HTTP listeners are; null for none. Routes of plugins are served there.</summary>
    public IPEndPoint? Http { get; init; }

    /// <summary>The same in TLS.</summary>
    public IPEndPoint? Https { get; init; }

    /// <summary>Who serves what on the shared listeners; filled by the plugin host.</summary>
    public WebRoutes Routes { get; init; } = new();

    /// <summary>Certificates of TLS listeners; without them a plugin that needs one does not start.</summary>
    public CertificateStore? Certificates { get; init; }

    /// <summary>Bounds on stream connections, for each plugin.</summary>
    public ConnectionLimits Connections { get; init; } = new();

    /// <summary>Wish for the receive buffer of a UDP listener; what the system grants without a privilege may be less (<c>net.core.rmem_max</c>).</summary>
    public int ReceiveBufferBytes { get; init; } = 4 << 20;

    /// <summary>Name servers for NAPTR and SRV records; empty for those of the system.</summary>
    public IReadOnlyList<System.Net.IPEndPoint> DnsServers { get; init; } = [];

    /// <summary>Messages waiting for a plugin's loop above which it takes no new outbound legs.</summary>
    public int MaxWaiting { get; init; } = 20_000;

    /// <summary>A callback that takes longer is logged with the plugin's name.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Faults within <see cref="QuarantineWindow"/> that quarantine a plugin, if at least half of its events failed in that time.</summary>
    public int QuarantineFaults { get; init; } = 20;

    /// <summary>See <see cref="QuarantineFaults"/>.</summary>
    public TimeSpan QuarantineWindow { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long, before a swap, events are noted for the rehearsal: the new version handles them in its dry run, from the state before them.</summary>
    public TimeSpan Shadow { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a new version is watched after a swap; an exception in that time brings the old one back.</summary>
    public TimeSpan Probation { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest time for a plugin to load, start, export or import.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for a plugin to stop when the engine ends.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Old load contexts that may stay in memory before further swaps of that plugin are refused.</summary>
    public int MaxLeakedContexts { get; init; } = 20;

    /// <summary>Whether a new version directory is swapped in by itself, two seconds after it appeared.</summary>
    public bool WatchDirectories { get; init; }
}
