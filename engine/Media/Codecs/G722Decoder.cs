namespace XSwitchEngine.Media.Codecs;

/// <summary>G.722 decoder, 64 kbit/s, 16 kHz samples; bit-exact.</summary>
internal sealed class G722Decoder : AudioDecoder
{
    private const int FrameBytes = 160;

    private readonly int[] _history = new int[24 + (2 * FrameBytes)];
    private G722Band _low = new(32);
    private G722Band _high = new(8);

    public override int SamplesIn(ReadOnlySpan<byte> payload) => payload.Length * 2;

    public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples)
    {
        for (var done = 0; done < payload.Length;)
        {
            var now = Math.Min(FrameBytes, payload.Length - done);
            DecodeBlock(payload.Slice(done, now), samples.Slice(done * 2, now * 2));
            done += now;
        }

        return payload.Length * 2;
    }

    private void DecodeBlock(ReadOnlySpan<byte> payload, Span<short> samples)
    {
        for (var i = 0; i < payload.Length; i++)
        {
            var low = DecodeLow(payload[i] & 0x3F);
            var high = DecodeHigh(payload[i] >> 6);
            _history[22 + (2 * i)] = low + high;
            _history[23 + (2 * i)] = low - high;

            // Receive quadrature mirror filter (§4.4).
            var x = _history.AsSpan(i * 2, 24);
            samples[2 * i] = (short)G722Band.Saturate(G722Tables.Apply(x, G722Tables.EvenFilter) >> 11);
            samples[(2 * i) + 1] = (short)G722Band.Saturate(G722Tables.Apply(x, G722Tables.OddFilter) >> 11);
        }

        _history.AsSpan(samples.Length, 22).CopyTo(_history);
    }

    private int DecodeLow(int code)
    {
        var sample = Math.Clamp(_low.S + ((_low.Det * G722Tables.Qm6[code]) >> 15), -16384, 16383);
        var ril = code >> 2;
        var d = (_low.Det * G722Tables.Qm4[ril]) >> 15;
        _low.Scale(G722Tables.WlByCode[ril], 18432, 8);
        _low.Predict(d);
        return sample;
    }

    private int DecodeHigh(int code)
    {
        var d = (_high.Det * G722Tables.Qm2[code]) >> 15;
        var sample = Math.Clamp(_high.S + d, -16384, 16383);
        _high.Scale(G722Tables.WhByCode[code], 22528, 10);
        _high.Predict(d);
        return sample;
    }
}
