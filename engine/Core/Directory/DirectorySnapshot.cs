using System.Collections.Frozen;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Directory;

/// <summary>Users and groups in force, immutable and swapped as a whole.</summary>
internal sealed class DirectorySnapshot
{
    private DirectorySnapshot(string domain, IReadOnlyList<StoredUser> stored, FrozenDictionary<string, IReadOnlyList<string>> groups)
    {
        Domain = domain;
        Stored = stored;
        List = [.. stored.Select(s => s.User)];
        Users = List.ToFrozenDictionary(u => u.Number, StringComparer.Ordinal);
        Groups = groups;
    }

    public string Domain { get; }

    public IReadOnlyList<StoredUser> Stored { get; }

    public IReadOnlyList<DirectoryUser> List { get; }

    public FrozenDictionary<string, DirectoryUser> Users { get; }

    public FrozenDictionary<string, IReadOnlyList<string>> Groups { get; }

    /// <summary>Joins database and configuration; the configuration wins.</summary>
    public static DirectorySnapshot Build(IEnumerable<UserRow> rows, IReadOnlyDictionary<string, List<string>> groups, EngineOptions options)
    {
        var users = new SortedDictionary<string, StoredUser>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            users[row.Number] = Join(row, options.Domain, fromConfiguration: false);
        }

        foreach (var user in options.Users)
        {
            var row = UserRow.Create(user.Number, user.Password, options.Domain) with
            {
                CallerIdName = user.CallerIdName,
                CallerIdNumber = user.CallerIdNumber,
                Context = user.Context,
                Variables = user.Variables,
                Permissions = user.Permissions,
            };
            users[row.Number] = Join(row, options.Domain, fromConfiguration: true);
        }

        var joined = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (name, members) in groups.Concat(options.Groups))
        {
            joined[name] = [.. members];
        }

        return new DirectorySnapshot(options.Domain, [.. users.Values], joined.ToFrozenDictionary(StringComparer.Ordinal));
    }

    private static StoredUser Join(UserRow row, string domain, bool fromConfiguration) =>
        new(
            new DirectoryUser(row.Number, domain, row.Ha1Md5, row.Ha1Sha256)
            {
                CallerIdName = row.CallerIdName,
                CallerIdNumber = row.CallerIdNumber,
                Context = row.Context,
                Variables = row.Variables.ToFrozenDictionary(StringComparer.Ordinal),
                Permissions = row.Permissions.ToFrozenSet(StringComparer.Ordinal),
            },
            row.Password,
            fromConfiguration);
}
