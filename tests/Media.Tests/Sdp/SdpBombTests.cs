using System.Net;
using System.Text;

namespace XSwitchEngine.Media.Tests.Sdp;

/// <summary>Row S-13 of the security plan: descriptions that mean to be expensive or out of range.</summary>
public sealed class SdpBombTests
{
    private const string Head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    private const string Audio = Head + "m=audio 5000 RTP/AVP 0\r\n";

    public static TheoryData<string, string, string> Repeated => new()
    {
        { "media", Head, "m=audio 5000 RTP/AVP 0\r\n" },
        { "attributes", Audio, "a=x:y\r\n" },
        { "candidates", Audio, "a=candidate:1 1 udp 1 192.0.2.9 5000 typ host\r\n" },
        { "codecs", Audio, "a=rtpmap:0 PCMU/8000\r\n" },
        { "keys", Audio, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n" },
        { "fingerprints", Audio, "a=fingerprint:sha-256 AA:BB\r\n" },
        { "groups", Head, "a=group:BUNDLE 0 1 2\r\n" },
        { "extensions", Audio, "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n" },
    };

    [Theory]
    [MemberData(nameof(Repeated))]
    public void S_13_ten_thousand_of_a_thing_cost_no_more_than_their_length(string what, string head, string line)
    {
        var (once, twice) = (Cost(head, line, 5_000), Cost(head, line, 10_000));
        Assert.True(twice.Allocated < (3 * once.Allocated) + 100_000, $"{what}: {once.Allocated} bytes for 5,000, {twice.Allocated} for 10,000");
        Assert.True(twice.Allocated < (20L * twice.Length) + 1_000_000, $"{what}: {twice.Allocated} bytes for a text of {twice.Length}");
    }

    [Theory]
    [InlineData("m=audio 65536 RTP/AVP 0\r\n")]
    [InlineData("m=audio -1 RTP/AVP 0\r\n")]
    [InlineData("m=audio 5000 RTP/AVP 0 0 0 8 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:0 PCMA/8000\r\n")]
    [InlineData("m=audio 5000 RTP/AVP 999\r\n")]
    [InlineData("m=audio 5000 RTP/AVP 96\r\na=rtpmap:96\r\na=rtpmap: \r\na=rtpmap:96 /\r\na=rtpmap:96 opus/\r\na=rtpmap:96 opus/99999999999/2\r\na=fmtp:96\r\na=fmtp:96 ;=;;\r\n")]
    [InlineData("m=audio 5000 RTP/AVP 0\r\na=ptime:0\r\na=maxptime:0\r\n")]
    [InlineData("m=audio 5000 RTP/AVP 0\r\na=ptime:4294967296\r\na=maxptime:-5\r\n")]
    [InlineData("m=audio 5000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAA\r\n")]
    [InlineData("m=audio 5000 RTP/SAVP 0\r\na=crypto:4294967296 AES_CM_128_HMAC_SHA1_80 inline:\r\n")]
    [InlineData("m=audio 5000 RTP/AVP 0\r\na=candidate:1 0 udp 1 192.0.2.9 5000 typ host\r\na=candidate:1 255 udp 1 192.0.2.9 5000 typ host\r\na=candidate:1 -1 udp 1 192.0.2.9 65536 typ host\r\n")]
    [InlineData("m=\r\nm=audio\r\nm=audio 5000\r\n")]
    public void S_13_values_out_of_range_are_refused_or_bounded(string media)
    {
        if (!SessionDescription.TryParse(Head + media, out var offer, out var error))
        {
            Assert.NotEmpty(error);
            return;
        }

        if (!OfferAnswer.TryAnswer(Local, offer, null, out var session, out var reason))
        {
            Assert.NotEmpty(reason);
            return;
        }

        Assert.InRange(session.Audio.PtimeMs, 10, 60);
        Assert.InRange(session.Audio.Remote.Port, 0, 65535);
        Assert.InRange(session.Audio.SendPayloadType, 0, 127);
    }

    private static LocalCapability Local => new([new(AudioCodec.Pcmu, 8000), new(AudioCodec.Pcma, 8000), new(AudioCodec.Opus, 48000)], IPAddress.Parse("192.0.2.1"), 4000, 4001) { SessionId = 42 };

    private static (long Allocated, int Length) Cost(string head, string line, int count)
    {
        var text = new StringBuilder(head).Insert(head.Length, line, count).ToString();
        Judge(text[..(head.Length + line.Length)]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Judge(text);
        return (GC.GetAllocatedBytesForCurrentThread() - before, text.Length);
    }

    /// <summary>What the engine does with an offer.</summary>
    private static void Judge(string text)
    {
        if (SessionDescription.TryParse(text, out var offer, out _))
        {
            _ = OfferAnswer.TryAnswer(Local, offer, null, out _, out _);
        }
    }
}
