using System.Globalization;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>Offers and answers of legs, and their media sessions. Core loop only.</summary>
internal sealed class LegMedia(CallServices services)
{
    private readonly Dictionary<long, Leg> _owners = [];
    private readonly LegCapability _capability = new(services);
    private long _lastOwner;
    private long _lastToken;

    /// <summary>A number for a playback or recording.</summary>
    public long NewToken() => ++_lastToken;

    /// <summary>The leg of a media event, or null when it is gone.</summary>
    /// <param name="owner">From the event.</param>
    public Leg? Find(long owner) => _owners.GetValueOrDefault(owner);

    /// <summary>Codecs of the leg, best first.</summary>
    /// <param name="leg">The leg.</param>
    public IReadOnlyList<CodecOption> CodecsOf(Leg leg) => _capability.CodecsOf(leg);

    /// <summary>Closes the leg's media session.</summary>
    /// <param name="leg">The leg.</param>
    public void Close(Leg leg)
    {
        if (leg.Media.IsOpen)
        {
            services.Media.Close(leg.Media);
            leg.Media = default;
        }
    }

    /// <summary>Forgets a leg after its last media event can have come.</summary>
    /// <param name="leg">The leg.</param>
    public void Forget(Leg leg) => _owners.Remove(leg.MediaOwner);

    /// <summary>Makes the description that answers the caller: an answer to its offer, or our offer when it made none.</summary>
    /// <param name="leg">An incoming leg.</param>
    /// <param name="far">The session of the leg that it will hear, whose codecs are then preferred; or null.</param>
    /// <param name="sdp">The description to send.</param>
    /// <param name="reason">Why there is none.</param>
    public bool TryDescribe(Leg leg, NegotiatedSession? far, out string sdp, out string reason)
    {
        sdp = "";
        reason = "";
        if (leg.Negotiated is { } done && leg.PendingOffer is null)
        {
            sdp = done.LocalSdp;
            return true;
        }

        if (leg.OfferSent is { } offered)
        {
            sdp = offered;
            return true;
        }

        if (leg.PendingOffer is null)
        {
            return TryOffer(leg, null, out sdp, out reason);
        }

        if (!TryAnswer(leg, leg.PendingOffer, far?.Audio, far is null ? VideoFormat.All : far.Video is { } video ? [video.Format] : [], out reason))
        {
            return false;
        }

        sdp = leg.Negotiated!.LocalSdp;
        return true;
    }

    /// <summary>Answers an offer within a call: what is in use stays in use where the peer still offers it. On failure the old session stays as it was.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="offerSdp">The peer's offer.</param>
    /// <param name="reason">Why not, in words.</param>
    public bool TryAnswerReoffer(Leg leg, string offerSdp, out string reason)
    {
        // Video may be new here: any format will do, the far leg is then offered the same.
        var video = leg.Negotiated?.Video ?? leg.Peer?.Negotiated?.Video;
        return TryAnswer(leg, offerSdp, leg.Negotiated?.Audio, video is null ? VideoFormat.All : [video.Format, .. VideoFormat.All], out reason);
    }

    private bool TryAnswer(Leg leg, string offerSdp, AudioStream? preferred, IReadOnlyList<VideoFormat> video, out string reason)
    {
        if (!SessionDescription.TryParse(offerSdp, out var offer, out var error))
        {
            reason = error;
            return false;
        }

        if (!TryOpen(leg, leg.Peer, OfferAnswer.ProfileOf(offer), out reason))
        {
            return false;
        }

        var capability = _capability.Of(leg) with { Video = LegCapability.MayHaveVideo(leg) ? video : [], PreferOwnOrder = !MediaCodecs.OpusIsAvailable };
        if (preferred is { Exists: true })
        {
            capability = capability with { Codecs = [preferred.Codec, .. capability.Codecs.Where(c => c != preferred.Codec)], PreferOwnOrder = true };
        }

        if (!OfferAnswer.TryAnswer(capability, offer, leg.Negotiated, out var next, out reason))
        {
            return false;
        }

        leg.PendingOffer = null;
        Apply(leg, next);
        return true;
    }

    /// <summary>Makes an offer of ours.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="near">The leg that it is or will be bridged with, or null.</param>
    /// <param name="sdp">The offer.</param>
    /// <param name="reason">Why there is none.</param>
    public bool TryOffer(Leg leg, Leg? near, out string sdp, out string reason)
    {
        sdp = "";
        if (!TryOpen(leg, near, leg.Transport?.Profile ?? LegCapability.WantedProfile(leg), out reason))
        {
            return false;
        }

        var capability = _capability.Of(leg) with { Video = OfferedVideo(leg, near) };
        sdp = leg.OfferSent = OfferAnswer.CreateOffer(capability, leg.Negotiated);
        if (leg.Transport is { InForce: null, Profile: TransportProfile.WebRtc or TransportProfile.Dtls } transport)
        {
            Put(leg, transport, new TransportParameters { Keys = KeyAgreement.Dtls, LocalIce = transport.Ice, ControlsIce = transport.ControlsIce }, anew: false); // its checks may come before its answer
        }

        return true;
    }

    /// <summary>Makes an offer for a peer that lost its transport: new credentials, a new DTLS association, the same codecs.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="sdp">The offer.</param>
    /// <param name="reason">Why there is none.</param>
    public bool TryOfferAnew(Leg leg, out string sdp, out string reason)
    {
        if (leg.Transport is not { Profile: TransportProfile.WebRtc } transport || leg.Negotiated is not { } session)
        {
            return TryOffer(leg, leg.Peer, out sdp, out reason);
        }

        transport.Restart();
        var capability = _capability.Of(leg);
        capability = capability with
        {
            Codecs = session.Audio.Exists ? [session.Audio.Codec, .. capability.Codecs.Where(c => c != session.Audio.Codec)] : capability.Codecs,
            WantsAudio = session.Audio.Exists,
            // What the far leg sends now: a client that knows no other way takes a change in mid-call through here, too.
            Video = leg.Peer is { } near && LegCapability.VideoToward(leg, near) is { Count: > 0 } seen ? seen : session.Video is { } video ? [video.Format] : [],
            Direction = MediaDirection.SendRecv,
            VideoDirection = MediaDirection.SendRecv,
        };
        leg.HoldsPeer = false;
        sdp = leg.OfferSent = OfferAnswer.CreateOffer(capability, null);
        reason = "";
        Put(leg, transport, new TransportParameters { Keys = KeyAgreement.Dtls, LocalIce = transport.Ice, ControlsIce = transport.ControlsIce }, anew: true);
        return true;
    }

    /// <summary>Takes the peer's answer to our offer.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="answerSdp">The answer.</param>
    /// <param name="reason">Why it cannot be used.</param>
    public bool TryAccept(Leg leg, string answerSdp, out string reason)
    {
        if (leg.OfferSent is not { } offered)
        {
            reason = "";
            return leg.Negotiated is not null;      // the same answer again, in the 183 and in the 200 (spec: no renegotiation)
        }

        if (!SessionDescription.TryParse(answerSdp, out var answer, out var error))
        {
            reason = error;
            return false;
        }

        if (!OfferAnswer.TryAccept(_capability.Of(leg), offered, answer, leg.Negotiated, out var next, out reason))
        {
            return false;
        }

        leg.OfferSent = null;
        Apply(leg, next);
        return true;
    }

    /// <summary>Asks the peer to hold, or to go on.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="hold">True to hold.</param>
    /// <param name="sdp">The offer to send.</param>
    public bool TryHoldOffer(Leg leg, bool hold, out string sdp)
    {
        leg.HoldsPeer = hold;
        return TryOffer(leg, leg.Peer, out sdp, out _);
    }

    private static IReadOnlyList<VideoFormat> OfferedVideo(Leg leg, Leg? near)
    {
        if (near is not null)
        {
            return LegCapability.VideoToward(leg, near);
        }

        // Alone it keeps what it has. A server that is called and a player that wants our offer get all there is: what for is not known yet.
        return leg.Negotiated is { } session ? session.Video is { } own ? [own.Format] : []
            : leg.PeerIsServer || leg.Direction == LegDirection.Inbound ? LegCapability.VideoOf(leg)
            : [];
    }

    private bool TryOpen(Leg leg, Leg? near, TransportProfile profile, out string reason)
    {
        reason = "";
        if (leg.Media.IsOpen)
        {
            return true;
        }

        leg.Transport = new LegTransport(profile, LegCapability.CallsServer(leg));
        leg.LocalAddress = _capability.LocalAddress(leg, profile);
        var owner = ++_lastOwner;
        var open = new MediaOpen(leg.LocalAddress, near?.Media ?? default, owner) { Kind = profile == TransportProfile.WebRtc && !leg.Transport.ControlsIce ? MediaTransportKind.WebRtc : MediaTransportKind.Rtp };
        if (!services.Media.TryOpen(open, out var session, out reason))
        {
            return false;
        }

        leg.Media = session;
        _owners[owner] = leg;
        leg.MediaOwner = owner;
        leg.SdpSessionId = 1_000_000_000 + owner;
        return true;
    }

    private void Put(Leg leg, LegTransport transport, TransportParameters parameters, bool anew)
    {
        if (anew || parameters != transport.InForce)
        {
            transport.InForce = parameters;
            services.Media.SetTransport(leg.Media, parameters, anew);
        }
    }

    private void Apply(Leg leg, NegotiatedSession next)
    {
        leg.Negotiated = next;
        var audio = next.Audio with { LatchFrom = next.Audio.LatchFrom ?? leg.SignallingAddress, MediaTimeoutMs = leg.Variables.Number("media_timeout", 0) };
        if (next.Transport is { } agreed && leg.Transport is { } transport)
        {
            if (agreed.LocalIce is not null && agreed.LocalIce == transport.NextIce)
            {
                transport.Restart();
            }

            Put(leg, transport, agreed, anew: false);
        }

        leg.WasHeard |= (audio.Direction & MediaDirection.SendOnly) != 0;
        services.Media.Configure(leg.Media, audio);
        services.Media.ConfigureVideo(leg.Media, next.Video);
        SetVariables(leg, next);
    }

    private static void SetVariables(Leg leg, NegotiatedSession session)
    {
        var audio = session.Audio;
        var name = audio.Exists ? audio.Codec.Name : null;
        var rate = audio.Exists ? audio.Codec.RateHz.ToString(CultureInfo.InvariantCulture) : null;
        var video = session.Video?.Format.Name;
        leg.Variables.SetAll(
            ("read_codec", name),
            ("write_codec", name),
            ("rtp_use_codec_name", name),
            ("read_rate", rate),
            ("write_rate", rate),
            ("rtp_use_codec_rate", rate),
            ("video_read_codec", video),
            ("video_write_codec", video),
            ("rtp_secure_media_confirmed", session.Transport is null ? null : "true"),
            ("local_media_ip", leg.LocalAddress.ToString()),
            ("local_media_port", leg.Media.RtpPort.ToString(CultureInfo.InvariantCulture)),
            ("remote_media_ip", audio.UsesIce ? leg.Variables["remote_media_ip"] : audio.Remote.Address.ToString()),
            ("remote_media_port", audio.UsesIce ? leg.Variables["remote_media_port"] : audio.Remote.Port.ToString(CultureInfo.InvariantCulture)));
    }
}
