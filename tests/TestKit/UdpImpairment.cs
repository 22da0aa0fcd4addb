using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.TestKit;

/// <summary>What an <see cref="UdpImpairment"/> does to packets; shares are 0..1.</summary>
public sealed record Impairment
{
    public double Loss { get; init; }

    public double Duplicate { get; init; }

    /// <summary>Each packet is held for 0 to so many milliseconds, so packets overtake each other beyond their spacing.</summary>
    public int JitterMs { get; init; }

    /// <summary>Share of packets that are held for a further <see cref="ReorderMs"/>.</summary>
    public double Reorder { get; init; }

    public int ReorderMs { get; init; } = 30;
}

/// <summary>A bad network between two UDP ports: loses, delays, reorders and doubles packets as its seed decides.</summary>
/// <remarks>Packets from the far address go to whoever sent to the proxy last; all others go to the far address. Which packets suffer depends on the seed and their order alone.</remarks>
public sealed class UdpImpairment : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly IPEndPoint _far;
    private readonly Impairment _impairment;
    private readonly Random _random;
    private readonly PriorityQueue<(byte[] Data, EndPoint To), long> _held = new();
    private readonly Thread _thread;
    private EndPoint? _near;
    private volatile bool _stopping;

    public UdpImpairment(IPEndPoint far, Impairment impairment, int seed)
    {
        (_far, _impairment, _random) = (far, impairment, new Random(seed));
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _thread = new Thread(Run) { IsBackground = true, Name = "udp-impairment" };
        _thread.Start();
    }

    public IPEndPoint Local => (IPEndPoint)_socket.LocalEndPoint!;

    public int Lost { get; private set; }

    public int Doubled { get; private set; }

    public int Passed { get; private set; }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _socket.Dispose();
    }

    private void Run()
    {
        var buffer = new byte[2048];
        while (!_stopping)
        {
            var waitUs = 20_000L;
            if (_held.TryPeek(out _, out var dueUs))
            {
                waitUs = Math.Clamp(dueUs - NowUs(), 0, waitUs);
            }

            if (_socket.Poll((int)waitUs, SelectMode.SelectRead))
            {
                Take(buffer);
            }

            while (_held.TryPeek(out var packet, out dueUs) && dueUs <= NowUs())
            {
                _held.Dequeue();
                _socket.SendTo(packet.Data, packet.To);
                Passed++;
            }
        }
    }

    private void Take(byte[] buffer)
    {
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        int length;
        try
        {
            length = _socket.ReceiveFrom(buffer, ref from);
        }
        catch (SocketException)
        {
            return; // the far port is closed
        }

        EndPoint? to = _far;
        if (from.Equals(_far))
        {
            to = _near;
        }
        else
        {
            _near = from;
        }

        if (to is null)
        {
            return;
        }

        if (_random.NextDouble() < _impairment.Loss)
        {
            Lost++;
            return;
        }

        Hold(buffer.AsSpan(0, length), to);
        if (_random.NextDouble() < _impairment.Duplicate)
        {
            Doubled++;
            Hold(buffer.AsSpan(0, length), to);
        }
    }

    private void Hold(ReadOnlySpan<byte> packet, EndPoint to)
    {
        var delayMs = _random.NextDouble() * _impairment.JitterMs;
        if (_random.NextDouble() < _impairment.Reorder)
        {
            delayMs += _impairment.ReorderMs;
        }

        _held.Enqueue((packet.ToArray(), to), NowUs() + (long)(delayMs * 1000));
    }

    private static long NowUs() => Environment.TickCount64 * 1000;
}
