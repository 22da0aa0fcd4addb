using System.Text.Json;

namespace XSwitchEngine.Verto.Tests.Methods;

/// <summary>fsapi, jsapi, the speed test, and the commands of operators (spec 1.1, 4.11, 15).</summary>
public sealed class ApiTests
{
    private readonly VertoBench _bench = new();

    [Fact]
    public void A_user_without_the_permission_runs_nothing()
    {
        var client = _bench.LogIn();
        Assert.Equal(-32601, client.Ask("fsapi", """{"cmd":"status"}""").GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32601, client.Ask("jsapi", """{"command":"status","data":{}}""").GetProperty("error").GetProperty("code").GetInt32());
        Assert.Empty(_bench.Host.ApiCalls);
    }

    [Fact]
    public void A_user_with_the_permission_gets_the_reply()
    {
        var client = _bench.LogIn("admin", "boss");
        client.Post("fsapi", """{"cmd":"show","arg":"channels count"}""");
        Assert.Equal(("show", "channels count"), (_bench.Host.ApiCalls[0].Command, _bench.Host.ApiCalls[0].Arguments));
        _bench.Host.CompleteApiCall("0 total.\n");
        Assert.Equal("0 total.\n", client.Take().GetProperty("result").GetProperty("message").GetString());
        client.Post("fsapi", """{"cmd":"nonsense"}""");
        _bench.Host.CompleteApiCall("INVALID COMMAND!\n");
        Assert.Equal("INVALID CALL", client.Take().GetProperty("result").GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("status", "", true)]
    [InlineData("show", "channels", false)]
    [InlineData("bgapi", "status", true)]
    [InlineData("bgapi", "system rm", false)]
    [InlineData("bgapi", "bgapi system rm", false)]
    [InlineData("expand", "status ${system(rm)}", false)]
    [InlineData("sched_api", "+5 none status", true)]
    [InlineData("sched_api", "+5 none system rm", false)]
    public void A_list_of_commands_holds_inside_others_too(string command, string arguments, bool allowed)
    {
        _bench.Host.Users.Add(_bench.Host.Users.Add("1000", "secret") with
        {
            Variables = new Dictionary<string, string> { ["jsonrpc-allowed-methods"] = "fsapi", ["jsonrpc-allowed-fsapi"] = "status,bgapi,expand,sched_api" },
        });
        var client = _bench.LogIn();
        client.Post("fsapi", $$"""{"cmd":"{{command}}","arg":"{{arguments}}"}""");
        Assert.Equal(allowed, _bench.Host.ApiCalls.Count == 1);
        if (!allowed)
        {
            Assert.Equal(-32602, client.Take().GetProperty("error").GetProperty("code").GetInt32());
        }
    }

    [Fact]
    public void A_json_command_is_run_with_who_asks_and_its_reply_is_the_result()
    {
        var client = _bench.LogIn("admin", "boss");
        client.Post("jsapi", """{"command":"status","data":{"x":1}}""");
        Assert.Equal("json", _bench.Host.ApiCalls[0].Command);
        var request = JsonDocument.Parse(_bench.Host.ApiCalls[0].Arguments).RootElement;
        Assert.Equal("admin@example.com", request.GetProperty("sockData").GetProperty("verto_user").GetString());
        _bench.Host.CompleteApiCall("""{"systemStatus":"ready","sessions":{"count":{"total":3}}}""");
        var result = client.Take().GetProperty("result");
        Assert.Equal(3, result.GetProperty("sessions").GetProperty("count").GetProperty("total").GetInt32());
        Assert.Equal("sessid", result.EnumerateObject().Last().Name);
    }

    [Theory]
    [InlineData("""{"command":"nonsense","data":{}}""")]
    [InlineData("""{"command":"status"}""")]
    [InlineData("""{"data":{}}""")]
    [InlineData("{}")]
    public void An_unknown_json_command_or_one_without_data_is_denied(string parameters)
    {
        Assert.Equal(-32602, _bench.LogIn("admin", "boss").Ask("jsapi", parameters).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public void Json_fsapi_runs_a_command()
    {
        var client = _bench.LogIn("admin", "boss");
        client.Post("jsapi", """{"command":"fsapi","data":{"cmd":"status","arg":""}}""");
        _bench.Host.CompleteApiCall("UP");
        Assert.Equal("UP", client.Take().GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void A_command_that_takes_long_does_not_hold_up_the_keep_alive_for_long()
    {
        var client = _bench.LogIn("admin", "boss");
        var command = client.Post("fsapi", """{"cmd":"originate"}""");
        var ping = client.Post("Uas.Ping");
        client.AssertNothing();
        _bench.Host.Advance(TimeSpan.FromSeconds(2.1));
        Assert.Equal(ping, client.Take().GetProperty("id").GetInt32());
        client.Ask("Uas.Ping");
        _bench.Host.CompleteApiCall("+OK");
        Assert.Equal(command, client.Take().GetProperty("id").GetInt32());
    }

    [Fact]
    public void The_number_of_waiting_commands_is_bounded()
    {
        var client = _bench.LogIn("admin", "boss");
        for (var i = 0; i < 200; i++)
        {
            client.Post("fsapi", """{"cmd":"status"}""");
        }

        Assert.InRange(_bench.Host.ApiCalls.Count, 1, 64);
    }

    [Fact]
    public void A_speed_test_measures_both_ways_and_never_says_zero()
    {
        var client = _bench.LogIn();
        client.Send("#SPU 3000");
        client.Send("#SPB ....");
        _bench.Host.Advance(TimeSpan.FromMilliseconds(40));
        client.Send("#SPE");
        Assert.Equal("#SPU 40", client.TakeText());
        for (var i = 0; i < 30; i++)
        {
            Assert.StartsWith("#SPB", client.TakeText(), StringComparison.Ordinal);
        }

        Assert.Equal("#SPD 1", client.TakeText());
        client.AssertNothing();
    }

    [Fact]
    public void A_speed_test_waits_for_the_connection_to_take_what_it_sends()
    {
        var client = _bench.LogIn();
        var queued = 0L;
        _bench.Host.OnSent = p => queued += p.Data.Length;
        _bench.Host.Queued = _ => queued;
        client.Send("#SPU 1048576");
        client.Send("#SPE");
        var steps = 0;
        while (client.TakeText() is var text && text?.StartsWith("#SPD", StringComparison.Ordinal) != true)
        {
            Assert.InRange(queued, 0, 300_000);
            if (text is null)
            {
                queued = 0;
                steps++;
                _bench.Host.Advance(TimeSpan.FromMilliseconds(10));
            }
        }

        Assert.InRange(steps, 40, 60);                             // 10 MiB in pieces of 256 KiB
    }

    [Theory]
    [InlineData("#")]
    [InlineData("#SP")]
    [InlineData("#SPX")]
    [InlineData("#SPU 0")]
    [InlineData("#SPU -1")]
    [InlineData("#SPU 10485761")]
    [InlineData("#SPU x")]
    [InlineData("#SPE")]
    [InlineData("#FOO")]
    public void Other_lines_are_ignored(string line)
    {
        var client = _bench.LogIn();
        client.Send(line);
        client.Send("#SPE");
        client.AssertNothing();
        Assert.True(client.IsOpen);
    }

    [Fact]
    public void A_request_ends_an_upload_test()
    {
        var client = _bench.LogIn();
        client.Send("#SPU 1024");
        client.Ask("verto.ping");
        client.Send("#SPE");
        client.AssertNothing();
    }

    [Fact]
    public void Operators_see_profiles_and_clients()
    {
        var client = _bench.LogIn();
        _bench.Connect();
        var text = _bench.Host.Api("verto status");
        Assert.EndsWith("1 profile , 2 clients\n", text, StringComparison.Ordinal);
        Assert.Contains("default::1000@example.com", text, StringComparison.Ordinal);
        Assert.Contains("CONN_NO_REG", text, StringComparison.Ordinal);
        var profile = JsonDocument.Parse(_bench.Host.Api("verto jsonstatus")).RootElement.GetProperty("profiles")[0];
        Assert.Equal(("default", "SECURE", "RUNNING"), (profile.GetProperty("name").GetString(), profile.GetProperty("type").GetString(), profile.GetProperty("state").GetString()));
        Assert.Equal(("1000", "example.com", "WS", "CONN_REG"), (profile.GetProperty("users")[0].GetProperty("user").GetString(), profile.GetProperty("users")[0].GetProperty("domain").GetString(), profile.GetProperty("users")[0].GetProperty("type").GetString(), profile.GetProperty("users")[0].GetProperty("state").GetString()));
        Assert.Equal("profiles", System.Xml.Linq.XDocument.Parse(_bench.Host.Api("verto xmlstatus")).Root!.Name.LocalName);
        Assert.StartsWith("USAGE", _bench.Host.Api("verto nonsense"), StringComparison.Ordinal);
        Assert.Equal($"verto.rtc/u:{client.SessionId}", _bench.Host.Api("verto_contact 1000@example.com"));
        Assert.Equal("error/user_not_registered", _bench.Host.Api("verto_contact 1001"));
    }

    [Fact]
    public void Operators_announce_and_permit()
    {
        var client = _bench.LogIn();
        Assert.Equal("+OK\n", _bench.Host.Api("verto announce hello world"));
        Assert.Equal("""["hello","world"]""", client.TakeRequest("verto.announce").GetProperty("msg").GetRawText());
        Assert.StartsWith("+OK", _bench.Host.Api($"verto noperm {client.SessionId} methods verto"), StringComparison.Ordinal);
        Assert.True(client.Ask("verto.ping").TryGetProperty("error", out _));
        Assert.StartsWith("+OK", _bench.Host.Api($"verto perm {client.SessionId} methods verto"), StringComparison.Ordinal);
        Assert.True(client.Ask("verto.ping").TryGetProperty("result", out _));
        Assert.StartsWith("-ERR", _bench.Host.Api("verto perm nobody methods verto"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR", _bench.Host.Api($"verto perm {client.SessionId} other verto"), StringComparison.Ordinal);
    }
}
