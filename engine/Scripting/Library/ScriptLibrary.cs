using System.Collections.Concurrent;

namespace XSwitchEngine.Scripting.Library;

/// <summary>Knows the current version of every script in use. Any thread.</summary>
/// <remarks>
/// Each start looks at the files of its version (a stat each, at most one in 5 ms), so a saved file counts for the next call even when no watcher told of it.
/// A file that does not compile, is empty, or has just vanished (an editor at work) leaves the old version in force; a bad one is reported once.
/// </remarks>
internal sealed class ScriptLibrary(ScriptPaths paths, TimeProvider time, Action<string, string> onError, Action<string, string> onChange) : IDisposable
{
    /// <summary>A file written less than this before it was read may be written again without a change of its stamp.</summary>
    private static readonly TimeSpan StampResolution = TimeSpan.FromMilliseconds(50);

    /// <summary>A file that was looked at less than this ago is taken to be the same: under load a look for each call would cost more than the call's script.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>Largest script file.</summary>
    private const long LargestFile = 8 << 20;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ScriptChecker _checker = new();
    private readonly Lock _gate = new();
    private readonly long _freshFor = (long)(LookEvery.TotalSeconds * time.TimestampFrequency);

    /// <summary>Where files may be.</summary>
    public ScriptPaths Paths => paths;

    /// <summary>The version that a new run gets.</summary>
    /// <param name="name">Script name.</param>
    /// <param name="version">The version.</param>
    /// <param name="error">Why there is none.</param>
    public bool TryGet(string name, out ScriptVersion version, out string error)
    {
        version = null!;
        if (!paths.TryScript(name, out var path))
        {
            error = $"cannot open {name}: not below the script directory";
            return false;
        }

        if (_entries.TryGetValue(path, out var known) && known.Version is { } current && IsCurrent(known, current))
        {
            version = current;
            error = "";
            return true;
        }

        lock (_gate)
        {
            var entry = Read(path);
            if (entry.Source is not { } source)
            {
                error = entry.Error ?? $"cannot open {name}: no such file";
                return false;
            }

            var isUnchanged = entry.Version is { } old && old.Source == source && RefreshModules(old);
            version = isUnchanged ? entry.Version! : new ScriptVersion(source);
            entry.Version = version;
            error = "";
            return true;
        }
    }

    /// <summary>A module as the version saw it first, or as it is now.</summary>
    /// <param name="version">The run's version; null for inline code.</param>
    /// <param name="path">Absolute path, readable by scripts.</param>
    /// <param name="source">The module.</param>
    /// <param name="error">Why there is none; null when there is no such file.</param>
    public bool TryGetModule(ScriptVersion? version, string path, out ScriptSource source, out string? error)
    {
        error = null;
        if (version is not null && version.Modules.TryGetValue(path, out source!))
        {
            return true;
        }

        lock (_gate)
        {
            var entry = Read(path);
            source = entry.Source!;
            error = entry.Error;
            if (entry.Source is null)
            {
                return false;
            }
        }

        source = version?.Modules.GetOrAdd(path, source) ?? source;
        return true;
    }

    /// <summary>Compiles a script without taking it.</summary>
    public string? Check(string name)
    {
        if (!paths.TryScript(name, out var path))
        {
            return $"{name}: not below the script directory";
        }

        return TryReadFile(path, out var bytes, out var error) ? CheckText(path, bytes) : $"{name}: {error}";
    }

    /// <summary>Whether there is such a script.</summary>
    public bool Exists(string name) => paths.TryScript(name, out var path) && FileStamp.Of(path).Exists;

    /// <summary>Reads what has changed; forgets what is gone.</summary>
    /// <returns>A line for each file read or refused.</returns>
    public IReadOnlyList<string> Refresh()
    {
        var lines = new List<string>();
        foreach (var (path, entry) in _entries)
        {
            lock (_gate)
            {
                var before = entry.Source;
                entry.IsSettled = false;
                Read(path);
                if (!entry.Stamp.Exists)
                {
                    _entries.TryRemove(path, out _);
                    Changed(path, "gone");
                }
                else if (entry.Source != before)
                {
                    Changed(path, "loaded");
                }
                else if (entry.Error is { } error)
                {
                    lines.Add(error);
                }
            }
        }

        return lines;

        void Changed(string path, string what)
        {
            lines.Add($"{paths.NameOf(path)}: {what}");
            onChange(paths.NameOf(path), what);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _checker.Dispose();

    private static bool TryReadFile(string path, out byte[] bytes, out string error)
    {
        bytes = [];
        error = "";
        try
        {
            if (!File.Exists(path))
            {
                error = "no such file";
                return false;
            }

            if (new FileInfo(path).Length > LargestFile)
            {
                error = $"larger than {LargestFile} bytes";
                return false;
            }

            bytes = File.ReadAllBytes(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = e.Message;
            return false;
        }
    }

    private string? CheckText(string path, byte[] bytes)
    {
        var source = ScriptSource.Create(paths.NameOf(path), path, bytes);
        return _checker.Check(source.Name, source.Text);
    }

    private bool IsCurrent(Entry entry, ScriptVersion version)
    {
        if (!entry.IsSettled || entry.Source != version.Source || !IsSeen(version.Source.FullPath, entry))
        {
            return false;
        }

        foreach (var (path, source) in version.Modules)
        {
            if (!_entries.TryGetValue(path, out var module) || !module.IsSettled || module.Source != source || !IsSeen(path, module))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a file is still as it was read. Starts in quick succession share one look.</summary>
    private bool IsSeen(string path, Entry entry)
    {
        var now = time.GetTimestamp();
        if (now - entry.SeenAt < _freshFor)
        {
            return true;
        }

        var stamp = FileStamp.Of(path);
        if (stamp.Exists && stamp != entry.Stamp)
        {
            return false;
        }

        entry.SeenAt = now;
        return true;
    }

    /// <summary>Whether all modules of a version are still the ones it has.</summary>
    private bool RefreshModules(ScriptVersion version)
    {
        var isUnchanged = true;
        foreach (var (path, source) in version.Modules)
        {
            isUnchanged &= Read(path).Source == source;
        }

        return isUnchanged;
    }

    /// <summary>Brings the entry of a file up to date. Under the gate.</summary>
    private Entry Read(string path)
    {
        var entry = _entries.GetOrAdd(path, static _ => new Entry());
        var stamp = FileStamp.Of(path);
        if (entry.IsSettled && stamp == entry.Stamp)
        {
            return entry;
        }

        var now = time.GetUtcNow();
        if (!TryReadFile(path, out var bytes, out var problem))
        {
            entry.Stamp = stamp;
            entry.IsSettled = false;
            if (entry.Source is null)
            {
                entry.Error = stamp.Exists ? $"{paths.NameOf(path)}: {problem}" : null;
                _entries.TryRemove(path, out _);
            }

            return entry;
        }

        entry.Stamp = stamp;
        entry.IsSettled = stamp.Written + StampResolution.Ticks < now.UtcTicks;
        if (entry.Bytes is { } old && old.AsSpan().SequenceEqual(bytes))
        {
            return entry;
        }

        entry.Bytes = bytes;
        if (bytes.Length == 0 && entry.Source is not null)
        {
            entry.Error = $"{paths.NameOf(path)}: empty, the old version stays";
            return entry;
        }

        entry.Error = CheckText(path, bytes);
        if (entry.Error is null)
        {
            entry.Source = ScriptSource.Create(paths.NameOf(path), path, bytes);
        }
        else
        {
            onError(paths.NameOf(path), entry.Error);
        }

        return entry;
    }

    /// <summary>What is known of a file. Written under the gate, read by all.</summary>
    private sealed class Entry
    {
        /// <summary>Last state that compiled.</summary>
        public volatile ScriptSource? Source;

        /// <summary>Version of the script that new runs get.</summary>
        public volatile ScriptVersion? Version;

        /// <summary>Whether the stamp tells later changes.</summary>
        public volatile bool IsSettled;

        /// <summary>Timestamp of the last look that found the file unchanged.</summary>
        public long SeenAt
        {
            get => Volatile.Read(ref _seenAt);
            set => Volatile.Write(ref _seenAt, value);
        }

        /// <summary>Why the last state was refused.</summary>
        public volatile string? Error;

        /// <summary>Bytes last read.</summary>
        public byte[]? Bytes;

        private (long Written, long Length) _stamp;
        private long _seenAt = long.MinValue / 2;

        /// <summary>Stamp last seen.</summary>
        public FileStamp Stamp
        {
            get => new(Interlocked.Read(ref _stamp.Written), Interlocked.Read(ref _stamp.Length));
            set
            {
                Interlocked.Exchange(ref _stamp.Written, value.Written);
                Interlocked.Exchange(ref _stamp.Length, value.Length);
            }
        }
    }
}
