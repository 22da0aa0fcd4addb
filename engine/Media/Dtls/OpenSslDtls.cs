using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static XSwitchEngine.Media.Dtls.LibSsl;

namespace XSwitchEngine.Media.Dtls;

/// <summary>DTLS by OpenSSL 3, the copy that .NET itself uses on Linux.</summary>
internal sealed unsafe class OpenSslDtls : IDtlsFactory
{
    private nint _context;

    /// <summary>Sets OpenSSL up with a certificate.</summary>
    /// <param name="certificate">Ours.</param>
    /// <param name="profiles">SRTP profiles in order of preference.</param>
    /// <exception cref="InvalidOperationException">OpenSSL refuses.</exception>
    public OpenSslDtls(DtlsCertificate certificate, string profiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80")
    {
        _context = SSL_CTX_new(DTLS_method());
        if (_context == 0)
        {
            throw new InvalidOperationException($"OpenSSL has no DTLS: {LastError()}");
        }

        _ = SSL_CTX_set_options(_context, NoQueryMtu | NoTicket | NoRenegotiation | ServerPreference);
        _ = SSL_CTX_ctrl(_context, CtrlSessionCacheMode, 0, null);
        fixed (byte* der = certificate.Certificate, key = certificate.EcPrivateKey, groups = "X25519:P-256:P-384\0"u8)
        {
            // Forward secrecy and AEAD only. Our key is ECDSA; the peer's may be RSA when it is the server.
            if (SSL_CTX_ctrl(_context, CtrlMinVersion, Dtls12, null) != 1
                || SSL_CTX_set_cipher_list(_context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") != 1
                || SSL_CTX_ctrl(_context, CtrlSetGroups, 0, groups) != 1
                || SSL_CTX_use_certificate_ASN1(_context, certificate.Certificate.Length, der) != 1
                || SSL_CTX_use_PrivateKey_ASN1(KeyTypeEc, _context, key, certificate.EcPrivateKey.Length) != 1
                || SSL_CTX_set_tlsext_use_srtp(_context, profiles) != 0)
            {
                var error = LastError();
                Dispose();
                throw new InvalidOperationException($"OpenSSL cannot be set up: {error}");
            }
        }

        // Both sides want a certificate, any: it is compared with the announced fingerprint afterwards.
        SSL_CTX_set_verify(_context, VerifyPeer | VerifyFailIfNone, &AcceptAny);
    }

    /// <inheritdoc/>
    public string Name => "OpenSSL";

    /// <summary>Whether OpenSSL 3 is there.</summary>
    public static bool IsAvailable()
    {
        if (!NativeLibraries.IsAvailable(NativeLibraries.Ssl) || !NativeLibraries.IsAvailable(NativeLibraries.Crypto))
        {
            return false;
        }

        try
        {
            ERR_clear_error();
            return DTLS_method() != 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // built without DTLS
        }
    }

    /// <inheritdoc/>
    public IDtlsSession Create(DtlsRole role, IDtlsOutput output)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        return new OpenSslSession(_context, role, output);
    }

    /// <summary>Frees the set-up; sessions that are left keep it alive.</summary>
    public void Dispose()
    {
        if (_context != 0)
        {
            SSL_CTX_free(_context);
            _context = 0;
        }
    }

    /// <summary>The first error in OpenSSL's queue of this thread, in words; empties the queue.</summary>
    internal static string LastError()
    {
        var error = ERR_get_error();
        ERR_clear_error();
        if (error == 0)
        {
            return "no reason given";
        }

        var text = stackalloc byte[256];
        ERR_error_string_n(error, text, 256);
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcceptAny(int isVerified, nint store) => 1;
}
