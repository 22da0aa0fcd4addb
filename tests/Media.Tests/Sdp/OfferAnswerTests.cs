using System.Net;

namespace XSwitchEngine.Media.Tests.Sdp;

public sealed class OfferAnswerTests
{
    private static readonly CodecOption Pcmu = new(AudioCodec.Pcmu, 8000);
    private static readonly CodecOption Pcma = new(AudioCodec.Pcma, 8000);
    private static readonly CodecOption G722 = new(AudioCodec.G722, 16000);
    private static readonly CodecOption L16 = new(AudioCodec.L16, 16000);

    [Fact]
    public void A_first_offer_lists_all_codecs_with_static_numbers_where_they_exist()
    {
        var offer = OfferAnswer.CreateOffer(Local(G722, Pcmu, L16), null);
        Assert.Equal(
            """
            v=0
            o=- 42 1 IN IP4 192.0.2.1
            s=-
            c=IN IP4 192.0.2.1
            t=0 0
            m=audio 4000 RTP/AVP 9 0 96 101 97
            a=rtpmap:9 G722/8000
            a=rtpmap:0 PCMU/8000
            a=rtpmap:96 L16/16000
            a=rtpmap:101 telephone-event/8000
            a=fmtp:101 0-15
            a=rtpmap:97 telephone-event/16000
            a=fmtp:97 0-15
            a=ptime:20
            a=sendrecv

            """.ReplaceLineEndings("\r\n"),
            offer);
    }

    [Fact]
    public void The_offerers_order_decides_unless_ours_is_preferred()
    {
        var offer = Parse("m=audio 5000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n");
        Assert.Equal(Pcma, Answer(Local(Pcmu, Pcma), offer).Audio.Codec);
        Assert.Equal(Pcmu, Answer(Local(Pcmu, Pcma) with { PreferOwnOrder = true }, offer).Audio.Codec);
    }

    [Fact]
    public void An_answer_uses_the_offers_numbers()
    {
        var offer = Parse("m=audio 5000 RTP/AVP 110 126\r\na=rtpmap:110 l16/16000\r\na=rtpmap:126 TELEPHONE-EVENT/16000\r\n");
        var session = Answer(Local(L16), offer);
        Assert.Equal((110, 110, 126, 126), (session.Audio.SendPayloadType, session.Audio.ReceivePayloadType, session.Audio.SendEventType, session.Audio.ReceiveEventType));
        Assert.Contains("m=audio 4000 RTP/AVP 110 126\r\n", session.LocalSdp);
    }

    [Fact]
    public void Each_direction_uses_the_receivers_numbers()
    {
        var local = Local(L16);
        var offer = OfferAnswer.CreateOffer(local, null);
        var answer = Parse("m=audio 5000 RTP/AVP 110 111\r\na=rtpmap:110 L16/16000\r\na=rtpmap:111 telephone-event/16000\r\n");
        Assert.True(OfferAnswer.TryAccept(local, offer, answer, null, out var session, out var reason), reason);
        Assert.Equal((110, 96, 111, 101), (session.Audio.SendPayloadType, session.Audio.ReceivePayloadType, session.Audio.SendEventType, session.Audio.ReceiveEventType));
    }

    [Fact]
    public void Nothing_in_common_is_told_in_words()
    {
        Assert.False(OfferAnswer.TryAnswer(Local(Pcmu, Pcma), Parse("m=audio 5000 RTP/AVP 18\r\n"), null, out _, out var reason));
        Assert.Equal("no common codec: offer G729, allow PCMU,PCMA", reason);
    }

    [Theory]
    [InlineData("RTP/SAVP")]
    [InlineData("RTP/SAVPF")]
    [InlineData("UDP/TLS/RTP/SAVPF")]
    public void Encrypted_offers_are_refused_and_never_answered_in_plain(string protocol)
    {
        Assert.False(OfferAnswer.TryAnswer(Local(Pcmu), Parse($"m=audio 5000 {protocol} 0\r\n"), null, out _, out var reason));
        Assert.Contains(protocol, reason);
    }

    [Theory]
    [InlineData("RTP/AVP")]
    [InlineData("RTP/AVPF")]
    public void The_profile_is_answered_as_it_was_written(string protocol) =>
        Assert.Contains($"m=audio 4000 {protocol} 0\r\n", Answer(Local(Pcmu), Parse($"m=audio 5000 {protocol} 0\r\n")).LocalSdp);

    [Fact]
    public void Other_media_keep_their_places_with_port_0()
    {
        var offer = Parse(
            "m=video 6000 RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\nm=audio 5000 RTP/SAVP 0\r\nm=audio 5002 RTP/AVP 0\r\nm=image 7000 udptl t38\r\nm=audio 5004 RTP/AVP 0\r\n");
        var lines = Answer(Local(Pcmu), offer).LocalSdp.Split("\r\n").Where(l => l.StartsWith("m=", StringComparison.Ordinal));
        Assert.Equal(["m=video 0 RTP/AVP 96", "m=audio 0 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0", "m=image 0 udptl t38", "m=audio 0 RTP/AVP 0"], lines);
    }

    [Theory] // RFC 3264 §6.1, RFC 6337 §5.3: what we may do by what the peer says and what we want
    [InlineData("sendrecv", MediaDirection.SendRecv, MediaDirection.SendRecv, "sendrecv")]
    [InlineData("sendonly", MediaDirection.SendRecv, MediaDirection.RecvOnly, "recvonly")]
    [InlineData("recvonly", MediaDirection.SendRecv, MediaDirection.SendOnly, "sendonly")]
    [InlineData("inactive", MediaDirection.SendRecv, MediaDirection.Inactive, "inactive")]
    [InlineData("sendrecv", MediaDirection.SendOnly, MediaDirection.SendOnly, "sendonly")]
    [InlineData("sendonly", MediaDirection.SendOnly, MediaDirection.Inactive, "inactive")]
    [InlineData("recvonly", MediaDirection.SendOnly, MediaDirection.SendOnly, "sendonly")]
    [InlineData("inactive", MediaDirection.SendOnly, MediaDirection.Inactive, "inactive")]
    [InlineData("sendrecv", MediaDirection.RecvOnly, MediaDirection.RecvOnly, "recvonly")]
    [InlineData("sendonly", MediaDirection.RecvOnly, MediaDirection.RecvOnly, "recvonly")]
    [InlineData("recvonly", MediaDirection.RecvOnly, MediaDirection.Inactive, "inactive")]
    [InlineData("sendrecv", MediaDirection.Inactive, MediaDirection.Inactive, "inactive")]
    public void Directions_follow_the_matrix(string offered, MediaDirection own, MediaDirection expected, string attribute)
    {
        var session = Answer(Local(Pcmu) with { Direction = own }, Parse($"m=audio 5000 RTP/AVP 0\r\na={offered}\r\n"));
        Assert.Equal(expected, session.Audio.Direction);
        Assert.Contains($"a={attribute}\r\n", session.LocalSdp);
    }

    [Theory]
    [InlineData("c=IN IP4 0.0.0.0\r\n", MediaDirection.RecvOnly)]
    [InlineData("c=IN IP4 0.0.0.0\r\na=inactive\r\n", MediaDirection.Inactive)]
    [InlineData("c=IN IP4 0.0.0.0\r\na=sendonly\r\n", MediaDirection.RecvOnly)]
    public void Hold_in_the_old_way_is_hold(string lines, MediaDirection expected)
    {
        var session = Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\n" + lines));
        Assert.Equal(expected, session.Audio.Direction);
        Assert.True(session.Audio.IsHeldByPeer);
    }

    [Fact]
    public void A_direction_of_the_session_holds_where_the_medium_says_nothing() =>
        Assert.Equal(MediaDirection.RecvOnly, Answer(Local(Pcmu), ParseAll("v=0\r\no=x 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=sendonly\r\nm=audio 5000 RTP/AVP 0\r\n")).Audio.Direction);

    [Fact]
    public void The_version_goes_up_by_one_only_when_something_changed()
    {
        var local = Local(Pcmu);
        var first = Answer(local, Parse("m=audio 5000 RTP/AVP 0\r\n"));
        Assert.True(OfferAnswer.TryAnswer(local, Parse("m=audio 5000 RTP/AVP 0\r\n"), first, out var refreshed, out _));
        Assert.Equal((first.LocalSdp, 1L), (refreshed.LocalSdp, refreshed.Version));
        Assert.True(OfferAnswer.TryAnswer(local, Parse("m=audio 5000 RTP/AVP 0\r\na=sendonly\r\n"), refreshed, out var held, out _));
        Assert.Equal(2, held.Version);
        Assert.Contains("o=- 42 2 IN IP4 192.0.2.1\r\n", held.LocalSdp);
        Assert.Equal(held.LocalSdp, OfferAnswer.CreateOffer(local with { Direction = MediaDirection.RecvOnly, Codecs = [Pcmu], TelephoneEvent = false }, held));
        Assert.Contains("o=- 42 3 ", OfferAnswer.CreateOffer(local, held));
    }

    [Fact]
    public void A_further_offer_keeps_numbers_and_places()
    {
        var local = Local(L16, Pcmu);
        var offer = Parse("m=video 6000 RTP/AVP 96\r\nm=audio 5000 RTP/AVP 119 101\r\na=rtpmap:119 L16/16000\r\na=rtpmap:101 telephone-event/16000\r\na=rtcp-mux\r\n");
        var session = Answer(local, offer);
        var again = OfferAnswer.CreateOffer(local with { Direction = MediaDirection.SendOnly }, session);
        Assert.Contains("m=video 0 RTP/AVP 96\r\nm=audio 4000 RTP/AVP 119 0 101 96\r\n", again);
        Assert.Contains("a=rtpmap:96 telephone-event/8000\r\n", again);
        Assert.Contains("a=sendonly\r\n", again);
        Assert.Contains("a=rtcp-mux\r\n", again);
    }

    [Fact]
    public void Rtcp_goes_to_the_next_port_or_where_it_was_told_or_with_the_media()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.9"), 5001), Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\n")).Audio.RemoteRtcp);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.9"), 5077), Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\na=rtcp:5077\r\n")).Audio.RemoteRtcp);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.10"), 5077), Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\na=rtcp:5077 IN IP4 192.0.2.10\r\n")).Audio.RemoteRtcp);
        var mux = Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\na=rtcp-mux\r\n"));
        Assert.True(mux.Audio.RtcpMux);
        Assert.Equal(mux.Audio.Remote, mux.Audio.RemoteRtcp);
        Assert.Contains("a=rtcp-mux\r\n", mux.LocalSdp);
        Assert.Contains("a=rtcp:4005\r\n", OfferAnswer.CreateOffer(Local(Pcmu) with { RtcpPort = 4005 }, null));
    }

    [Fact]
    public void Mux_is_never_answered_unless_offered()
    {
        var local = Local(Pcmu);
        Assert.True(OfferAnswer.TryAccept(local, OfferAnswer.CreateOffer(local, null), Parse("m=audio 5000 RTP/AVP 0\r\na=rtcp-mux\r\n"), null, out var session, out _));
        Assert.False(session.Audio.RtcpMux);
    }

    [Theory]
    [InlineData("", 20)]
    [InlineData("a=ptime:30\r\n", 30)]
    [InlineData("a=ptime:0\r\n", 20)]
    [InlineData("a=ptime:7\r\n", 10)]
    [InlineData("a=ptime:45\r\n", 40)]
    [InlineData("a=ptime:99999999\r\n", 60)]
    [InlineData("a=ptime:99999999999999999999\r\n", 20)]
    [InlineData("a=ptime:-20\r\n", 20)]
    [InlineData("a=ptime:60\r\na=maxptime:40\r\n", 40)]
    [InlineData("a=maxptime:10\r\n", 10)]
    public void Packet_time_is_the_peers_wish_within_bounds(string attributes, int expected) =>
        Assert.Equal(expected, Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\n" + attributes)).Audio.PtimeMs);

    [Fact]
    public void Linear_audio_at_48_kHz_stays_within_one_ethernet_frame()
    {
        var session = Answer(Local(new CodecOption(AudioCodec.L16, 48000)), Parse("m=audio 5000 RTP/AVP 96\r\na=rtpmap:96 L16/48000\r\na=ptime:20\r\n"));
        Assert.Equal(10, session.Audio.PtimeMs);
        Assert.Contains("a=ptime:10\r\n", session.LocalSdp);
    }

    [Fact]
    public void Comfort_noise_is_taken_when_offered()
    {
        Assert.Equal(13, Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0 13\r\n")).Audio.ReceiveComfortNoiseType);
        Assert.Equal(-1, Answer(Local(Pcmu), Parse("m=audio 5000 RTP/AVP 0\r\n")).Audio.ReceiveComfortNoiseType);
    }

    [Fact]
    public void Events_are_left_out_when_not_wanted_or_of_another_clock()
    {
        var offer = Parse("m=audio 5000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/48000\r\n");
        Assert.Equal(-1, Answer(Local(Pcmu), offer).Audio.SendEventType);
        var plain = Parse("m=audio 5000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n");
        Assert.Equal(-1, Answer(Local(Pcmu) with { TelephoneEvent = false }, plain).Audio.SendEventType);
    }

    [Fact]
    public void IPv6_is_offered_and_answered()
    {
        var local = Local(Pcmu) with { Address = IPAddress.Parse("2001:db8::1") };
        Assert.Contains("c=IN IP6 2001:db8::1\r\n", OfferAnswer.CreateOffer(local, null));
        var session = Answer(local, Parse("m=audio 5000 RTP/AVP 0\r\nc=IN IP6 2001:db8::9\r\n"));
        Assert.Equal(IPAddress.Parse("2001:db8::9"), session.Audio.Remote.Address);
        Assert.False(OfferAnswer.TryAnswer(local, Parse("m=audio 5000 RTP/AVP 0\r\n"), null, out _, out var reason));
        Assert.Contains("family", reason);
    }

    [Theory]
    [InlineData("m=audio 0 RTP/AVP 0\r\n", "audio rejected in the answer")]
    [InlineData("m=video 5000 RTP/AVP 96\r\n", "audio rejected in the answer")]
    [InlineData("m=audio 5000 RTP/SAVP 0\r\n", "answer wants RTP/SAVP, offered RTP/AVP")]
    [InlineData("m=audio 5000 RTP/AVP 8\r\n", "no common codec: answer PCMA, offered PCMU")]
    [InlineData("m=audio 5000 RTP/AVP 0\r\nc=IN IP4 phone.example\r\n", "no IP address for audio")]
    public void A_bad_answer_is_refused_in_words(string media, string expected)
    {
        var local = Local(Pcmu) with { TelephoneEvent = false };
        Assert.False(OfferAnswer.TryAccept(local, OfferAnswer.CreateOffer(local, null), Parse(media), null, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Fact]
    public void The_answers_first_codec_counts()
    {
        var local = Local(Pcmu, Pcma, G722);
        Assert.True(OfferAnswer.TryAccept(local, OfferAnswer.CreateOffer(local, null), Parse("m=audio 5000 RTP/AVP 9 8 0\r\n"), null, out var session, out _));
        Assert.Equal(G722, session.Audio.Codec);
        Assert.Equal([(0, Pcmu), (8, Pcma)], session.Audio.AlsoReceives);      // RFC 3264 §5.1
    }

    private static LocalCapability Local(params CodecOption[] codecs) => new(codecs, IPAddress.Parse("192.0.2.1"), 4000, 4001) { SessionId = 42 };

    private static SessionDescription Parse(string media) => ParseAll("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n" + media);

    private static SessionDescription ParseAll(string text)
    {
        Assert.True(SessionDescription.TryParse(text, out var description, out var error), error);
        return description;
    }

    private static NegotiatedSession Answer(LocalCapability local, SessionDescription offer)
    {
        Assert.True(OfferAnswer.TryAnswer(local, offer, null, out var session, out var reason), reason);
        return session;
    }
}
