namespace XSwitchEngine.Abstractions;

/// <summary>What <c>plugin.json</c> says of a plugin; read and checked before any of its code is loaded.</summary>
/// <param name="Name">Lower-case letters, digits and dashes.</param>
/// <param name="Version">Semantic version of the plugin.</param>
/// <param name="Api">Semantic version range of this contract that it needs, such as <c>1.x</c> or <c>&gt;=1.2 &lt;2</c>.</param>
/// <param name="Assembly">File name of the assembly beside the manifest.</param>
/// <param name="Entry">Full name of the type that implements <see cref="IProtocolPlugin"/>.</param>
public sealed record PluginManifest(string Name, string Version, string Api, string Assembly, string Entry)
{
    /// <summary>Schemes of dial strings that it serves, such as <c>sofia</c>.</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>Listeners that the host binds for it.</summary>
    public IReadOnlyList<ListenerSpec> Listeners { get; init; } = [];

    /// <summary>Paths on the engine's shared HTTP listeners that it serves.</summary>
    public IReadOnlyList<RouteSpec> Routes { get; init; } = [];

    /// <summary>What an offer to a dial target of its endpoints looks like, when no registration says it.</summary>
    public MediaProfile Media { get; init; }

    /// <summary>API commands that it answers, such as <c>sofia</c>.</summary>
    public IReadOnlyList<string> ApiCommands { get; init; } = [];

    /// <summary>Names of its options with their default values as JSON text; an option that is not listed is an error of the configuration.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>The version of the contract that this engine offers.</summary>
    public static Version ContractVersion { get; } = new(1, 2);
}

/// <summary>One listener of a manifest.</summary>
/// <param name="Name">Unique in the plugin, such as <c>internal-udp</c>.</param>
/// <param name="Profile">The profile it belongs to, such as <c>internal</c>; its port is configurable as <c>{Plugin}:Profiles:{profile}:Port</c>.</param>
/// <param name="Transport">Its transport.</param>
/// <param name="Default">Address and port to bind, such as <c>*:5060</c>; port 0 lets the system choose.</param>
public sealed record ListenerSpec(string Name, string Profile, TransportKind Transport, string Default)
{
    /// <summary>With <see cref="TransportKind.Ws"/> and <see cref="TransportKind.Wss"/>: the subprotocol that a client must offer and that is selected; empty when none is spoken.</summary>
    public string Subprotocol { get; init; } = "";
}
