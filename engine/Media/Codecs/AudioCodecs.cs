using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace XSwitchEngine.Media.Codecs;

/// <summary>Turns samples into payload bytes; one for each stream, since some carry state.</summary>
internal abstract class AudioEncoder
{
    /// <summary>Encodes samples at the codec's rate; the caller gives whole frames of 10 ms.</summary>
    /// <returns>Bytes written.</returns>
    public abstract int Encode(ReadOnlySpan<short> samples, Span<byte> payload);

    /// <summary>Gives back what it holds outside the managed heap.</summary>
    public virtual void Release()
    {
    }

    /// <summary>Makes the encoder of a codec.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="rateHz">Rate of the samples: that of the codec, or 8000 or 16000 for Opus.</param>
    /// <returns>Null for a codec that can only be passed through.</returns>
    public static AudioEncoder? Create(CodecOption codec, int rateHz) => codec.Codec switch
    {
        AudioCodec.Pcmu => MuLawEncoder.Shared,
        AudioCodec.Pcma => ALawEncoder.Shared,
        AudioCodec.G722 => new G722Encoder(),
        AudioCodec.L16 => L16Encoder.Shared,
        AudioCodec.Opus => Opus.IsAvailable ? new Opus.Encoder(rateHz) : null,
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
    /// <summary>Whether it makes up what was lost itself.</summary>
    public virtual bool Conceals => false;

    /// <summary>Samples that a payload holds; 0 for what cannot be decoded.</summary>
    public abstract int SamplesIn(ReadOnlySpan<byte> payload);

    /// <summary>Decodes a payload as received.</summary>
    /// <param name="payload">Any bytes.</param>
    /// <param name="samples">At least <see cref="SamplesIn"/> long.</param>
    /// <returns>Samples written.</returns>
    public abstract int Decode(ReadOnlySpan<byte> payload, Span<short> samples);

    /// <summary>Makes up what was lost.</summary>
    /// <param name="following">The packet right after it, or empty.</param>
    /// <param name="samples">Filled.</param>
    /// <returns>Samples written.</returns>
    public virtual int Conceal(ReadOnlySpan<byte> following, Span<short> samples) => 0;

    /// <summary>Gives back what it holds outside the managed heap.</summary>
    public virtual void Release()
    {
    }

    /// <summary>Makes the decoder of a codec.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="rateHz">Rate of the samples: that of the codec, or 8000 or 16000 for Opus.</param>
    /// <returns>Null for a codec that can only be passed through.</returns>
    public static AudioDecoder? Create(CodecOption codec, int rateHz) => codec.Codec switch
    {
        AudioCodec.Pcmu => MuLawDecoder.Shared,
        AudioCodec.Pcma => ALawDecoder.Shared,
        AudioCodec.G722 => new G722Decoder(),
        AudioCodec.L16 => L16Decoder.Shared,
        AudioCodec.Opus => Opus.IsAvailable ? new Opus.Decoder(rateHz) : null,
        _ => null,
    };

    private sealed class MuLawDecoder : AudioDecoder
    {
        public static readonly MuLawDecoder Shared = new();

        public override int SamplesIn(ReadOnlySpan<byte> payload) => payload.Length;

        public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples)
        {
            G711.DecodeMuLaw(payload, samples);
            return payload.Length;
        }
    }

    private sealed class ALawDecoder : AudioDecoder
    {
        public static readonly ALawDecoder Shared = new();

        public override int SamplesIn(ReadOnlySpan<byte> payload) => payload.Length;

        public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples)
        {
            G711.DecodeALaw(payload, samples);
            return payload.Length;
        }
    }

    private sealed class L16Decoder : AudioDecoder
    {
        public static readonly L16Decoder Shared = new();

        public override int SamplesIn(ReadOnlySpan<byte> payload) => payload.Length / sizeof(short);

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
