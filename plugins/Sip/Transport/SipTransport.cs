using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>Between the host's listeners and the messages: limits, framing, keep-alive, connections (RFC 3261 §18, RFC 5626 §3.5).</summary>
internal sealed partial class SipTransport(SipContext context)
{
    /// <summary>Requests larger than this do not go by UDP (RFC 3261 §18.1.1), bytes.</summary>
    public const int MaxDatagram = 1300;

    private readonly SipMessage _message = new();

    public void OnDatagram(in TransportEvent e)
    {
        var data = e.Data.Span;
        if (e.Remote is not { } source || data.Length < 4)
        {
            return;
        }

        var remote = AccessList.Plain(source);
        if (!context.Limiter.AllowMessage(remote.Address) || context.Limiter.IsBanned(remote))
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

    private IPEndPoint LocalOf(ListenerId listener, IPEndPoint? local, IPEndPoint remote) =>
        local is not null && !local.Address.Equals(IPAddress.Any) && !local.Address.Equals(IPAddress.IPv6Any)
            ? AccessList.Plain(local)
            : context.LocalAddresses.Find(listener, remote.Address);
}
