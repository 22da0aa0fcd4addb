using System.Net;
using System.Text;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.Plugins.Sip.Security;

namespace XSwitchEngine.Sip.Tests.Security;

public sealed class DigestTests
{
    // RFC 7616 §3.9.1.
    [Theory]
    [InlineData("MD5", "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void The_vectors_of_RFC_7616_come_out(string name, string response)
    {
        var algorithm = name == "MD5" ? DigestAlgorithm.Md5 : DigestAlgorithm.Sha256;
        var length = Digest.HexLength(algorithm);
        var ha1 = new byte[length];
        var hex = new byte[length];
        Digest.Hash(algorithm, ha1, "Mufasa"u8, "http-auth@example.org"u8, "Circle of Life"u8, parts: 3);
        Digest.Response(algorithm, hex, ha1, "GET"u8, "/dir/index.html"u8, "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"u8, "00000001"u8, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"u8, "auth"u8);
        Assert.Equal(response, Encoding.ASCII.GetString(hex));
    }

    // RFC 2617 §3.5, whose response without qop RFC 2069 has for the same input.
    [Fact]
    public void The_vector_of_RFC_2617_comes_out()
    {
        var ha1 = new byte[32];
        var hex = new byte[32];
        Digest.Hash(DigestAlgorithm.Md5, ha1, "Mufasa"u8, "testrealm@host.com"u8, "Circle Of Life"u8, parts: 3);
        Digest.Response(DigestAlgorithm.Md5, hex, ha1, "GET"u8, "/dir/index.html"u8, "dcd98b7102dd2f0e8b11d0f600bfb0c093"u8, "00000001"u8, "0a4f113b"u8, "auth"u8);
        Assert.Equal("6629fae49393a05397450978507c4ef1", Encoding.ASCII.GetString(hex));
    }

    [Theory]
    [InlineData("Digest username=\"a\", username=\"b\"", true)]
    [InlineData("Digest username", true)]
    [InlineData("Basic abc", false)]
    [InlineData("Digest", false)]
    [InlineData("", false)]
    public void Malformed_credentials_are_told_from_other_schemes(string value, bool malformed)
    {
        Assert.False(DigestParameters.TryParse(Encoding.UTF8.GetBytes(value), out _, out var isMalformed));
        Assert.Equal(malformed, isMalformed);
    }

    [Fact]
    public void Parameters_are_read_with_commas_in_quotes()
    {
        Assert.True(DigestParameters.TryParse("Digest realm=\"a, b\",nonce=\"n\", stale=TRUE ,algorithm=SHA-256,qop=\"auth,auth-int\",opaque=\"\""u8, out var p, out _));
        Assert.Equal("a, b", Encoding.ASCII.GetString(p.Realm));
        Assert.Equal("n", Encoding.ASCII.GetString(p.Nonce));
        Assert.True(p.IsStale);
        Assert.Equal("auth,auth-int", Encoding.ASCII.GetString(p.Qop));
    }

    [Fact]
    public void A_nonce_is_fresh_only_for_its_network_algorithm_and_time()
    {
        var host = SipTest.Closed();
        var nonces = ((SipPlugin)host.Plugin).Parts.Nonces;
        var nonce = new byte[NonceService.TextLength];
        nonces.Create(DigestAlgorithm.Md5, IPAddress.Parse("198.51.100.7"), nonce);

        Assert.Equal(NonceState.Fresh, nonces.Check(nonce, DigestAlgorithm.Md5, IPAddress.Parse("198.51.100.99")));
        Assert.Equal(NonceState.Foreign, nonces.Check(nonce, DigestAlgorithm.Md5, IPAddress.Parse("198.51.101.7")));
        Assert.Equal(NonceState.Foreign, nonces.Check(nonce, DigestAlgorithm.Sha256, IPAddress.Parse("198.51.100.7")));
        host.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal(NonceState.Fresh, nonces.Check(nonce, DigestAlgorithm.Md5, IPAddress.Parse("198.51.100.7")));
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(NonceState.Stale, nonces.Check(nonce, DigestAlgorithm.Md5, IPAddress.Parse("198.51.100.7")));
        for (var i = 0; i < nonce.Length; i++)
        {
            var forged = nonce.ToArray();
            forged[i] = (byte)(forged[i] == 'A' ? 'B' : 'A');
            Assert.Equal(NonceState.Foreign, nonces.Check(forged, DigestAlgorithm.Md5, IPAddress.Parse("198.51.100.7")));
        }
    }

    [Fact]
    public void Each_count_of_a_nonce_is_taken_once_within_a_window_of_64()
    {
        var nonces = ((SipPlugin)SipTest.Closed().Plugin).Parts.Nonces;
        Assert.True(nonces.TryUse("n"u8, 5));
        Assert.False(nonces.TryUse("n"u8, 5));
        Assert.True(nonces.TryUse("n"u8, 3));
        Assert.False(nonces.TryUse("n"u8, 3));
        Assert.True(nonces.TryUse("n"u8, 100));
        Assert.True(nonces.TryUse("n"u8, 37));     // 63 behind
        Assert.False(nonces.TryUse("n"u8, 36));    // 64 behind: too old to tell
        Assert.False(nonces.TryUse("n"u8, 37));
    }

    [Fact]
    public void Counts_are_kept_for_a_bounded_number_of_nonces_and_forgotten_after_their_time()
    {
        var host = SipTest.Closed();
        var nonces = ((SipPlugin)host.Plugin).Parts.Nonces;
        for (var i = 0; i < NonceService.Capacity + 100; i++)
        {
            Assert.True(nonces.TryUse(Encoding.ASCII.GetBytes("n" + i), 1));
        }

        Assert.Equal(NonceService.Capacity, nonces.Count);
        host.Advance(TimeSpan.FromSeconds(302));
        Assert.True(nonces.TryUse("x"u8, 1));
        Assert.Equal(1, nonces.Count);
    }
}
