using System.Collections.Concurrent;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Io;

/// <summary>The loop's shared ports, and packets between loops for legs that moved.</summary>
internal sealed partial class MediaLoop
{
    private const int DatagramsPerTurn = 32;
    private const int ForwardedPerTurn = 64;
    private const int MostLoops = 64;

    private readonly ForwardRing?[] _forwarded = new ForwardRing?[MostLoops]; // by the loop that writes
    private readonly ConcurrentQueue<MediaLeg> _attention = new();
    private readonly List<SharedPort> _shared = [];
    private int _rings;

    /// <summary>Asks for a leg to be looked at. Any thread.</summary>
    public void Attend(MediaLeg leg)
    {
        _attention.Enqueue(leg);
        _poller.Wake();
    }

    /// <summary>Whether packets from other loops or legs that want attention wait.</summary>
    private bool HasWork()
    {
        if (!_attention.IsEmpty)
        {
            return true;
        }

        if (Volatile.Read(ref _rings) != 0)
        {
            foreach (var ring in _forwarded)
            {
                if (ring is { IsEmpty: false })
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Works on what other threads left.</summary>
    private void TakeForwarded(long nowUs)
    {
        while (_attention.TryDequeue(out var leg))
        {
            if (leg.Loop != this)
            {
                leg.Loop?.Attend(leg);
            }
            else if (!leg.IsClosed && leg.Core == _core)
            {
                _core.Current = leg;
                leg.OnAttention(nowUs);
            }
        }

        if (Volatile.Read(ref _rings) == 0)
        {
            return;
        }

        foreach (var ring in _forwarded)
        {
            for (var i = 0; i < ForwardedPerTurn && ring is not null && ring.TryPeek(out var leg, out var source, out var packet); i++)
            {
                if (leg.Loop == this && leg.Core == _core && !leg.IsClosed)
                {
                    _core.Current = leg;
                    _received++;
                    try
                    {
                        leg.OnDatagram(packet, rtcpPort: false, source, nowUs);
                    }
                    finally
                    {
                        ring.Take();
                    }
                }
                else if (leg.Loop == this && !leg.IsClosed)
                {
                    break; // it is on its way here
                }
                else
                {
                    ring.Take(); // it has moved on; a packet lost in that instant is one like any other
                }
            }
        }
    }

    private void Share(SharedPort port)
    {
        _shared.Add(port);
        _ = _poller.Add(port.Port, new ReadyPort(-_shared.Count, false));
    }

    /// <summary>Receives from a shared port and hands each packet to its leg.</summary>
    private void ReceiveShared(SharedPort shared, long nowUs)
    {
        for (var i = 0; i < DatagramsPerTurn; i++)
        {
            var length = shared.Port.Receive(_packet, out var source);
            if (length < 0)
            {
                return;
            }

            if (length < 2)
            {
                continue;
            }

            var packet = _packet.AsSpan(0, length);
            if (!shared.TryFind(packet, source, out var leg))
            {
                _core.Dropped++;
            }
            else if (leg.Loop is { } loop && loop != this)
            {
                loop.Forward(_number, leg, source, packet);
            }
            else if (!leg.IsClosed && leg.Core == _core)
            {
                _core.Current = leg;
                _received++;
                leg.OnDatagram(packet, rtcpPort: false, source, nowUs);
                if (packet[0] is >= 20 and <= 63)
                {
                    return; // a handshake message may take half a millisecond: the others have their turn
                }
            }
        }
    }

    /// <summary>Takes a packet from another loop. That loop's thread.</summary>
    private void Forward(int from, MediaLeg leg, in NetAddress source, ReadOnlySpan<byte> packet)
    {
        var ring = _forwarded[from];
        if (ring is null)
        {
            ring = new ForwardRing();
            Volatile.Write(ref _forwarded[from], ring);
            Interlocked.Increment(ref _rings);
        }

        _ = ring.TryAdd(leg, source, packet);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) != 0)
        {
            _poller.Wake();
        }
    }
}
