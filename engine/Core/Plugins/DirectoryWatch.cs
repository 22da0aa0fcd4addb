using System.Collections.Concurrent;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Tells when a new version directory has appeared below the plugin directory (written under another name and renamed).</summary>
internal sealed class DirectoryWatch : IDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);
    private readonly FileSystemWatcher _watcher;
    private readonly TimeProvider _time;
    private readonly Action<string> _onVersion;
    private readonly ConcurrentDictionary<string, ITimer> _pending = new(StringComparer.Ordinal);

    public DirectoryWatch(string root, TimeProvider time, Action<string> onVersion)
    {
        _time = time;
        _onVersion = onVersion;
        _ = System.IO.Directory.CreateDirectory(root);
        _watcher = new FileSystemWatcher(Path.GetFullPath(root)) { NotifyFilter = NotifyFilters.DirectoryName, IncludeSubdirectories = true };
        _watcher.Created += (_, e) => OnChange(root, e.FullPath);
        _watcher.Renamed += (_, e) => OnChange(root, e.FullPath);
        _watcher.EnableRaisingEvents = true;
    }

    public void Dispose()
    {
        _watcher.Dispose();
        foreach (var timer in _pending.Values)
        {
            timer.Dispose();
        }
    }

    private void OnChange(string root, string path)
    {
        var parts = Path.GetRelativePath(Path.GetFullPath(root), path).Split(Path.DirectorySeparatorChar);
        if (parts.Length != 2 || !SemanticVersion.TryParse(parts[1], out _))
        {
            return;
        }

        // Several events for one deployment become one swap.
        var timer = _pending.GetOrAdd(parts[0], name => _time.CreateTimer(_ => Fire(name), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        timer.Change(Settle, Timeout.InfiniteTimeSpan);
    }

    private void Fire(string name)
    {
        if (_pending.TryRemove(name, out var timer))
        {
            timer.Dispose();
            _onVersion(name);
        }
    }
}
