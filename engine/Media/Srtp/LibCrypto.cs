using System.Runtime.InteropServices;

namespace XSwitchEngine.Media.Srtp;

/// <summary>The functions of libcrypto that protect packets. Each takes well below a microsecond, so none of them lets the garbage collector in between.</summary>
internal static unsafe partial class LibCrypto
{
    public const int SetTag = 0x11, GetTag = 0x10;

    /// <summary>Whether libcrypto is there.</summary>
    public static readonly bool IsAvailable = NativeLibraries.IsAvailable(NativeLibraries.Crypto);

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial nint EVP_aes_128_gcm();

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial nint EVP_aes_128_ctr();

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_CipherInit_ex")]
    public static partial int EVP_CipherSetUp(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypts);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypts);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherUpdate(nint context, byte* to, int* written, byte* from, int length);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CipherFinal_ex(nint context, byte* to, int* written);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int EVP_CIPHER_CTX_ctrl(nint context, int type, int argument, void* pointer);

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial nint HMAC_CTX_new();

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial void HMAC_CTX_free(nint context);

    [LibraryImport(NativeLibraries.Crypto)]
    public static partial nint EVP_sha1();

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "HMAC_Init_ex")]
    public static partial int HMAC_SetUp(nint context, byte* key, int length, nint digest, nint engine);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int HMAC_Init_ex(nint context, byte* key, int length, nint digest, nint engine);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int HMAC_Update(nint context, byte* data, nuint length);

    [LibraryImport(NativeLibraries.Crypto)]
    [SuppressGCTransition]
    public static partial int HMAC_Final(nint context, byte* digest, uint* length);
}
