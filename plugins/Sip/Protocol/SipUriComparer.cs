namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Equality of SIP URIs by RFC 3261 §19.1.4.</summary>
internal static class SipUriComparer
{
    /// <summary>Whether two URIs are equivalent. URIs of other schemes are compared byte by byte.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.SequenceEqual(right))
        {
            return true;
        }

        if (!SipUri.TryParse(left, out var a) || !SipUri.TryParse(right, out var b) || a.Scheme != b.Scheme)
        {
            return false;
        }

        if (a.Scheme == UriScheme.Tel)
        {
            return TelEqual(a.User, b.User) && ParametersEqual(a.Parameters, b.Parameters) && ParametersEqual(b.Parameters, a.Parameters);
        }

        return a.Scheme != UriScheme.Other
            && EscapedEqual(a.User, b.User, ignoreCase: false)
            && EscapedEqual(a.Password, b.Password, ignoreCase: false)
            && HostsEqual(a, b)
            && a.Port == b.Port
            && ParametersEqual(a.Parameters, b.Parameters)
            && ParametersEqual(b.Parameters, a.Parameters)
            && HeadersEqual(a.Headers, b.Headers)
            && HeadersEqual(b.Headers, a.Headers);
    }

    private static bool HostsEqual(in SipUri a, in SipUri b) =>
        SipText.EqualsIgnoreCase(a.Host, b.Host)
        || (a.TryAddress(out var left) && b.TryAddress(out var right) && left.Equals(right));

    /// <summary>Parameters in both must match; user, ttl, method, maddr and transport must be in both or in none.</summary>
    private static bool ParametersEqual(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        var reader = new ParameterReader(from);
        while (reader.TryNext(out var name, out var value))
        {
            if (ParameterReader.TryGet(to, name, out var other))
            {
                if (!EscapedEqual(value, other, ignoreCase: true))
                {
                    return false;
                }
            }
            else if (IsSignificant(name))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSignificant(ReadOnlySpan<byte> name) =>
        SipText.EqualsIgnoreCase(name, "transport"u8) || SipText.EqualsIgnoreCase(name, "user"u8) || SipText.EqualsIgnoreCase(name, "ttl"u8)
        || SipText.EqualsIgnoreCase(name, "method"u8) || SipText.EqualsIgnoreCase(name, "maddr"u8);

    private static bool HeadersEqual(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        foreach (var range in from.Split((byte)'&'))
        {
            var one = from[range];
            if (!one.IsEmpty && !HasHeader(to, one))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasHeader(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> wanted)
    {
        Split(wanted, out var name, out var value);
        foreach (var range in headers.Split((byte)'&'))
        {
            Split(headers[range], out var otherName, out var otherValue);
            if (EscapedEqual(name, otherName, ignoreCase: true) && EscapedEqual(value, otherValue, ignoreCase: false))
            {
                return true;
            }
        }

        return false;
    }

    private static void Split(ReadOnlySpan<byte> header, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var equals = header.IndexOf((byte)'=');
        name = equals < 0 ? header : header[..equals];
        value = equals < 0 ? default : header[(equals + 1)..];
    }

    /// <summary>Compares with percent escapes resolved on both sides: %61 equals a.</summary>
    private static bool EscapedEqual(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, bool ignoreCase)
    {
        while (!a.IsEmpty && !b.IsEmpty)
        {
            var left = Next(ref a);
            var right = Next(ref b);
            if (left != right && !(ignoreCase && Lower(left) == Lower(right)))
            {
                return false;
            }
        }

        return a.IsEmpty && b.IsEmpty;
    }

    private static byte Next(ref ReadOnlySpan<byte> text)
    {
        if (SipText.TryUnescape(text, out var escaped))
        {
            text = text[3..];
            return escaped;
        }

        var b = text[0];
        text = text[1..];
        return b;
    }

    private static byte Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;

    /// <summary>Visual separators do not count (RFC 3966 §4).</summary>
    private static bool TelEqual(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var (i, j) = (0, 0);
        while (true)
        {
            while (i < a.Length && IsSeparator(a[i]))
            {
                i++;
            }

            while (j < b.Length && IsSeparator(b[j]))
            {
                j++;
            }

            if (i == a.Length || j == b.Length)
            {
                return i == a.Length && j == b.Length;
            }

            if (Lower(a[i++]) != Lower(b[j++]))
            {
                return false;
            }
        }
    }

    private static bool IsSeparator(byte b) => b is (byte)'-' or (byte)'.' or (byte)'(' or (byte)')';
}
