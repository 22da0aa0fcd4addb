using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Media;

namespace XSwitchEngine.TestKit;

/// <summary>The far end of an audio stream on a real socket: sends tones and digits at their pace, counts and decodes what comes.</summary>
public sealed class RtpPeer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly RtpCodec _receiveCodec;
    private readonly RtpCodec _sendCodec;
    private readonly Lock _lock = new();
    private readonly List<short> _samples = [];
    private readonly List<(ushort Sequence, uint Timestamp, uint Ssrc, int PayloadType)> _headers = [];
    private readonly List<char> _digits = [];
    private readonly Thread _thread;
    private readonly uint _ssrc;
    private (uint Ssrc, uint Timestamp) _lastDigit;
    private ushort _sequence;
    private uint _timestamp;
    private bool _pressed;

    /// <summary>Binds a port on loopback and listens.</summary>
    /// <param name="codec">Both ways.</param>
    /// <param name="eventType">Payload type of telephone events.</param>
    public RtpPeer(AudioCodec codec = AudioCodec.Pcmu, int eventType = 101)
    {
        _receiveCodec = new RtpCodec(codec);
        _sendCodec = new RtpCodec(codec);
        EventType = eventType;
        _ssrc = (uint)Environment.TickCount64 ^ (uint)GetHashCode();
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _thread = new Thread(Receive) { IsBackground = true, Name = "rtp-peer" };
        _thread.Start();
    }

    public IPEndPoint Local => (IPEndPoint)_socket.LocalEndPoint!;

    public int EventType { get; }

    public int RateHz => _sendCodec.RateHz;

    public int PayloadType => _sendCodec.PayloadType;

    /// <summary>Audio packets sent.</summary>
    public int Sent { get; private set; }

    /// <summary>Audio packets received.</summary>
    public int Received
    {
        get
        {
            lock (_lock)
            {
                return _headers.Count(h => h.PayloadType == PayloadType);
            }
        }
    }

    /// <summary>Digits received as telephone events, each once.</summary>
    public string Digits
    {
        get
        {
            lock (_lock)
            {
                return new string([.. _digits]);
            }
        }
    }

    /// <summary>Decoded audio in the order of arrival.</summary>
    public short[] Samples
    {
        get
        {
            lock (_lock)
            {
                return [.. _samples];
            }
        }
    }

    /// <summary>Headers of all packets received.</summary>
    public (ushort Sequence, uint Timestamp, uint Ssrc, int PayloadType)[] Headers
    {
        get
        {
            lock (_lock)
            {
                return [.. _headers];
            }
        }
    }

    /// <summary>Forgets what was received.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _samples.Clear();
            _headers.Clear();
            _digits.Clear();
        }
    }

    /// <summary>Sends frames of 20 ms, each at its time.</summary>
    public async Task SendToneAsync(IPEndPoint to, double frequencyHz, int frames, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < frames; i++)
        {
            SendFrame(to, ToneSource.Sine(frequencyHz, RateHz, RateHz / 50, 8000, (long)i * RateHz / 50));
            var wait = ((i + 1) * 20) - clock.ElapsedMilliseconds;
            if (wait > 0)
            {
                await Task.Delay((int)wait, cancel);
            }
        }
    }

    /// <summary>Sends one frame now.</summary>
    public void SendFrame(IPEndPoint to, ReadOnlySpan<short> samples)
    {
        var payload = _sendCodec.Encode(samples);
        Send(to, PayloadType, false, _timestamp, payload);
        _timestamp += 160;
        Sent++;
    }

    /// <summary>Sends a digit as telephone events: an update each 20 ms, three ends.</summary>
    public async Task SendDigitAsync(IPEndPoint to, char digit, int durationMs = 100, CancellationToken cancel = default)
    {
        var number = (byte)"0123456789*#ABCD".IndexOf(digit, StringComparison.Ordinal);
        var payload = new byte[4];
        payload[0] = number;
        for (var ms = 20; ms <= durationMs + 40; ms += 20)
        {
            var isEnd = ms >= durationMs;
            payload[1] = (byte)(10 | (isEnd ? 0x80 : 0));
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(2), (ushort)(Math.Min(ms, durationMs) * 8));
            Send(to, EventType, ms == 20, _timestamp, payload);
            await Task.Delay(20, cancel);
        }

        _timestamp += (uint)((durationMs + 40) * 8);
    }

    /// <summary>Sends any bytes.</summary>
    public void SendRaw(IPEndPoint to, ReadOnlySpan<byte> packet) => _socket.SendTo(packet, SocketFlags.None, to);

    /// <summary>Waits until something holds; looks again at each packet and every 10 ms.</summary>
    public static async Task UntilAsync(Func<bool> condition, CancellationToken cancel)
    {
        while (!condition())
        {
            await Task.Delay(10, cancel);
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _thread.Join();
    }

    private void Send(IPEndPoint to, int payloadType, bool marker, uint timestamp, ReadOnlySpan<byte> payload)
    {
        Span<byte> packet = stackalloc byte[1500];
        packet[0] = 0x80;
        packet[1] = (byte)(payloadType | (marker ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], _sequence++);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], _ssrc);
        payload.CopyTo(packet[12..]);
        SendRaw(to, packet[..(12 + payload.Length)]);
    }

    private void Receive()
    {
        var buffer = new byte[2048];
        while (true)
        {
            int length;
            try
            {
                length = _socket.Receive(buffer);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
            {
                continue;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            if (length >= 12)
            {
                lock (_lock)
                {
                    Take(buffer.AsSpan(0, length));
                }
            }
        }
    }

    private void Take(ReadOnlySpan<byte> packet)
    {
        var payloadType = packet[1] & 0x7F;
        var timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        _headers.Add((BinaryPrimitives.ReadUInt16BigEndian(packet[2..]), timestamp, ssrc, payloadType));
        if (payloadType == EventType && packet.Length >= 16)
        {
            if (!_pressed || _lastDigit != (ssrc, timestamp))
            {
                _pressed = true;
                _lastDigit = (ssrc, timestamp);
                _digits.Add("0123456789*#ABCD"[packet[12] & 15]);
            }
        }
        else if (payloadType == PayloadType)
        {
            _samples.AddRange(_receiveCodec.Decode(packet[12..]));
        }
    }
}
