using System.Net;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>Offers and answers of legs, and their media sessions. Core loop only.</summary>
internal sealed class LegMedia(CallServices services)
{
    private readonly Dictionary<long, Leg> _owners = [];
    private readonly List<CodecOption> _configured = CodecNames.ParseList(string.Join(',', services.Options.Codecs));
    private long _lastOwner;
    private long _lastToken;

    /// <summary>A number for a playback or recording.</summary>
    public long NewToken() => ++_lastToken;

    /// <summary>The leg of a media event, or null when it is gone.</summary>
    /// <param name="owner">From the event.</param>
    public Leg? Find(long owner) => _owners.GetValueOrDefault(owner);

    /// <summary>Opens the leg's media session unless it is open.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="near">A leg that it will be bridged with, or null.</param>
    /// <param name="reason">Why not.</param>
    public bool TryOpen(Leg leg, Leg? near, out string reason)
    {
        reason = "";
        if (leg.Media.IsOpen)
        {
            return true;
        }

        var owner = ++_lastOwner;
        if (!services.Media.TryOpen(new MediaOpen(leg.LocalAddress, near?.Media ?? default, owner), out var session, out reason))
        {
            return false;
        }

        leg.Media = session;
        _owners[owner] = leg;
        leg.MediaOwner = owner;
        leg.SdpSessionId = 1_000_000_000 + owner;
        return true;
    }

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
    /// <param name="preferred">A codec to prefer because the far leg has it, or null.</param>
    /// <param name="sdp">The description to send.</param>
    /// <param name="reason">Why there is none.</param>
    public bool TryDescribe(Leg leg, CodecOption? preferred, out string sdp, out string reason)
    {
        sdp = "";
        if (leg.Negotiated is { } done && leg.PendingOffer is null)
        {
            sdp = done.LocalSdp;
            reason = "";
            return true;
        }

        if (leg.OfferSent is { } offered)
        {
            sdp = offered;
            reason = "";
            return true;
        }

        if (leg.PendingOffer is null)
        {
            if (!TryOpen(leg, null, out reason))
            {
                return false;
            }

            sdp = leg.OfferSent = OfferAnswer.CreateOffer(Capability(leg), leg.Negotiated);
            return true;
        }

        if (!TryAnswerOffer(leg, leg.PendingOffer, preferred, out reason))
        {
            return false;
        }

        sdp = leg.Negotiated!.LocalSdp;
        return true;
    }

    /// <summary>Answers an offer and puts the result in force; on failure the old session stays as it was.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="offerSdp">The peer's offer.</param>
    /// <param name="preferred">A codec to prefer, or null.</param>
    /// <param name="reason">Why not, in words.</param>
    public bool TryAnswerOffer(Leg leg, string offerSdp, CodecOption? preferred, out string reason)
    {
        if (!SessionDescription.TryParse(offerSdp, out var offer, out var error))
        {
            reason = error;
            return false;
        }

        if (!TryOpen(leg, leg.Peer, out reason))
        {
            return false;
        }

        var capability = Capability(leg);
        if (preferred is { } first)
        {
            capability = capability with { Codecs = [first, .. capability.Codecs.Where(c => c != first)], PreferOwnOrder = true };
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
    /// <param name="near">The leg that it will be bridged with, or null.</param>
    /// <param name="sdp">The offer.</param>
    /// <param name="reason">Why there is none.</param>
    public bool TryOffer(Leg leg, Leg? near, out string sdp, out string reason)
    {
        sdp = "";
        if (!TryOpen(leg, near, out reason))
        {
            return false;
        }

        sdp = leg.OfferSent = OfferAnswer.CreateOffer(Capability(leg), leg.Negotiated);
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

        if (!OfferAnswer.TryAccept(Capability(leg), offered, answer, leg.Negotiated, out var next, out reason))
        {
            return false;
        }

        leg.OfferSent = null;
        Apply(leg, next);
        return true;
    }

    /// <summary>Codecs of the leg, best first.</summary>
    /// <param name="leg">The leg.</param>
    public IReadOnlyList<CodecOption> CodecsOf(Leg leg)
    {
        if (leg.Codecs is { } chosen)
        {
            return chosen;
        }

        var text = leg.Variables["absolute_codec_string"] ?? leg.Variables["codec_string"];
        var list = text is null ? _configured : CodecNames.ParseList(text);
        return list.Count == 0 ? _configured : list;
    }

    /// <summary>Asks the peer to hold, or to go on.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="hold">True to hold.</param>
    /// <param name="sdp">The offer to send.</param>
    public bool TryHoldOffer(Leg leg, bool hold, out string sdp)
    {
        leg.HoldsPeer = hold;
        return TryOffer(leg, null, out sdp, out _);
    }

    private LocalCapability Capability(Leg leg) => new(
        CodecsOf(leg),
        services.Options.AdvertisedAddress is { } advertised && !IPAddress.IsLoopback(leg.LocalAddress) ? advertised : leg.LocalAddress,
        leg.Media.RtpPort,
        leg.Media.RtcpPort)
    {
        SessionId = leg.SdpSessionId,
        Direction = leg.HoldsPeer ? MediaDirection.SendOnly : MediaDirection.SendRecv,
    };

    private void Apply(Leg leg, NegotiatedSession next)
    {
        leg.Negotiated = next;
        var audio = next.Audio with { LatchFrom = next.Audio.LatchFrom ?? leg.SignallingAddress, MediaTimeoutMs = leg.Variables.Number("media_timeout", 0) };
        services.Media.Configure(leg.Media, audio);
        var name = audio.Codec.Name;
        var rate = audio.Codec.RateHz.ToString(System.Globalization.CultureInfo.InvariantCulture);
        leg.Variables.SetAll(
            ("read_codec", name),
            ("read_rate", rate),
            ("write_codec", name),
            ("write_rate", rate),
            ("local_media_ip", leg.LocalAddress.ToString()),
            ("local_media_port", leg.Media.RtpPort.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("remote_media_ip", audio.Remote.Address.ToString()),
            ("remote_media_port", audio.Remote.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }
}
