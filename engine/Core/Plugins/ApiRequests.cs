using System.Collections.Concurrent;

namespace XSwitchEngine.Core.Plugins;

/// <summary>API commands that wait for a plugin's reply. Each gets exactly one, whatever the plugin does. Any thread.</summary>
internal sealed class ApiRequests(TimeProvider time, string plugin)
{
    private const int MaxWaiting = 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<long, Request> _waiting = new();
    private long _next;

    /// <summary>Notes a request.</summary>
    /// <param name="onReply">Called once, on any thread.</param>
    /// <returns>Its key, or 0 when too many wait; the reply has then been given.</returns>
    public long Begin(Action<string> onReply)
    {
        if (_waiting.Count >= MaxWaiting)
        {
            onReply($"-ERR plugin {plugin} is busy\n");
            return 0;
        }

        var key = Interlocked.Increment(ref _next);
        var request = new Request(onReply);
        _waiting[key] = request;
        request.Timer = time.CreateTimer(_ => Complete(key, $"-ERR plugin {plugin} did not reply within {Longest.TotalSeconds:0} s\n"), null, Longest, Timeout.InfiniteTimeSpan);
        return key;
    }

    /// <summary>Gives the reply; a second one is ignored.</summary>
    public void Complete(long key, string reply)
    {
        if (_waiting.TryRemove(key, out var request))
        {
            request.Timer?.Dispose();
            request.OnReply(reply);
        }
    }

    /// <summary>Ends all, because the plugin does.</summary>
    public void Clear(string reason)
    {
        foreach (var key in _waiting.Keys)
        {
            Complete(key, $"-ERR {reason}\n");
        }
    }

    private sealed class Request(Action<string> onReply)
    {
        public Action<string> OnReply { get; } = onReply;

        public ITimer? Timer { get; set; }
    }
}
