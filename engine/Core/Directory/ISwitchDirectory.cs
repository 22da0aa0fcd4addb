using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Directory;

/// <summary>The directory as the core sees it: what plugins see, and lists. Thread-safe; readers see immutable snapshots.</summary>
public interface ISwitchDirectory : IDirectory
{
    /// <summary>All users, by number.</summary>
    IReadOnlyList<DirectoryUser> Users { get; }

    /// <summary>All current registrations.</summary>
    IReadOnlyList<Registration> AllRegistrations { get; }

    /// <summary>Numbers of the users in a group; empty when there is no such group.</summary>
    /// <param name="group">Its name.</param>
    IReadOnlyList<string> GroupMembers(string group);
}
