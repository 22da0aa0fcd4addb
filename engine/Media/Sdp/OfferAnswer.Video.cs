namespace XSwitchEngine.Media;

/// <content>Video: formats that can be forwarded and the feedback that goes with them.</content>
public static partial class OfferAnswer
{
    private const int OfferedTransportFeedbackId = 3;
    private static readonly string[] OfferedFeedback = ["ccm fir", "nack", "nack pli", "goog-remb"];

    private static void OfferVideo(SdpWriter writer, LocalCapability local, MediaDescription? earlier, SessionDescription? all, in OfferedTransport transport)
    {
        // In a bundle a payload type means one thing only, so those of the audio are taken.
        var used = new HashSet<int>(all?.Media.SelectMany(static m => m.RtpFormats).Select(static f => f.PayloadType) ?? []);
        used.UnionWith(writer.PayloadTypes);
        var formats = new List<RtpFormat>();
        var feedback = new List<RtpFeedback>();
        var parameters = new string?[128];
        foreach (var format in local.Video)
        {
            var number = earlier?.RtpFormats.Where(f => VideoFormat.TryRead(earlier, f, out var known) && known.Matches(format) && !formats.Contains(f))
                .Select(static f => f.PayloadType).FirstOrDefault(-1) ?? -1;
            number = number >= 0 ? number : NextFree(used);
            if (number > 127)
            {
                break;
            }

            used.Add(number);
            formats.Add(new RtpFormat(number, format.Name, VideoStream.ClockHz, 1));
            parameters[number] = format.OfferedParameters();
            feedback.AddRange(OfferedFeedback.Select(kind => new RtpFeedback(number, kind)));
            if (local.TransportFeedback)
            {
                feedback.Add(new RtpFeedback(number, "transport-cc"));
            }
        }

        List<RtpExtension> extensions = [new RtpExtension(4, RtpExtension.Mid)];
        if (local.TransportFeedback)
        {
            extensions.Add(new RtpExtension(OfferedTransportFeedbackId, RtpExtension.TransportCc));
        }

        var media = new MediaDescription("video", local.RtpPort, transport.Protocol, [], parameters)
        {
            Mid = writer.NewMid(earlier),
            Extensions = extensions,
            Feedback = feedback,
            RtcpMux = true,
        };
        var stream = new VideoStream(local.Video[0], local.VideoDirection) { TransportFeedbackId = local.TransportFeedback ? OfferedTransportFeedbackId : 0 };
        writer.Video(media, formats, stream, transport.Parameters, isOffer: true);
    }

    private static Taken<VideoStream>? TakeVideo(LocalCapability local, MediaDescription media, NegotiatedSession? previous, out string reason)
    {
        if (!TryOfferedTransport(local, media, previous, out var transport, out reason))
        {
            return null;
        }

        if (PickVideo(local, media) is not var (format, rtp))
        {
            reason = $"no common video codec: offer {Names(media)}";
            return null;
        }

        var stream = WithFeedback(new VideoStream(format, Reverse(media.Direction) & local.VideoDirection) { SendPayloadType = rtp.PayloadType, ReceivePayloadType = rtp.PayloadType }, media, rtp.PayloadType, local.TransportFeedback);
        return new Taken<VideoStream>(media, stream, [rtp], transport);
    }

    private static VideoStream? AcceptVideo(MediaDescription offered, MediaDescription media)
    {
        foreach (var theirs in media.RtpFormats)
        {
            if (!VideoFormat.TryRead(media, theirs, out var format))
            {
                continue;
            }

            foreach (var ours in offered.RtpFormats)
            {
                if (VideoFormat.TryRead(offered, ours, out var mine) && mine.Matches(format))
                {
                    return WithFeedback(
                        new VideoStream(mine, Reverse(media.Direction) & offered.Direction) { SendPayloadType = theirs.PayloadType, ReceivePayloadType = ours.PayloadType },
                        media,
                        theirs.PayloadType,
                        offered.ExtensionId(RtpExtension.TransportCc) > 0);
                }
            }
        }

        return null;
    }

    private static VideoStream WithFeedback(VideoStream stream, MediaDescription media, int payloadType, bool transportFeedback) => stream with
    {
        Nack = media.HasFeedback(payloadType, "nack"),
        PictureLoss = media.HasFeedback(payloadType, "nack pli"),
        FullIntra = media.HasFeedback(payloadType, "ccm fir"),
        Bandwidth = media.HasFeedback(payloadType, "goog-remb"),
        TransportFeedbackId = transportFeedback && media.HasFeedback(payloadType, "transport-cc") ? media.ExtensionId(RtpExtension.TransportCc) : 0,
    };

    private static (VideoFormat Format, RtpFormat Rtp)? PickVideo(LocalCapability local, MediaDescription media)
    {
        // The outer loop decides: ours when the far leg's format is wanted, else the offerer's.
        if (local.PreferOwnOrder)
        {
            foreach (var own in local.Video)
            {
                foreach (var rtp in media.RtpFormats)
                {
                    if (VideoFormat.TryRead(media, rtp, out var format) && own.Matches(format))
                    {
                        return (format, rtp);
                    }
                }
            }

            return null;
        }

        foreach (var rtp in media.RtpFormats)
        {
            if (VideoFormat.TryRead(media, rtp, out var format) && local.Video.Any(own => own.Matches(format)))
            {
                return (format, rtp);
            }
        }

        return null;
    }
}
