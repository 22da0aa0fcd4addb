using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Whip.Tests;

/// <summary>Tokens, their carriers, other sites' pages, limits.</summary>
public sealed class AccessTests : WhipTest
{
    public static TheoryData<string[], int> Carriers() => new()
    {
        { ["Authorization", "Bearer 5b0c2f"], 0 },
        { ["Authorization", "bearer   5b0c2f"], 0 },
        { ["Authorization", "5b0c2f"], 0 },
        { ["X-XTRA-AUTH-ID", "5b0c2f"], 0 },
        { ["Authorization", "Bearer 5b0c2f", "X-XTRA-AUTH-ID", "5b0c2f"], 0 },
        { ["Authorization", "Bearer undefined", "X-XTRA-AUTH-ID", "5b0c2f"], 0 },
        { ["Cookie", "a=b; freeswitch_xtra_session_id=5b0c2f"], 0 },
        { ["Authorization", "Bearer 5b0c2f", "X-XTRA-AUTH-ID", "other"], 401 },
        { ["Authorization", "Bearer wrong"], 401 },
        { ["Authorization", "Basic MTAwMDpzZWNyZXQ="], 401 },
        { ["Authorization", "Bearer undefined"], 401 },
        { ["Authorization", "Bearer null"], 401 },
        { ["Authorization", "Bearer"], 401 },
        { ["Authorization", ""], 401 },
        { ["X-XTRA-AUTH-ID", "wrong"], 401 },
        { ["Cookie", "freeswitch_xtra_session_id=wrong"], 401 },
        { ["Cookie", "other=5b0c2f"], 401 },
        { [], 401 },
    };

    [Theory]
    [MemberData(nameof(Carriers))]
    public void The_token_comes_in_three_carriers(string[] headers, int status)
    {
        var key = Begin("POST", "/api/whip/7701", Offers.Publish(), [Sdp, .. headers.Chunk(2).Select(h => (h[0], h[1]))]);
        if (status == 0)
        {
            Assert.Equal("1000", Host.TakeEvent<LegEvent.Incoming>().Caller.User!.Number);
            return;
        }

        var reply = Reply(key)!;
        Assert.Equal(status, reply.Status);
        Assert.StartsWith("Bearer realm=\"example.com\"", reply.Header("WWW-Authenticate"), StringComparison.Ordinal);
        Assert.Empty(Host.LegEvents);
    }

    [Theory]
    [InlineData(null, "{}", true)]
    [InlineData("https://pbx.example.net", "{}", true)]
    [InlineData("https://evil.example", "{}", false)]
    [InlineData("https://page.example", """{ "origins": ["https://page.example"] }""", true)]
    public void A_cookie_counts_only_for_our_own_pages_and_listed_ones(string? origin, string options, bool counts)
    {
        Configure(options);
        Begin("POST", "/api/whip/7701", Offers.Publish(), [Sdp, ("Cookie", "freeswitch_xtra_session_id=" + Token), .. origin is null ? Array.Empty<(string, string)>() : [("Origin", origin)]]);
        Assert.Equal(counts, Host.LegEvents.Count == 1);
    }

    [Fact]
    public void A_token_reaches_only_its_destinations()
    {
        Host.Users.Tokens["narrow"] = Grant(Host.Users.Add("1001", "x", "webrtc"), "7701", "55*");
        Begin("POST", "/api/whip/7701", Offers.Publish(), Bearer("narrow"), Sdp);
        Begin("POST", "/api/whip/5512", Offers.Publish(session: "2"), Bearer("narrow"), Sdp);
        Assert.Equal(2, Host.LegEvents.Count);
        Assert.Equal(403, Send("POST", "/api/whip/7702", Offers.Publish(), Bearer("narrow"), Sdp).Status);
    }

    [Fact]
    public void A_user_without_the_right_is_403()
    {
        Host.Users.Tokens["phone"] = Grant(Host.Users.Add("1001", "x", "sip"));
        Assert.Equal(403, Send("POST", "/api/whip/7701", Offers.Publish(), Bearer("phone"), Sdp).Status);
    }

    [Fact]
    public void An_expired_token_is_401()
    {
        Host.Advance(TimeSpan.FromDays(400));
        Assert.Equal(401, Send("POST", "/api/whip/7701", Offers.Publish(), Bearer(), Sdp).Status);
    }

    [Theory]
    [InlineData("/api/whip/9196", 0)]
    [InlineData("/api/whip/live-1", 0)]
    [InlineData("/api/whip/1000", 401)]
    public void Without_a_token_only_listed_destinations_are_open(string path, int status)
    {
        Configure("""{ "anonymous": true, "anonymousDestinations": ["9196", "live-*"] }""");
        var key = Begin("POST", path, Offers.Publish(), ("Authorization", "Bearer undefined"), Sdp);
        Assert.Equal(status == 0 ? null : status, Reply(key)?.Status);
        if (status == 0)
        {
            Assert.Null(Host.TakeEvent<LegEvent.Incoming>().Caller.User);
        }
    }

    [Fact]
    public void Without_a_token_sendrecv_on_whip_is_no_call()
    {
        Configure("""{ "anonymous": true, "anonymousDestinations": ["*"] }""");
        Begin("POST", "/api/whip/9196", Offers.Publish("sendrecv"), Sdp);
        Assert.DoesNotContain("a=sendrecv", Host.TakeEvent<LegEvent.Incoming>().Offer!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_token_is_wrong_on_open_endpoints_too()
    {
        Configure("""{ "anonymous": true, "anonymousDestinations": ["*"] }""");
        Assert.Equal(401, Send("POST", "/api/whip/9196", Offers.Publish(), Bearer("wrong"), Sdp).Status);
    }

    [Fact]
    public void A_preflight_from_a_foreign_origin_needs_no_token()
    {
        foreach (var path in new[] { "/api/whip/7701", "/api/whip/sessions/0123", "/api/whip/sessions/0123/dtmf" })
        {
            var reply = Send("OPTIONS", path, null, ("Origin", "https://page.example"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type"));
            Assert.Equal(200, reply.Status);
            Assert.Equal("*", reply.Header("Access-Control-Allow-Origin"));
            Assert.Equal("OPTIONS, GET, HEAD, POST, PATCH, DELETE", reply.Header("Access-Control-Allow-Methods"));
            Assert.Equal("Authorization, Content-Type, If-Match, ETag, X-XTRA-AUTH-ID", reply.Header("Access-Control-Allow-Headers"));
            Assert.Equal("86400", reply.Header("Access-Control-Max-Age"));
        }

        Assert.Equal("application/sdp", Send("OPTIONS", "/api/whip/7701", null).Header("Accept-Post"));
        Assert.Equal("application/trickle-ice-sdpfrag", Send("OPTIONS", "/api/whip/sessions/0123", null).Header("Accept-Patch"));
    }

    [Fact]
    public void Only_an_options_with_a_token_that_is_no_preflight_is_told_ice_servers()
    {
        Configure("""{ "iceServers": ["stun:stun.example.net"] }""");
        Assert.Single(Send("OPTIONS", "/api/whip/7701", null, Bearer()).All("Link"));
        Assert.Empty(Send("OPTIONS", "/api/whip/7701", null, Bearer("wrong")).All("Link"));
        Assert.Empty(Send("OPTIONS", "/api/whip/7701", null).All("Link"));
        Assert.Empty(Send("OPTIONS", "/api/whip/7701", null, Bearer(), ("Access-Control-Request-Method", "POST")).All("Link"));
    }

    [Theory]
    [InlineData("https://page.example", "https://page.example", "true")]
    [InlineData("https://PAGE.example", "https://PAGE.example", "true")]
    [InlineData("https://evil.example", null, null)]
    [InlineData(null, null, null)]
    public void A_list_of_origins_lets_in_only_these(string? origin, string? allowed, string? credentials)
    {
        Configure("""{ "origins": ["https://page.example"] }""");
        var reply = origin is null ? Send("GET", "/api/whip/7701", null) : Send("GET", "/api/whip/7701", null, ("Origin", origin));
        Assert.Equal(allowed, reply.Header("Access-Control-Allow-Origin"));
        Assert.Equal(credentials, reply.Header("Access-Control-Allow-Credentials"));
        Assert.Equal("Origin", reply.Header("Vary"));
    }

    [Fact]
    public void Errors_have_the_cors_headers_too()
    {
        var reply = Send("POST", "/api/whip/7701", Offers.Publish(), Sdp, ("Origin", "https://page.example"));
        Assert.Equal(401, reply.Status);
        Assert.Equal("*", reply.Header("Access-Control-Allow-Origin"));
        Assert.Equal("Location, ETag, Link, Retry-After, Accept-Patch", reply.Header("Access-Control-Expose-Headers"));
    }

    [Fact]
    public void Posts_of_one_source_are_limited()
    {
        Configure("""{ "postsPerSecond": 2 }""");
        var statuses = Enumerable.Range(0, 6).Select(i => Reply(Post("/api/whip/7701", Offers.Publish(session: i.ToString())))?.Status).ToList();
        Assert.Equal([null, null, null, null, 429, 429], statuses);
        Host.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Reply(Post("/api/whip/7701", Offers.Publish(session: "9"))));
    }

    [Fact]
    public void Requests_of_one_source_are_limited_with_the_time_to_wait()
    {
        Configure("""{ "requestsPerSecond": 1 }""");
        Send("GET", "/api/whip/7701", null);
        Send("GET", "/api/whip/7701", null);
        var reply = Send("GET", "/api/whip/7701", null);
        Assert.Equal(429, reply.Status);
        Assert.Equal("1", reply.Header("Retry-After"));
    }

    [Fact]
    public void Who_guesses_tokens_waits_a_minute()
    {
        Configure("""{ "authFailuresPerMinute": 3 }""");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(401, Send("POST", "/api/whip/7701", Offers.Publish(), Bearer("guess" + i), Sdp).Status);
        }

        var reply = Send("POST", "/api/whip/7701", Offers.Publish(), Bearer(), Sdp);
        Assert.Equal(429, reply.Status);
        Assert.Equal("60", reply.Header("Retry-After"));
        Host.Advance(TimeSpan.FromSeconds(61));
        Post("/api/whip/7701", Offers.Publish());
        Host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal(4, Host.SecurityLog.Count);
    }

    [Fact]
    public void Sessions_of_one_user_and_of_all_are_bounded()
    {
        Configure("""{ "maxSessionsPerUser": 2, "maxSessions": 3 }""");
        Host.Users.Tokens["other"] = Grant(Host.Users.Add("1001", "x", "webrtc"));
        Post("/api/whip/1", Offers.Publish(session: "1"));
        Post("/api/whip/1", Offers.Publish(session: "2"));
        Assert.Equal(429, Send("POST", "/api/whip/1", Offers.Publish(session: "3"), Bearer(), Sdp).Status);
        Begin("POST", "/api/whip/1", Offers.Publish(session: "4"), Bearer("other"), Sdp);
        Assert.Equal(503, Send("POST", "/api/whip/1", Offers.Publish(session: "5"), Bearer("other"), Sdp).Status);

        Host.Command(new LegCommand.Hangup(Host.TakeEvent<LegEvent.Incoming>().Leg, HangupCause.UserBusy, 0, ""));
        Assert.Null(Reply(Post("/api/whip/1", Offers.Publish(session: "6"))));
    }

    [Fact]
    public void No_log_line_has_a_token_an_ice_password_or_a_session_id()
    {
        var (url, leg, _) = Open();
        Send("POST", "/api/whip/7701", Offers.Publish(), Bearer("wrong-token"), Sdp);
        Host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.NotEmpty(Host.Logs);
        var id = url[(url.LastIndexOf('/') + 1)..];
        string[] secrets = [Token, "wrong-token", "0kq3bN7rX1uEwVt5mGf8yLhC", id];
        Assert.DoesNotContain(Host.Logs.Concat(Host.SecurityLog), l => secrets.Any(s => l.Contains(s, StringComparison.Ordinal)));
    }
}
