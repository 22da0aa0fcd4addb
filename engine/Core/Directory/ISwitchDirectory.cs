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

    /// <summary>Numbers of the users in a group; empty when there is no such group.</summary>
    /// <param name="group">Its name.</param>
    IReadOnlyList<string> GroupMembers(string group);
}
