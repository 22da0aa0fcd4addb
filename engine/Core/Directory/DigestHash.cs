using System.Security.Cryptography;
using System.Text;

namespace XSwitchEngine.Core.Directory;

/// <summary>The hash of a user's secret in digest authentication (RFC 7616 §3.4.2).</summary>
public static class DigestHash
{
    /// <summary>HA1 by MD5, lower-case hex. RFC 3261 phones know nothing else.</summary>
    /// <param name="number">The user name.</param>
    /// <param name="realm">The realm.</param>
    /// <param name="password">The password.</param>
#pragma warning disable CA5351 // digest authentication with MD5 is what deployed SIP phones speak; SHA-256 is offered beside it
    public static string Md5(string number, string realm, string password) =>
        Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes($"{number}:{realm}:{password}")));
#pragma warning restore CA5351

    /// <summary>HA1 by SHA-256, lower-case hex (RFC 8760).</summary>
    /// <param name="number">The user name.</param>
    /// <param name="realm">The realm.</param>
    /// <param name="password">The password.</param>
    public static string Sha256(string number, string realm, string password) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{number}:{realm}:{password}")));
}
