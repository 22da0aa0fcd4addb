using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>Which of our addresses a peer sees. A listener may be bound to Any, so the address is learnt from what arrives.</summary>
internal sealed class LocalAddresses(SipContext context)
{
    /// <summary>Most peers remembered; beyond that only the latest address counts.</summary>
    public const int Capacity = 4096;

    private readonly Dictionary<IPAddress, IPAddress> _byPeer = [];
    private IPAddress? _latest4;
    private IPAddress? _latest6;

    /// <summary>Notes on which address a peer reached us.</summary>
    public void Learn(in Flow flow)
    {
        var local = flow.Local.Address;
        if (IPAddress.IsLoopback(flow.Remote.Address))
        {
            return;
        }

        if (AccessList.IsIpv6(local))
        {
            _latest6 = local;
        }
        else
        {
            _latest4 = local;
        }

        if (_byPeer.Count < Capacity || _byPeer.ContainsKey(flow.Remote.Address))
        {
            _byPeer[flow.Remote.Address] = local;
        }
    }

    /// <summary>Our end toward a peer.</summary>
    /// <param name="listener">The listener that is used.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="hint">What the media chose for the same peer, when known.</param>
    public IPEndPoint Find(ListenerId listener, IPAddress remote, IPAddress? hint = null)
    {
        var bound = context.Listener(listener)?.Local ?? new IPEndPoint(IPAddress.Any, 0);
        if (!bound.Address.Equals(IPAddress.Any) && !bound.Address.Equals(IPAddress.IPv6Any))
        {
            return bound;
        }

        var plain = AccessList.Plain(remote);
        var address = IPAddress.IsLoopback(plain) ? AccessList.IsIpv6(plain) ? IPAddress.IPv6Loopback : IPAddress.Loopback
            : _byPeer.TryGetValue(remote, out var learnt) ? learnt
            : hint is not null && !IPAddress.IsLoopback(hint) ? hint
            : (AccessList.IsIpv6(plain) ? _latest6 : _latest4)
            ?? (IPAddress.TryParse(context.Host.Directory.Domain, out var domain) ? domain : IPAddress.Loopback);
        return new IPEndPoint(address, bound.Port);
    }

    /// <summary>The address of a listener to show to people: what peers see, as far as it is known.</summary>
    public IPEndPoint Shown(ListenerInfo listener) =>
        new(context.Options.Of(listener.Profile).AdvertisedAddress ?? (Find(listener.Id, IPAddress.None) is { Address: var known } ? known : listener.Local.Address), listener.Local.Port);

    /// <summary>The address to put into headers: the configured one for peers outside private networks.</summary>
    public IPAddress Advertised(in Flow flow) =>
        context.OptionsOf(flow) is { AdvertisedAddress: { } advertised } options && !IsLocal(options, flow.Remote.Address)
            ? advertised
            : AccessList.Plain(flow.Local.Address);

    private static bool IsLocal(SipOptions options, IPAddress remote) =>
        options.LocalNetworks.IsEmpty ? IsPrivate(remote) : options.LocalNetworks.Contains(remote);

    /// <summary>Loopback, link-local and the private ranges (RFC 1918, RFC 6598, RFC 4193).</summary>
    public static bool IsPrivate(IPAddress address)
    {
        address = AccessList.Plain(address);
        if (IPAddress.IsLoopback(address))
        {
            return true;
        }

        Span<byte> b = stackalloc byte[16];
        address.TryWriteBytes(b, out var length);
        return length == 4
            ? b[0] == 10 || (b[0] == 172 && b[1] is >= 16 and < 32) || (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) || (b[0] == 100 && b[1] is >= 64 and < 128)
            : (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
    }
}
