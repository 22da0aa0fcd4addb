using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Whip.Security;

/// <summary>How a request proves who sends it.</summary>
internal enum Carried : byte
{
    /// <summary>No token.</summary>
    None,

    /// <summary>A token.</summary>
    Token,

    /// <summary>Two different tokens, or a scheme that is not served: never accepted.</summary>
    Unusable,
}

/// <summary>Finds the token of a request in <c>Authorization</c>, <c>X-XTRA-AUTH-ID</c> or the session cookie.</summary>
internal static class Credentials
{
    /// <summary>The header that XSwitch's clients send.</summary>
    public const string TokenHeader = "X-XTRA-AUTH-ID";

    private const int MaxLength = 4096;

    private const string SessionCookie = "freeswitch_xtra_session_id";

    /// <summary>Finds the token.</summary>
    /// <param name="request">The request.</param>
    /// <param name="trustsCookie">Whether a cookie counts: not when another site's page sends it.</param>
    /// <param name="token">The token, or empty.</param>
    public static Carried Find(HttpRequest request, bool trustsCookie, out string token)
    {
        token = "";
        var bearer = Clean(request.Header("Authorization"));
        if (bearer.Length > 0)
        {
            var space = bearer.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0)
            {
                // Some players send the token without a scheme; a bare scheme is no token.
                bearer = bearer.Equals("Bearer", StringComparison.OrdinalIgnoreCase) ? "" : bearer;
            }
            else if (bearer[..space].Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            {
                bearer = Clean(bearer[(space + 1)..]);
            }
            else
            {
                return Carried.Unusable;
            }
        }

        var header = Clean(request.Header(TokenHeader));
        if (bearer.Length > 0 && header.Length > 0 && bearer != header)
        {
            return Carried.Unusable;
        }

        token = bearer.Length > 0 ? bearer : header;
        if (token.Length == 0 && trustsCookie)
        {
            token = Clean(Cookie(request.Header("Cookie")));
        }

        return token.Length == 0 ? Carried.None : token.Length > MaxLength ? Carried.Unusable : Carried.Token;
    }

    /// <summary>What a page writes when it has no token is none.</summary>
    private static string Clean(string? text)
    {
        var value = (text ?? "").Trim();
        return value is "undefined" or "null" ? "" : value;
    }

    private static string? Cookie(string? header)
    {
        foreach (var pair in (header ?? "").Split([';', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && pair[..equals].Trim() == SessionCookie)
            {
                return pair[(equals + 1)..].Trim('"');
            }
        }

        return null;
    }
}
