using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Whip.Security;

/// <summary>Who sends a request.</summary>
/// <param name="Status">0 when it may go on, else 401 or 403.</param>
/// <param name="Grant">What the token allows; null for a request without one.</param>
/// <param name="HadToken">Whether there was a token at all.</param>
internal readonly record struct Identity(int Status, TokenGrant? Grant, bool HadToken)
{
    public bool IsFine => Status == 0;

    /// <summary>Number and domain of the user, or empty.</summary>
    public string Owner => Grant is { User: var user } ? $"{user.Number}@{user.Domain}" : "";
}

/// <summary>Decides by its token who a request is from and what it may do.</summary>
internal sealed class Access(WhipContext context)
{
    /// <summary>Call, publish and play: the right of WebRTC users.</summary>
    private const string Call = "webrtc";

    private const string Admin = "admin";

    /// <summary>Say another caller's number than one's own.</summary>
    private const string CallerId = "cid";

    /// <summary>Finds out who sends a request.</summary>
    /// <param name="request">The request.</param>
    public Identity Identify(HttpRequest request)
    {
        switch (Credentials.Find(request, TrustsCookie(request), out var token))
        {
            case Carried.None:
                return default;
            case Carried.Token when context.Host.Directory.FindToken(token) is { } grant:
                return new(0, grant, true);
            default:
                return new(401, null, true);
        }
    }

    /// <summary>Whether a sender may make a session toward a destination.</summary>
    /// <param name="identity">The sender.</param>
    /// <param name="destination">The destination.</param>
    /// <returns>0, 401 or 403.</returns>
    public int Admit(in Identity identity, string destination)
    {
        if (identity.Grant is not { } grant)
        {
            return context.Options.IsForEverybody(destination) ? 0 : 401;
        }

        return MayCall(grant) && (grant.Destinations.Count == 0 || WhipOptions.Lists(grant.Destinations, destination)) ? 0 : 403;
    }

    /// <summary>Whether a sender may use a session.</summary>
    /// <param name="identity">The sender.</param>
    /// <param name="owner">Who made the session, or empty.</param>
    /// <param name="isOpen">Whether the session's URL is enough where no token comes.</param>
    /// <returns>0, 401 or 403.</returns>
    public static int Admit(in Identity identity, string owner, bool isOpen)
    {
        if (owner.Length == 0 || (isOpen && !identity.HadToken))
        {
            return 0;
        }

        return identity.Grant is not { } grant ? 401 : identity.Owner == owner || grant.Permissions.Contains(Admin) ? 0 : 403;
    }

    /// <summary>Whether a token allows calls, both ways.</summary>
    /// <param name="grant">The token's.</param>
    public static bool MayCall(TokenGrant grant) => grant.Permissions.Count == 0 || grant.Permissions.Contains(Call);

    /// <summary>Whether a token's user may say another number than his own.</summary>
    /// <param name="grant">The token's.</param>
    public static bool MayChooseNumber(TokenGrant grant) => grant.Permissions.Contains(CallerId) || grant.Permissions.Contains(Admin);

    /// <summary>A browser adds cookies to what another site's page sends, so they count only for our own pages and listed ones.</summary>
    private bool TrustsCookie(HttpRequest request) =>
        request.Header("Origin") is not { Length: > 0 } origin || origin == $"{request.Scheme}://{request.Host}" || context.Replies.IsListed(origin);
}
