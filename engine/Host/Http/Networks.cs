using System.Net;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host.Http;

/// <summary>Addresses and networks of the configuration.</summary>
/// <param name="texts">As written, validated.</param>
internal sealed class Networks(IEnumerable<string> texts)
{
    private readonly IPNetwork[] _networks = [.. texts.Select(static t => OptionRules.TryNetwork(t, out var network) ? network : default)];

    /// <summary>Whether an address is in one of them.</summary>
    public bool Contains(IPAddress? address) => address is not null && Plain(address) is var plain && Array.Exists(_networks, n => n.Contains(plain));

    /// <summary>An IPv4-mapped address as the IPv4 one.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
