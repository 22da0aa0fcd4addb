namespace XSwitchEngine.Media.Codecs;

/// <summary>Adaptive predictor and quantiser scale of one sub-band (G.722 §3.5, §3.6, §6.2.1.3 and §6.2.1.4: blocks 3 and 4), the same in encoder and decoder.</summary>
internal struct G722Band(int initialDet)
{
    private int _nb;
    private int _sz;
    private int _r1, _r2;
    private int _p1, _p2;
    private int _a1, _a2;
    private int _d1, _d2, _d3, _d4, _d5, _d6;
    private int _b1, _b2, _b3, _b4, _b5, _b6;

    /// <summary>Quantiser scale factor (DET).</summary>
    public int Det { get; private set; } = initialDet;

    /// <summary>Prediction of the next sample (S).</summary>
    public int S { get; private set; }

    public static int Saturate(int value) => Math.Clamp(value, short.MinValue, short.MaxValue);

    /// <summary>Adapts the scale (LOGSCL, SCALEL; LOGSCH, SCALEH).</summary>
    public void Scale(int weight, int limit, int shift)
    {
        _nb = Math.Clamp(((_nb * 127) >> 7) + weight, 0, limit);
        var down = shift - (_nb >> 11);
        var value = (int)G722Tables.Ilb[_nb >> 6 & 31];
        Det = (down < 0 ? value << -down : value >> down) << 2;
    }

    /// <summary>Adapts the predictor to a quantised difference and predicts the next sample (block 4).</summary>
    public void Predict(int d0)
    {
        var r0 = Saturate(S + d0);
        var p0 = Saturate(_sz + d0);
        AdaptPoles(p0);
        AdaptZeros(d0);
        (_p2, _p1) = (_p1, p0);
        (_r2, _r1) = (_r1, r0);
        (_d6, _d5, _d4, _d3, _d2, _d1) = (_d5, _d4, _d3, _d2, _d1, d0);

        var sp = Saturate(((_a1 * Saturate(_r1 + _r1)) >> 15) + ((_a2 * Saturate(_r2 + _r2)) >> 15));
        _sz = Saturate(
            ((_b6 * Saturate(_d6 + _d6)) >> 15) + ((_b5 * Saturate(_d5 + _d5)) >> 15) + ((_b4 * Saturate(_d4 + _d4)) >> 15)
            + ((_b3 * Saturate(_d3 + _d3)) >> 15) + ((_b2 * Saturate(_d2 + _d2)) >> 15) + ((_b1 * Saturate(_d1 + _d1)) >> 15));
        S = Saturate(sp + _sz);
    }

    /// <summary>UPPOL2 and UPPOL1.</summary>
    private void AdaptPoles(int p0)
    {
        var same1 = (p0 ^ _p1) >= 0;
        var same2 = (p0 ^ _p2) >= 0;
        var wd = Saturate(_a1 << 2);
        wd = Math.Min(same1 ? -wd : wd, short.MaxValue);
        var a2 = Math.Clamp((same2 ? 128 : -128) + (wd >> 7) + ((_a2 * 32512) >> 15), -12288, 12288);
        var limit = Saturate(15360 - a2);
        _a1 = Math.Clamp(Saturate((same1 ? 192 : -192) + ((_a1 * 32640) >> 15)), -limit, limit);
        _a2 = a2;
    }

    /// <summary>UPZERO.</summary>
    private void AdaptZeros(int d0)
    {
        var step = d0 == 0 ? 0 : 128;
        _b1 = Zero(_b1, _d1, d0, step);
        _b2 = Zero(_b2, _d2, d0, step);
        _b3 = Zero(_b3, _d3, d0, step);
        _b4 = Zero(_b4, _d4, d0, step);
        _b5 = Zero(_b5, _d5, d0, step);
        _b6 = Zero(_b6, _d6, d0, step);
    }

    private static int Zero(int b, int d, int d0, int step) => Saturate(((d ^ d0) >= 0 ? step : -step) + ((b * 32640) >> 15));
}
