using System.Buffers.Binary;
using System.Net;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Files;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>A media core without sockets, threads or a clock: the test gives packets and time, and sees packets and events.</summary>
internal sealed class FakePlane : IMediaOutput
{
    public static readonly CodecOption Pcmu = new(AudioCodec.Pcmu, 8000);
    public static readonly CodecOption Pcma = new(AudioCodec.Pcma, 8000);
    public static readonly CodecOption G722 = new(AudioCodec.G722, 16000);
    public static readonly CodecOption Opus = new(AudioCodec.Opus, 48000);

    private readonly List<IFileWork> _files = [];
    private int _legs;

    public FakePlane() => Core = new MediaCore(this) { Dtls = Dtls };

    /// <summary>DTLS with a certificate of ours, the same in all tests.</summary>
    public static OpenSslDtls Dtls { get; } = new(FakePlaneCertificate.Certificate);

    public MediaCore Core { get; }

    public long NowUs { get; private set; } = 1_000_000;

    public List<MediaEvent> Events { get; } = [];

    public List<(MediaLeg Leg, bool Rtcp, byte[] Data, NetAddress To)> SentPackets { get; } = [];

    public List<MediaLeg> Connected { get; } = [];

    /// <summary>Called at each step of time, before what is due.</summary>
    public Action? OnStep { get; set; }

    public DateTimeOffset UtcNow => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMicroseconds(NowUs);

    public void Send(MediaLeg leg, bool rtcp, ReadOnlySpan<byte> packet, in NetAddress to) => SentPackets.Add((leg, rtcp, packet.ToArray(), to));

    public void Connect(MediaLeg leg, in NetAddress to) => Connected.Add(leg);

    public void Disconnect(MediaLeg leg) => Connected.Remove(leg);

    public void Emit(in MediaEvent mediaEvent) => Events.Add(mediaEvent);

    /// <summary>A configured leg with its peer.</summary>
    public Phone Add(CodecOption codec, Func<AudioStream, AudioStream>? change = null)
    {
        var index = ++_legs;
        var leg = new MediaLeg(new MediaSession(index, 1, (ushort)(20000 + (2 * index)), 0), 100 + index, [1, 2, 3, 4, 0xF0, 0x7F, 9, 9, 9, (byte)index]);
        var phone = new Phone(this, leg, codec, new IPEndPoint(IPAddress.Parse("192.0.2.9"), 5000 + (2 * index)));
        Do(CommandKind.Add, phone);
        phone.Configure(change ?? (s => s));
        return phone;
    }

    public void Do(CommandKind kind, Phone phone, object? argument = null, long number = 0, int value = 0, int extra = 0) =>
        Core.Execute(new MediaCommand(kind, phone.Leg, argument, number, value, extra), NowUs);

    public void Bridge(Phone a, Phone b) => Do(CommandKind.Bridge, a, b.Leg);

    public void Play(Phone phone, long token, string source)
    {
        Assert.True(Media.Audio.PlaybackSource.TryParse(source, out var items, out var error), error);
        Do(CommandKind.Play, phone, new Media.Audio.Playback(token, items, _files.Add, 1));
    }

    public void Record(Phone phone, long token, RecordingSpec spec)
    {
        var file = new WavRecorder(spec.Path, spec.CreateDirectories, spec is { BothDirections: true, Stereo: true } ? 2 : 1, ended =>
            Emit(new MediaEvent(MediaEventKind.RecordingDone, phone.Leg.Session, phone.Leg.Owner, token, (int)ended.End, ended.Frames, ended.RateHz)));
        _files.Add(file);
        Do(CommandKind.Record, phone, new Recording(token, spec, file));
    }

    /// <summary>Lets time pass in steps of a millisecond; phones that are talking send at their pace, files are served.</summary>
    public void Run(int ms)
    {
        for (var i = 0; i < ms; i++)
        {
            NowUs += 1000;
            OnStep?.Invoke();
            ServeFiles();
            if (NowUs >= Core.DueUs)
            {
                Core.Run(NowUs);
            }
        }
    }

    public void ServeFiles() => _files.RemoveAll(f => !f.Service());

    public IEnumerable<MediaEvent> EventsOf(MediaEventKind kind) => Events.Where(e => e.Kind == kind);
}

/// <summary>The certificate of all legs without sockets.</summary>
internal static class FakePlaneCertificate
{
    public static DtlsCertificate Certificate { get; } = DtlsCertificate.Create(DateTimeOffset.UtcNow, [1, 2, 3, 4, 5, 6, 7, 8]);

    public static DtlsFingerprint Fingerprint => Certificate.Fingerprint;
}

/// <summary>The far end of one leg.</summary>
internal sealed class Phone
{
    private readonly FakePlane _plane;
    private readonly RtpCodec _sends;
    private readonly CodecOption _codec;
    private long _samplesSent;
    private long _nextUs;

    public Phone(FakePlane plane, MediaLeg leg, CodecOption codec, IPEndPoint address)
    {
        (_plane, Leg, _codec, Address) = (plane, leg, codec, address);
        _sends = new RtpCodec(codec.Codec);
        plane.OnStep += Step;
    }

    public MediaLeg Leg { get; }

    public IPEndPoint Address { get; set; }

    public AudioStream Stream { get; private set; } = null!;

    public uint Ssrc { get; set; } = 0xABCD;

    public ushort Sequence { get; set; } = 65530;

    public uint Timestamp { get; set; } = uint.MaxValue - 800;

    /// <summary>Frequency that it is saying, or 0.</summary>
    public double Talking { get; set; }

    public double Peak { get; set; } = 8000;

    public int PayloadType => _sends.PayloadType;

    public int RateHz => _sends.RateHz;

    /// <summary>RTP packets that came to it.</summary>
    public List<byte[]> Packets => [.. _plane.SentPackets.Where(p => p.Leg == Leg && !IsRtcp(p.Data)).Select(p => p.Data)];

    public List<RtpHeader> Headers => [.. Packets.Select(p => RtpHeader.TryParse(p, out var header) ? header : throw new InvalidDataException())];

    public List<RtpHeader> AudioHeaders => [.. Headers.Where(h => h.PayloadType == Stream.SendPayloadType)];

    public List<RtpHeader> EventHeaders => [.. Headers.Where(h => h.PayloadType == Stream.SendEventType)];

    public short[] Heard
    {
        get
        {
            var codec = new RtpCodec(_codec.Codec);
            return [.. Packets.Where(p => (p[1] & 0x7F) == Stream.SendPayloadType).SelectMany(p => codec.Decode(p.AsSpan(12)))];
        }
    }

    /// <summary>Digits that came to it, each event with its units.</summary>
    public List<(char Digit, int Units)> Digits
    {
        get
        {
            var digits = new Dictionary<uint, (char, int)>();
            foreach (var packet in Packets.Where(p => (p[1] & 0x7F) == Stream.SendEventType))
            {
                digits[BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4))] = ("0123456789*#ABCD"[packet[12]], BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(14)));
            }

            return [.. digits.Values];
        }
    }

    public void Configure(Func<AudioStream, AudioStream> change)
    {
        Stream = change(new AudioStream(_codec, MediaDirection.SendRecv, Address, new IPEndPoint(Address.Address, Address.Port + 1))
        {
            SendPayloadType = PayloadType,
            ReceivePayloadType = PayloadType,
            SendEventType = 101,
            ReceiveEventType = 101,
        });
        _plane.Do(CommandKind.Configure, this, Stream);
    }

    /// <summary>Sends 20 ms of a tone.</summary>
    public void Say(double frequencyHz)
    {
        var samples = ToneSource.Sine(frequencyHz, RateHz, RateHz / 50, Peak, _samplesSent);
        _samplesSent += samples.Length;
        Send(PayloadType, false, Timestamp, _sends.Encode(samples));
        Timestamp += (uint)_sends.ClockHz / 50;
    }

    /// <summary>Says a frame, which may get lost on its way.</summary>
    public void SayFrame(ReadOnlySpan<short> samples, bool isLost = false, bool withCopy = true)
    {
        var payload = _sends.Encode(samples);
        if (isLost || !withCopy)
        {
            Sequence++;
        }
        else
        {
            Send(PayloadType, false, Timestamp, payload);
        }

        Timestamp += (uint)_sends.ClockHz / 50;
    }

    /// <summary>RTCP packets that came to it.</summary>
    public List<byte[]> Reports => [.. _plane.SentPackets.Where(p => p.Leg == Leg && IsRtcp(p.Data)).Select(p => p.Data)];

    public void SendEvent(byte number, uint timestamp, int units, bool end = false, bool marker = false) =>
        Send(Stream.ReceiveEventType, marker, timestamp, [number, (byte)(end ? 0x8A : 0x0A), (byte)(units >> 8), (byte)units]);

    /// <summary>Presses a key as phones do: an update each 20 ms, then three ends; audio pauses.</summary>
    public void Press(byte number, int ms)
    {
        var (talking, timestamp) = (Talking, Timestamp);
        Talking = 0;
        for (var t = 20; t < ms; t += 20)
        {
            SendEvent(number, timestamp, t * 8, marker: t == 20);
            _plane.Run(20);
        }

        for (var i = 0; i < 3; i++)
        {
            SendEvent(number, timestamp, ms * 8, end: true);
        }

        _plane.Run(20);
        Timestamp += (uint)(ms * 8);
        Talking = talking;
    }

    public void Send(int payloadType, bool marker, uint timestamp, ReadOnlySpan<byte> payload, IPEndPoint? from = null)
    {
        var packet = new byte[12 + payload.Length];
        RtpHeader.Write(packet, payloadType, marker, Sequence++, timestamp, Ssrc);
        payload.CopyTo(packet.AsSpan(12));
        Receive(packet, from);
    }

    public void Receive(byte[] packet, IPEndPoint? from = null) => Leg.OnRtp(packet, NetAddress.From(from ?? Address), _plane.NowUs);

    /// <summary>RFC 5761 §4: by the packet type, wherever it was sent.</summary>
    private static bool IsRtcp(byte[] packet) => packet[1] is >= 192 and <= 223;

    private void Step()
    {
        if (Talking == 0)
        {
            _nextUs = 0;
        }
        else if (_plane.NowUs >= _nextUs)
        {
            _nextUs = (_nextUs == 0 ? _plane.NowUs : _nextUs) + 20_000;
            Say(Talking);
        }
    }
}
