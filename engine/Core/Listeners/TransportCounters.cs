namespace XSwitchEngine.Core.Listeners;

/// <summary>A number that one loop writes and others read.</summary>
internal sealed class Counter
{
    private long _value;

    public long Value => Volatile.Read(ref _value);

    /// <summary>Adds. Owning loop only.</summary>
    public void Add(long delta) => Volatile.Write(ref _value, _value + delta);

    /// <summary>Sets. Owning loop only.</summary>
    public void Set(long value) => Volatile.Write(ref _value, value);
}

/// <summary>What went over the network for one plugin.</summary>
internal sealed class TransportCounters
{
    public Counter DatagramsIn { get; } = new();

    public Counter DatagramsOut { get; } = new();

    public Counter DatagramsDropped { get; } = new();

    public Counter SendErrors { get; } = new();

    public Counter BytesIn { get; } = new();

    public Counter BytesOut { get; } = new();

    public Counter Connections { get; } = new();

    public Counter Accepted { get; } = new();

    public Counter Refused { get; } = new();

    public Counter TimedOut { get; } = new();

    public Counter Overflowed { get; } = new();

    /// <summary>All, by the names under which they are exported; a counter's ends in <c>_total</c>.</summary>
    public IEnumerable<KeyValuePair<string, long>> Snapshot() =>
    [
        new("transport_datagrams_in_total", DatagramsIn.Value),
        new("transport_datagrams_out_total", DatagramsOut.Value),
        new("transport_datagrams_dropped_total", DatagramsDropped.Value),
        new("transport_send_errors_total", SendErrors.Value),
        new("transport_stream_bytes_in_total", BytesIn.Value),
        new("transport_stream_bytes_out_total", BytesOut.Value),
        new("transport_connections", Connections.Value),
        new("transport_connections_accepted_total", Accepted.Value),
        new("transport_connections_refused_total", Refused.Value),
        new("transport_connections_timed_out_total", TimedOut.Value),
        new("transport_connections_overflowed_total", Overflowed.Value),
    ];
}
