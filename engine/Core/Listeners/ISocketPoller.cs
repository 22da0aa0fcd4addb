using System.Net.Sockets;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Listeners;

/// <summary>What a socket is waited for.</summary>
[Flags]
internal enum PollInterest
{
    /// <summary>Nothing; only an error is reported.</summary>
    None = 0,

    /// <summary>Data, a connection, or the end of the stream.</summary>
    Read = 1,

    /// <summary>Room to send.</summary>
    Write = 2,
}

/// <summary>Owner of a socket in a poller.</summary>
internal interface IPollTarget
{
    /// <summary>The socket can be read or written. Level-triggered: what is left over is reported again.</summary>
    /// <param name="readable">Whether a read would not block (also at an error or the end of the stream).</param>
    /// <param name="writable">Whether a send would not block.</param>
    void OnReady(bool readable, bool writable);
}

/// <summary>Waits for many sockets on a loop's own thread, so that no packet changes threads between the kernel and the plugin.</summary>
/// <remarks>All members but <see cref="ILoopWaiter.Wake"/> are for the loop's thread.</remarks>
internal interface ISocketPoller : ILoopWaiter
{
    /// <summary>Watches a socket.</summary>
    /// <param name="socket">Non-blocking; owned by the target.</param>
    /// <param name="target">Called when it is ready.</param>
    /// <param name="interest">What to wait for.</param>
    /// <returns>The handle for <see cref="Change"/> and <see cref="Remove"/>.</returns>
    long Add(Socket socket, IPollTarget target, PollInterest interest);

    /// <summary>Changes what is waited for.</summary>
    /// <param name="handle">From <see cref="Add"/>.</param>
    /// <param name="interest">What to wait for.</param>
    void Change(long handle, PollInterest interest);

    /// <summary>Ends the watch; call it before the socket is closed. The target is not called any more.</summary>
    /// <param name="handle">From <see cref="Add"/>; an unknown one is ignored.</param>
    void Remove(long handle);

    /// <summary>Called before targets are, once a wait: the owner takes the time.</summary>
    Action? BeforeReady { get; set; }
}

/// <summary>Makes the best poller that the system has.</summary>
internal static class SocketPoller
{
    /// <summary>epoll on Linux, else poll by the runtime.</summary>
    public static ISocketPoller Create() => OperatingSystem.IsLinux() && Environment.Is64BitProcess ? new EpollPoller() : new SelectPoller();
}
