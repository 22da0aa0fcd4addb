using System.Net;
using CsCheck;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;
using XSwitchEngine.Media.Srtp;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>Transports of legs without sockets or a clock: keys of descriptions, DTLS without ICE, consent, time.</summary>
public sealed class SecureTransportTests
{
    private static readonly SdesKey One = new(1, "AES_CM_128_HMAC_SHA1_80", [.. Enumerable.Range(0, 30).Select(i => (byte)i)]);
    private static readonly SdesKey Other = new(1, "AES_CM_128_HMAC_SHA1_80", [.. Enumerable.Range(100, 30).Select(i => (byte)i)]);
    private static readonly SdesKey Gcm = new(2, "AEAD_AES_128_GCM", [.. Enumerable.Range(50, 28).Select(i => (byte)i)]);

    private readonly FakePlane _plane = new();

    private static TransportParameters Sdes(SdesKey? local, SdesKey? remote) => new() { Keys = KeyAgreement.Sdes, LocalKey = local, RemoteKey = remote };

    private static PeerSrtp Srtp(SdesKey key) => new(key.Suite == Gcm.Suite ? 7 : 1, key.KeyAndSalt[..16], key.KeyAndSalt[16..]);

    private static byte[] Audio(ushort sequence)
    {
        var packet = new byte[172];
        RtpHeader.Write(packet, 0, false, sequence, sequence * 160u, 0xABCD);
        packet.AsSpan(12).Fill(0x55);
        return packet;
    }

    private void Set(Phone phone, TransportParameters parameters, bool anew = false) =>
        _plane.Do(CommandKind.SetTransport, phone, parameters, 0, anew ? 1 : 0);

    private void Receive(Phone phone, byte[] packet, bool rtcp = false, IPEndPoint? from = null) =>
        phone.Leg.OnDatagram([.. packet], rtcp, NetAddress.From(from ?? phone.Address), _plane.NowUs);

    private Phone AddEcho()
    {
        var phone = _plane.Add(FakePlane.Pcmu);
        _plane.Do(CommandKind.Echo, phone, null, 0, 0);
        return phone;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_of_the_descriptions_protect_both_ways_rtp_and_rtcp(bool gcm)
    {
        var (local, remote) = gcm ? (Gcm, Gcm with { KeyAndSalt = [.. Gcm.KeyAndSalt.Reverse()] }) : (One, Other);
        var phone = AddEcho();
        Set(phone, Sdes(local, null));
        Receive(phone, Audio(1));
        Assert.Empty(_plane.SentPackets);
        Assert.Empty(_plane.EventsOf(MediaEventKind.TransportUp));
        Set(phone, Sdes(local, remote));
        Assert.Single(_plane.EventsOf(MediaEventKind.TransportUp));
        var (sends, hears) = (Srtp(remote), Srtp(local));
        Receive(phone, Audio(2));
        Assert.Empty(_plane.SentPackets);
        Receive(phone, sends.ProtectRtp(Audio(3)));
        var echoed = hears.UnprotectRtp(Assert.Single(_plane.SentPackets).Data);
        Assert.Equal(Audio(3)[12..], echoed![12..]);
        _plane.Run(10_000);
        var report = Assert.Single(_plane.SentPackets.Where(p => p.Rtcp).Take(1)).Data;
        Assert.Equal(200, hears.UnprotectRtcp(report)![1]);
    }

    [Fact]
    public void A_key_that_stays_keeps_its_counters_and_another_one_takes_its_place()
    {
        var phone = AddEcho();
        Set(phone, Sdes(One, Other));
        var sends = Srtp(Other);
        var first = sends.ProtectRtp(Audio(65535));
        Receive(phone, first);
        Receive(phone, sends.ProtectRtp(Audio(0)));
        Set(phone, Sdes(One, Other));
        Set(phone, Sdes(One, null)); // our re-offer is out: what was known stays
        Receive(phone, sends.ProtectRtp(Audio(1)));
        Assert.Equal(3, _plane.SentPackets.Count);
        Receive(phone, first);
        Assert.Equal(3, _plane.SentPackets.Count);
        Set(phone, Sdes(One, Gcm));
        Receive(phone, sends.ProtectRtp(Audio(2)));
        Assert.Equal(3, _plane.SentPackets.Count);
        Receive(phone, Srtp(Gcm).ProtectRtp(Audio(3)));
        Assert.Equal(4, _plane.SentPackets.Count);
        Assert.Single(_plane.EventsOf(MediaEventKind.TransportUp));
    }

    /// <summary>S-28.</summary>
    [Fact]
    public void S28_a_description_without_keys_does_not_bring_plain_rtp_back()
    {
        var phone = AddEcho();
        Set(phone, Sdes(One, Other));
        Receive(phone, Srtp(Other).ProtectRtp(Audio(1)));
        Set(phone, new TransportParameters());
        _plane.SentPackets.Clear();
        Receive(phone, Audio(2));
        Assert.Empty(_plane.SentPackets);
        Receive(phone, Srtp(Other).ProtectRtp(Audio(3)));
        Assert.NotEqual(Audio(3)[12..], Assert.Single(_plane.SentPackets).Data[12..172]);
    }

    [Theory]
    [InlineData("AES_CM_128_HMAC_SHA1_80", 28)]
    [InlineData("NULL_HMAC_SHA1_80", 30)]
    public void S28_a_key_that_is_not_possible_fails_closed(string suite, int length)
    {
        var phone = AddEcho();
        Set(phone, Sdes(One, new SdesKey(1, suite, new byte[length])));
        Assert.Equal((int)TransportFailure.Keys, Assert.Single(_plane.EventsOf(MediaEventKind.TransportFailed)).Value);
        Receive(phone, Audio(1));
        Assert.Empty(_plane.SentPackets);
    }

    /// <summary>S-26: what a stranger sends is not authentic, so it moves nothing, and plain packets never pass.</summary>
    [Fact]
    public void S26_with_keys_a_stranger_on_the_peers_own_host_is_not_latched_to()
    {
        var phone = AddEcho();
        Set(phone, Sdes(One, Other));
        var stranger = new IPEndPoint(phone.Address.Address, 6666);
        for (ushort i = 0; i < 100; i++)
        {
            Receive(phone, Audio(i), from: stranger);
            Receive(phone, Srtp(One).ProtectRtp(Audio(i)), from: stranger);
        }

        Assert.Empty(_plane.SentPackets);
        var moved = new IPEndPoint(phone.Address.Address, 7777); // behind a NAT: authentic, so it is learnt
        Receive(phone, Srtp(Other).ProtectRtp(Audio(1)), from: moved);
        Assert.Equal(NetAddress.From(moved), Assert.Single(_plane.SentPackets).To);
    }

    [Fact]
    public void Dtls_without_ice_works_between_a_server_and_a_client_leg()
    {
        var (server, client) = Pair(out _);
        Exchange(server, client, 1000, () => false);
        Assert.Equal(2, _plane.EventsOf(MediaEventKind.TransportUp).Count());
        Assert.Contains("AEAD_AES_128_GCM, fingerprint right", server.Leg.Describe(), StringComparison.Ordinal);

        // A tone from one to the other, which repeats it, and back in the clear.
        _plane.Do(CommandKind.Echo, server, null, 0, 0);
        _plane.Play(client, 1, "tone_stream://%(2000,0,440)");
        Exchange(server, client, 1500, () => false);
        Assert.True(client.Leg.Statistics().PacketsReceived > 50);
        Assert.Equal(server.Leg.Statistics().PacketsReceived, client.Leg.Statistics().PacketsReceived);
    }

    /// <summary>Pitfall 6: datagrams go in one by one and come out no longer than 1200 bytes.</summary>
    [Fact]
    public void Pitfall6_handshake_datagrams_are_whole_records_of_at_most_1200_bytes()
    {
        var (server, client) = Pair(out var handshake);
        Exchange(server, client, 3000, () => false);
        Assert.All(handshake, d => Assert.InRange(d.Length, 13, 1200));
        Assert.All(handshake, d =>
        {
            var at = 0;
            while (at < d.Length)
            {
                at += 13 + (d[at + 11] << 8) + d[at + 12];
            }

            Assert.Equal(d.Length, at);
        });
        Assert.Contains(handshake, d => d.Length > 500); // several messages together
    }

    /// <summary>S-22 and S-23: without ICE only the signalled address may begin a handshake, and it cannot go on for ever.</summary>
    [Fact]
    public void S22_S23_a_handshake_is_taken_from_the_signalled_address_only_and_ends()
    {
        var (server, client) = Pair(out var handshake);
        var hello = handshake[0];
        handshake.Clear();
        _plane.SentPackets.Clear();
        for (var i = 0; i < 100; i++)
        {
            Receive(server, hello, from: new IPEndPoint(IPAddress.Parse("203.0.113.5"), 5000));
        }

        Assert.Empty(_plane.SentPackets);
        Receive(server, hello);
        Assert.NotEmpty(_plane.SentPackets);
        Receive(server, hello, from: new IPEndPoint(server.Address.Address, 9999));
        for (var i = 0; i < 2000; i++)
        {
            byte[] fragment = [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, (byte)(i >> 8), (byte)i, 0, 16, 1, 0xFF, 0xFF, 0xFF, 0, 1, 0, 0, (byte)i, 0, 0, 4, 1, 2, 3, 4];
            Receive(server, fragment);
        }

        _plane.Run(40_000);
        Assert.Equal((int)TransportFailure.Dtls, Assert.Single(_plane.EventsOf(MediaEventKind.TransportFailed), e => e.Session == server.Leg.Session).Value);
        Assert.Equal((int)TransportFailure.Dtls, Assert.Single(_plane.EventsOf(MediaEventKind.TransportFailed), e => e.Session == client.Leg.Session).Value);
    }

    [Fact]
    public void Without_any_check_ice_fails_after_its_time_and_says_so()
    {
        var phone = AddEcho();
        Set(phone, new TransportParameters
        {
            Keys = KeyAgreement.Dtls,
            LocalIce = new IceCredentials("ours", "our-password-of-22-bytes"),
            RemoteIce = new IceCredentials("they", "x"),
            RemoteFingerprints = [FakePlaneCertificate.Fingerprint],
        });
        _plane.Run(31_000);
        Assert.Equal((int)TransportFailure.Ice, Assert.Single(_plane.EventsOf(MediaEventKind.TransportFailed)).Value);
        Assert.Contains("no check of the peer has arrived", phone.Leg.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Consent_ends_after_thirty_seconds_without_a_check_and_a_check_brings_it_back()
    {
        var phone = AddEcho();
        Set(phone, new TransportParameters { LocalIce = new IceCredentials("ours", "our-password-of-22-bytes") });
        void Check() => Receive(phone, PeerIce.Check("ours:x", "our-password-of-22-bytes", true, new byte[12]));
        Check();
        Assert.Single(_plane.EventsOf(MediaEventKind.TransportUp));
        for (var i = 0; i < 4; i++)
        {
            _plane.Run(20_000);
            Check();
        }

        Receive(phone, Audio(1));
        Assert.Empty(_plane.EventsOf(MediaEventKind.TransportLost));
        Assert.Contains(_plane.SentPackets, p => p.Data.Length == 172);
        _plane.Run(31_000);
        Assert.Single(_plane.EventsOf(MediaEventKind.TransportLost));
        _plane.SentPackets.Clear();
        Receive(phone, Audio(2));
        Assert.Empty(_plane.SentPackets);
        Check();
        Assert.Equal(2, _plane.EventsOf(MediaEventKind.TransportUp).Count());
        Receive(phone, Audio(3));
        Assert.Contains(_plane.SentPackets, p => p.Data.Length == 172);
    }

    /// <summary>S-23, S-29 and S-30 on the whole way in, and pitfall 11: the first byte tells what a packet is.</summary>
    [Fact]
    public void Pitfall11_S29_S30_whatever_comes_in_nothing_throws_and_nothing_goes_out_but_handshake()
    {
        var (server, _) = Pair(out var handshake);
        var hello = handshake[0];
        var sdes = AddEcho();
        Set(sdes, Sdes(One, Other));
        _plane.SentPackets.Clear();
        Gen.Select(Gen.Byte, Gen.Byte.Array[0, 300]).Sample((first, rest) =>
        {
            byte[] packet = [first, .. rest];
            Receive(server, packet);
            Receive(sdes, packet);
            Receive(sdes, packet, rtcp: true);
        }, iter: 3000, threads: 1);
        Gen.Select(Gen.Int[0, hello.Length - 1], Gen.Byte[1, 255], Gen.Int[0, hello.Length]).Sample((at, change, length) =>
        {
            byte[] packet = [.. hello];
            packet[at] ^= change;
            Receive(server, packet[..length]);
        }, iter: 300, threads: 1);
        Assert.DoesNotContain(_plane.SentPackets, p => p.Leg == sdes.Leg);
        Assert.All(_plane.SentPackets, p => Assert.InRange(p.Data[0], 20, 63));
    }

    /// <summary>S-29 and S-30 from a peer with the right keys: lengths that lie, blocks of no length, extensions beyond the end, padding longer than the packet.</summary>
    [Fact]
    public void S29_S30_what_an_authentic_peer_sends_may_be_anything_and_nothing_throws()
    {
        var phone = AddEcho();
        Set(phone, Sdes(One, Other));
        var sends = Srtp(Other);
        ushort sequence = 0;
        var sent = 0;
        Gen.Select(Gen.Byte, Gen.Byte, Gen.Byte.Array[0, 60]).Sample((first, second, rest) =>
        {
            byte[] body = [(byte)(0x80 | (first & 0x3F)), second, (byte)(++sequence >> 8), (byte)sequence, 0, 0, 0, 9, 0, 0, 0xAB, 0xCD, .. rest];
            var length = 12 + ((body[0] & 15) * 4);
            length += (body[0] & 16) == 0 ? 0 : body.Length < length + 4 ? body.Length : 4 + (((body[length + 2] << 8) | body[length + 3]) * 4);
            if (length <= body.Length && second is < 192 or > 223)
            {
                Receive(phone, sends.ProtectRtp(body));
                sent++;
            }

            Receive(phone, sends.ProtectRtcp([(byte)(0x80 | (first & 0x3F)), (byte)(200 + (second % 8)), .. rest[..Math.Min(2, rest.Length)], 0, 0, 0, 0, 0, 0, .. rest]), rtcp: true);
        }, iter: 5000, threads: 1);
        Assert.True(sent > 1000);
        _plane.SentPackets.Clear();
        Receive(phone, sends.ProtectRtp(Audio(++sequence)));
        Assert.Single(_plane.SentPackets);
    }

    [Fact]
    public void A_protected_relayed_packet_allocates_nothing()
    {
        var phone = AddEcho();
        Set(phone, Sdes(One, Gcm));
        var sends = SrtpContext.Create(SrtpProfile.Gcm, sends: true, Gcm.KeyAndSalt)!;
        var (plain, wire) = (Audio(0), new byte[300]);
        var leg = phone.Leg;
        var source = NetAddress.From(phone.Address);
        var sink = new CountingOutput();
        var core = new MediaCore(sink) { Dtls = FakePlane.Dtls };
        _plane.Core.Execute(new MediaCommand(CommandKind.Release, leg), 1);
        core.Execute(new MediaCommand(CommandKind.Adopt, leg), 1);
        void Work(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                RtpHeader.Write(plain, 0, false, (ushort)i, (uint)i * 160, 0xABCD);
                leg.OnDatagram(wire.AsSpan(0, sends.ProtectRtp(plain, wire)), false, source, _plane.NowUs + i);
            }
        }

        Work(0, 200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Work(200, 1200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1200, sink.Sent);
    }

    /// <summary>Two legs as each other's peers: the first is the server.</summary>
    private (Phone Server, Phone Client) Pair(out List<byte[]> handshake)
    {
        var (server, client) = (_plane.Add(FakePlane.Pcmu), _plane.Add(FakePlane.Pcmu));
        var parameters = new TransportParameters { Keys = KeyAgreement.Dtls, RemoteFingerprints = [FakePlaneCertificate.Fingerprint] };
        Set(server, parameters);
        Set(client, parameters with { Role = DtlsRole.Client });
        handshake = _handshake;
        _handshake.AddRange(_plane.SentPackets.Where(p => p.Leg == client.Leg).Select(p => p.Data));
        return (server, client);
    }

    private readonly List<byte[]> _handshake = [];

    /// <summary>Carries packets between two legs for a while; each comes from the other's signalled address.</summary>
    private void Exchange(Phone server, Phone client, int ms, Func<bool> isLost)
    {
        for (var t = 0; t < ms; t++)
        {
            var packets = _plane.SentPackets.ToArray();
            _plane.SentPackets.Clear();
            foreach (var packet in packets)
            {
                if (packet.Data[0] is >= 20 and <= 63 && !_handshake.Contains(packet.Data))
                {
                    _handshake.Add(packet.Data);
                }

                if (!isLost())
                {
                    Receive(packet.Leg == server.Leg ? client : server, packet.Data, packet.Rtcp);
                }
            }

            _plane.Run(1);
        }
    }

    private sealed class CountingOutput : IMediaOutput
    {
        public int Sent { get; private set; }

        public DateTimeOffset UtcNow => DateTimeOffset.UnixEpoch.AddYears(50);

        public void Send(MediaLeg leg, bool rtcp, ReadOnlySpan<byte> packet, in NetAddress to) => Sent += rtcp ? 0 : 1;

        public void Connect(MediaLeg leg, in NetAddress to)
        {
        }

        public void Disconnect(MediaLeg leg)
        {
        }

        public void Emit(in MediaEvent mediaEvent)
        {
        }
    }
}
