using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>Takes what arrives on listeners and connections. Loop thread only.</summary>
internal interface ITransportSink
{
    /// <summary>One event, handled to its end before the call returns.</summary>
    void Deliver(in TransportEvent e);
}

/// <summary>The network as a plugin slot uses it. Loop thread only; ids that are unknown are ignored.</summary>
internal interface ITransports
{
    /// <summary>Sends one datagram.</summary>
    void SendDatagram(ListenerId listener, IPEndPoint to, ReadOnlySpan<byte> data);

    /// <summary>Queues bytes on a connection.</summary>
    void Send(ConnectionId connection, ReadOnlySpan<byte> data);

    /// <summary>Bytes that wait on a connection; 0 for one that this transport does not have.</summary>
    /// <param name="connection">The connection.</param>
    long QueuedBytes(ConnectionId connection) => 0;

    /// <summary>Opens a connection under an id that <see cref="NextConnectionId"/> gave.</summary>
    /// <param name="connection">The id.</param>
    /// <param name="listener">On whose behalf.</param>
    /// <param name="to">The peer.</param>
    /// <param name="serverName">With TLS: the name that the peer must prove; null for its address, empty for none.</param>
    void Connect(ConnectionId connection, ListenerId listener, IPEndPoint to, string? serverName);

    /// <summary>Closes a connection once what is queued is sent.</summary>
    void Close(ConnectionId connection);

    /// <summary>A new id, never used before in this process.</summary>
    ConnectionId NextConnectionId();

    /// <summary>Stops or resumes reading: what arrives meanwhile waits in the kernel, which slows streams down and drops datagrams.</summary>
    bool IsPaused { get; set; }
}

/// <summary>Numbers that are used once in the process.</summary>
internal sealed class IdSource
{
    private long _connection;
    private long _timer;
    private int _listener;

    public ConnectionId NextConnection() => new(Interlocked.Increment(ref _connection));

    public TimerId NextTimer() => new(Interlocked.Increment(ref _timer));

    public ListenerId NextListener() => new(Interlocked.Increment(ref _listener));
}
