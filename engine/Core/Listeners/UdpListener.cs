using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>A UDP listener: reads in batches on the plugin's loop and hands each datagram on without a copy.</summary>
internal sealed class UdpListener : IPollTarget, IDisposable
{
    /// <summary>Batches read at one turn, so that a flood leaves time for commands and timers.</summary>
    private const int BatchesPerTurn = 4;

    private readonly IDatagramSocket _socket;
    private readonly DatagramBatch _batch;
    private readonly ITransportSink _sink;
    private readonly TransportCounters _counters;
    private readonly ISocketPoller _poller;
    private readonly bool _isWildcard;
    private readonly PeerCache _peers;
    private readonly long _handle;
    private long _dropped;

    public UdpListener(ListenerInfo info, IDatagramSocket socket, bool isWildcard, int peers, LoopIo io, ITransportSink sink, TransportCounters counters)
    {
        Info = info;
        _socket = socket;
        _isWildcard = isWildcard;
        _peers = new PeerCache(peers);
        _batch = io.Datagrams;
        _poller = io.Poller;
        _sink = sink;
        _counters = counters;
        _handle = _poller.Add(socket.Socket, this, PollInterest.Read);
    }

    public ListenerInfo Info { get; }

    public void SetPaused(bool paused) => _poller.Change(_handle, paused ? PollInterest.None : PollInterest.Read);

    public void OnReady(bool readable, bool writable)
    {
        for (var turn = 0; turn < BatchesPerTurn; turn++)
        {
            var count = _socket.Receive(_batch);
            if (_socket.Dropped != _dropped)
            {
                _counters.DatagramsDropped.Add(_socket.Dropped - _dropped);
                _dropped = _socket.Dropped;
            }

            _counters.DatagramsIn.Add(count);
            for (var i = 0; i < count; i++)
            {
                var peer = _peers.Get(_batch.Remote(i));
                _sink.Deliver(TransportEvent.Datagram(Info.Id, peer.Remote, LocalOf(peer, _batch.Local(i)), _batch.Data(i)));
            }

            if (count < DatagramBatch.Capacity)
            {
                return;
            }
        }
    }

    public void Send(IPEndPoint to, ReadOnlySpan<byte> data)
    {
        // A peer is answered from the address that it wrote to: elsewhere its NAT or its own check would drop the answer.
        // If we do not have that address any more, the system chooses.
        var from = _isWildcard ? _peers.Find(PeerKey.Of(to))?.Local.Address : null;
        if (_socket.Send(to, from, data) || (from is not null && _socket.Send(to, null, data)))
        {
            _counters.DatagramsOut.Add(1);
        }
        else
        {
            _counters.SendErrors.Add(1);
        }
    }

    public void Dispose()
    {
        _poller.Remove(_handle);
        _socket.Dispose();
    }

    private IPEndPoint LocalOf(Peer peer, in PeerKey local)
    {
        if (!_isWildcard || local == default)
        {
            return Info.Local;
        }

        if (peer.LocalKey != local)
        {
            peer.LocalKey = local;
            peer.Local = (local with { Port = (ushort)Info.Local.Port }).ToEndPoint();
        }

        return peer.Local;
    }
}
