using System.Collections.Concurrent;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using Org.BouncyCastle.X509;
using Certificate = Org.BouncyCastle.Tls.Certificate;

namespace XSwitchEngine.TestKit;

/// <summary>DTLS of a peer by BouncyCastle: certificate, handshake in either part, SRTP keys. The engine normally uses OpenSSL.</summary>
public sealed class PeerDtls
{
    private static readonly BcTlsCrypto TlsCrypto = new(new SecureRandom());

    private readonly AsymmetricCipherKeyPair _key;
    private readonly byte[] _certificate;
    private readonly int[] _profiles;

    public PeerDtls(params int[] profiles)
    {
        _profiles = profiles.Length > 0 ? profiles : [7, 1];
        var generator = new ECKeyPairGenerator();
        generator.Init(new Org.BouncyCastle.Crypto.Parameters.ECKeyGenerationParameters(SecObjectIdentifiers.P256, new SecureRandom()));
        _key = generator.GenerateKeyPair();
        var maker = new X509V3CertificateGenerator();
        var name = new X509Name("CN=WebRTC");
        maker.SetSerialNumber(BigInteger.ValueOf(Environment.TickCount64 + 1));
        maker.SetIssuerDN(name);
        maker.SetSubjectDN(name);
        maker.SetNotBefore(DateTime.UtcNow.AddDays(-1));
        maker.SetNotAfter(DateTime.UtcNow.AddDays(30));
        maker.SetPublicKey(_key.Public);
        _certificate = maker.Generate(new Asn1SignatureFactory("SHA256withECDSA", _key.Private)).GetEncoded();
        Fingerprint = FingerprintOf(_certificate);
    }

    /// <summary>SHA-256 of the certificate, as a=fingerprint writes it.</summary>
    public string Fingerprint { get; }

    public static string FingerprintOf(byte[] certificate) => string.Join(':', System.Security.Cryptography.SHA256.HashData(certificate).Select(b => b.ToString("X2")));

    /// <summary>The whole handshake; blocks.</summary>
    /// <returns>The keys, or why not.</returns>
    public PeerKeys Handshake(bool isClient, PeerDtlsWire wire)
    {
        try
        {
            if (isClient)
            {
                var client = new Client(this);
                wire.Transport = new DtlsClientProtocol().Connect(client, wire);
                wire.Flush();
                return client.Keys!;
            }

            var server = new Server(this);
            wire.Transport = new DtlsServerProtocol { VerifyRequests = false }.Accept(server, wire);
            wire.Flush();
            return server.Keys!;
        }
        catch (Exception e)
        {
            return new PeerKeys("", 0, [], [], [], []) { Error = e.Message };
        }
    }

    private BcDefaultTlsCredentialedSigner Sign(TlsContext context) => new BcDefaultTlsCredentialedSigner(
        new Org.BouncyCastle.Tls.Crypto.TlsCryptoParameters(context), TlsCrypto, _key.Private, new Certificate([TlsCrypto.CreateCertificate(_certificate)]),
        new SignatureAndHashAlgorithm(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));

    private static PeerKeys Export(TlsContext context, Certificate? peer, int profile, bool isClient)
    {
        var salt = profile == 7 ? 12 : 14;
        var bytes = context.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", null, 2 * (16 + salt));
        var (clientKey, serverKey) = (bytes[..16], bytes[16..32]);
        var (clientSalt, serverSalt) = (bytes[32..(32 + salt)], bytes[(32 + salt)..]);
        var fingerprint = peer is { IsEmpty: false } ? FingerprintOf(peer.GetCertificateAt(0).GetEncoded()) : "";
        return isClient
            ? new PeerKeys(fingerprint, profile, clientKey, clientSalt, serverKey, serverSalt)
            : new PeerKeys(fingerprint, profile, serverKey, serverSalt, clientKey, clientSalt);
    }

    private static class SecObjectIdentifiers
    {
        public static readonly Org.BouncyCastle.Asn1.DerObjectIdentifier P256 = Org.BouncyCastle.Asn1.X9.X9ObjectIdentifiers.Prime256v1;
    }

    private sealed class Client(PeerDtls owner) : DefaultTlsClient(TlsCrypto), TlsAuthentication
    {
        private Certificate? _peer;
        private int _profile;

        public PeerKeys? Keys { get; private set; }

        public override int GetHandshakeResendTimeMillis() => 200;

        public override int GetHandshakeTimeoutMillis() => 30_000;

        public override IDictionary<int, byte[]> GetClientExtensions()
        {
            var extensions = base.GetClientExtensions();
            TlsSrtpUtilities.AddUseSrtpExtension(extensions, new UseSrtpData(owner._profiles, []));
            return extensions;
        }

        public override void ProcessServerExtensions(IDictionary<int, byte[]> serverExtensions)
        {
            base.ProcessServerExtensions(serverExtensions);
            _profile = TlsSrtpUtilities.GetUseSrtpExtension(serverExtensions).ProtectionProfiles.Single();
        }

        public override TlsAuthentication GetAuthentication() => this;

        public void NotifyServerCertificate(TlsServerCertificate serverCertificate) => _peer = serverCertificate.Certificate;

        public TlsCredentials GetClientCredentials(CertificateRequest certificateRequest) => owner.Sign(m_context);

        public override void NotifyHandshakeComplete()
        {
            base.NotifyHandshakeComplete();
            Keys = Export(m_context, _peer, _profile, isClient: true);
        }

        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.DTLSv12.Only();
    }

    private sealed class Server(PeerDtls owner) : DefaultTlsServer(TlsCrypto)
    {
        private Certificate? _peer;
        private int _profile;

        public PeerKeys? Keys { get; private set; }

        public override int GetHandshakeResendTimeMillis() => 200;

        public override int GetHandshakeTimeoutMillis() => 30_000;

        public override void ProcessClientExtensions(IDictionary<int, byte[]> clientExtensions)
        {
            base.ProcessClientExtensions(clientExtensions);
            var offered = TlsSrtpUtilities.GetUseSrtpExtension(clientExtensions).ProtectionProfiles;
            _profile = owner._profiles.First(offered.Contains);
        }

        public override IDictionary<int, byte[]> GetServerExtensions()
        {
            var extensions = base.GetServerExtensions() ?? new Dictionary<int, byte[]>();
            TlsSrtpUtilities.AddUseSrtpExtension(extensions, new UseSrtpData([_profile], []));
            return extensions;
        }

        public override CertificateRequest GetCertificateRequest() =>
            new([ClientCertificateType.ecdsa_sign], TlsUtilities.GetDefaultSupportedSignatureAlgorithms(m_context), null);

        public override void NotifyClientCertificate(Certificate clientCertificate) => _peer = clientCertificate;

        public override void NotifyHandshakeComplete()
        {
            base.NotifyHandshakeComplete();
            Keys = Export(m_context, _peer, _profile, isClient: false);
        }

        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.DTLSv12.Only();

        protected override int[] GetSupportedCipherSuites() => [CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

        protected override TlsCredentialedSigner GetECDsaSignerCredentials() => owner.Sign(m_context);
    }
}

/// <summary>What a peer's handshake gave.</summary>
public sealed record PeerKeys(string Fingerprint, int Profile, byte[] LocalKey, byte[] LocalSalt, byte[] RemoteKey, byte[] RemoteSalt)
{
    public string Error { get; init; } = "";
}

/// <summary>Datagrams to and from a peer's handshake.</summary>
public sealed class PeerDtlsWire(Action<byte[]> send) : DatagramTransport, IDisposable
{
    private readonly BlockingCollection<byte[]> _in = [];
    private byte[] _flight = [];

    public DtlsTransport? Transport { get; set; }

    public int Datagrams { get; private set; }

    public void Add(byte[] datagram)
    {
        lock (_in)      // the peer's thread adds while the test disposes
        {
            if (!_in.IsAddingCompleted)
            {
                _in.Add(datagram);
            }
        }
    }

    public void Flush()
    {
        if (_flight.Length > 0)
        {
            send(_flight);
            Datagrams++;
            _flight = [];
        }
    }

    public int GetReceiveLimit() => 1500;

    public int GetSendLimit() => 1200;

    public int Receive(byte[] buf, int off, int len, int waitMillis) => Receive(buf.AsSpan(off, len), waitMillis);

    public int Receive(Span<byte> buffer, int waitMillis)
    {
        Flush();
        if (!_in.TryTake(out var datagram, waitMillis == 0 ? -1 : waitMillis))
        {
            return _in.IsCompleted ? throw new TlsFatalAlert(AlertDescription.user_canceled) : -1;
        }

        datagram.CopyTo(buffer);
        return datagram.Length;
    }

    public void Send(byte[] buf, int off, int len) => Send(buf.AsSpan(off, len));

    public void Send(ReadOnlySpan<byte> buffer)
    {
        if (_flight.Length + buffer.Length > 1200)
        {
            Flush();
        }

        _flight = [.. _flight, .. buffer];
        if (Transport is not null)
        {
            Flush();
        }
    }

    public void Close()
    {
        // The peer owns the socket.
    }

    public void Dispose()
    {
        lock (_in)
        {
            _in.CompleteAdding();
        }
    }
}
