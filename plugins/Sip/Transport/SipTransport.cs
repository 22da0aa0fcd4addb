using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>Between the host's listeners and the messages: limits, framing, keep-alive, connections (RFC 3261 §18, RFC 5626 §3.5).</summary>
internal sealed class SipTransport(SipContext context)
{
    /// <summary>Requests larger than this do not go by UDP (RFC 3261 §18.1.1), bytes.</summary>
    public const int MaxDatagram = 1300;

    private static readonly TimeSpan MessageDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan IdleDeadline = TimeSpan.FromMinutes(10);
    private readonly Dictionary<long, SipConnection> _connections = [];
    private readonly Dictionary<(ListenerId Listener, IPEndPoint Remote), ConnectionId> _byRemote = [];
    private readonly Dictionary<IPAddress, int> _perSource = [];
    private readonly SipMessage _message = new();

    public int Connections => _connections.Count;

    public void OnDatagram(in TransportEvent e)
    {
        var data = e.Data.Span;
        if (e.Remote is not { } source || data.Length < 4)
        {
            return;
        }

        var remote = AccessList.Plain(source);
        if (!context.Limiter.AllowMessage(remote.Address))
        {
            return;
        }

        if (StunBinding.IsStun(data))
        {
            Span<byte> response = stackalloc byte[StunBinding.MaxResponse];
            var length = StunBinding.Respond(data, remote, response);
            if (length > 0)
            {
                context.Host.SendDatagram(e.Listener, remote, response[..length]);
            }

            return;
        }

        if (!SipText.IsToken(data[..1]) && data[0] is not ((byte)'\r' or (byte)'\n'))
        {
            context.Host.Count("dropped_not_sip");
            return;
        }

        var flow = new Flow(e.Listener, default, remote, LocalOf(e.Listener, e.Local, remote), TransportKind.Udp);
        context.LocalAddresses.Learn(flow);
        Deliver(e.Data, flow);
    }

    public void OnOpened(in TransportEvent e)
    {
        if (_connections.TryGetValue(e.Connection.Value, out var known))
        {
            Open(known, e.Local);
            return;
        }

        if (e.Remote is not { } source)
        {
            return;
        }

        var remote = AccessList.Plain(source);
        var address = remote.Address;
        var count = _perSource.GetValueOrDefault(address);
        if ((count >= context.Options.MaxConnectionsPerSource && !context.Limiter.IsTrusted(address)) || !context.Limiter.AllowMessage(remote.Address))
        {
            context.Host.Count("refused_connections");
            context.Host.Close(e.Connection);
            return;
        }

        _perSource[address] = count + 1;
        var flow = new Flow(e.Listener, e.Connection, remote, LocalOf(e.Listener, e.Local, remote), context.TransportOf(e.Listener));
        var connection = new SipConnection { Flow = flow, IsOpen = true, LastActivity = context.Host.Now };
        Add(connection);
        Watch(connection);
    }

    public void OnData(in TransportEvent e)
    {
        if (!_connections.TryGetValue(e.Connection.Value, out var connection))
        {
            return;
        }

        if (!context.Limiter.AllowMessage(connection.Flow.Remote.Address))
        {
            Close(connection);
            return;
        }

        connection.LastActivity = context.Host.Now;
        if (connection.Flow.Transport is TransportKind.Ws or TransportKind.Wss)
        {
            OnFrame(connection, e.Data);
            return;
        }

        var wasPartial = connection.Framer.IsPartial;
        connection.Framer.Add(e.Data.Span);
        while (_connections.ContainsKey(connection.Id.Value))
        {
            var kind = connection.Framer.TryRead(out var frame);
            if (kind == FrameKind.None)
            {
                break;
            }

            wasPartial = false;
            switch (kind)
            {
                case FrameKind.Ping:
                    context.Host.Send(connection.Id, "\r\n"u8);
                    break;
                case FrameKind.Message:
                    connection.IsProven = true;
                    Deliver(frame, connection.Flow);
                    break;
                case FrameKind.Broken or FrameKind.None:
                default:
                    // Without a length there is no next message: say what is wrong where possible, and close (RFC 3261 §18.3).
                    if (!frame.IsEmpty)
                    {
                        Deliver(frame, connection.Flow, fault: "Malformed Content-Length");
                    }

                    Close(connection);
                    return;
            }
        }

        if (connection.Framer.IsPartial && !wasPartial)
        {
            connection.PartialSince = context.Host.Now;
        }

        connection.Framer.Trim();
    }

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
        var isIdle = !connection.HoldsBindings && connection.Dialogs == 0 && now - connection.LastActivity >= IdleDeadline;
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

    /// <summary>Sends a packet.</summary>
    /// <param name="flow">The way.</param>
    /// <param name="packet">The whole message.</param>
    /// <param name="transaction">Told when it cannot be sent; 0 for nobody.</param>
    public void Send(in Flow flow, ReadOnlySpan<byte> packet, long transaction)
    {
        if (packet.IsEmpty || flow.IsEmpty)
        {
            return;
        }

        context.Trace.Message(received: false, flow, packet);
        if (!flow.IsReliable)
        {
            context.Host.SendDatagram(flow.Listener, flow.Remote, packet);
            return;
        }

        if (!_connections.TryGetValue(flow.Connection.Value, out var connection))
        {
            context.Transactions.OnTransportFailed(transaction);
            return;
        }

        if (transaction != 0)
        {
            connection.Transactions.Add(transaction);
        }

        if (connection.IsOpen)
        {
            connection.LastActivity = context.Host.Now;
            context.Host.Send(connection.Id, packet);
        }
        else if (connection.Waiting.Count < SipConnection.MaxWaiting)
        {
            connection.Waiting.Add((transaction, packet.ToArray()));
        }
        else
        {
            context.Transactions.OnTransportFailed(transaction);
        }
    }

    public bool IsOpen(ConnectionId id) => _connections.TryGetValue(id.Value, out var connection) && connection.IsOpen;

    /// <summary>Whether a connection is there or being made.</summary>
    public bool IsKnown(ConnectionId id) => _connections.ContainsKey(id.Value);

    public SipConnection? Find(ConnectionId id) => _connections.GetValueOrDefault(id.Value);

    /// <summary>The stream to the same peer as a datagram flow, made when there is none.</summary>
    public bool TryStreamTo(in Flow datagram, out Flow stream)
    {
        if (context.ListenerFor(context.ProfileOf(datagram.Listener), TransportKind.Tcp, datagram.Remote.Address) is not { } listener)
        {
            stream = default;
            return false;
        }

        stream = Connect(listener, datagram.Remote);
        return true;
    }

    /// <summary>A connection to an address: one that is there, or a new one.</summary>
    public Flow Connect(ListenerInfo listener, IPEndPoint remote)
    {
        if (_byRemote.TryGetValue((listener.Id, remote), out var existing) && _connections.TryGetValue(existing.Value, out var known))
        {
            return known.Flow;
        }

        var id = context.Host.Connect(listener.Id, remote);
        var flow = new Flow(listener.Id, id, remote, LocalOf(listener.Id, null, remote), listener.Transport);
        var connection = new SipConnection { Flow = flow, IsOutbound = true, LastActivity = context.Host.Now };
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

        return Connect(listener, new IPEndPoint(flow.Remote.Address, via.Port == 0 ? 5060 : via.Port));
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

    private void OnFrame(SipConnection connection, ReadOnlyMemory<byte> frame)
    {
        // One message a frame, and double CRLF as keep-alive (RFC 7118 §5, §6).
        if (frame.Span.SequenceEqual("\r\n\r\n"u8))
        {
            context.Host.Send(connection.Id, "\r\n"u8);
        }
        else if (frame.Length > 4)
        {
            connection.IsProven = true;
            Deliver(frame, connection.Flow);
        }
    }

    private void Deliver(ReadOnlyMemory<byte> data, in Flow flow, string? fault = null)
    {
        context.Trace.Message(received: true, flow, data.Span);
        if (!SipParser.TryParse(data, _message, out var error))
        {
            context.Host.Count(error == SipParseError.NotSip ? "dropped_not_sip" : "dropped_malformed");
            if (error == SipParseError.NotSip && flow.IsReliable && _connections.TryGetValue(flow.Connection.Value, out var connection))
            {
                Close(connection);
            }

            return;
        }

        if (fault is not null)
        {
            _message.Fault(400, fault);
        }

        context.Core.OnMessage(_message, flow);
        _message.Release();
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
        _byRemote[(connection.Flow.Listener, connection.Flow.Remote)] = connection.Id;
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
        var key = (connection.Flow.Listener, connection.Flow.Remote);
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

        foreach (var transaction in connection.Transactions.ToArray())
        {
            context.Transactions.OnTransportFailed(transaction);
        }
    }

    private void Watch(SipConnection connection) =>
        context.Host.SetTimer(TimerKey.Make(TimerKind.Connection, connection.Id.Value), MessageDeadline);

    private IPEndPoint LocalOf(ListenerId listener, IPEndPoint? local, IPEndPoint remote) =>
        local is not null && !local.Address.Equals(IPAddress.Any) && !local.Address.Equals(IPAddress.IPv6Any)
            ? AccessList.Plain(local)
            : context.LocalAddresses.Find(listener, remote.Address);
}
