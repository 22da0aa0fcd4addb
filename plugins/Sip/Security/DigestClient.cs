using System.Text;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>Answers challenges to requests of ours, with credentials that were given for that leg only and never with others.</summary>
internal static class DigestClient
{
    /// <summary>Makes the credential lines for all challenges of a 401 or 407 that can be answered.</summary>
    /// <param name="response">The challenge.</param>
    /// <param name="method">Method of the request.</param>
    /// <param name="uri">Its Request-URI.</param>
    /// <param name="user">User name.</param>
    /// <param name="password">Password.</param>
    /// <param name="realm">The only realm to answer, or null for any.</param>
    /// <param name="clientNonce">Random text.</param>
    /// <param name="writer">Receives the lines.</param>
    /// <returns>False when no challenge can be answered.</returns>
    public static bool TryAnswer(SipMessage response, ReadOnlySpan<byte> method, ReadOnlySpan<byte> uri, string user, string password, string? realm, string clientNonce, SipWriter writer)
    {
        writer.Clear();
        var answered = Answer(response, HeaderName.WwwAuthenticate, "Authorization"u8, method, uri, user, password, realm, clientNonce, writer);
        return Answer(response, HeaderName.ProxyAuthenticate, "Proxy-Authorization"u8, method, uri, user, password, realm, clientNonce, writer) || answered;
    }

    private static bool Answer(
        SipMessage response,
        HeaderName challenge,
        ReadOnlySpan<byte> header,
        ReadOnlySpan<byte> method,
        ReadOnlySpan<byte> uri,
        string user,
        string password,
        string? realm,
        string clientNonce,
        SipWriter writer)
    {
        // The first challenge that is understood is the one most preferred by the server (RFC 8760 §2.4).
        for (var i = response.First(challenge); i >= 0; i = response.Field(i).Next)
        {
            if (!DigestParameters.TryParse(response.At(response.Field(i).Value), out var parameters, out _)
                || (realm is not null && SipText.Decode(parameters.Realm) != realm))
            {
                continue;
            }

            var isSha = SipText.EqualsIgnoreCase(parameters.Algorithm, "SHA-256"u8);
            if (!isSha && !parameters.Algorithm.IsEmpty && !SipText.EqualsIgnoreCase(parameters.Algorithm, "MD5"u8))
            {
                continue;
            }

            var algorithm = isSha ? DigestAlgorithm.Sha256 : DigestAlgorithm.Md5;
            var hasQop = SipText.ListContains(parameters.Qop, "auth"u8);
            if (!parameters.Qop.IsEmpty && !hasQop)
            {
                continue;
            }

            Write(algorithm, parameters, hasQop, header, method, uri, user, password, clientNonce, writer);
            return true;
        }

        return false;
    }

    private static void Write(
        DigestAlgorithm algorithm,
        in DigestParameters challenge,
        bool hasQop,
        ReadOnlySpan<byte> header,
        ReadOnlySpan<byte> method,
        ReadOnlySpan<byte> uri,
        string user,
        string password,
        string clientNonce,
        SipWriter writer)
    {
        var length = Digest.HexLength(algorithm);
        Span<byte> ha1 = stackalloc byte[64];
        Span<byte> answer = stackalloc byte[64];
        var cnonce = Encoding.ASCII.GetBytes(clientNonce);
        Digest.Hash(algorithm, ha1[..length], Encoding.UTF8.GetBytes(user), challenge.Realm, Encoding.UTF8.GetBytes(password), parts: 3);
        Digest.Response(algorithm, answer[..length], ha1[..length], method, uri, challenge.Nonce, "00000001"u8, cnonce, hasQop ? "auth"u8 : default);
        writer.Raw(header).Raw(": Digest username="u8).Quoted(user).Raw(", realm=\""u8).Value(challenge.Realm);
        writer.Raw("\", nonce=\""u8).Value(challenge.Nonce).Raw("\", uri=\""u8).Value(uri).Raw("\", response=\""u8).Raw(answer[..length]);
        writer.Raw("\", algorithm="u8).Raw(Digest.Name(algorithm));
        if (hasQop)
        {
            writer.Raw(", qop=auth, nc=00000001, cnonce=\""u8).Raw(cnonce).Raw("\""u8);
        }

        if (!challenge.Opaque.IsEmpty)
        {
            writer.Raw(", opaque=\""u8).Value(challenge.Opaque).Raw("\""u8);
        }

        writer.Line();
    }
}
