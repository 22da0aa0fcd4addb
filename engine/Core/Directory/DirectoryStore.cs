using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Directory;

/// <summary>The directory's database file. One caller at a time.</summary>
/// <remarks>
/// The file holds passwords, so it is readable by its owner only; write-ahead logging lets <c>xswitch users</c> read it
/// while the engine writes, and keeps what was committed when the process is killed.
/// </remarks>
internal sealed class DirectoryStore : IDisposable
{
    private const int SchemaVersion = 1;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string Schema = """
        CREATE TABLE users (
          number TEXT PRIMARY KEY, password TEXT NOT NULL, realm TEXT NOT NULL, ha1_md5 TEXT NOT NULL, ha1_sha256 TEXT NOT NULL,
          caller_id_name TEXT NOT NULL, caller_id_number TEXT NOT NULL, context TEXT NOT NULL, variables TEXT NOT NULL, permissions TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE group_members (name TEXT NOT NULL, position INTEGER NOT NULL, number TEXT NOT NULL, PRIMARY KEY (name, position)) WITHOUT ROWID;
        CREATE TABLE registrations (
          number TEXT NOT NULL, position INTEGER NOT NULL, endpoint TEXT NOT NULL, profile TEXT NOT NULL, contact TEXT NOT NULL, parameters TEXT NOT NULL,
          expires INTEGER NOT NULL, preference INTEGER NOT NULL, call_id TEXT NOT NULL, sequence INTEGER NOT NULL, instance TEXT NOT NULL, reg_id INTEGER NOT NULL,
          path TEXT NOT NULL, user_agent TEXT NOT NULL, transport TEXT NOT NULL, remote TEXT NOT NULL, listener TEXT NOT NULL,
          PRIMARY KEY (number, position)) WITHOUT ROWID;
        """;

    private readonly SqliteConnection _connection;

    private DirectoryStore(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the file, making it and its tables when they are missing.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no database, or one of a newer engine.</exception>
    public static DirectoryStore Open(string path)
    {
        if (!File.Exists(path))
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using var file = new FileStream(path, options);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        var store = new DirectoryStore(connection);
        try
        {
            connection.Open();
            store.Execute("PRAGMA journal_mode=WAL");
            store.Execute("PRAGMA synchronous=NORMAL");
            store.Migrate(path);
            return store;
        }
        catch (SqliteException e)
        {
            store.Dispose();
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>All users.</summary>
    public List<UserRow> ReadUsers()
    {
        using var command = Command("SELECT number, password, realm, ha1_md5, ha1_sha256, caller_id_name, caller_id_number, context, variables, permissions FROM users ORDER BY number");
        using var reader = command.ExecuteReader();
        var users = new List<UserRow>();
        while (reader.Read())
        {
            users.Add(new UserRow(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4))
            {
                CallerIdName = reader.GetString(5),
                CallerIdNumber = reader.GetString(6),
                Context = reader.GetString(7),
                Variables = JsonSerializer.Deserialize(reader.GetString(8), DirectoryJson.Default.DictionaryStringString) ?? [],
                Permissions = reader.GetString(9).Split(',', StringSplitOptions.RemoveEmptyEntries),
            });
        }

        return users;
    }

    /// <summary>Adds users and replaces those of the same number, in one transaction.</summary>
    /// <param name="users">The users.</param>
    public void WriteUsers(IEnumerable<UserRow> users)
    {
        using var transaction = _connection.BeginTransaction();
        using var command = Command("INSERT OR REPLACE INTO users VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
        foreach (var user in users)
        {
            Bind(command, user.Number, user.Password, user.Realm, user.Ha1Md5, user.Ha1Sha256, user.CallerIdName, user.CallerIdNumber, user.Context,
                JsonSerializer.Serialize(user.Variables, DirectoryJson.Default.DictionaryStringString), string.Join(',', user.Permissions));
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>Numbers of the members of each group, in order.</summary>
    public Dictionary<string, List<string>> ReadGroups()
    {
        using var command = Command("SELECT name, number FROM group_members ORDER BY name, position");
        using var reader = command.ExecuteReader();
        var groups = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        while (reader.Read())
        {
            var name = reader.GetString(0);
            if (!groups.TryGetValue(name, out var members))
            {
                groups[name] = members = [];
            }

            members.Add(reader.GetString(1));
        }

        return groups;
    }

    /// <summary>Replaces a group.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="members">Numbers, in order.</param>
    public void WriteGroup(string name, IReadOnlyList<string> members)
    {
        using var transaction = _connection.BeginTransaction();
        Execute("DELETE FROM group_members WHERE name = $1", name);
        for (var i = 0; i < members.Count; i++)
        {
            Execute("INSERT INTO group_members VALUES ($1, $2, $3)", name, i, members[i]);
        }

        transaction.Commit();
    }

    /// <summary>All kept bindings, by user and in order; rows that cannot be read are left out.</summary>
    /// <param name="domain">The domain that they get.</param>
    public List<Registration> ReadRegistrations(string domain)
    {
        using var command = Command("SELECT number, endpoint, profile, contact, parameters, expires, preference, call_id, sequence, instance, reg_id, path, user_agent, transport, remote, listener FROM registrations ORDER BY number, position");
        using var reader = command.ExecuteReader();
        var registrations = new List<Registration>();
        while (reader.Read())
        {
            if (Enum.TryParse<TransportKind>(reader.GetString(13), out var transport) && IPEndPoint.TryParse(reader.GetString(14), out var remote))
            {
                registrations.Add(new Registration(reader.GetString(0), domain, reader.GetString(1), reader.GetString(2), reader.GetString(3))
                {
                    ContactParameters = reader.GetString(4),
                    Expires = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
                    Preference = reader.GetInt32(6),
                    CallId = reader.GetString(7),
                    Sequence = reader.GetInt64(8),
                    Instance = reader.GetString(9),
                    RegId = reader.GetInt32(10),
                    Path = reader.GetString(11).Split('\n', StringSplitOptions.RemoveEmptyEntries),
                    UserAgent = reader.GetString(12),
                    Transport = transport,
                    Remote = remote,
                    ListenerName = reader.GetString(15),
                });
            }
        }

        return registrations;
    }

    /// <summary>Replaces the bindings of some users, in one transaction.</summary>
    /// <param name="changed">Each user with all bindings, in order.</param>
    public void WriteRegistrations(IEnumerable<(string Number, Registration[] Bindings)> changed)
    {
        using var transaction = _connection.BeginTransaction();
        using var remove = Command("DELETE FROM registrations WHERE number = $1");
        using var insert = Command("INSERT INTO registrations VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
        foreach (var (number, bindings) in changed)
        {
            Bind(remove, number);
            remove.ExecuteNonQuery();
            for (var i = 0; i < bindings.Length; i++)
            {
                var b = bindings[i];
                Bind(insert, number, i, b.Endpoint, b.Profile, b.Contact, b.ContactParameters, b.Expires.ToUnixTimeMilliseconds(), b.Preference, b.CallId, b.Sequence,
                    b.Instance, b.RegId, string.Join('\n', b.Path), b.UserAgent, b.Transport.ToString(), b.Remote.ToString(), b.ListenerName);
                insert.ExecuteNonQuery();
            }
        }

        transaction.Commit();
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private void Migrate(string path)
    {
        // The lock is taken before the version is read, so that two processes that start at once do not both make the tables.
        using var transaction = _connection.BeginTransaction(System.Data.IsolationLevel.Serializable, deferred: false);
        var version = Convert.ToInt32(Command("PRAGMA user_version").ExecuteScalar(), CultureInfo.InvariantCulture);
        if (version > SchemaVersion)
        {
            throw new InvalidDataException($"{path} was written by a newer engine (schema {version}; this engine knows {SchemaVersion})");
        }

        if (version == 0)
        {
            Execute(Schema);
            Execute($"PRAGMA user_version = {SchemaVersion}");
        }

        transaction.Commit();
    }

    private static void Bind(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        command.Parameters.Clear();
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        }
    }

    private void Execute(string sql, params ReadOnlySpan<object> values)
    {
        using var command = Command(sql);
        Bind(command, values);
        command.ExecuteNonQuery();
    }

#pragma warning disable CA2100 // every text is a constant of this file; values are parameters
    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
#pragma warning restore CA2100
}
