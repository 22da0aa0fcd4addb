using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace XSwitchEngine.Media;

/// <content>Audio: codecs, payload types, events, packet times, addresses.</content>
public static partial class OfferAnswer
{
    private const int OfferedEventType = 101;
    private const int FirstDynamicType = 96;
    private const int DefaultEventClockHz = 8000;

    private static void OfferAudio(SdpWriter writer, LocalCapability local, MediaDescription? earlier, NegotiatedSession? previous, in OfferedTransport transport)
    {
        var formats = AssignFormats(local, earlier?.RtpFormats ?? [], transport.Profile == TransportProfile.WebRtc);
        var media = new MediaDescription("audio", local.RtpPort, transport.Protocol, [])
        {
            Mid = transport.CanBundle ? writer.NewMid(earlier) : "",
            Extensions = transport.CanBundle ? [new RtpExtension(4, RtpExtension.Mid)] : [],
        };
        writer.Audio(media, formats, local.Direction, local.PtimeMs, earlier is { IsRejected: false } && previous is not null ? previous.Audio.RtcpMux : transport.RtcpMux, transport.Parameters, isOffer: true);
    }

    private static Taken<AudioStream>? TakeAudio(LocalCapability local, MediaDescription media, NegotiatedSession? previous, out string reason)
    {
        if (!TryOfferedTransport(local, media, previous, out var transport, out reason) || !TryAddress(local, media, transport, out var remote, out var rtcp, out reason))
        {
            return null;
        }

        if (!TryPickOffered(local, media, out var codec, out var format))
        {
            reason = $"no common codec: offer {Names(media)}, allow {string.Join(',', local.Codecs.Select(c => c.Name).Distinct())}";
            return null;
        }

        List<RtpFormat> formats = [format];
        var clock = StaticPayloadTypes.ClockHz(codec);
        var eventClock = clock;
        var events = local.TelephoneEvent ? FindEvents(media, ref eventClock) : -1;
        if (events >= 0)
        {
            formats.Add(new RtpFormat(events, "telephone-event", eventClock, 1));
        }

        var noise = Find(media, "CN", clock);
        if (noise >= 0)
        {
            formats.Add(new RtpFormat(noise, "CN", clock, 1));
        }

        return new Taken<AudioStream>(
            media,
            new AudioStream(codec, Reverse(Effective(media, transport)) & local.Direction, remote, media.RtcpMux ? remote : rtcp)
            {
                SendPayloadType = format.PayloadType,
                ReceivePayloadType = format.PayloadType,
                SendEventType = events,
                ReceiveEventType = events,
                EventClockHz = eventClock,
                ReceiveComfortNoiseType = noise,
                PtimeMs = SendPtime(local, media, codec),
                RtcpMux = media.RtcpMux,
                UsesIce = transport?.LocalIce is not null,
            },
            formats,
            transport);
    }

    private static bool TryAcceptAudio(LocalCapability local, MediaDescription offered, MediaDescription media, TransportParameters? transport, [NotNullWhen(true)] out AudioStream? stream, out string reason)
    {
        stream = null;
        if (!TryAddress(local, media, transport, out var remote, out var rtcp, out reason))
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
        var eventClock = clock;
        var sendEvents = FindEvents(media, ref eventClock);
        var receiveEvents = Find(offered, "telephone-event", eventClock);
        stream = new AudioStream(codec, Reverse(Effective(media, transport)) & offered.Direction, remote, mux ? remote : rtcp)
        {
            SendPayloadType = theirs,
            ReceivePayloadType = ours,
            AlsoReceives = [.. Others(local, offered, codec, [ours, theirs, sendEvents, receiveEvents])],
            SendEventType = receiveEvents >= 0 ? sendEvents : -1,
            ReceiveEventType = sendEvents >= 0 ? receiveEvents : -1,
            EventClockHz = eventClock,
            ReceiveComfortNoiseType = -1,
            PtimeMs = SendPtime(local, media, codec),
            RtcpMux = mux,
            UsesIce = transport?.LocalIce is not null,
        };
        return true;
    }

    /// <summary>The codecs of our offer that the answer did not choose, under numbers that mean nothing else in this stream.</summary>
    private static IEnumerable<(int PayloadType, CodecOption Codec)> Others(LocalCapability local, MediaDescription offered, CodecOption chosen, int[] used) =>
        from own in local.Codecs.Distinct()
        where own != chosen
        let number = offered.RtpFormats.Where(f => StaticPayloadTypes.Matches(own, f)).Select(static f => f.PayloadType).FirstOrDefault(-1)
        where number >= 0 && !used.Contains(number)
        select (number, own);

    /// <summary>What stands for audio where there is none: it says how the session's peer is reached.</summary>
    private static AudioStream NoAudio(LocalCapability local, MediaDescription media, TransportParameters? transport)
    {
        _ = TryAddress(local, media, transport, out var remote, out var rtcp, out _);
        return new AudioStream(new CodecOption(AudioCodec.Opus, 48000), MediaDirection.Inactive, remote, media.RtcpMux ? remote : rtcp)
        {
            Exists = false,
            SendPayloadType = -1,
            ReceivePayloadType = -1,
            RtcpMux = media.RtcpMux,
            UsesIce = transport?.LocalIce is not null,
        };
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

    private static bool TryAddress(LocalCapability local, MediaDescription media, TransportParameters? transport, out IPEndPoint remote, out IPEndPoint rtcp, out string reason)
    {
        reason = "";
        if (transport?.LocalIce is not null)
        {
            remote = rtcp = new IPEndPoint(IPAddress.Any, 0); // the checks say where the peer is; what stands in c= is a placeholder
            return true;
        }

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
        return true;
    }

    /// <summary>Assigns payload types to all that we offer; what had a number keeps it (RFC 3264 §8.3.2).</summary>
    private static List<RtpFormat> AssignFormats(LocalCapability local, IReadOnlyList<RtpFormat> earlier, bool webRtc)
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
            number = number < 0 && webRtc && codec.Codec == AudioCodec.Opus && !used.Contains(111) ? 111 : number; // what browsers use themselves
            formats.Add(new RtpFormat(number >= 0 ? number : NextFree(used), codec.Name, clock, channels));
            used.Add(formats[^1].PayloadType);
            if (local.TelephoneEvent && !events.Contains(clock))
            {
                events.Add(clock);
            }
        }

        if (events.Count > 0 && events[0] != DefaultEventClockHz && !events.Contains(DefaultEventClockHz) && formats.Any(static f => f.Is("opus")))
        {
            events.Add(DefaultEventClockHz); // for peers that count events at 8000 Hz beside Opus
        }

        foreach (var clock in events)
        {
            var number = earlier.Where(f => f.Is("telephone-event") && f.ClockHz == clock).Select(f => f.PayloadType).FirstOrDefault(-1);
            var usual = events.Contains(DefaultEventClockHz) ? DefaultEventClockHz : events[0]; // 101 at 8000 Hz is what everybody has
            number = number < 0 && clock == usual && !used.Contains(OfferedEventType) ? OfferedEventType : number;
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

    private static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>The author's direction; an address of 0.0.0.0 means that it receives nothing (hold as in RFC 2543, RFC 3264 §8.4), except with ICE.</summary>
    private static MediaDirection Effective(MediaDescription media, TransportParameters? transport) =>
        transport?.LocalIce is null && IsUnspecified(media.Address!) ? media.Direction & MediaDirection.SendOnly : media.Direction;

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

    /// <summary>Events at the clock of the audio; beside Opus also at 8000 Hz.</summary>
    private static int FindEvents(MediaDescription media, ref int clockHz)
    {
        var type = Find(media, "telephone-event", clockHz);
        if (type < 0 && clockHz == 48000 && (type = Find(media, "telephone-event", DefaultEventClockHz)) >= 0)
        {
            clockHz = DefaultEventClockHz;
        }

        return type;
    }

    /// <summary>Packet time to send: the peer's wish in whole 10 ms within 10..60 and its maximum.</summary>
    private static int SendPtime(LocalCapability local, MediaDescription media, CodecOption codec)
    {
        if (codec.Codec == AudioCodec.Opus)
        {
            return 20; // what is encoded here comes in frames of 20 ms; any Opus receiver takes them
        }

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
}
