using Microsoft.Data.Sqlite;

namespace XSwitchEngine.Core.Directory;

/// <summary>Tokens in the directory's database, by their hashes: a log-in survives a restart, a stolen file gives no token away. Thread-safe.</summary>
/// <remarks>A connection of its own: log-ins are rare and must not wait behind the writer of registrations.</remarks>
internal sealed class TokenStore : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _lock = new();

    private TokenStore(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the database, which exists, and makes the table when it is missing.</summary>
    /// <exception cref="InvalidDataException">The database cannot be used.</exception>
    public static TokenStore Open(string path)
    {
        var store = new TokenStore(new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()));
        try
        {
            store._connection.Open();
            store.Execute("PRAGMA synchronous=NORMAL");
            store.Execute("""
                CREATE TABLE IF NOT EXISTS tokens (
                  hash TEXT PRIMARY KEY, number TEXT NOT NULL, kind TEXT NOT NULL, permissions TEXT NOT NULL, expires INTEGER NOT NULL, destinations TEXT NOT NULL,
                  slide INTEGER NOT NULL) WITHOUT ROWID
                """);
            return store;
        }
        catch (SqliteException e)
        {
            store.Dispose();
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>All; rows that make no sense are left out.</summary>
    public IReadOnlyList<TokenRow> Read()
    {
        lock (_lock)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT hash, number, kind, permissions, expires, destinations, slide FROM tokens";
            using var reader = command.ExecuteReader();
            var rows = new List<TokenRow>();
            while (reader.Read())
            {
                if (Enum.TryParse<TokenKind>(reader.GetString(2), out var kind))
                {
                    rows.Add(new TokenRow(reader.GetString(0), reader.GetString(1), kind, Words(reader.GetString(3)), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4)), Words(reader.GetString(5)), TimeSpan.FromMilliseconds(reader.GetInt64(6))));
                }
            }

            return rows;
        }
    }

    /// <summary>Adds or replaces one, and drops those that have ended.</summary>
    public void Write(TokenRow row, DateTimeOffset now)
    {
        lock (_lock)
        {
            Execute("DELETE FROM tokens WHERE expires <= $1", now.ToUnixTimeMilliseconds());
            Execute(
                "INSERT OR REPLACE INTO tokens VALUES ($1, $2, $3, $4, $5, $6, $7)",
                row.Hash, row.Number, row.Kind.ToString(), string.Join('\n', row.Permissions), row.Expires.ToUnixTimeMilliseconds(), string.Join('\n', row.Destinations), (long)row.Slide.TotalMilliseconds);
        }
    }

    /// <summary>Removes one.</summary>
    public void Remove(string hash)
    {
        lock (_lock)
        {
            Execute("DELETE FROM tokens WHERE hash = $1", hash);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static string[] Words(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private void Execute(string sql, params ReadOnlySpan<object> values)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this file; values are parameters
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        }

        command.ExecuteNonQuery();
    }
}
