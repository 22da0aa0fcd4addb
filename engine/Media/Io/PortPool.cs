using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace XSwitchEngine.Media.Io;

/// <summary>Pairs of an even port for RTP and the next one for RTCP, leased both or neither.</summary>
/// <remarks>Pairs go round: one that comes back waits behind all others, so that late packets of an ended call meet a closed port.</remarks>
internal sealed class PortPool
{
    private const int MaxAttempts = 256;

    private readonly IMediaIo _io;
    private readonly Queue<ushort> _free = new();
    private readonly ConcurrentQueue<ushort> _returned = new();
    private int _leased;

    /// <summary>A pool of the whole pairs within a range.</summary>
    /// <param name="io">Binds the ports.</param>
    /// <param name="first">First port of the range.</param>
    /// <param name="last">Last port of the range.</param>
    /// <param name="seed">Decides which pair comes first, so that a restarted engine does not take over the ports it had.</param>
    public PortPool(IMediaIo io, int first, int last, uint seed)
    {
        _io = io;
        first += first & 1;
        var pairs = (last - first + 1) / 2;
        for (var i = 0; i < pairs; i++)
        {
            _free.Enqueue((ushort)(first + ((i + (int)(seed % (uint)pairs)) % pairs * 2)));
        }
    }

    /// <summary>Ports out of the pool.</summary>
    public int Leased => 2 * Volatile.Read(ref _leased);

    /// <summary>Leases and binds a pair. One thread.</summary>
    public bool TryLease(in NetAddress host, [NotNullWhen(true)] out MediaPort? rtp, [NotNullWhen(true)] out MediaPort? rtcp, out ushort port, out string error)
    {
        while (_returned.TryDequeue(out var returned))
        {
            _free.Enqueue(returned);
        }

        error = "no free RTP port";
        for (var attempts = Math.Min(MaxAttempts, _free.Count); attempts > 0; attempts--)
        {
            port = _free.Dequeue();
            if (_io.TryBind(host.WithPort(port), false, out rtp, out var isInUse, out error))
            {
                if (_io.TryBind(host.WithPort(port + 1), false, out rtcp, out isInUse, out error))
                {
                    Interlocked.Increment(ref _leased);
                    return true;
                }

                rtp.Dispose();
            }

            _free.Enqueue(port);
            if (!isInUse)
            {
                break; // the address is wrong or descriptors ran out: another port does not help
            }
        }

        (rtp, rtcp, port) = (null, null, 0);
        return false;
    }

    /// <summary>Takes a pair back whose sockets are closed. Any thread.</summary>
    public void Return(ushort port)
    {
        Interlocked.Decrement(ref _leased);
        _returned.Enqueue(port);
    }
}
