using System.Security.Cryptography;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>Hash algorithms of digest authentication (RFC 7616, RFC 8760).</summary>
internal enum DigestAlgorithm : byte
{
    Md5,
    Sha256,
}

/// <summary>The hashes of RFC 7616 §3.4.</summary>
internal static class Digest
{
    public static ReadOnlySpan<byte> Name(DigestAlgorithm algorithm)
    {
        switch (algorithm)
        {
            case DigestAlgorithm.Sha256: return "SHA-256"u8;
            case DigestAlgorithm.Md5:
            default: return "MD5"u8;
        }
    }

    /// <summary>Length of a hash in hex digits.</summary>
    public static int HexLength(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Md5 ? 32 : 64;

    /// <summary>Hashes the parts joined by colons and writes lower-case hex.</summary>
    /// <param name="algorithm">The algorithm.</param>
    /// <param name="hex">At least <see cref="HexLength"/> bytes.</param>
    /// <param name="a">First part.</param>
    /// <param name="b">Second part.</param>
    /// <param name="c">Further part, left out when <paramref name="parts"/> is less than three; and so on.</param>
    /// <param name="d">Fourth part.</param>
    /// <param name="e">Fifth part.</param>
    /// <param name="f">Sixth part.</param>
    /// <param name="parts">How many parts there are.</param>
    public static void Hash(
        DigestAlgorithm algorithm,
        Span<byte> hex,
        ReadOnlySpan<byte> a,
        ReadOnlySpan<byte> b,
        ReadOnlySpan<byte> c = default,
        ReadOnlySpan<byte> d = default,
        ReadOnlySpan<byte> e = default,
        ReadOnlySpan<byte> f = default,
        int parts = 2)
    {
        var total = a.Length + b.Length + c.Length + d.Length + e.Length + f.Length + parts - 1;
        var text = total <= 1024 ? stackalloc byte[total] : new byte[total];
        var at = 0;
        for (var i = 0; i < parts; i++)
        {
            if (i > 0)
            {
                text[at++] = (byte)':';
            }

            var part = i switch { 0 => a, 1 => b, 2 => c, 3 => d, 4 => e, _ => f };
            part.CopyTo(text[at..]);
            at += part.Length;
        }

        Span<byte> hash = stackalloc byte[32];
        var length = algorithm == DigestAlgorithm.Md5 ? Md5(text, hash) : SHA256.HashData(text, hash);
        Convert.TryToHexStringLower(hash[..length], hex, out _);
    }

    /// <summary>The response of RFC 7616 §3.4.1 for qop=auth, or that of RFC 2069 when <paramref name="qop"/> is empty.</summary>
    public static void Response(
        DigestAlgorithm algorithm,
        Span<byte> hex,
        ReadOnlySpan<byte> ha1,
        ReadOnlySpan<byte> method,
        ReadOnlySpan<byte> uri,
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> nc,
        ReadOnlySpan<byte> cnonce,
        ReadOnlySpan<byte> qop)
    {
        Span<byte> ha2 = stackalloc byte[64];
        ha2 = ha2[..HexLength(algorithm)];
        Hash(algorithm, ha2, method, uri);
        if (qop.IsEmpty)
        {
            Hash(algorithm, hex, ha1, nonce, ha2, parts: 3);
        }
        else
        {
            Hash(algorithm, hex, ha1, nonce, nc, cnonce, qop, ha2, parts: 6);
        }
    }

#pragma warning disable CA5351 // MD5 is what nearly all SIP clients know (RFC 8760 §2.3 keeps it)
    private static int Md5(ReadOnlySpan<byte> text, Span<byte> hash) => MD5.HashData(text, hash);
#pragma warning restore CA5351
}
