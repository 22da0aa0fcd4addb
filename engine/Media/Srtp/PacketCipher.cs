namespace XSwitchEngine.Media.Srtp;

/// <summary>The primitives of one session key, by libcrypto or by the base library. Not for two threads at once.</summary>
internal abstract class PacketCipher : IDisposable
{
    /// <summary>Length of a full HMAC-SHA1.</summary>
    public const int MacLength = 20;

    /// <summary>Length of a GCM tag.</summary>
    public const int TagLength = 16;

    /// <summary>Encrypts and makes the tag (GCM).</summary>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="associated">What is authenticated only.</param>
    /// <param name="data">What is encrypted.</param>
    /// <param name="destination">As long as the data; the same place or one that does not overlap.</param>
    /// <param name="tag">16 bytes.</param>
    public abstract void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> data, Span<byte> destination, Span<byte> tag);

    /// <summary>Verifies and decrypts in place (GCM).</summary>
    /// <returns>False for a wrong tag; the data is worthless then.</returns>
    public abstract bool Open(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag);

    /// <summary>Encrypts or decrypts (counter mode).</summary>
    /// <param name="counter">16 bytes, the first counter block.</param>
    /// <param name="data">The text.</param>
    /// <param name="destination">As long as the data; the same place or one that does not overlap.</param>
    public abstract void Crypt(ReadOnlySpan<byte> counter, ReadOnlySpan<byte> data, Span<byte> destination);

    /// <summary>HMAC-SHA1 of two parts, one after the other.</summary>
    /// <param name="data">The first part.</param>
    /// <param name="suffix">The second part.</param>
    /// <param name="mac">20 bytes.</param>
    public abstract void Authenticate(ReadOnlySpan<byte> data, ReadOnlySpan<byte> suffix, Span<byte> mac);

    /// <summary>Gives the native memory back.</summary>
    public abstract void Dispose();

    /// <summary>A cipher for one direction of RTP or RTCP.</summary>
    /// <param name="isGcm">GCM, or counter mode with HMAC-SHA1.</param>
    /// <param name="encrypts">Whether packets are sealed or opened with it.</param>
    /// <param name="key">Session key for encryption, 16 bytes.</param>
    /// <param name="authenticationKey">Session key for authentication, 20 bytes; empty with GCM.</param>
    /// <param name="portable">Whether the base library is used though libcrypto is there.</param>
    public static PacketCipher Create(bool isGcm, bool encrypts, ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey, bool portable = false) =>
        portable || !LibCrypto.IsAvailable ? new ManagedCipher(isGcm, key, authenticationKey) : new EvpCipher(isGcm, encrypts, key, authenticationKey);
}
