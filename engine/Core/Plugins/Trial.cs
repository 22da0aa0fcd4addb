using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The probation of a version that has just taken over. Loop thread only, but for <see cref="Ended"/>.</summary>
/// <param name="old">The version before, which waits unchanged.</param>
/// <param name="added">Listeners that only the new version has.</param>
/// <param name="removed">Listeners that only the old version has.</param>
/// <param name="wasQuarantined">Whether the old version was in quarantine.</param>
internal sealed class Trial(PluginInstance old, IReadOnlyList<BoundListener> added, IReadOnlyList<BoundListener> removed, bool wasQuarantined)
{
    /// <summary>What the new version handled well is replayed to the old one at a roll-back; past these bounds probation ends early, as passed.</summary>
    private const int MaxEvents = 50_000;
    private const long MaxBytes = 64L << 20;
    private long _bytes;

    public PluginInstance Old { get; } = old;

    public IReadOnlyList<BoundListener> Added { get; } = added;

    public IReadOnlyList<BoundListener> Removed { get; } = removed;

    public bool WasQuarantined { get; } = wasQuarantined;

    public List<EventRecord> Handled { get; } = [];

    public LoopTimer? Deadline { get; set; }

    /// <summary>The outcome: null when the new version stays, else its fault.</summary>
    public TaskCompletionSource<PluginFault?> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsFull => Handled.Count >= MaxEvents || _bytes >= MaxBytes;

    public void Add(EventRecord record)
    {
        Handled.Add(record);
        _bytes += record.Size;
    }
}
