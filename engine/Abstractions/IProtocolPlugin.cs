using System.Buffers;

namespace XSwitchEngine.Abstractions;

/// <summary>A signalling protocol: a deterministic state machine that takes events and answers through <see cref="IPluginHost"/>.</summary>
/// <remarks>
/// The host calls one instance from one mailbox, never concurrently. A plugin owns no socket, thread, timer, task or clock:
/// everything that waits is the host's and comes back as an event. That is what makes it testable without a network,
/// swappable under live calls, and unloadable.
/// </remarks>
public interface IProtocolPlugin
{
    /// <summary>Wires the instance to its host. Nothing is sent here.</summary>
    /// <param name="host">Valid until <see cref="Stop"/>; afterwards every call on it is ignored.</param>
    /// <param name="dryRun">True for the throw-away instance that a swap tries first: its outputs go nowhere.</param>
    void Start(IPluginHost host, bool dryRun);

    /// <summary>Takes over the state of a previous version, written by its <see cref="Export"/>.</summary>
    /// <param name="state">Empty at first start. Fields unknown to this version are skipped, missing ones defaulted.</param>
    /// <exception cref="Exception">Any exception refuses this version; the old one stays in force.</exception>
    void Import(in ReadOnlySequence<byte> state);

    /// <summary>Writes a pure snapshot of the whole protocol state; the instance goes on afterwards as if nothing had happened.</summary>
    /// <param name="to">Receives the snapshot.</param>
    void Export(IBufferWriter<byte> to);

    /// <summary>Handles one event to its end. An exception is counted against the plugin and the event is dropped.</summary>
    /// <param name="e">The event; its data is borrowed for the call only.</param>
    void OnEvent(in TransportEvent e);

    /// <summary>Ends the instance.</summary>
    /// <param name="replaced">True when a newer version has taken the dialogs over: send nothing.</param>
    void Stop(bool replaced);
}
