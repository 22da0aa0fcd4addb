using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Listeners;

/// <summary>A loop with its poller and the receive buffers that its sockets share.</summary>
internal sealed class LoopIo : IDisposable
{
    private DatagramBatch? _datagrams;

    /// <summary>Makes the loop; it does not run yet.</summary>
    /// <param name="name">For the thread and for logs.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="capacity">Most items that may wait.</param>
    /// <param name="onFault">Receives exceptions of items.</param>
    /// <param name="poller">Null for the best that the system has.</param>
    public LoopIo(string name, TimeProvider time, int capacity, Action<Exception, object?> onFault, ISocketPoller? poller = null)
    {
        Poller = poller ?? SocketPoller.Create();
        Loop = new EventLoop(name, time, capacity, onFault, Poller);
        Poller.BeforeReady = Loop.RefreshNow;
    }

    public EventLoop Loop { get; }

    public ISocketPoller Poller { get; }

    /// <summary>Made at first use. Loop thread only.</summary>
    public DatagramBatch Datagrams => _datagrams ??= new DatagramBatch();

    /// <summary>For stream reads. Loop thread only.</summary>
    public byte[] StreamBuffer { get; } = GC.AllocateUninitializedArray<byte>(16 * 1024, pinned: true);

    public void Dispose() => Loop.Dispose();
}
