namespace XSwitchEngine.Core.Plugins;

/// <summary>Watches whether the code of replaced versions leaves the memory. It blocks nothing: a leak costs a copy of the code, not correctness.</summary>
internal sealed class ContextWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly PluginLog _log;
    private readonly Lock _lock = new();
    private readonly List<Watched> _watched = [];
    private readonly ITimer _timer;

    public ContextWatch(TimeProvider time, PluginLog log)
    {
        _time = time;
        _log = log;
        _timer = time.CreateTimer(_ => Check(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Contexts that are still in memory, by plugin and version.</summary>
    public IReadOnlyList<string> Alive
    {
        get
        {
            lock (_lock)
            {
                return [.. _watched.Where(static w => w.Context.IsAlive).Select(static w => $"{w.Slot.Name} {w.Version}")];
            }
        }
    }

    public void Add(PluginSlot slot, string version, WeakReference context)
    {
        lock (_lock)
        {
            _watched.Add(new Watched(slot, version, context, _time.GetTimestamp()));
        }

        _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    private void Check()
    {
        bool isWaiting;
        lock (_lock)
        {
            foreach (var gone in _watched.Where(static w => !w.Context.IsAlive))
            {
                _log.Unloaded(gone.Slot.Name, gone.Version);
                if (gone.IsReported)
                {
                    gone.Slot.AddLeaked(-1);
                }
            }

            _watched.RemoveAll(static w => !w.Context.IsAlive);
            foreach (var late in _watched.Where(w => !w.IsReported && _time.GetElapsedTime(w.Since) >= Patience))
            {
                late.IsReported = true;
                late.Slot.AddLeaked(1);
                _log.Leaked(late.Slot.Name, late.Version, (int)Patience.TotalSeconds);
            }

            isWaiting = _watched.Exists(static w => !w.IsReported);
        }

        if (isWaiting)
        {
            // An idle engine may not collect for hours, and contexts go only with a full collection. This one runs in the background.
            GC.Collect(2, GCCollectionMode.Forced, blocking: false);
        }

        // Those reported are still looked at, seldom: a leak that ends is no leak any more.
        if (isWaiting || Alive.Count > 0)
        {
            _timer.Change(isWaiting ? Interval : 12 * Interval, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Watched(PluginSlot slot, string version, WeakReference context, long since)
    {
        public PluginSlot Slot { get; } = slot;

        public string Version { get; } = version;

        public WeakReference Context { get; } = context;

        public long Since { get; } = since;

        public bool IsReported { get; set; }
    }
}
