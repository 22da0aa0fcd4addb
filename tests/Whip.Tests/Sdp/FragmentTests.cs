using XSwitchEngine.Plugins.Whip.Sdp;

namespace XSwitchEngine.Whip.Tests.Sdp;

/// <summary>The oddities of spec/whip.md 4.1.</summary>
public sealed class FragmentTests
{
    public static TheoryData<string> Oddities() =>
    [
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n",
        "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\nm=audio 9 RTP/AVP 0\na=mid:0\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\na=end-of-candidates",
        "v=0\r\ns= \r\nt=0 0\r\nm=text 9 RTP/AVP 99\r\na=mid:0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\n\r\na=end-of-candidates\r\n",
        "a=group:BUNDLE 0 1\r\na=ice-options:trickle\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
            + "m=audio 9 RTP/AVP 0\r\na=mid:1\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n",
    ];

    [Theory]
    [MemberData(nameof(Oddities))]
    public void Fragments_are_read_as_clients_write_them(string text)
    {
        Assert.True(SdpFragment.TryParse(text, out var fragment, out var error), error);
        Assert.Equal(("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"), (fragment.Ufrag, fragment.Password));
        Assert.Equal(["candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host"], fragment.Candidates);
        Assert.True(fragment.IsEndOfCandidates);
        Assert.Equal("0", fragment.Mids[0]);
    }

    [Fact]
    public void Candidates_only_are_a_fragment_too()
    {
        Assert.True(SdpFragment.TryParse("m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 0 udp 1 4c0d.local 9 typ host raddr null\r\n", out var fragment, out _));
        Assert.Equal("", fragment.Ufrag);
        Assert.Single(fragment.Candidates);
    }

    [Fact]
    public void More_than_32_candidates_are_not_kept_and_more_than_512_lines_not_read()
    {
        Assert.True(SdpFragment.TryParse(string.Concat(Enumerable.Range(0, 100).Select(i => $"a=candidate:{i}\r\n")), out var fragment, out _));
        Assert.Equal(32, fragment.Candidates.Count);
        Assert.False(SdpFragment.TryParse(string.Concat(Enumerable.Repeat("a=x\r\n", 513)), out _, out var error));
        Assert.Contains("512", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Session_level_attributes_are_inherited()
    {
        Assert.True(SdpText.TryParse(Offers.Obs, out var sdp, out _));
        Assert.All(sdp.Media, m => Assert.Equal(("tPXk", "actpass", true), (m.Ufrag, m.Setup, m.Fingerprint.StartsWith("sha-256 5D", StringComparison.Ordinal))));
        Assert.Equal(["0", "1"], sdp.Bundle.Order());
    }

    [Fact]
    public void A_restart_offer_has_the_new_credentials_at_session_level_too_and_no_candidates()
    {
        var text = SdpText.WithIce(Offers.Obs + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n", "nEw1", "AnotherPasswordOf22Chars");
        Assert.Equal(Offers.Obs.Replace("tPXk", "nEw1", StringComparison.Ordinal).Replace("zkPgBBqVdMbLB2xLbBz3Xw", "AnotherPasswordOf22Chars", StringComparison.Ordinal), text);
    }
}
