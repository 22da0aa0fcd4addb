using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace XSwitchEngine.Media.Dtls;

/// <summary>A self-signed P-256 certificate with its key, as both DTLS implementations take it. What a peer trusts is its fingerprint in the description.</summary>
internal sealed class DtlsCertificate
{
    private DtlsCertificate(byte[] certificate, ECDsa key)
    {
        Certificate = certificate;
        PrivateKey = key.ExportPkcs8PrivateKey();
        EcPrivateKey = key.ExportECPrivateKey();
        Fingerprint = FingerprintOf(certificate, "sha-256")!;
    }

    /// <summary>DER.</summary>
    public byte[] Certificate { get; }

    /// <summary>PKCS #8, DER.</summary>
    public byte[] PrivateKey { get; }

    /// <summary>The same key as in RFC 5915, DER.</summary>
    public byte[] EcPrivateKey { get; }

    public DtlsFingerprint Fingerprint { get; }

    /// <summary>Makes one.</summary>
    /// <param name="now">It is valid from a day before, for ten years.</param>
    /// <param name="serial">Unpredictable.</param>
    public static DtlsCertificate Create(DateTimeOffset now, ReadOnlySpan<byte> serial)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedName("CN=XSwitchEngine");
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        using var certificate = request.Create(subject, X509SignatureGenerator.CreateForECDsa(key), now.AddDays(-1), now.AddYears(10), serial);
        return new DtlsCertificate(certificate.RawData, key);
    }

    /// <summary>The fingerprint of a certificate.</summary>
    /// <param name="certificate">DER.</param>
    /// <param name="hash">The function's name in descriptions (RFC 8122 §5).</param>
    /// <returns>Null for a function that is not accepted: MD5 and SHA-1 do not prove anything any more.</returns>
    public static DtlsFingerprint? FingerprintOf(ReadOnlySpan<byte> certificate, string hash)
    {
        Span<byte> digest = stackalloc byte[64];
        var length = hash.ToLowerInvariant() switch
        {
            "sha-256" => SHA256.HashData(certificate, digest),
            "sha-384" => SHA384.HashData(certificate, digest),
            "sha-512" => SHA512.HashData(certificate, digest),
            _ => 0,
        };
        return length == 0 ? null : new DtlsFingerprint(hash.ToLowerInvariant(), string.Join(':', digest[..length].ToArray().Select(b => b.ToString("X2"))));
    }

    /// <summary>Whether a certificate is the one that was announced: one fingerprint with an accepted function has to fit.</summary>
    public static bool Matches(ReadOnlySpan<byte> certificate, IReadOnlyList<DtlsFingerprint> announced)
    {
        foreach (var fingerprint in announced)
        {
            if (FingerprintOf(certificate, fingerprint.Hash) is { } own && string.Equals(own.Value, fingerprint.Value, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
