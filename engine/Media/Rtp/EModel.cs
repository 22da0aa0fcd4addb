namespace XSwitchEngine.Media.Rtp;

/// <summary>Estimate of the mean opinion score by the E-model (ITU-T G.107, simplified to loss and delay).</summary>
internal static class EModel
{
    /// <summary>Estimates what the peer's audio sounds like here.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="lossShare">0..1.</param>
    /// <param name="jitterMs">Interarrival jitter; a buffer of twice that is assumed.</param>
    /// <param name="roundTripMs">By RTCP, or 0 when unknown.</param>
    /// <returns>1.0..4.5.</returns>
    public static double Mos(AudioCodec codec, double lossShare, double jitterMs, double roundTripMs)
    {
        // Impairment of the codec itself and its robustness against random loss with concealment (G.113 appendix I).
        var (ie, bpl) = codec switch
        {
            AudioCodec.Pcmu or AudioCodec.Pcma or AudioCodec.L16 => (0.0, 25.1),
            AudioCodec.G722 => (0.0, 20.0),
            AudioCodec.Opus => (0.0, 30.0),
            _ => (0.0, 25.1),
        };
        var loss = Math.Clamp(lossShare, 0, 1) * 100;
        var effective = ie + ((95 - ie) * loss / (loss + bpl));
        var delay = 20 + Math.Min(2 * jitterMs, 400) + (roundTripMs / 2);
        var impairment = (0.024 * delay) + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
        var r = Math.Clamp(93.2 - impairment - effective, 0, 100);
        return Math.Clamp(1 + (0.035 * r) + (r * (r - 60) * (100 - r) * 7e-6), 1.0, 4.5);
    }
}
