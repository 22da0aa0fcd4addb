using System.Net;
using CsCheck;

namespace XSwitchEngine.Media.Tests.Sdp;

/// <summary>SRTP without ICE: keys in the description, or DTLS on a pair of ports; and what holds for any text.</summary>
public sealed class SecureOfferAnswerTests
{
    private const string TheirKey = "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^31\r\n"; // RFC 4568 §6.1 gives a key of this length
    private static readonly CodecOption Pcmu = new(AudioCodec.Pcmu, 8000);
    private static readonly SdesKey Gcm = new(1, "AEAD_AES_128_GCM", [.. Enumerable.Range(0, 28).Select(i => (byte)i)]);
    private static readonly SdesKey Cm = new(2, "AES_CM_128_HMAC_SHA1_80", [.. Enumerable.Range(0, 30).Select(i => (byte)i)]);
    private static readonly DtlsFingerprint OurPrint = new("sha-256", string.Join(':', Enumerable.Repeat("AB", 32)));

    private static LocalCapability Sdes => new([Pcmu], IPAddress.Parse("192.0.2.1"), 4000, 4001) { SessionId = 42, Keys = [Gcm, Cm], Profile = TransportProfile.Sdes, TelephoneEvent = false };

    [Fact]
    public void An_answer_has_the_suite_and_tag_of_the_offer_and_a_key_of_ours()
    {
        var session = Answer(Sdes, $"m=audio 5000 RTP/SAVP 0\r\n{TheirKey}");
        Assert.Contains("m=audio 4000 RTP/SAVP 0\r\na=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n", session.LocalSdp, StringComparison.Ordinal);
        var transport = session.Transport!;
        Assert.Equal(KeyAgreement.Sdes, transport.Keys);
        Assert.Equal(Cm with { Tag = 7 }, transport.LocalKey);
        Assert.Equal(Convert.FromBase64String("d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"), transport.RemoteKey!.KeyAndSalt);
        Assert.False(session.Audio.UsesIce);
    }

    [Fact]
    public void An_offer_has_all_suites_and_the_answer_picks_one()
    {
        var offer = OfferAnswer.CreateOffer(Sdes, null);
        Assert.Contains("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AEAD_AES_128_GCM inline:", offer, StringComparison.Ordinal);
        Assert.True(OfferAnswer.TryAccept(Sdes, offer, Parse($"m=audio 5000 RTP/SAVP 0\r\n{TheirKey.Replace(":7 ", ":2 ", StringComparison.Ordinal)}"), null, out var session, out var reason), reason);
        Assert.Equal(Cm, session.Transport!.LocalKey);
        Assert.False(OfferAnswer.TryAccept(Sdes, offer, Parse($"m=audio 5000 RTP/SAVP 0\r\n{TheirKey}"), null, out _, out reason));
        Assert.Equal("no a=crypto of ours in the answer", reason); // a tag that was not offered
    }

    [Theory] // S-28: nothing that was agreed as encrypted becomes plain
    [InlineData("m=audio 5000 RTP/AVP 0\r\n", "answer wants RTP/AVP, offered RTP/SAVP")]
    [InlineData("m=audio 5000 RTP/SAVP 0\r\n", "no a=crypto of ours in the answer")]
    public void An_answer_in_plain_is_refused(string answer, string expected)
    {
        Assert.False(OfferAnswer.TryAccept(Sdes, OfferAnswer.CreateOffer(Sdes, null), Parse(answer), null, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Fact]
    public void A_later_offer_in_plain_is_refused()
    {
        var session = Answer(Sdes, $"m=audio 5000 RTP/SAVP 0\r\n{TheirKey}");
        Assert.False(OfferAnswer.TryAnswer(Sdes, Parse("m=audio 5000 RTP/AVP 0\r\n"), session, out _, out var reason));
        Assert.Equal("the session is encrypted and stays so", reason);
    }

    [Theory]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short\r\n")]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4\r\n")] // MKI
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj UNENCRYPTED_SRTP\r\n")]
    [InlineData("a=crypto:1 F8_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n")]
    [InlineData("a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n")]
    [InlineData("")]
    public void Keys_that_cannot_be_used_are_not(string crypto)
    {
        Assert.False(OfferAnswer.TryAnswer(Sdes, Parse($"m=audio 5000 RTP/SAVP 0\r\n{crypto}"), null, out _, out var reason));
        Assert.Equal("no usable a=crypto for RTP/SAVP", reason);
    }

    [Fact]
    public void Dtls_without_ice_uses_the_addresses_of_the_description()
    {
        var local = new LocalCapability([Pcmu], IPAddress.Parse("192.0.2.1"), 4000, 4001) { Fingerprint = OurPrint, Profile = TransportProfile.Dtls, TelephoneEvent = false };
        var session = Answer(local, $"m=audio 5000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\na=fingerprint:SHA-256 {OurPrint.Value.ToLowerInvariant()}\r\n");
        Assert.Equal(OurPrint, Assert.Single(session.Transport!.RemoteFingerprints)); // case does not matter (RFC 8122 §5)
        Assert.Null(session.Transport.LocalIce);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.9"), 5000), session.Audio.Remote);
        Assert.DoesNotContain("ice", session.LocalSdp, StringComparison.Ordinal);
        Assert.Contains("a=setup:passive\r\n", session.LocalSdp, StringComparison.Ordinal);
        Assert.Contains("m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AB:", OfferAnswer.CreateOffer(local, null), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sha-1 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB")]
    [InlineData("sha-256 AB:AB")]
    [InlineData("sha-256 XX:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB")]
    [InlineData("md5 AB")]
    [InlineData("")]
    public void Fingerprints_that_prove_nothing_are_not_read(string fingerprint)
    {
        var local = new LocalCapability([Pcmu], IPAddress.Parse("192.0.2.1"), 4000, 4001) { Fingerprint = OurPrint };
        Assert.False(OfferAnswer.TryAnswer(local, Parse($"m=audio 5000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:{fingerprint}\r\n"), null, out _, out var reason));
        Assert.Contains("fingerprint", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_made_of_lines_of_browsers_is_read_and_answered_without_a_fault()
    {
        string[] pool = [.. ((string[])["a1", "a2", "a4", "a6", "a7"]).SelectMany(v => WebRtcOfferAnswerTests.Vector(v).Split("\r\n")),
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj", "m=audio 5000 RTP/SAVP 0 96", "m=video 0 RTP/SAVPF 96", "a=bundle-only", "a=group:BUNDLE", "a=fmtp:96", "a=extmap:", "a=rtcp-fb:* nack", "a=ssrc:", "a=mid:"];
        var local = Sdes with { Ice = new IceCredentials("Ours", "0123456789012345678901"), NextIce = new IceCredentials("Next", "0123456789012345678901"), Fingerprint = OurPrint, Video = VideoFormat.All, Codecs = [new CodecOption(AudioCodec.Opus, 48000), Pcmu] };
        Gen.Int[0, pool.Length - 1].Array[0, 60].Select(Gen.Int[0, 200]).Sample((numbers, cut) =>
        {
            var text = "v=0\r\n" + string.Join("\r\n", numbers.Select(n => pool[n]));
            text = text[..Math.Max(4, text.Length - cut)];
            if (!SessionDescription.TryParse(text, out var description, out _))
            {
                return;
            }

            _ = OfferAnswer.ProfileOf(description);
            NegotiatedSession? session = null;
            if (OfferAnswer.TryAnswer(local, description, null, out var first, out var reason))
            {
                session = first;
                AssertSound(session, description);
                Assert.True(SessionDescription.TryParse(OfferAnswer.CreateOffer(local, session), out _, out var error), error);
                _ = OfferAnswer.TryAnswer(local, description, session, out _, out _);
            }
            else
            {
                Assert.NotEmpty(reason);
            }

            foreach (var profile in Enum.GetValues<TransportProfile>())
            {
                _ = OfferAnswer.TryAccept(local, OfferAnswer.CreateOffer(local with { Profile = profile }, null), description, session, out _, out _);
            }
        }, iter: 3000);
    }

    /// <summary>What an answer must be whatever was offered (RFC 3264 §6).</summary>
    private static void AssertSound(NegotiatedSession session, SessionDescription offer)
    {
        Assert.True(SessionDescription.TryParse(session.LocalSdp, out var answer, out var error), error);
        Assert.Equal(offer.Media.Select(m => (m.Kind, m.Protocol)), answer.Media.Select(m => (m.Kind, m.Protocol)));
        Assert.All(answer.Bundle, mid => Assert.Contains(mid, offer.Bundle));
        for (var i = 0; i < answer.Media.Count; i++)
        {
            var (ours, theirs) = (answer.Media[i], offer.Media[i]);
            Assert.True(ours.IsRejected || !theirs.IsRejected);
            Assert.True(ours.IsRejected || ours.RtpFormats.All(f => theirs.RtpFormats.Any(t => t.PayloadType == f.PayloadType)));
            Assert.True(ours.IsRejected || ours.Extensions.All(e => theirs.Extensions.Contains(e)));
            Assert.True(ours.IsRejected || ours.Feedback.All(f => theirs.HasFeedback(f.PayloadType, f.Kind)));
            Assert.True(ours.IsRejected || ours.Setup != "actpass");
        }

        Assert.Equal(session.Transport is { Keys: KeyAgreement.Dtls }, answer.Media.Any(m => m.Fingerprints.Count > 0));
    }

    private static SessionDescription Parse(string media)
    {
        Assert.True(SessionDescription.TryParse("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n" + media, out var description, out var error), error);
        return description;
    }

    private static NegotiatedSession Answer(LocalCapability local, string media)
    {
        Assert.True(OfferAnswer.TryAnswer(local, Parse(media), null, out var session, out var reason), reason);
        return session;
    }
}
