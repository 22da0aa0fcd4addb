using System.Collections.Concurrent;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Counters and gauges that a plugin reports. They belong to the slot, so a swap does not reset them. Written by the slot's loop, read by any thread.</summary>
internal sealed class PluginMetrics
{
    /// <summary>Names that one plugin may use; more are ignored, so that no metric name can be made from what peers send.</summary>
    public const int MaxNames = 512;

    private readonly ConcurrentDictionary<string, Counter> _counters = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Counter> _gauges = new(StringComparer.Ordinal);

    public void Count(string name, long delta) => Find(_counters, name)?.Add(delta);

    public void Gauge(string name, long value) => Find(_gauges, name)?.Set(value);

    /// <summary>All; a counter's name ends in <c>_total</c>.</summary>
    public IEnumerable<KeyValuePair<string, long>> Snapshot() =>
        _counters.Select(static c => KeyValuePair.Create(c.Key + "_total", c.Value.Value)).Concat(_gauges.Select(static g => KeyValuePair.Create(g.Key, g.Value.Value)));

    private static Counter? Find(ConcurrentDictionary<string, Counter> all, string name)
    {
        if (all.TryGetValue(name, out var counter))
        {
            return counter;
        }

        var isName = name.Length is > 0 and <= 64 && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_');

        // A copy of the name: the plugin's own string may be interned in its context.
        return isName && all.Count < MaxNames ? all.GetOrAdd(new string(name.AsSpan()), static _ => new Counter()) : null;
    }
}
