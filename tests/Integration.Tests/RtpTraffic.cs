using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Integration.Tests;

/// <summary>RTP of many phones over one socket: sends each leg's packets to the engine's port of that leg, counts what comes back from each.</summary>
/// <remarks>The phones all named the same port in their descriptions; the engine's source ports tell the legs apart.</remarks>
internal sealed class RtpTraffic : IDisposable
{
    private const int PacketBytes = 172;
    private readonly Socket _socket;
    private readonly Dictionary<int, long> _received = [];
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _receiver;
    private long _total;
    private Thread? _sender;

    public RtpTraffic()
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 8 << 20, ReceiveTimeout = 100 };
        if (OperatingSystem.IsLinux())
        {
            // SO_RCVBUFFORCE: what hundreds of phones would buffer each, this one socket must hold while the machine is busy. Refused without privilege.
            try
            {
                _socket.SetRawSocketOption(1, 33, BitConverter.GetBytes(64 << 20));
            }
            catch (SocketException)
            {
                _socket.ReceiveBufferSize = 8 << 20;
            }
        }

        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _receiver = new Thread(Receive) { IsBackground = true };
        _receiver.Start();
    }

    public int Port { get; }

    /// <summary>RTP packets sent.</summary>
    public long Sent { get; private set; }

    /// <summary>RTP packets received.</summary>
    public long Received => Interlocked.Read(ref _total);

    /// <summary>Longest time without any packet from one engine port while it was running, ms, by port.</summary>
    public Dictionary<int, double> LongestGapMs { get; } = [];

    /// <summary>Sends 50 packets a second and leg until <see cref="StopSendingAsync"/>.</summary>
    /// <param name="enginePorts">The engine's RTP port of each leg.</param>
    public void Start(IReadOnlyList<int> enginePorts)
    {
        _sender = new Thread(() => Send(enginePorts)) { IsBackground = true };
        _sender.Start();
    }

    /// <summary>Ends sending and waits for what is on its way.</summary>
    public async Task StopSendingAsync()
    {
        await _stop.CancelAsync();
        _sender?.Join();
        for (long before = -1; before != Received; await Task.Delay(200))
        {
            before = Received;
        }
    }

    public long From(int enginePort)
    {
        lock (_gate)
        {
            return _received.GetValueOrDefault(enginePort);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _sender?.Join();
        _socket.Dispose();
        _receiver.Join();
        _stop.Dispose();
    }

    private void Send(IReadOnlyList<int> ports)
    {
        var packet = new byte[PacketBytes];
        packet[0] = 0x80;
        packet.AsSpan(12).Fill(0xD5);
        var addresses = ports.Select(p => new IPEndPoint(IPAddress.Loopback, p).Serialize()).ToArray();
        var clock = Stopwatch.StartNew();
        for (var round = 0; !_stop.IsCancellationRequested; round++)
        {
            for (var leg = 0; leg < addresses.Length; leg++)
            {
                // spread over the 20 ms, as real phones are
                var due = (round * 20.0) + (20.0 * leg / addresses.Length);
                while (clock.Elapsed.TotalMilliseconds < due && !_stop.IsCancellationRequested)
                {
                    Thread.Sleep(1);
                }

                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)round);
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)(round * 160));
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), (uint)(leg + 1));
                _socket.SendTo(packet, SocketFlags.None, addresses[leg]);
                Sent++;
            }
        }
    }

    private void Receive()
    {
        var buffer = new byte[2048];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        var last = new Dictionary<int, double>();
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var length = _socket.ReceiveFrom(buffer, SocketFlags.None, from);
                if (length < 12 || (buffer[1] & 0x7F) is >= 72 and <= 76)
                {
                    continue;       // RTCP
                }

                var port = BinaryPrimitives.ReadUInt16BigEndian(from.Buffer.Span[2..]);
                var now = clock.Elapsed.TotalMilliseconds;
                lock (_gate)
                {
                    _received[port] = _received.GetValueOrDefault(port) + 1;
                    if (last.TryGetValue(port, out var before))
                    {
                        LongestGapMs[port] = Math.Max(LongestGapMs.GetValueOrDefault(port), now - before);
                    }

                    last[port] = now;
                }

                Interlocked.Increment(ref _total);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                if (_stop.IsCancellationRequested && _sender is null)
                {
                    return;
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
