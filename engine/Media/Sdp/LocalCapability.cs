using System.Net;

namespace XSwitchEngine.Media;

/// <summary>How packets are protected and how their peer is found.</summary>
public enum TransportProfile
{
    /// <summary>Plain RTP (RTP/AVP).</summary>
    Plain,

    /// <summary>SRTP with keys in the description (RTP/SAVP, RFC 4568).</summary>
    Sdes,

    /// <summary>DTLS-SRTP without ICE (UDP/TLS/RTP/SAVP, RFC 5764).</summary>
    Dtls,

    /// <summary>ICE and DTLS-SRTP (UDP/TLS/RTP/SAVPF), all media in one bundle.</summary>
    WebRtc,
}

/// <summary>What this engine can do on one leg.</summary>
/// <param name="Codecs">In order of preference; at least one.</param>
/// <param name="Address">Address to advertise for media.</param>
/// <param name="RtpPort">Port to advertise.</param>
/// <param name="RtcpPort">RTCP port; advertised by a=rtcp when it is not the next one (RFC 3605).</param>
public sealed record LocalCapability(IReadOnlyList<CodecOption> Codecs, IPAddress Address, int RtpPort, int RtcpPort)
{
    /// <summary>What we want to do; held legs ask for <see cref="MediaDirection.SendOnly"/> or inactive.</summary>
    public MediaDirection Direction { get; init; } = MediaDirection.SendRecv;

    /// <summary>Packet time to ask for, ms.</summary>
    public int PtimeMs { get; init; } = 20;

    /// <summary>Whether RFC 4733 events are offered and accepted.</summary>
    public bool TelephoneEvent { get; init; } = true;

    /// <summary>True: our order of codecs decides in answers; false: the offerer's.</summary>
    public bool PreferOwnOrder { get; init; }

    /// <summary>Session id of our o= line, the same for the life of the leg.</summary>
    public long SessionId { get; init; }

    /// <summary>Whether audio is offered and accepted.</summary>
    public bool WantsAudio { get; init; } = true;

    /// <summary>Video formats that are offered and accepted, best first; empty for none. Taken only in a bundle with the audio, or alone.</summary>
    public IReadOnlyList<VideoFormat> Video { get; init; } = [];

    /// <summary>What we want to do with video.</summary>
    public MediaDirection VideoDirection { get; init; } = MediaDirection.SendRecv;

    /// <summary>How our offers travel. Answers follow the offer, as far as what is needed is given here.</summary>
    public TransportProfile Profile { get; init; }

    /// <summary>Our ICE credentials; null where ICE cannot be done.</summary>
    public IceCredentials? Ice { get; init; }

    /// <summary>Credentials for an ICE restart of the peer's.</summary>
    public IceCredentials? NextIce { get; init; }

    /// <summary>Whether we make ICE checks of our own; otherwise we are ICE-lite.</summary>
    public bool ControlsIce { get; init; }

    /// <summary>Our certificate's fingerprint; null where DTLS cannot be done.</summary>
    public DtlsFingerprint? Fingerprint { get; init; }

    /// <summary>Our SDES keys, best suite first; empty where SDES cannot be done.</summary>
    public IReadOnlyList<SdesKey> Keys { get; init; } = [];

    /// <summary>Host candidates, best first; all lead to the session's port.</summary>
    public IReadOnlyList<IPEndPoint> Candidates { get; init; } = [];

    /// <summary>Source of the audio that we send, for a=ssrc; 0 to leave it out.</summary>
    public uint AudioSource { get; init; }

    /// <summary>Source of the video that we send.</summary>
    public uint VideoSource { get; init; }

    /// <summary>Whether transport-wide feedback is sent for what comes in, so that it may be negotiated.</summary>
    public bool TransportFeedback { get; init; } = true;
}
