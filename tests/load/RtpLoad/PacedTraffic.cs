using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.RtpLoad;

/// <summary>Sends 50 packets a second for each leg, evenly spread over each 20 ms, and receives what the engine relays.</summary>
/// <remarks>The payload carries leg, number and time of sending. A packet of one leg comes back from the engine's port of the other leg of its bridge.</remarks>
internal sealed class PacedTraffic : IDisposable
{
    private const int PacketBytes = 172;
    private const int BucketMicroseconds = 10;
    private const int WindowMark = int.MinValue;
    private const int BufferBytes = 32 << 20;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly SocketAddress[] _ports;
    private readonly long[] _buckets = new long[100_000];
    private readonly int[] _last;
    private long _received;
    private long _reordered;
    private long _longest;
    private volatile bool _stopping;

    /// <summary>Binds the port that the phones named.</summary>
    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="enginePorts">The engine's RTP port of each leg.</param>
    public PacedTraffic(int port, IReadOnlyList<int> enginePorts)
    {
        _socket.ReceiveBufferSize = _socket.SendBufferSize = BufferBytes;
        ForceReceiveBuffer(_socket);
        _socket.ReceiveTimeout = 200;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _ports = [.. enginePorts.Select(p => new IPEndPoint(IPAddress.Loopback, p).Serialize())];
        _last = new int[_ports.Length];
    }

    /// <summary>Sends, first for some time that does not count.</summary>
    /// <param name="warm">That time.</param>
    /// <param name="window">The time that counts.</param>
    /// <param name="engineTime">CPU time of the engine so far.</param>
    public Result Run(TimeSpan warm, TimeSpan window, Func<TimeSpan> engineTime)
    {
        var receiver = new Thread(Receive) { IsBackground = true, Name = "receiver", Priority = ThreadPriority.AboveNormal };
        receiver.Start();
        Send(warm, inWindow: false, firstNumber: 0);
        var (before, started) = (engineTime(), Stopwatch.GetTimestamp());
        var (sent, late) = Send(window, inWindow: true, firstNumber: (int)(warm / Period) + 1);
        var (used, took) = (engineTime() - before, Stopwatch.GetElapsedTime(started));
        Thread.Sleep(500);      // what is on its way
        _stopping = true;
        receiver.Join();
        return new Result(
            _ports.Length,
            sent,
            _received,
            Round(100.0 * (sent - _received) / sent, 4),
            _reordered,
            Percentile(0.50),
            Percentile(0.99),
            Round(_longest / 1000.0, 3),
            Round(100.0 * late / sent, 2),
            Round(used.TotalMicroseconds / Math.Max(1, _received), 2),
            Round(100 * (used / took), 1));
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    private (long Sent, long Late) Send(TimeSpan time, bool inWindow, int firstNumber)
    {
        var packet = new byte[PacketBytes];
        packet[0] = 0x80;
        packet[1] = 8;          // PCMA, as the scenarios describe it
        packet.AsSpan(12).Fill(0xD5);
        long sent = 0, late = 0;
        var clock = Stopwatch.StartNew();
        var rounds = (int)(time / Period);
        for (var round = 0; round < rounds; round++)
        {
            var number = firstNumber + round;
            for (var leg = 0; leg < _ports.Length; leg++)
            {
                var due = (Period * round) + (Period * leg / _ports.Length);
                while (clock.Elapsed < due)
                {
                    Thread.Sleep(due - clock.Elapsed > TimeSpan.FromMilliseconds(1.2) ? 1 : 0);
                }

                late += clock.Elapsed - due > TimeSpan.FromMilliseconds(2) ? 1 : 0;
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)number);
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)(number * 160));
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), (uint)(leg + 1));
                BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(12), leg);
                BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(16), inWindow ? number | WindowMark : number);
                BinaryPrimitives.WriteInt64LittleEndian(packet.AsSpan(20), Stopwatch.GetTimestamp());
                _socket.SendTo(packet, SocketFlags.None, _ports[leg]);
                sent++;
            }
        }

        return (sent, late);
    }

    private void Receive()
    {
        var buffer = new byte[2048];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        while (!_stopping)
        {
            try
            {
                var length = _socket.ReceiveFrom(buffer, SocketFlags.None, from);
                if (length == PacketBytes)
                {
                    Count(buffer);
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.ConnectionRefused)
            {
                // Nothing came for a while, or a leg has ended.
            }
        }
    }

    private void Count(ReadOnlySpan<byte> packet)
    {
        var leg = BinaryPrimitives.ReadInt32LittleEndian(packet[12..]);
        var number = BinaryPrimitives.ReadInt32LittleEndian(packet[16..]);
        if (number >= 0 || (uint)leg >= (uint)_last.Length)
        {
            return;
        }

        number &= ~WindowMark;
        var latency = (long)Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64LittleEndian(packet[20..])).TotalMicroseconds;
        _received++;
        _reordered += number < _last[leg] ? 1 : 0;
        _last[leg] = number;
        _longest = Math.Max(_longest, latency);
        _buckets[Math.Clamp(latency / BucketMicroseconds, 0, _buckets.Length - 1)]++;
    }

    private double Percentile(double part)
    {
        var wanted = (long)(_received * part);
        long seen = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            seen += _buckets[i];
            if (seen > wanted)
            {
                return Round(i * BucketMicroseconds / 1000.0, 2);
            }
        }

        return 0;
    }

    // SO_RCVBUFFORCE of SOL_SOCKET, for those who may: net.core.rmem_max is often 208 KiB, which a descheduled receiver overruns in some milliseconds.
    private static void ForceReceiveBuffer(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(1, 33, BitConverter.GetBytes(BufferBytes));
        }
        catch (SocketException)
        {
            // Not privileged: the system's limit holds, and a busy machine shows loss that is not the engine's.
        }
    }

    private static double Round(double value, int digits) => Math.Round(value, digits);
}
