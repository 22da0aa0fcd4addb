namespace XSwitchEngine.Media;

/// <summary>Audio payload types with a fixed meaning (RFC 3551 §6, table 4); 9 keeps its historical 8 kHz clock.</summary>
internal static class StaticPayloadTypes
{
    public const int ComfortNoise = 13;

    private static readonly RtpFormat[] Table =
    [
        new(0, "PCMU", 8000, 1),
        new(3, "GSM", 8000, 1),
        new(4, "G723", 8000, 1),
        new(5, "DVI4", 8000, 1),
        new(6, "DVI4", 16000, 1),
        new(7, "LPC", 8000, 1),
        new(8, "PCMA", 8000, 1),
        new(9, "G722", 8000, 1),
        new(10, "L16", 44100, 2),
        new(11, "L16", 44100, 1),
        new(12, "QCELP", 8000, 1),
        new(ComfortNoise, "CN", 8000, 1),
        new(15, "G728", 8000, 1),
        new(18, "G729", 8000, 1),
    ];

    public static RtpFormat? Find(int payloadType)
    {
        foreach (var format in Table)
        {
            if (format.PayloadType == payloadType)
            {
                return format;
            }
        }

        return null;
    }

    /// <summary>The fixed number of a codec, or −1.</summary>
    public static int Of(CodecOption codec) => codec.Codec switch
    {
        AudioCodec.Pcmu => 0,
        AudioCodec.Pcma => 8,
        AudioCodec.G722 => 9,
        AudioCodec.L16 or AudioCodec.Opus => -1,
        _ => -1,
    };

    /// <summary>Rate of the RTP clock, which for G.722 is not the sample rate (RFC 3551 §4.5.2).</summary>
    public static int ClockHz(CodecOption codec) => codec.Codec switch
    {
        AudioCodec.G722 => 8000,
        AudioCodec.Opus => 48000,
        AudioCodec.Pcmu or AudioCodec.Pcma or AudioCodec.L16 => codec.RateHz,
        _ => codec.RateHz,
    };

    /// <summary>Whether a format of the peer is this codec; some peers write the sample rate of G.722 for its clock.</summary>
    public static bool Matches(CodecOption codec, in RtpFormat format) =>
        format.Is(codec.Name)
        && (format.ClockHz == ClockHz(codec) || (codec.Codec == AudioCodec.G722 && format.ClockHz == 16000))
        && (codec.Codec == AudioCodec.Opus || format.Channels == 1);
}
