using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>The listeners and connections of one plugin slot. They belong to the slot, not to a version of the plugin: a swap does not touch them.</summary>
internal sealed class Transports : ITransports, IDisposable
{
    private const int PeersPerGeneration = 16_384;

    private readonly IdSource _ids;
    private readonly Dictionary<ListenerId, UdpListener> _udp = [];
    private readonly Dictionary<ListenerId, StreamListener> _streams = [];
    private readonly Dictionary<ListenerId, BoundListener> _bound = [];
    private readonly Dictionary<ConnectionId, TcpConnection> _connections = [];
    private readonly Dictionary<ConnectionId, OutboundConnect> _connecting = [];
    private readonly Dictionary<PeerKey, int> _perAddress = [];
    private int _accepted;
    private bool _isPaused;
    private bool _isDisposed;

    public Transports(LoopIo io, TimeProvider time, ConnectionLimits limits, IdSource ids, ITransportSink sink)
    {
        Io = io;
        Time = time;
        Limits = limits;
        Sink = sink;
        _ids = ids;
    }

    internal LoopIo Io { get; }

    internal TimeProvider Time { get; }

    internal ConnectionLimits Limits { get; }

    internal ITransportSink Sink { get; }

    internal TransportCounters Counters { get; } = new();

    public bool IsPaused
    {
        get => _isPaused;
        set
        {
            _isPaused = value;
            foreach (var listener in _udp.Values)
            {
                listener.SetPaused(value);
            }

            foreach (var listener in _streams.Values)
            {
                listener.SetPaused(value);
            }

            foreach (var connection in _connections.Values)
            {
                connection.SetPaused(value);
            }
        }
    }

    /// <summary>Puts a bound listener to work.</summary>
    public void Attach(BoundListener bound)
    {
        var info = bound.Info;
        _bound[info.Id] = bound;
        if (info.Transport == TransportKind.Udp)
        {
            IDatagramSocket socket = Io.Poller is EpollPoller
                ? new LinuxDatagramSocket(bound.Socket, bound.IsWildcard)
                : new ManagedDatagramSocket(bound.Socket, bound.IsWildcard);
            _udp[info.Id] = new UdpListener(info, socket, bound.IsWildcard, PeersPerGeneration, Io, Sink, Counters);
            _udp[info.Id].SetPaused(_isPaused);
        }
        else
        {
            _streams[info.Id] = new StreamListener(this, info, bound.Socket);
            _streams[info.Id].SetPaused(_isPaused);
        }
    }

    /// <summary>Closes a listener; its connections stay.</summary>
    public void Detach(ListenerId listener)
    {
        _bound.Remove(listener);
        if (_udp.Remove(listener, out var udp))
        {
            udp.Dispose();
        }

        if (_streams.Remove(listener, out var stream))
        {
            stream.Dispose();
        }
    }

    public ConnectionId NextConnectionId() => _ids.NextConnection();

    public void SendDatagram(ListenerId listener, IPEndPoint to, ReadOnlySpan<byte> data)
    {
        if (_udp.TryGetValue(listener, out var udp))
        {
            udp.Send(to, data);
        }
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> data)
    {
        if (_connections.TryGetValue(connection, out var open))
        {
            open.Send(data);
        }
    }

    public long QueuedBytes(ConnectionId connection) => _connections.TryGetValue(connection, out var open) ? open.QueuedBytes : 0;

    public void Close(ConnectionId connection)
    {
        if (_connections.TryGetValue(connection, out var open))
        {
            open.Close();
        }
        else if (_connecting.TryGetValue(connection, out var pending))
        {
            pending.Cancel();
        }
    }

    public void Connect(ConnectionId connection, ListenerId listener, IPEndPoint to, string? serverName)
    {
        var outbound = _connections.Count - _accepted + _connecting.Count;
        if (!_bound.TryGetValue(listener, out var bound) || bound.Info.Transport != TransportKind.Tcp || outbound >= Limits.MaxConnections)
        {
            Fail(connection, listener);
            return;
        }

        var pending = new OutboundConnect(this, connection, listener);
        _connecting[connection] = pending;
        pending.Start(bound.IsWildcard ? null : bound.Info.Local.Address, to);
    }

    /// <summary>Closes everything at once; nothing is reported any more.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (var id in _bound.Keys.ToArray())
        {
            Detach(id);
        }

        foreach (var pending in _connecting.Values)
        {
            pending.Cancel();
        }

        foreach (var connection in _connections.Values)
        {
            connection.Abort();
        }

        _connections.Clear();
        _connecting.Clear();
    }

    internal void OnAccepted(StreamListener listener, Socket socket)
    {
        TcpConnection connection;
        try
        {
            connection = new TcpConnection(this, _ids.NextConnection(), listener.Info.Id, socket, isAccepted: true);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Reset between arrival and now.
            socket.Dispose();
            return;
        }

        var network = Network(connection.Remote.Address);
        var count = _perAddress.GetValueOrDefault(network);
        if (_accepted >= Limits.MaxConnections || count >= Limits.MaxPerAddress)
        {
            Counters.Refused.Add(1);
            socket.Dispose();
            return;
        }

        _perAddress[network] = count + 1;
        _accepted++;
        Counters.Accepted.Add(1);
        Open(connection);
    }

    internal void OnConnected(OutboundConnect pending, Socket? socket)
    {
        if (!_connecting.Remove(pending.Connection) || _isDisposed)
        {
            socket?.Dispose();
            return;
        }

        if (pending.IsCancelled)
        {
            socket?.Dispose();
            socket = null;
        }

        TcpConnection? connection = null;
        try
        {
            connection = socket is null ? null : new TcpConnection(this, pending.Connection, pending.Listener, socket, isAccepted: false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            socket?.Dispose();
        }

        if (connection is null)
        {
            Sink.Deliver(TransportEvent.Closed(pending.Listener, pending.Connection));
        }
        else
        {
            Open(connection);
        }
    }

    /// <summary>Ends a connection and tells the plugin.</summary>
    internal void Drop(TcpConnection connection)
    {
        if (!_connections.Remove(connection.Id))
        {
            return;
        }

        connection.Abort();
        Counters.Connections.Set(_connections.Count);
        if (connection.IsAccepted)
        {
            _accepted--;
            var network = Network(connection.Remote.Address);
            if (_perAddress[network] == 1)
            {
                _perAddress.Remove(network);
            }
            else
            {
                _perAddress[network]--;
            }
        }

        // Posted, not delivered: a send of the plugin may be what found the connection dead, and events do not nest.
        Io.Loop.Post(static s => ((ClosedItem)s!).Deliver(), new ClosedItem(Sink, connection.Listener, connection.Id));
    }

    private void Open(TcpConnection connection)
    {
        _connections[connection.Id] = connection;
        Counters.Connections.Set(_connections.Count);
        Sink.Deliver(TransportEvent.Opened(connection.Listener, connection.Id, connection.Remote, connection.Local));
        if (!connection.IsClosed)
        {
            connection.Begin(_isPaused);
        }
    }

    private void Fail(ConnectionId connection, ListenerId listener) =>
        Io.Loop.Post(static s => ((ClosedItem)s!).Deliver(), new ClosedItem(Sink, listener, connection));

    // Whoever has one IPv6 address has 2^64 of them.
    private static PeerKey Network(IPAddress address)
    {
        var key = PeerKey.Of(new IPEndPoint(address, 0));
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? key with { Low = 0 } : key;
    }

    private sealed record ClosedItem(ITransportSink Sink, ListenerId Listener, ConnectionId Connection)
    {
        public void Deliver() => Sink.Deliver(TransportEvent.Closed(Listener, Connection));
    }
}
