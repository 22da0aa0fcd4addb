using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Transport;

// The connections: made, watched, given up.
internal sealed partial class SipTransport
{
    private static readonly TimeSpan MessageDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan IdleDeadline = TimeSpan.FromMinutes(10);

    // A page that neither registers nor calls (RFC 7118 has no use for it).
    private static readonly TimeSpan SocketDeadline = TimeSpan.FromMinutes(1);
    private readonly Dictionary<long, SipConnection> _connections = [];
    private readonly Dictionary<(ListenerId Listener, IPEndPoint Remote, string ServerName), ConnectionId> _byRemote = [];
    private readonly Dictionary<IPAddress, int> _perSource = [];

    public int Connections => _connections.Count;

    /// <summary>A connection closed, or could not be made.</summary>
    public void OnClosed(ConnectionId id)
    {
        if (_connections.Remove(id.Value, out var connection))
        {
            Forget(connection);
        }
    }

    /// <summary>Looks after idle and half-sent connections.</summary>
    public void OnTimer(long id)
    {
        if (!_connections.TryGetValue(id, out var connection))
        {
            return;
        }

        var now = context.Host.Now;
        var isStalled = connection.Framer.IsPartial && now - connection.PartialSince >= MessageDeadline;
        var isUnproven = !connection.IsProven && !connection.IsOutbound && now - connection.LastActivity >= MessageDeadline;
        var isIdle = !connection.HoldsBindings && connection.Dialogs == 0 && now - connection.LastActivity >= (connection.Flow.Transport is TransportKind.Ws or TransportKind.Wss ? SocketDeadline : IdleDeadline);
        if (isStalled || isUnproven || isIdle)
        {
            context.Host.Count("closed_idle");
            Close(connection);
        }
        else
        {
            Watch(connection);
        }
    }

    /// <summary>The stream to the same peer as a datagram flow, made when there is none.</summary>
    public bool TryStreamTo(in Flow datagram, out Flow stream)
    {
        if (context.ListenerFor(context.ProfileOf(datagram.Listener), TransportKind.Tcp, datagram.Remote.Address) is not { } listener)
        {
            stream = default;
            return false;
        }

        stream = Connect(listener, datagram.Remote, "");
        return true;
    }

    /// <summary>The way to a server, by the listener of a profile.</summary>
    public bool TryReach(string profile, in Way way, IPAddress? hint, out Flow flow)
    {
        flow = default;
        if (context.ListenerFor(profile, way.Transport, way.Remote.Address) is not { } listener)
        {
            return false;
        }

        flow = way.Transport == TransportKind.Udp
            ? new Flow(listener.Id, default, way.Remote, context.LocalAddresses.Find(listener.Id, way.Remote.Address, hint), TransportKind.Udp)
            : Connect(listener, way.Remote, way.ServerName);
        return true;
    }

    /// <summary>A connection to an address: one that is there, or a new one.</summary>
    /// <param name="listener">On whose behalf.</param>
    /// <param name="remote">The address.</param>
    /// <param name="serverName">Over TLS, the name that the peer must prove; a connection that proved another is not used (RFC 5922 §7.3).</param>
    public Flow Connect(ListenerInfo listener, IPEndPoint remote, string serverName)
    {
        serverName = listener.Transport != TransportKind.Tls ? "" : context.Options.Of(listener.Profile).VerifiesTls ? serverName : "";
        if (_byRemote.TryGetValue((listener.Id, remote, serverName), out var existing) && _connections.TryGetValue(existing.Value, out var known))
        {
            return known.Flow;
        }

        var id = listener.Transport == TransportKind.Tls ? context.Host.Connect(listener.Id, remote, serverName) : context.Host.Connect(listener.Id, remote);
        var flow = new Flow(listener.Id, id, remote, LocalOf(listener.Id, null, remote), listener.Transport);
        var connection = new SipConnection { Flow = flow, IsOutbound = true, ServerName = serverName, LastActivity = context.Host.Now };
        Add(connection);
        Watch(connection);
        return flow;
    }

    /// <summary>The way for a response whose connection is gone: to the source's address at the port of the top Via (RFC 3261 §18.2.2).</summary>
    public Flow Reopen(in Flow flow, ReadOnlySpan<byte> response)
    {
        var start = response.IndexOf("Via: "u8);
        var end = start < 0 ? -1 : response[start..].IndexOf((byte)'\r');
        if (flow.Transport is TransportKind.Ws or TransportKind.Wss || end < 0 || context.Listener(flow.Listener) is not { } listener
            || !ViaHeader.TryParse(response.Slice(start + 5, end - 5), out var via))
        {
            return flow;
        }

        return Connect(listener, new IPEndPoint(flow.Remote.Address, via.Port == 0 ? Hop.DefaultPort(flow.Transport) : via.Port), "");
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_connections.Count);
        foreach (var connection in _connections.Values)
        {
            connection.Write(ref writer);
        }
    }

    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var connection = SipConnection.Read(ref reader);
            Add(connection);
            if (!connection.IsOutbound)
            {
                var address = AccessList.Plain(connection.Flow.Remote.Address);
                _perSource[address] = _perSource.GetValueOrDefault(address) + 1;
            }
        }
    }

    private void Open(SipConnection connection, IPEndPoint? local)
    {
        connection.IsOpen = true;
        connection.LastActivity = context.Host.Now;
        if (local is not null && !local.Address.Equals(IPAddress.Any) && !local.Address.Equals(IPAddress.IPv6Any))
        {
            context.LocalAddresses.Learn(connection.Flow with { Local = local });
        }

        foreach (var (_, packet) in connection.Waiting)
        {
            context.Host.Send(connection.Id, packet);
        }

        connection.Waiting.Clear();
    }

    private void Add(SipConnection connection)
    {
        _connections[connection.Id.Value] = connection;
        _byRemote[(connection.Flow.Listener, connection.Flow.Remote, connection.ServerName)] = connection.Id;
        context.Host.Gauge("connections", _connections.Count);
    }

    private void Close(SipConnection connection)
    {
        context.Host.Close(connection.Id);
        if (_connections.Remove(connection.Id.Value))
        {
            Forget(connection);
        }
    }

    private void Forget(SipConnection connection)
    {
        context.Host.Gauge("connections", _connections.Count);
        var key = (connection.Flow.Listener, connection.Flow.Remote, connection.ServerName);
        if (_byRemote.TryGetValue(key, out var id) && id == connection.Id)
        {
            _byRemote.Remove(key);
        }

        if (!connection.IsOutbound)
        {
            var address = AccessList.Plain(connection.Flow.Remote.Address);
            var left = _perSource.GetValueOrDefault(address) - 1;
            if (left > 0)
            {
                _perSource[address] = left;
            }
            else
            {
                _perSource.Remove(address);
            }
        }

        if (connection.HoldsBindings)
        {
            context.Host.Directory.RemoveFlow(connection.Id);
        }

        if (connection.Dialogs > 0 && connection.Flow.Transport is TransportKind.Ws or TransportKind.Wss)
        {
            context.Legs.OnFlowLost(connection.Id);
        }

        foreach (var transaction in connection.Transactions.ToArray())
        {
            context.Transactions.OnTransportFailed(transaction);
        }
    }

    private void Watch(SipConnection connection) =>
        context.Host.SetTimer(TimerKey.Make(TimerKind.Connection, connection.Id.Value), MessageDeadline);
}
