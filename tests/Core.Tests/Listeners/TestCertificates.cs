using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Tests.Listeners;

/// <summary>A certificate authority and a data directory with certificates of it.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private int _serial;

    public TestCertificates()
    {
        var request = new CertificateRequest("CN=Test root", _rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Path.Combine(Directory, CertificateStore.RootsName), Root.ExportCertificatePem());
    }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("xswitch-tls-").FullName;

    public X509Certificate2 Root { get; }

    public CertificateStore Open() => CertificateStore.Open(Directory, [], TimeProvider.System, NullLogger.Instance);

    /// <summary>A certificate with its key in PEM, signed by the root.</summary>
    public string Pem(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Sign(key, names);
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    public X509Certificate2 Certificate(params string[] names)
    {
        var pem = Pem(names);
        return X509Certificate2.CreateFromPem(pem, pem);
    }

    public void Write(string file, params string[] names)
    {
        var path = Path.Combine(Directory, file);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".new", Pem(names));
        File.Move(path + ".new", path, overwrite: true);
    }

    public void Dispose()
    {
        Root.Dispose();
        _rootKey.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private X509Certificate2 Sign(ECDsa key, string[] names)
    {
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else if (name.Contains(':', StringComparison.Ordinal))
            {
                alternatives.AddUri(new Uri(name));
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        var now = DateTimeOffset.UtcNow;
        return request.Create(Root, now.AddHours(-1), now.AddDays(10), BitConverter.GetBytes(++_serial));
    }
}
