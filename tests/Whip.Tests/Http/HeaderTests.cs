using XSwitchEngine.Plugins.Whip.Http;

namespace XSwitchEngine.Whip.Tests.Http;

public sealed class HeaderTests
{
    [Fact]
    public void A_link_header_is_written_and_read_back()
    {
        var link = new LinkHeader("turn:t.example:3478?transport=udp", "ice-server", [new("username", "17:u\"7\\"), new("credential", "a,b;c=d")]);
        var read = Assert.Single(LinkHeader.Parse(link.ToString()));
        Assert.Equal((link.Target, link.Relation), (read.Target, read.Relation));
        Assert.Equal(link.Parameters, read.Parameters);
    }

    [Fact]
    public void Several_links_in_one_header_are_read()
    {
        var links = LinkHeader.Parse("<stun:a>; rel=ice-server, <turn:b>;rel=\"ice-server\" ; username=x;credential=\"y\",<https://c/>; rel=\"urn:ietf:params:whip:ext:z\"; flag");
        Assert.Equal(["stun:a", "turn:b", "https://c/"], links.Select(l => l.Target));
        Assert.Equal(["ice-server", "ice-server", "urn:ietf:params:whip:ext:z"], links.Select(l => l.Relation));
        Assert.Equal([new("username", "x"), new("credential", "y")], links[1].Parameters);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<")]
    [InlineData("<a")]
    [InlineData("rel=x")]
    [InlineData("<a>; x=\"\\")]
    public void Malformed_links_do_not_throw(string value) => Assert.True(LinkHeader.Parse(value).Count <= 1);

    [Theory]
    [InlineData("/api/whip/7701", (int)TargetKind.Endpoint, "whip", "/api/whip", "7701")]
    [InlineData("/api/whep/live/", (int)TargetKind.Endpoint, "whep", "/api/whep", "live")]
    [InlineData("/api/cloud/whxp/1%2A", (int)TargetKind.Endpoint, "whxp", "/api/cloud/whxp", "1*")]
    [InlineData("/api/whip/sessions/ab", (int)TargetKind.Session, "whip", "/api/whip", "ab")]
    [InlineData("/api/whip/sessions/ab/dtmf", (int)TargetKind.Dtmf, "whip", "/api/whip", "ab")]
    [InlineData("/api/whip/sessions", (int)TargetKind.Endpoint, "whip", "/api/whip", "sessions")]
    [InlineData("/api/whip", (int)TargetKind.Root, "whip", "/api/whip", "")]
    public void Paths_are_taken_apart(string path, int kind, string word, string prefix, string name)
    {
        var target = RequestTarget.Parse(path, out var error);
        Assert.Null(error);
        Assert.Equal(((TargetKind)kind, word, prefix, name), (target.Kind, target.Word, target.Prefix, target.Name));
    }

    [Fact]
    public void A_query_has_at_most_64_parameters()
    {
        Assert.True(QueryText.TryParse(string.Join('&', Enumerable.Range(0, 64)), out var pairs));
        Assert.Equal(64, pairs.Count);
        Assert.False(QueryText.TryParse(string.Join('&', Enumerable.Range(0, 65)), out _));
    }
}
