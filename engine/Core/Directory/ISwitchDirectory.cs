using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Directory;

/// <summary>The directory as the core sees it: what plugins see, and lists. Thread-safe; readers see immutable snapshots.</summary>
public interface ISwitchDirectory : IDirectory
{
    /// <summary>All users, by number.</summary>
    IReadOnlyList<DirectoryUser> Users { get; }

    /// <summary>All current registrations.</summary>
    IReadOnlyList<Registration> AllRegistrations { get; }

    /// <summary>Makes a bearer token; its text is known to nobody afterwards.</summary>
    /// <param name="request">For whom and what.</param>
    /// <returns>The token and what it allows; null when there is no such user, or there are too many tokens.</returns>
    (string Token, TokenGrant Grant)? IssueToken(TokenRequest request);

    /// <summary>Finds a token, and begins its life anew when it is one of those that slide with use.</summary>
    /// <param name="token">As the client sent it.</param>
    TokenGrant? UseToken(string token);

    /// <summary>What a token is for.</summary>
    /// <param name="token">One that <see cref="IDirectory.FindToken"/> finds; <see cref="TokenKind.Extension"/>, which allows least, for others.</param>
    TokenKind KindOf(string token);

    /// <summary>Ends a token.</summary>
    /// <param name="token">As the client sent it.</param>
    void RevokeToken(string token);

    /// <summary>Numbers of the users in a group; empty when there is no such group.</summary>
    /// <param name="group">Its name.</param>
    IReadOnlyList<string> GroupMembers(string group);
}
