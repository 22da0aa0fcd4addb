using Microsoft.Extensions.Logging;
using XSwitchEngine.Core.Diagnostics;

namespace XSwitchEngine.Core.Directory;

/// <summary>What a directory starts from: the rows of its database, made the first time.</summary>
/// <param name="Users">All users of the database.</param>
/// <param name="Groups">All groups of the database.</param>
/// <param name="Created">Users made by this start.</param>
internal sealed record DirectorySeed(IReadOnlyList<UserRow> Users, Dictionary<string, List<string>> Groups, IReadOnlyList<StoredUser> Created)
{
    /// <summary>The first and last number of the users made by the first start.</summary>
    public const int FirstNumber = 1000, LastNumber = 1019;

    /// <summary>The operator's user.</summary>
    public const string Administrator = "admin";

    /// <summary>Reads the database; fills it when it has no users; makes hashes again when the domain has changed.</summary>
    public static DirectorySeed ReadOrCreate(DirectoryStore store, EngineOptions options, ILogger logger)
    {
        var users = store.ReadUsers();
        if (users.Count == 0)
        {
            users = Create(options.Domain);
            store.WriteUsers(users);
            foreach (var (group, first) in new[] { ("sales", 1000), ("billing", 1005), ("support", 1010) })
            {
                store.WriteGroup(group, [.. Enumerable.Range(first, 5).Select(n => $"{n}")]);
            }

            var created = DirectorySnapshot.Build(users, new Dictionary<string, List<string>>(), new EngineOptions { Domain = options.Domain }).Stored;
            return new DirectorySeed(users, store.ReadGroups(), created);
        }

        var stale = users.FindAll(u => u.Realm != options.Domain);
        foreach (var user in stale.Where(u => u.Password.Length == 0))
        {
            Log.UserOfOtherRealm(logger, user.Number, options.Domain);
        }

        var renewed = stale.FindAll(u => u.Password.Length > 0).ConvertAll(u => u.ForRealm(options.Domain));
        if (renewed.Count > 0)
        {
            store.WriteUsers(renewed);
            users = store.ReadUsers();
            Log.RealmChanged(logger, options.Domain, renewed.Count);
        }

        return new DirectorySeed(users, store.ReadGroups(), []);
    }

    private static List<UserRow> Create(string realm)
    {
        var users = new List<UserRow>();
        for (var number = FirstNumber; number <= LastNumber; number++)
        {
            users.Add(UserRow.Create($"{number}", PasswordGenerator.Next(), realm) with
            {
                CallerIdName = $"Extension {number}",
                CallerIdNumber = $"{number}",
                Variables = new() { ["accountcode"] = $"{number}" },
                Permissions = [DirectoryPermissions.Sip, DirectoryPermissions.WebRtc],
            });
        }

        users.Add(UserRow.Create(Administrator, PasswordGenerator.Next(), realm) with
        {
            CallerIdName = "Administrator",
            Permissions = [DirectoryPermissions.Admin, DirectoryPermissions.Api, DirectoryPermissions.WebRtc],
        });
        return users;
    }
}
