namespace XSwitchEngine.Abstractions;

/// <summary>What a session description that we offer looks like.</summary>
public enum MediaProfile
{
    /// <summary>Plain RTP (RTP/AVP).</summary>
    Rtp,

    /// <summary>SRTP with keys in the description (RFC 4568).</summary>
    Sdes,

    /// <summary>ICE, DTLS-SRTP, BUNDLE, as browsers want it: the peer makes the ICE checks.</summary>
    WebRtc,

    /// <summary>The same, where those who are called are servers: the engine makes the ICE checks. Since contract 1.2.</summary>
    WebRtcClient,
}
