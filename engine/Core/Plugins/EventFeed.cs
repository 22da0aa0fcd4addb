using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Events;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The switch events that one plugin wants: a bounded queue that the slot's loop empties. Loop thread only, but for what the bus calls.</summary>
/// <param name="bus">Where events come from.</param>
/// <param name="post">Queues an item of the slot's loop.</param>
/// <param name="deliver">Gives one event to the plugin.</param>
internal sealed class EventFeed(IEventBus bus, Action<Action> post, Action<TransportEvent> deliver) : IDisposable
{
    private const int Capacity = 1000;
    private const int EventsPerTurn = 64;
    private IEventSubscription? _subscription;
    private int _isScheduled;

    /// <summary>Events lost because the plugin was slow.</summary>
    public long Dropped => _subscription?.Dropped ?? 0;

    /// <summary>Replaces the set of names; what waits already is delivered all the same.</summary>
    public void Choose(IReadOnlyCollection<string> names)
    {
        if (_subscription is { } existing)
        {
            existing.Change(names);
        }
        else if (names.Count > 0)
        {
            _subscription = bus.Subscribe(names, Capacity, Schedule);
        }
    }

    /// <summary>Publishes an event of the plugin, which does not get it back.</summary>
    public void Publish(PluginEvent e)
    {
        if (bus.IsWanted(e.Name))
        {
            bus.Publish(new SwitchEvent(e.Name, e.Headers) { Subclass = e.Subclass, Body = e.Body, Origin = this });
        }
    }

    public void Dispose()
    {
        _subscription?.Dispose();
        _subscription = null;
    }

    // Any thread.
    private void Schedule()
    {
        if (Interlocked.Exchange(ref _isScheduled, 1) == 0)
        {
            post(Drain);
        }
    }

    private void Drain()
    {
        Volatile.Write(ref _isScheduled, 0);
        for (var i = 0; _subscription is { } subscription && subscription.TryRead(out var e); i++)
        {
            if (!ReferenceEquals(e.Origin, this))
            {
                deliver(TransportEvent.ForSwitchEvent(new PluginEvent(e.Name, e.Subclass, e.Headers, e.Body)));
            }

            if (i == EventsPerTurn)
            {
                Schedule();
                return;
            }
        }
    }
}
