using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using XSwitchEngine.Media;

namespace XSwitchEngine.TestKit;

/// <summary>How a <see cref="WebRtcPeer"/> behaves.</summary>
public sealed record WebRtcPeerOptions
{
    /// <summary>Codecs in its offer, best first: opus, PCMU, PCMA, G722.</summary>
    public IReadOnlyList<AudioCodec> Codecs { get; init; } = [AudioCodec.Opus, AudioCodec.Pcmu];

    /// <summary>Whether its offer has video (VP8), which tests send and receive as raw packets.</summary>
    public bool Video { get; init; }

    /// <summary>SRTP profiles that it does, best first: 7 is GCM, 1 is AES-CM.</summary>
    public IReadOnlyList<int> Profiles { get; init; } = [7, 1];

    /// <summary>a=setup in its answer: active or passive. Its offer says actpass.</summary>
    public string AnswerSetup { get; init; } = "active";

    /// <summary>Announced instead of the certificate's fingerprint.</summary>
    public string? WrongFingerprint { get; init; }

    /// <summary>Share of DTLS and STUN datagrams that it loses each way, 0..1.</summary>
    public double Loss { get; init; }

    /// <summary>Where it sends instead of the candidate: an impairment proxy.</summary>
    public IPEndPoint? Via { get; init; }

    /// <summary>Whether it is ICE-lite, as media servers are: waits for the engine's checks and sends none. For peers that answer.</summary>
    public bool IceLite { get; init; }

    /// <summary>Milliseconds between checks.</summary>
    public int CheckMs { get; init; } = 200;
}

/// <summary>A browser without a page: the full, controlling ICE agent that an ICE-lite engine needs, DTLS, SRTP, audio. One socket, one thread.</summary>
public sealed partial class WebRtcPeer : IDisposable
{
    private readonly WebRtcPeerOptions _options;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly PeerDtls _dtls;
    private readonly PeerDtlsWire _wire;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, bool> _checks = new(); // transaction → nominating
    private readonly List<short> _samples = [];
    private readonly List<(ushort Sequence, uint Timestamp, uint Ssrc, int PayloadType)> _headers = [];
    private readonly List<char> _digits = [];
    private readonly Random _random = new(1);
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _sessionId = RandomNumberGenerator.GetInt32(int.MaxValue);
    private PeerSrtp? _protect;
    private PeerSrtp? _unprotect;
    private RtpCodec? _receiveCodec;
    private RtpCodec? _sendCodec;
    private (uint Ssrc, uint Timestamp)? _lastDigit;
    private long _nextCheckMs;
    private int _version;
    private bool _dtlsBegun;
    private bool _weOffered;
    private ushort _sequence;
    private uint _timestamp;
    private volatile bool _stopping;
    private volatile bool _silent;

    public WebRtcPeer(WebRtcPeerOptions? options = null)
    {
        _options = options ?? new WebRtcPeerOptions();
        _dtls = new PeerDtls([.. _options.Profiles]);
        _wire = new PeerDtlsWire(datagram => SendTransport(datagram));
        (Ufrag, Password) = MakeCredentials();
        _socket.ReceiveBufferSize = 1 << 20;
        _socket.Bind(new IPEndPoint(_options.IceLite ? IPAddress.Any : IPAddress.Loopback, 0));
        _sequence = (ushort)RandomNumberGenerator.GetInt32(32768);
        Ssrc = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        _thread = new Thread(Run) { IsBackground = true, Name = "webrtc-peer" };
        _thread.Start();
    }

    /// <summary>Each plain RTP packet, on the peer's thread.</summary>
    public event Action<byte[]>? RtpReceived;

    /// <summary>Each plain compound RTCP packet, on the peer's thread.</summary>
    public event Action<byte[]>? RtcpReceived;

    /// <summary>Where it is; as an ICE-lite peer, once there is a description of the engine's: the same machine.</summary>
    public IPEndPoint Local => _options.IceLite && Remote?.Candidate is { } engine ? new IPEndPoint(engine.Address, ((IPEndPoint)_socket.LocalEndPoint!).Port) : (IPEndPoint)_socket.LocalEndPoint!;

    public string Ufrag { get; private set; }

    public string Password { get; private set; }

    public string Fingerprint => _options.WrongFingerprint ?? _dtls.Fingerprint;

    public uint Ssrc { get; set; }

    /// <summary>What the other side's description said.</summary>
    public PeerSdp? Remote { get; private set; }

    /// <summary>The keys of the handshake.</summary>
    public PeerKeys? Keys { get; private set; }

    /// <summary>ICE has found the engine, DTLS is done and the fingerprint right.</summary>
    public bool IsConnected => _connected.Task.IsCompletedSuccessfully;

    /// <summary>Answers to checks.</summary>
    public int CheckAnswers { get; private set; }

    /// <summary>Error codes in answers to checks.</summary>
    public ConcurrentQueue<int> CheckErrors { get; } = new();

    /// <summary>As an ICE-lite peer: where the engine's nominating check came from.</summary>
    public IPEndPoint? Nominated { get; private set; }

    /// <summary>As an ICE-lite peer: authentic checks of the engine.</summary>
    public int Checks { get; private set; }

    /// <summary>Our address as the engine sees it.</summary>
    public IPEndPoint? Mapped { get; private set; }

    /// <summary>Protected packets that were not authentic, or came before the keys.</summary>
    public int Refused { get; private set; }

    public AudioCodec Codec { get; private set; }

    public int PayloadType { get; private set; }

    public int EventType { get; private set; } = -1;

    public int RateHz => _sendCodec!.RateHz;

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

    /// <summary>Headers of all RTP packets received.</summary>
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

    /// <summary>An offer, as a browser makes it: bundled, no candidates.</summary>
    public string CreateOffer()
    {
        _weOffered = true;
        return PeerSdp.Write(_sessionId, ++_version, Ufrag, Password, Fingerprint, "actpass", _options.Codecs, _options.Video ? 96 : -1, Ssrc);
    }

    /// <summary>Takes the answer to our offer and begins.</summary>
    public void SetAnswer(string sdp)
    {
        _weOffered = true;
        TakeRemote(sdp);
    }

    /// <summary>Takes an offer, answers with its first codec that we do, and begins.</summary>
    public string CreateAnswer(string offer)
    {
        _weOffered = false;
        var remote = PeerSdp.Parse(offer);
        var codec = _options.Codecs.First(c => remote.PayloadTypeOf(c) >= 0);
        var answer = PeerSdp.WriteAnswer(_sessionId, ++_version, Ufrag, Password, Fingerprint, _options.AnswerSetup, remote, codec, _options.Video, Ssrc);
        TakeRemote(offer, codec);
        return !_options.IceLite ? answer : answer
            .Replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", StringComparison.Ordinal)
            .Replace("a=rtcp-mux\r\n", $"a=rtcp-mux\r\na=candidate:1 1 udp 2130706431 {Local.Address} {Local.Port} typ host\r\n", StringComparison.Ordinal);
    }

    /// <summary>New credentials for a restart: the next offer or answer has them, media goes on meanwhile.</summary>
    public void RestartIce() => (Ufrag, Password) = MakeCredentials();

    /// <summary>Sends no checks any more, as if the page were gone.</summary>
    public void FallSilent() => _silent = true;

    public Task ConnectedAsync(CancellationToken cancel) => _connected.Task.WaitAsync(cancel);

    /// <summary>Sends frames of 20 ms, each at its time.</summary>
    public async Task SendToneAsync(double frequencyHz, int frames, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < frames; i++)
        {
            SendFrame(ToneSource.Sine(frequencyHz, RateHz, RateHz / 50, 8000, (long)i * RateHz / 50));
            var wait = ((i + 1) * 20) - clock.ElapsedMilliseconds;
            if (wait > 0)
            {
                await Task.Delay((int)wait, cancel);
            }
        }
    }

    /// <summary>Sends one frame now.</summary>
    public void SendFrame(ReadOnlySpan<short> samples)
    {
        SendRtp(PayloadType, false, _timestamp, _sendCodec!.Encode(samples));
        _timestamp += (uint)(_sendCodec.ClockHz / 50);
        Sent++;
    }

    /// <summary>Sends a digit as telephone events: an update each 20 ms, three ends.</summary>
    public async Task SendDigitAsync(char digit, int durationMs = 100, CancellationToken cancel = default)
    {
        var clock = Codec == AudioCodec.Opus ? 48 : 8;
        var payload = new byte[4];
        payload[0] = (byte)"0123456789*#ABCD".IndexOf(digit, StringComparison.Ordinal);
        for (var ms = 20; ms <= durationMs + 40; ms += 20)
        {
            payload[1] = (byte)(10 | (ms >= durationMs ? 0x80 : 0));
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(2), (ushort)(Math.Min(ms, durationMs) * clock));
            SendRtp(EventType, ms == 20, _timestamp, payload);
            await Task.Delay(20, cancel);
        }

        _timestamp += (uint)((durationMs + 40) * clock);
    }

    /// <summary>Sends a plain RTP packet of the caller, protected.</summary>
    public void SendRtp(byte[] packet)
    {
        lock (_lock)
        {
            Send(_protect!.ProtectRtp(packet));
        }
    }

    /// <summary>Sends a plain compound RTCP packet of the caller, protected.</summary>
    public void SendRtcp(byte[] packet)
    {
        lock (_lock)
        {
            Send(_protect!.ProtectRtcp(packet));
        }
    }

    /// <summary>Protects without sending, for tests that alter or repeat a packet.</summary>
    public byte[] Protect(byte[] packet)
    {
        lock (_lock)
        {
            return _protect!.ProtectRtp(packet);
        }
    }

    /// <summary>Sends any bytes.</summary>
    public void SendRaw(byte[] packet) => Send(packet);

    /// <summary>A plain audio packet with the next sequence number, not sent.</summary>
    public byte[] MakePacket(int payloadType, bool marker, uint timestamp, ReadOnlySpan<byte> payload)
    {
        var packet = new byte[12 + payload.Length];
        packet[0] = 0x80;
        packet[1] = (byte)(payloadType | (marker ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), _sequence++);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), Ssrc);
        payload.CopyTo(packet.AsSpan(12));
        return packet;
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

    public void Dispose()
    {
        _stopping = true;
        _wire.Dispose();
        _socket.Dispose();
        _thread.Join();
    }

    private void SendRtp(int payloadType, bool marker, uint timestamp, ReadOnlySpan<byte> payload) => SendRtp(MakePacket(payloadType, marker, timestamp, payload));

    private void TakeRemote(string sdp, AudioCodec? chosen = null)
    {
        var remote = PeerSdp.Parse(sdp);
        lock (_lock)
        {
            Remote = remote;
            (Codec, PayloadType) = chosen is { } codec ? (codec, remote.PayloadTypeOf(codec)) : remote.FirstCodec;
            EventType = remote.EventType(Codec == AudioCodec.Opus ? 48000 : 8000);
            _receiveCodec ??= new RtpCodec(Codec);
            _sendCodec ??= new RtpCodec(Codec);
            _checks.Clear();
            _nextCheckMs = 0;
        }
    }

    private void Run()
    {
        var buffer = new byte[2048];
        while (!_stopping)
        {
            try
            {
                if (_socket.Poll(20_000, SelectMode.SelectRead))
                {
                    EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                    var length = _socket.ReceiveFrom(buffer, ref from);
                    Take(buffer[..length], (IPEndPoint)from);
                }

                Check();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
            {
                // The engine's port is closed.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Take(byte[] packet, IPEndPoint from)
    {
        if (packet.Length == 0 || (_options.Loss > 0 && packet[0] < 64 && _random.NextDouble() < _options.Loss))
        {
            return;
        }

        switch (packet[0])
        {
            case < 4:
                if (_options.IceLite)
                {
                    TakeCheck(packet, from);
                }
                else
                {
                    TakeAnswer(packet);
                }

                break;
            case >= 20 and <= 63:
                if (Remote is not null)
                {
                    BeginDtls(isClient: false);
                }

                _wire.Add(packet);
                break;
            case >= 128 and <= 191:
                TakeMedia(packet);
                break;
            default:
                break;
        }
    }

    private void TakeMedia(byte[] packet)
    {
        var isRtcp = packet.Length > 1 && packet[1] is >= 192 and <= 223;
        byte[]? plain;
        lock (_lock)
        {
            plain = isRtcp ? _unprotect?.UnprotectRtcp(packet) : _unprotect?.UnprotectRtp(packet);
            if (plain is null)
            {
                Refused++;
                return;
            }

            if (!isRtcp)
            {
                TakeRtp(plain);
            }
        }

        if (isRtcp)
        {
            RtcpReceived?.Invoke(plain);
        }
        else
        {
            RtpReceived?.Invoke(plain);
        }
    }

    private void TakeRtp(byte[] packet)
    {
        var payloadType = packet[1] & 0x7F;
        var timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4));
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(8));
        _headers.Add((BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)), timestamp, ssrc, payloadType));
        var offset = 12 + ((packet[0] & 15) * 4);
        if ((packet[0] & 16) != 0)
        {
            offset += 4 + (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(offset + 2)) * 4);
        }

        if (payloadType == EventType && packet.Length >= offset + 4)
        {
            if (_lastDigit != (ssrc, timestamp))
            {
                _lastDigit = (ssrc, timestamp);
                _digits.Add("0123456789*#ABCD"[packet[offset] & 15]);
            }
        }
        else if (payloadType == PayloadType && packet.Length > offset)
        {
            _samples.AddRange(_receiveCodec!.Decode(packet.AsSpan(offset)));
        }
    }
}
