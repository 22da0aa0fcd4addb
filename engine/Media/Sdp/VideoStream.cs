namespace XSwitchEngine.Media;

/// <summary>Video codecs that can be forwarded; none is decoded here.</summary>
public enum VideoCodec : byte
{
    /// <summary>VP8 (RFC 7741).</summary>
    Vp8,

    /// <summary>H.264 (RFC 6184).</summary>
    H264,

    /// <summary>VP9 (RFC 9628).</summary>
    Vp9,

    /// <summary>AV1.</summary>
    Av1,
}

/// <summary>A video codec with what must be the same on both sides of a relay.</summary>
/// <param name="Codec">Which.</param>
/// <param name="Profile">VP9 and AV1: the profile. H.264: packetization-mode × 65536 + profile_idc × 256 + constraint flags. <see cref="Any"/>: whatever the peer offers.</param>
public readonly record struct VideoFormat(VideoCodec Codec, int Profile = VideoFormat.Any)
{
    /// <summary>Any profile.</summary>
    public const int Any = -1;

    /// <summary>All that can be forwarded, best first.</summary>
    public static IReadOnlyList<VideoFormat> All { get; } = [new(VideoCodec.Vp8), new(VideoCodec.H264), new(VideoCodec.Vp9), new(VideoCodec.Av1)];

    /// <summary>The name in rtpmap.</summary>
    public string Name => Codec switch
    {
        VideoCodec.Vp8 => "VP8",
        VideoCodec.H264 => "H264",
        VideoCodec.Vp9 => "VP9",
        VideoCodec.Av1 => "AV1",
        _ => throw new System.Diagnostics.UnreachableException("every codec has a name"),
    };

    /// <summary>Whether what one sends the other can decode.</summary>
    /// <param name="other">The other side's.</param>
    public bool Matches(VideoFormat other) =>
        Codec == other.Codec && (Profile == other.Profile || Profile == Any || other.Profile == Any
            || (Codec == VideoCodec.H264 && Profile >> 8 == other.Profile >> 8)); // mode and profile_idc; the flags only say what is left unused

    /// <summary>The formats of the first video that a description has, in its order; empty when it has none.</summary>
    /// <param name="description">The peer's description.</param>
    public static IReadOnlyList<VideoFormat> Offered(SessionDescription description)
    {
        var formats = new List<VideoFormat>();
        if (description.Media.FirstOrDefault(static m => m.Kind == "video" && !m.IsRejected) is { } media)
        {
            foreach (var rtp in media.RtpFormats)
            {
                if (TryRead(media, rtp, out var format) && !formats.Contains(format))
                {
                    formats.Add(format);
                }
            }
        }

        return formats;
    }

    /// <summary>Reads a format of a description; rtx, red and the like are none.</summary>
    internal static bool TryRead(MediaDescription media, in RtpFormat rtp, out VideoFormat format)
    {
        var parameters = media.ParametersOf(rtp.PayloadType);
        format = default;
        if (rtp.ClockHz != 90_000)
        {
            return false;
        }

        if (rtp.Is("VP8"))
        {
            format = new VideoFormat(VideoCodec.Vp8, 0);
        }
        else if (rtp.Is("VP9"))
        {
            format = new VideoFormat(VideoCodec.Vp9, Number(parameters, "profile-id"));
        }
        else if (rtp.Is("AV1") || rtp.Is("AV1X"))
        {
            format = new VideoFormat(VideoCodec.Av1, Number(parameters, "profile"));
        }
        else if (rtp.Is("H264"))
        {
            var level = Value(parameters, "profile-level-id");
            var profile = level.Length == 6 && int.TryParse(level, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var id)
                ? id >> 8
                : 0x4200; // RFC 6184 §8.1: baseline when unstated
            format = new VideoFormat(VideoCodec.H264, ((Number(parameters, "packetization-mode") & 0xF) << 16) | profile);
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>What an offer of ours writes after fmtp, or empty.</summary>
    internal string OfferedParameters() => Codec switch
    {
        VideoCodec.H264 => $"level-asymmetry-allowed=1;packetization-mode={(Profile == Any ? 1 : Profile >> 16)};profile-level-id={(Profile == Any ? 0x42E0 : Profile & 0xFFFF):x4}1f",
        VideoCodec.Vp9 => $"profile-id={Math.Max(0, Profile)}",
        VideoCodec.Av1 when Profile > 0 => $"profile={Profile}",
        VideoCodec.Vp8 or VideoCodec.Av1 => "",
        _ => "",
    };

    private static int Number(string? parameters, string name) => SdpParser.TryNumber(Value(parameters, name), out var number) && number <= 0xFF ? number : 0;

    private static ReadOnlySpan<char> Value(ReadOnlySpan<char> parameters, string name)
    {
        foreach (var range in parameters.Split(';'))
        {
            var part = parameters[range].Trim();
            var equals = part.IndexOf('=');
            if (equals > 0 && part[..equals].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return part[(equals + 1)..].Trim();
            }
        }

        return default;
    }
}

/// <summary>One negotiated video stream, immutable. It shares the session's transport.</summary>
/// <param name="Format">The codec both ways.</param>
/// <param name="Direction">What we may do.</param>
public sealed record VideoStream(VideoFormat Format, MediaDirection Direction)
{
    /// <summary>RTP clock of all video codecs, Hz.</summary>
    public const int ClockHz = 90_000;

    /// <summary>Payload type in packets that we send.</summary>
    public int SendPayloadType { get; init; }

    /// <summary>Payload type in packets that we receive.</summary>
    public int ReceivePayloadType { get; init; }

    /// <summary>Whether lost packets are asked for (RFC 4585 §6.2.1).</summary>
    public bool Nack { get; init; }

    /// <summary>Whether PLI is understood (RFC 4585 §6.3.1).</summary>
    public bool PictureLoss { get; init; }

    /// <summary>Whether FIR is understood (RFC 5104 §4.3.1).</summary>
    public bool FullIntra { get; init; }

    /// <summary>Whether a receiver's estimate of the bandwidth is understood (REMB).</summary>
    public bool Bandwidth { get; init; }

    /// <summary>Number of the header extension for transport-wide feedback, or 0; what is negotiated is sent.</summary>
    public int TransportFeedbackId { get; init; }
}
