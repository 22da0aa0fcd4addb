using System.Collections.Concurrent;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>All legs. The registry that lists legs is the one that finds and kills them: what is listed can be killed, what was killed is not listed (P-I2).</summary>
/// <remarks>Written on the core loop; scripts look legs up from their own threads.</remarks>
internal sealed class CallTable
{
    private readonly ConcurrentDictionary<Guid, Leg> _legs = new(concurrencyLevel: 1, capacity: 1024);
    private int _live;

    /// <summary>Legs that have not ended.</summary>
    public int Count => Volatile.Read(ref _live);

    /// <summary>Legs ended that a script still holds.</summary>
    public int Held => _legs.Count - Count;

    /// <summary>Most live legs at once.</summary>
    public int Peak { get; private set; }

    /// <summary>Legs that have not ended, in order of creation.</summary>
    public IReadOnlyList<Leg> Live => [.. _legs.Values.Where(l => l.IsUp).OrderBy(l => l.CreatedTime)];

    public void Add(Leg leg)
    {
        if (_legs.TryAdd(leg.Id.Value, leg))
        {
            _live++;
            Peak = Math.Max(Peak, _live);
        }
    }

    /// <summary>Takes a leg out of the count when it ends.</summary>
    public void MarkEnded() => _live--;

    /// <summary>Removes an ended leg that nothing holds any more.</summary>
    /// <param name="leg">The leg.</param>
    public void Remove(Leg leg) => _legs.TryRemove(leg.Id.Value, out _);

    /// <summary>Finds a leg, ended ones that scripts still hold included.</summary>
    /// <param name="id">Its id.</param>
    public Leg? Find(LegId id) => _legs.GetValueOrDefault(id.Value);

    /// <summary>Finds a live leg by the text form of its UUID.</summary>
    /// <param name="uuid">Any case.</param>
    public Leg? FindLive(string uuid) => Guid.TryParse(uuid.Trim(), out var id) && _legs.TryGetValue(id, out var leg) && leg.IsUp ? leg : null;
}
