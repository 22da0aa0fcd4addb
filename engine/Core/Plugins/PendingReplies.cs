using System.Collections.Concurrent;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Questions that wait for a plugin's reply. Each gets exactly one, whatever the plugin does; they outlive a version. Any thread.</summary>
/// <param name="time">The clock.</param>
/// <param name="longest">How long one may wait.</param>
/// <param name="maxWaiting">How many may wait at once.</param>
/// <param name="late">The reply to one that waited too long.</param>
/// <param name="busy">The reply to one that is too many.</param>
internal sealed class PendingReplies<T>(TimeProvider time, TimeSpan longest, int maxWaiting, T late, T busy)
{
    private readonly ConcurrentDictionary<long, Request> _waiting = new();
    private long _next;

    /// <summary>Questions that wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Notes a question.</summary>
    /// <param name="onReply">Called once, on any thread; must not block.</param>
    /// <returns>Its key, or 0 when too many wait; the reply has then been given.</returns>
    public long Begin(Action<T> onReply)
    {
        if (_waiting.Count >= maxWaiting)
        {
            onReply(busy);
            return 0;
        }

        var key = Interlocked.Increment(ref _next);
        var request = new Request(onReply);
        _waiting[key] = request;
        request.Timer = time.CreateTimer(_ => Complete(key, late), null, longest, Timeout.InfiniteTimeSpan);
        return key;
    }

    /// <summary>Gives the reply; a second one is ignored.</summary>
    public void Complete(long key, T reply)
    {
        if (_waiting.TryRemove(key, out var request))
        {
            request.Timer?.Dispose();
            request.OnReply(reply);
        }
    }

    /// <summary>Forgets a question, because nobody waits for the reply any more.</summary>
    /// <returns>False when it has been answered.</returns>
    public bool Forget(long key)
    {
        if (!_waiting.TryRemove(key, out var request))
        {
            return false;
        }

        request.Timer?.Dispose();
        return true;
    }

    /// <summary>Answers all, because the plugin ends.</summary>
    public void Clear(T reply)
    {
        foreach (var key in _waiting.Keys)
        {
            Complete(key, reply);
        }
    }

    private sealed class Request(Action<T> onReply)
    {
        public Action<T> OnReply { get; } = onReply;

        public ITimer? Timer { get; set; }
    }
}
