using System.Net;

namespace XSwitchEngine.Abstractions;

/// <summary>A listener bound by the host for a plugin.</summary>
/// <param name="Id">Its number in this process.</param>
/// <param name="Name">Its name in the manifest or configuration, such as <c>internal-udp</c>.</param>
/// <param name="Profile">The profile it belongs to, such as <c>internal</c>.</param>
/// <param name="Transport">Its transport.</param>
/// <param name="Local">The address and port it is bound to; the address may be Any.</param>
public sealed record ListenerInfo(ListenerId Id, string Name, string Profile, TransportKind Transport, IPEndPoint Local);

/// <summary>Transports that a listener can have.</summary>
public enum TransportKind
{
    /// <summary>Datagrams.</summary>
    Udp,

    /// <summary>Byte streams.</summary>
    Tcp,

    /// <summary>Byte streams in TLS.</summary>
    Tls,

    /// <summary>WebSocket messages.</summary>
    Ws,

    /// <summary>WebSocket messages in TLS.</summary>
    Wss,

    /// <summary>HTTP requests.</summary>
    Http,

    /// <summary>HTTP requests in TLS.</summary>
    Https,
}

/// <summary>Levels of a plugin's log lines.</summary>
public enum PluginLogLevel
{
    /// <summary>For developers of the plugin.</summary>
    Debug,

    /// <summary>Something an operator may want to know.</summary>
    Info,

    /// <summary>Something is odd and was dealt with.</summary>
    Warning,

    /// <summary>Something failed.</summary>
    Error,
}
