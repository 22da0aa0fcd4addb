using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Web;

/// <summary>Which plugin serves which path of the shared listeners. Readers see one immutable table; the longest path that matches wins. Any thread.</summary>
public sealed class WebRoutes
{
    private readonly Lock _writing = new();
    private volatile Entry[] _entries = [];

    /// <summary>Finds who serves a path.</summary>
    /// <param name="isTls">Whether it came in on the TLS listener.</param>
    /// <param name="kind">What is asked for.</param>
    /// <param name="path">Raw, without the query.</param>
    /// <param name="offered">Subprotocols that a WebSocket client offers; a route that speaks one of them goes before one of the same path that speaks none.</param>
    internal WebRoute? Find(bool isTls, RouteKind kind, string path, IReadOnlyCollection<string> offered)
    {
        Entry? best = null;
        foreach (var entry in _entries)
        {
            if (entry.IsTls == isTls && entry.Route.Spec.Kind == kind && entry.Matches(path) && (best is null || entry.IsBetter(best, offered)))
            {
                best = entry;
            }
        }

        return best?.Route;
    }

    /// <summary>Whether any route of a kind has the path, on either listener.</summary>
    /// <param name="kind">What is asked for.</param>
    /// <param name="path">Raw, without the query.</param>
    public bool Has(RouteKind kind, string path) => _entries.Any(e => e.Route.Spec.Kind == kind && e.Matches(path));

    /// <summary>Puts a route in force.</summary>
    internal void Add(BoundListener listener, PluginSlot slot)
    {
        var route = new WebRoute(listener.Route!, listener.Info, slot);
        var isTls = listener.Info.Transport is TransportKind.Wss or TransportKind.Https;
        lock (_writing)
        {
            _entries = [.. _entries, .. route.Spec.Paths.Select(p => new Entry(p, isTls, route))];
        }
    }

    /// <summary>Takes a route out of force; its connections stay.</summary>
    internal void Remove(BoundListener listener)
    {
        lock (_writing)
        {
            _entries = Array.FindAll(_entries, e => e.Route.Listener.Id != listener.Info.Id);
        }
    }

    private sealed class Entry(string path, bool isTls, WebRoute route)
    {
        private readonly bool _isPrefix = path.EndsWith("/*", StringComparison.Ordinal);
        private readonly string _plain = path.EndsWith("/*", StringComparison.Ordinal) ? path[..^1] : path;

        public bool IsTls { get; } = isTls;

        public WebRoute Route { get; } = route;

        public bool Matches(string asked) => _isPrefix ? asked.StartsWith(_plain, StringComparison.Ordinal) : asked.Equals(_plain, StringComparison.Ordinal);

        // Longer before shorter, exact before prefix, a subprotocol that is offered before none, none before one that is not; else the newest, which replaces the oldest in a swap.
        public bool IsBetter(Entry than, IReadOnlyCollection<string> offered) =>
            (_plain.Length, !_isPrefix, Fit(offered)).CompareTo((than._plain.Length, !than._isPrefix, than.Fit(offered))) >= 0;

        private int Fit(IReadOnlyCollection<string> offered) =>
            Route.Spec.Subprotocol.Length == 0 ? 1 : offered.Contains(Route.Spec.Subprotocol, StringComparer.OrdinalIgnoreCase) ? 2 : 0;
    }
}

/// <summary>A route in force.</summary>
/// <param name="Spec">From the manifest.</param>
/// <param name="Listener">The listener that the plugin sees.</param>
/// <param name="Slot">The plugin.</param>
internal sealed record WebRoute(RouteSpec Spec, ListenerInfo Listener, PluginSlot Slot);
