namespace XSwitchEngine.Core.Calls.Api;

/// <summary>The command and application <c>hash</c>: a table of texts in memory that all scripts share.</summary>
internal sealed class StoreCommands
{
    /// <summary>Most entries; further inserts are refused.</summary>
    public const int Limit = 100_000;

    private readonly Dictionary<(string Realm, string Key), string> _entries = [];

    public void AddTo(ApiTable table, Apps.ApplicationTable applications)
    {
        table.Add("hash", Run);
        applications.Add("hash", (_, data) =>
        {
            Run(data);
            return Task.CompletedTask;
        });
    }

    private string Run(string text)
    {
        var parts = text.Split('/', 4);
        if (parts.Length < 3)
        {
            return "-USAGE: [insert|insert_ifempty|delete|delete_ifmatch|select]/<realm>/<key>/<value>\n";
        }

        var key = (parts[1], parts[2]);
        var value = parts.ElementAtOrDefault(3) ?? "";
        switch (parts[0])
        {
            case "select":
                return _entries.GetValueOrDefault(key) ?? "";
            case "insert":
                return Insert(key, value);
            case "insert_ifempty":
                return _entries.ContainsKey(key) ? "-ERR key already exists\n" : Insert(key, value);
            case "delete":
                return _entries.Remove(key) ? "+OK\n" : "-ERR Not found\n";
            case "delete_ifmatch":
                return _entries.TryGetValue(key, out var present) && present == value && _entries.Remove(key) ? "+OK\n" : "-ERR Not found\n";
            default:
                return "-USAGE: [insert|insert_ifempty|delete|delete_ifmatch|select]/<realm>/<key>/<value>\n";
        }
    }

    private string Insert((string, string) key, string value)
    {
        if (_entries.Count >= Limit && !_entries.ContainsKey(key))
        {
            return "-ERR table is full\n";
        }

        _entries[key] = value;
        return "+OK\n";
    }
}
