using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>A path to a peer: a listener and an address for datagrams, a connection for streams.</summary>
/// <param name="Listener">The listener it belongs to.</param>
/// <param name="Connection">The connection; default for datagrams.</param>
/// <param name="Remote">The peer.</param>
/// <param name="Local">Our end; never an Any address.</param>
/// <param name="Transport">The transport.</param>
internal readonly record struct Flow(ListenerId Listener, ConnectionId Connection, IPEndPoint Remote, IPEndPoint Local, TransportKind Transport)
{
    /// <summary>Whether the transport repeats what is lost.</summary>
    public bool IsReliable => Transport != TransportKind.Udp;

    public bool IsEmpty => Remote is null;
}
