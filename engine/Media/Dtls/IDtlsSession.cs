using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Dtls;

/// <summary>One DTLS association (RFC 6347) that agrees on SRTP keys (RFC 5764): datagrams and time in, datagrams out. Media loop only.</summary>
/// <remarks>It accepts any certificate: whoever owns it compares <see cref="PeerCertificate"/> with what was announced before it uses the keys.</remarks>
internal interface IDtlsSession : IDisposable
{
    DtlsState State { get; }

    /// <summary>DER; null before the handshake is done.</summary>
    byte[]? PeerCertificate { get; }

    /// <summary>What was negotiated; <see cref="SrtpProfile.None"/> when the peer does not do SRTP.</summary>
    SrtpProfile Profile { get; }

    /// <summary>When <see cref="Tick"/> is due, in the caller's time; <see cref="long.MaxValue"/> for never.</summary>
    long DueUs { get; }

    /// <summary>What went wrong, for people; empty while nothing did.</summary>
    string Error { get; }

    /// <summary>Begins: a client sends its first flight.</summary>
    void Start(long nowUs);

    /// <summary>Takes one datagram of the peer.</summary>
    void Receive(ReadOnlySpan<byte> datagram, long nowUs);

    /// <summary>Sends again what is due.</summary>
    void Tick(long nowUs);

    /// <summary>Says goodbye to the peer.</summary>
    void Close();

    /// <summary>Gives the master key and salt of both directions, each as key, then salt.</summary>
    /// <param name="local">Of what we send; key and salt of <see cref="Profile"/>.</param>
    /// <param name="remote">Of what the peer sends.</param>
    bool TryExport(Span<byte> local, Span<byte> remote);
}

/// <summary>Where a session's datagrams go.</summary>
internal interface IDtlsOutput
{
    /// <summary>Sends one datagram to the peer; borrowed for the call only.</summary>
    void SendDtls(ReadOnlySpan<byte> datagram);

    /// <summary>Something happened on another thread: <see cref="IDtlsSession.Tick"/> is wanted soon. Any thread.</summary>
    void WakeDtls();
}

/// <summary>An implementation of DTLS. Any thread.</summary>
internal interface IDtlsFactory : IDisposable
{
    /// <summary>Its name for logs and diagnosis.</summary>
    string Name { get; }

    IDtlsSession Create(DtlsRole role, IDtlsOutput output);
}

/// <summary>States of an association.</summary>
internal enum DtlsState : byte
{
    Handshaking,
    Established,

    /// <summary>The peer said goodbye.</summary>
    Closed,
    Failed,
}

/// <summary>Limits of both implementations.</summary>
internal static class DtlsLimits
{
    /// <summary>Longest datagram that is made.</summary>
    public const int LongestDatagram = 1200;

    /// <summary>How long a handshake may take.</summary>
    public const long HandshakeUs = 20_000_000;

    /// <summary>Datagrams of the peer in one handshake; a whole one takes four, more are repetitions.</summary>
    public const int MostDatagrams = 200;

    /// <summary>Time until a flight is sent again, at first; then it doubles (RFC 6347 §4.2.4 recommends a second, which is long for a call).</summary>
    public const int FirstRetransmissionMs = 100;

    /// <summary>Longest time until a flight is sent again.</summary>
    public const int LastRetransmissionMs = 3200;

    public const string ExporterLabel = "EXTRACTOR-dtls_srtp"; // RFC 5764 §4.2

    /// <summary>Splits what the exporter gives into both directions.</summary>
    public static void Split(ReadOnlySpan<byte> exported, SrtpProfile profile, bool isServer, Span<byte> local, Span<byte> remote)
    {
        var salt = profile.SaltLength();
        var client = isServer ? remote : local;
        var server = isServer ? local : remote;
        exported[..SrtpProfiles.KeyLength].CopyTo(client);
        exported.Slice(SrtpProfiles.KeyLength, SrtpProfiles.KeyLength).CopyTo(server);
        exported.Slice(2 * SrtpProfiles.KeyLength, salt).CopyTo(client[SrtpProfiles.KeyLength..]);
        exported.Slice((2 * SrtpProfiles.KeyLength) + salt, salt).CopyTo(server[SrtpProfiles.KeyLength..]);
    }
}
