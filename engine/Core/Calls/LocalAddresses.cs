using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Core.Calls;

/// <summary>Which local address reaches a peer: what the routing table says. Core loop only.</summary>
internal sealed class LocalAddresses
{
    private const int Limit = 4096;
    private readonly Dictionary<IPAddress, IPAddress> _known = [];

    /// <summary>The local address toward a peer.</summary>
    /// <param name="peer">The peer.</param>
    /// <returns>Loopback when there is no route.</returns>
    public IPAddress Toward(IPAddress peer)
    {
        if (IPAddress.IsLoopback(peer))
        {
            return peer.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        }

        if (_known.TryGetValue(peer, out var known))
        {
            return known;
        }

        if (_known.Count >= Limit)
        {
            _known.Clear();
        }

        return _known[peer] = Ask(peer);
    }

    private static IPAddress Ask(IPAddress peer)
    {
        try
        {
            // connect() on a datagram socket sends nothing: it only asks the routing table.
            using var socket = new Socket(peer.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(peer, 9);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return peer.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        }
    }
}
