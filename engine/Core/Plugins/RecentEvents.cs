using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The last events that a plugin handled well, for the dry run of its next version: handling them there compiles the code that will run after the change-over. One loop only.</summary>
/// <remarks>Buffers are reused, so that remembering costs a short copy. Longer data is not remembered.</remarks>
internal sealed class RecentEvents
{
    private const int Capacity = 64;
    private const int MaxData = 4096;
    private readonly Entry[] _entries = new Entry[Capacity];
    private long _count;

    public void Add(in TransportEvent e, DateTimeOffset now)
    {
        if (e.Data.Length > MaxData)
        {
            return;
        }

        ref var entry = ref _entries[_count++ % Capacity];
        entry.Event = e;
        entry.Now = now;
        entry.Length = e.Data.Length;
        if (e.Data.Length > 0)
        {
            entry.Buffer ??= GC.AllocateUninitializedArray<byte>(MaxData);
            e.Data.Span.CopyTo(entry.Buffer);
            entry.Event = e with { Data = default };
        }
    }

    /// <summary>Copies, oldest first.</summary>
    public IReadOnlyList<(TransportEvent Event, DateTimeOffset Now)> Snapshot()
    {
        var result = new List<(TransportEvent, DateTimeOffset)>(Capacity);
        for (var i = Math.Max(0, _count - Capacity); i < _count; i++)
        {
            ref var entry = ref _entries[i % Capacity];
            result.Add((entry.Length == 0 ? entry.Event : entry.Event with { Data = entry.Buffer.AsSpan(0, entry.Length).ToArray() }, entry.Now));
        }

        return result;
    }

    private struct Entry
    {
        public TransportEvent Event;
        public DateTimeOffset Now;
        public byte[]? Buffer;
        public int Length;
    }
}

/// <summary>What a dry run works on.</summary>
/// <param name="State">The state of the version in force.</param>
/// <param name="Recent">Events that it handled lately.</param>
internal sealed record PluginSnapshot(byte[] State, IReadOnlyList<(TransportEvent Event, DateTimeOffset Now)> Recent);
