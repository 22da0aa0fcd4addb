using Microsoft.AspNetCore.Http;

namespace XSwitchEngine.Host.Http;

/// <summary>Where a request can carry its token: <c>Authorization: Bearer</c>, <c>X-XTRA-AUTH-ID</c>, a cookie.</summary>
internal static class TokenCarrier
{
    /// <summary>Name of the cookie.</summary>
    public const string Cookie = "freeswitch_xtra_session_id";

    private const string Header = "X-XTRA-AUTH-ID";
    private const string Scheme = "Bearer ";

    /// <summary>Reads the token of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="token">Empty when there is none.</param>
    /// <param name="isCookie">Whether it came in the cookie, whose life each use begins anew.</param>
    /// <returns>False when two carriers contradict each other.</returns>
    public static bool TryRead(HttpRequest request, out string token, out bool isCookie)
    {
        var authorization = request.Headers.Authorization.ToString();
        var bearer = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : "";
        var header = request.Headers[Header].ToString();
        isCookie = false;
        token = bearer.Length > 0 ? bearer : header;
        if (bearer.Length > 0 && header.Length > 0 && bearer != header)
        {
            return false;
        }

        if (token.Length == 0 && request.Cookies.TryGetValue(Cookie, out var cookie))
        {
            (token, isCookie) = (cookie, true);
        }

        return true;
    }
}
