using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace XSwitchEngine.Core.Listeners;

/// <summary>The certificate of an engine that has been given none: ECDSA P-256, for localhost, the host's name and its addresses.</summary>
internal static class SelfSigned
{
    private const string Organization = "XSwitchEngine self-signed";
    private static readonly TimeSpan Life = TimeSpan.FromDays(820); // what browsers accept at most

    /// <summary>Whether a file holds a certificate that was made here and has ended.</summary>
    public static bool IsOver(string path, DateTimeOffset now)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
            return certificate.Subject.Contains(Organization, StringComparison.Ordinal) && certificate.NotAfter.ToUniversalTime() < now.UtcDateTime;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Makes a certificate for this machine, readable by its owner only.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">Names and addresses beside those of the machine.</param>
    /// <param name="now">When it begins.</param>
    public static void Write(string path, IEnumerable<string> names, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var host = System.Net.Dns.GetHostName();
        var request = new CertificateRequest($"CN={host}, O={Organization}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Append("localhost").Append(host).Where(static n => n.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        foreach (var address in Addresses())
        {
            alternatives.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var certificate = request.CreateSelfSigned(now - TimeSpan.FromHours(1), now + Life);
        var temporary = path + ".tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new StreamWriter(temporary, options))
        {
            file.Write(certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static IEnumerable<IPAddress> Addresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(static i => i.GetIPProperties().UnicastAddresses).Select(static a => a.Address)
                .Where(static a => a.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && !a.IsIPv6LinkLocal).Append(IPAddress.Loopback).Append(IPAddress.IPv6Loopback).Distinct()];
        }
        catch (NetworkInformationException)
        {
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        }
    }
}
