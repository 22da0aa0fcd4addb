using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Dtls;

/// <summary>What a handshake gave.</summary>
internal sealed record ManagedResult(byte[]? PeerCertificate, SrtpProfile Profile, byte[] Keys);

/// <summary>What both parts of the managed handshake have in common.</summary>
internal static class ManagedPeer
{
    public static readonly int[] CipherSuites =
    [
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, // the peer's key decides when it is the server
    ];

    public static readonly int[] Profiles = [(int)SrtpProfile.Gcm, (int)SrtpProfile.Sha1Tag80];

    public static ProtocolVersion[] Versions => ProtocolVersion.DTLSv12.Only();

    public static TlsCredentialedSigner Sign(ManagedDtls dtls, TlsContext context) => new BcDefaultTlsCredentialedSigner(
        new TlsCryptoParameters(context), dtls.Crypto, dtls.PrivateKey, new Certificate([dtls.Certificate]),
        new SignatureAndHashAlgorithm(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));

    public static ManagedResult Result(TlsContext context, Certificate? peer, int profile)
    {
        var known = (SrtpProfile)profile is SrtpProfile.Gcm or SrtpProfile.Sha1Tag80 ? (SrtpProfile)profile : SrtpProfile.None;
        var keys = known == SrtpProfile.None ? [] : context.ExportKeyingMaterial(DtlsLimits.ExporterLabel, null, 2 * (SrtpProfiles.KeyLength + known.SaltLength()));
        return new ManagedResult(peer is { IsEmpty: false } ? peer.GetCertificateAt(0).GetEncoded() : null, known, keys);
    }
}

/// <summary>The server's part.</summary>
internal sealed class ManagedServer(ManagedDtls dtls) : DefaultTlsServer(dtls.Crypto)
{
    private Certificate? _peer;
    private int _profile;

    public ManagedResult? Result { get; private set; }

    public bool IsClosed { get; private set; }

    public override void NotifyAlertReceived(short alertLevel, short alertDescription) => IsClosed |= alertDescription == AlertDescription.close_notify;

    public override int GetHandshakeTimeoutMillis() => (int)(DtlsLimits.HandshakeUs / 1000);

    public override int GetHandshakeResendTimeMillis() => DtlsLimits.FirstRetransmissionMs;

    public override void ProcessClientExtensions(IDictionary<int, byte[]> clientExtensions)
    {
        base.ProcessClientExtensions(clientExtensions);
        var offered = TlsSrtpUtilities.GetUseSrtpExtension(clientExtensions)?.ProtectionProfiles ?? [];
        _profile = Array.Find(ManagedPeer.Profiles, p => Array.IndexOf(offered, p) >= 0);
    }

    public override IDictionary<int, byte[]> GetServerExtensions()
    {
        var extensions = base.GetServerExtensions() ?? new Dictionary<int, byte[]>();
        if (_profile != 0)
        {
            TlsSrtpUtilities.AddUseSrtpExtension(extensions, new UseSrtpData([_profile], []));
        }

        return extensions;
    }

    public override CertificateRequest GetCertificateRequest() => new(
        [ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign],
        TlsUtilities.GetDefaultSupportedSignatureAlgorithms(m_context), null);

    public override void NotifyClientCertificate(Certificate clientCertificate)
    {
        if (clientCertificate is null or { IsEmpty: true })
        {
            throw new TlsFatalAlert(AlertDescription.handshake_failure);
        }

        _peer = clientCertificate;
    }

    public override void NotifyHandshakeComplete()
    {
        base.NotifyHandshakeComplete();
        Result = ManagedPeer.Result(m_context, _peer, _profile);
    }

    protected override ProtocolVersion[] GetSupportedVersions() => ManagedPeer.Versions;

    protected override int[] GetSupportedCipherSuites() => ManagedPeer.CipherSuites;

    protected override TlsCredentialedSigner GetECDsaSignerCredentials() => ManagedPeer.Sign(dtls, m_context);
}

/// <summary>The client's part.</summary>
internal sealed class ManagedClient(ManagedDtls dtls) : DefaultTlsClient(dtls.Crypto), TlsAuthentication
{
    private Certificate? _peer;
    private int _profile;

    public ManagedResult? Result { get; private set; }

    public bool IsClosed { get; private set; }

    public override void NotifyAlertReceived(short alertLevel, short alertDescription) => IsClosed |= alertDescription == AlertDescription.close_notify;

    public override int GetHandshakeTimeoutMillis() => (int)(DtlsLimits.HandshakeUs / 1000);

    public override int GetHandshakeResendTimeMillis() => DtlsLimits.FirstRetransmissionMs;

    public override IDictionary<int, byte[]> GetClientExtensions()
    {
        var extensions = base.GetClientExtensions() ?? new Dictionary<int, byte[]>();
        TlsSrtpUtilities.AddUseSrtpExtension(extensions, new UseSrtpData(ManagedPeer.Profiles, []));
        return extensions;
    }

    public override void ProcessServerExtensions(IDictionary<int, byte[]> serverExtensions)
    {
        base.ProcessServerExtensions(serverExtensions);
        var chosen = serverExtensions is null ? null : TlsSrtpUtilities.GetUseSrtpExtension(serverExtensions)?.ProtectionProfiles;
        _profile = chosen is [var only] && Array.IndexOf(ManagedPeer.Profiles, only) >= 0 ? only : 0;
    }

    public override TlsAuthentication GetAuthentication() => this;

    /// <summary>Any certificate will do here: it is compared with the announced fingerprint afterwards.</summary>
    public void NotifyServerCertificate(TlsServerCertificate serverCertificate) => _peer = serverCertificate.Certificate;

    public TlsCredentials GetClientCredentials(CertificateRequest certificateRequest) => ManagedPeer.Sign(dtls, m_context);

    public override void NotifyHandshakeComplete()
    {
        base.NotifyHandshakeComplete();
        Result = ManagedPeer.Result(m_context, _peer, _profile);
    }

    protected override ProtocolVersion[] GetSupportedVersions() => ManagedPeer.Versions;

    protected override int[] GetSupportedCipherSuites() => ManagedPeer.CipherSuites;
}
