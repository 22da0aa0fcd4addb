namespace XSwitchEngine.Core.Events;

/// <summary>An event of the switch with FreeSWITCH's names and headers.</summary>
/// <param name="Name">Such as <c>CHANNEL_CREATE</c>.</param>
/// <param name="Headers">In order; names may repeat.</param>
public sealed record SwitchEvent(string Name, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>Subclass of a CUSTOM event, or empty.</summary>
    public string Subclass { get; init; } = "";

    /// <summary>Its body, or null.</summary>
    public string? Body { get; init; }

    /// <summary>Who published it, where that one must not get it back; else null.</summary>
    internal object? Origin { get; init; }
}

/// <summary>Distributes events to subscribers, each with a bounded queue of its own; a slow one loses its own events and is told how many (<c>P-I10</c>).</summary>
public interface IEventBus
{
    /// <summary>Whether anyone wants events of this name; ask before building headers.</summary>
    /// <param name="name">The event's name.</param>
    bool IsWanted(string name);

    /// <summary>Gives an event to its subscribers. Never blocks.</summary>
    /// <param name="switchEvent">The event.</param>
    void Publish(SwitchEvent switchEvent);

    /// <summary>Subscribes.</summary>
    /// <param name="names">Names, or <c>ALL</c>.</param>
    /// <param name="capacity">Queue length, 1..100000; when full the oldest is dropped and counted.</param>
    /// <param name="onQueued">Called after each event that was queued, on the publisher's thread; must not block. Null for none.</param>
    IEventSubscription Subscribe(IReadOnlyCollection<string> names, int capacity, Action? onQueued = null);
}

/// <summary>A subscriber's queue. Dispose to end it.</summary>
public interface IEventSubscription : IDisposable
{
    /// <summary>Takes the next event if there is one.</summary>
    /// <param name="switchEvent">The event.</param>
    bool TryRead(out SwitchEvent switchEvent);

    /// <summary>Waits for the next event.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<SwitchEvent> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces the names; what is queued already stays.</summary>
    /// <param name="names">Names, or <c>ALL</c>; empty for none.</param>
    void Change(IReadOnlyCollection<string> names);

    /// <summary>Events lost so far because this subscriber was slow.</summary>
    long Dropped { get; }
}
