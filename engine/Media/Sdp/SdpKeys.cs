using System.Diagnostics.CodeAnalysis;

namespace XSwitchEngine.Media;

/// <summary>Fingerprints and keys in descriptions.</summary>
internal static class SdpKeys
{
    public const string GcmSuite = "AEAD_AES_128_GCM";
    public const string Sha1Suite = "AES_CM_128_HMAC_SHA1_80";
    public const string ShortSha1Suite = "AES_CM_128_HMAC_SHA1_32";

    /// <summary>Bytes of key and salt of a suite; 0 for one that is not known.</summary>
    public static int KeyLength(ReadOnlySpan<char> suite) => suite switch
    {
        GcmSuite => 28,
        Sha1Suite or ShortSha1Suite => 30,
        _ => 0,
    };

    /// <summary>Reads <c>sha-256 AB:CD:…</c>; hashes that nobody may rely on any more are not read.</summary>
    public static bool TryReadFingerprint(ReadOnlySpan<char> value, [NotNullWhen(true)] out DtlsFingerprint? fingerprint)
    {
        fingerprint = null;
        var hash = SdpParser.Word(ref value);
        var digest = value.Trim();
        string name;
        int bytes;
        if (hash.Equals("sha-256", StringComparison.OrdinalIgnoreCase))
        {
            (name, bytes) = ("sha-256", 32);
        }
        else if (hash.Equals("sha-384", StringComparison.OrdinalIgnoreCase))
        {
            (name, bytes) = ("sha-384", 48);
        }
        else if (hash.Equals("sha-512", StringComparison.OrdinalIgnoreCase))
        {
            (name, bytes) = ("sha-512", 64);
        }
        else
        {
            return false;
        }

        if (digest.Length != (bytes * 3) - 1)
        {
            return false;
        }

        for (var i = 0; i < digest.Length; i++)
        {
            if (i % 3 == 2 ? digest[i] != ':' : !char.IsAsciiHexDigit(digest[i]))
            {
                return false;
            }
        }

        fingerprint = new DtlsFingerprint(name, digest.ToString().ToUpperInvariant());
        return true;
    }

    /// <summary>Reads <c>tag suite inline:key[|lifetime][|MKI:length] [parameters]</c> (RFC 4568 §9.1). Keys with an MKI or with parameters that change the packets are not taken.</summary>
    public static bool TryReadCrypto(ReadOnlySpan<char> value, [NotNullWhen(true)] out SdesKey? key)
    {
        key = null;
        if (!SdpParser.TryNumber(SdpParser.Word(ref value), out var tag) || tag is < 0 or > 999_999_999)
        {
            return false;
        }

        var suite = SdpParser.Word(ref value);
        var length = KeyLength(suite);
        var parameters = SdpParser.Word(ref value);
        if (length == 0 || !parameters.StartsWith("inline:", StringComparison.OrdinalIgnoreCase) || parameters.Contains(';'))
        {
            return false;
        }

        parameters = parameters["inline:".Length..];
        var bar = parameters.IndexOf('|');
        var text = bar < 0 ? parameters : parameters[..bar];
        if (bar >= 0 && parameters[bar..].Contains(':'))
        {
            return false; // a master key identifier would follow each packet
        }

        for (var word = SdpParser.Word(ref value); !word.IsEmpty; word = SdpParser.Word(ref value))
        {
            if (word.StartsWith("UNENCRYPTED_", StringComparison.OrdinalIgnoreCase) || word.StartsWith("UNAUTHENTICATED_", StringComparison.OrdinalIgnoreCase)
                || word.StartsWith("FEC_", StringComparison.OrdinalIgnoreCase) || word.StartsWith("KDR=", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        Span<byte> bytes = stackalloc byte[32];
        if (text.Length > 44 || !Convert.TryFromBase64Chars(text, bytes, out var written) || written != length)
        {
            return false;
        }

        key = new SdesKey(tag, suite.ToString(), bytes[..written].ToArray());
        return true;
    }
}
