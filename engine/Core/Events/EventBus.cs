using System.Collections.Frozen;
using System.Threading.Channels;

namespace XSwitchEngine.Core.Events;

/// <summary>The event bus of one engine. Thread-safe; publishing costs nothing when nobody listens.</summary>
/// <remarks>Besides event names a subscriber may name subclasses of CUSTOM events, such as <c>sofia::register</c>; <c>CUSTOM</c> alone means all of them.</remarks>
public sealed class EventBus : IEventBus
{
    /// <summary>The name that means every event.</summary>
    public const string All = "ALL";

    private const string Custom = "CUSTOM";
    private readonly Lock _writer = new();
    private volatile Snapshot _snapshot = new([]);

    /// <summary>Events published to anyone since the start.</summary>
    public long Published => Volatile.Read(ref _published);

    private long _published;

    /// <summary>Events that slow subscribers have lost since the start, ended subscriptions included.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    private long _dropped;

    /// <inheritdoc/>
    public bool IsWanted(string name) => _snapshot.Wants(name);

    /// <inheritdoc/>
    public void Publish(SwitchEvent switchEvent)
    {
        var snapshot = _snapshot;
        if (!snapshot.Wants(switchEvent.Name))
        {
            return;
        }

        Interlocked.Increment(ref _published);
        foreach (var subscription in snapshot.Subscriptions)
        {
            subscription.Offer(switchEvent);
        }
    }

    /// <inheritdoc/>
    public IEventSubscription Subscribe(IReadOnlyCollection<string> names, int capacity, Action? onQueued = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 100_000);
        var subscription = new Subscription(this, names, capacity, onQueued);
        lock (_writer)
        {
            _snapshot = new Snapshot([.. _snapshot.Subscriptions, subscription]);
        }

        return subscription;
    }

    private void Remove(Subscription subscription)
    {
        lock (_writer)
        {
            _snapshot = new Snapshot(Array.FindAll(_snapshot.Subscriptions, s => s != subscription));
        }
    }

    private void Rebuild()
    {
        lock (_writer)
        {
            _snapshot = new Snapshot(_snapshot.Subscriptions);
        }
    }

    private sealed class Snapshot(Subscription[] subscriptions)
    {
        private readonly bool _all = Array.Exists(subscriptions, s => s.Filter.WantsAll);
        private readonly FrozenSet<string> _names = subscriptions.SelectMany(s => s.Filter.Names).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

        public Subscription[] Subscriptions => subscriptions;

        public bool Wants(string name) => _all || _names.Contains(name);
    }

    /// <summary>What one subscriber wants, immutable.</summary>
    private sealed class EventFilter
    {
        private readonly FrozenSet<string> _subclasses;
        private readonly bool _allCustom;

        public EventFilter(IReadOnlyCollection<string> names)
        {
            WantsAll = names.Contains(All, StringComparer.OrdinalIgnoreCase);
            _allCustom = names.Contains(Custom, StringComparer.OrdinalIgnoreCase);
            _subclasses = names.Where(n => n.Contains("::", StringComparison.Ordinal)).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
            Names = names.Where(n => !_subclasses.Contains(n)).Concat(_subclasses.Count > 0 ? [Custom] : []).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        }

        public bool WantsAll { get; }

        public FrozenSet<string> Names { get; }

        public bool Wants(SwitchEvent e) => WantsAll || (Names.Contains(e.Name) && IsWantedSubclass(e));

        private bool IsWantedSubclass(SwitchEvent e) =>
            _subclasses.Count == 0 || _allCustom || !e.Name.Equals(Custom, StringComparison.OrdinalIgnoreCase) || _subclasses.Contains(e.Subclass);
    }

    private sealed class Subscription : IEventSubscription
    {
        private readonly EventBus _bus;
        private readonly Channel<SwitchEvent> _queue;
        private readonly Action? _onQueued;
        private volatile EventFilter _filter;
        private long _dropped;

        public Subscription(EventBus bus, IReadOnlyCollection<string> names, int capacity, Action? onQueued)
        {
            _bus = bus;
            _onQueued = onQueued;
            _filter = new EventFilter(names);
            _queue = Channel.CreateBounded<SwitchEvent>(
                new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest },
                _ =>
                {
                    Interlocked.Increment(ref _dropped);
                    Interlocked.Increment(ref bus._dropped);
                });
        }

        public EventFilter Filter => _filter;

        public long Dropped => Volatile.Read(ref _dropped);

        public void Change(IReadOnlyCollection<string> names)
        {
            _filter = new EventFilter(names);
            _bus.Rebuild();
        }

        public void Offer(SwitchEvent switchEvent)
        {
            if (_filter.Wants(switchEvent) && _queue.Writer.TryWrite(switchEvent))
            {
                _onQueued?.Invoke();
            }
        }

        public bool TryRead(out SwitchEvent switchEvent) => _queue.Reader.TryRead(out switchEvent!);

        public ValueTask<SwitchEvent> ReadAsync(CancellationToken cancellationToken) => _queue.Reader.ReadAsync(cancellationToken);

        public void Dispose()
        {
            _bus.Remove(this);
            _queue.Writer.TryComplete();
        }
    }
}
