using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Sessions;

/// <summary>Login, session ids, permissions (spec 3).</summary>
public sealed class LoginTests
{
    [Fact]
    public void The_js_clients_way_to_log_in_works()
    {
        // It sends a login with nothing but its session id twice, and only then its credentials.
        var bench = new VertoBench();
        var client = bench.Connect();
        for (var i = 0; i < 2; i++)
        {
            var refused = client.Ask("login", """{"sessid":"6a0b8f52-4b35-4d0b-9f10-3f2f0c8a7d11"}""").GetProperty("error");
            Assert.Equal(-32000, refused.GetProperty("code").GetInt32());
            Assert.Equal("Authentication Required", refused.GetProperty("message").GetString());
        }

        Assert.True(client.IsOpen);
        var result = client.LogIn(sessionId: "6a0b8f52-4b35-4d0b-9f10-3f2f0c8a7d11").GetProperty("result");
        Assert.Equal("logged in", result.GetProperty("message").GetString());
        Assert.Equal("6a0b8f52-4b35-4d0b-9f10-3f2f0c8a7d11", result.GetProperty("sessid").GetString());
        Assert.Equal("sessid", result.EnumerateObject().Last().Name);
        Assert.Equal(0, client.TakeRequest("verto.clientReady").GetProperty("reattached_sessions").GetArrayLength());
    }

    [Fact]
    public void A_client_without_a_session_id_gets_one()
    {
        var bench = new VertoBench();
        var id = bench.Connect().Ask("login", """{"login":"1000@example.com","passwd":"secret"}""").GetProperty("result").GetProperty("sessid").GetString();
        Assert.Equal('4', Guid.Parse(id!).ToString()[14]);
    }

    [Theory]
    [InlineData("null", -32001, "Missing params")]
    [InlineData("{}", -32000, "Authentication Required")]
    [InlineData("""{"login":""}""", -32000, "Authentication Required")]
    [InlineData("""{"login":"1000@example.com"}""", -32001, "Missing passwd")]
    [InlineData("""{"login":"1000@example.com","passwd":""}""", -32001, "Missing passwd")]
    [InlineData("""{"login":"1000","passwd":"secret"}""", -32001, "Missing or improper credentials")]
    [InlineData("""{"login":"@example.com","passwd":"secret"}""", -32001, "Missing or improper credentials")]
    [InlineData("""{"login":"9999@example.com","passwd":"secret"}""", -32001, "Login Incorrect")]
    [InlineData("""{"login":"1000@elsewhere.com","passwd":"secret"}""", -32001, "Login Incorrect")]
    [InlineData("""{"login":"1002@example.com","passwd":"secret2"}""", -32001, "Login Incorrect")]      // a user of SIP alone
    [InlineData("""{"login":"1000@example.com","passwd":"wrong"}""", -32001, "Authentication Failure")]
    [InlineData("""{"login":"root","passwd":"root"}""", -32001, "Missing or improper credentials")]
    public void A_failed_login_says_why_and_leaves_the_socket_open(string parameters, int code, string message)
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        var error = client.Ask("login", parameters).GetProperty("error");
        Assert.Equal((code, message), (error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()));
        Assert.False(error.TryGetProperty("sessid", out _));
        Assert.True(client.IsOpen);
        Assert.Equal("logged in", client.LogIn().GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void Credentials_count_whatever_the_method()
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        var result = client.Ask("echo", """{"login":"1000@example.com","passwd":"secret","a":1}""").GetProperty("result");
        Assert.Equal(1, result.GetProperty("a").GetInt32());
        Assert.NotEqual("", result.GetProperty("sessid").GetString());
    }

    [Fact]
    public void Root_logs_in_only_with_a_configured_password_and_may_do_everything()
    {
        var bench = new VertoBench("""{ "rootPassword": "tree" }""");
        var client = bench.Connect();
        Assert.Equal("Authentication Failure", client.Ask("login", """{"login":"root","passwd":"x"}""").GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("logged in", client.Ask("login", """{"login":"root","passwd":"tree"}""").GetProperty("result").GetProperty("message").GetString());
        client.TakeRequest("verto.clientReady");
        client.Post("fsapi", """{"cmd":"status"}""");
        Assert.Equal("status", bench.Host.ApiCalls.Single().Command);
    }

    [Fact]
    public void A_forced_domain_overrides_the_clients()
    {
        var bench = new VertoBench("""{ "forceDomain": "example.com" }""");
        Assert.Equal("logged in", bench.Connect().Ask("login", """{"login":"1000","passwd":"secret"}""").GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void A_token_stands_for_the_password_of_its_own_user_alone()
    {
        var bench = new VertoBench();
        var user = bench.Host.Users.FindUser("1000", "example.com")!;
        bench.Host.Users.Tokens["t1"] = new TokenGrant(user, user.Permissions, bench.Host.Now.AddHours(1), ["9196"]);
        static string Login(string number, string token) => $$"""{"login":"{{number}}@example.com","passwd":"dummy","loginParams":{"xui_sessid":"{{token}}"} }""";
        var client = bench.Connect();
        Assert.Equal("Authentication Failure", client.Ask("login", Login("1001", "t1")).GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("Authentication Failure", client.Ask("login", Login("1000", "t2")).GetProperty("error").GetProperty("message").GetString());
        var result = client.Ask("login", Login("1000", "t1")).GetProperty("result");
        Assert.Equal(bench.Host.Now.AddHours(1).ToUnixTimeSeconds(), result.GetProperty("auth-expires").GetInt64());
        client.TakeRequest("verto.clientReady");

        // It may name the only numbers that can be called, and it ends.
        Assert.Equal("OUTGOING_CALL_BARRED", client.Ask("verto.invite", """{"sdp":"v=0","dialogParams":{"callID":"a","destination_number":"1001"}}""").GetProperty("error").GetProperty("cause").GetString());
        client.Call("b", "9196");
        bench.Host.Advance(TimeSpan.FromHours(1.01));
        Assert.False(client.IsOpen);
    }

    [Fact]
    public void The_directory_tells_the_page_what_its_user_is()
    {
        var bench = new VertoBench();
        bench.Host.Users.Add(bench.Host.Users.Add("1000", "secret") with { Variables = new Dictionary<string, string> { ["moderator"] = "true", ["stereo_audio"] = "true", ["superuser"] = "false" } });
        var result = bench.Connect().LogIn().GetProperty("result");
        Assert.True(result.GetProperty("moderator").GetBoolean());
        Assert.True(result.GetProperty("stereoAudio").GetBoolean());
        Assert.False(result.TryGetProperty("superuser", out _));
    }

    [Fact]
    public void Without_a_list_of_methods_nothing_but_login_works()
    {
        var bench = new VertoBench("""{ "allowedMethods": "" }""");
        var client = bench.LogIn();
        foreach (var method in new[] { "verto.ping", "echo", "verto.invite", "nonsense", "" })
        {
            var error = client.Ask(method).GetProperty("error");
            Assert.Equal(-32601, error.GetProperty("code").GetInt32());
            Assert.Equal("Invalid Method, Missing Method or Permission Denied", error.GetProperty("message").GetString());
        }

        Assert.Equal("logged in", client.LogIn().GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void The_keep_alive_of_other_clients_is_answered_whatever_is_allowed()
    {
        var client = new VertoBench("""{ "allowedMethods": "" }""").LogIn();
        Assert.True(client.Ask("Uas.Ping").TryGetProperty("result", out _));
    }

    [Fact]
    public void The_list_of_a_user_overrides_the_options()
    {
        var bench = new VertoBench();
        bench.Host.Users.Add(bench.Host.Users.Add("1000", "secret") with { Variables = new Dictionary<string, string> { ["jsonrpc-allowed-methods"] = "echo jsapi" } });
        var client = bench.LogIn();
        Assert.True(client.Ask("echo", """{"a":1}""").TryGetProperty("result", out _));
        Assert.True(client.Ask("verto.ping").TryGetProperty("error", out _));
    }

    [Fact]
    public void The_old_socket_of_a_session_is_punted_and_its_calls_move()
    {
        var bench = new VertoBench();
        var old = bench.LogIn(sessionId: "s1");
        var leg = old.Answered("0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4");
        var next = bench.Connect();
        Assert.Equal("s1", next.LogIn(sessionId: "s1").GetProperty("result").GetProperty("sessid").GetString());
        Assert.Equal("verto.punt", old.Take().GetProperty("method").GetString());
        Assert.False(old.IsOpen);
        next.AssertNothing();                                      // the old client purges first
        bench.Host.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(new LegEvent.Reoffered(leg, null) { NewTransport = true }, bench.Host.TakeEvent<LegEvent.Reoffered>());
        bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        next.TakeRequest("verto.attach");
        Assert.Equal(1, next.TakeRequest("verto.clientReady").GetProperty("reattached_sessions").GetArrayLength());
    }

    [Fact]
    public void A_session_id_of_another_user_is_refused_and_the_owner_stays()
    {
        var bench = new VertoBench();
        var owner = bench.LogIn(sessionId: "s1");
        var thief = bench.Connect();
        var error = thief.LogIn("1001", "secret1", "s1").GetProperty("error");
        Assert.Equal("Session in use", error.GetProperty("message").GetString());
        Assert.False(thief.IsOpen);
        Assert.True(owner.IsOpen);
        owner.AssertNothing();
    }

    [Fact]
    public void Calls_that_wait_for_their_client_are_not_given_to_another_user()
    {
        var bench = new VertoBench();
        var owner = bench.LogIn(sessionId: "s1");
        owner.Answered("a");
        owner.Drop();
        var thief = bench.LogIn("1001", "secret1", "s1");
        thief.AssertNothing();
        Assert.Empty(bench.Host.LegEvents);
        Assert.Equal("CALL DOES NOT EXIST", thief.Ask("verto.bye", """{"dialogParams":{"callID":"a"}}""").GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public void A_socket_stays_its_users()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        Assert.Equal("Authentication Failure", client.LogIn("1001", "secret1").GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("logged in", client.LogIn().GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void Another_session_id_on_a_bound_socket_is_ignored()
    {
        var bench = new VertoBench();
        var client = bench.LogIn(sessionId: "s1");
        Assert.Equal("s1", client.Ask("verto.ping", """{"sessid":"s2"}""").GetProperty("result").GetProperty("sessid").GetString());
    }

    [Fact]
    public void A_login_is_an_event_without_secrets()
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        client.LogIn(password: "wrong");
        client.LogIn();
        Assert.Equal(["verto::client_connect", "verto::login", "verto::login"], bench.Host.Published.Select(e => e.Subclass));
        var failed = bench.Host.Published[1].Headers.ToDictionary(h => h.Key, h => h.Value);
        Assert.Equal("0", failed["verto_success"]);
        Assert.Equal("Authentication Failure", failed["verto_result_txt"]);
        Assert.False(failed.ContainsKey("verto_sessid"));
        var done = bench.Host.Published[2].Headers.ToDictionary(h => h.Key, h => h.Value);
        Assert.Equal(("1", "1000@example.com"), (done["verto_success"], done["verto_login"]));
        Assert.True(done.ContainsKey("verto_sessid"));
        Assert.DoesNotContain(bench.Host.Published.SelectMany(e => e.Headers), h => h.Value is "wrong" or "secret");
        Assert.Contains("auth_fail", bench.Host.SecurityLog.Single(), StringComparison.Ordinal);
        client.Drop();
        Assert.Equal("verto::client_disconnect", bench.Host.Published[^1].Subclass);
    }

    [Fact]
    public void A_source_that_guesses_passwords_is_not_listened_to_for_a_minute()
    {
        var bench = new VertoBench("""{ "authFailuresPerMinute": 3 }""");
        var guesser = bench.Connect("198.51.100.7");
        for (var i = 0; i < 3; i++)
        {
            guesser.LogIn(password: "guess" + i);
        }

        guesser.LogIn();                                           // the right one comes too late
        Assert.False(guesser.IsOpen);
        Assert.True(bench.Connect("198.51.100.8").LogIn().TryGetProperty("result", out _));
        bench.Host.Advance(TimeSpan.FromSeconds(61));
        Assert.True(bench.Connect("198.51.100.7").LogIn().TryGetProperty("result", out _));
    }

    [Fact]
    public void A_socket_that_does_not_log_in_is_closed()
    {
        var bench = new VertoBench("""{ "loginTimeoutSeconds": 20 }""");
        var client = bench.Connect();
        bench.Host.Advance(TimeSpan.FromSeconds(19));
        Assert.True(client.IsOpen);
        bench.Host.Advance(TimeSpan.FromSeconds(2));
        Assert.False(client.IsOpen);
    }

    [Fact]
    public void A_silent_client_is_pinged_every_30_seconds_and_need_not_answer()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        bench.Host.Advance(TimeSpan.FromSeconds(20));
        client.Ask("verto.ping");
        bench.Host.Advance(TimeSpan.FromSeconds(29));
        client.AssertNothing();
        bench.Host.Advance(TimeSpan.FromSeconds(1.1));
        Assert.True(client.Take().GetProperty("params").GetProperty("serno").GetInt64() > 0);
        bench.Host.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("verto.ping", client.Take().GetProperty("method").GetString());
        Assert.Equal("verto.ping", client.Take().GetProperty("method").GetString());
        client.AssertNothing();
        Assert.True(client.IsOpen);
    }

    [Fact]
    public void A_contact_is_renewed_for_as_long_as_its_socket_lives()
    {
        var bench = new VertoBench();
        bench.LogIn();
        bench.Host.Advance(TimeSpan.FromHours(5));
        var contact = bench.Host.Users.Registrations(bench.Host.Users.FindUser("1000", "example.com")!).Single();
        Assert.True(contact.Expires > bench.Host.Now);
    }
}
