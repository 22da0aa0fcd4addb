using System.Net;
using BenchmarkDotNet.Attributes;
using XSwitchEngine.Media;
using XSwitchEngine.Media.Audio;
using XSwitchEngine.Media.Codecs;
using XSwitchEngine.Media.Dtmf;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Benchmarks;

/// <summary>The work of the media plane for 20 ms of one leg, without its system calls.</summary>
[MemoryDiagnoser]
#pragma warning disable CA1001 // GlobalCleanup disposes of the engine
public class MediaBenchmarks : IMediaOutput
#pragma warning restore CA1001
{
    private static readonly CodecOption Pcmu = new(AudioCodec.Pcmu, 8000);

    private readonly short[] _narrow = new short[160];
    private readonly short[] _wide = new short[320];
    private readonly short[] _resampled = new short[320];
    private readonly byte[] _payload = new byte[320];
    private readonly byte[] _packet = new byte[172];
    private readonly short[] _heard = new short[10 * 160];
    private readonly short[] _mixes = new short[10 * 160];
    private readonly G722Encoder _encoder = new();
    private readonly G722Decoder _decoder = new();
    private readonly Resampler _resampler = new(8000, 16000);
    private readonly InbandDetector _detector = new(8000);
    private readonly LocalCapability _local = new([Pcmu, new(AudioCodec.Pcma, 8000), new(AudioCodec.G722, 16000)], IPAddress.Loopback, 4000, 4001);
    private string _offer = "";
    private MediaLeg _leg = null!;
    private NetAddress _source;
    private ushort _sequence;
    private long _nowUs = 1;
    private MediaEngine _engine = null!;

    public DateTimeOffset UtcNow => DateTimeOffset.UnixEpoch;

    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < _wide.Length; i++)
        {
            _wide[i] = (short)(8000 * Math.Sin(i * 0.17));
        }

        _wide.AsSpan(0, 160).CopyTo(_narrow);
        Random.Shared.NextBytes(_payload);
        _offer = OfferAnswer.CreateOffer(_local, null);
        var core = new MediaCore(this) { Dtls = new OpenSslDtls(DtlsCertificate.Create(DateTimeOffset.UtcNow, [1, 2, 3, 4, 5, 6, 7, 8])) };
        var legs = new MediaLeg[2];
        var remote = new IPEndPoint(IPAddress.Loopback, 5000);
        for (var i = 0; i < 2; i++)
        {
            legs[i] = new MediaLeg(new MediaSession(i, 1, 0, 0), i, new byte[10]);
            core.Execute(new MediaCommand(CommandKind.Add, legs[i]), 1);
            core.Execute(new MediaCommand(CommandKind.Configure, legs[i], new AudioStream(Pcmu, MediaDirection.SendRecv, remote, remote)), 1);
        }

        core.Execute(new MediaCommand(CommandKind.Bridge, legs[0], legs[1]), 1);
        (_leg, _source) = (legs[0], NetAddress.From(remote));
        _engine = new MediaEngine(new MediaEngineOptions { Events = static _ => { }, Loops = 1, Pin = false });
    }

    [GlobalCleanup]
    public void Cleanup() => _engine.Dispose();

    /// <summary>Header check, source check, counters, new numbers.</summary>
    [Benchmark]
    public void RelayPacket()
    {
        RtpHeader.Write(_packet, 0, false, ++_sequence, (uint)(_sequence * 160), 7);
        _leg.OnRtp(_packet, _source, _nowUs += 20_000);
    }

    [Benchmark]
    public void MixTenMembers() => Mixer.MixMinus(_heard, _mixes, 160);

    [Benchmark]
    public void MuLawEncode() => G711.EncodeMuLaw(_narrow, _payload);

    [Benchmark]
    public void MuLawDecode() => G711.DecodeMuLaw(_payload.AsSpan(0, 160), _narrow);

    [Benchmark]
    public int G722Encode() => _encoder.Encode(_wide, _payload);

    [Benchmark]
    public int G722Decode() => _decoder.Decode(_payload.AsSpan(0, 160), _wide);

    [Benchmark]
    public int Resample8To16() => _resampler.Process(_narrow, _resampled);

    [Benchmark]
    public char DetectDigit() => _detector.Process(_narrow, out _);

    [Benchmark]
    public NegotiatedSession? OfferAndAnswer() =>
        SessionDescription.TryParse(_offer, out var offer, out _) && OfferAnswer.TryAnswer(_local, offer, null, out var session, out _) ? session : null;

    /// <summary>What a call costs the core's thread: two ports bound, commands, ports closed by the loop.</summary>
    [Benchmark]
    public void OpenAndClose()
    {
        if (_engine.TryOpen(new MediaOpen(IPAddress.Loopback, default, 1), out var session, out _))
        {
            _engine.Close(session);
        }
    }

    void IMediaOutput.Send(MediaLeg leg, bool rtcp, ReadOnlySpan<byte> packet, in NetAddress to)
    {
    }

    void IMediaOutput.Connect(MediaLeg leg, in NetAddress to)
    {
    }

    void IMediaOutput.Disconnect(MediaLeg leg)
    {
    }

    void IMediaOutput.Emit(in MediaEvent mediaEvent)
    {
    }
}
