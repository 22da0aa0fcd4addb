namespace XSwitchEngine.Media.Codecs;

/// <summary>G.722 encoder, 64 kbit/s, 16 kHz samples; bit-exact.</summary>
internal sealed class G722Encoder : AudioEncoder
{
    private readonly int[] _history = new int[24 + (2 * FramePairs)];
    private G722Band _low = new(32);
    private G722Band _high = new(8);

    private const int FramePairs = 160;

    public override int Encode(ReadOnlySpan<short> samples, Span<byte> payload)
    {
        var pairs = samples.Length / 2;
        for (var done = 0; done < pairs;)
        {
            var now = Math.Min(FramePairs, pairs - done);
            EncodeBlock(samples.Slice(done * 2, now * 2), payload.Slice(done, now));
            done += now;
        }

        return pairs;
    }

    private void EncodeBlock(ReadOnlySpan<short> samples, Span<byte> payload)
    {
        for (var i = 0; i < samples.Length; i++)
        {
            _history[22 + i] = samples[i];
        }

        for (var i = 0; i < payload.Length; i++)
        {
            // Transmit quadrature mirror filter (§3.1).
            var x = _history.AsSpan(i * 2, 24);
            var low = G722Tables.Apply(x, G722Tables.SumFilter) >> 14;
            var high = G722Tables.Apply(x, G722Tables.DifferenceFilter) >> 14;
            payload[i] = (byte)(EncodeHigh(high) << 6 | EncodeLow(low));
        }

        _history.AsSpan(samples.Length, 22).CopyTo(_history);
    }

    private int EncodeLow(int x)
    {
        var el = G722Band.Saturate(x - _low.S);
        var magnitude = el >= 0 ? el : ~el;
        var q6 = G722Tables.Q6;

        // The levels rise, so the interval is found by halving.
        int from = 1, to = 30;
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (magnitude < (q6[middle] * _low.Det) >> 12)
            {
                to = middle;
            }
            else
            {
                from = middle + 1;
            }
        }

        int code = el < 0 ? G722Tables.Iln[from] : G722Tables.Ilp[from];
        var ril = code >> 2;
        var d = (_low.Det * G722Tables.Qm4[ril]) >> 15;
        _low.Scale(G722Tables.WlByCode[ril], 18432, 8);
        _low.Predict(d);
        return code;
    }

    private int EncodeHigh(int x)
    {
        var eh = G722Band.Saturate(x - _high.S);
        var magnitude = eh >= 0 ? eh : ~eh;
        var outer = magnitude >= (564 * _high.Det) >> 12;
        var code = eh < 0 ? (outer ? 0 : 1) : (outer ? 2 : 3);
        var d = (_high.Det * G722Tables.Qm2[code]) >> 15;
        _high.Scale(G722Tables.WhByCode[code], 22528, 10);
        _high.Predict(d);
        return code;
    }
}
