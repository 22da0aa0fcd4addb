namespace XSwitchEngine.Media.Codecs;

/// <summary>G.711 by tables: one look-up a sample both ways.</summary>
internal static class G711
{
    /// <summary>µ-law of zero.</summary>
    public const byte MuLawSilence = 0xFF;

    /// <summary>A-law of the smallest positive step.</summary>
    public const byte ALawSilence = 0xD5;

    private static readonly short[] MuToLinear = MakeTable(DecodeMu);
    private static readonly short[] AToLinear = MakeTable(DecodeA);
    private static readonly byte[] LinearToMu = MakeInverse(EncodeMu);
    private static readonly byte[] LinearToA = MakeInverse(EncodeA);

    public static void DecodeMuLaw(ReadOnlySpan<byte> from, Span<short> to) => Decode(MuToLinear, from, to);

    public static void DecodeALaw(ReadOnlySpan<byte> from, Span<short> to) => Decode(AToLinear, from, to);

    public static void EncodeMuLaw(ReadOnlySpan<short> from, Span<byte> to) => Encode(LinearToMu, from, to);

    public static void EncodeALaw(ReadOnlySpan<short> from, Span<byte> to) => Encode(LinearToA, from, to);

    private static void Decode(short[] table, ReadOnlySpan<byte> from, Span<short> to)
    {
        to = to[..from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = table[from[i]];
        }
    }

    private static void Encode(byte[] table, ReadOnlySpan<short> from, Span<byte> to)
    {
        to = to[..from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = table[(ushort)from[i]];
        }
    }

    private static short[] MakeTable(Func<byte, short> decode)
    {
        var table = new short[256];
        for (var i = 0; i < 256; i++)
        {
            table[i] = decode((byte)i);
        }

        return table;
    }

    private static byte[] MakeInverse(Func<int, byte> encode)
    {
        var table = new byte[65536];
        for (var i = short.MinValue; ; i++)
        {
            table[(ushort)i] = encode(i);
            if (i == short.MaxValue)
            {
                return table;
            }
        }
    }

    private static short DecodeMu(byte code)
    {
        var inverted = ~code & 0xFF;
        var magnitude = ((((inverted & 0x0F) << 3) + 0x84) << (inverted >> 4 & 7)) - 0x84;
        return (short)((inverted & 0x80) != 0 ? -magnitude : magnitude);
    }

    private static short DecodeA(byte code)
    {
        var toggled = code ^ 0x55;
        var segment = toggled >> 4 & 7;
        var magnitude = ((toggled & 0x0F) << 4) + 8;
        if (segment > 0)
        {
            magnitude = (magnitude + 0x100) << (segment - 1);
        }

        return (short)((toggled & 0x80) != 0 ? magnitude : -magnitude);
    }

    private static byte EncodeMu(int sample)
    {
        var sign = sample < 0 ? 0x80 : 0;
        var magnitude = Math.Min(sample < 0 ? -sample : sample, 32635) + 0x84;
        var segment = 7 - (System.Numerics.BitOperations.LeadingZeroCount((uint)magnitude) - 17);
        return (byte)~(sign | (segment << 4) | (magnitude >> (segment + 3) & 0x0F));
    }

    private static byte EncodeA(int sample)
    {
        // Negative values are the ones' complement, so that the two halves meet between −1 and 0 (G.711 table 1a).
        var sign = sample >= 0 ? 0x80 : 0;
        var magnitude = (sample < 0 ? ~sample : sample) >> 3;
        var segment = magnitude < 32 ? 0 : 27 - System.Numerics.BitOperations.LeadingZeroCount((uint)magnitude);
        var mantissa = segment < 2 ? magnitude >> 1 & 0x0F : magnitude >> segment & 0x0F;
        return (byte)((sign | (segment << 4) | mantissa) ^ 0x55);
    }
}
