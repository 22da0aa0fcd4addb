using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Web;

namespace XSwitchEngine.Core.Listeners;

/// <summary>The listeners and connections of one plugin slot. They belong to the slot, not to a version of the plugin: a swap does not touch them.</summary>
internal sealed partial class Transports : ITransports, IDisposable
{
    private const int PeersPerGeneration = 16_384;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly IdSource _ids;
    private readonly Dictionary<ListenerId, UdpListener> _udp = [];
    private readonly Dictionary<ListenerId, StreamListener> _streams = [];
    private readonly Dictionary<ListenerId, BoundListener> _bound = [];
    private readonly Dictionary<ConnectionId, ITransportConnection> _connections = [];
    private readonly Dictionary<ConnectionId, OutboundConnect> _connecting = [];
    private readonly Dictionary<PeerKey, int> _perAddress = [];
    private readonly HashSet<SecureAccept> _handshakes = [];
    private readonly WebRoutes? _routes;
    private int _accepted;
    private bool _isPaused;
    private bool _isSweeping;
    private bool _isDisposed;

    public Transports(LoopIo io, TimeProvider time, ConnectionLimits limits, IdSource ids, ITransportSink sink, CertificateStore? certificates = null, WebRoutes? routes = null)
    {
        Certificates = certificates;
        _routes = routes;
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

    /// <summary>For TLS; null where there is none.</summary>
    internal CertificateStore? Certificates { get; }

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
                ? new LinuxDatagramSocket(bound.Socket!, bound.IsWildcard)
                : new ManagedDatagramSocket(bound.Socket!, bound.IsWildcard);
            _udp[info.Id] = new UdpListener(info, socket, bound.IsWildcard, PeersPerGeneration, Io, Sink, Counters);
            _udp[info.Id].SetPaused(_isPaused);
        }
        else if (bound.Route is not null)
        {
            _routes?.Add(bound, (Plugins.PluginSlot)Sink);
        }
        else
        {
            _streams[info.Id] = new StreamListener(this, info, bound.Socket!);
            _streams[info.Id].SetPaused(_isPaused);
        }
    }

    /// <summary>Closes a listener; its connections stay.</summary>
    public void Detach(ListenerId listener)
    {
        if (_bound.Remove(listener, out var bound) && bound.Route is not null)
        {
            _routes?.Remove(bound);
        }

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
        if (!_bound.TryGetValue(listener, out var bound) || bound.Info.Transport is not (TransportKind.Tcp or TransportKind.Tls) || outbound >= Limits.MaxConnections)
        {
            Fail(connection, listener);
            return;
        }

        var pending = new OutboundConnect(this, connection, listener, bound.Info.Transport == TransportKind.Tls ? serverName ?? to.Address.ToString() : null);
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

        foreach (var handshake in _handshakes)
        {
            handshake.Abort();
        }

        foreach (var connection in _connections.Values)
        {
            connection.Abort();
        }

        _handshakes.Clear();
        _connections.Clear();
        _connecting.Clear();
    }

    internal void OnAccepted(StreamListener listener, Socket socket)
    {
        IPEndPoint remote, local;
        TcpConnection? plain = null;
        try
        {
            remote = AddressBytes.Normalise((IPEndPoint)socket.RemoteEndPoint!);
            local = AddressBytes.Normalise((IPEndPoint)socket.LocalEndPoint!);
            if (listener.Info.Transport == TransportKind.Tcp)
            {
                plain = new TcpConnection(this, _ids.NextConnection(), listener.Info.Id, socket, isAccepted: true);
            }
            else
            {
                socket.Blocking = true; // what waits for it waits by await
                TcpConnection.Configure(socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Reset between arrival and now.
            socket.Dispose();
            return;
        }

        if (!TryCount(remote.Address))
        {
            socket.Dispose();
        }
        else if (plain is not null)
        {
            Open(plain);
        }
        else
        {
            var handshake = new SecureAccept(this, _bound[listener.Info.Id], socket, new PumpedPeer(remote, local, IsAccepted: true, IsCounted: true, null, null));
            _handshakes.Add(handshake);
            handshake.Start();
        }
    }

    /// <summary>A TLS or WebSocket handshake has ended.</summary>
    internal void OnHandshake(SecureAccept handshake, IMessageChannel? channel, PumpedPeer peer)
    {
        if (!_handshakes.Remove(handshake) || _isDisposed || channel is null)
        {
            channel?.Abort();
            if (!_isDisposed)
            {
                Uncount(peer.Remote.Address);
            }

            return;
        }

        Open(new PumpedConnection(this, _ids.NextConnection(), handshake.Listener.Id, peer, channel));
    }

    internal void OnConnected(OutboundConnect pending, Socket? socket, SslStream? stream)
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

        ITransportConnection? connection = null;
        try
        {
            connection = socket is null ? null
                : stream is null ? new TcpConnection(this, pending.Connection, pending.Listener, socket, isAccepted: false)
                : new PumpedConnection(this, pending.Connection, pending.Listener, PeerOf(pending, socket, stream), new StreamChannel(stream, socket));
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

    /// <summary>Takes over a WebSocket that came in on a shared listener. Any thread.</summary>
    internal PumpedConnection Adopt(ListenerId listener, PumpedPeer peer, IMessageChannel channel)
    {
        var connection = new PumpedConnection(this, _ids.NextConnection(), listener, peer, channel);
        Io.Loop.Post(static s => ((PumpedConnection)s!).Owner.OpenAdopted((PumpedConnection)s), connection);
        return connection;
    }

    /// <summary>Ends a connection and tells the plugin.</summary>
    internal void Drop(ITransportConnection connection)
    {
        if (!_connections.Remove(connection.Id))
        {
            return;
        }

        connection.Abort();
        Counters.Connections.Set(_connections.Count);
        if (connection.IsCounted)
        {
            Uncount(connection.Remote.Address);
        }

        // Posted, not delivered: a send of the plugin may be what found the connection dead, and events do not nest.
        Io.Loop.Post(static s => ((ClosedItem)s!).Deliver(), new ClosedItem(Sink, connection.Listener, connection.Id));
    }

    private void Open(ITransportConnection connection)
    {
        _connections[connection.Id] = connection;
        Counters.Connections.Set(_connections.Count);
        Sink.Deliver(connection is PumpedConnection pumped ? pumped.Opened : TransportEvent.Opened(connection.Listener, connection.Id, connection.Remote, connection.Local));
        if (!connection.IsClosed)
        {
            connection.Begin(_isPaused);
            if (connection is PumpedConnection)
            {
                SweepLater();
            }
        }
    }

    private void OpenAdopted(PumpedConnection connection)
    {
        if (_isDisposed)
        {
            connection.GiveUp();
            return;
        }

        Counters.Accepted.Add(1);
        Open(connection);
    }

    // One timer for all WebSockets, and one work item for all pings of a sweep.
    private void SweepLater()
    {
        if (!_isSweeping && !_isDisposed)
        {
            _isSweeping = true;
            Io.Loop.Schedule(SweepInterval, static t => ((Transports)t!).Sweep(), this);
        }
    }

    private void Sweep()
    {
        _isSweeping = false;
        var toPing = new List<WebSocketChannel>();
        foreach (var connection in _connections.Values.OfType<PumpedConnection>().ToArray())
        {
            connection.KeepAlive(toPing);
        }

        if (toPing.Count > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static all => all.ForEach(static c => _ = c.PingAsync()), toPing, preferLocal: false);
        }

        if (_connections.Count > 0)
        {
            SweepLater();
        }
    }

    private bool TryCount(IPAddress address)
    {
        var network = Network(address);
        var count = _perAddress.GetValueOrDefault(network);
        if (_accepted >= Limits.MaxConnections || count >= Limits.MaxPerAddress)
        {
            Counters.Refused.Add(1);
            return false;
        }

        _perAddress[network] = count + 1;
        _accepted++;
        Counters.Accepted.Add(1);
        return true;
    }

    private void Uncount(IPAddress address)
    {
        _accepted--;
        var network = Network(address);
        if (_perAddress[network] == 1)
        {
            _perAddress.Remove(network);
        }
        else
        {
            _perAddress[network]--;
        }
    }

    private static PumpedPeer PeerOf(OutboundConnect pending, Socket socket, SslStream stream) =>
        new(AddressBytes.Normalise((IPEndPoint)socket.RemoteEndPoint!), AddressBytes.Normalise((IPEndPoint)socket.LocalEndPoint!), IsAccepted: false, IsCounted: false, null, CertificateStore.Describe(stream.RemoteCertificate, pending.IsVerified));

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
