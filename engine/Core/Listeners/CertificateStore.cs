using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>The engine's certificates: <c>wss.pem</c> of the data directory, and those of its directory <c>tls</c>, chosen by the name that a client asks for.</summary>
/// <remarks>
/// A file holds key and chain in PEM, in any order. A replaced file is in force for new handshakes within a second; one that cannot be read leaves the old one
/// in force. Roots beside those of the system lie in <c>cafile.pem</c>. Thread-safe.
/// </remarks>
public sealed class CertificateStore : IDisposable
{
    /// <summary>Name of the main file in the data directory.</summary>
    public const string FileName = "wss.pem";

    /// <summary>Name of the file with further roots.</summary>
    public const string RootsName = "cafile.pem";

    /// <summary>Name of the directory of further certificates.</summary>
    public const string DirectoryName = "tls";

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _loading = new();
    private volatile Loaded _loaded = new("", [], [], []);
    private string _refused = "";
    private long _looked;

    private CertificateStore(string directory, TimeProvider time, ILogger logger)
    {
        _directory = directory;
        _time = time;
        _logger = logger;
    }

    /// <summary>When the main certificate ends.</summary>
    public DateTimeOffset NotAfter => new(Current().Main.Certificate.NotAfter.ToUniversalTime());

    /// <summary>Opens the certificates of a data directory; where there is none, a self-signed one is made.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="names">Further names and addresses for a self-signed certificate, such as the domain.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Its log.</param>
    /// <exception cref="InvalidDataException">A file cannot be used; the message says why.</exception>
    public static CertificateStore Open(string directory, IEnumerable<string> names, TimeProvider time, ILogger logger)
    {
        var store = new CertificateStore(directory, time, logger);
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path) || SelfSigned.IsOver(path, time.GetUtcNow()))
        {
            SelfSigned.Write(path, names, time.GetUtcNow());
            Diagnostics.Log.CertificateMade(logger, path);
        }

        try
        {
            store._loaded = store.Read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InvalidDataException(e is InvalidDataException ? e.Message : $"{path}: {e.Message}", e);
        }

        store._looked = time.GetTimestamp();
        return store;
    }

    /// <summary>What a server says in a handshake.</summary>
    /// <param name="serverName">The name that the client asks for (SNI); null or empty when it says none.</param>
    /// <param name="clients">Whether clients are asked for certificates.</param>
    /// <param name="onTrust">Told whether the certificate that a client showed is trusted.</param>
    public SslServerAuthenticationOptions ServerOptions(string? serverName, ClientCertificates clients = ClientCertificates.None, Action<bool>? onTrust = null) => new()
    {
        ServerCertificateContext = Current().For(serverName).Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        ClientCertificateRequired = clients != ClientCertificates.None,
        RemoteCertificateValidationCallback = clients == ClientCertificates.None ? null : (_, certificate, chain, errors) =>
        {
            var isTrusted = IsTrusted(certificate as X509Certificate2, chain, errors);
            onTrust?.Invoke(isTrusted);
            return isTrusted || clients == ClientCertificates.Ask; // one that is only asked for is shown to the plugin with what is true of it
        },
    };

    /// <summary>What a client says in a handshake.</summary>
    /// <param name="serverName">The name or address that the peer must prove; empty for no verification.</param>
    public SslClientAuthenticationOptions ClientOptions(string serverName) => new()
    {
        TargetHost = serverName,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        ClientCertificateContext = Current().Main.Context,
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => serverName.Length == 0 || IsTrusted(certificate as X509Certificate2, chain, errors),
    };

    /// <summary>A peer's certificate in words; null when it showed none.</summary>
    internal static PeerCertificate? Describe(X509Certificate? certificate, bool isTrusted)
    {
        if (certificate is not X509Certificate2 shown)
        {
            return null;
        }

        var names = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static e => e.EnumerateDnsNames().Concat(e.EnumerateIPAddresses().Select(static a => a.ToString())));
        return new PeerCertificate(
            shown.Subject,
            [.. names, .. UriNames(shown)],
            string.Join(':', Convert.ToHexString(SHA256.HashData(shown.RawData)).Chunk(2).Select(static c => new string(c))),
            isTrusted);
    }

    /// <inheritdoc/>
    public void Dispose() => _loaded.Dispose();

    // The system's roots first; then those of the configuration, for a peer whose only fault is that the system does not know its root.
    private bool IsTrusted(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return certificate is not null;
        }

        var roots = Current().Roots;
        if (certificate is null || errors != SslPolicyErrors.RemoteCertificateChainErrors || roots.Count == 0)
        {
            return false;
        }

        using var second = new X509Chain();
        second.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        second.ChainPolicy.CustomTrustStore.AddRange(roots);
        second.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        second.ChainPolicy.DisableCertificateDownloads = true;
        if (chain is not null)
        {
            second.ChainPolicy.ExtraStore.AddRange(chain.ChainElements.Select(static e => e.Certificate).ToArray());
        }

        return second.Build(certificate);
    }

    private static IEnumerable<string> UriNames(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            // The BCL reads DNS names and addresses; RFC 5922 §7.1 puts the SIP domain into a URI: context tag 6.
            var reader = new System.Formats.Asn1.AsnReader(extension.RawData, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
            while (reader.HasData)
            {
                var tag = reader.PeekTag();
                if (tag.TagClass == System.Formats.Asn1.TagClass.ContextSpecific && tag.TagValue == 6)
                {
                    yield return reader.ReadCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, tag);
                }
                else
                {
                    _ = reader.ReadEncodedValue();
                }
            }
        }
    }

    private Loaded Current()
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _looked)) < Look)
        {
            return _loaded;
        }

        lock (_loading)
        {
            if (_time.GetElapsedTime(_looked) < Look)
            {
                return _loaded;
            }

            Volatile.Write(ref _looked, _time.GetTimestamp());
            var stamp = Stamp();
            if (stamp == _loaded.Stamp || stamp == _refused)
            {
                return _loaded;
            }

            try
            {
                // The old ones may serve a handshake under way; they go with the last of them.
                _loaded = Read();
                Diagnostics.Log.CertificateReplaced(_logger, _directory, NotAfter.UtcDateTime);
            }
            catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or InvalidDataException)
            {
                _refused = stamp; // told once
                Diagnostics.Log.CertificateRefused(_logger, e.Message);
            }

            return _loaded;
        }
    }

    private Loaded Read()
    {
        var stamp = Stamp();
        var all = Files().Select(ReadOne).ToArray();
        var roots = new X509Certificate2Collection();
        var rootsPath = Path.Combine(_directory, RootsName);
        if (File.Exists(rootsPath))
        {
            roots.ImportFromPemFile(rootsPath);
        }

        return new Loaded(stamp, all, [.. all.SelectMany(static c => c.Names.Select(n => (n, c)))], roots);
    }

    private IEnumerable<string> Files()
    {
        var further = Path.Combine(_directory, DirectoryName);
        return System.IO.Directory.Exists(further)
            ? System.IO.Directory.EnumerateFiles(further, "*.pem").Order(StringComparer.Ordinal).Prepend(Path.Combine(_directory, FileName))
            : [Path.Combine(_directory, FileName)];
    }

    private string Stamp() =>
        string.Join('|', Files().Append(Path.Combine(_directory, RootsName)).Select(static f => new FileInfo(f)).Where(static f => f.Exists).Select(static f => $"{f.FullName} {f.LastWriteTimeUtc.Ticks} {f.Length}"));

    private static Served ReadOne(string path)
    {
        string pem;
        try
        {
            pem = File.ReadAllText(path);
        }
        catch (FileNotFoundException)
        {
            throw new InvalidDataException($"{path} is missing");
        }

        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(pem);
            foreach (var candidate in chain)
            {
                // The one to which the key belongs is ours; the order in the file says nothing.
                if (WithKey(candidate, pem) is { } own)
                {
                    X509Certificate2[] rest = [.. chain.Where(c => !c.Equals(candidate) && c.Subject != c.Issuer)];
                    return new Served(own, SslStreamCertificateContext.Create(own, new X509Certificate2Collection(rest), offline: true));
                }
            }
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }

        throw new InvalidDataException($"{path} must hold a certificate and its private key in PEM");
    }

    private static X509Certificate2? WithKey(X509Certificate2 certificate, string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), pem);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>One certificate with its chain, ready for handshakes.</summary>
    private sealed class Served(X509Certificate2 certificate, SslStreamCertificateContext context)
    {
        public X509Certificate2 Certificate { get; } = certificate;

        public SslStreamCertificateContext Context { get; } = context;

        public IEnumerable<string> Names => Certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static e => e.EnumerateDnsNames());
    }

    /// <summary>What the files said, immutable.</summary>
    private sealed class Loaded(string stamp, Served[] all, (string Name, Served Certificate)[] names, X509Certificate2Collection roots) : IDisposable
    {
        private readonly Dictionary<string, Served> _byName = names.DistinctBy(static n => n.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(static n => n.Name, static n => n.Certificate, StringComparer.OrdinalIgnoreCase);

        public string Stamp { get; } = stamp;

        public X509Certificate2Collection Roots { get; } = roots;

        public Served Main => all[0];

        public Served For(string? name)
        {
            if (all.Length == 1 || string.IsNullOrEmpty(name))
            {
                return Main;
            }

            // RFC 6125 §6.4.3: a wildcard stands for one label.
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            return _byName.TryGetValue(name, out var exact) || (dot > 0 && _byName.TryGetValue("*" + name[dot..], out exact)) ? exact : Main;
        }

        public void Dispose()
        {
            foreach (var one in all)
            {
                one.Certificate.Dispose();
            }
        }
    }
}

/// <summary>Whether TLS clients are asked for a certificate.</summary>
public enum ClientCertificates
{
    /// <summary>They are not asked.</summary>
    None,

    /// <summary>They may show one, which the plugin sees with whether it is trusted.</summary>
    Ask,

    /// <summary>They must show one that leads to a trusted root.</summary>
    Require,
}
