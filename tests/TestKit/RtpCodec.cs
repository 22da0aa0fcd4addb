using XSwitchEngine.Media;
using XSwitchEngine.Media.Codecs;

namespace XSwitchEngine.TestKit;

/// <summary>A peer's codec: G.711 computed by its definition, without the engine's tables; G.722 is the engine's, which is bit-exact to vectors; Opus is libopus.</summary>
public sealed class RtpCodec(AudioCodec codec)
{
    private static readonly Lazy<byte[]> MuLaw = new(() => Codes(FromMuLaw));
    private static readonly Lazy<byte[]> ALaw = new(() => Codes(FromALaw));

    private readonly G722Encoder _encoder = new();
    private readonly G722Decoder _decoder = new();
    private readonly Opus.Encoder? _opusEncoder = codec == AudioCodec.Opus ? new Opus.Encoder(48000) : null;
    private readonly Opus.Decoder? _opusDecoder = codec == AudioCodec.Opus ? new Opus.Decoder(48000) : null;

    public int RateHz => codec switch
    {
        AudioCodec.G722 => 16000,
        AudioCodec.Opus => 48000,
        AudioCodec.Pcmu or AudioCodec.Pcma or AudioCodec.L16 => 8000,
        _ => 8000,
    };

    /// <summary>RTP clock.</summary>
    public int ClockHz => codec == AudioCodec.Opus ? 48000 : 8000;

    /// <summary>Static payload type, or the one that browsers use.</summary>
    public int PayloadType => codec switch
    {
        AudioCodec.Pcma => 8,
        AudioCodec.G722 => 9,
        AudioCodec.Opus => 111,
        AudioCodec.Pcmu or AudioCodec.L16 => 0,
        _ => 0,
    };

    public byte[] Encode(ReadOnlySpan<short> samples)
    {
        if (_opusEncoder is { } opus)
        {
            var packet = new byte[1275];
            return packet[..opus.Encode(samples, packet)];
        }

        if (codec == AudioCodec.G722)
        {
            var payload = new byte[samples.Length / 2];
            _encoder.Encode(samples, payload);
            return payload;
        }

        var bytes = new byte[samples.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = codec == AudioCodec.Pcma ? ToALaw(samples[i]) : ToMuLaw(samples[i]);
        }

        return bytes;
    }

    public short[] Decode(ReadOnlySpan<byte> payload)
    {
        if (_opusDecoder is { } opus)
        {
            var heard = new short[opus.SamplesIn(payload)];
            return heard[..opus.Decode(payload, heard)];
        }

        if (codec == AudioCodec.G722)
        {
            var decoded = new short[payload.Length * 2];
            _decoder.Decode(payload, decoded);
            return decoded;
        }

        var samples = new short[payload.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = codec == AudioCodec.Pcma ? FromALaw(payload[i]) : FromMuLaw(payload[i]);
        }

        return samples;
    }

    /// <summary>The code whose value is nearest.</summary>
    public static byte ToMuLaw(short sample) => MuLaw.Value[(ushort)sample];

    public static byte ToALaw(short sample) => ALaw.Value[(ushort)sample];

    /// <summary>G.711 table 2a: value = (33 + 2·mantissa) · 2^segment − 33 on 14 bits.</summary>
    public static short FromMuLaw(byte code)
    {
        var bits = 255 - code;
        var value = ((33 + (2 * (bits % 16))) * (1 << (bits / 16 % 8))) - 33;
        return (short)(4 * (bits >= 128 ? -value : value));
    }

    /// <summary>G.711 table 1a: on 13 bits 2·mantissa + 1 in the first segment, (2·mantissa + 33) · 2^(segment − 1) in the others.</summary>
    public static short FromALaw(byte code)
    {
        var bits = code ^ 0b0101_0101;
        var (segment, mantissa) = (bits / 16 % 8, bits % 16);
        var value = segment == 0 ? (2 * mantissa) + 1 : ((2 * mantissa) + 33) * (1 << (segment - 1));
        return (short)(8 * (bits >= 128 ? value : -value));
    }

    private static byte[] Codes(Func<byte, short> decode)
    {
        var values = Enumerable.Range(0, 256).Select(code => (Code: (byte)code, Value: decode((byte)code))).OrderBy(c => c.Value).ToArray();
        var codes = new byte[65536];
        var at = 0;
        for (int sample = short.MinValue; sample <= short.MaxValue; sample++)
        {
            while (at + 1 < values.Length && Math.Abs(values[at + 1].Value - sample) <= Math.Abs(values[at].Value - sample))
            {
                at++;
            }

            codes[(ushort)sample] = values[at].Code;
        }

        return codes;
    }
}
