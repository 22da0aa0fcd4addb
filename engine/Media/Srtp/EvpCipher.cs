using static XSwitchEngine.Media.Srtp.LibCrypto;

namespace XSwitchEngine.Media.Srtp;

/// <summary>By libcrypto: nothing allocated for a packet, a forged packet costs a return value.</summary>
internal sealed unsafe class EvpCipher : PacketCipher
{
    private readonly int _encrypts;
    private nint _cipher;
    private nint _mac;

    public EvpCipher(bool isGcm, bool encrypts, ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey)
    {
        _encrypts = encrypts || !isGcm ? 1 : 0; // counter mode is the same both ways
        _cipher = EVP_CIPHER_CTX_new();
        fixed (byte* keyBytes = key, authenticationBytes = authenticationKey)
        {
            Check(_cipher != 0 && EVP_CipherSetUp(_cipher, isGcm ? EVP_aes_128_gcm() : EVP_aes_128_ctr(), 0, keyBytes, null, _encrypts) == 1);
            if (!isGcm)
            {
                _mac = HMAC_CTX_new();
                Check(_mac != 0 && HMAC_SetUp(_mac, authenticationBytes, authenticationKey.Length, EVP_sha1(), 0) == 1);
            }
        }
    }

    ~EvpCipher() => Free();

    /// <inheritdoc/>
    public override void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> data, Span<byte> destination, Span<byte> tag)
    {
        int written;
        fixed (byte* iv = nonce, head = associated, from = data, to = destination, mark = tag)
        {
            Check(EVP_CipherInit_ex(_cipher, 0, 0, null, iv, -1) == 1
                && EVP_CipherUpdate(_cipher, null, &written, head, associated.Length) == 1
                && (data.IsEmpty || EVP_CipherUpdate(_cipher, to, &written, from, data.Length) == 1)
                && EVP_CipherFinal_ex(_cipher, mark, &written) == 1
                && EVP_CIPHER_CTX_ctrl(_cipher, GetTag, TagLength, mark) == 1);
        }
    }

    /// <inheritdoc/>
    public override bool Open(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        int written;
        byte none;
        fixed (byte* iv = nonce, head = associated, text = data, mark = tag)
        {
            return EVP_CipherInit_ex(_cipher, 0, 0, null, iv, -1) == 1
                && EVP_CipherUpdate(_cipher, null, &written, head, associated.Length) == 1
                && (data.IsEmpty || EVP_CipherUpdate(_cipher, text, &written, text, data.Length) == 1)
                && EVP_CIPHER_CTX_ctrl(_cipher, SetTag, TagLength, mark) == 1
                && EVP_CipherFinal_ex(_cipher, &none, &written) == 1;
        }
    }

    /// <inheritdoc/>
    public override void Crypt(ReadOnlySpan<byte> counter, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        if (data.IsEmpty)
        {
            return;
        }

        int written;
        fixed (byte* iv = counter, from = data, to = destination)
        {
            Check(EVP_CipherInit_ex(_cipher, 0, 0, null, iv, -1) == 1 && EVP_CipherUpdate(_cipher, to, &written, from, data.Length) == 1);
        }
    }

    /// <inheritdoc/>
    public override void Authenticate(ReadOnlySpan<byte> data, ReadOnlySpan<byte> suffix, Span<byte> mac)
    {
        fixed (byte* first = data, second = suffix, to = mac)
        {
            Check(HMAC_Init_ex(_mac, null, 0, 0, 0) == 1
                && HMAC_Update(_mac, first, (nuint)data.Length) == 1
                && HMAC_Update(_mac, second, (nuint)suffix.Length) == 1
                && HMAC_Final(_mac, to, null) == 1);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static void Check(bool succeeded)
    {
        if (!succeeded)
        {
            throw new InvalidOperationException("libcrypto refuses AES or HMAC, or the cipher is disposed");
        }
    }

    private void Free()
    {
        if (_cipher != 0)
        {
            EVP_CIPHER_CTX_free(_cipher);
        }

        if (_mac != 0)
        {
            HMAC_CTX_free(_mac);
        }

        _cipher = _mac = 0;
    }
}
