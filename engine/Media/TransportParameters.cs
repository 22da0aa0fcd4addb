using System.Net;

namespace XSwitchEngine.Media;

/// <summary>What the SDP of both sides agreed about the transport of a session; equal when all of it is equal.</summary>
/// <remarks>Given to <see cref="IMediaEngine.SetTransport"/> with what is known so far, and again when more is.</remarks>
public sealed record TransportParameters
{
    /// <summary>Where the SRTP keys come from.</summary>
    public KeyAgreement Keys { get; init; }

    /// <summary>Our ICE credentials; null for no ICE: plain or protected RTP whose peer is found by latching.</summary>
    public IceCredentials? LocalIce { get; init; }

    /// <summary>The peer's ICE credentials; null while its description is not there.</summary>
    public IceCredentials? RemoteIce { get; init; }

    /// <summary>Whether we make checks of our own and nominate, because the peer may be ICE-lite; otherwise we are. The session then has a port of its own (<see cref="MediaTransportKind.Rtp"/>).</summary>
    public bool ControlsIce { get; init; }

    /// <summary>Where our checks go.</summary>
    public IReadOnlyList<IPEndPoint> RemoteCandidates { get; init; } = [];

    /// <summary>Fingerprints that the peer announced, one of which its certificate must have. Empty while its description is not there: keys are kept, no media passes.</summary>
    public IReadOnlyList<DtlsFingerprint> RemoteFingerprints { get; init; } = [];

    /// <summary>Our part in the DTLS handshake.</summary>
    public DtlsRole Role { get; init; }

    /// <summary>The key of what we send, with <see cref="KeyAgreement.Sdes"/>.</summary>
    public SdesKey? LocalKey { get; init; }

    /// <summary>The key of what the peer sends, with <see cref="KeyAgreement.Sdes"/>; null while its description is not there.</summary>
    public SdesKey? RemoteKey { get; init; }

    /// <inheritdoc/>
    public bool Equals(TransportParameters? other) =>
        other is not null && Keys == other.Keys && LocalIce == other.LocalIce && RemoteIce == other.RemoteIce && Role == other.Role
        && ControlsIce == other.ControlsIce && RemoteCandidates.SequenceEqual(other.RemoteCandidates)
        && RemoteFingerprints.SequenceEqual(other.RemoteFingerprints) && Equals(LocalKey, other.LocalKey) && Equals(RemoteKey, other.RemoteKey);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Keys, LocalIce, RemoteIce, Role, LocalKey, RemoteKey, RemoteFingerprints.Count);
}

/// <summary>Kinds of transport of a session.</summary>
public enum MediaTransportKind
{
    /// <summary>A pair of ports of its own.</summary>
    Rtp,

    /// <summary>The WebRTC port that its media loop shares among sessions.</summary>
    WebRtc,
}

/// <summary>Where the keys of SRTP come from.</summary>
public enum KeyAgreement
{
    /// <summary>Nowhere: plain RTP.</summary>
    None,

    /// <summary>The description itself (RFC 4568).</summary>
    Sdes,

    /// <summary>A DTLS handshake on the media path (RFC 5764).</summary>
    Dtls,
}

/// <summary>Parts in a DTLS handshake.</summary>
public enum DtlsRole
{
    /// <summary>Waits for the peer: a=setup:passive.</summary>
    Server,

    /// <summary>Begins: a=setup:active.</summary>
    Client,
}

/// <summary>User name fragment and password of one side (RFC 8839 §5.4).</summary>
/// <param name="Ufrag">4 to 256 characters; ours is unique in the engine.</param>
/// <param name="Password">22 to 256 characters.</param>
public sealed record IceCredentials(string Ufrag, string Password);

/// <summary>The hash of a certificate (RFC 8122 §5).</summary>
/// <param name="Hash">The function's name in lower case, such as <c>sha-256</c>.</param>
/// <param name="Value">Bytes in upper-case hexadecimal with colons between.</param>
public sealed record DtlsFingerprint(string Hash, string Value);

/// <summary>A key of the description (RFC 4568).</summary>
/// <param name="Tag">Its number in the description.</param>
/// <param name="Suite"><c>AES_CM_128_HMAC_SHA1_80</c>, <c>AES_CM_128_HMAC_SHA1_32</c> or <c>AEAD_AES_128_GCM</c> (RFC 7714).</param>
/// <param name="KeyAndSalt">Master key, then master salt: 30 bytes, 28 for GCM.</param>
public sealed record SdesKey(int Tag, string Suite, byte[] KeyAndSalt)
{
    /// <inheritdoc/>
    public bool Equals(SdesKey? other) => other is not null && Tag == other.Tag && Suite == other.Suite && KeyAndSalt.AsSpan().SequenceEqual(other.KeyAndSalt);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tag, Suite, KeyAndSalt.Length);

    /// <summary>Names the key without telling it.</summary>
    public override string ToString() => $"{Tag} {Suite}";
}

/// <summary>Why a transport did not come up; the value of <see cref="MediaEventKind.TransportFailed"/>.</summary>
public enum TransportFailure
{
    /// <summary>No ICE check of the peer arrived in time.</summary>
    Ice = 1,

    /// <summary>The DTLS handshake failed or was not finished in time.</summary>
    Dtls,

    /// <summary>The peer's certificate is not the one it announced.</summary>
    Fingerprint,

    /// <summary>The keys of the description cannot be used.</summary>
    Keys,
}
