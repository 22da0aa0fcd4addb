using System.Security.Cryptography;

namespace XSwitchEngine.Media.Srtp;

/// <summary>Session keys from a master key (RFC 3711 §4.3; for GCM RFC 7714 §11).</summary>
internal static class SrtpKeys
{
    public const byte RtpEncryption = 0, RtpAuthentication = 1, RtpSalt = 2, RtcpEncryption = 3, RtcpAuthentication = 4, RtcpSalt = 5;

    private const int SaltLength = 14;

    /// <summary>Derives one key.</summary>
    /// <param name="masterKey">16 bytes.</param>
    /// <param name="masterSalt">14 bytes, or 12 with GCM, which count as followed by zeros.</param>
    /// <param name="label">Which key.</param>
    /// <param name="key">Takes it: 16, 20, 14 or 12 bytes.</param>
    public static void Derive(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, byte label, Span<byte> key)
    {
        // x = (label || 0) xor salt; the key is the key stream of counter mode that begins at x * 2^16. The key derivation rate is 0.
        Span<byte> blocks = stackalloc byte[32];
        blocks.Clear();
        masterSalt.CopyTo(blocks[..SaltLength]);
        blocks[SaltLength - 7] ^= label;
        blocks[..16].CopyTo(blocks[16..]);
        blocks[31] = 1;
        using var aes = Aes.Create();
        aes.SetKey(masterKey);
        _ = aes.EncryptEcb(blocks, blocks, PaddingMode.None);
        blocks[..key.Length].CopyTo(key);
        CryptographicOperations.ZeroMemory(blocks);
    }
}
