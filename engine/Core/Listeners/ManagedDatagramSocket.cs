using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Core.Listeners;

/// <summary>A UDP socket by the runtime's own calls, for systems other than Linux.</summary>
internal sealed class ManagedDatagramSocket : IDatagramSocket
{
    private readonly bool _wantsLocalAddress;
    private readonly EndPoint _any;
    private readonly SocketAddress _from;

    public ManagedDatagramSocket(Socket socket, bool wantsLocalAddress)
    {
        Socket = socket;
        _wantsLocalAddress = wantsLocalAddress;
        var isV6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        _any = new IPEndPoint(isV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        _from = new SocketAddress(socket.AddressFamily);
        if (wantsLocalAddress)
        {
            socket.SetSocketOption(isV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP, SocketOptionName.PacketInformation, true);
        }
    }

    public Socket Socket { get; }

    // The runtime does not tell.
    public long Dropped => 0;

    public int Receive(DatagramBatch batch)
    {
        // One at a time: a receive on an empty socket would throw.
        try
        {
            if (_wantsLocalAddress)
            {
                var flags = SocketFlags.None;
                var from = _any;
                var length = Socket.ReceiveMessageFrom(batch.Storage.AsSpan(0, DatagramBatch.Room), ref flags, ref from, out var information);
                batch.Set(0, length, PeerKey.Of((IPEndPoint)from), PeerKey.Of(new IPEndPoint(information.Address, 0)));
            }
            else
            {
                var length = Socket.ReceiveFrom(batch.Storage.AsSpan(0, DatagramBatch.Room), SocketFlags.None, _from);
                batch.Set(0, length, PeerKey.Of((IPEndPoint)_any.Create(_from)), default);
            }

            return 1;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Nothing there after all, or an ICMP answer to what was sent.
            return 0;
        }
    }

    public bool Send(IPEndPoint to, IPAddress? from, ReadOnlySpan<byte> data)
    {
        try
        {
            var target = Socket.AddressFamily == AddressFamily.InterNetworkV6 && to.AddressFamily == AddressFamily.InterNetwork
                ? new IPEndPoint(to.Address.MapToIPv6(), to.Port)
                : to;
            return Socket.SendTo(data, SocketFlags.None, target) == data.Length;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or ArgumentException)
        {
            return false;
        }
    }

    public void Dispose() => Socket.Dispose();
}
