using System.ComponentModel.DataAnnotations;
using System.Net;
using XSwitchEngine.Core.Directory;

namespace XSwitchEngine.Core;

/// <summary>Configuration of the engine proper; plugins have sections of their own. Validated as a whole by the host.</summary>
public sealed class EngineOptions
{
    /// <summary>Default domain and digest realm.</summary>
    public string Domain { get; set; } = "xswitch.local";

    /// <summary>Further names of this engine in addresses of record.</summary>
    public List<string> DomainAliases { get; set; } = [];

    /// <summary>Directory of all state.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>Directory of Lua scripts.</summary>
    public string ScriptDirectory { get; set; } = "scripts";

    /// <summary>Directory of prompts; relative playback names are found below it.</summary>
    public string SoundDirectory { get; set; } = "scripts/sounds";

    /// <summary>Directory of plugins: <c>{name}/{version}/plugin.json</c>.</summary>
    public string PluginDirectory { get; set; } = "plugins";

    /// <summary>Script that routes new calls.</summary>
    public string DialplanScript { get; set; } = "dialplan.lua";

    /// <summary>Codecs offered and accepted, best first: OPUS, G722, PCMA, PCMU, L16.</summary>
    public List<string> Codecs { get; set; } = ["OPUS", "G722", "PCMA", "PCMU"];

    /// <summary>First RTP port, even.</summary>
    [Range(1024, 65534)]
    public int RtpPortStart { get; set; } = 16384;

    /// <summary>Last RTP port.</summary>
    [Range(1025, 65535)]
    public int RtpPortEnd { get; set; } = 32767;

    /// <summary>UDP port of WebRTC media on the first media loop, each further loop takes the next; 0: each loop takes one that the system chooses.</summary>
    [Range(0, 65535)]
    public int WebRtcPort { get; set; } = 10_000;

    /// <summary>Address that peers see for media, when it differs from the bound one (NAT); null for the bound one.</summary>
    public IPAddress? AdvertisedAddress { get; set; }

    /// <summary>Media loops; 0 for one per core.</summary>
    [Range(0, 256)]
    public int MediaLoops { get; set; }

    /// <summary>How long a media loop lets packets gather when they come fast, µs; 0 to be woken by each.</summary>
    [Range(0, 5000)]
    public int MediaGatherUs { get; set; } = 1000;

    /// <summary>Script shards; 0 for one per core.</summary>
    [Range(0, 256)]
    public int ScriptShards { get; set; }

    /// <summary>Most legs at once; more are refused with 503.</summary>
    [Range(1, 1_000_000)]
    public int MaxSessions { get; set; } = 10_000;

    /// <summary>Messages waiting for the core loop above which new legs are refused.</summary>
    [Range(100, 200_000)]
    public int OverloadQueueLength { get; set; } = 20_000;

    /// <summary>New incoming legs a second; more are refused with 503. 0 for no limit.</summary>
    [Range(0, 1_000_000)]
    public int MaxSessionsPerSecond { get; set; }

    /// <summary>Most connections (TCP, TLS, WebSocket) at once on the listeners of one plugin; more are closed on arrival.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 4096;

    /// <summary>Most of them from one IPv4 address or IPv6 /64 network. Behind a proxy all clients have the proxy's address.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnectionsPerSource { get; set; } = 256;

    /// <summary>Seconds that an originated leg rings before it fails with NO_ANSWER.</summary>
    [Range(1, 3600)]
    public int OriginateTimeoutSeconds { get; set; } = 60;

    /// <summary>Seconds that SIGTERM waits for calls to end by themselves.</summary>
    [Range(0, 86_400)]
    public int DrainSeconds { get; set; } = 30;

    /// <summary>Dial-plan context of calls that come in on a profile without a user, by profile; a profile that is not listed refuses them.</summary>
    public Dictionary<string, string> ProfileContexts { get; set; } = new() { ["external"] = "public" };

    /// <summary>Global variables that scripts can read.</summary>
    public Dictionary<string, string> Variables { get; set; } = [];

    /// <summary>Whether scripts may run shell commands (application and API command <c>system</c>).</summary>
    public bool AllowSystem { get; set; }

    /// <summary>Users beside those of the directory's database; one with the same number takes its place.</summary>
    public List<UserOptions> Users { get; set; } = [];

    /// <summary>Groups beside those of the database: numbers of their members, by name.</summary>
    public Dictionary<string, List<string>> Groups { get; set; } = [];
}
