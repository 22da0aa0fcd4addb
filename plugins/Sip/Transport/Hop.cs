using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Gateways;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>What the URI of a next hop says of the way there (RFC 3263 §4).</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Address">The address when the host is numeric.</param>
/// <param name="Port">The port, or 0 when it does not say.</param>
/// <param name="Transport">The transport, or null when it does not say.</param>
internal readonly record struct Hop(string Host, IPAddress? Address, int Port, TransportKind? Transport)
{
    /// <summary>Whether nothing needs to be looked up.</summary>
    public bool IsKnown => Address is not null;

    /// <summary>Reads a URI; false for a transport that is not known.</summary>
    public static bool TryRead(in SipUri uri, out Hop hop)
    {
        TransportKind? transport = null;
        hop = default;
        if (uri.TryParameter("transport"u8, out var name))
        {
            transport = GatewayOptions.TransportOf(name);
            if (transport is null)
            {
                return false;
            }
        }

        if (uri.Scheme == UriScheme.Sips)
        {
            // Security is not given up on the way, whatever the parameter says (RFC 3261 §26.2.2).
            transport = transport is TransportKind.Ws or TransportKind.Wss ? TransportKind.Wss : TransportKind.Tls;
        }

        hop = new Hop(SipText.Decode(uri.Host), uri.TryAddress(out var address) ? address : null, uri.Port, transport);
        return true;
    }

    public static int DefaultPort(TransportKind transport) => transport == TransportKind.Tls ? 5061 : 5060;
}

/// <summary>One way to a next hop.</summary>
/// <param name="Transport">The transport.</param>
/// <param name="Remote">The address.</param>
/// <param name="ServerName">The name that a certificate must prove.</param>
internal readonly record struct Way(TransportKind Transport, IPEndPoint Remote, string ServerName)
{
    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(3);
        writer.Write((byte)Transport);
        writer.WriteEndPoint(Remote);
        writer.WriteText(ServerName);
    }

    public static Way Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var way = new Way((TransportKind)fields.Byte(ref reader), fields.EndPoint(ref reader) ?? new IPEndPoint(0, 0), fields.Text(ref reader));
        fields.End(ref reader);
        return way;
    }
}
