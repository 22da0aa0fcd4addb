using System.Diagnostics;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Tests.Dtls;

/// <summary>Both implementations against each other, over memory and without loss.</summary>
public sealed class DtlsTests
{
    private static readonly DtlsCertificate Ours = DtlsCertificate.Create(DateTimeOffset.UtcNow, [1, 2, 3, 4, 5, 6, 7, 8]);
    private static readonly DtlsCertificate Theirs = DtlsCertificate.Create(DateTimeOffset.UtcNow, [8, 7, 6, 5, 4, 3, 2, 1]);

    private static IDtlsFactory Factory(bool managed, DtlsCertificate certificate) => managed ? new ManagedDtls(certificate) : new OpenSslDtls(certificate);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Pitfall10_both_sides_have_the_others_certificate_and_the_same_keys(bool managedServer, bool managedClient)
    {
        using var servers = Factory(managedServer, Ours);
        using var clients = Factory(managedClient, Theirs);
        using var pair = new Pair(servers, clients);
        pair.Run();
        Assert.Equal(DtlsState.Established, pair.Server.State);
        Assert.Equal(DtlsState.Established, pair.Client.State);
        Assert.Equal(Theirs.Certificate, pair.Server.PeerCertificate);
        Assert.Equal(Ours.Certificate, pair.Client.PeerCertificate);
        Assert.Equal(SrtpProfile.Gcm, pair.Server.Profile);
        byte[] serverSends = new byte[28], serverTakes = new byte[28], clientSends = new byte[28], clientTakes = new byte[28];
        Assert.True(pair.Server.TryExport(serverSends, serverTakes));
        Assert.True(pair.Client.TryExport(clientSends, clientTakes));
        Assert.Equal(serverSends, clientTakes);
        Assert.Equal(serverTakes, clientSends);
        Assert.NotEqual(serverSends, serverTakes);
        Assert.True(DtlsCertificate.Matches(pair.Client.PeerCertificate, [Ours.Fingerprint]));
        Assert.False(DtlsCertificate.Matches(pair.Client.PeerCertificate, [Theirs.Fingerprint]));
        pair.Client.Close();
        pair.Run();
        Assert.Equal(DtlsState.Closed, pair.Server.State);
    }

    /// <summary>Pitfall 3: zero means success; taken the wrong way round, every set-up would fail or none.</summary>
    [Fact]
    public void Pitfall3_a_profile_that_openssl_does_not_know_is_an_error_and_a_known_one_is_not()
    {
        using var known = new OpenSslDtls(Ours, "SRTP_AES128_CM_SHA1_80");
        Assert.Throws<InvalidOperationException>(() => new OpenSslDtls(Ours, "SRTP_NO_SUCH_THING"));
    }

    [Fact]
    public void Pitfall16_the_server_takes_what_both_do()
    {
        using var servers = new OpenSslDtls(Ours);
        using var clients = new OpenSslDtls(Theirs, "SRTP_AES128_CM_SHA1_80");
        using var pair = new Pair(servers, clients);
        pair.Run();
        Assert.Equal(SrtpProfile.Sha1Tag80, pair.Server.Profile);
        Assert.Equal(SrtpProfile.Sha1Tag80, pair.Client.Profile);
    }

    /// <summary>Pitfall 7: the server's first flight and the client's second are five messages each, and go out together.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pitfall7_a_flight_is_not_torn_into_a_datagram_for_each_message(bool managed)
    {
        using var servers = Factory(managed, Ours);
        using var clients = Factory(managed, Theirs);
        using var pair = new Pair(servers, clients);
        pair.Run();
        Assert.InRange(pair.MostRecords, 4, 5);
    }

    /// <summary>Pitfall 8: no peer makes threads without end.</summary>
    [Fact]
    public void Pitfall8_managed_handshakes_that_nobody_finishes_are_bounded_and_end()
    {
        using var managed = new ManagedDtls(Ours);
        var output = new Output();
        var sessions = Enumerable.Range(0, 200).Select(_ => managed.Create(DtlsRole.Client, output)).ToList();
        sessions.ForEach(s => s.Start(0));
        Assert.True(SpinWait.SpinUntil(() => managed.Running == ManagedDtls.MostHandshakes, TimeSpan.FromSeconds(30)));
        sessions.ForEach(s => s.Tick(DtlsLimits.HandshakeUs + 1));
        Assert.All(sessions, s => Assert.Equal(DtlsState.Failed, s.State));
        Assert.True(SpinWait.SpinUntil(() => managed.Running == 0, TimeSpan.FromSeconds(60)), $"{managed.Running} threads are left");
        sessions.ForEach(s => s.Dispose());
    }

    /// <summary>Pitfall 9.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pitfall9_the_warm_up_makes_a_whole_handshake(bool managed)
    {
        using var factory = Factory(managed, Ours);
        Assert.True(DtlsWarmUp.Run(factory));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void S23_a_peer_that_sends_without_end_is_cut_off(bool managed)
    {
        using var factory = Factory(managed, Ours);
        using var session = factory.Create(DtlsRole.Server, new Output());
        session.Start(0);
        for (var i = 0; i < DtlsLimits.MostDatagrams + 1; i++)
        {
            session.Receive([22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, (byte)i, 0, 12, 1, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0], 1);
        }

        Assert.Equal(DtlsState.Failed, session.State);
        Assert.NotEmpty(session.Error);
    }

    [Theory]
    [InlineData("sha-256", true)]
    [InlineData("SHA-256", true)]
    [InlineData("sha-1", false)]
    [InlineData("md5", false)]
    [InlineData("sha-512", true)]
    public void S24_fingerprints_with_functions_that_prove_nothing_do_not_count(string hash, bool counts)
    {
        var digest = hash switch
        {
            "sha-512" => System.Security.Cryptography.SHA512.HashData(Ours.Certificate),
#pragma warning disable CA5350, CA5351 // what is refused
            "sha-1" => System.Security.Cryptography.SHA1.HashData(Ours.Certificate),
            "md5" => System.Security.Cryptography.MD5.HashData(Ours.Certificate),
#pragma warning restore CA5350, CA5351
            _ => System.Security.Cryptography.SHA256.HashData(Ours.Certificate),
        };
        var value = string.Join(':', digest.Select(b => b.ToString("x2")));
        Assert.Equal(counts, DtlsCertificate.Matches(Ours.Certificate, [new DtlsFingerprint("sha-256", "00:11"), new DtlsFingerprint(hash, value)]));
        Assert.False(DtlsCertificate.Matches(Ours.Certificate, []));
    }

    private sealed class Output : IDtlsOutput
    {
        public System.Collections.Concurrent.ConcurrentQueue<byte[]> Datagrams { get; } = new();

        public void SendDtls(ReadOnlySpan<byte> datagram) => Datagrams.Enqueue(datagram.ToArray());

        public void WakeDtls()
        {
            // The pair looks all the time.
        }
    }

    private sealed class Pair : IDisposable
    {
        private readonly Output _toServer = new();
        private readonly Output _toClient = new();
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public Pair(IDtlsFactory servers, IDtlsFactory clients)
        {
            Server = servers.Create(DtlsRole.Server, _toClient);
            Client = clients.Create(DtlsRole.Client, _toServer);
            Server.Start(0);
            Client.Start(0);
        }

        public IDtlsSession Server { get; }

        public IDtlsSession Client { get; }

        /// <summary>Most records in one datagram.</summary>
        public int MostRecords { get; private set; }

        /// <summary>Carries datagrams until both are done and nothing is on its way.</summary>
        public void Run()
        {
            while (_clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                var nowUs = _clock.ElapsedTicks * 1_000_000 / Stopwatch.Frequency;
                Server.Tick(nowUs);
                Client.Tick(nowUs);
                if (_toServer.Datagrams.TryDequeue(out var datagram))
                {
                    Count(datagram);
                    Server.Receive(datagram, nowUs);
                }
                else if (_toClient.Datagrams.TryDequeue(out datagram))
                {
                    Count(datagram);
                    Client.Receive(datagram, nowUs);
                }
                else if (Server.State != DtlsState.Handshaking && Client.State != DtlsState.Handshaking)
                {
                    return;
                }
            }
        }

        public void Dispose()
        {
            Server.Dispose();
            Client.Dispose();
        }

        private void Count(byte[] datagram)
        {
            var records = 0;
            for (var at = 0; at + 13 <= datagram.Length; at += 13 + (datagram[at + 11] << 8) + datagram[at + 12])
            {
                records++;
            }

            MostRecords = Math.Max(MostRecords, records);
        }
    }
}
