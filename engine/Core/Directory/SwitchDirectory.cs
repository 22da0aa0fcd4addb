using System.Collections.Frozen;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Diagnostics;

namespace XSwitchEngine.Core.Directory;

/// <summary>The directory of one engine: users and groups from SQLite and the configuration, registrations in memory with a write-behind copy.</summary>
/// <remarks>
/// Lookups read one immutable snapshot. Registrations are kept in <c>xswitch.db</c> of the data directory within milliseconds and
/// are back after a restart or a kill, except those over WebSockets, whose flow died with the process.
/// </remarks>
public sealed class SwitchDirectory : ISwitchDirectory, IDisposable
{
    /// <summary>Name of the database in the data directory.</summary>
    public const string FileName = "xswitch.db";

    private readonly RegistrationTable _table = new();
    private readonly DirectoryStore _store;
    private readonly RegistrationWriter _writer;
    private readonly TimeProvider _time;
    private readonly TokenTable _tokens;
    private readonly TokenStore _tokenStore;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly IReadOnlyList<UserRow> _rows;
    private readonly Dictionary<string, List<string>> _groups;
    private readonly Lock _arming = new();
    private volatile DirectorySnapshot _snapshot;
    private volatile LocalDomains _domains;
    private EngineOptions _options;
    private bool _disposed;

    private SwitchDirectory(DirectoryStore store, DirectorySeed seed, EngineOptions options, TimeProvider time, ILogger logger)
    {
        _store = store;
        _time = time;
        _tokens = new TokenTable(time);
        _tokenStore = TokenStore.Open(Path.Combine(options.DataDirectory, FileName));
        _tokens.Restore(_tokenStore.Read());
        _logger = logger;
        _options = options;
        _rows = seed.Users;
        _groups = seed.Groups;
        CreatedUsers = seed.Created;
        _domains = LocalDomains.Read(options);
        _snapshot = DirectorySnapshot.Build(_rows, _groups, options);
        var now = time.GetUtcNow();
        foreach (var user in store.ReadRegistrations(options.Domain).GroupBy(r => r.Number))
        {
            if (_snapshot.Users.ContainsKey(user.Key))
            {
                _table.Restore(user.Key, user.Where(r => r.Transport is not (TransportKind.Ws or TransportKind.Wss)), now);
            }
        }

        _writer = new RegistrationWriter(store, n => _table.Find(n, _time.GetUtcNow()), logger);
        _timer = time.CreateTimer(static self => ((SwitchDirectory)self!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        NetworkChange.NetworkAddressChanged += OnNetworkAddressChanged;
        Arm();
    }

    /// <summary>Told after each change of a binding, with one of the names in <see cref="RegistrationChanges"/>, on the thread that changed it. Must not block.</summary>
    public Action<Registration, string>? RegistrationChanged { get; set; }

    /// <summary>Users that this start created, with their passwords; empty when the database existed.</summary>
    public IReadOnlyList<StoredUser> CreatedUsers { get; }

    /// <summary>All users with their passwords, by number. For the operator's eyes.</summary>
    public IReadOnlyList<StoredUser> StoredUsers => _snapshot.Stored;

    /// <inheritdoc/>
    public string Domain => _snapshot.Domain;

    /// <inheritdoc/>
    public IReadOnlyList<DirectoryUser> Users => _snapshot.List;

    /// <inheritdoc/>
    public IReadOnlyList<Registration> AllRegistrations => _table.All(_time.GetUtcNow());

    /// <summary>Opens the directory of a data directory; the first time it creates users 1000–1019, <c>admin</c> and three groups.</summary>
    /// <param name="options">Data directory (must exist), domain, users and groups of the configuration.</param>
    /// <param name="time">The clock of expiries.</param>
    /// <param name="logger">Its log.</param>
    /// <exception cref="InvalidDataException">The database cannot be used; the message says why.</exception>
    public static SwitchDirectory Open(EngineOptions options, TimeProvider time, ILogger<SwitchDirectory> logger)
    {
        var path = Path.Combine(options.DataDirectory, FileName);
        var store = DirectoryStore.Open(path);
        try
        {
            var seed = DirectorySeed.ReadOrCreate(store, options, logger);
            var directory = new SwitchDirectory(store, seed, options, time, logger);
            Log.DirectoryOpened(logger, path, directory.Users.Count, directory._snapshot.Groups.Count, directory.AllRegistrations.Count);
            return directory;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Reads the users of a data directory without starting a directory; an engine may be running on it.</summary>
    /// <param name="options">Data directory, domain and users of the configuration.</param>
    /// <exception cref="FileNotFoundException">No engine was ever started with this data directory.</exception>
    /// <exception cref="InvalidDataException">The database cannot be used.</exception>
    public static IReadOnlyList<StoredUser> ReadUsers(EngineOptions options)
    {
        var path = Path.Combine(options.DataDirectory, FileName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path} does not exist: the engine was never started with this data directory", path);
        }

        using var store = DirectoryStore.Open(path);
        var rows = store.ReadUsers().ConvertAll(r => r.ForRealm(options.Domain));
        return DirectorySnapshot.Build(rows, new Dictionary<string, List<string>>(), options).Stored;
    }

    /// <inheritdoc/>
    public bool IsLocalDomain(string domain) => _domains.Contains(domain);

    /// <inheritdoc/>
    public DirectoryUser? FindUser(string number, string domain) =>
        IsLocalDomain(domain) ? _snapshot.Users.GetValueOrDefault(number) : null;

    /// <inheritdoc/>
    public TokenGrant? FindToken(string token) => Grant(_tokens.Find(token));

    /// <inheritdoc/>
    public (string Token, TokenGrant Grant)? IssueToken(TokenRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!_snapshot.Users.ContainsKey(request.Number) || _tokens.Issue(request) is not { } issued)
        {
            return null;
        }

        _tokenStore.Write(issued.Row, _time.GetUtcNow());
        return Grant(issued.Row) is { } grant ? (issued.Text, grant) : null;
    }

    /// <inheritdoc/>
    public TokenGrant? UseToken(string token)
    {
        if (_tokens.Find(token) is not { } row)
        {
            return null;
        }

        var now = _tokens.Slide(row);
        if (now.Expires != row.Expires)
        {
            _tokenStore.Write(now, _time.GetUtcNow());
        }

        return Grant(now);
    }

    /// <inheritdoc/>
    public TokenKind KindOf(string token) => _tokens.Find(token)?.Kind ?? TokenKind.Extension;

    /// <inheritdoc/>
    public void RevokeToken(string token)
    {
        if (_tokens.Revoke(token) is { } hash)
        {
            _tokenStore.Remove(hash);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> GroupMembers(string group) => _snapshot.Groups.GetValueOrDefault(group, []);

    /// <inheritdoc/>
    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        var told = new List<RegistrationChange>(changes.Count);
        var bindings = _table.Apply(user.Number, changes, _time.GetUtcNow(), out outcome, told);
        Tell(told);
        return bindings;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Registration> Registrations(DirectoryUser user) => _table.Find(user.Number, _time.GetUtcNow());

    /// <inheritdoc/>
    public void RemoveFlow(ConnectionId connection)
    {
        var told = new List<RegistrationChange>();
        _table.RemoveFlow(connection, told);
        Tell(told);
    }

    /// <summary>Takes a new configuration: domain aliases, users and groups. Registrations of users that are gone end. A new domain needs a restart.</summary>
    /// <param name="options">The validated options.</param>
    public void Reload(EngineOptions options)
    {
        options.Domain = _options.Domain;
        _options = options;
        _domains = LocalDomains.Read(options);
        _snapshot = DirectorySnapshot.Build(_rows, _groups, options);
        var told = new List<RegistrationChange>();
        _table.Prune(_snapshot.Users.ContainsKey, told);
        Tell(told);
    }

    /// <summary>Completes when all registrations are in the database.</summary>
    public Task FlushAsync() => _writer.FlushAsync();

    /// <summary>Writes what is left and closes the database.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        NetworkChange.NetworkAddressChanged -= OnNetworkAddressChanged;
        _timer.Dispose();
        _writer.Dispose();
        _tokenStore.Dispose();
        _store.Dispose();
    }

    // A user who lost a permission or was removed takes the tokens along.
    private TokenGrant? Grant(TokenRow? row) =>
        row is not null && _snapshot.Users.TryGetValue(row.Number, out var user)
            ? new TokenGrant(user, row.Permissions.Where(user.Permissions.Contains).ToFrozenSet(StringComparer.Ordinal), row.Expires, row.Destinations)
            : null;

    private void OnNetworkAddressChanged(object? sender, EventArgs e) => _domains = LocalDomains.Read(_options);

    private void Sweep()
    {
        var told = new List<RegistrationChange>();
        _table.Sweep(_time.GetUtcNow(), told);
        Tell(told);
        Arm();
    }

    private void Tell(List<RegistrationChange> told)
    {
        if (told.Count == 0)
        {
            return;
        }

        foreach (var (binding, what) in told)
        {
            _writer.Changed(binding.Number);
            try
            {
                RegistrationChanged?.Invoke(binding, what);
            }
            catch (Exception e)
            {
                Log.RegistrationHandlerFailed(_logger, e);
            }
        }

        Arm();
    }

    // One timer for the next expiry, so that an idle engine does not wake. Not more often than each 100 ms: many bindings may end close together.
    private void Arm()
    {
        lock (_arming)
        {
            if (_table.NextExpiry is { } next)
            {
                var wait = next - _time.GetUtcNow();
                var bounded = Math.Clamp(wait.TotalMilliseconds, 100, TimeSpan.FromHours(1).TotalMilliseconds);
                _timer.Change(TimeSpan.FromMilliseconds(bounded), Timeout.InfiniteTimeSpan);
            }
        }
    }
}
