using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Tests.Calls;

/// <summary>Calls of browsers, and of phones with encrypted media: what the core offers, answers and tells the media plane.</summary>
public sealed class WebRtcCallTests
{
    private static readonly string BrowserOffer = Vector("a1");
    private readonly CallBench _bench = new(o => o.Codecs = ["G722", "PCMU", "PCMA", "OPUS"]);

    [Fact]
    public void A_browsers_call_is_answered_on_the_shared_port_with_opus_and_video()
    {
        var (leg, script) = _bench.Incoming(offer: BrowserOffer);
        _bench.Run(script, ScriptOp.Answer);
        var answer = Assert.Single(_bench.Commands<LegCommand.Answer>()).Sdp;
        Assert.Contains("m=audio 10000 UDP/TLS/RTP/SAVPF 111 110\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("m=video 10000 UDP/TLS/RTP/SAVPF 96\r\n", answer, StringComparison.Ordinal);
        Assert.Matches("a=candidate:1 1 udp 2130706431 [0-9.]+ 10000 typ host\r\n", answer); // this machine's outer address, where it has one
        var transport = _bench.Media.Transports[leg.Media.Index];
        Assert.Equal(("ag5a", DtlsRole.Server), (transport.RemoteIce!.Ufrag, transport.Role));
        Assert.Contains($"a=ice-ufrag:{transport.LocalIce!.Ufrag}\r\na=ice-pwd:{transport.LocalIce.Password}\r\n", answer, StringComparison.Ordinal);
        Assert.True(transport.LocalIce is { Ufrag.Length: >= 4, Password.Length: >= 22 });
        Assert.Equal(VideoCodec.Vp8, _bench.Media.Videos[leg.Media.Index]!.Format.Codec);
        Assert.Equal(("opus", "opus", "48000", "VP8", "true"), (leg.Variables["read_codec"], leg.Variables["write_codec"], leg.Variables["read_rate"], leg.Variables["video_read_codec"], leg.Variables["rtp_secure_media_confirmed"]));
    }

    [Fact]
    public void Each_session_has_secrets_of_its_own()
    {
        var secrets = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var (leg, script) = _bench.Incoming(offer: BrowserOffer);
            _bench.Run(script, ScriptOp.Answer);
            Assert.True(secrets.Add(_bench.Media.Transports[leg.Media.Index].LocalIce!.Ufrag));
            Assert.True(secrets.Add(_bench.Media.Transports[leg.Media.Index].LocalIce!.Password));
        }
    }

    [Theory]
    [InlineData("PCMU", "PCMU", false)]
    [InlineData("opus,VP8", "opus", true)]
    public void A_codec_string_decides(string codecs, string audio, bool video)
    {
        var (leg, script) = _bench.Incoming(offer: BrowserOffer);
        leg.Variables.Set("absolute_codec_string", codecs);
        _bench.Run(script, ScriptOp.Answer);
        Assert.Equal((audio, video), (leg.Variables["read_codec"], leg.Negotiated!.Video is not null));
    }

    [Fact]
    public void A_browser_that_calls_a_phone_gets_the_phones_codec_and_no_video()
    {
        _bench.Directory.AddBinding("1001", 5070);
        var (a, script) = _bench.Incoming("1001", BrowserOffer);
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var originate = Assert.Single(_bench.Commands<LegCommand.Originate>());
        Assert.Contains(" RTP/AVP ", originate.Offer!, StringComparison.Ordinal);
        Assert.DoesNotContain("m=video", originate.Offer!, StringComparison.Ordinal);
        Assert.Contains("opus/48000/2", originate.Offer!, StringComparison.Ordinal);
        _bench.Post(new LegEvent.Answered(originate.Leg, "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n", []));
        var answer = Assert.Single(_bench.Commands<LegCommand.Answer>()).Sdp;
        Assert.Contains("m=audio 10000 UDP/TLS/RTP/SAVPF 8 126 13\r\n", answer, StringComparison.Ordinal); // nothing to convert
        Assert.Contains("m=video 0 ", answer, StringComparison.Ordinal);
        Assert.Equal("PCMA", a.Variables["read_codec"]);
    }

    /// <summary>A server may be ICE-lite: the engine looks for it, at those candidates that a check can and may go to.</summary>
    [Fact]
    public void A_server_is_called_from_a_port_of_the_legs_own_and_looked_for_at_its_candidates()
    {
        var (_, script) = _bench.Incoming("1001");
        _bench.Run(script, ScriptOp.Execute, "bridge", "{media_webrtc=true}sofia/internal/1@198.51.100.9");
        var originate = Assert.Single(_bench.Commands<LegCommand.Originate>());
        Assert.Contains(" UDP/TLS/RTP/SAVPF ", originate.Offer!, StringComparison.Ordinal);
        Assert.DoesNotContain("a=ice-lite", originate.Offer!, StringComparison.Ordinal);
        Assert.DoesNotContain("m=audio 10000 ", originate.Offer!, StringComparison.Ordinal);
        _bench.Post(new LegEvent.Answered(originate.Leg, $"""
            v=0
            o=- 1 1 IN IP4 198.51.100.9
            s=-
            t=0 0
            a=ice-lite
            a=group:BUNDLE 0
            m=audio 9 UDP/TLS/RTP/SAVPF 0
            c=IN IP4 198.51.100.9
            a=mid:{originate.Offer!.Split("a=mid:")[1].Split('\r')[0]}
            a=rtcp-mux
            a=ice-ufrag:theirs
            a=ice-pwd:theirPasswordOf22Bytes
            a=fingerprint:sha-256 {string.Join(':', Enumerable.Repeat("AB", 32))}
            a=setup:passive
            a=candidate:1 1 udp 2130706431 198.51.100.9 4000 typ host
            a=candidate:1 2 udp 2130706430 198.51.100.9 4001 typ host
            a=candidate:2 1 tcp 2130706431 198.51.100.9 4002 typ host tcptype passive
            a=candidate:3 1 UDP 1 198.51.100.10 4003 typ srflx raddr 10.0.0.1 rport 1
            a=candidate:3 1 udp 1 224.0.0.1 4004 typ host
            a=candidate:3 1 udp 1 169.254.1.1 4005 typ host
            a=candidate:3 1 udp 1 fe80::1 4006 typ host
            a=candidate:3 1 udp 1 5f3c.local 4007 typ host
            a=candidate:3 1 udp 1 198.51.100.11 0 typ host
            a=candidate:3 1 udp
            """.ReplaceLineEndings("\r\n") + "\r\n", []));
        var leg = _bench.Table.Find(originate.Leg)!;
        var transport = _bench.Media.Transports[leg.Media.Index];
        Assert.True(transport.ControlsIce);
        Assert.Equal(["198.51.100.9:4000", "198.51.100.10:4003"], transport.RemoteCandidates.Select(c => c.ToString()));
        Assert.Equal(DtlsRole.Client, transport.Role);
    }

    [Fact]
    public void A_browser_is_called_with_an_offer_that_it_accepts_and_with_the_callers_video()
    {
        var (a, b) = BrowserToBrowser("m=video", VideoCodec.H264, out var offer);
        Assert.Contains("m=audio 10000 UDP/TLS/RTP/SAVPF 111 ", offer, StringComparison.Ordinal);
        Assert.Contains("a=setup:actpass\r\n", offer, StringComparison.Ordinal);
        Assert.Equal((VideoCodec.H264, VideoCodec.H264), (a.Negotiated!.Video!.Format.Codec, b.Negotiated!.Video!.Format.Codec)); // b chose it, a follows
        Assert.Equal(b.Media.Index, _bench.Media.Bridges[a.Media.Index]);
    }

    [Fact] // spec 2.4, pitfall 2: checks and the handshake may come before the answer
    public void The_transport_of_our_offer_is_ready_before_its_answer()
    {
        _bench.Directory.AddBinding("1001", 5070, MediaProfile.WebRtc);
        var (_, script) = _bench.Incoming("1001", BrowserOffer);
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var originate = Assert.Single(_bench.Commands<LegCommand.Originate>());
        var transport = _bench.Media.Transports[_bench.Table.Find(originate.Leg)!.Media.Index];
        Assert.Null(transport.RemoteIce);
        Assert.Empty(transport.RemoteFingerprints);
        Assert.Contains($"a=ice-ufrag:{transport.LocalIce!.Ufrag}\r\n", originate.Offer!, StringComparison.Ordinal);
    }

    [Fact]
    public void Video_added_in_mid_call_is_offered_to_the_other_browser_too()
    {
        var audioOnly = BrowserOffer.Replace("m=video 9", "m=video 0", StringComparison.Ordinal);
        var (a, b) = BrowserToBrowser(audioOnly);
        Assert.Null(a.Negotiated!.Video);
        _bench.Post(new LegEvent.Reoffered(a.Id, BrowserOffer));
        Assert.Contains("m=video 10000 ", Assert.Single(_bench.Commands<LegCommand.AcceptReoffer>()).Sdp, StringComparison.Ordinal);
        var reoffer = Assert.Single(_bench.Commands<LegCommand.Reoffer>());
        Assert.Equal(b.Id, reoffer.Leg);
        Assert.Contains(" VP8/90000\r\n", reoffer.Sdp!, StringComparison.Ordinal);
        _bench.Post(new LegEvent.ReofferAnswered(b.Id, AnswerTo(reoffer.Sdp!)));
        Assert.Equal(VideoCodec.Vp8, _bench.Media.Videos[b.Media.Index]!.Format.Codec);

        _bench.Post(new LegEvent.Reoffered(a.Id, audioOnly)); // and removed again
        Assert.Null(_bench.Media.Videos[a.Media.Index]);
        Assert.Contains("m=video 0 ", _bench.Commands<LegCommand.Reoffer>()[^1].Sdp!, StringComparison.Ordinal);
    }

    // A Verto client drops its connection at an attach: the change and the new transport come in one offer.
    [Fact]
    public void Video_added_in_mid_call_is_in_the_offer_to_a_client_that_takes_it_on_a_new_transport()
    {
        var (a, b) = BrowserToBrowser(BrowserOffer.Replace("m=video 9", "m=video 0", StringComparison.Ordinal));
        _bench.Post(new LegEvent.Reoffered(a.Id, BrowserOffer));
        _bench.Post(new LegEvent.Reoffered(b.Id, null) { NewTransport = true });
        var anew = _bench.Commands<LegCommand.AcceptReoffer>()[^1];
        Assert.Equal(b.Id, anew.Leg);
        Assert.Contains(" VP8/90000\r\n", anew.Sdp, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_was_loaded_again_gets_an_offer_with_a_new_transport_and_the_same_codecs()
    {
        var (a, b) = BrowserToBrowser("m=video", VideoCodec.H264, out _);
        var before = _bench.Media.Transports[a.Media.Index];
        _bench.Post(new LegEvent.Reoffered(a.Id, null) { NewTransport = true });
        var offer = Assert.Single(_bench.Commands<LegCommand.AcceptReoffer>()).Sdp;
        var fresh = _bench.Media.Transports[a.Media.Index];
        Assert.Contains(a.Media.Index, _bench.Media.Renewed);
        Assert.NotEqual(before.LocalIce, fresh.LocalIce);
        Assert.Contains($"a=ice-ufrag:{fresh.LocalIce!.Ufrag}\r\n", offer, StringComparison.Ordinal);
        Assert.Contains("H264/90000", offer, StringComparison.Ordinal);
        Assert.DoesNotContain("VP8", offer, StringComparison.Ordinal);
        Assert.Empty(fresh.RemoteFingerprints);
        _bench.Post(new LegEvent.ReofferAnswered(a.Id, AnswerTo(offer)));
        Assert.NotEmpty(_bench.Media.Transports[a.Media.Index].RemoteFingerprints);
        Assert.Same(b, a.Peer);
        Assert.False(a.IsHeld);
    }

    [Fact]
    public void Hold_of_a_browser_lets_the_other_one_hear_music()
    {
        var (a, b) = BrowserToBrowser(BrowserOffer);
        _bench.Post(new LegEvent.Reoffered(a.Id, BrowserOffer.Replace("a=sendrecv", "a=inactive", StringComparison.Ordinal)));
        Assert.True(a.IsHeld);
        Assert.Empty(_bench.Commands<LegCommand.Reoffer>()); // its video waits as it is
        Assert.Contains(b.Media.Index, _bench.Media.Playing.Keys);
        _bench.Post(new LegEvent.Reoffered(a.Id, BrowserOffer));
        Assert.False(a.IsHeld);
        Assert.DoesNotContain(b.Media.Index, _bench.Media.Playing.Keys);
    }

    [Fact]
    public void One_who_only_publishes_is_not_on_hold()
    {
        var publish = BrowserOffer.Replace("a=sendrecv", "a=sendonly", StringComparison.Ordinal);
        var (leg, script) = _bench.Incoming(offer: publish);
        _bench.Run(script, ScriptOp.Answer);
        _bench.Post(new LegEvent.Reoffered(leg.Id, publish.Replace("ag5a", "agxx", StringComparison.Ordinal)));
        Assert.False(leg.IsHeld);
        Assert.Equal("agxx", _bench.Media.Transports[leg.Media.Index].RemoteIce!.Ufrag);
    }

    [Theory]
    [InlineData(TransportFailure.Ice, HangupCause.MediaTimeout)]
    [InlineData(TransportFailure.Dtls, HangupCause.IncompatibleDestination)]
    [InlineData(TransportFailure.Fingerprint, HangupCause.IncompatibleDestination)]
    public void A_transport_that_does_not_come_up_ends_the_leg(TransportFailure failure, HangupCause cause)
    {
        var (leg, script) = _bench.Incoming(offer: BrowserOffer);
        _bench.Run(script, ScriptOp.Answer);
        _bench.Media.Report(MediaEventKind.TransportFailed, leg.Media, (int)failure);
        _bench.Settle();
        Assert.Equal((false, cause), (leg.IsUp, leg.Cause));
    }

    [Fact]
    public void Time_to_come_back_is_given_only_to_a_transport_that_was_up_once()
    {
        var (never, script) = _bench.Incoming(offer: BrowserOffer);
        _bench.Run(script, ScriptOp.Answer);
        never.Variables.Set("detach_timeout", "30");
        _bench.Media.Report(MediaEventKind.TransportFailed, never.Media, (int)TransportFailure.Ice);
        _bench.Settle();
        Assert.Equal((false, HangupCause.MediaTimeout), (never.IsUp, never.Cause));

        var (once, second) = _bench.Incoming(offer: BrowserOffer);
        _bench.Run(second, ScriptOp.Answer);
        once.Variables.Set("detach_timeout", "30");
        _bench.Media.Report(MediaEventKind.TransportUp, once.Media, 0);
        _bench.Media.Report(MediaEventKind.TransportFailed, once.Media, (int)TransportFailure.Ice);
        _bench.Advance(20);
        Assert.True(once.IsUp);
        _bench.Advance(11);
        Assert.Equal((false, HangupCause.MediaTimeout), (once.IsUp, once.Cause));
    }

    [Fact]
    public void A_transport_that_is_lost_may_come_back_within_the_time_given()
    {
        var (leg, script) = _bench.Incoming(offer: BrowserOffer);
        _bench.Run(script, ScriptOp.Answer);
        leg.Variables.Set("detach_timeout", "30");
        _bench.Media.Report(MediaEventKind.TransportLost, leg.Media, 0);
        _bench.Advance(20);
        _bench.Media.Report(MediaEventKind.TransportUp, leg.Media, 0);
        _bench.Advance(20);
        Assert.True(leg.IsUp);
        _bench.Media.Report(MediaEventKind.TransportLost, leg.Media, 0);
        _bench.Advance(31);
        Assert.Equal(HangupCause.MediaTimeout, leg.Cause);
    }

    [Fact]
    public void Encrypted_media_of_a_phone_are_answered_in_kind_and_offered_by_a_variable()
    {
        const string Crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
        _bench.Directory.AddBinding("1001", 5070);
        var (a, script) = _bench.Incoming("1001", CallBench.Offer.Replace("RTP/AVP", "RTP/SAVP", StringComparison.Ordinal) + Crypto);
        _bench.Run(script, ScriptOp.Execute, "bridge", "{rtp_secure_media=true}user/1001");
        var originate = Assert.Single(_bench.Commands<LegCommand.Originate>());
        Assert.Contains(" RTP/SAVP ", originate.Offer!, StringComparison.Ordinal);
        Assert.Contains("a=crypto:1 AEAD_AES_128_GCM inline:", originate.Offer!, StringComparison.Ordinal);
        Assert.Contains("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:", originate.Offer!, StringComparison.Ordinal);
        _bench.Post(new LegEvent.Answered(originate.Leg, CallBench.Offer, [])); // in plain: refused (S-28)
        Assert.False(_bench.Table.Find(originate.Leg) is { IsUp: true });
        Assert.True(a.Negotiated is null || _bench.Media.Transports[a.Media.Index].Keys == KeyAgreement.Sdes);
    }

    [Fact]
    public void The_advertised_address_comes_first_and_the_local_one_stays()
    {
        var bench = new CallBench(o => o.AdvertisedAddress = IPAddress.Parse("203.0.113.7"));
        var id = bench.Calls.NewLeg();
        bench.Post(new LegEvent.Incoming(id, new IncomingCaller("verto.rtc", "internal", "x", bench.Directory.ByNumber["1000"], "", "", "5000", new IPEndPoint(IPAddress.Parse("192.0.2.2"), 5062)) { Local = IPAddress.Parse("192.0.2.1") }, BrowserOffer, []));
        bench.Run(bench.Scripts.Started[^1], ScriptOp.Answer);
        var answer = Assert.Single(bench.Commands<LegCommand.Answer>()).Sdp;
        Assert.Contains("203.0.113.7 10000 typ host\r\na=candidate:2 1 udp 2130706175 192.0.2.1 10000 typ host\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_media_do_is_told_in_words()
    {
        var (leg, script) = _bench.Incoming(offer: BrowserOffer);
        _bench.Run(script, ScriptOp.Answer);
        Assert.Equal("fake media; audio opus sendrecv; video VP8 sendrecv\n", _bench.Api($"uuid_media_status {leg.Uuid}"));
    }

    private (Leg A, Leg B) BrowserToBrowser(string offer)
    {
        _bench.Directory.AddBinding("1001", 5070, MediaProfile.WebRtc);
        var (a, script) = _bench.Incoming("1001", offer);
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var originate = _bench.Commands<LegCommand.Originate>()[^1];
        _bench.Post(new LegEvent.Answered(originate.Leg, AnswerTo(originate.Offer!), []));
        return (a, _bench.Table.Find(originate.Leg)!);
    }

    private (Leg A, Leg B) BrowserToBrowser(string _, VideoCodec codec, out string offer)
    {
        _bench.Directory.AddBinding("1001", 5070, MediaProfile.WebRtc);
        var (a, script) = _bench.Incoming("1001", BrowserOffer);
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var originate = _bench.Commands<LegCommand.Originate>()[^1];
        offer = originate.Offer!;
        _bench.Post(new LegEvent.Answered(originate.Leg, AnswerTo(offer, codec), []));
        return (a, _bench.Table.Find(originate.Leg)!);
    }

    /// <summary>A browser's answer to our offer.</summary>
    private static string AnswerTo(string offer, VideoCodec codec = VideoCodec.Vp8)
    {
        Assert.True(SessionDescription.TryParse(offer, out var description, out var error), error);
        var local = new LocalCapability([new CodecOption(AudioCodec.Opus, 48000), new CodecOption(AudioCodec.Pcmu, 8000)], IPAddress.Loopback, 9, 9)
        {
            Video = [new VideoFormat(codec)],
            PreferOwnOrder = true,
            Ice = new IceCredentials("ySCL", "y/DC4aNEx/crRwLmy8J0kuNt"),
            Fingerprint = new DtlsFingerprint("sha-256", string.Join(':', Enumerable.Repeat("CD", 32))),
        };
        Assert.True(OfferAnswer.TryAnswer(local, description, null, out var session, out var reason), reason);
        return session.LocalSdp;
    }

    private static string Vector(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "webrtc", name + ".sdp"));
}
