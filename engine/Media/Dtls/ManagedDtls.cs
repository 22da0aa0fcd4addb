using System.Collections.Concurrent;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace XSwitchEngine.Media.Dtls;

/// <summary>DTLS in managed code, where OpenSSL does not load.</summary>
/// <remarks>A handshake blocks a thread until it is done, so at most <see cref="MostHandshakes"/> run at once; the others wait, their peers repeat themselves.</remarks>
internal sealed class ManagedDtls : IDtlsFactory
{
    public const int MostHandshakes = 16;

    private readonly ConcurrentQueue<ManagedSession> _waiting = new();
    private int _running;

    public ManagedDtls(DtlsCertificate certificate)
    {
        Crypto = new BcTlsCrypto(new SecureRandom());
        Certificate = Crypto.CreateCertificate(certificate.Certificate);
        PrivateKey = PrivateKeyFactory.CreateKey(certificate.PrivateKey);
    }

    /// <inheritdoc/>
    public string Name => "managed";

    public BcTlsCrypto Crypto { get; }

    public Org.BouncyCastle.Tls.Crypto.TlsCertificate Certificate { get; }

    public AsymmetricKeyParameter PrivateKey { get; }

    /// <summary>Handshakes that have a thread now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <inheritdoc/>
    public IDtlsSession Create(DtlsRole role, IDtlsOutput output) => new ManagedSession(this, role, output);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing native; threads end with their sessions.
    }

    /// <summary>Runs a session's handshake on a thread, now or when one of the running ones is done.</summary>
    public void Run(ManagedSession session)
    {
        _waiting.Enqueue(session);
        RunNext();
    }

    private void RunNext()
    {
        if (Interlocked.Increment(ref _running) > MostHandshakes)
        {
            Interlocked.Decrement(ref _running);
            return;
        }

        if (!_waiting.TryDequeue(out var session))
        {
            Interlocked.Decrement(ref _running);
            return;
        }

        new Thread(() =>
        {
            session.Handshake();
            Interlocked.Decrement(ref _running);
            if (!_waiting.IsEmpty)
            {
                RunNext();
            }
        })
        { IsBackground = true, Name = "dtls-handshake" }.Start();
    }
}
