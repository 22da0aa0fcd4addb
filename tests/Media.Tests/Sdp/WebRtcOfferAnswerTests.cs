using System.Net;

namespace XSwitchEngine.Media.Tests.Sdp;

/// <summary>Descriptions of browsers: the texts in vectors/webrtc are Chromium 156's own, or were accepted by it.</summary>
public sealed class WebRtcOfferAnswerTests
{
    private static readonly CodecOption Opus = new(AudioCodec.Opus, 48000);
    private static readonly CodecOption Pcmu = new(AudioCodec.Pcmu, 8000);
    private static readonly CodecOption G722 = new(AudioCodec.G722, 16000);
    private static readonly IceCredentials OurIce = new("Ours", "0123456789012345678901");
    private static readonly IceCredentials OurNextIce = new("Next", "abcdefghijabcdefghijab");
    private static readonly DtlsFingerprint OurPrint = new("sha-256", string.Join(':', Enumerable.Repeat("AB", 32)));

    private static LocalCapability Local => new([Opus, G722, Pcmu], IPAddress.Parse("192.0.2.1"), 10000, 10000)
    {
        SessionId = 42,
        Video = VideoFormat.All,
        Profile = TransportProfile.WebRtc,
        Ice = OurIce,
        NextIce = OurNextIce,
        Fingerprint = OurPrint,
        Candidates = [new IPEndPoint(IPAddress.Parse("203.0.113.7"), 10000), new IPEndPoint(IPAddress.Parse("192.0.2.1"), 10000)],
        AudioSource = 111_111,
        VideoSource = 222_222,
    };

    [Fact]
    public void A_browsers_offer_is_answered_with_all_that_it_insists_on()
    {
        var session = Answer(Local, Vector("a1"));
        var lines = Lines(session.LocalSdp);
        Assert.Contains("a=group:BUNDLE 0 1", lines);
        Assert.Contains("a=ice-lite", lines);
        Assert.Equal(2, lines.Count(l => l == "a=rtcp-mux"));
        Assert.Equal(2, lines.Count(l => l == "a=rtcp-rsize"));
        Assert.Equal(2, lines.Count(l => l == "a=setup:passive"));
        Assert.Equal(2, lines.Count(l => l == $"a=fingerprint:sha-256 {OurPrint.Value}"));
        Assert.Equal(2, lines.Count(l => l == "a=ice-ufrag:Ours"));
        Assert.Equal(2, lines.Count(l => l == "a=candidate:1 1 udp 2130706431 203.0.113.7 10000 typ host"));
        Assert.Equal(2, lines.Count(l => l == "a=candidate:2 1 udp 2130706175 192.0.2.1 10000 typ host"));
        Assert.Equal(2, lines.Count(l => l == "a=end-of-candidates"));
        Assert.Contains("m=audio 10000 UDP/TLS/RTP/SAVPF 111 110", lines);
        Assert.Contains("a=rtpmap:111 opus/48000/2", lines);
        Assert.Contains("a=fmtp:111 minptime=10;useinbandfec=1", lines);
        Assert.Contains("a=rtpmap:110 telephone-event/48000", lines);
        Assert.Contains("m=video 10000 UDP/TLS/RTP/SAVPF 96", lines);
        Assert.Contains("a=ssrc:111111 cname:xs-0001b207", lines);
        Assert.Contains("a=ssrc:222222 cname:xs-0001b207", lines);
        Assert.Equal(["a=mid:0", "a=mid:1"], lines.Where(l => l.StartsWith("a=mid", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, l => l.Contains("actpass", StringComparison.Ordinal) || l.Contains("rtx", StringComparison.Ordinal) || l.Contains("red/", StringComparison.Ordinal));
    }

    [Fact]
    public void The_session_says_what_the_transport_is_to_do()
    {
        var session = Answer(Local, Vector("a1"));
        var transport = session.Transport!;
        Assert.Equal((KeyAgreement.Dtls, DtlsRole.Server), (transport.Keys, transport.Role));
        Assert.Equal((OurIce, new IceCredentials("ag5a", "hhFfThZuQUkLddt7Wdtja5us")), (transport.LocalIce, transport.RemoteIce));
        Assert.StartsWith("29:AF:75:41", Assert.Single(transport.RemoteFingerprints).Value, StringComparison.Ordinal);
        Assert.Equal((Opus, 111, 110, 48000), (session.Audio.Codec, session.Audio.SendPayloadType, session.Audio.SendEventType, session.Audio.EventClockHz));
        Assert.True(session.Audio is { UsesIce: true, RtcpMux: true, IsHeldByPeer: false }); // c=IN IP4 0.0.0.0 is no hold here
        Assert.Equal(new VideoFormat(VideoCodec.Vp8, 0), session.Video!.Format);
        Assert.Equal((96, 96, MediaDirection.SendRecv), (session.Video.SendPayloadType, session.Video.ReceivePayloadType, session.Video.Direction));
        Assert.True(session.Video is { Nack: true, PictureLoss: true, FullIntra: true, Bandwidth: true });
    }

    [Fact] // spec 2.4, pitfall 17 and 2.3: the offer's numbers, and no feedback that is not sent
    public void Header_extensions_have_the_offers_numbers_and_feedback_is_promised_only_when_it_is_sent()
    {
        var lines = Lines(Answer(Local, Vector("a1")).LocalSdp);
        Assert.Equal(
            ["a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", $"a=extmap:3 {RtpExtension.TransportCc}"],
            lines.Where(l => l.StartsWith("a=extmap", StringComparison.Ordinal)));
        Assert.Equal(
            ["a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc"],
            lines.Where(l => l.StartsWith("a=rtcp-fb", StringComparison.Ordinal)));
        Assert.Equal(3, Answer(Local, Vector("a1")).Video!.TransportFeedbackId);

        var without = Answer(Local with { TransportFeedback = false }, Vector("a1"));
        Assert.Equal(0, without.Video!.TransportFeedbackId);
        Assert.DoesNotContain("transport-", without.LocalSdp, StringComparison.Ordinal);
        var unnumbered = Answer(Local, Vector("a1").Replace($"a=extmap:3 {RtpExtension.TransportCc}\r\n", "", StringComparison.Ordinal));
        Assert.DoesNotContain("transport-cc", unnumbered.LocalSdp, StringComparison.Ordinal);
    }

    [Fact]
    public void Attributes_of_the_whole_session_hold_for_its_media()
    {
        var offer = Vector("a1");
        foreach (var line in (string[])["a=ice-ufrag:ag5a", "a=ice-pwd:hhFfThZuQUkLddt7Wdtja5us", "a=setup:actpass", Lines(offer).First(l => l.StartsWith("a=fingerprint", StringComparison.Ordinal))])
        {
            offer = offer.Replace(line + "\r\n", "", StringComparison.Ordinal).Replace("a=extmap-allow-mixed\r\n", line + "\r\na=extmap-allow-mixed\r\n", StringComparison.Ordinal);
        }

        Assert.Equal(Answer(Local, Vector("a1")).Transport, Answer(Local, offer).Transport);
    }

    [Theory]
    [InlineData("a=rtcp-mux\r\n", "a=rtcp-mux is needed with ICE")]
    [InlineData("a=fingerprint:sha-256 29:AF:75:41:81:4A:C1:F5:E5:13:3A:B0:F5:FE:05:BE:C9:58:60:F2:EB:22:C6:7A:16:87:21:4A:E1:3B:A9:F8\r\n", "no usable a=fingerprint for UDP/TLS/RTP/SAVPF")]
    public void An_offer_without_what_is_needed_is_refused_in_words(string line, string expected)
    {
        Assert.False(OfferAnswer.TryAnswer(Local, Parse(Vector("a1").Replace(line, "", StringComparison.Ordinal)), null, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Theory]
    [InlineData("a=setup:actpass", "a=setup:passive", DtlsRole.Server)]
    [InlineData("a=setup:active", "a=setup:passive", DtlsRole.Server)]
    [InlineData("a=setup:passive", "a=setup:active", DtlsRole.Client)]
    public void The_part_in_the_handshake_fits_the_offers(string offered, string answered, DtlsRole role)
    {
        var session = Answer(Local, Vector("a1").Replace("a=setup:actpass", offered, StringComparison.Ordinal));
        Assert.Equal(2, Lines(session.LocalSdp).Count(l => l == answered));
        Assert.Equal(role, session.Transport!.Role);
    }

    [Fact]
    public void What_is_not_wanted_keeps_its_place_and_leaves_the_bundle()
    {
        var offer = Vector("a1").Replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0 1 2 3 4", StringComparison.Ordinal);
        var video = offer[offer.IndexOf("m=video", StringComparison.Ordinal)..];
        offer += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n" + video.Replace("a=mid:1", "a=mid:3", StringComparison.Ordinal)
            + offer[offer.IndexOf("m=audio", StringComparison.Ordinal)..offer.IndexOf("m=video", StringComparison.Ordinal)].Replace("a=mid:0", "a=mid:4", StringComparison.Ordinal);
        var lines = Lines(Answer(Local, offer).LocalSdp);
        Assert.Equal(
            ["m=audio 10000 UDP/TLS/RTP/SAVPF 111 110", "m=video 10000 UDP/TLS/RTP/SAVPF 96", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "m=video 0 UDP/TLS/RTP/SAVPF 96", "m=audio 0 UDP/TLS/RTP/SAVPF 111"],
            lines.Where(l => l.StartsWith("m=", StringComparison.Ordinal)));
        Assert.Contains("a=group:BUNDLE 0 1", lines);
        Assert.Equal(["a=mid:0", "a=mid:1", "a=mid:2", "a=mid:3", "a=mid:4"], lines.Where(l => l.StartsWith("a=mid", StringComparison.Ordinal)));
    }

    [Fact] // as in vector a4
    public void Audio_alone_is_taken_where_no_video_is_wanted()
    {
        var session = Answer(Local with { Video = [], Codecs = [Pcmu] }, Vector("a1"));
        Assert.Null(session.Video);
        Assert.EndsWith("m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=inactive\r\n", session.LocalSdp, StringComparison.Ordinal);
        Assert.Contains("a=group:BUNDLE 0\r\n", session.LocalSdp, StringComparison.Ordinal);
        Assert.Equal((0, 126, 13), (session.Audio.SendPayloadType, session.Audio.SendEventType, session.Audio.ReceiveComfortNoiseType));
    }

    [Fact]
    public void Media_outside_the_bundle_are_refused_since_they_would_need_a_transport_of_their_own()
    {
        var session = Answer(Local, Vector("a1").Replace("a=group:BUNDLE 0 1\r\n", "", StringComparison.Ordinal));
        Assert.Null(session.Video);
        Assert.DoesNotContain("a=group", session.LocalSdp, StringComparison.Ordinal);
        Assert.Contains("m=video 0 ", session.LocalSdp, StringComparison.Ordinal);
    }

    [Fact] // Firefox, and max-bundle: RFC 9143 §6
    public void A_line_that_lives_in_the_bundle_only_is_taken_though_its_port_is_0()
    {
        var offer = Vector("a1").Replace("m=video 9", "m=video 0", StringComparison.Ordinal).Replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n", StringComparison.Ordinal);
        Assert.NotNull(Answer(Local, offer).Video);
        Assert.Null(Answer(Local, offer.Replace("a=bundle-only\r\n", "", StringComparison.Ordinal)).Video);
    }

    [Fact]
    public void Video_without_audio_is_a_session_too()
    {
        var offer = Vector("a1");
        offer = offer[..offer.IndexOf("m=audio", StringComparison.Ordinal)].Replace("BUNDLE 0 1", "BUNDLE 1", StringComparison.Ordinal)
            + offer[offer.IndexOf("m=video", StringComparison.Ordinal)..].Replace("a=sendrecv", "a=sendonly", StringComparison.Ordinal);
        var session = Answer(Local, offer);
        Assert.False(session.Audio.Exists);
        Assert.True(session.Audio is { UsesIce: true, RtcpMux: true, Direction: MediaDirection.Inactive });
        Assert.Equal(MediaDirection.RecvOnly, session.Video!.Direction);
        Assert.NotNull(session.Transport);
        Assert.DoesNotContain("a=msid:", session.LocalSdp, StringComparison.Ordinal); // nothing is sent, so nothing is announced
    }

    [Theory]
    [InlineData("recvonly", MediaDirection.SendOnly, "a=sendonly")]
    [InlineData("sendonly", MediaDirection.RecvOnly, "a=recvonly")]
    [InlineData("inactive", MediaDirection.Inactive, "a=inactive")]
    public void Directions_are_turned_round_for_each_medium(string offered, MediaDirection expected, string attribute)
    {
        var session = Answer(Local, Vector("a1").Replace("a=sendrecv", "a=" + offered, StringComparison.Ordinal));
        Assert.Equal((expected, expected), (session.Audio.Direction, session.Video!.Direction));
        Assert.Equal(2, Lines(session.LocalSdp).Count(l => l == attribute));
    }

    [Theory]
    [InlineData(VideoCodec.H264, 0x14D00, 116)] // main, mode 1
    [InlineData(VideoCodec.H264, 0x04200, 104)] // baseline, mode 0
    [InlineData(VideoCodec.H264, VideoFormat.Any, 102)]
    [InlineData(VideoCodec.Vp9, 2, 100)]
    [InlineData(VideoCodec.Vp9, 0, 98)]
    [InlineData(VideoCodec.Av1, 0, 45)]
    public void The_far_legs_video_format_finds_its_number(VideoCodec codec, int profile, int payloadType)
    {
        var session = Answer(Local with { Video = [new VideoFormat(codec, profile)], PreferOwnOrder = true }, Vector("a1"));
        Assert.Equal(payloadType, session.Video!.SendPayloadType);
        var fmtp = Lines(Vector("a1")).FirstOrDefault(l => l.StartsWith($"a=fmtp:{payloadType} ", StringComparison.Ordinal));
        Assert.True(fmtp is null || Lines(session.LocalSdp).Contains(fmtp));
    }

    [Fact]
    public void Codec_preferences_of_the_page_decide()
    {
        var session = Answer(Local, Vector("a1").Replace("SAVPF 111 63 9 0 8", "SAVPF 9 111 63 0 8", StringComparison.Ordinal).Replace("SAVPF 96 97 102", "SAVPF 98 96 97 102", StringComparison.Ordinal));
        Assert.Equal((G722, VideoCodec.Vp9), (session.Audio.Codec, session.Video!.Format.Codec));
    }

    [Fact] // Firefox counts events at 8000 Hz beside Opus
    public void Events_at_another_clock_are_taken_beside_opus()
    {
        var offer = Vector("a1").Replace("a=rtpmap:110 telephone-event/48000\r\n", "", StringComparison.Ordinal);
        var session = Answer(Local, offer);
        Assert.Equal((126, 8000), (session.Audio.SendEventType, session.Audio.EventClockHz));
        Assert.Contains("a=rtpmap:126 telephone-event/8000\r\n", session.LocalSdp, StringComparison.Ordinal);
    }

    [Fact] // like vector a6
    public void An_offer_of_ours_is_what_a_browser_accepts()
    {
        var lines = Lines(OfferAnswer.CreateOffer(Local, null));
        Assert.Contains("a=group:BUNDLE 0 1", lines);
        Assert.Contains("a=ice-lite", lines);
        Assert.Contains("m=audio 10000 UDP/TLS/RTP/SAVPF 111 9 0 96 101", lines);
        Assert.Contains("a=rtpmap:96 telephone-event/48000", lines);
        Assert.Contains("a=rtpmap:101 telephone-event/8000", lines);
        Assert.Contains("m=video 10000 UDP/TLS/RTP/SAVPF 97 98 99 100", lines); // in a bundle no number twice
        Assert.Contains("a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", lines);
        Assert.Equal(2, lines.Count(l => l == "a=setup:actpass"));
        Assert.Equal(2, lines.Count(l => l == "a=rtcp-mux"));
        Assert.Equal(2, lines.Count(l => l == "a=end-of-candidates"));
        Assert.Equal(4, lines.Count(l => l.StartsWith("a=rtcp-fb:", StringComparison.Ordinal) && l.EndsWith(" nack pli", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_browsers_answer_to_the_offer_it_got_is_taken() // vectors a6 and a7: the prototype's offer, Chromium's answer
    {
        var local = Local with { Codecs = [Pcmu], TransportFeedback = false };
        Assert.True(OfferAnswer.TryAccept(local, Vector("a6"), Parse(Vector("a7")), null, out var session, out var reason), reason);
        Assert.Equal((KeyAgreement.Dtls, DtlsRole.Server), (session.Transport!.Keys, session.Transport.Role)); // it answered active
        Assert.Equal(new IceCredentials("ySCL", "y/DC4aNEx/crRwLmy8J0kuNt"), session.Transport.RemoteIce);
        Assert.Equal(new IceCredentials("Se8E", "X82aCOuEOwAvo5VNwDcNLaPF"), session.Transport.LocalIce);
        Assert.StartsWith("96:0B:7A:18", Assert.Single(session.Transport.RemoteFingerprints).Value, StringComparison.Ordinal);
        Assert.Equal((Pcmu, 0), (session.Audio.Codec, session.Audio.SendPayloadType));
        Assert.True(session.Video is { Nack: true, PictureLoss: true, FullIntra: false, Bandwidth: false, TransportFeedbackId: 0, SendPayloadType: 96 });
    }

    [Theory]
    [InlineData("a2", 111, true)]
    [InlineData("a3", 111, true)]
    [InlineData("a4", 0, false)]
    public void Answers_that_were_seen_to_work_are_understood(string vector, int payloadType, bool hasVideo)
    {
        var offer = OfferAnswer.CreateOffer(Local with { Codecs = [Opus, Pcmu], Video = [new VideoFormat(VideoCodec.Vp8)] }, null);
        Assert.True(OfferAnswer.TryAccept(Local, offer, Parse(Vector(vector)), null, out var session, out var reason), reason);
        Assert.Equal((payloadType, hasVideo), (session.Audio.SendPayloadType, session.Video is not null));
    }

    [Theory]
    [InlineData("a=setup:active", "a=setup:passive", DtlsRole.Client)]
    [InlineData("a=setup:active", "a=setup:active", DtlsRole.Server)]
    public void The_answer_decides_who_begins(string from, string to, DtlsRole role)
    {
        Assert.True(OfferAnswer.TryAccept(Local, Vector("a6"), Parse(Vector("a7").Replace(from, to, StringComparison.Ordinal)), null, out var session, out _));
        Assert.Equal(role, session.Transport!.Role);
    }

    [Fact]
    public void An_answer_without_fingerprint_or_credentials_is_no_answer()
    {
        var answer = Vector("a7");
        Assert.False(OfferAnswer.TryAccept(Local, Vector("a6"), Parse(string.Join("\r\n", Lines(answer).Where(l => !l.StartsWith("a=fingerprint", StringComparison.Ordinal)))), null, out _, out var reason));
        Assert.Equal("no usable a=fingerprint in the answer", reason);
        Assert.False(OfferAnswer.TryAccept(Local, Vector("a6"), Parse(answer.Replace("a=ice-pwd:y/DC4aNEx/crRwLmy8J0kuNt\r\n", "", StringComparison.Ordinal)), null, out _, out reason));
        Assert.Equal("no ICE credentials in the answer", reason);
        Assert.False(OfferAnswer.TryAccept(Local, Vector("a6"), Parse(answer.Replace("UDP/TLS/RTP/SAVPF", "RTP/AVP", StringComparison.Ordinal)), null, out _, out reason));
        Assert.Equal("answer wants RTP/AVP, offered UDP/TLS/RTP/SAVPF", reason); // S-28
    }

    [Fact]
    public void An_ice_restart_of_the_peer_gets_new_credentials_and_keeps_the_association()
    {
        var first = Answer(Local, Vector("a1").Replace("a=setup:actpass", "a=setup:passive", StringComparison.Ordinal));
        Assert.Equal(DtlsRole.Client, first.Transport!.Role);
        var restart = Vector("a1").Replace("ag5a", "zzzz", StringComparison.Ordinal);
        Assert.True(OfferAnswer.TryAnswer(Local, Parse(restart), first, out var second, out var reason), reason);
        Assert.Equal((OurNextIce, "zzzz", DtlsRole.Client), (second.Transport!.LocalIce, second.Transport.RemoteIce!.Ufrag, second.Transport.Role));
        Assert.Equal(first.Transport.RemoteFingerprints, second.Transport.RemoteFingerprints);
        Assert.Contains("a=ice-ufrag:Next\r\n", second.LocalSdp, StringComparison.Ordinal);

        // The same credentials again are no restart.
        Assert.True(OfferAnswer.TryAnswer(Local with { Ice = OurNextIce, NextIce = OurIce }, Parse(restart), second, out var third, out _));
        Assert.Equal(OurNextIce, third.Transport!.LocalIce);
        Assert.Equal((second.LocalSdp, second.Version), (third.LocalSdp, third.Version));
    }

    [Fact]
    public void Hold_and_the_removal_and_return_of_video_are_renegotiations_of_one_session()
    {
        var session = Answer(Local, Vector("a1"));
        var held = Again(session, Vector("a1").Replace("a=sendrecv", "a=inactive", StringComparison.Ordinal));
        Assert.True(held.Audio.IsHeldByPeer);
        Assert.Equal(session.Transport, held.Transport);
        var removed = Again(held, Vector("a1").Replace("m=video 9", "m=video 0", StringComparison.Ordinal));
        Assert.Null(removed.Video);
        Assert.Equal(MediaDirection.SendRecv, removed.Audio.Direction);
        Assert.Contains("a=group:BUNDLE 0\r\n", removed.LocalSdp, StringComparison.Ordinal);
        var back = Again(removed, Vector("a1").Replace("a=mid:1", "a=mid:7", StringComparison.Ordinal).Replace("BUNDLE 0 1", "BUNDLE 0 7", StringComparison.Ordinal));
        Assert.NotNull(back.Video);
        Assert.Contains("a=group:BUNDLE 0 7\r\n", back.LocalSdp, StringComparison.Ordinal);
        Assert.Equal(4, back.Version);
    }

    [Fact]
    public void Our_own_offers_within_a_call_keep_places_numbers_and_credentials()
    {
        var session = Answer(Local, Vector("a1"));
        var offer = OfferAnswer.CreateOffer(Local with { Direction = MediaDirection.SendOnly, Codecs = [Opus] }, session);
        var lines = Lines(offer);
        Assert.Equal(["m=audio 10000 UDP/TLS/RTP/SAVPF 111 110 101", "m=video 10000 UDP/TLS/RTP/SAVPF 96 97 98 99"], lines.Where(l => l.StartsWith("m=", StringComparison.Ordinal)));
        Assert.Equal(["a=mid:0", "a=mid:1"], lines.Where(l => l.StartsWith("a=mid", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(l => l == "a=ice-ufrag:Ours"));
        Assert.Equal(2, lines.Count(l => l == "a=setup:actpass")); // RFC 8842 §5.5: also when the association goes on
        Assert.Contains("a=sendonly", lines);
    }

    [Fact]
    public void Video_that_we_add_gets_a_new_mid_and_that_we_remove_keeps_its_line()
    {
        var session = Answer(Local with { Video = [] }, Vector("a1"));
        var offer = OfferAnswer.CreateOffer(Local with { Video = [new VideoFormat(VideoCodec.Vp8)] }, session);
        var lines = Lines(offer);
        Assert.Contains("a=group:BUNDLE 0 2", lines); // the place of the rejected line, under another name
        Assert.Equal(2, lines.Count(l => l.StartsWith("m=", StringComparison.Ordinal)));

        var both = Answer(Local, Vector("a1"));
        Assert.Contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=inactive\r\n", OfferAnswer.CreateOffer(Local with { Video = [] }, both), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fresh_offer_after_a_reload_has_new_credentials_and_the_codecs_in_use()
    {
        var offer = OfferAnswer.CreateOffer(Local with { Ice = OurNextIce, Codecs = [Opus], Video = [new VideoFormat(VideoCodec.H264, 0x142E0)] }, null);
        Assert.Contains("a=ice-ufrag:Next\r\n", offer, StringComparison.Ordinal);
        Assert.Contains("H264/90000\r\n", offer, StringComparison.Ordinal);
        Assert.DoesNotContain("VP8", offer, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_offer_asks_for_is_known_before_it_is_answered()
    {
        Assert.Equal(TransportProfile.WebRtc, OfferAnswer.ProfileOf(Parse(Vector("a1"))));
        Assert.Equal(TransportProfile.WebRtc, OfferAnswer.ProfileOf(Parse(Vector("a1").Replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF", StringComparison.Ordinal))));
        Assert.Equal(TransportProfile.Dtls, OfferAnswer.ProfileOf(Parse(Vector("a1").Replace("a=ice-ufrag:ag5a\r\n", "", StringComparison.Ordinal))));
        Assert.Equal(TransportProfile.Sdes, OfferAnswer.ProfileOf(Parse("v=0\r\nm=audio 4 RTP/SAVP 0\r\n")));
        Assert.Equal(TransportProfile.Plain, OfferAnswer.ProfileOf(Parse("v=0\r\nm=audio 4 RTP/AVP 0\r\n")));
    }

    [Fact]
    public void The_old_spelling_is_answered_as_it_was_written() =>
        Assert.Contains("m=audio 10000 RTP/SAVPF 111 110\r\n", Answer(Local, Vector("a1").Replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF", StringComparison.Ordinal)).LocalSdp, StringComparison.Ordinal);

    internal static string Vector(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "webrtc", name + ".sdp"));

    private static string[] Lines(string sdp) => sdp.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    private static SessionDescription Parse(string text)
    {
        Assert.True(SessionDescription.TryParse(text, out var description, out var error), error);
        return description;
    }

    private static NegotiatedSession Answer(LocalCapability local, string offer)
    {
        Assert.True(OfferAnswer.TryAnswer(local, Parse(offer), null, out var session, out var reason), reason);
        return session;
    }

    private static NegotiatedSession Again(NegotiatedSession previous, string offer)
    {
        Assert.True(OfferAnswer.TryAnswer(Local, Parse(offer), previous, out var session, out var reason), reason);
        return session;
    }
}
