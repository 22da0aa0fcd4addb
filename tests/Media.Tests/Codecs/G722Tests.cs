using XSwitchEngine.Media.Codecs;

namespace XSwitchEngine.Media.Tests.Codecs;

/// <summary>Against the output of another implementation (see vectors/README.md), bit by bit.</summary>
public sealed class G722Tests
{
    private const int RandomCodes = 4000;

    [Fact]
    public void Encoder_is_bit_exact()
    {
        var payload = new byte[8000];
        Assert.Equal(payload.Length, new G722Encoder().Encode(Signal(), payload));
        Assert.Equal(Vector("g722-encoded.bin"), payload);
    }

    [Fact]
    public void Decoder_is_bit_exact_for_encoded_and_for_random_codes()
    {
        byte[] codes = [.. Vector("g722-encoded.bin"), .. Random(RandomCodes, 777).Select(x => (byte)x)];
        var samples = new short[codes.Length * 2];
        Assert.Equal(samples.Length, new G722Decoder().Decode(codes, samples));
        var expected = Vector("g722-decoded.raw");
        for (var i = 0; i < samples.Length; i++)
        {
            AssertSame(BitConverter.ToInt16(expected, i * 2), samples[i]);
        }
    }

    [Theory]
    [InlineData(160)]
    [InlineData(320)]
    [InlineData(480)]
    [InlineData(960)]
    public void Frames_of_any_length_give_the_same_stream(int frame)
    {
        var signal = Signal();
        var encoder = new G722Encoder();
        var decoder = new G722Decoder();
        var payload = new List<byte>();
        var samples = new List<short>();
        for (var i = 0; i + frame <= signal.Length; i += frame)
        {
            var bytes = new byte[frame / 2];
            var decoded = new short[frame];
            encoder.Encode(signal.AsSpan(i, frame), bytes);
            decoder.Decode(bytes, decoded);
            payload.AddRange(bytes);
            samples.AddRange(decoded);
        }

        Assert.Equal(Vector("g722-encoded.bin").Take(payload.Count), payload);
        var expected = new short[signal.Length];
        new G722Decoder().Decode(Vector("g722-encoded.bin"), expected);
        Assert.Equal(expected.Take(samples.Count), samples);
    }

    /// <summary>The other implementation lets the last sum wrap where ours is limited (§4.4), so there the signs differ.</summary>
    private static void AssertSame(short expected, short actual)
    {
        if (actual is short.MinValue or short.MaxValue && expected != actual)
        {
            Assert.NotEqual(Math.Sign(expected), Math.Sign(actual));
        }
        else
        {
            Assert.Equal(expected, actual);
        }
    }

    /// <summary>The input of the vectors: silence, ramps, noise of three levels, full-scale squares, and sums.</summary>
    private static short[] Signal()
    {
        var random = Random(16000, 12345);
        var signal = new short[16000];
        for (var i = 0; i < signal.Length; i++)
        {
            var part = i / 2000;
            var noise = random[i] - 32768;
            var ramp = (i * (37 + (part * 61)) % 65536) - 32768;
            var value = part switch
            {
                0 => 0,
                1 => ramp >> 3,
                2 => noise >> 6,
                3 => noise >> 2,
                4 => noise,
                5 => i / 10 % 2 != 0 ? 32767 : -32768,
                6 => (ramp + noise) >> 1,
                _ => ramp,
            };
            signal[i] = (short)value;
        }

        return signal;
    }

    private static int[] Random(int count, uint seed)
    {
        var values = new int[count];
        for (var i = 0; i < count; i++)
        {
            seed = (seed * 1664525) + 1013904223;
            values[i] = (int)(seed >> 16);
        }

        return values;
    }

    private static byte[] Vector(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", name));
}
