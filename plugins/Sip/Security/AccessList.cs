using System.Net;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>Networks in CIDR form, matched on the transport's source address only.</summary>
internal sealed class AccessList
{
    private readonly IPNetwork[] _networks;

    private AccessList(IPNetwork[] networks) => _networks = networks;

    public static AccessList Empty { get; } = new([]);

    public static AccessList Loopback { get; } = Parse(["127.0.0.0/8", "::1/128"]);

    public bool IsEmpty => _networks.Length == 0;

    /// <summary>Reads networks and single addresses; what is neither is left out.</summary>
    public static AccessList Parse(IEnumerable<string> texts)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in texts)
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else if (IPAddress.TryParse(text, out var address))
            {
                address = Plain(address);
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
        }

        return networks.Count == 0 ? new AccessList([]) : new AccessList([.. networks]);
    }

    /// <summary>All networks of several lists.</summary>
    public static AccessList Join(IEnumerable<AccessList> lists) => new([.. lists.SelectMany(l => l._networks).Distinct()]);

    /// <summary>Whether an address lies in one of the networks. IPv4-mapped addresses count as IPv4.</summary>
    public bool Contains(IPAddress address)
    {
        if (_networks.Length == 0)
        {
            return false;
        }

        address = Plain(address);
        foreach (var network in _networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an address is an IPv6 one that stands for no IPv4 address.</summary>
    public static bool IsIpv6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return Plain(address).TryWriteBytes(bytes, out var length) && length == 16;
    }

    /// <summary>The same for an address with a port.</summary>
    public static IPEndPoint Plain(IPEndPoint point) => point.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(point.Address.MapToIPv4(), point.Port) : point;

    /// <summary>IPv4 when it is an IPv4-mapped address.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
