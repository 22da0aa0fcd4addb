using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Whip.Tests;

/// <summary>POST and its siblings on the URLs that make sessions.</summary>
public sealed class EndpointTests : WhipTest
{
    [Fact]
    public void A_post_is_a_call_of_the_tokens_user_to_the_number_in_the_url()
    {
        var key = Begin("POST", "/api/whip/7701", Offers.Publish(), Bearer(), Sdp, ("User-Agent", "Test/1"), ("Origin", "https://page.example"));

        var incoming = Host.TakeEvent<LegEvent.Incoming>();
        Assert.Null(Reply(key));
        Assert.Equal("7701", incoming.Caller.Destination);
        Assert.Equal("1000", incoming.Caller.User!.Number);
        Assert.Equal("whip", incoming.Caller.Endpoint);
        Assert.Equal(Client, incoming.Caller.Remote.ToString());
        Assert.Equal(Offers.Publish(), incoming.Offer);
        var variables = incoming.Variables.ToDictionary();
        Assert.Equal("whip", variables["whip_method"]);
        Assert.Equal("sendonly", variables["whip_direction"]);
        Assert.Equal("Test/1", variables["whip_user_agent"]);
        Assert.Equal("https://page.example", variables["whip_origin"]);
        Assert.Equal("1000", variables["whip_auth_username"]);
    }

    // spec/whip.md 3.3, row by row.
    [Fact]
    public void The_201_has_the_answer_and_every_header()
    {
        var (url, _, created) = Open();

        Assert.Matches("^/api/whip/sessions/[0-9a-f]{32}$", url);
        Assert.Equal("application/sdp", created.Header("Content-Type"));
        Assert.Equal("\"ice-1\"", created.Header("ETag"));
        Assert.Equal("application/trickle-ice-sdpfrag", created.Header("Accept-Patch"));
        Assert.Equal("*", created.Header("Access-Control-Allow-Origin"));
        Assert.Equal("Location, ETag, Link, Retry-After, Accept-Patch", created.Header("Access-Control-Expose-Headers"));
        var answer = created.Text();
        Assert.StartsWith("v=0\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("a=ice-options:trickle ice2\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("a=candidate:", answer, StringComparison.Ordinal);
        Assert.Contains("a=end-of-candidates\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/whip/7701", "/api/whip/sessions/")]
    [InlineData("/api/cloud/whip/7701", "/api/cloud/whip/sessions/")]
    [InlineData("/api/whxp/7701", "/api/whxp/sessions/")]
    public void The_location_lies_below_the_endpoint_that_was_posted_to(string path, string prefix) =>
        Assert.StartsWith(prefix, Open(path).Url, StringComparison.Ordinal);

    [Theory]
    [InlineData("/api/whap/live")]
    [InlineData("/api/whep/live")]
    [InlineData("/api/cloud/whap/live")]
    public void Whap_and_whep_are_one_endpoint(string path)
    {
        var (url, _, _) = Open(path, Offers.Publish("recvonly"), Offers.Answer("sendonly"));
        Assert.StartsWith(path.Replace("live", "sessions/", StringComparison.Ordinal), url, StringComparison.Ordinal);
    }

    [Fact]
    public void An_absolute_location_has_scheme_and_host_as_the_client_sees_them()
    {
        Configure("""{ "location": "absolute" }""");
        Assert.StartsWith("https://pbx.example.net/api/whip/sessions/", Open().Url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/sdp; charset=utf-8")]
    [InlineData("Application/SDP")]
    public void The_content_type_may_have_parameters_and_any_case(string type)
    {
        Begin("POST", "/api/whip/7701", Offers.Publish(), Bearer(), ("Content-Type", type));
        Host.TakeEvent<LegEvent.Incoming>();
    }

    [Fact]
    public void Destinations_are_percent_decoded()
    {
        Post("/api/whip/%2B4930%2A%23", Offers.Publish());
        Assert.Equal("+4930*#", Host.TakeEvent<LegEvent.Incoming>().Caller.Destination);
    }

    [Theory]
    [InlineData("/api/whip/77%2F01")]
    [InlineData("/api/whip/77 01")]
    [InlineData("/api/whip/%zz")]
    [InlineData("/api/whip/7%7")]
    [InlineData("/api/whip/%ff%fe")]
    [InlineData("/api/whip/0123456789012345678901234567890123456789012345678901234567890123456789")]
    public void Destinations_with_other_characters_are_refused(string path)
    {
        Assert.Equal(400, Send("POST", path, Offers.Publish(), Bearer(), Sdp).Status);
        Assert.Empty(Host.LegEvents);
    }

    // Directions: spec/whip.md 3.2 and spec/xswitch.md 8.2.
    [Theory]
    [InlineData("/api/whip/x", "sendonly", "sendonly")]
    [InlineData("/api/whip/x", "sendrecv", "sendrecv")]
    [InlineData("/api/whap/x", "recvonly", "recvonly")]
    [InlineData("/api/whap/x", "sendrecv", "recvonly")]
    [InlineData("/api/whxp/x", "sendrecv", "sendrecv")]
    [InlineData("/api/whxp/x", "sendonly", "sendonly")]
    [InlineData("/api/whxp/x", "recvonly", "recvonly")]
    public void The_core_is_offered_the_direction_that_is_to_be_answered(string path, string offered, string toCore)
    {
        Post(path, Offers.Publish(offered));
        var offer = Host.TakeEvent<LegEvent.Incoming>().Offer!;
        Assert.Equal(2, offer.Split($"a={toCore}\r\n").Length - 1);
        Assert.Equal(2, offer.Split("\r\n").Count(l => l is "a=sendrecv" or "a=sendonly" or "a=recvonly"));
    }

    [Fact]
    public void A_direction_that_is_not_said_is_sendrecv()
    {
        Configure("""{ "whipSendrecv": "rfc9725" }""");
        Post("/api/whip/x", Offers.Publish().Without("a=sendonly"));
        Assert.Equal(2, Host.TakeEvent<LegEvent.Incoming>().Offer!.Split("a=sendonly\r\n").Length - 1);
    }

    [Fact]
    public void Sendrecv_on_whip_is_recvonly_for_a_strict_ingest()
    {
        Configure("""{ "whipSendrecv": "rfc9725" }""");
        Post("/api/whip/x", Offers.Publish("sendrecv"));
        Assert.DoesNotContain("a=sendrecv", Host.TakeEvent<LegEvent.Incoming>().Offer!, StringComparison.Ordinal);
    }

    [Fact]
    public void Sendrecv_on_whip_is_no_call_when_only_some_media_have_it()
    {
        Post("/api/whip/x", Offers.Publish().Replace("a=mid:1\r\na=sendonly", "a=mid:1\r\na=sendrecv", StringComparison.Ordinal));
        Assert.DoesNotContain("a=sendrecv", Host.TakeEvent<LegEvent.Incoming>().Offer!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/whip/x", "recvonly")]
    [InlineData("/api/whip/x", "inactive")]
    [InlineData("/api/whap/x", "sendonly")]
    [InlineData("/api/whap/x", "inactive")]
    [InlineData("/api/whxp/x", "inactive")]
    public void Other_directions_are_not_acceptable(string path, string direction)
    {
        var reply = Send("POST", path, Offers.Publish(direction), Bearer(), Sdp);
        Assert.Equal(422, reply.Status);
        Assert.Equal("422", reply.Problem("status"));
    }

    public static TheoryData<string, int> BadOffers() => new()
    {
        { "", 400 },
        { "hello", 400 },
        { "\uFEFF" + Offers.Publish(), 400 },
        { "\r\n" + Offers.Publish(), 400 },
        { Offers.Publish().Without("o="), 400 },
        { Offers.Publish().Without("m=").Without("a="), 400 },
        { Offers.Publish().Replace("m=audio 9 ", "m=audio x ", StringComparison.Ordinal), 400 },
        { Offers.Publish().Without("a=ice-ufrag"), 400 },
        { Offers.Publish().Without("a=ice-pwd"), 400 },
        { Offers.Publish(ufrag: "abc"), 400 },
        { Offers.Publish(ufrag: "ab cd"), 400 },
        { Offers.Publish().Without("a=fingerprint"), 400 },
        { Offers.Publish().Without("a=setup"), 400 },
        { Offers.Publish().Replace("a=setup:actpass", "a=setup:holdconn", StringComparison.Ordinal), 422 },
        { Offers.Publish().Without("a=rtcp-mux"), 422 },
        { Offers.Publish().Without("a=group"), 422 },
        { Offers.Publish().Replace("BUNDLE 0 1", "BUNDLE 0", StringComparison.Ordinal), 422 },
        { Offers.Publish().Replace("m=video", "m=audio", StringComparison.Ordinal), 422 },
        { Offers.Publish().Replace("m=audio 9", "m=audio 0", StringComparison.Ordinal).Replace("m=video 9", "m=video 0", StringComparison.Ordinal), 422 },
        { "v=0\r\n" + string.Concat(Enumerable.Repeat("a=x\r\n", 3000)), 400 },
    };

    [Theory]
    [MemberData(nameof(BadOffers))]
    public void Offers_that_break_a_rule_are_refused_and_leave_no_leg(string offer, int status)
    {
        var reply = Send("POST", "/api/whip/7701", offer, Bearer(), Sdp);
        Assert.Equal(status, reply.Status);
        Assert.NotEmpty(reply.Problem("detail")!);
        Assert.Empty(Host.LegEvents);
    }

    // Interop traps 2, 11, 20 of spec/whip.md 12.
    [Fact]
    public void Obs_and_ffmpeg_are_let_in()
    {
        Post("/api/whip/live", Offers.Obs);
        Assert.Equal(Offers.Obs, Host.TakeEvent<LegEvent.Incoming>().Offer);
        Post("/api/whip/live", Offers.Ffmpeg);
        Assert.Equal(Offers.Ffmpeg, Host.TakeEvent<LegEvent.Incoming>().Offer);
    }

    [Fact]
    public void A_data_channel_does_not_disturb()
    {
        var offer = Offers.Publish().Replace("BUNDLE 0 1", "BUNDLE 0 1 2", StringComparison.Ordinal)
            + Offers.Crlf("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=mid:2\na=sctp-port:5000");
        Post("/api/whip/7701", offer);
        Host.TakeEvent<LegEvent.Incoming>();
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("application/sdpx")]
    public void Another_content_type_is_415(string type) =>
        Assert.Equal(415, Send("POST", "/api/whip/7701", Offers.Publish(), Bearer(), ("Content-Type", type)).Status);

    [Fact]
    public void No_content_type_is_415() => Assert.Equal(415, Send("POST", "/api/whip/7701", Offers.Publish(), Bearer()).Status);

    [Fact]
    public void One_byte_more_than_64_KiB_is_413()
    {
        var offer = Offers.Publish();
        var fitting = offer + new string('\n', 65536 - offer.Length);
        Post("/api/whip/7701", fitting);
        Host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal(413, Send("POST", "/api/whip/7701", fitting + "\n", Bearer(), Sdp).Status);
        Assert.Empty(Host.LegEvents);
    }

    [Fact]
    public void A_post_without_a_destination_is_404() => Assert.Equal(404, Send("POST", "/api/whip", Offers.Publish(), Bearer(), Sdp).Status);

    [Theory]
    [InlineData("/api/whip/a/b")]
    [InlineData("/api/whip/sessions/x/y")]
    [InlineData("/api/other/x")]
    [InlineData("/api/WHIP/x")]
    public void Other_paths_are_404(string path) => Assert.Equal(404, Send("GET", path, null).Status);

    [Theory]
    [InlineData("GET", 204)]
    [InlineData("HEAD", 200)]
    [InlineData("OPTIONS", 200)]
    [InlineData("DELETE", 405)]
    [InlineData("PATCH", 405)]
    [InlineData("PUT", 405)]
    public void Other_methods_of_an_endpoint(string method, int status)
    {
        var reply = Send(method, "/api/whep/7701", null);
        Assert.Equal(status, reply.Status);
        Assert.Equal("*", reply.Header("Access-Control-Allow-Origin"));
        if (status == 405)
        {
            Assert.Equal("OPTIONS, GET, HEAD, POST", reply.Header("Allow"));
        }

        if (method == "HEAD")
        {
            Assert.Equal("application/sdp", reply.Header("Content-Type"));
        }
    }

    [Fact]
    public void Caller_id_and_variables_come_from_the_query_with_a_prefix_and_without_control_characters()
    {
        Post("/api/whip/7701?cid_name=Studio%20B%0D%0Ax&cid_number=123&var_room=a+b&var_bad-name=1&absolute_codec_string=PCMA", Offers.Publish());
        var incoming = Host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal("Studio Bx", incoming.Caller.ShownName);
        Assert.Null(incoming.Caller.ShownNumber);
        Assert.Equal("a b", incoming.Variables.ToDictionary()["whip_dvar_room"]);
        Assert.DoesNotContain(incoming.Variables, v => v.Key.Contains("bad", StringComparison.Ordinal) || v.Key.Contains("codec", StringComparison.Ordinal));
    }

    [Fact]
    public void The_number_is_the_clients_word_only_with_the_permission()
    {
        Host.Users.Tokens["cid"] = Grant(Host.Users.Add("1001", "x", "webrtc", "cid"));
        Begin("POST", "/api/whip/7701?cid_number=123", Offers.Publish(), Bearer("cid"), Sdp);
        Assert.Equal("123", Host.TakeEvent<LegEvent.Incoming>().Caller.ShownNumber);
    }

    [Theory]
    [InlineData("wait=soon")]
    [InlineData("cid_name=%zz")]
    public void A_malformed_query_is_400(string query) =>
        Assert.Equal(400, Send("POST", "/api/whip/7701?" + query, Offers.Publish(), Bearer(), Sdp).Status);

    [Fact]
    public void A_draining_engine_is_503_with_the_time_to_wait()
    {
        Host.IsRefusingCalls = true;
        var reply = Send("POST", "/api/whip/7701", Offers.Publish(), Bearer(), Sdp);
        Assert.Equal(503, reply.Status);
        Assert.NotNull(reply.Header("Retry-After"));
        Assert.Empty(Host.LegEvents);
    }
}
