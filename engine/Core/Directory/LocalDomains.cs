using System.Collections.Frozen;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace XSwitchEngine.Core.Directory;

/// <summary>Answers whether a domain or address names this engine. Immutable.</summary>
internal sealed class LocalDomains
{
    private readonly FrozenSet<string> _names;
    private readonly FrozenSet<IPAddress> _addresses;

    /// <summary>Collects what is ours.</summary>
    /// <param name="names">Domain, aliases and host names.</param>
    /// <param name="addresses">Addresses of this host's interfaces and the advertised one.</param>
    public LocalDomains(IEnumerable<string> names, IEnumerable<IPAddress> addresses)
    {
        _names = names.Append("localhost").Where(n => n.Length > 0).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _addresses = addresses.Select(Normalize).ToFrozenSet();
    }

    /// <summary>Reads the interfaces and names of this host.</summary>
    /// <param name="options">Domain, aliases and advertised address.</param>
    public static LocalDomains Read(EngineOptions options)
    {
        var names = new List<string>(options.DomainAliases) { options.Domain, Environment.MachineName };
        var addresses = new List<IPAddress>();
        if (options.AdvertisedAddress is { } advertised)
        {
            addresses.Add(advertised);
        }

        try
        {
            var properties = IPGlobalProperties.GetIPGlobalProperties();
            if (properties.DomainName is { Length: > 0 } suffix and not "(none)")
            {
                names.Add($"{Environment.MachineName}.{suffix}");
            }

            addresses.AddRange(NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(i => i.GetIPProperties().UnicastAddresses)
                .Select(a => a.Address));
        }
        catch (NetworkInformationException)
        {
            // A container may hide its interfaces; the names and the advertised address still count.
        }

        return new LocalDomains(names, addresses);
    }

    /// <summary>Whether the domain is ours.</summary>
    /// <param name="domain">A name or address without port; an IPv6 address may stand in brackets.</param>
    public bool Contains(string domain)
    {
        if (_names.Contains(domain) || (domain.EndsWith('.') && _names.Contains(domain[..^1])))
        {
            return true;
        }

        var text = domain.AsSpan();
        if (text.Length > 2 && text[0] == '[' && text[^1] == ']')
        {
            text = text[1..^1];
        }

        // IPAddress also reads "1" and "127.1"; an address of record never means those.
        if (!IPAddress.TryParse(text, out var address)
            || (address.AddressFamily == AddressFamily.InterNetwork && text.Count('.') != 3))
        {
            return false;
        }

        address = Normalize(address);
        return IPAddress.IsLoopback(address) || _addresses.Contains(address);
    }

    private static IPAddress Normalize(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPAddress(address.GetAddressBytes())
            : address;
    }
}
