using System.Security.Cryptography;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>How the credentials of a request are.</summary>
internal enum AuthResult
{
    /// <summary>Right; the user is known.</summary>
    Accepted,

    /// <summary>None for our realm: challenge.</summary>
    Missing,

    /// <summary>Right but for an old nonce: challenge with stale=true.</summary>
    Stale,

    /// <summary>Wrong: challenge. Unknown users and wrong passwords are the same.</summary>
    Rejected,

    /// <summary>Not readable: 400.</summary>
    Malformed,
}

/// <summary>Digest authentication of requests (RFC 3261 §22, RFC 7616, RFC 8760).</summary>
internal sealed class Authenticator(SipContext context)
{
    /// <summary>Checks the credentials of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="flow">Where it came from.</param>
    /// <param name="user">The user, when accepted.</param>
    public AuthResult Check(SipMessage request, in Flow flow, out DirectoryUser? user)
    {
        user = null;
        var result = Look(request, HeaderName.Authorization, flow, ref user);
        return result == AuthResult.Missing ? Look(request, HeaderName.ProxyAuthorization, flow, ref user) : result;
    }

    /// <summary>Writes one challenge line for each algorithm.</summary>
    /// <param name="writer">After the response head.</param>
    /// <param name="proxy">407 instead of 401.</param>
    /// <param name="stale">Whether only the nonce was wrong.</param>
    /// <param name="flow">Who is challenged.</param>
    /// <param name="onlyOne">Only the algorithm that every client knows (MD5 if it is admitted), for a small packet. WebSocket clients get no other.</param>
    public void WriteChallenges(SipWriter writer, bool proxy, bool stale, in Flow flow, bool onlyOne = false)
    {
        Span<byte> nonce = stackalloc byte[NonceService.TextLength];
        var algorithms = context.Options.Algorithms;

        // Browser stacks know MD5 only; of several challenges SIP.js takes the first and JsSIP the last, so they get that one alone. It runs inside TLS.
        onlyOne |= flow.Transport is TransportKind.Ws or TransportKind.Wss;
        var hasMd5 = algorithms.Contains(DigestAlgorithm.Md5);
        foreach (var algorithm in algorithms)
        {
            if (onlyOne && (hasMd5 ? algorithm != DigestAlgorithm.Md5 : algorithm != algorithms[^1]))
            {
                continue;
            }

            context.Nonces.Create(algorithm, flow.Remote.Address, nonce);
            writer.Raw(proxy ? "Proxy-Authenticate: Digest realm=\""u8 : "WWW-Authenticate: Digest realm=\""u8).Value(context.Realm);
            writer.Raw("\", nonce=\""u8).Raw(nonce).Raw("\", algorithm="u8).Raw(Digest.Name(algorithm));
            writer.Raw(stale ? ", qop=\"auth\", stale=true\r\n"u8 : ", qop=\"auth\"\r\n"u8);
        }
    }

    private AuthResult Look(SipMessage request, HeaderName header, in Flow flow, ref DirectoryUser? user)
    {
        for (var i = request.First(header); i >= 0; i = request.Field(i).Next)
        {
            if (!DigestParameters.TryParse(request.At(request.Field(i).Value), out var credentials, out var malformed))
            {
                if (malformed)
                {
                    return AuthResult.Malformed;
                }

                continue;    // another scheme counts as absent (RFC 4475 §3.3.7)
            }

            if (credentials.Realm.SequenceEqual(context.Realm))
            {
                return Verify(request, credentials, flow, ref user);
            }
        }

        return AuthResult.Missing;
    }

    private AuthResult Verify(SipMessage request, in DigestParameters credentials, in Flow flow, ref DirectoryUser? user)
    {
        if (!TryAlgorithm(credentials.Algorithm, out var algorithm) || !context.Options.Algorithms.Contains(algorithm)
            || credentials.NonceCount.Length > 8 || credentials.ClientNonce.Length > SipLimits.Identifier || credentials.ClientNonce.IsEmpty
            || !SipText.EqualsIgnoreCase(credentials.Qop, "auth"u8)
            || !uint.TryParse(credentials.NonceCount, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var count) || count == 0)
        {
            return Reject(request, credentials, flow, "unusable");
        }

        var number = SipText.Decode(credentials.UserName);
        var at = number.IndexOf('@', StringComparison.Ordinal);
        if (at > 0)
        {
            number = number[..at];
        }

        var found = context.Host.Directory.FindUser(number, context.Host.Directory.Domain);

        // The same work is done for a user that does not exist, so that time tells nothing.
        Span<byte> ha1 = stackalloc byte[64];
        ha1 = ha1[..Digest.HexLength(algorithm)];
        ha1.Fill((byte)'0');
        var stored = algorithm == DigestAlgorithm.Md5 ? found?.Ha1Md5 : found?.Ha1Sha256;
        var isUsable = stored?.Length == ha1.Length;
        if (isUsable)
        {
            Encoding.ASCII.GetBytes(stored!, ha1);
        }

        Span<byte> expected = stackalloc byte[64];
        expected = expected[..ha1.Length];
        Digest.Response(algorithm, expected, ha1, request.At(request.MethodText), credentials.Uri, credentials.Nonce, credentials.NonceCount, credentials.ClientNonce, credentials.Qop);
        Span<byte> given = stackalloc byte[64];
        given = given[..ha1.Length];
        given.Clear();
        if (credentials.Response.Length == given.Length)
        {
            System.Text.Ascii.ToLower(credentials.Response, given, out _);
        }

        var isRight = CryptographicOperations.FixedTimeEquals(expected, given) & isUsable;
        var nonce = context.Nonces.Check(credentials.Nonce, algorithm, flow.Remote.Address);
        if (!isRight || !IsSameTarget(request.RequestUri, credentials.Uri))
        {
            return Reject(request, credentials, flow, nonce == NonceState.Foreign ? "bad_nonce" : "bad_credentials");
        }

        if (nonce != NonceState.Fresh || !context.Nonces.TryUse(credentials.Nonce, count))
        {
            // A right digest over a nonce that is not ours can only be an old one, from before a restart.
            return AuthResult.Stale;
        }

        user = found;
        return AuthResult.Accepted;
    }

    /// <summary>
    /// The hash binds the credentials' uri, so that must mean the request's target: host and parameters may be changed on the way, the user not.
    /// Clients that sign the domain alone (sipp, some gateways) name no user at all; that is let pass, as FreeSWITCH and Asterisk do.
    /// </summary>
    private static bool IsSameTarget(ReadOnlySpan<byte> requestUri, ReadOnlySpan<byte> uri) =>
        requestUri.SequenceEqual(uri)
        || (SipUri.TryParse(requestUri, out var a) && SipUri.TryParse(uri, out var b) && (b.User.IsEmpty || SipText.DecodeUser(a.User) == SipText.DecodeUser(b.User)));

    private static bool TryAlgorithm(ReadOnlySpan<byte> name, out DigestAlgorithm algorithm)
    {
        algorithm = SipText.EqualsIgnoreCase(name, "SHA-256"u8) ? DigestAlgorithm.Sha256 : DigestAlgorithm.Md5;
        return algorithm == DigestAlgorithm.Sha256 || name.IsEmpty || SipText.EqualsIgnoreCase(name, "MD5"u8);
    }

    private AuthResult Reject(SipMessage request, in DigestParameters credentials, in Flow flow, string reason)
    {
        context.Host.Count("auth_failures");
        context.Host.Security(
            "auth_fail",
            flow.Remote,
            ("method", SipText.Decode(request.At(request.MethodText))),
            ("user", SipText.Decode(credentials.UserName)),
            ("domain", SipText.Decode(credentials.Realm)),
            ("profile", context.ProfileOf(flow.Listener)),
            ("transport", ViaHeader.LowerName(flow.Transport)),
            ("reason", reason),
            ("ua", SipText.Decode(request.Value(HeaderName.UserAgent))));
        context.Limiter.AuthFailed(flow.Remote);
        return AuthResult.Rejected;
    }
}
