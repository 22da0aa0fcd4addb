using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Whip.Tests;

/// <summary>PATCH, DELETE, digits and the rest on the URL of a session.</summary>
public sealed class SessionTests : WhipTest
{
    private const string NewUfrag = "nEw1";
    private const string NewPassword = "AnotherPasswordOf22Chars";

    private static string Trickle(string ufrag = "Qz4d", string password = "0kq3bN7rX1uEwVt5mGf8yLhC") => Offers.Crlf($"""
        a=ice-ufrag:{ufrag}
        a=ice-pwd:{password}
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=candidate:5 1 udp 1677732095 198.51.100.20 50113 typ srflx raddr 10.1.1.9 rport 50113
        a=end-of-candidates
        """);

    // spec/whip.md 4.2, row by row.
    [Theory]
    [InlineData("\"ice-1\"", 204)]
    [InlineData("ice-1", 204)]
    [InlineData("W/\"ice-1\"", 204)]
    [InlineData("\"x\", \"ice-1\"", 204)]
    [InlineData("*", 204)]
    [InlineData("\"*\"", 204)]
    [InlineData("\"ice-0\"", 412)]
    [InlineData("\"ice-10\"", 412)]
    [InlineData(null, 204)]
    public void Trickle_is_taken_unless_it_belongs_to_an_earlier_ice_session(string? tag, int status)
    {
        var (url, _, _) = Open();
        var reply = tag is null ? Send("PATCH", url, Trickle(), Bearer(), Fragment) : Send("PATCH", url, Trickle(), Bearer(), Fragment, ("If-Match", tag));
        Assert.Equal(status, reply.Status);
        if (status == 204)
        {
            Assert.Null(reply.Header("ETag"));
            Assert.Equal(0, reply.Body.Length);
        }
    }

    [Fact]
    public void If_match_can_be_required()
    {
        Configure("""{ "requireIfMatch": true }""");
        var (url, _, _) = Open();
        Assert.Equal(428, Send("PATCH", url, Trickle(), Bearer(), Fragment).Status);
        Assert.Equal(204, Send("PATCH", url, Trickle(), Bearer(), Fragment, ("If-Match", "\"ice-1\"")).Status);
    }

    // One web client sends the tag in a request header named ETag.
    [Theory]
    [InlineData("\"ice-1\"", 204)]
    [InlineData("\"ice-7\"", 412)]
    public void The_tag_may_come_in_a_header_named_etag(string tag, int status) =>
        Assert.Equal(status, Send("PATCH", Open().Url, Trickle(), Bearer(), Fragment, ("ETag", tag)).Status);

    [Theory]
    [InlineData("*")]
    [InlineData("\"*\"")]
    [InlineData("\"ice-1\"")]
    [InlineData(null)]
    public void New_credentials_restart_ice(string? tag)
    {
        var (url, leg, _) = Open();
        var key = tag is null ? Begin("PATCH", url, Trickle(NewUfrag, NewPassword), Bearer(), Fragment) : Begin("PATCH", url, Trickle(NewUfrag, NewPassword), Bearer(), Fragment, ("If-Match", tag));
        var offer = Host.TakeEvent<LegEvent.Reoffered>().Offer!;
        Assert.Equal(2, offer.Split("a=ice-ufrag:" + NewUfrag + "\r\n").Length - 1);
        Assert.Equal(2, offer.Split("a=ice-pwd:" + NewPassword + "\r\n").Length - 1);
        Assert.Equal(Offers.Publish().Without("a=ice-ufrag").Without("a=ice-pwd"), offer.Without("a=ice-ufrag").Without("a=ice-pwd"));
        Assert.Null(Reply(key));

        Host.Command(new LegCommand.AcceptReoffer(leg, Offers.Answer(ufrag: "nWuf")));
        var reply = Reply(key)!;
        Assert.Equal(200, reply.Status);
        Assert.Equal("\"ice-2\"", reply.Header("ETag"));
        Assert.Equal("application/trickle-ice-sdpfrag", reply.Header("Content-Type"));
        Assert.Equal(
            Offers.Crlf("""
                a=group:BUNDLE 0 1
                a=ice-options:trickle ice2
                a=ice-lite
                a=ice-ufrag:nWuf
                a=ice-pwd:Wm2cTg6oKd9sZb4xRj1vNh8u
                m=audio 10000 UDP/TLS/RTP/SAVPF 111
                a=mid:0
                a=candidate:1 1 udp 2130706431 203.0.113.7 10000 typ host
                a=end-of-candidates
                """).Split("\r\n").Order(),
            reply.Text().Split("\r\n").Order());

        Assert.Equal(412, Send("PATCH", url, Trickle(), Bearer(), Fragment, ("If-Match", "\"ice-1\"")).Status);
        Assert.Equal(204, Send("PATCH", url, Trickle(NewUfrag, NewPassword), Bearer(), Fragment, ("If-Match", "\"ice-2\"")).Status);
    }

    [Fact]
    public void New_credentials_with_a_stale_tag_are_412() =>
        Assert.Equal(412, Send("PATCH", Open().Url, Trickle(NewUfrag, NewPassword), Bearer(), Fragment, ("If-Match", "\"ice-9\"")).Status);

    [Fact]
    public void A_refused_restart_keeps_the_old_ice_session()
    {
        var (url, leg, _) = Open();
        var key = Begin("PATCH", url, Trickle(NewUfrag, NewPassword), Bearer(), Fragment, ("If-Match", "*"));
        Host.TakeEvent<LegEvent.Reoffered>();
        Host.Command(new LegCommand.RejectReoffer(leg, "not now"));
        Assert.Equal(422, Reply(key)!.Status);
        Assert.Equal(204, Send("PATCH", url, Trickle(), Bearer(), Fragment, ("If-Match", "\"ice-1\"")).Status);
    }

    [Fact]
    public void Restarts_that_overlap_are_done_one_after_the_other_and_the_latest_counts()
    {
        var (url, leg, _) = Open();
        var first = Begin("PATCH", url, Trickle("aaa1", NewPassword), Bearer(), Fragment, ("If-Match", "*"));
        var second = Begin("PATCH", url, Trickle("bbb2", NewPassword), Bearer(), Fragment, ("If-Match", "*"));
        var third = Begin("PATCH", url, Trickle("ccc3", NewPassword), Bearer(), Fragment, ("If-Match", "*"));
        Assert.Equal(412, Reply(second)!.Status);
        Assert.Contains("aaa1", Host.TakeEvent<LegEvent.Reoffered>().Offer, StringComparison.Ordinal);
        Assert.Empty(Host.LegEvents);

        Host.Command(new LegCommand.AcceptReoffer(leg, Offers.Answer(ufrag: "one1")));
        Assert.Equal("\"ice-2\"", Reply(first)!.Header("ETag"));
        Assert.Contains("ccc3", Host.TakeEvent<LegEvent.Reoffered>().Offer, StringComparison.Ordinal);
        Host.Command(new LegCommand.AcceptReoffer(leg, Offers.Answer(ufrag: "two2")));
        Assert.Equal("\"ice-3\"", Reply(third)!.Header("ETag"));
    }

    [Theory]
    [InlineData("application/sdp", 415)]
    [InlineData("application/json", 415)]
    [InlineData("application/trickle-ice-sdpfrag;charset=utf-8", 204)]
    public void Patch_takes_one_content_type(string type, int status)
    {
        var reply = Send("PATCH", Open().Url, Trickle(), Bearer(), ("Content-Type", type));
        Assert.Equal(status, reply.Status);
        Assert.Equal(status == 415 ? "application/trickle-ice-sdpfrag" : null, reply.Header("Accept-Patch"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n")]
    [InlineData("a=ice-ufrag:abcd\r\n")]
    [InlineData("a=ice-ufrag:ab\r\na=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC\r\n")]
    [InlineData("a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n")]
    [InlineData("a=ice-ufrag:ab\u00e4d\r\na=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC\r\n")]
    public void A_malformed_fragment_is_400(string fragment) =>
        Assert.Equal(400, Send("PATCH", Open().Url, fragment, Bearer(), Fragment).Status);

    [Fact]
    public void Delete_hangs_up_with_200_and_an_empty_body_once()
    {
        var (url, _, _) = Open();
        var reply = Send("DELETE", url, null, Bearer(), ("If-Match", "\"whatever\""));
        Assert.Equal(200, reply.Status);
        Assert.Equal(0, reply.Body.Length);
        var end = Host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(HangupCause.NormalClearing, end.Cause);
        Assert.True(end.ByPeer);
        Assert.Equal(404, Send("DELETE", url, null, Bearer()).Status);
        Assert.Equal(404, Send("PATCH", url, Trickle(), Bearer(), Fragment).Status);
        Assert.Equal(404, Send("GET", url, null).Status);
        Assert.Equal(404, Send("HEAD", url, null).Status);
    }

    [Fact]
    public void When_the_far_side_hangs_up_the_url_is_gone()
    {
        var (url, leg, _) = Open();
        Host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.False(Host.TakeEvent<LegEvent.HungUp>().ByPeer);
        Assert.Equal(404, Send("DELETE", url, null, Bearer()).Status);
    }

    [Fact]
    public void A_restart_that_waits_when_the_call_ends_is_404()
    {
        var (url, leg, _) = Open();
        var key = Begin("PATCH", url, Trickle(NewUfrag, NewPassword), Bearer(), Fragment, ("If-Match", "*"));
        Host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal(404, Reply(key)!.Status);
    }

    // Some web SDKs and beacons cannot send the token: the id itself is the capability.
    [Fact]
    public void Delete_without_a_token_is_taken_unless_the_endpoint_forbids_it()
    {
        Assert.Equal(200, Send("DELETE", Open().Url, null).Status);
        Configure("""{ "deleteWithoutToken": false }""");
        Assert.Equal(401, Send("DELETE", Open().Url, null).Status);
    }

    [Fact]
    public void Other_requests_need_the_sessions_user()
    {
        var (url, _, _) = Open();
        Host.Users.Tokens["other"] = Grant(Host.Users.Add("1001", "x", "webrtc"));
        Host.Users.Tokens["boss"] = Grant(Host.Users.Add("1002", "x", "webrtc", "admin"));
        Assert.Equal(401, Send("PATCH", url, Trickle(), Fragment).Status);
        Assert.Equal(401, Send("PATCH", url, Trickle(), Bearer("wrong"), Fragment).Status);
        Assert.Equal(403, Send("PATCH", url, Trickle(), Bearer("other"), Fragment).Status);
        Assert.Equal(403, Send("DELETE", url, null, Bearer("other")).Status);
        Assert.Equal(401, Send("DELETE", url, null, Bearer("wrong")).Status);
        Assert.Equal(204, Send("PATCH", url, Trickle(), Bearer("boss"), Fragment).Status);
    }

    [Theory]
    [InlineData("POST", 405)]
    [InlineData("PUT", 405)]
    [InlineData("GET", 204)]
    [InlineData("HEAD", 200)]
    [InlineData("OPTIONS", 200)]
    public void Other_methods_of_a_session(string method, int status)
    {
        var reply = Send(method, Open().Url, null);
        Assert.Equal(status, reply.Status);
        Assert.Equal(status == 405 ? "OPTIONS, GET, HEAD, PATCH, DELETE" : null, reply.Header("Allow"));
    }

    [Fact]
    public void A_call_that_is_not_answered_has_no_url_yet()
    {
        Post("/api/whxp/1001", Offers.Call());
        var id = ((Plugins.Whip.WhipPlugin)Host.Plugin).Parts.Sessions.All.Single().Id;
        Assert.Equal(404, Send("DELETE", "/api/whxp/sessions/" + id, null, Bearer()).Status);
    }

    [Fact]
    public void Digits_by_post_reach_the_call()
    {
        var (url, leg, _) = Open("/api/whxp/5000", Offers.Call(), Offers.Answer("sendrecv", video: false));
        Assert.Equal(204, Send("POST", url + "/dtmf", """{"digits":"1#a"}""", Bearer(), ("Content-Type", "application/json")).Status);
        Assert.Equal("1#A", string.Concat(Enumerable.Range(0, 3).Select(_ => Host.TakeEvent<LegEvent.Dtmf>() is var d && d.Leg == leg ? d.Digit : '?')));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("[]", 400)]
    [InlineData("{", 400)]
    [InlineData("""{"digits":""}""", 400)]
    [InlineData("""{"digits":"12x"}""", 400)]
    [InlineData("""{"digits":12}""", 400)]
    [InlineData("""{"digits":"\ud800"}""", 400)]
    [InlineData("""{"digits":"11111111111111111111111111111111111111111111111111111111111111111"}""", 400)]
    public void Digits_that_are_none_are_400(string body, int status)
    {
        var (url, _, _) = Open();
        Assert.Equal(status, Send("POST", url + "/dtmf", body, Bearer(), ("Content-Type", "application/json")).Status);
        Assert.Equal(415, Send("POST", url + "/dtmf", body, Bearer(), ("Content-Type", "text/plain")).Status);
        Assert.Equal(401, Send("POST", url + "/dtmf", body, ("Content-Type", "application/json")).Status);
        Assert.Equal("OPTIONS, POST", Send("DELETE", url + "/dtmf", null, Bearer()).Header("Allow"));
        Assert.Empty(Host.LegEvents);
    }
}
