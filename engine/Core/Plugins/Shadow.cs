using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>
/// A state of the version in force and what it handled since, with the host's answers: a dry run that starts from the state and rehearses the events
/// takes the same paths as real traffic. Written by the slot's loop until it is ended, then read by the dry run.
/// </summary>
/// <param name="state">The state before the first event.</param>
internal sealed class Shadow(byte[] state)
{
    private const int MaxEvents = 2000;
    private const int MaxBytes = 8 << 20;
    private readonly List<EventRecord> _events = [];
    private int _bytes;
    private bool _isStopped;

    public byte[] State { get; } = state;

    public IReadOnlyList<EventRecord> Events => _events;

    /// <summary>A record for an event about to be handled; null when no more are noted.</summary>
    public EventRecord? Begin(in TransportEvent e, DateTimeOffset now) =>
        _isStopped || _events.Count >= MaxEvents || _bytes >= MaxBytes ? null : EventRecord.Of(e, now);

    public void Add(EventRecord record)
    {
        _events.Add(record);
        _bytes += record.Size;
    }

    /// <summary>Notes nothing more: the version in force failed at an event, so what it does from here on proves nothing.</summary>
    public void Stop() => _isStopped = true;
}
