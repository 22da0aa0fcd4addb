using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Core.Listeners;

/// <summary>A bound UDP socket, read in batches. Loop thread only.</summary>
internal interface IDatagramSocket : IDisposable
{
    /// <summary>The socket, for the poller.</summary>
    Socket Socket { get; }

    /// <summary>Datagrams that the kernel dropped because the receive buffer was full.</summary>
    long Dropped { get; }

    /// <summary>Takes what has arrived, without waiting.</summary>
    /// <param name="batch">Filled from its start.</param>
    /// <returns>How many datagrams; 0 when there is none.</returns>
    int Receive(DatagramBatch batch);

    /// <summary>Sends one datagram, without waiting.</summary>
    /// <param name="to">The peer.</param>
    /// <param name="from">The local address to send from; null for the system's choice.</param>
    /// <param name="data">The payload.</param>
    /// <returns>False when it could not be sent.</returns>
    bool Send(IPEndPoint to, IPAddress? from, ReadOnlySpan<byte> data);
}

/// <summary>Receive buffers of one loop, shared by its sockets because what is received is handled before the next receive.</summary>
internal sealed class DatagramBatch
{
    /// <summary>Datagrams taken by one system call.</summary>
    public const int Capacity = 32;

    /// <summary>Room of one datagram: no UDP payload is longer, so none is cut.</summary>
    public const int Room = 65536;

    private readonly int[] _lengths = new int[Capacity];
    private readonly PeerKey[] _remotes = new PeerKey[Capacity];
    private readonly PeerKey[] _locals = new PeerKey[Capacity];

    /// <summary>The pinned storage, <see cref="Room"/> bytes a datagram. The system backs only the pages that are written.</summary>
    public byte[] Storage { get; } = GC.AllocateUninitializedArray<byte>(Capacity * Room, pinned: true);

    /// <summary>The payload of one.</summary>
    public ReadOnlyMemory<byte> Data(int index) => Storage.AsMemory(index * Room, _lengths[index]);

    /// <summary>Where it came from.</summary>
    public ref readonly PeerKey Remote(int index) => ref _remotes[index];

    /// <summary>The local address that it was sent to, port 0; default when the socket is bound to one.</summary>
    public ref readonly PeerKey Local(int index) => ref _locals[index];

    /// <summary>Notes one datagram.</summary>
    public void Set(int index, int length, in PeerKey remote, in PeerKey local)
    {
        _lengths[index] = length;
        _remotes[index] = remote;
        _locals[index] = local;
    }
}
