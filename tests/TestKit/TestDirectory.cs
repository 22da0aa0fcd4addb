using System.Security.Cryptography;
using System.Text;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestKit;

/// <summary>Users and registrations in memory.</summary>
public sealed class TestDirectory : IDirectory
{
    private readonly Dictionary<string, DirectoryUser> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Registration>> _registrations = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Domain { get; set; } = "example.com";

    /// <summary>Further names that are ours.</summary>
    public HashSet<string> Aliases { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Most bindings of a user.</summary>
    public int MaxBindings { get; set; } = 10;

    /// <summary>Connections whose bindings were removed.</summary>
    public List<ConnectionId> RemovedFlows { get; } = [];

    /// <summary>Adds a user with a password.</summary>
    /// <param name="number">The number.</param>
    /// <param name="password">The password.</param>
    /// <param name="permissions">What the user may do; none listed for everything.</param>
    public DirectoryUser Add(string number, string password, params string[] permissions)
    {
        var text = Encoding.UTF8.GetBytes($"{number}:{Domain}:{password}");
#pragma warning disable CA5351 // the digest scheme of SIP
        var user = new DirectoryUser(number, Domain, Convert.ToHexStringLower(MD5.HashData(text)), Convert.ToHexStringLower(SHA256.HashData(text))) { Permissions = permissions.ToHashSet() };
#pragma warning restore CA5351
        Add(user);
        return user;
    }

    /// <summary>Adds a user, in place of one of the same number.</summary>
    /// <param name="user">The user.</param>
    public void Add(DirectoryUser user) => _users[user.Number] = user;

    /// <inheritdoc/>
    public bool IsLocalDomain(string domain) => string.Equals(domain, Domain, StringComparison.OrdinalIgnoreCase) || Aliases.Contains(domain);

    /// <inheritdoc/>
    public DirectoryUser? FindUser(string number, string domain) => IsLocalDomain(domain) ? _users.GetValueOrDefault(number) : null;

    /// <summary>What bearer tokens allow, by their text.</summary>
    public Dictionary<string, TokenGrant> Tokens { get; } = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public TokenGrant? FindToken(string token) => Tokens.TryGetValue(token, out var grant) && grant.Expires > Clock() ? grant : null;

    /// <inheritdoc/>
    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        var old = _registrations.GetValueOrDefault(user.Number) ?? [];
        if (changes.Any(c => old.Any(o => o.CallId == c.CallId && c.CallId.Length > 0 && c.Sequence <= o.Sequence && o.Contact == c.Contact)))
        {
            outcome = RegisterOutcome.OutOfOrder;
            return old;
        }

        var next = old.ToList();
        foreach (var change in changes)
        {
            next.RemoveAll(o => o.Contact == change.Contact && o.Endpoint == change.Endpoint);
            if (Live(change))
            {
                next.Add(change);
            }
        }

        if (next.Count > MaxBindings)
        {
            outcome = RegisterOutcome.TooMany;
            return old;
        }

        outcome = RegisterOutcome.Accepted;
        _registrations[user.Number] = next;
        return next;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Registration> Registrations(DirectoryUser user) => _registrations.GetValueOrDefault(user.Number) ?? [];

    /// <inheritdoc/>
    public void RemoveFlow(ConnectionId connection)
    {
        RemovedFlows.Add(connection);
        foreach (var list in _registrations.Values)
        {
            list.RemoveAll(r => r.Connection == connection);
        }
    }

    /// <summary>The clock by which bindings expire; set it to the host's when expiry matters.</summary>
    public Func<DateTimeOffset> Clock { get; set; } = () => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private bool Live(Registration registration) => registration.Expires > Clock();
}
