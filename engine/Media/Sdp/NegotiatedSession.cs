using System.Net;

namespace XSwitchEngine.Media;

/// <summary>Audio codecs that the engine knows.</summary>
public enum AudioCodec : byte
{
    /// <summary>G.711 µ-law, 8 kHz.</summary>
    Pcmu,

    /// <summary>G.711 A-law, 8 kHz.</summary>
    Pcma,

    /// <summary>G.722 at 64 kbit/s; 16 kHz samples, RTP clock 8 kHz (RFC 3551 §4.5.2).</summary>
    G722,

    /// <summary>Linear 16 bit, network byte order, mono (RFC 3551 §4.5.11).</summary>
    L16,

    /// <summary>Opus (RFC 7587), RTP clock 48 kHz.</summary>
    Opus,
}

/// <summary>Direction of a stream as seen from this engine (RFC 3264).</summary>
[Flags]
public enum MediaDirection : byte
{
    /// <summary>a=inactive.</summary>
    Inactive = 0,

    /// <summary>a=sendonly.</summary>
    SendOnly = 1,

    /// <summary>a=recvonly.</summary>
    RecvOnly = 2,

    /// <summary>a=sendrecv.</summary>
    SendRecv = 3,
}

/// <summary>A codec on offer.</summary>
/// <param name="Codec">Which.</param>
/// <param name="RateHz">Sample rate: 8000 for G.711; 16000 for G.722 (its rtpmap still says 8000); 8000, 16000 or 48000 for L16.</param>
public readonly record struct CodecOption(AudioCodec Codec, int RateHz)
{
    /// <summary>The name in rtpmap and codec strings, such as <c>PCMU</c>.</summary>
    public string Name => Codec switch
    {
        AudioCodec.Pcmu => "PCMU",
        AudioCodec.Pcma => "PCMA",
        AudioCodec.G722 => "G722",
        AudioCodec.L16 => "L16",
        AudioCodec.Opus => "opus",
        _ => throw new System.Diagnostics.UnreachableException("every codec has a name"),
    };
}

/// <summary>The outcome of one offer/answer exchange, immutable.</summary>
/// <param name="LocalSdp">The description that we sent: our answer, or our offer that was answered.</param>
/// <param name="Version">Version of our o= line; one more at each change, the same when nothing changed.</param>
/// <param name="Audio">The audio stream that is in force; without audio it says so itself.</param>
public sealed record NegotiatedSession(string LocalSdp, long Version, AudioStream Audio)
{
    /// <summary>The video stream, or null.</summary>
    public VideoStream? Video { get; init; }

    /// <summary>What was agreed about the transport; null for plain RTP.</summary>
    public TransportParameters? Transport { get; init; }
}

/// <summary>One negotiated audio stream, immutable.</summary>
/// <param name="Codec">The codec both ways.</param>
/// <param name="Direction">What we may do: the peer's direction seen from here.</param>
/// <param name="Remote">Where the peer wants its RTP; port 0 or address Any while it is on hold in the old way (c=0.0.0.0).</param>
/// <param name="RemoteRtcp">Where the peer wants its RTCP.</param>
public sealed record AudioStream(CodecOption Codec, MediaDirection Direction, IPEndPoint Remote, IPEndPoint RemoteRtcp)
{
    /// <summary>Payload type in packets that we send: the peer's number.</summary>
    public int SendPayloadType { get; init; }

    /// <summary>Payload type in packets that we receive: our number.</summary>
    public int ReceivePayloadType { get; init; }

    /// <summary>What else of our offer the peer may send: the codecs that its answer does not begin with (RFC 3264 §5.1). Empty when the offer was the peer's.</summary>
    public IReadOnlyList<(int PayloadType, CodecOption Codec)> AlsoReceives { get; init; } = [];

    /// <summary>Payload type of telephone events that we send, or −1.</summary>
    public int SendEventType { get; init; } = -1;

    /// <summary>Payload type of telephone events that we receive, or −1.</summary>
    public int ReceiveEventType { get; init; } = -1;

    /// <summary>Payload type of comfort noise received, or −1.</summary>
    public int ReceiveComfortNoiseType { get; init; } = -1;

    /// <summary>Packet time that we send, ms: the peer's wish, bounded to 10..60.</summary>
    public int PtimeMs { get; init; } = 20;

    /// <summary>RTP clock of telephone events; some peers count them at 8000 Hz beside Opus.</summary>
    public int EventClockHz { get; init; } = StaticPayloadTypes.ClockHz(Codec);

    /// <summary>Whether there is audio at all; without, this only says how the session reaches its peer.</summary>
    public bool Exists { get; init; } = true;

    /// <summary>Whether ICE finds the peer, so that the addresses here mean nothing.</summary>
    public bool UsesIce { get; init; }

    /// <summary>Whether RTCP shares the RTP port (RFC 5761).</summary>
    public bool RtcpMux { get; init; }

    /// <summary>The only source address from which the peer's address may be learnt; null for the one in <see cref="Remote"/> or the signalling source.</summary>
    public IPAddress? LatchFrom { get; init; }

    /// <summary>How long after configuration the peer's address may be learnt, ms; 0 for never.</summary>
    public int LatchWindowMs { get; init; } = 5000;

    /// <summary>Silence of the peer after which <see cref="MediaEventKind.Timeout"/> is reported, ms; 0 for never. Not while the peer is on hold.</summary>
    public int MediaTimeoutMs { get; init; }

    /// <summary>Whether the peer put us on hold: it does not want to receive, or gave address 0.0.0.0.</summary>
    public bool IsHeldByPeer => (Direction & MediaDirection.SendOnly) == 0 || (!UsesIce && (Remote.Address.Equals(IPAddress.Any) || Remote.Port == 0));
}
