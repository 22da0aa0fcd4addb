using System.Reflection;
using System.Runtime.InteropServices;

namespace XSwitchEngine.Media;

/// <summary>Where the native libraries of this assembly are found: by the sonames that systems install, never by those of development packages.</summary>
/// <remarks>An assembly has one resolver; whoever calls into a library first calls <see cref="IsAvailable"/>.</remarks>
internal static class NativeLibraries
{
    public const string Crypto = "libcrypto", Ssl = "libssl", Opus = "libopus";

    // OpenSSL in the order in which .NET itself looks for it, so that there is one copy in the process.
    private static readonly string[] CryptoFiles = ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto-3-x64.dll", "libcrypto-3-arm64.dll"];
    private static readonly string[] SslFiles = ["libssl.so.3", "libssl.so.1.1", "libssl.3.dylib", "libssl-3-x64.dll", "libssl-3-arm64.dll"];
    private static readonly string[] OpusFiles = ["libopus.so.0", "libopus.0.dylib", "opus.dll"];

    static NativeLibraries() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);

    /// <summary>Whether a library loads.</summary>
    /// <param name="name">One of the constants above.</param>
    public static bool IsAvailable(string name) => Resolve(name, typeof(NativeLibraries).Assembly, null) != 0;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string[] candidates = name switch
        {
            Crypto => CryptoFiles,
            Ssl => SslFiles,
            Opus => OpusFiles,
            _ => [],
        };
        foreach (var candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out var library))
            {
                return library;
            }
        }

        return 0;
    }
}
