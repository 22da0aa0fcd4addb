using System.Net;
using System.Net.Sockets;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Io;

/// <summary>WebRTC sessions over real sockets with a peer that shares no code with the engine: other STUN, other DTLS, other SRTP.</summary>
public sealed class WebRtcTests
{
    private static CancellationToken Limit => WebRtcBench.Limit;

    private static WebRtcPeer Peer(WebRtcPeerOptions? options = null) => new((options ?? new WebRtcPeerOptions()) with { Codecs = [AudioCodec.Pcmu] });

    [Theory]
    [InlineData(false, false, "passive", 7)]
    [InlineData(false, false, "active", 7)]
    [InlineData(false, false, "passive", 1)]
    [InlineData(false, false, "active", 1)]
    [InlineData(true, false, "passive", 7)]
    [InlineData(false, true, "passive", 7)]
    [InlineData(false, true, "active", 7)]
    [InlineData(false, true, "passive", 1)]
    public async Task A_peer_hears_its_tone_back(bool portable, bool managedDtls, string setup, int profile)
    {
        using var bench = new WebRtcBench(portable: portable, managedDtls: managedDtls);
        using var peer = Peer(new WebRtcPeerOptions { Profiles = [profile] });
        var session = bench.Answer(peer, setup: setup);
        Assert.Equal(session.RtpPort, session.RtcpPort);
        bench.Engine.Echo(session, 0);
        await peer.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        Assert.Equal(profile, peer.Keys!.Profile);
        Assert.InRange(await WebRtcBench.HearAsync(peer, peer, 440), 0.9, 1.01);
        Assert.Equal(0, peer.Refused);
        Assert.Equal(peer.Local, peer.Mapped);
        Assert.Equal(peer.Local, bench.Engine.Statistics(session).Remote);
        Assert.Contains("fingerprint right", bench.Engine.Describe(session), StringComparison.Ordinal);
        Assert.Equal(0, bench.Count(MediaEventKind.TransportFailed, session));
    }

    /// <summary>Pitfall 16: both profiles are offered, and the peer's order decides when it is the server.</summary>
    [Theory]
    [InlineData("passive", 7)]
    [InlineData("active", 1)]
    public async Task Pitfall16_as_client_the_engine_takes_the_profile_that_the_peer_prefers(string setup, int chosen)
    {
        using var bench = new WebRtcBench();
        using var peer = Peer(new WebRtcPeerOptions { Profiles = [1, 7] });
        bench.Answer(peer, setup: setup);
        await peer.ConnectedAsync(Limit);
        Assert.Equal(chosen, peer.Keys!.Profile);
    }

    /// <summary>Pitfall 2: keys are held until the answer brings the fingerprint; until then nothing passes, and nothing has failed.</summary>
    [Fact]
    public async Task Pitfall2_the_handshake_may_be_done_before_the_answer_comes()
    {
        using var bench = new WebRtcBench();
        using var peer = Peer();
        var session = bench.Open();
        bench.Engine.Echo(session, 0);
        var answer = bench.Offer(session, peer);
        await peer.ConnectedAsync(Limit);
        bench.Configure(session);
        await peer.SendToneAsync(440, 20, Limit);
        Assert.Equal(0, peer.Received);
        Assert.Equal(0, bench.Engine.Statistics(session).PacketsReceived);
        Assert.Equal(0, bench.Count(MediaEventKind.TransportUp, session) + bench.Count(MediaEventKind.TransportFailed, session));
        Assert.Contains("waiting for the peer's fingerprint", bench.Engine.Describe(session), StringComparison.Ordinal);
        bench.TakeAnswer(session, answer);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        Assert.InRange(await WebRtcBench.HearAsync(peer, peer, 440), 0.9, 1.01);
    }

    /// <summary>A media server waits for checks, as this engine does toward browsers: then the engine makes them, from a port of the session's own.</summary>
    [Theory]
    [InlineData("passive", false)]
    [InlineData("active", false)]
    [InlineData("passive", true)]
    public async Task A_peer_that_is_ice_lite_is_found(string setup, bool portable)
    {
        using var bench = new WebRtcBench(portable: portable);
        using var peer = Peer(new WebRtcPeerOptions { IceLite = true, AnswerSetup = setup });
        var session = bench.Open(MediaTransportKind.Rtp);
        bench.Engine.Echo(session, 0);
        bench.TakeAnswer(session, bench.Offer(session, peer, controls: true));
        await peer.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        Assert.Equal(session.RtpPort, peer.Nominated!.Port);
        Assert.InRange(await WebRtcBench.HearAsync(peer, peer, 440), 0.9, 1.01);
        Assert.Equal(2, peer.Checks);                                      // one to find it, one to nominate
        Assert.Equal(peer.Local, bench.Engine.Statistics(session).Remote);
        await Task.Delay(6500, Limit);
        Assert.InRange(peer.Checks, 3, 4);                                 // consent
        Assert.Equal(0, bench.Count(MediaEventKind.TransportFailed, session) + bench.Count(MediaEventKind.TransportLost, session));
    }

    /// <summary>Two engines' sessions of which one calls the other: only one side makes checks.</summary>
    [Fact]
    public async Task A_session_that_calls_finds_one_that_answers()
    {
        using var bench = new WebRtcBench(loops: 2);
        var caller = bench.Open(MediaTransportKind.Rtp);
        var called = bench.Open();
        bench.Connect(caller, called);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, caller) == 1 && bench.Count(MediaEventKind.TransportUp, called) == 1, Limit);
        bench.Engine.Echo(called, 0);
        bench.Engine.Play(caller, 1, "tone_stream://%(2000,0,440)");
        await RtpPeer.UntilAsync(() => bench.Engine.Statistics(caller).PacketsReceived > 50, Limit);
        Assert.Equal(0, bench.Engine.Statistics(caller).PacketsLost);
    }

    /// <summary>S-24 and pitfall 10.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task S24_a_certificate_that_was_not_announced_gets_no_media(bool weOffer)
    {
        using var bench = new WebRtcBench();
        using var peer = Peer(new WebRtcPeerOptions { WrongFingerprint = string.Join(':', Enumerable.Repeat("A7", 32)) });
        var session = bench.Open();
        bench.Engine.Echo(session, 0);
        if (weOffer)
        {
            bench.TakeAnswer(session, bench.Offer(session, peer));
        }
        else
        {
            bench.Reanswer(session, peer);
        }

        await peer.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportFailed, session) == 1, Limit);
        Assert.Equal((int)TransportFailure.Fingerprint, bench.Events.Single(e => e.Kind == MediaEventKind.TransportFailed).Value);
        await peer.SendToneAsync(440, 10, Limit);
        Assert.Equal(0, peer.Received);
        Assert.Equal(0, bench.Engine.Statistics(session).PacketsReceived);
        Assert.Equal(0, bench.Count(MediaEventKind.TransportUp, session));
        Assert.Contains("WRONG FINGERPRINT", bench.Engine.Describe(session), StringComparison.Ordinal);
    }

    /// <summary>Pitfall 4: the association and its keys stay, no packet is lost.</summary>
    [Fact]
    public async Task Pitfall4_an_ice_restart_loses_nothing_and_keeps_the_keys()
    {
        using var bench = new WebRtcBench();
        using var peer = Peer();
        var session = bench.Answer(peer);
        bench.Engine.Echo(session, 0);
        await peer.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        var sending = peer.SendToneAsync(440, 60, Limit);
        await Task.Delay(300, Limit);
        peer.RestartIce();
        var answers = peer.CheckAnswers;
        bench.Reanswer(session, peer, restart: true);
        await RtpPeer.UntilAsync(() => peer.CheckAnswers >= answers + 2, Limit);
        await sending;
        await RtpPeer.UntilAsync(() => peer.Received == peer.Sent, Limit);
        Assert.Empty(peer.CheckErrors);
        Assert.Equal(1, bench.Count(MediaEventKind.TransportUp, session));
    }

    [Fact]
    public async Task A_page_that_was_loaded_again_begins_anew_on_the_same_session()
    {
        using var bench = new WebRtcBench();
        var session = default(MediaSession);
        using (var first = Peer())
        {
            session = bench.Answer(first);
            bench.Engine.Echo(session, 0);
            await first.ConnectedAsync(Limit);
            Assert.InRange(await WebRtcBench.HearAsync(first, first, 440), 0.9, 1.01);
        }

        using var second = Peer();
        bench.Reanswer(session, second, restart: true, anew: true);
        await second.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 2, Limit);
        Assert.InRange(await WebRtcBench.HearAsync(second, second, 620), 0.9, 1.01);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public async Task Two_peers_are_bridged_whatever_loops_they_began_on(int loops, bool portable)
    {
        using var bench = new WebRtcBench(loops, portable);
        using var alice = Peer();
        using var bob = Peer();
        var (a, b) = (bench.Answer(alice), bench.Answer(bob));
        Assert.Equal(loops == 1, a.RtpPort == b.RtpPort);
        await alice.ConnectedAsync(Limit);
        await bob.ConnectedAsync(Limit);
        bench.Engine.Bridge(a, b);
        Assert.InRange(await WebRtcBench.HearAsync(alice, bob, 440), 0.9, 1.01);
        Assert.InRange(await WebRtcBench.HearAsync(bob, alice, 620), 0.9, 1.01);

        // A restart over the port that stayed behind, then the other way round, so that the leg moves back.
        bob.RestartIce();
        var answers = bob.CheckAnswers;
        bench.Reanswer(b, bob, restart: true);
        await RtpPeer.UntilAsync(() => bob.CheckAnswers >= answers + 2, Limit);
        Assert.InRange(await WebRtcBench.HearAsync(alice, bob, 440), 0.9, 1.01);
        bench.Engine.Unbridge(a);
        bench.Engine.Bridge(b, a);
        Assert.InRange(await WebRtcBench.HearAsync(bob, alice, 620), 0.9, 1.01);
        Assert.InRange(await WebRtcBench.HearAsync(alice, bob, 440), 0.9, 1.01);
        Assert.Equal(0, alice.Refused + bob.Refused);
    }

    [Fact]
    public async Task A_peer_and_a_phone_with_plain_rtp_on_another_loop_hear_each_other()
    {
        using var bench = new WebRtcBench(loops: 2);
        using var phone = new RtpPeer();
        using var peer = Peer();
        var plain = bench.Open(MediaTransportKind.Rtp);
        bench.Engine.Configure(plain, new AudioStream(new CodecOption(AudioCodec.Pcmu, 8000), MediaDirection.SendRecv, phone.Local, new IPEndPoint(IPAddress.Loopback, 9)));
        var session = bench.Answer(peer);
        await peer.ConnectedAsync(Limit);
        bench.Engine.Bridge(plain, session);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        phone.Clear();
        await peer.SendToneAsync(440, 25, Limit);
        await RtpPeer.UntilAsync(() => phone.Received >= 22, Limit);
        Assert.InRange(Goertzel.Share(phone.Samples, 8000, 440), 0.9, 1.01);
        peer.Clear();
        await phone.SendToneAsync(new IPEndPoint(IPAddress.Loopback, plain.RtpPort), 620, 25, Limit);
        await RtpPeer.UntilAsync(() => peer.Received >= 22, Limit);
        Assert.InRange(Goertzel.Share(peer.Samples, 8000, 620), 0.9, 1.01);
    }

    [Theory]
    [InlineData("passive", false)]
    [InlineData("active", false)]
    [InlineData("passive", true)]
    public async Task With_a_third_of_checks_and_handshake_lost_both_ways_it_still_connects(string setup, bool managedDtls)
    {
        using var bench = new WebRtcBench(managedDtls: managedDtls);
        using var peer = Peer(new WebRtcPeerOptions { Loss = 0.3, CheckMs = 50 });
        var session = bench.Answer(peer, setup: setup);
        bench.Engine.Echo(session, 0);
        await peer.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        Assert.InRange(await WebRtcBench.HearAsync(peer, peer, 440), 0.9, 1.01);
    }

    /// <summary>S-22.</summary>
    [Fact]
    public async Task S22_handshakes_from_strangers_during_setup_are_dropped_and_the_call_comes_up()
    {
        using var bench = new WebRtcBench();
        var captured = new List<byte[]>();
        var other = new PeerDtls();
        using var wire = new PeerDtlsWire(captured.Add);
        var strangers = new Thread(() => other.Handshake(isClient: true, wire)) { IsBackground = true };
        strangers.Start();
        await RtpPeer.UntilAsync(() => wire.Datagrams > 0, Limit);
        wire.Dispose();
        var hello = captured[0];
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var peer = Peer(new WebRtcPeerOptions { CheckMs = 300 });
        var session = bench.Answer(peer);
        var port = new IPEndPoint(IPAddress.Loopback, session.RtpPort);
        bench.Engine.Echo(session, 0);
        while (!peer.IsConnected)
        {
            stranger.SendTo(hello, port);
            await Task.Delay(1, Limit);
        }

        for (var i = 0; i < 500; i++)
        {
            stranger.SendTo(hello, port);
            stranger.SendTo(new byte[] { 0x80, 0, 0, (byte)i, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7 }, port);
        }

        Assert.InRange(await WebRtcBench.HearAsync(peer, peer, 440), 0.9, 1.01);
        Assert.Equal(0, stranger.Available);
        Assert.Equal(peer.Local, bench.Engine.Statistics(session).Remote);
    }

    /// <summary>S-27 over the wire.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(1)]
    public async Task S27_forged_and_repeated_packets_of_the_right_source_do_not_touch_the_call(int profile)
    {
        using var bench = new WebRtcBench();
        using var peer = Peer(new WebRtcPeerOptions { Profiles = [profile] });
        var session = bench.Answer(peer);
        bench.Engine.Echo(session, 0);
        await peer.ConnectedAsync(Limit);
        await RtpPeer.UntilAsync(() => bench.Count(MediaEventKind.TransportUp, session) == 1, Limit);
        await WebRtcBench.HearAsync(peer, peer, 440, 5);
        await RtpPeer.UntilAsync(() => peer.Received == 5, Limit);
        var before = bench.Engine.Statistics(session).PacketsReceived;
        var good = peer.Protect(peer.MakePacket(0, false, 99999, new byte[160]));
        peer.SendRaw(good);
        for (var i = 0; i < 2000; i++)
        {
            byte[] forged = [.. good];
            forged[2] = (byte)(i * 37);
            forged[20] ^= (byte)(i | 1);
            peer.SendRaw(forged);
            peer.SendRaw(good);
            if (i % 10 == 9)
            {
                await Task.Delay(5, Limit); // no more than the socket's buffer holds
            }
        }

        Assert.InRange(await WebRtcBench.HearAsync(peer, peer, 620), 0.9, 1.01);
        Assert.Equal(5, before);
        Assert.Equal(before + 1 + 25, bench.Engine.Statistics(session).PacketsReceived);
        Assert.True(bench.Engine.Statistics(session).PacketsDropped > 0);
    }

    /// <summary>Pitfall 1: replies leave from the address that the candidate names.</summary>
    [Fact]
    public async Task Pitfall1_the_port_is_bound_to_the_concrete_address()
    {
        using var bench = new WebRtcBench();
        Assert.False(bench.Engine.TryOpen(new MediaOpen(IPAddress.Any, default, 1) { Kind = MediaTransportKind.WebRtc }, out _, out var error));
        Assert.Contains("concrete", error, StringComparison.Ordinal);
        Assert.True(bench.Engine.TryOpen(new MediaOpen(IPAddress.Parse("127.0.0.2"), default, 1) { Kind = MediaTransportKind.WebRtc }, out var session, out error), error);
        var ice = WebRtcBench.NewCredentials();
        bench.Engine.SetTransport(session, new TransportParameters { Keys = KeyAgreement.Dtls, LocalIce = ice });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        while (socket.Available == 0)
        {
            socket.SendTo(PeerIce.Check($"{ice.Ufrag}:x", ice.Password, false, new byte[12]), new IPEndPoint(IPAddress.Parse("127.0.0.2"), session.RtpPort));
            await Task.Delay(20, Limit);
        }

        socket.ReceiveFrom(new byte[500], ref from);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("127.0.0.2"), session.RtpPort), from);
    }

    [Fact]
    public void A_port_that_somebody_has_is_an_error_in_words()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var engine = new MediaEngine(new MediaEngineOptions { Events = static _ => { }, Loops = 1, Pin = false, WebRtcPort = ((IPEndPoint)socket.LocalEndPoint!).Port });
        Assert.False(engine.TryOpen(new MediaOpen(IPAddress.Loopback, default, 1) { Kind = MediaTransportKind.WebRtc }, out _, out var error));
        Assert.Contains("in use", error, StringComparison.Ordinal);
    }
}
