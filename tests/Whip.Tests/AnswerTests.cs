using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Whip.Tests;

/// <summary>From the POST to its reply: when it is sent, and what a failed call becomes.</summary>
public sealed class AnswerTests : WhipTest
{
    [Theory]
    [InlineData("/api/whip/x", true)]
    [InlineData("/api/whap/x?wait=early", true)]
    [InlineData("/api/whxp/x", false)]
    [InlineData("/api/whxp/x?wait=early", true)]
    [InlineData("/api/whip/x?wait=answer", false)]
    public void Early_media_opens_the_session_where_the_client_does_not_wait_for_the_answer(string path, bool isEarly)
    {
        var direction = path.Contains("whap", StringComparison.Ordinal) ? "recvonly" : "sendrecv";
        var key = Post(path, Offers.Call(direction));
        var incoming = Host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal(isEarly, incoming.Variables.ToDictionary().ContainsKey("ringback"));

        Host.Command(new LegCommand.Ring(incoming.Leg));
        Assert.Null(Reply(key));
        Host.Command(new LegCommand.EarlyMedia(incoming.Leg, Offers.Answer("sendrecv", video: false)));
        Assert.Equal(isEarly ? 201 : null, Reply(key)?.Status);
        Host.Command(new LegCommand.Answer(incoming.Leg, Offers.Answer("sendrecv", video: false)));
        Assert.Equal(isEarly ? null : 201, Reply(key)?.Status);
        Host.TakeEvent<LegEvent.Confirmed>();
    }

    // spec/xswitch.md 8.2: a call that fails before 201.
    [Theory]
    [InlineData(HangupCause.NoRouteDestination, 0, 404, "NO_ROUTE_DESTINATION")]
    [InlineData(HangupCause.UnallocatedNumber, 0, 404, "UNALLOCATED_NUMBER")]
    [InlineData(HangupCause.UserBusy, 0, 409, "USER_BUSY")]
    [InlineData(HangupCause.CallRejected, 0, 403, "CALL_REJECTED")]
    [InlineData(HangupCause.OutgoingCallBarred, 0, 403, "OUTGOING_CALL_BARRED")]
    [InlineData(HangupCause.NoAnswer, 0, 504, "NO_ANSWER")]
    [InlineData(HangupCause.IncompatibleDestination, 0, 422, "INCOMPATIBLE_DESTINATION")]
    [InlineData(HangupCause.NormalTemporaryFailure, 0, 503, "NORMAL_TEMPORARY_FAILURE")]
    [InlineData(HangupCause.SwitchCongestion, 503, 503, "SWITCH_CONGESTION")]
    [InlineData(HangupCause.UserNotRegistered, 0, 503, "USER_NOT_REGISTERED")]
    [InlineData(HangupCause.NormalClearing, 404, 404, "NORMAL_CLEARING")]
    [InlineData(HangupCause.NormalClearing, 486, 409, "NORMAL_CLEARING")]
    public void A_call_that_fails_is_a_status_with_its_cause(HangupCause cause, int sipStatus, int status, string name)
    {
        var key = Post("/api/whxp/1001", Offers.Call());
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Command(new LegCommand.Hangup(leg, cause, sipStatus, ""));

        var reply = Reply(key)!;
        Assert.Equal(status, reply.Status);
        Assert.Equal(name, reply.Problem("cause"));
        Assert.Equal(status is 409 or 503, reply.Header("Retry-After") is not null);
        Assert.Equal("*", reply.Header("Access-Control-Allow-Origin"));
        Assert.Equal(cause, Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Fact]
    public void Nobody_answers_until_the_plugins_own_limit()
    {
        Configure("""{ "ringSeconds": 30 }""");
        var key = Post("/api/whxp/1001", Offers.Call());
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Advance(TimeSpan.FromSeconds(29));
        Assert.Null(Reply(key));
        Host.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(504, Reply(key)!.Status);
        Assert.Equal(HangupCause.NoAnswer, Host.TakeEvent<LegEvent.HungUp>().Cause);
        Host.Command(new LegCommand.Answer(leg, Offers.Answer()));
        Assert.Null(Reply(key));
    }

    [Fact]
    public void A_medium_that_cannot_be_answered_is_422_where_nothing_may_be_missing()
    {
        var key = Post("/api/whip/live", Offers.Publish());
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Command(new LegCommand.Answer(leg, Offers.Answer(videoPort: 0)));
        Assert.Equal(422, Reply(key)!.Status);
        Assert.Equal(HangupCause.IncompatibleDestination, Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Fact]
    public void A_call_may_do_without_the_offered_video()
    {
        var key = Post("/api/whxp/1001", Offers.Publish("sendrecv"));
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Command(new LegCommand.Answer(leg, Offers.Answer("sendrecv", videoPort: 0)));
        Assert.Equal(201, Reply(key)!.Status);
    }

    [Fact]
    public void A_client_that_goes_away_before_the_reply_gives_its_call_up_a_little_later()
    {
        var key = Post("/api/whxp/1001", Offers.Call());
        Host.TakeEvent<LegEvent.Incoming>();
        Host.Abort("whip-tls", key);
        Host.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(Host.LegEvents);
        Host.Advance(TimeSpan.FromSeconds(2));
        var end = Host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(HangupCause.OriginatorCancel, end.Cause);
        Assert.True(end.ByPeer);
    }

    [Fact]
    public void A_redirection_to_a_url_is_307()
    {
        var key = Post("/api/whip/live", Offers.Publish());
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Command(new LegCommand.Redirect(leg, "https://other.example/api/whip/live"));
        var reply = Reply(key)!;
        Assert.Equal(307, reply.Status);
        Assert.Equal("https://other.example/api/whip/live", reply.Header("Location"));
        Assert.Equal(HangupCause.RedirectionToNewDestination, Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Fact]
    public void A_renegotiation_by_the_core_is_refused_because_there_is_none_in_http()
    {
        var (_, leg, _) = Open();
        Host.Command(new LegCommand.Reoffer(leg, Offers.Answer("sendrecv")));
        Assert.Null(Host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
    }

    [Fact]
    public void Ice_servers_are_told_with_credentials_that_end()
    {
        Configure("""{ "iceServers": ["stun:stun.example.net:3478", "turn:turn.example.net:3478?transport=udp", "bogus:x"], "turnSecret": "north", "turnSeconds": 600 }""");
        var links = Open().Created.All("Link");
        Assert.Equal(2, links.Length);
        Assert.Equal("<stun:stun.example.net:3478>; rel=\"ice-server\"", links[0]);

        // The TURN REST scheme: expiry and user; base64 of HMAC-SHA1 of it, computed with openssl dgst -sha1 -hmac north -binary | base64.
        Assert.Equal("<turn:turn.example.net:3478?transport=udp>; rel=\"ice-server\"; username=\"1767226200:1000\"; credential=\"N+QDP7LHb5xhP0L3cse+NE9PPgs=\"; credential-type=\"password\"", links[1]);
    }

    [Fact]
    public void A_session_both_ways_tells_where_digits_go()
    {
        var (url, _, created) = Open("/api/whxp/5000", Offers.Call(), Offers.Answer("sendrecv", video: false));
        Assert.Equal($"<{url}/dtmf>; rel=\"urn:xswitchengine:whxp:dtmf\"", created.Header("Link"));
    }
}
