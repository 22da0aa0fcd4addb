using System.Net;
using System.Text;
using CsCheck;

namespace XSwitchEngine.Media.Tests.Sdp;

public sealed class SessionDescriptionTests
{
    private const string Sample =
        "v=0\r\no=alice 2890844526 7 IN IP4 host.example\r\ns=call\r\nc=IN IP4 192.0.2.9\r\nb=AS:64\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
        "m=audio 49170/2 RTP/AVP 0 96 97 101 13\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:97 L16/16000\r\n" +
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\na=maxptime:60\r\na=rtcp:53020 IN IP4 192.0.2.10\r\na=rtcp-mux\r\na=sendonly\r\n" +
        "m=video 49172 RTP/AVP 98\r\nc=IN IP6 2001:db8::9\r\na=rtpmap:98 H264/90000\r\na=inactive\r\n";

    [Fact]
    public void A_description_is_read_whole()
    {
        var sdp = Parse(Sample);
        Assert.Equal(7, sdp.Version);
        Assert.Equal(2, sdp.Media.Count);
        var audio = sdp.Media[0];
        Assert.Equal(("audio", 49170, "RTP/AVP"), (audio.Kind, audio.Port, audio.Protocol));
        Assert.Equal(IPAddress.Parse("192.0.2.9"), audio.Address);
        Assert.Equal(
            [new(0, "PCMU", 8000, 1), new(96, "opus", 48000, 2), new(97, "L16", 16000, 1), new(101, "telephone-event", 8000, 1), new(13, "CN", 8000, 1)],
            audio.RtpFormats);
        Assert.Equal((30, 60, 53020, true, MediaDirection.SendOnly), (audio.PtimeMs, audio.MaxPtimeMs, audio.RtcpPort, audio.RtcpMux, audio.Direction));
        Assert.Equal(IPAddress.Parse("192.0.2.10"), audio.RtcpAddress);
        Assert.Equal((IPAddress.Parse("2001:db8::9"), MediaDirection.Inactive), (sdp.Media[1].Address, sdp.Media[1].Direction));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData(" \r\n")]
    [InlineData("\r\n\r\n")]
    [InlineData("\r\nx=unknown\r\na=unknown:thing\r\nrubbish\r\n")]
    public void Line_ends_blanks_and_the_unknown_are_passed_over(string end) =>
        Assert.Equal(2, Parse(Sample.Replace("\r\n", end, StringComparison.Ordinal)).Media.Count);

    [Theory]
    [InlineData("", "no v= line")]
    [InlineData("hello", "no v= line")]
    [InlineData("m=audio 1 RTP/AVP 0\r\n", "line 1: a session description begins with v=")]
    [InlineData("v=0\r\nm=audio 65536 RTP/AVP 0\r\n", "line 2: m= wants a medium, a port of 0..65535 and a transport")]
    [InlineData("v=0\r\nm=audio -1 RTP/AVP 0\r\n", "line 2: m= wants a medium, a port of 0..65535 and a transport")]
    [InlineData("v=0\r\nm=audio\r\n", "line 2: m= wants a medium, a port of 0..65535 and a transport")]
    [InlineData("v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtcp:0\r\n", "line 3: a=rtcp wants a port of 1..65535")]
    [InlineData("v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtcp:65536\r\n", "line 3: a=rtcp wants a port of 1..65535")]
    public void What_cannot_be_meant_is_refused_with_its_line(string text, string expected)
    {
        Assert.False(SessionDescription.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("a=rtpmap:128 X/8000")]
    [InlineData("a=rtpmap:96")]
    [InlineData("a=rtpmap:96 X")]
    [InlineData("a=rtpmap:96 /8000")]
    [InlineData("a=rtpmap:96 X/0")]
    [InlineData("a=rtpmap:96 X/99999999999")]
    [InlineData("a=rtpmap:96 X/8000/0")]
    [InlineData("a=rtpmap:-1 X/8000")]
    public void A_broken_rtpmap_leaves_its_number_unknown(string line) =>
        Assert.Equal([new(0, "PCMU", 8000, 1)], Parse($"v=0\r\nm=audio 1 RTP/AVP 96 0\r\n{line}\r\n").Media[0].RtpFormats);

    [Fact]
    public void The_first_of_two_rtpmaps_and_of_two_equal_formats_counts() =>
        Assert.Equal([new(96, "A", 8000, 1)], Parse("v=0\r\nm=audio 1 RTP/AVP 96 96\r\na=rtpmap:96 A/8000\r\na=rtpmap:96 B/8000\r\n").Media[0].RtpFormats);

    [Fact]
    public void Bombs_are_refused_at_their_bounds()
    {
        Refused("more than 32 media", string.Concat(Enumerable.Repeat("m=audio 1 RTP/AVP 0\r\n", 1000)));
        Refused("more than 2048 attributes", "m=audio 1 RTP/AVP 0\r\n" + string.Concat(Enumerable.Repeat("a=x\r\n", 3000)));
        Refused("more than 128 formats", "m=audio 1 RTP/AVP" + string.Concat(Enumerable.Range(0, 200).Select(i => $" {i % 128}")) + "\r\n");
        Refused("longer than 65536 characters", new string('a', 70_000));

        static void Refused(string expected, string body)
        {
            Assert.False(SessionDescription.TryParse("v=0\r\n" + body, out _, out var error));
            Assert.Contains(expected, error);
        }
    }

    [Fact]
    public void Truncated_at_every_character_it_never_throws()
    {
        for (var length = 0; length <= Sample.Length; length++)
        {
            Exchange(Sample[..length]);
        }
    }

    [Fact]
    public void Mutated_at_random_it_never_throws() =>
        Gen.Select(Gen.Int[0, Sample.Length - 1].Array[1, 12], Gen.Char.Array[1, 12], Gen.Int[0, 2])
            .Sample((places, characters, how) =>
            {
                var text = new StringBuilder(Sample);
                for (var i = 0; i < Math.Min(places.Length, characters.Length); i++)
                {
                    var at = places[i] % text.Length;
                    _ = how switch
                    {
                        0 => text.Replace(text[at], characters[i], at, 1),
                        1 => text.Insert(at, characters[i]),
                        _ => text.Remove(at, 1),
                    };
                }

                Exchange(text.ToString());
            }, iter: 20_000);

    [Fact]
    public void An_answer_never_holds_what_was_not_offered() =>
        Gen.Select(Gen.Int[0, 127].Array[0, 20], Any("RTP/AVP", "RTP/AVPF", "RTP/SAVP"), Any("sendrecv", "sendonly", "recvonly", "inactive"), Gen.Bool, Any("PCMU/8000", "pcma/8000", "G722/8000", "L16/16000", "telephone-event/8000", "CN/8000", "X/1"))
            .Sample((types, protocol, direction, mux, map) =>
            {
                var text = $"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=video 1 RTP/AVP 99\r\nm=audio 5000 {protocol} {string.Join(' ', types)}\r\na={direction}\r\n"
                    + string.Concat(types.Where(t => t >= 96).Select(t => $"a=rtpmap:{t} {map}\r\n")) + (mux ? "a=rtcp-mux\r\n" : "");
                var offer = Parse(text);
                if (!OfferAnswer.TryAnswer(Local, offer, null, out var session, out var reason))
                {
                    Assert.NotEmpty(reason);
                    return;
                }

                var answer = Parse(session.LocalSdp);
                Assert.NotEqual("RTP/SAVP", protocol);
                Assert.Equal(offer.Media.Select(m => (m.Kind, m.Protocol)), answer.Media.Select(m => (m.Kind, m.Protocol)));
                Assert.Equal(0, answer.Media[0].Port);
                Assert.All(answer.Media[1].Formats, f => Assert.Contains(f, offer.Media[1].Formats));
                Assert.Equal(mux, answer.Media[1].RtcpMux);
                Assert.True(answer.Media[1].Direction == session.Audio.Direction);
                Assert.Contains(session.Audio.SendPayloadType.ToString(), offer.Media[1].Formats);
            }, iter: 20_000);

    private static Gen<string> Any(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static LocalCapability Local => new(
        [new(AudioCodec.Pcmu, 8000), new(AudioCodec.Pcma, 8000), new(AudioCodec.G722, 16000), new(AudioCodec.L16, 16000)], IPAddress.Parse("192.0.2.1"), 4000, 4001);

    private static void Exchange(string text)
    {
        if (SessionDescription.TryParse(text, out var sdp, out var error))
        {
            _ = OfferAnswer.TryAnswer(Local, sdp, null, out var session, out _);
            _ = OfferAnswer.TryAccept(Local, OfferAnswer.CreateOffer(Local, session), sdp, session, out _, out _);
        }
        else
        {
            Assert.NotEmpty(error);
        }
    }

    private static SessionDescription Parse(string text)
    {
        Assert.True(SessionDescription.TryParse(text, out var sdp, out var error), error);
        return sdp;
    }
}
