namespace XSwitchEngine.Scripting.Library;

/// <summary>Notices saved scripts, so that they are compiled, and complained about, before the next call.</summary>
/// <remarks>Only a convenience: every start of a script looks at its files anyway.</remarks>
internal sealed class ScriptWatcher : IDisposable
{
    /// <summary>An editor's save is several changes.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    private readonly FileSystemWatcher? _watcher;
    private readonly ITimer _timer;

    /// <summary>Starts to watch.</summary>
    /// <param name="directory">With its subdirectories.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onChange">Called on a pool thread.</param>
    /// <param name="onTrouble">Told why nothing can be watched.</param>
    public ScriptWatcher(string directory, TimeProvider time, Action onChange, Action<string> onTrouble)
    {
        _timer = time.CreateTimer(static s => ((Action)s!)(), onChange, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            _watcher = new FileSystemWatcher(directory, "*.lua")
            {
                IncludeSubdirectories = true,
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            _watcher.Changed += OnEvent;
            _watcher.Created += OnEvent;
            _watcher.Deleted += OnEvent;
            _watcher.Renamed += OnEvent;
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            onTrouble($"script directory {directory} is not watched: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher?.Dispose();
        _timer.Dispose();
    }

    private void OnEvent(object sender, FileSystemEventArgs e) => _timer.Change(Quiet, Timeout.InfiniteTimeSpan);
}
