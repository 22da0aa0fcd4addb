using System.Text.Json.Nodes;

namespace XSwitchEngine.Browser.Tests;

/// <summary>What the client module does when the server refuses, vanishes, or is another one.</summary>
public sealed class ClientTests(BrowserFixture fixture)
{
    [Fact]
    public async Task The_login_carries_what_the_protocol_wants_and_a_refused_one_is_not_tried_again()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        fake.Answer = _ => new JsonObject { ["error"] = new JsonObject { ["code"] = -32001, ["message"] = "Authentication Failure" } };
        await fake.Page.EvaluateAsync("() => void connect({ loginParams: { xui_sessid: 't1' }, userVariables: { a: 'b' } })");
        await fake.LoggedAsync("login false, close");
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal(1, fake.Connections);
        var login = Assert.Single(fake.Requests);
        Assert.Equal("login", (string?)login["method"]);
        Assert.Equal("2.0", (string?)login["jsonrpc"]);
        Assert.Equal("1000@test", (string?)login["params"]!["login"]);
        Assert.Equal("secret", (string?)login["params"]!["passwd"]);
        Assert.Equal("t1", (string?)login["params"]!["loginParams"]!["xui_sessid"]);
        Assert.Equal("b", (string?)login["params"]!["userVariables"]!["a"]);
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", (string?)login["params"]!["sessid"]);
    }

    // Another switch on the same port knows no Uas.Ping; that it says so shows that it is there.
    [Fact]
    public async Task A_ping_that_is_refused_keeps_the_connection_and_one_that_is_not_answered_ends_it()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        var silent = false;
        fake.Answer = request => (string?)request["method"] != "Uas.Ping" ? FakeVerto.DefaultAnswer(request)
            : silent ? null : new JsonObject { ["error"] = new JsonObject { ["code"] = -32601, ["message"] = "Invalid Method" } };
        await fake.LogInAsync("{ keepAlive: { interval: 1000, maxFailed: 2 } }");
        await fake.UntilAsync(() => Task.FromResult(fake.Requests.Count(r => (string?)r["method"] == "Uas.Ping") >= 4), "four pings");
        Assert.DoesNotContain("close", await fake.LogAsync(), StringComparison.Ordinal);
        silent = true;
        await fake.LoggedAsync("close");
        await fake.UntilAsync(() => Task.FromResult(fake.Connections == 2), "a new connection");
    }

    [Fact]
    public async Task A_lost_connection_is_made_again_with_the_same_session_and_the_call_goes_on()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        await fake.LogInAsync();
        var call = await fake.CallAsync();
        var offer = await fake.FarOfferAsync();
        fake.ReadyFor = () =>
        {
            fake.Ask("verto.attach", new { callID = call, sdp = offer, caller_id_number = "9196", display_direction = "outbound" });
            fake.Ask("verto.clientReady", new { reattached_sessions = new[] { call } });
        };
        await fake.CutAsync();
        await fake.LoggedAsync("active, close, login true, recovering, answering");
        await fake.LoggedAsync("ready 1, active");
        var attach = Assert.Single(fake.Requests, r => (string?)r["method"] == "verto.attach");
        Assert.Contains("m=audio", (string?)attach["params"]!["sdp"], StringComparison.Ordinal);
        Assert.Equal(call, (string?)attach["params"]!["dialogParams"]!["callID"]);
        var logins = fake.Requests.Where(r => (string?)r["method"] == "login").Select(r => (string?)r["params"]!["sessid"]).ToArray();
        Assert.Equal(2, logins.Length);
        Assert.Equal(logins[0], logins[1]);
    }

    [Fact]
    public async Task A_call_that_the_server_no_longer_has_after_a_lost_connection_ends()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        await fake.LogInAsync();
        await fake.CallAsync();
        fake.ReadyFor = () => fake.Ask("verto.clientReady", new { reattached_sessions = Array.Empty<string>() });
        await fake.CutAsync();
        await fake.LoggedAsync("hangup, destroy");
        Assert.Equal("NORMAL_TEMPORARY_FAILURE", await fake.Page.EvaluateAsync<string>("() => call.cause"));
    }

    [Fact]
    public async Task A_reload_takes_the_call_up_again_under_the_stored_session()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        await fake.LogInAsync();
        var call = await fake.CallAsync();
        await fake.LoadAsync();
        var offer = await fake.FarOfferAsync();
        fake.ReadyFor = () => fake.Ask("verto.attach", new { callID = call, sdp = offer, caller_id_name = "Echo", caller_id_number = "9196", display_direction = "outbound" });
        await fake.LogInAsync();
        await fake.LoggedAsync("login true, recovering, answering, active");
        Assert.Equal("9196", await fake.Page.EvaluateAsync<string>("id => verto.dialogs[id].params.remote_caller_id_number", call));
        Assert.Single(fake.Requests.Where(r => (string?)r["method"] == "login").Select(r => (string?)r["params"]!["sessid"]).Distinct());

        // Somebody else at the same tab is somebody else.
        fake.ReadyFor = null;
        await fake.LoadAsync();
        await fake.LogInAsync("{ login: '1001@test' }");
        Assert.Equal(2, fake.Requests.Where(r => (string?)r["method"] == "login").Select(r => (string?)r["params"]!["sessid"]).Distinct().Count());
    }

    [Fact]
    public async Task A_refused_call_ends_with_the_cause_of_the_server_and_without_a_bye()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        fake.Answer = request => (string?)request["method"] == "verto.invite"
            ? new JsonObject { ["error"] = new JsonObject { ["code"] = -32002, ["message"] = "CALL ERROR", ["cause"] = "USER_BUSY", ["causeCode"] = 17 } }
            : FakeVerto.DefaultAnswer(request);
        await fake.LogInAsync();
        await fake.Page.EvaluateAsync("() => void (window.call = verto.newCall({ destination_number: '1' }, undefined, undefined, (error) => log.push('refused ' + error.message)))");
        await fake.LoggedAsync("requesting, hangup, destroy, refused CALL ERROR");
        Assert.Equal("USER_BUSY", await fake.Page.EvaluateAsync<string>("() => call.cause"));
        Assert.DoesNotContain(fake.Requests, r => (string?)r["method"] == "verto.bye");
    }

    [Fact]
    public async Task An_incoming_call_rings_is_answered_and_ends_with_the_other_side()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        await fake.LogInAsync();
        fake.Ask("verto.invite", new { callID = "c1", sdp = await fake.FarOfferAsync(), caller_id_name = "Ann", caller_id_number = "1001", callee_id_number = "1000", display_direction = "outbound" });
        await fake.LoggedAsync("ringing");
        Assert.Equal("1001 inbound", await fake.Page.EvaluateAsync<string>("() => verto.dialogs.c1.params.remote_caller_id_number + ' ' + verto.dialogs.c1.direction.name"));
        await fake.Page.EvaluateAsync("() => verto.dialogs.c1.answer()");
        await fake.LoggedAsync("ringing, answering, active");
        fake.Ask("verto.display", new { callID = "c1", display_name = "Bob", display_number = "1002" });
        fake.Ask("verto.info", new { msg = new { from = "1001@test", to = "1000@test", body = "hello" } });
        fake.Ask("verto.bye", new { callID = "c1", cause = "NORMAL_CLEARING", causeCode = 16 });
        await fake.LoggedAsync("active, display Bob, info hello, hangup, destroy");
        Assert.DoesNotContain(fake.Requests, r => (string?)r["method"] == "verto.bye");
        Assert.Equal(0, await fake.Page.EvaluateAsync<int>("() => Object.keys(verto.dialogs).length"));
    }

    [Fact]
    public async Task Hold_follows_what_the_server_says_and_mutes_this_side()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        fake.Answer = request => (string?)request["params"]!["action"] switch
        {
            "toggleHold" => new JsonObject { ["holdState"] = "held" },
            "unhold" => new JsonObject { ["error"] = new JsonObject { ["code"] = -32002, ["message"] = "no", ["holdState"] = "active" } },
            _ => FakeVerto.DefaultAnswer(request),
        };
        await fake.LogInAsync();
        await fake.CallAsync();
        const string Sends = "() => call.state.name + ' ' + call.localStream.getAudioTracks()[0].enabled";
        await fake.Page.EvaluateAsync("() => call.toggleHold()");
        Assert.Equal("held false", await fake.Page.EvaluateAsync<string>(Sends));
        await fake.Page.EvaluateAsync("() => call.unhold().catch(() => {})");
        Assert.Equal("active true", await fake.Page.EvaluateAsync<string>(Sends));
        await fake.Page.EvaluateAsync("() => call.setMute('off')");
        Assert.Equal("active false", await fake.Page.EvaluateAsync<string>(Sends));
    }

    [Fact]
    public async Task A_page_that_is_replaced_by_another_gives_up_and_stays_away()
    {
        await using var fake = await FakeVerto.StartAsync(fixture);
        await fake.LogInAsync();
        await fake.CallAsync();
        fake.Ask("verto.punt", new { });
        await fake.LoggedAsync("punt, purge, destroy, close");
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal(1, fake.Connections);
    }
}
