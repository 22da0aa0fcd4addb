namespace XSwitchEngine.Abstractions;

/// <summary>Paths on the engine's shared HTTP listeners that a plugin serves.</summary>
/// <param name="Name">Unique in the plugin, such as <c>ws</c>; its listeners are named so, and with <c>-tls</c> behind on the TLS listener.</param>
/// <param name="Profile">The profile it belongs to.</param>
/// <param name="Kind">What is served there.</param>
/// <param name="Paths">Each an exact path, or all below one when it ends in <c>/*</c>. The longest that matches wins.</param>
public sealed record RouteSpec(string Name, string Profile, RouteKind Kind, IReadOnlyList<string> Paths)
{
    /// <summary>The WebSocket subprotocol that a client must offer and that is selected; empty when none is spoken.</summary>
    public string Subprotocol { get; init; } = "";

    /// <summary>Most bytes of a request's body, or of a WebSocket message.</summary>
    public int MaxBytes { get; init; } = 65536;
}

/// <summary>What a route serves.</summary>
public enum RouteKind
{
    /// <summary>WebSockets: connections with <c>Opened</c>, <c>Data</c>, <c>Closed</c>.</summary>
    WebSocket,

    /// <summary>Requests with <see cref="TransportEventKind.HttpRequest"/> and <see cref="IPluginHost.Respond"/>.</summary>
    Http,
}
