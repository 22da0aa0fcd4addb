using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace XSwitchEngine.Media;

/// <summary>Offer/answer (RFC 3264) as pure functions of what we can do, what the peer said and what was agreed before.</summary>
/// <remarks>A failed exchange leaves nothing behind: the caller keeps the previous session in force.</remarks>
public static class OfferAnswer
{
    private const int OfferedEventType = 101;
    private const int FirstDynamicType = 96;

    /// <summary>Writes an offer of all our codecs.</summary>
    /// <param name="local">What we can do and want.</param>
    /// <param name="previous">The session in force, or null for a first offer: its payload types and m-lines are kept.</param>
    /// <returns>The description; its o= version is the previous one when nothing else differs.</returns>
    public static string CreateOffer(LocalCapability local, NegotiatedSession? previous)
    {
        var (earlier, earlierAudio) = ReadOwn(previous?.LocalSdp);
        var formats = AssignFormats(local, earlierAudio?.RtpFormats ?? []);
        var writer = new SdpWriter(local);
        if (earlier is null)
        {
            writer.Audio(local, "RTP/AVP", formats, local.Direction, local.PtimeMs, rtcpMux: false);
        }
        else
        {
            foreach (var media in earlier.Media)
            {
                if (ReferenceEquals(media, earlierAudio))
                {
                    writer.Audio(local, media.Protocol, formats, local.Direction, local.PtimeMs, previous!.Audio.RtcpMux);
                }
                else
                {
                    writer.Rejected(media);
                }
            }
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
        reason = "no audio in the offer";
        for (var i = 0; i < offer.Media.Count; i++)
        {
            var media = offer.Media[i];
            if (media.Kind != "audio" || media.Port == 0)
            {
                continue;
            }

            if (TryAcceptOffered(local, media, out var stream, out var formats, out var why))
            {
                var writer = new SdpWriter(local);
                for (var k = 0; k < offer.Media.Count; k++)
                {
                    if (k == i)
                    {
                        writer.Audio(local, media.Protocol, formats, stream.Direction, Math.Min(local.PtimeMs, LongestPtime(stream.Codec)), stream.RtcpMux);
                    }
                    else
                    {
                        writer.Rejected(offer.Media[k]);
                    }
                }

                next = new NegotiatedSession(writer.ToText(previous, out var version), version, stream);
                reason = "";
                return true;
            }

            reason = why;
        }

        return false;
    }

    /// <summary>Takes the answer to our offer.</summary>
    /// <param name="local">What we can do, as when the offer was made.</param>
    /// <param name="offerSdp">The offer that we sent.</param>
    /// <param name="answer">The peer's answer.</param>
    /// <param name="previous">The session in force, or null; it stays in force when this fails.</param>
    /// <param name="next">The new session with our offer as its local description.</param>
    /// <param name="reason">Why there is none, in words.</param>
    /// <returns>False when the answer rejects the audio or names nothing that was offered.</returns>
    public static bool TryAccept(LocalCapability local, string offerSdp, SessionDescription answer, NegotiatedSession? previous, [NotNullWhen(true)] out NegotiatedSession? next, out string reason)
    {
        next = null;
        var (offer, offered) = ReadOwn(offerSdp);
        if (offer is null || offered is null)
        {
            reason = "our offer had no audio";
            return false;
        }

        // The answer's m-line is the one at the place of ours; some peers leave out rejected media, so fall back to the only audio.
        var place = 0;
        while (!ReferenceEquals(offer.Media[place], offered))
        {
            place++;
        }

        var media = place < answer.Media.Count && answer.Media[place].Kind == "audio"
            ? answer.Media[place]
            : answer.Media.FirstOrDefault(m => m.Kind == "audio");
        if (media is null || media.Port == 0)
        {
            reason = "audio rejected in the answer";
            return false;
        }

        if (!IsPlain(media.Protocol))
        {
            reason = $"answer wants {media.Protocol}, offered {offered.Protocol}";
            return false;
        }

        if (!TryAddress(local, media, out var remote, out var rtcp, out reason))
        {
            return false;
        }

        if (!TryPickAnswered(local, offered, media, out var codec, out var ours, out var theirs))
        {
            reason = $"no common codec: answer {Names(media)}, offered {Names(offered)}";
            return false;
        }

        var mux = offered.RtcpMux && media.RtcpMux;
        var clock = StaticPayloadTypes.ClockHz(codec);
        next = new NegotiatedSession(offerSdp, offer.Version, new AudioStream(codec, Reverse(Effective(media)) & offered.Direction, remote, mux ? remote : rtcp)
        {
            SendPayloadType = theirs,
            ReceivePayloadType = ours,
            SendEventType = Find(offered, "telephone-event", clock) >= 0 ? Find(media, "telephone-event", clock) : -1,
            ReceiveEventType = Find(media, "telephone-event", clock) >= 0 ? Find(offered, "telephone-event", clock) : -1,
            ReceiveComfortNoiseType = -1,
            PtimeMs = SendPtime(local, media, codec),
            RtcpMux = mux,
        });
        next = Keep(previous, next);
        reason = "";
        return true;
    }

    private static bool TryAcceptOffered(LocalCapability local, MediaDescription media, [NotNullWhen(true)] out AudioStream? stream, out List<RtpFormat> formats, out string reason)
    {
        stream = null;
        formats = [];
        if (!IsPlain(media.Protocol))
        {
            reason = media.Protocol.Contains("SAVP", StringComparison.OrdinalIgnoreCase)
                ? $"encrypted media ({media.Protocol}) is not supported on this leg"
                : $"unknown transport {media.Protocol}";
            return false;
        }

        if (!TryAddress(local, media, out var remote, out var rtcp, out reason))
        {
            return false;
        }

        if (!TryPickOffered(local, media, out var codec, out var format))
        {
            reason = $"no common codec: offer {Names(media)}, allow {string.Join(',', local.Codecs.Select(c => c.Name).Distinct())}";
            return false;
        }

        formats.Add(format);
        var clock = StaticPayloadTypes.ClockHz(codec);
        var events = local.TelephoneEvent ? Find(media, "telephone-event", clock) : -1;
        if (events >= 0)
        {
            formats.Add(new RtpFormat(events, "telephone-event", clock, 1));
        }

        var noise = Find(media, "CN", clock);
        if (noise >= 0)
        {
            formats.Add(new RtpFormat(noise, "CN", clock, 1));
        }

        stream = new AudioStream(codec, Reverse(Effective(media)) & local.Direction, remote, media.RtcpMux ? remote : rtcp)
        {
            SendPayloadType = format.PayloadType,
            ReceivePayloadType = format.PayloadType,
            SendEventType = events,
            ReceiveEventType = events,
            ReceiveComfortNoiseType = noise,
            PtimeMs = SendPtime(local, media, codec),
            RtcpMux = media.RtcpMux,
        };
        return true;
    }

    private static bool TryPickOffered(LocalCapability local, MediaDescription media, out CodecOption codec, out RtpFormat format)
    {
        if (local.PreferOwnOrder)
        {
            foreach (var own in local.Codecs)
            {
                foreach (var offered in media.RtpFormats)
                {
                    if (StaticPayloadTypes.Matches(own, offered))
                    {
                        (codec, format) = (own, offered);
                        return true;
                    }
                }
            }
        }
        else
        {
            foreach (var offered in media.RtpFormats)
            {
                foreach (var own in local.Codecs)
                {
                    if (StaticPayloadTypes.Matches(own, offered))
                    {
                        (codec, format) = (own, offered);
                        return true;
                    }
                }
            }
        }

        (codec, format) = (default, default);
        return false;
    }

    private static bool TryPickAnswered(LocalCapability local, MediaDescription offered, MediaDescription answered, out CodecOption codec, out int ours, out int theirs)
    {
        foreach (var format in answered.RtpFormats)
        {
            foreach (var own in local.Codecs)
            {
                if (!StaticPayloadTypes.Matches(own, format))
                {
                    continue;
                }

                foreach (var mine in offered.RtpFormats)
                {
                    if (StaticPayloadTypes.Matches(own, mine))
                    {
                        (codec, ours, theirs) = (own, mine.PayloadType, format.PayloadType);
                        return true;
                    }
                }
            }
        }

        (codec, ours, theirs) = (default, -1, -1);
        return false;
    }

    private static bool TryAddress(LocalCapability local, MediaDescription media, out IPEndPoint remote, out IPEndPoint rtcp, out string reason)
    {
        remote = rtcp = new IPEndPoint(IPAddress.Any, 0);
        if (media.Address is not { } address)
        {
            reason = "no IP address for audio";
            return false;
        }

        if (address.AddressFamily != local.Address.AddressFamily && !IsUnspecified(address))
        {
            reason = $"media address {address} is not of the family of {local.Address}";
            return false;
        }

        remote = new IPEndPoint(address, media.Port);
        var rtcpAddress = media.RtcpAddress is { } other && other.AddressFamily == address.AddressFamily ? other : address;
        rtcp = new IPEndPoint(rtcpAddress, media.RtcpPort != 0 ? media.RtcpPort : Math.Min(media.Port + 1, 65535));
        reason = "";
        return true;
    }

    /// <summary>Assigns payload types to all that we offer; what had a number keeps it (RFC 3264 §8.3.2).</summary>
    private static List<RtpFormat> AssignFormats(LocalCapability local, IReadOnlyList<RtpFormat> earlier)
    {
        var formats = new List<RtpFormat>();
        var used = new HashSet<int>(earlier.Select(f => f.PayloadType));
        var events = new List<int>();
        foreach (var codec in local.Codecs)
        {
            var clock = StaticPayloadTypes.ClockHz(codec);
            var channels = codec.Codec == AudioCodec.Opus ? 2 : 1;
            if (formats.Any(f => StaticPayloadTypes.Matches(codec, f)))
            {
                continue;
            }

            var number = earlier.Where(f => StaticPayloadTypes.Matches(codec, f)).Select(f => f.PayloadType).FirstOrDefault(-1);
            number = number >= 0 ? number : StaticPayloadTypes.Of(codec);
            formats.Add(new RtpFormat(number >= 0 ? number : NextFree(used), codec.Name, clock, channels));
            used.Add(formats[^1].PayloadType);
            if (local.TelephoneEvent && !events.Contains(clock))
            {
                events.Add(clock);
            }
        }

        foreach (var clock in events)
        {
            var number = earlier.Where(f => f.Is("telephone-event") && f.ClockHz == clock).Select(f => f.PayloadType).FirstOrDefault(-1);
            number = number < 0 && clock == events[0] && !used.Contains(OfferedEventType) ? OfferedEventType : number;
            formats.Add(new RtpFormat(number >= 0 ? number : NextFree(used), "telephone-event", clock, 1));
            used.Add(formats[^1].PayloadType);
        }

        return formats;
    }

    private static int NextFree(HashSet<int> used)
    {
        var number = FirstDynamicType;
        while (number == OfferedEventType || used.Contains(number))
        {
            number++;
        }

        return number;
    }

    /// <summary>Reads a description of our own; the audio is the m-line that is in use.</summary>
    private static (SessionDescription? Description, MediaDescription? Audio) ReadOwn(string? sdp)
    {
        if (sdp is null || !SessionDescription.TryParse(sdp, out var description, out _))
        {
            return (null, null);
        }

        var audio = description.Media.FirstOrDefault(m => m.Kind == "audio" && m.Port != 0);
        return audio is null ? (null, null) : (description, audio);
    }

    /// <summary>The same object when nothing changed, so that a refresh is seen to be one.</summary>
    private static NegotiatedSession Keep(NegotiatedSession? previous, NegotiatedSession next) => next == previous ? previous : next;

    private static bool IsPlain(string protocol) =>
        protocol.Equals("RTP/AVP", StringComparison.OrdinalIgnoreCase) || protocol.Equals("RTP/AVPF", StringComparison.OrdinalIgnoreCase);

    private static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>The author's direction; an address of 0.0.0.0 means that it receives nothing (hold as in RFC 2543, RFC 3264 §8.4).</summary>
    private static MediaDirection Effective(MediaDescription media) =>
        IsUnspecified(media.Address!) ? media.Direction & MediaDirection.SendOnly : media.Direction;

    private static MediaDirection Reverse(MediaDirection direction) =>
        ((direction & MediaDirection.SendOnly) != 0 ? MediaDirection.RecvOnly : MediaDirection.Inactive)
        | ((direction & MediaDirection.RecvOnly) != 0 ? MediaDirection.SendOnly : MediaDirection.Inactive);

    private static int Find(MediaDescription media, string name, int clockHz)
    {
        foreach (var format in media.RtpFormats)
        {
            if (format.Is(name) && format.ClockHz == clockHz)
            {
                return format.PayloadType;
            }
        }

        return -1;
    }

    /// <summary>Packet time to send: the peer's wish in whole 10 ms within 10..60 and its maximum.</summary>
    private static int SendPtime(LocalCapability local, MediaDescription media, CodecOption codec)
    {
        var wish = media.PtimeMs > 0 ? media.PtimeMs : local.PtimeMs;
        if (media.MaxPtimeMs > 0)
        {
            wish = Math.Min(wish, media.MaxPtimeMs);
        }

        return Math.Clamp(wish / 10 * 10, 10, LongestPtime(codec));
    }

    /// <summary>Longest packet time, ms: 60, and no packet beyond what an Ethernet frame carries.</summary>
    private static int LongestPtime(CodecOption codec) =>
        codec.Codec == AudioCodec.L16 ? Math.Min(60, 1400 / (codec.RateHz / 1000 * sizeof(short)) / 10 * 10) : 60;

    private static string Names(MediaDescription media)
    {
        var known = media.RtpFormats.Where(f => !f.Is("telephone-event") && !f.Is("CN")).Select(f => f.Name).Distinct(StringComparer.OrdinalIgnoreCase).Take(8).ToList();
        return known.Count > 0 ? string.Join(',', known) : string.Join(',', media.Formats.Take(8));
    }
}
