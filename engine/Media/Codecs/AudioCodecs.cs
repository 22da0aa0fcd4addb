using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace XSwitchEngine.Media.Codecs;

/// <summary>Turns samples into payload bytes; one for each stream, since some carry state.</summary>
internal abstract class AudioEncoder
{
    /// <summary>Encodes samples at the codec's rate; the caller gives whole frames of 10 ms.</summary>
    /// <returns>Bytes written.</returns>
    public abstract int Encode(ReadOnlySpan<short> samples, Span<byte> payload);

    /// <summary>Makes the encoder of a codec.</summary>
    /// <returns>Null for a codec that can only be passed through.</returns>
    public static AudioEncoder? Create(CodecOption codec) => codec.Codec switch
    {
        AudioCodec.Pcmu => MuLawEncoder.Shared,
        AudioCodec.Pcma => ALawEncoder.Shared,
        AudioCodec.G722 => new G722Encoder(),
        AudioCodec.L16 => L16Encoder.Shared,
        AudioCodec.Opus => null,
        _ => null,
    };

    private sealed class MuLawEncoder : AudioEncoder
    {
        public static readonly MuLawEncoder Shared = new();

        public override int Encode(ReadOnlySpan<short> samples, Span<byte> payload)
        {
            G711.EncodeMuLaw(samples, payload);
            return samples.Length;
        }
    }

    private sealed class ALawEncoder : AudioEncoder
    {
        public static readonly ALawEncoder Shared = new();

        public override int Encode(ReadOnlySpan<short> samples, Span<byte> payload)
        {
            G711.EncodeALaw(samples, payload);
            return samples.Length;
        }
    }

    private sealed class L16Encoder : AudioEncoder
    {
        public static readonly L16Encoder Shared = new();

        public override int Encode(ReadOnlySpan<short> samples, Span<byte> payload)
        {
            var to = MemoryMarshal.Cast<byte, short>(payload)[..samples.Length];
            if (BitConverter.IsLittleEndian)
            {
                BinaryPrimitives.ReverseEndianness(samples, to);
            }
            else
            {
                samples.CopyTo(to);
            }

            return samples.Length * sizeof(short);
        }
    }
}

/// <summary>Turns payload bytes into samples; one for each stream, since some carry state.</summary>
internal abstract class AudioDecoder
{
    /// <summary>Samples that a payload holds.</summary>
    public abstract int SamplesIn(int payloadLength);

    /// <summary>Decodes a payload as received.</summary>
    /// <param name="payload">Any bytes.</param>
    /// <param name="samples">At least <see cref="SamplesIn"/> long.</param>
    /// <returns>Samples written.</returns>
    public abstract int Decode(ReadOnlySpan<byte> payload, Span<short> samples);

    /// <summary>Makes the decoder of a codec.</summary>
    /// <returns>Null for a codec that can only be passed through.</returns>
    public static AudioDecoder? Create(CodecOption codec) => codec.Codec switch
    {
        AudioCodec.Pcmu => MuLawDecoder.Shared,
        AudioCodec.Pcma => ALawDecoder.Shared,
        AudioCodec.G722 => new G722Decoder(),
        AudioCodec.L16 => L16Decoder.Shared,
        AudioCodec.Opus => null,
        _ => null,
    };

    private sealed class MuLawDecoder : AudioDecoder
    {
        public static readonly MuLawDecoder Shared = new();

        public override int SamplesIn(int payloadLength) => payloadLength;

        public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples)
        {
            G711.DecodeMuLaw(payload, samples);
            return payload.Length;
        }
    }

    private sealed class ALawDecoder : AudioDecoder
    {
        public static readonly ALawDecoder Shared = new();

        public override int SamplesIn(int payloadLength) => payloadLength;

        public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples)
        {
            G711.DecodeALaw(payload, samples);
            return payload.Length;
        }
    }

    private sealed class L16Decoder : AudioDecoder
    {
        public static readonly L16Decoder Shared = new();

        public override int SamplesIn(int payloadLength) => payloadLength / sizeof(short);

        public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples)
        {
            var from = MemoryMarshal.Cast<byte, short>(payload);
            if (BitConverter.IsLittleEndian)
            {
                BinaryPrimitives.ReverseEndianness(from, samples[..from.Length]);
            }
            else
            {
                from.CopyTo(samples);
            }

            return from.Length;
        }
    }
}
