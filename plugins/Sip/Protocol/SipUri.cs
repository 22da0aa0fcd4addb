using System.Buffers;
using System.Net;
using System.Text;

namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Schemes of URIs.</summary>
internal enum UriScheme : byte
{
    Other,
    Sip,
    Sips,
    Tel,
}

/// <summary>A view of a sip:, sips: or tel: URI (RFC 3261 §19.1, RFC 3966). Slices borrow the parsed bytes.</summary>
internal ref struct SipUri
{
    private static readonly SearchValues<byte> TelBytes = SearchValues.Create("+0123456789-.()*#ABCDEFabcdef"u8);

    public UriScheme Scheme;

    /// <summary>User part as sent, escapes included; of a tel URI the number.</summary>
    public ReadOnlySpan<byte> User;

    public ReadOnlySpan<byte> Password;

    /// <summary>Host as sent; an IPv6 reference without its brackets.</summary>
    public ReadOnlySpan<byte> Host;

    /// <summary>Whether the host was an IPv6 reference in brackets.</summary>
    public bool IsIpv6;

    /// <summary>Port, or 0 when none is given.</summary>
    public int Port;

    /// <summary>URI parameters, starting with a semicolon, or empty.</summary>
    public ReadOnlySpan<byte> Parameters;

    /// <summary>What stands behind the question mark, or empty.</summary>
    public ReadOnlySpan<byte> Headers;

    /// <summary>Reads a URI.</summary>
    /// <param name="text">Without angle brackets.</param>
    /// <param name="uri">The parts; of another scheme only <see cref="Scheme"/>.</param>
    /// <returns>False when it is no URI, or a malformed one of a known scheme.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out SipUri uri)
    {
        uri = default;
        var colon = text.IndexOf((byte)':');
        if (colon <= 0 || !IsScheme(text[..colon]) || text.IndexOfAny((byte)' ', (byte)'<', (byte)'>') >= 0)
        {
            return false;
        }

        var scheme = text[..colon];
        var rest = text[(colon + 1)..];
        uri.Scheme = SipText.EqualsIgnoreCase(scheme, "sip"u8) ? UriScheme.Sip
            : SipText.EqualsIgnoreCase(scheme, "sips"u8) ? UriScheme.Sips
            : SipText.EqualsIgnoreCase(scheme, "tel"u8) ? UriScheme.Tel
            : UriScheme.Other;
        return uri.Scheme switch
        {
            UriScheme.Other => !rest.IsEmpty,
            UriScheme.Tel => uri.TryTel(rest),
            UriScheme.Sip or UriScheme.Sips => uri.TrySip(rest),
            _ => false,
        };
    }

    /// <summary>A URI parameter; false when it is absent.</summary>
    public readonly bool TryParameter(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value) => ParameterReader.TryGet(Parameters, name, out value);

    /// <summary>Whether the top of a route set routes loosely (RFC 3261 §16.12).</summary>
    public readonly bool IsLooseRouter => TryParameter("lr"u8, out _);

    /// <summary>The host as a numeric address.</summary>
    public readonly bool TryAddress(out IPAddress address) => HostAddress.TryParse(Host, out address!);

    private bool TryTel(ReadOnlySpan<byte> rest)
    {
        var semicolon = rest.IndexOf((byte)';');
        User = semicolon < 0 ? rest : rest[..semicolon];
        Parameters = semicolon < 0 ? default : rest[semicolon..];
        return !User.IsEmpty && !User.ContainsAnyExcept(TelBytes);
    }

    private bool TrySip(ReadOnlySpan<byte> rest)
    {
        // Question marks and semicolons may stand in a user part, so the at sign is looked for first (RFC 4475 §3.1.1.9).
        var at = rest.IndexOf((byte)'@');
        if (at >= 0)
        {
            var user = rest[..at];
            rest = rest[(at + 1)..];
            if (user.IsEmpty || rest.IndexOf((byte)'@') >= 0)
            {
                return false;
            }

            var colon = user.IndexOf((byte)':');
            User = colon < 0 ? user : user[..colon];
            Password = colon < 0 ? default : user[(colon + 1)..];
            if (User.IsEmpty || User.IndexOfAny((byte)'"', (byte)'\\') >= 0)
            {
                return false;
            }
        }

        var question = rest.IndexOf((byte)'?');
        if (question >= 0)
        {
            Headers = rest[(question + 1)..];
            rest = rest[..question];
        }

        var semicolon = rest.IndexOf((byte)';');
        if (semicolon >= 0)
        {
            Parameters = rest[semicolon..];
            rest = rest[..semicolon];
        }

        return HostAddress.TryHostPort(rest, out Host, out IsIpv6, out Port);
    }

    private static bool IsScheme(ReadOnlySpan<byte> scheme)
    {
        if (!char.IsAsciiLetter((char)scheme[0]))
        {
            return false;
        }

        foreach (var b in scheme)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'+' or (byte)'-' or (byte)'.'))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Hosts and ports as they stand in URIs and Via headers.</summary>
internal static class HostAddress
{
    private static readonly SearchValues<byte> Ipv6Bytes = SearchValues.Create("0123456789abcdefABCDEF:."u8);
    private static readonly SearchValues<byte> Ipv4Bytes = SearchValues.Create("0123456789."u8);

    /// <summary>Splits <c>host[:port]</c>; an IPv6 address must stand in brackets (RFC 5118 §4.1).</summary>
    public static bool TryHostPort(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> host, out bool ipv6, out int port)
    {
        host = default;
        ipv6 = false;
        port = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        ReadOnlySpan<byte> rest;
        if (text[0] == '[')
        {
            var close = text.IndexOf((byte)']');
            if (close < 3)
            {
                return false;
            }

            ipv6 = true;
            host = text[1..close];
            rest = SipText.Trim(text[(close + 1)..]);

            // Three colons come from an error in the grammar of RFC 3261; such a reference is let in (RFC 5118 §4.7).
            if (host.ContainsAnyExcept(Ipv6Bytes) || host.IndexOf((byte)':') < 0)
            {
                return false;
            }
        }
        else
        {
            var colon = text.IndexOf((byte)':');
            host = SipText.Trim(colon < 0 ? text : text[..colon]);
            rest = colon < 0 ? default : text[colon..];
            if (host.IsEmpty || host.Length > 255)
            {
                return false;
            }

            foreach (var b in host)
            {
                if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'-' or (byte)'.' or (byte)'_'))
                {
                    return false;
                }
            }
        }

        if (rest.IsEmpty)
        {
            return true;
        }

        if (rest[0] != ':' || !SipText.TryNumber(SipText.Trim(rest[1..]), ushort.MaxValue, out var number) || number == 0)
        {
            return false;
        }

        port = (int)number;
        return true;
    }

    /// <summary>Reads a numeric address, with or without brackets; IPv4-mapped ones become IPv4.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out IPAddress? address)
    {
        address = null;
        if (text.Length is 0 or > 64)
        {
            return false;
        }

        if (text[0] == '[' && text[^1] == ']')
        {
            text = text[1..^1];
        }

        // A name never starts an IPAddress: without this "1" and "0x7f.1" would be read as addresses.
        if (text.IndexOf((byte)':') < 0 && (text.Count((byte)'.') != 3 || text.ContainsAnyExcept(Ipv4Bytes)))
        {
            return false;
        }

        Span<char> chars = stackalloc char[64];
        var length = Encoding.Latin1.GetChars(text, chars);
        if (!IPAddress.TryParse(chars[..length], out var parsed))
        {
            return false;
        }

        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }
}
