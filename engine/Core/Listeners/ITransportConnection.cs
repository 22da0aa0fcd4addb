using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>An open connection of a plugin slot. Loop thread only.</summary>
internal interface ITransportConnection
{
    ConnectionId Id { get; }

    ListenerId Listener { get; }

    /// <summary>Whether it counts against the limits on accepted connections.</summary>
    bool IsCounted { get; }

    IPEndPoint Remote { get; }

    IPEndPoint Local { get; }

    bool IsClosed { get; }

    /// <summary>Bytes that wait to be sent.</summary>
    int QueuedBytes { get; }

    /// <summary>Begins to read, after the plugin has been told that the connection is open.</summary>
    void Begin(bool isPaused);

    /// <summary>Stops or resumes reading.</summary>
    void SetPaused(bool isPaused);

    /// <summary>Queues bytes or one message.</summary>
    void Send(ReadOnlySpan<byte> data);

    /// <summary>Closes once the queue is sent.</summary>
    void Close();

    /// <summary>Ends it at once; called by the owner only.</summary>
    void Abort();
}
