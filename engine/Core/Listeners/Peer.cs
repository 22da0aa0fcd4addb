using System.Net;

namespace XSwitchEngine.Core.Listeners;

/// <summary>An address and port in the form in which the kernel gives it; IPv4 is held IPv4-mapped.</summary>
/// <param name="High">The first 8 bytes of the IPv6 address.</param>
/// <param name="Low">The last 8 bytes.</param>
/// <param name="Port">The port.</param>
/// <param name="Scope">Scope of a link-local address, else 0.</param>
internal readonly record struct PeerKey(ulong High, ulong Low, ushort Port, uint Scope)
{
    /// <summary>The same without the port: a local address.</summary>
    public static PeerKey Of(IPEndPoint endPoint)
    {
        Span<byte> bytes = stackalloc byte[16];
        AddressBytes.Write(endPoint.Address, bytes);
        return FromBytes(bytes, (ushort)endPoint.Port, AddressBytes.Scope(endPoint.Address));
    }

    public static PeerKey FromBytes(ReadOnlySpan<byte> address, ushort port, uint scope) =>
        new(BitConverter.ToUInt64(address), BitConverter.ToUInt64(address[8..]), port, scope);

    public static PeerKey FromIPv4(uint networkOrder, ushort port)
    {
        Span<byte> bytes = stackalloc byte[16];
        AddressBytes.WriteMapped(networkOrder, bytes);
        return FromBytes(bytes, port, 0);
    }

    /// <summary>As an end point, an IPv4-mapped address as the IPv4 one.</summary>
    public IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = BitConverter.TryWriteBytes(bytes, High);
        _ = BitConverter.TryWriteBytes(bytes[8..], Low);
        return new IPEndPoint(AddressBytes.Read(bytes, Scope), Port);
    }
}

/// <summary>Addresses as 16 bytes.</summary>
internal static class AddressBytes
{
    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    public static void Write(IPAddress address, Span<byte> to)
    {
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            _ = address.TryWriteBytes(to, out _);
        }
        else
        {
            MappedPrefix.CopyTo(to);
            _ = address.TryWriteBytes(to[12..], out _);
        }
    }

    public static void WriteMapped(uint networkOrder, Span<byte> to)
    {
        MappedPrefix.CopyTo(to);
        _ = BitConverter.TryWriteBytes(to[12..], networkOrder);
    }

    public static IPAddress Read(ReadOnlySpan<byte> bytes, uint scope) =>
        bytes[..12].SequenceEqual(MappedPrefix) ? new IPAddress(bytes[12..16]) : new IPAddress(bytes, scope);

    public static uint Scope(IPAddress address) => address.IsIPv6LinkLocal ? (uint)address.ScopeId : 0;

    /// <summary>An IPv4-mapped address as the IPv4 one.</summary>
    public static IPEndPoint Normalise(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
}

/// <summary>A peer as plugins see it, and the local address at which it reaches us.</summary>
internal sealed class Peer(IPEndPoint remote)
{
    public IPEndPoint Remote { get; } = remote;

    public PeerKey LocalKey { get; set; }

    public IPEndPoint Local { get; set; } = remote;
}

/// <summary>Remembers the end points of recent peers, so that a datagram costs no allocation. Bounded: two generations, the older one is dropped.</summary>
/// <param name="generationSize">Peers in one generation; at most twice as many are held.</param>
internal sealed class PeerCache(int generationSize)
{
    private Dictionary<PeerKey, Peer> _young = [];
    private Dictionary<PeerKey, Peer> _old = [];

    /// <summary>Peers held.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>Finds or makes the entry of a peer from which a datagram came.</summary>
    public Peer Get(in PeerKey key)
    {
        if (_young.TryGetValue(key, out var peer))
        {
            return peer;
        }

        if (!_old.Remove(key, out peer))
        {
            peer = new Peer(key.ToEndPoint());
        }

        if (_young.Count >= generationSize)
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }

        _young[key] = peer;
        return peer;
    }

    /// <summary>The entry of a peer that is known; null when it is not.</summary>
    public Peer? Find(in PeerKey key) => _young.TryGetValue(key, out var peer) || _old.TryGetValue(key, out peer) ? peer : null;
}
