using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>One Via value (RFC 3261 §20.42). Slices borrow the parsed bytes.</summary>
internal ref struct ViaHeader
{
    /// <summary>Name of the transport as sent, such as <c>UDP</c>; unknown ones are legal.</summary>
    public ReadOnlySpan<byte> Transport;

    /// <summary>Host of sent-by, IPv6 without brackets.</summary>
    public ReadOnlySpan<byte> Host;

    /// <summary>Port of sent-by, or 0.</summary>
    public int Port;

    /// <summary>Everything up to the parameters.</summary>
    public ReadOnlySpan<byte> Head;

    /// <summary>Parameters, starting with a semicolon, or empty.</summary>
    public ReadOnlySpan<byte> Parameters;

    public ReadOnlySpan<byte> Branch;

    /// <summary>Whether the branch was made by RFC 3261 rules and says something: the cookie alone does not.</summary>
    public readonly bool HasCookie => Branch.Length > 7 && SipText.EqualsIgnoreCase(Branch[..7], "z9hG4bK"u8);

    public static bool TryParse(ReadOnlySpan<byte> text, out ViaHeader via)
    {
        via = default;
        text = SipText.Trim(text);

        // Slashes may stand in white space: "SIP / 2.0 / UDP host" (RFC 4475 §3.1.1.1).
        var first = text.IndexOf((byte)'/');
        if (first < 0 || !SipText.EqualsIgnoreCase(SipText.Trim(text[..first]), "SIP"u8))
        {
            return false;
        }

        var rest = text[(first + 1)..];
        var second = rest.IndexOf((byte)'/');
        if (second < 0 || !SipText.Trim(rest[..second]).SequenceEqual("2.0"u8))
        {
            return false;
        }

        rest = TrimStart(rest[(second + 1)..]);
        var space = rest.IndexOfAny((byte)' ', (byte)'\t');
        if (space <= 0)
        {
            return false;
        }

        via.Transport = rest[..space];
        rest = TrimStart(rest[space..]);
        var semicolon = rest.IndexOf((byte)';');
        var sentBy = SipText.Trim(semicolon < 0 ? rest : rest[..semicolon]);
        via.Parameters = semicolon < 0 ? default : rest[semicolon..];
        via.Head = SipText.Trim(text[..(text.Length - via.Parameters.Length)]);
        if (!SipText.IsToken(via.Transport) || !HostAddress.TryHostPort(sentBy, out via.Host, out _, out via.Port))
        {
            return false;
        }

        if (ParameterReader.TryGet(via.Parameters, "branch"u8, out var branch))
        {
            via.Branch = branch;
        }

        return true;
    }

    /// <summary>Name of a transport in Via.</summary>
    public static ReadOnlySpan<byte> TransportName(TransportKind transport)
    {
        switch (transport)
        {
            case TransportKind.Tcp: return "TCP"u8;
            case TransportKind.Tls: return "TLS"u8;
            case TransportKind.Ws: return "WS"u8;
            case TransportKind.Wss: return "WSS"u8;
            case TransportKind.Udp:
            default: return "UDP"u8;
        }
    }

    /// <summary>Name of a transport in variables and logs.</summary>
    public static string LowerName(TransportKind transport) => transport switch
    {
        TransportKind.Udp => "udp",
        TransportKind.Tcp => "tcp",
        TransportKind.Tls => "tls",
        TransportKind.Ws => "ws",
        TransportKind.Wss => "wss",
        TransportKind.Http or TransportKind.Https => "",
        _ => "",
    };

    private static ReadOnlySpan<byte> TrimStart(ReadOnlySpan<byte> text)
    {
        var start = 0;
        while (start < text.Length && text[start] is (byte)' ' or (byte)'\t')
        {
            start++;
        }

        return text[start..];
    }
}
