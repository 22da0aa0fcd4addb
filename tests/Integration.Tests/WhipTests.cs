using System.Net;
using System.Net.Sockets;
using System.Text;

namespace XSwitchEngine.Integration.Tests;

/// <summary>WHIP and its kin from outside: what curl would see, against a real engine.</summary>
public sealed class WhipTests
{
    private const string MoreRoutes = """
        route("^6000$", function() session:execute("respond", "486") end)
        route("^6001$", function() session:sleep(3000) session:hangup("NO_ANSWER") end)
        route("^6002$", function() session:hangup("CALL_REJECTED") end)
        route("^6003$", function() session:sleep(60000) end)
        route("^6004$", function() session:sleep(2000) session:answer() session:sleep(60000) end)
        route("^6005$", function() session:setVariable("absolute_codec_string", "L16") session:answer() end)

        """;

    private static async Task<EngineProcess> StartAsync(params string[] extra)
    {
        var engine = await EngineProcess.StartAsync(extra);
        var dialplan = Path.Combine(engine.Scripts, "dialplan.lua");
        await File.WriteAllTextAsync(dialplan, (await File.ReadAllTextAsync(dialplan)).Replace("route.otherwise(", MoreRoutes + "route.otherwise(", StringComparison.Ordinal));
        await engine.ApiAsync("reload");
        return engine;
    }

    [Fact]
    public async Task Requests_that_fail_get_the_documented_answers_and_leave_no_leg()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        var offer = WhipClient.Offer();
        (string What, int Status, string? Cause, Func<Task<HttpResponseMessage>> Send)[] table =
        [
            ("no token", 401, null, () => client.SendAsync("POST", "/api/whip/9196", offer, ("Content-Type", "application/sdp"), ("Authorization", ""))),
            ("wrong token", 401, null, () => client.SendAsync("POST", "/api/whip/9196", offer, ("Content-Type", "application/sdp"), ("Authorization", "Bearer nonsense"))),
            ("Bearer undefined", 401, null, () => client.SendAsync("POST", "/api/whip/9196", offer, ("Content-Type", "application/sdp"), ("Authorization", "Bearer undefined"))),
            ("two tokens that disagree", 401, null, () => client.SendAsync("POST", "/api/whip/9196", offer, ("Content-Type", "application/sdp"), ("Authorization", "Bearer " + client.Token), ("X-XTRA-AUTH-ID", "other"))),
            ("wrong content type", 415, null, () => client.SendAsync("POST", "/api/whip/9196", offer, ("Content-Type", "application/json"))),
            ("64 KiB + 1", 413, null, () => client.PostAsync("/api/whip/9196", offer + new string('\n', 65537 - offer.Length))),
            ("no SDP", 400, null, () => client.PostAsync("/api/whip/9196", "hello")),
            ("bad destination", 400, null, () => client.PostAsync("/api/whip/a%2Fb", offer)),
            ("wrong direction", 422, null, () => client.PostAsync("/api/whip/9196", WhipClient.Offer("recvonly"))),
            ("no rtcp-mux", 422, null, () => client.PostAsync("/api/whip/9196", offer.Replace("a=rtcp-mux\r\n", "", StringComparison.Ordinal))),
            ("no common codec", 422, "INCOMPATIBLE_DESTINATION", () => client.PostAsync("/api/whxp/6005", offer)),
            ("unknown number", 404, null, () => client.PostAsync("/api/whxp/7777", offer)),
            ("busy", 409, null, () => client.PostAsync("/api/whxp/6000", offer)),
            ("rejected", 403, "CALL_REJECTED", () => client.PostAsync("/api/whxp/6002", offer)),
            ("no answer", 504, "NO_ANSWER", () => client.PostAsync("/api/whxp/6001", offer)),
            ("nobody registered", 503, null, () => client.PostAsync("/api/whxp/1001", offer)),
            ("unknown session", 404, null, () => client.SendAsync("DELETE", "/api/whip/sessions/0123456789abcdef0123456789abcdef")),
            ("PUT", 405, null, () => client.SendAsync("PUT", "/api/whip/9196", "x", ("Content-Type", "application/sdp"))),
        ];
        foreach (var (what, status, cause, send) in table)
        {
            using var reply = await send();
            Assert.True(status == (int)reply.StatusCode, $"{what}: {(int)reply.StatusCode} instead of {status}: {await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
            if (cause is not null)
            {
                Assert.Equal(cause, await WhipClient.CauseAsync(reply));
            }
        }

        await Scenes.NothingLeftAsync(engine);
    }

    [Fact]
    public async Task A_post_that_never_ends_makes_no_leg()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, engine.Http.Port, TestContext.Current.CancellationToken);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/whip/9196 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.Token}\r\nContent-Type: application/sdp\r\nContent-Length: 2000\r\n\r\nv=0\r\n"), TestContext.Current.CancellationToken);
        await Task.Delay(3000, TestContext.Current.CancellationToken);
        Assert.Equal(0, await engine.ChannelsAsync());

        // Others are served meanwhile, and so is this one in the end: with an error, or with its connection closed.
        using (var other = await client.PostAsync("/api/whxp/7777", WhipClient.Offer()))
        {
            Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        }

        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var read = await stream.ReadAsync(buffer, limit.Token);
        Assert.StartsWith("HTTP/1.1 408 ", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        Assert.Equal(0, await engine.ChannelsAsync());
    }

    [Fact]
    public async Task A_call_is_answered_restarted_and_hung_up_over_http()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var created = await client.PostAsync("/api/whxp/9196?cid_name=Studio%20B&var_room=7", WhipClient.Offer());
        var answer = await created.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(created.StatusCode == HttpStatusCode.Created, answer);
        Assert.Equal("application/sdp", created.Content.Headers.ContentType!.MediaType);
        Assert.Equal("\"ice-1\"", created.Headers.ETag!.Tag);
        Assert.StartsWith("v=0\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n", answer, StringComparison.Ordinal);
        foreach (var line in new[] { "a=group:BUNDLE 0", "a=ice-lite", "a=setup:passive", "a=rtcp-mux", "a=sendrecv", "a=mid:0", "a=end-of-candidates" })
        {
            Assert.Contains(line + "\r\n", answer, StringComparison.Ordinal);
        }

        Assert.Single(System.Text.RegularExpressions.Regex.Matches(answer, "^a=candidate:.* typ host\r$", System.Text.RegularExpressions.RegexOptions.Multiline));
        Assert.Matches("a=ice-options:[^\r]*trickle", answer);
        Assert.Equal(["Studio B"], await Scenes.VariablesAsync(engine, "caller_id_name"));
        Assert.Equal(["7"], await Scenes.VariablesAsync(engine, "whip_dvar_room"));

        var url = created.Headers.Location!.OriginalString;
        Assert.StartsWith("/api/whxp/sessions/", url, StringComparison.Ordinal);
        using (var trickle = await client.SendAsync("PATCH", url, "a=ice-ufrag:Qz4d\r\na=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 abc.local 9 typ host\r\n", ("Content-Type", "application/trickle-ice-sdpfrag"), ("If-Match", "\"ice-1\"")))
        {
            Assert.Equal(HttpStatusCode.NoContent, trickle.StatusCode);
        }

        using (var restart = await client.SendAsync("PATCH", url, "a=ice-ufrag:nEw1\r\na=ice-pwd:AnotherPasswordOf22Chars\r\n", ("Content-Type", "application/trickle-ice-sdpfrag"), ("If-Match", "*")))
        {
            var fragment = await restart.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(restart.StatusCode == HttpStatusCode.OK, fragment);
            Assert.Equal("\"ice-2\"", restart.Headers.ETag!.Tag);
            Assert.NotEqual(Line(answer, "a=ice-ufrag:"), Line(fragment, "a=ice-ufrag:"));
            Assert.NotEqual(Line(answer, "a=ice-pwd:"), Line(fragment, "a=ice-pwd:"));
            Assert.Contains("a=ice-lite\r\n", fragment, StringComparison.Ordinal);
            Assert.Single(fragment.Split("a=candidate:").Skip(1));
        }

        using (var digits = await client.SendAsync("POST", url + "/dtmf", """{"digits":"1#"}""", ("Content-Type", "application/json")))
        {
            Assert.Equal(HttpStatusCode.NoContent, digits.StatusCode);
        }

        using (var delete = await client.SendAsync("DELETE", url))
        {
            Assert.Equal(HttpStatusCode.OK, delete.StatusCode);
            Assert.Equal("", await delete.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        using (var again = await client.SendAsync("DELETE", url))
        {
            Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        }

        await Scenes.NothingLeftAsync(engine);
        var record = Assert.Single(engine.Records());
        Assert.Equal("NORMAL_CLEARING", record.GetProperty("hangup_cause").GetString());
    }

    [Fact]
    public async Task A_client_that_goes_away_while_it_rings_takes_its_call_along()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, engine.Http.Port, TestContext.Current.CancellationToken);
        var offer = WhipClient.Offer();
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/whxp/6003 HTTP/1.1\r\nHost: x\r\nX-XTRA-AUTH-ID: {client.Token}\r\nContent-Type: application/sdp\r\nContent-Length: {offer.Length}\r\n\r\n{offer}"), TestContext.Current.CancellationToken);
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 1, "the call is there");
        socket.Close();
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 0, "the call is gone", 15);
        await EngineProcess.UntilAsync(() => Task.FromResult(engine.Records().Count > 0), "the record is written", 5);
        Assert.Equal("ORIGINATOR_CANCEL", Assert.Single(engine.Records()).GetProperty("hangup_cause").GetString());
    }

    [Fact]
    public async Task Posts_of_one_page_are_one_call()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        var replies = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => client.PostAsync("/api/whxp/6004", WhipClient.Offer())));
        Assert.All(replies, r => Assert.Equal(HttpStatusCode.Created, r.StatusCode));
        Assert.Single(replies.Select(r => r.Headers.Location!.OriginalString).Distinct());
        Assert.Equal(1, await engine.ChannelsAsync());

        // Its network changed: the leg moves, it is not doubled.
        using var moved = await client.PostAsync("/api/whxp/6004", WhipClient.Offer(ufrag: "nEw1"));
        Assert.Equal(HttpStatusCode.Created, moved.StatusCode);
        Assert.Equal(replies[0].Headers.Location, moved.Headers.Location);
        Assert.Equal(1, await engine.ChannelsAsync());
        foreach (var reply in replies)
        {
            reply.Dispose();
        }
    }

    [Fact]
    public async Task A_session_whose_client_never_comes_ends_by_itself()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var created = await client.PostAsync("/api/whxp/9196", WhipClient.Offer());
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 0, "the session ended", 45);
        using var delete = await client.SendAsync("DELETE", created.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.NotFound, delete.StatusCode);
    }

    [Fact]
    public async Task A_preflight_from_another_origin_is_answered_without_a_token()
    {
        await using var engine = await StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var reply = await client.SendAsync("OPTIONS", "/api/whip/9196", null, ("Authorization", ""), ("Origin", "https://page.example"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type"));
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal("*", Assert.Single(reply.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("PATCH", Assert.Single(reply.Headers.GetValues("Access-Control-Allow-Methods")), StringComparison.Ordinal);
        Assert.Contains("If-Match", Assert.Single(reply.Headers.GetValues("Access-Control-Allow-Headers")), StringComparison.Ordinal);
        Assert.Contains("Location", Assert.Single(reply.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("path")]
    [InlineData("absolute")]
    public async Task Behind_nginx_the_location_is_valid_outside(string location)
    {
        await using var engine = await StartAsync("--Whip:location=" + location, "--Http:TrustedProxies:0=127.0.0.1");
        await using var nginx = await NginxProcess.StartAsync(engine.Http);
        using var client = await WhipClient.LogInAsync(engine, nginx.Site);
        using var created = await client.PostAsync("/api/whxp/9196", WhipClient.Offer());
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var url = new Uri(new Uri(nginx.Site, "/api/whxp/9196"), created.Headers.Location!);
        Assert.Equal(nginx.Site.Authority, url.Authority);
        Assert.Equal("https", url.Scheme);
        Assert.Equal(location == "absolute", created.Headers.Location!.IsAbsoluteUri && created.Headers.Location.OriginalString.StartsWith("https://", StringComparison.Ordinal));
        using (var trickle = await client.SendAsync("PATCH", url.AbsoluteUri, "a=ice-ufrag:Qz4d\r\na=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC\r\n", ("Content-Type", "application/trickle-ice-sdpfrag"), ("If-Match", "\"ice-1\"")))
        {
            Assert.Equal(HttpStatusCode.NoContent, trickle.StatusCode);
        }

        using var delete = await client.SendAsync("DELETE", url.AbsoluteUri);
        Assert.Equal(HttpStatusCode.OK, delete.StatusCode);
        using var tooLarge = await client.PostAsync("/api/whip/9196", new string('v', 65537));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        await Scenes.NothingLeftAsync(engine);
    }

    private static string Line(string sdp, string start) => sdp.Split("\r\n").First(l => l.StartsWith(start, StringComparison.Ordinal));
}
