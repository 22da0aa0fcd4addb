using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>The parameters of a Digest challenge or of credentials, without their quotes. Slices borrow the message.</summary>
internal ref struct DigestParameters
{
    public ReadOnlySpan<byte> UserName;
    public ReadOnlySpan<byte> Realm;
    public ReadOnlySpan<byte> Nonce;
    public ReadOnlySpan<byte> Uri;
    public ReadOnlySpan<byte> Response;
    public ReadOnlySpan<byte> Algorithm;
    public ReadOnlySpan<byte> Qop;
    public ReadOnlySpan<byte> NonceCount;
    public ReadOnlySpan<byte> ClientNonce;
    public ReadOnlySpan<byte> Opaque;
    public bool IsStale;

    /// <summary>Reads a header value.</summary>
    /// <param name="value">Such as <c>Digest username="1000", …</c>.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="malformed">True for a Digest value with a repeated parameter or too many of them.</param>
    /// <returns>False for another scheme, which is treated as absent, and for a malformed value.</returns>
    public static bool TryParse(ReadOnlySpan<byte> value, out DigestParameters parameters, out bool malformed)
    {
        parameters = default;
        malformed = false;
        var space = value.IndexOfAny((byte)' ', (byte)'\t');
        if (space <= 0 || !SipText.EqualsIgnoreCase(value[..space], "Digest"u8))
        {
            return false;
        }

        var seen = 0;
        var rest = value[space..];
        for (var count = 0; !rest.IsEmpty; count++)
        {
            var comma = Lexer.IndexOutsideQuotes(rest, (byte)',');
            var one = SipText.Trim(comma < 0 ? rest : rest[..comma]);
            rest = comma < 0 ? default : rest[(comma + 1)..];
            if (one.IsEmpty)
            {
                continue;
            }

            var equals = one.IndexOf((byte)'=');
            if (equals <= 0 || count >= SipLimits.Parameters || !parameters.Set(SipText.Trim(one[..equals]), SipText.StripQuotes(SipText.Trim(one[(equals + 1)..])), ref seen))
            {
                malformed = true;
                return false;
            }
        }

        return true;
    }

    private bool Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref int seen)
    {
        if (SipText.EqualsIgnoreCase(name, "username"u8))
        {
            UserName = value;
            return Once(ref seen, 0);
        }

        if (SipText.EqualsIgnoreCase(name, "realm"u8))
        {
            Realm = value;
            return Once(ref seen, 1);
        }

        if (SipText.EqualsIgnoreCase(name, "nonce"u8))
        {
            Nonce = value;
            return Once(ref seen, 2);
        }

        if (SipText.EqualsIgnoreCase(name, "uri"u8))
        {
            Uri = value;
            return Once(ref seen, 3);
        }

        if (SipText.EqualsIgnoreCase(name, "response"u8))
        {
            Response = value;
            return Once(ref seen, 4);
        }

        if (SipText.EqualsIgnoreCase(name, "algorithm"u8))
        {
            Algorithm = value;
            return Once(ref seen, 5);
        }

        if (SipText.EqualsIgnoreCase(name, "qop"u8))
        {
            Qop = value;
            return Once(ref seen, 6);
        }

        if (SipText.EqualsIgnoreCase(name, "nc"u8))
        {
            NonceCount = value;
            return Once(ref seen, 7);
        }

        if (SipText.EqualsIgnoreCase(name, "cnonce"u8))
        {
            ClientNonce = value;
            return Once(ref seen, 8);
        }

        if (SipText.EqualsIgnoreCase(name, "opaque"u8))
        {
            Opaque = value;
            return Once(ref seen, 9);
        }

        if (SipText.EqualsIgnoreCase(name, "stale"u8))
        {
            IsStale = SipText.EqualsIgnoreCase(value, "true"u8);
            return Once(ref seen, 10);
        }

        return true;
    }

    private static bool Once(ref int seen, int bit)
    {
        var isFirst = (seen & (1 << bit)) == 0;
        seen |= 1 << bit;
        return isFirst;
    }
}
