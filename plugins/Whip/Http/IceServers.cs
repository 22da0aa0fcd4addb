using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>Tells clients of STUN and TURN servers. TURN credentials live as long as configured (the TURN REST scheme).</summary>
internal sealed class IceServers(WhipContext context)
{
    /// <summary>Adds one <c>Link</c> header for each server.</summary>
    /// <param name="headers">Receives them.</param>
    /// <param name="user">Whom the credentials are for.</param>
    public void AddTo(ICollection<KeyValuePair<string, string>> headers, string user)
    {
        foreach (var server in context.Options.IceServers)
        {
            headers.Add(new("Link", new LinkHeader(server, "ice-server", Parameters(server, user)).ToString()));
        }
    }

    private List<KeyValuePair<string, string>> Parameters(string server, string user)
    {
        if (server.StartsWith("stun:", StringComparison.Ordinal) || context.Options.TurnSecret.Length == 0)
        {
            return [];
        }

        var expires = context.Host.Now.AddSeconds(context.Options.TurnSeconds).ToUnixTimeSeconds();
        var name = string.Create(CultureInfo.InvariantCulture, $"{expires}:{user}");
#pragma warning disable CA5350 // the scheme's own: HMAC-SHA1 of the name
        var password = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(context.Options.TurnSecret), Encoding.UTF8.GetBytes(name)));
#pragma warning restore CA5350
        return [new("username", name), new("credential", password), new("credential-type", "password")];
    }
}
