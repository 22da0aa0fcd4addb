using System.Diagnostics.CodeAnalysis;

namespace XSwitchEngine.Media;

/// <summary>Offer/answer (RFC 3264, RFC 9429) as pure functions of what we can do, what the peer said and what was agreed before.</summary>
/// <remarks>
/// A failed exchange leaves nothing behind: the caller keeps the previous session in force. One audio and one video stream are in force
/// at most; further m-lines keep their places with port 0. Retransmission formats, forward error correction and simulcast are not taken.
/// </remarks>
public static partial class OfferAnswer
{
    /// <summary>Writes an offer of all our codecs.</summary>
    /// <param name="local">What we can do and want.</param>
    /// <param name="previous">The session in force, or null for a first offer: its payload types and m-lines are kept.</param>
    /// <returns>The description; its o= version is the previous one when nothing else differs.</returns>
    public static string CreateOffer(LocalCapability local, NegotiatedSession? previous)
    {
        var (earlier, earlierAudio) = ReadOwn(previous?.LocalSdp, "audio");
        var earlierVideo = earlier?.Media.FirstOrDefault(static m => m.Kind == "video" && !m.IsRejected);
        var writer = new SdpWriter(local);
        var offered = new OfferedTransport(local, previous, earlierAudio ?? earlierVideo);
        var wantsAudio = local.WantsAudio || (earlierAudio is null && local.Video.Count == 0);
        var wantsVideo = local.Video.Count > 0 && offered.CanBundle;
        var reused = earlierVideo ?? earlier?.Media.FirstOrDefault(static m => m.Kind == "video");
        var reusedAudio = earlierAudio ?? earlier?.Media.FirstOrDefault(static m => m.Kind == "audio");
        foreach (var media in earlier?.Media ?? [])
        {
            if (ReferenceEquals(media, reusedAudio) && wantsAudio)
            {
                OfferAudio(writer, local, media, previous, offered);
            }
            else if (ReferenceEquals(media, reused) && wantsVideo)
            {
                OfferVideo(writer, local, media, earlier!, offered);
            }
            else
            {
                writer.Rejected(media);
            }
        }

        if (wantsAudio && reusedAudio is null)
        {
            OfferAudio(writer, local, null, previous, offered);
        }

        if (wantsVideo && reused is null)
        {
            OfferVideo(writer, local, null, earlier, offered);
        }

        return writer.ToText(previous, out _);
    }

    /// <summary>Answers an offer.</summary>
    /// <param name="local">What we can do and want.</param>
    /// <param name="offer">The peer's offer.</param>
    /// <param name="previous">The session in force, or null.</param>
    /// <param name="next">The session with our answer as its local description.</param>
    /// <param name="reason">Why there is none, in words; for a 488.</param>
    /// <returns>False when nothing in the offer can be accepted.</returns>
    public static bool TryAnswer(LocalCapability local, SessionDescription offer, NegotiatedSession? previous, [NotNullWhen(true)] out NegotiatedSession? next, out string reason)
    {
        next = null;
        Taken<AudioStream>? audio = null;
        Taken<VideoStream>? video = null;
        reason = "";
        foreach (var media in offer.Media)
        {
            if (media.IsRejected)
            {
                continue;
            }

            var why = "";
            if (media.Kind == "audio" && audio is null && local.WantsAudio && Fits(offer, video?.Media, media))
            {
                audio = TakeAudio(local, media, previous, out why);
            }
            else if (media.Kind == "video" && video is null && local.Video.Count > 0 && Fits(offer, audio?.Media, media))
            {
                video = TakeVideo(local, media, previous, out why);
            }

            reason = why.Length > 0 && (reason.Length == 0 || media.Kind == "audio") ? why : reason;
        }

        var first = audio?.Media ?? video?.Media;
        if (first is null)
        {
            reason = reason.Length > 0 ? reason : local.Video.Count > 0 ? "neither audio nor video in the offer" : "no audio in the offer";
            return false;
        }

        var transport = audio?.Transport ?? video?.Transport;
        var writer = new SdpWriter(local);
        foreach (var media in offer.Media)
        {
            if (audio is { } a && ReferenceEquals(media, a.Media))
            {
                writer.Audio(media, a.Formats, a.Stream.Direction, Math.Min(local.PtimeMs, LongestPtime(a.Stream.Codec)), a.Stream.RtcpMux, transport);
            }
            else if (video is { } v && ReferenceEquals(media, v.Media))
            {
                writer.Video(media, v.Formats, v.Stream, transport);
            }
            else
            {
                writer.Rejected(media);
            }
        }

        if (offer.Bundle.Count > 0 && IsSecure(first.Protocol))
        {
            writer.Bundle(offer.Bundle.Where(mid => mid == audio?.Media.Mid || mid == video?.Media.Mid));
        }

        next = new NegotiatedSession(writer.ToText(previous, out var version), version, audio?.Stream ?? NoAudio(local, first, transport))
        {
            Video = video?.Stream,
            Transport = transport,
        };
        reason = "";
        return true;
    }

    /// <summary>Takes the answer to our offer.</summary>
    /// <param name="local">What we can do, as when the offer was made.</param>
    /// <param name="offerSdp">The offer that we sent.</param>
    /// <param name="answer">The peer's answer.</param>
    /// <param name="previous">The session in force, or null; it stays in force when this fails.</param>
    /// <param name="next">The new session with our offer as its local description.</param>
    /// <param name="reason">Why there is none, in words.</param>
    /// <returns>False when the answer rejects all media or names nothing that was offered.</returns>
    public static bool TryAccept(LocalCapability local, string offerSdp, SessionDescription answer, NegotiatedSession? previous, [NotNullWhen(true)] out NegotiatedSession? next, out string reason)
    {
        next = null;
        if (!SessionDescription.TryParse(offerSdp, out var offer, out reason))
        {
            return false;
        }

        var offeredAudio = offer.Media.FirstOrDefault(static m => m.Kind == "audio" && !m.IsRejected);
        var offeredVideo = offer.Media.FirstOrDefault(static m => m.Kind == "video" && !m.IsRejected);
        var audio = Answered(offer, offeredAudio, answer);
        var video = Answered(offer, offeredVideo, answer);
        if (audio is null && video is null)
        {
            reason = offeredAudio is null ? "our offer had no audio" : "audio rejected in the answer";
            return false;
        }

        var (offered, first) = audio is not null ? (offeredAudio!, audio) : (offeredVideo!, video!);
        if (!SameFamily(offered.Protocol, first.Protocol))
        {
            reason = $"answer wants {first.Protocol}, offered {offered.Protocol}";
            return false;
        }

        if (!TryAnsweredTransport(local, offered, first, previous, out var transport, out reason))
        {
            return false;
        }

        AudioStream? stream = null;
        if (audio is not null && !TryAcceptAudio(local, offeredAudio!, audio, transport, out stream, out reason))
        {
            return false;
        }

        var picture = video is null ? null : AcceptVideo(offeredVideo!, video);
        if (stream is null && picture is null)
        {
            reason = "no common video codec in the answer";
            return false;
        }

        next = new NegotiatedSession(offerSdp, offer.Version, stream ?? NoAudio(local, first, transport)) { Video = picture, Transport = transport };
        next = next == previous ? previous : next; // the same object when nothing changed, so that a refresh is seen to be one
        reason = "";
        return true;
    }

    /// <summary>What an offer asks for, so that the right kind of session can be opened before it is answered.</summary>
    /// <param name="offer">The peer's offer.</param>
    public static TransportProfile ProfileOf(SessionDescription offer)
    {
        foreach (var media in offer.Media)
        {
            if (!media.IsRejected && media.Kind is "audio" or "video" && IsSecure(media.Protocol))
            {
                return media.Fingerprints.Count == 0 ? TransportProfile.Sdes : media.Ice is null ? TransportProfile.Dtls : TransportProfile.WebRtc;
            }

            if (!media.IsRejected && media.Kind == "audio")
            {
                return TransportProfile.Plain;
            }
        }

        return TransportProfile.Plain;
    }

    /// <summary>The answer's m-line for one of ours: the one at its place; some peers leave out rejected media, then the only one of its kind.</summary>
    private static MediaDescription? Answered(SessionDescription offer, MediaDescription? offered, SessionDescription answer)
    {
        if (offered is null)
        {
            return null;
        }

        var place = 0;
        while (!ReferenceEquals(offer.Media[place], offered))
        {
            place++;
        }

        var media = place < answer.Media.Count && answer.Media[place].Kind == offered.Kind
            ? answer.Media[place]
            : answer.Media.FirstOrDefault(m => m.Kind == offered.Kind);
        return media is null || media.IsRejected ? null : media;
    }

    /// <summary>Whether a medium can share the transport of the one already taken.</summary>
    private static bool Fits(SessionDescription offer, MediaDescription? taken, MediaDescription media)
    {
        if (taken is null)
        {
            return !media.BundleOnly || offer.Bundle.Contains(media.Mid);
        }

        return media.Mid.Length > 0 && offer.Bundle.Contains(media.Mid) && offer.Bundle.Contains(taken.Mid) && SameFamily(taken.Protocol, media.Protocol);
    }

    /// <summary>Reads a description of our own; the medium is the m-line that is in use.</summary>
    private static (SessionDescription? Description, MediaDescription? Media) ReadOwn(string? sdp, string kind) =>
        sdp is not null && SessionDescription.TryParse(sdp, out var description, out _)
            ? (description, description.Media.FirstOrDefault(m => m.Kind == kind && !m.IsRejected))
            : (null, null);

    private static MediaDirection Reverse(MediaDirection direction) =>
        ((direction & MediaDirection.SendOnly) != 0 ? MediaDirection.RecvOnly : MediaDirection.Inactive)
        | ((direction & MediaDirection.RecvOnly) != 0 ? MediaDirection.SendOnly : MediaDirection.Inactive);

    private static string Names(MediaDescription media)
    {
        var known = media.RtpFormats.Where(f => !f.Is("telephone-event") && !f.Is("CN")).Select(f => f.Name).Distinct(StringComparer.OrdinalIgnoreCase).Take(8).ToList();
        return known.Count > 0 ? string.Join(',', known) : string.Join(',', media.Formats.Take(8));
    }

    /// <summary>A medium that was taken from an offer.</summary>
    private sealed record Taken<TStream>(MediaDescription Media, TStream Stream, IReadOnlyList<RtpFormat> Formats, TransportParameters? Transport);
}
