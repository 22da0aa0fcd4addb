using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>What a leg can do, from configuration, variables and the far leg. Core loop only.</summary>
internal sealed class LegCapability
{
    private readonly CallServices _services;
    private readonly List<CodecOption> _configured;
    private readonly LocalAddresses _addresses = new();

    public LegCapability(CallServices services)
    {
        _services = services;
        _configured = CodecNames.ParseList(string.Join(',', services.Options.Codecs));
        if (!MediaCodecs.OpusIsAvailable && _configured.Exists(static c => c.Codec == AudioCodec.Opus))
        {
            Log.NoOpus(services.Log, MediaCodecs.OpusPackage);
        }
    }

    /// <summary>What an outgoing leg, or one whose peer lets us offer, is to use.</summary>
    /// <param name="leg">The leg.</param>
    public static TransportProfile WantedProfile(Leg leg)
    {
        if (leg.Variables["media_webrtc"] is { } webRtc)
        {
            return Truth.IsTrue(webRtc) ? TransportProfile.WebRtc : TransportProfile.Plain;
        }

        return leg.Variables["rtp_secure_media"] is { } secure && !secure.StartsWith("optional", StringComparison.OrdinalIgnoreCase)
            && !secure.Equals("forbidden", StringComparison.OrdinalIgnoreCase) && !secure.Equals("false", StringComparison.OrdinalIgnoreCase)
            ? TransportProfile.Sdes
            : leg.OfferProfile;
    }

    /// <summary>Whether an outgoing leg calls a server with WebRTC: one that the plugin says is one, or whatever a variable wants to be called so. Browsers that have registered or logged in control ICE themselves.</summary>
    /// <param name="leg">The leg.</param>
    public static bool CallsServer(Leg leg) =>
        leg.Direction == LegDirection.Outbound && WantedProfile(leg) == TransportProfile.WebRtc && (leg.PeerIsServer || leg.OfferProfile != TransportProfile.WebRtc);

    /// <summary>The profile for what the contract calls it.</summary>
    /// <param name="media">From a registration or a manifest.</param>
    public static TransportProfile ProfileOf(MediaProfile media) => media switch
    {
        MediaProfile.WebRtc or MediaProfile.WebRtcClient => TransportProfile.WebRtc,
        MediaProfile.Sdes => TransportProfile.Sdes,
        MediaProfile.Rtp => TransportProfile.Plain,
        _ => TransportProfile.Plain,
    };

    /// <summary>Codecs of the leg, best first. Browsers get Opus first; without the library nothing here can make or read it, so it comes last.</summary>
    /// <param name="leg">The leg.</param>
    public IReadOnlyList<CodecOption> CodecsOf(Leg leg)
    {
        if (leg.Codecs is { } chosen)
        {
            return chosen;
        }

        var text = leg.Variables["absolute_codec_string"] ?? leg.Variables["codec_string"];
        var list = text is null ? _configured : CodecNames.ParseList(text);
        list = list.Count == 0 ? _configured : list;
        if (text is not null || list.FindIndex(static c => c.Codec == AudioCodec.Opus) is not (>= 0 and var opus))
        {
            return list;
        }

        var rest = list.Where(static c => c.Codec != AudioCodec.Opus);
        return !MediaCodecs.OpusIsAvailable ? [.. rest, list[opus]] : leg.Transport?.Profile == TransportProfile.WebRtc ? [list[opus], .. rest] : list;
    }

    /// <summary>Whether a leg can have video: in a bundle only, and when its codec string does not leave it out.</summary>
    /// <param name="leg">A leg with an open session.</param>
    public static bool MayHaveVideo(Leg leg) =>
        leg.Transport?.Profile == TransportProfile.WebRtc && (leg.Variables["absolute_codec_string"] is not { } codecs || CodecNames.NamesVideo(codecs));

    /// <summary>All video formats that a leg may have: those that its codec string names, when it names any.</summary>
    /// <param name="leg">A leg with an open session.</param>
    public static IReadOnlyList<VideoFormat> VideoOf(Leg leg)
    {
        var text = leg.Variables["absolute_codec_string"] ?? leg.Variables["codec_string"];
        return !MayHaveVideo(leg) ? []
            : text is null || !CodecNames.NamesVideo(text) ? VideoFormat.All
            : [.. VideoFormat.All.Where(f => CodecNames.Names(text, f.Name))];
    }

    /// <summary>Video formats to offer a leg: what the far one has, or offers.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="near">The far leg.</param>
    public static IReadOnlyList<VideoFormat> VideoToward(Leg leg, Leg near) =>
        !MayHaveVideo(leg) ? []
        : near.Negotiated is not { } session ? OfferedVideo(near.PendingOffer)
        : session.Video is { Direction: not MediaDirection.Inactive } video ? [video.Format] : [];

    /// <summary>What to bind and to advertise: for ICE an address that the peer's checks can reach.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="profile">Its profile.</param>
    public IPAddress LocalAddress(Leg leg, TransportProfile profile)
    {
        var local = leg.LocalAddress;
        if (profile != TransportProfile.WebRtc || !IPAddress.IsLoopback(local))
        {
            return local;
        }

        // A proxy on this machine hides the browser: what counts is the browser's own address. One on this machine too reaches our outer address,
        // while agents like libnice pair no loopback address with the others that they have. Without a network there is only loopback.
        var address = _addresses.Toward(leg.SignallingAddress is { } peer && !IPAddress.IsLoopback(peer) ? peer : IPAddress.Parse("192.0.2.1"));
        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && IPAddress.IsLoopback(address) ? IPAddress.Loopback : address;
    }

    /// <summary>The whole of it.</summary>
    /// <param name="leg">A leg with an open session.</param>
    public LocalCapability Of(Leg leg)
    {
        var transport = leg.Transport ??= new LegTransport(TransportProfile.Plain);
        var advertised = _services.Options.AdvertisedAddress is { } other && !IPAddress.IsLoopback(leg.LocalAddress) ? other : null;
        var address = advertised ?? leg.LocalAddress;
        var here = new IPEndPoint(leg.LocalAddress, leg.Media.RtpPort);
        return new LocalCapability(CodecsOf(leg), address, leg.Media.RtpPort, leg.Media.RtcpPort)
        {
            SessionId = leg.SdpSessionId,
            Direction = leg.HoldsPeer ? MediaDirection.SendOnly : MediaDirection.SendRecv,
            VideoDirection = leg.HoldsPeer ? MediaDirection.Inactive : MediaDirection.SendRecv,
            Profile = transport.Profile,
            Ice = transport.Ice,
            ControlsIce = transport.ControlsIce,
            NextIce = transport.NextIce,
            Keys = transport.Keys,
            Fingerprint = transport.Profile is TransportProfile.WebRtc or TransportProfile.Dtls ? _services.Media.LocalFingerprint : null,
            Candidates = transport.Profile != TransportProfile.WebRtc ? [] : advertised is null ? [here] : [new IPEndPoint(advertised, here.Port), here],
            AudioSource = leg.Media.AudioSource,
            VideoSource = leg.Media.VideoSource,
        };
    }

    private static IReadOnlyList<VideoFormat> OfferedVideo(string? offer) =>
        offer is not null && SessionDescription.TryParse(offer, out var description, out _) ? VideoFormat.Offered(description) : [];
}
