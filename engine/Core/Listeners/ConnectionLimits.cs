namespace XSwitchEngine.Core.Listeners;

/// <summary>Bounds on the stream connections of one plugin, so that strangers cannot use up the process.</summary>
public sealed record ConnectionLimits
{
    /// <summary>Most accepted connections at once; more are closed on arrival. As many outbound ones may exist beside them.</summary>
    public int MaxConnections { get; init; } = 4096;

    /// <summary>Most accepted connections at once from one IPv4 address or IPv6 /64 network.</summary>
    public int MaxPerAddress { get; init; } = 256;

    /// <summary>An accepted connection on which the plugin has sent nothing this long after it opened is closed: whoever makes no sense does not stay.</summary>
    public TimeSpan FirstReply { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that received nothing for so long is closed.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Longest wait for an outbound connection.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for a TLS handshake and the request of a WebSocket together.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most bytes of a WebSocket message on a listener of its own.</summary>
    public int MaxMessageBytes { get; init; } = 65536;

    /// <summary>How long a closed connection may take to flush its queue, and its peer to close as well.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most bytes that wait to be sent on one connection, 4,096 and up; one more closes it.</summary>
    public int MaxQueuedBytes { get; init; } = 1 << 20;
}
