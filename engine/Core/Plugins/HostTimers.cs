using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The timers of one slot. They outlive a version of the plugin; what a version on probation does to them can be taken back. Loop thread only.</summary>
/// <param name="loop">The slot's loop.</param>
/// <param name="fire">Called with the plugin's key and the timer.</param>
internal sealed class HostTimers(EventLoop loop, Action<long, TimerId> fire)
{
    private readonly Dictionary<TimerId, Entry> _running = [];
    private readonly Dictionary<TimerId, Entry> _held = [];
    private readonly HashSet<TimerId> _created = [];
    private bool _isOnTrial;

    /// <summary>Timers that are set.</summary>
    public int Count => _running.Count;

    public void Set(TimerId id, long key, TimeSpan due)
    {
        var entry = new Entry(this, id, key, loop.Now + (due > TimeSpan.Zero ? due : TimeSpan.Zero));
        _running[id] = entry;
        Arm(entry, due);
        if (_isOnTrial)
        {
            _created.Add(id);
        }
    }

    public void Cancel(TimerId id)
    {
        if (_running.Remove(id, out var entry))
        {
            loop.Cancel(entry.Timer);
            if (_isOnTrial)
            {
                _held[id] = entry;
            }
        }
    }

    /// <summary>From now on changes can be taken back.</summary>
    public void BeginTrial() => _isOnTrial = true;

    /// <summary>Keeps what was done since <see cref="BeginTrial"/>.</summary>
    public void Commit()
    {
        _isOnTrial = false;
        _held.Clear();
        _created.Clear();
    }

    /// <summary>In a replay: the old version sets a timer that the new one had set too.</summary>
    public void Adopt(TimerId id) => _created.Remove(id);

    /// <summary>In a replay: the old version cancels a timer.</summary>
    public void CancelInReplay(TimerId id)
    {
        _held.Remove(id);
        if (_running.Remove(id, out var entry))
        {
            loop.Cancel(entry.Timer);
        }
    }

    /// <summary>In a replay: the old version sets a timer that the new one had not.</summary>
    public void SetInReplay(TimerId id, long key, TimeSpan due)
    {
        Set(id, key, due);
        _created.Remove(id);
    }

    /// <summary>After a replay: drops what only the failed version had set, sets again what only it had cancelled.</summary>
    public void RollBack()
    {
        _isOnTrial = false;
        foreach (var id in _created)
        {
            _held.Remove(id);
            if (_running.Remove(id, out var entry))
            {
                loop.Cancel(entry.Timer);
            }
        }

        foreach (var (id, entry) in _held)
        {
            _running[id] = entry;
            Arm(entry, entry.Due - loop.Now);
        }

        _created.Clear();
        _held.Clear();
    }

    /// <summary>Drops all.</summary>
    public void Clear()
    {
        foreach (var entry in _running.Values)
        {
            loop.Cancel(entry.Timer);
        }

        _running.Clear();
        Commit();
    }

    private void Arm(Entry entry, TimeSpan due) => entry.Timer = loop.Schedule(due, static e => ((Entry)e!).Fire(), entry);

    private sealed class Entry(HostTimers owner, TimerId id, long key, DateTimeOffset due)
    {
        public DateTimeOffset Due { get; } = due;

        public LoopTimer? Timer { get; set; }

        public void Fire()
        {
            if (owner._running.Remove(id))
            {
                owner.Fire(key, id);
            }
        }
    }

    private void Fire(long key, TimerId id) => fire(key, id);
}
