using System.Text;
using System.Text.Json;
using CsCheck;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Sessions;

/// <summary>Rows S-11, S-16 and S-18 of the list of attacks, and what is no JSON at all.</summary>
public sealed class SecurityTests
{
    private const string Invite = """{"jsonrpc":"2.0","method":"verto.invite","id":7,"params":{"sdp":"v=0\r\n","dialogParams":{"callID":"0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4","destination_number":"3500","userVariables":{"a":"\u00e9\ud83d\ude00","b":true}},"sessid":"s"}}""";

    public static TheoryData<string> Methods() =>
    [
        "echo", "verto.invite", "verto.answer", "verto.bye", "verto.info", "verto.modify", "verto.attach", "verto.subscribe", "verto.unsubscribe", "verto.broadcast",
        "verto.ping", "Uas.Ping", "jsapi", "fsapi", "nonsense",
    ];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Nothing_works_before_the_login(string method)
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        var error = client.Ask(method, """{"sdp":"v=0","dialogParams":{"callID":"a"},"eventChannel":"presence","cmd":"status","command":"status","data":{},"sessid":"s1"}""").GetProperty("error");
        Assert.Equal(-32000, error.GetProperty("code").GetInt32());
        Assert.True(client.IsOpen);
        Assert.Empty(bench.Host.LegEvents);
        Assert.Empty(bench.Host.ApiCalls);
        Assert.Empty(bench.Host.Submitted);
    }

    [Fact]
    public void A_speed_test_before_the_login_ends_the_socket()
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        client.Send("#SPU 1000000");
        Assert.False(client.IsOpen);
        Assert.Empty(bench.Host.Sent);
    }

    [Fact]
    public void A_stolen_session_id_without_the_password_evicts_nobody()
    {
        var bench = new VertoBench();
        var owner = bench.LogIn(sessionId: "s1");
        bench.Connect().LogIn("1000", "wrong", "s1");
        bench.Connect().Ask("login", """{"sessid":"s1"}""");
        Assert.True(owner.IsOpen);
        owner.AssertNothing();
    }

    [Fact]
    public void User_variables_of_a_failed_login_are_forgotten()
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        client.Ask("login", """{"login":"1000@example.com","passwd":"wrong","userVariables":{"email":"evil@example.net","evil":"1"}}""");
        client.SessionId = client.LogIn().GetProperty("result").GetProperty("sessid").GetString()!;
        client.TakeRequest("verto.clientReady");
        Assert.DoesNotContain(client.Call("a").Variables, v => v.Key.Contains("evil", StringComparison.Ordinal) || v.Value.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public void User_variables_are_the_clients_word_and_override_nothing()
    {
        var bench = new VertoBench();
        var client = bench.Connect();
        client.Ask("login", """{"login":"1000@example.com","passwd":"secret","userVariables":{"email":"ann@example.net","toll_allow":"international","execute_on_answer":"system rm","bad name":"x","x;y":"z"}}""");
        client.TakeRequest("verto.clientReady");
        var names = client.Call("a").Variables.Select(v => v.Key).ToList();
        Assert.Contains("email", names);
        Assert.Contains("verto_dvar_email", names);
        Assert.Contains("verto_dvar_toll_allow", names);
        Assert.DoesNotContain("toll_allow", names);
        Assert.DoesNotContain("execute_on_answer", names);
        Assert.DoesNotContain(names, n => n.Contains(' ', StringComparison.Ordinal) || n.Contains(';', StringComparison.Ordinal));
    }

    [Fact]
    public void Line_ends_in_what_a_client_says_do_not_reach_variables_and_numbers()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Ask("verto.invite", """{"sdp":"v=0","dialogParams":{"callID":"a","destination_number":"35\r\n00","caller_id_name":"A\u0000\r\nX: y","remote_caller_id_name":"r\ns","userVariables":{"k":"v\r\nw"}}}""");
        var incoming = bench.Host.TakeEvent<LegEvent.Incoming>();
        var all = incoming.Variables.Select(v => v.Key + v.Value).Append(incoming.Caller.Destination).Append(incoming.Caller.CallerName).Append(incoming.Caller.ChannelName);
        Assert.DoesNotContain(all, t => t.Any(char.IsControl));
        Assert.Equal("35  00", incoming.Caller.Destination);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("nonsense")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"method\":\"login\",\"method\":\"echo\"}")]      // a member twice
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":NaN}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\",\"id\":1}")]              // half a surrogate pair
    [InlineData("{\"jsonrpc\":\"2.0\",\"\\udc00\":1}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\\u0041\"}")]
    [InlineData("[]")]
    public void What_is_no_request_is_an_error_without_id(string text)
    {
        var client = new VertoBench().LogIn();
        client.Send(text);
        var answer = client.Take();
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("id").ValueKind);
        Assert.Equal(-32600, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal("Invalid Request", answer.GetProperty("error").GetProperty("message").GetString());
        Assert.True(client.IsOpen);
    }

    [Fact]
    public void Text_that_is_not_utf8_and_deep_nesting_are_refused()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        bench.Host.Receive(client.Connection, new byte[] { 0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D });
        Assert.Equal(-32600, client.Take().GetProperty("error").GetProperty("code").GetInt32());
        foreach (var depth in new[] { 65, 1000, 100_000 })
        {
            client.Send("""{"jsonrpc":"2.0","method":"echo","id":1,"params":{"a":""" + new string('[', depth) + new string(']', depth) + "}}");
            Assert.Equal(-32600, client.Take().GetProperty("error").GetProperty("code").GetInt32());
        }

        client.Send("""{"jsonrpc":"2.0","method":"echo","id":1,"params":{"a":""" + new string('[', 61) + new string(']', 61) + "}}");
        Assert.True(client.Take().TryGetProperty("result", out _));
    }

    [Theory]
    [InlineData("5")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("""{"method":"echo","id":3}""")]
    [InlineData("""{"jsonrpc":"1.0","method":"echo","id":3}""")]
    [InlineData("""{"jsonrpc":2.0,"method":"echo","id":3}""")]
    public void A_message_of_another_version_is_invalid(string text)
    {
        var client = new VertoBench().LogIn();
        client.Send(text);
        Assert.Equal("Invalid message", client.Take().GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public void A_request_cut_off_at_every_length_does_no_harm()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var bytes = Encoding.UTF8.GetBytes(Invite);
        for (var i = 0; i < bytes.Length; i++)
        {
            bench.Host.Receive(client.Connection, bytes.AsMemory(0, i));
            Assert.Equal(-32600, client.Take().GetProperty("error").GetProperty("code").GetInt32());
        }

        bench.Host.Receive(client.Connection, bytes);
        Assert.True(client.Take().TryGetProperty("result", out _));
    }

    [Fact]
    public void Random_changes_of_requests_never_throw()
    {
        string[] requests =
        [
            Invite,
            """{"jsonrpc":"2.0","method":"verto.modify","id":"x","params":{"action":"transfer","destination":"1","dialogParams":{"callID":"c"}}}""",
            """{"jsonrpc":"2.0","method":"verto.info","id":1,"params":{"dtmf":"1w2@100+3","msg":{"to":"1001@example.com","body":"hi","from_x":"y"},"dialogParams":{"callID":"c"}}}""",
            """[{"jsonrpc":"2.0","method":"verto.subscribe","id":1,"params":{"eventChannel":["presence","demo"],"subParams":{}}},{"jsonrpc":"2.0","method":"verto.broadcast","id":2,"params":{"eventChannel":"demo","localBroadcast":true,"data":{"a":[1,2,{}]}}}]""",
            """{"jsonrpc":"2.0","method":"login","id":1,"params":{"login":"1000@example.com","passwd":"secret","userVariables":{"a":1e400},"loginParams":{"xui_sessid":""}}}""",
            """{"jsonrpc":"2.0","method":"jsapi","id":1,"params":{"command":"fsapi","data":{"cmd":"status","arg":""},"echoParams":true}}""",
        ];
        var bench = new VertoBench();
        bench.Host.DiscardsSent = true;
        var client = bench.Connect();
        client.Send("""{"jsonrpc":"2.0","method":"login","id":1,"params":{"login":"admin@example.com","passwd":"boss"}}""");
        Gen.Select(Gen.Int[0, requests.Length - 1], Gen.Select(Gen.Int[0, 1000], Gen.Byte).Array[1, 6], Gen.Int[0, 3]).Sample(
            (which, changes, cut) =>
            {
                var bytes = Encoding.UTF8.GetBytes(requests[which]);
                foreach (var (at, value) in changes)
                {
                    bytes[at % bytes.Length] = value;
                }

                if (!client.IsOpen)
                {
                    client = bench.Connect();
                    client.Send("""{"jsonrpc":"2.0","method":"login","id":1,"params":{"login":"admin@example.com","passwd":"boss"}}""");
                }

                bench.Host.Receive(client.Connection, bytes.AsMemory(0, bytes.Length - (cut * 7)));
            },
            iter: 20_000,
            threads: 1);
    }

    [Fact]
    public void A_batch_is_answered_in_order_and_bounded()
    {
        var client = new VertoBench().LogIn();
        client.Send("""[{"jsonrpc":"2.0","method":"verto.ping","id":"b"},{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","method":"nonsense","id":2}]""");
        var answers = client.Take().EnumerateArray().ToList();
        Assert.Equal(["b", "2"], answers.Select(a => a.GetProperty("id").ToString()));
        Assert.Equal(-32601, answers[1].GetProperty("error").GetProperty("code").GetInt32());
        client.Send("[" + string.Join(',', Enumerable.Repeat("""{"jsonrpc":"2.0","method":"verto.ping","id":1}""", 101)) + "]");
        Assert.Equal(-32600, client.Take().GetProperty("error").GetProperty("code").GetInt32());
        client.Send("""[{"jsonrpc":"2.0","id":1,"result":{}}]""");
        client.AssertNothing();
    }

    [Fact]
    public void Responses_of_clients_are_ignored_and_their_ids_mean_nothing()
    {
        var client = new VertoBench().LogIn();
        client.Send("""{"jsonrpc":"2.0","id":1,"result":{"method":"verto.invite"}}""");
        client.Send("""{"jsonrpc":"2.0","id":1,"error":{"code":1}}""");
        client.AssertNothing();
    }

    [Fact]
    public void The_log_of_messages_has_no_secrets()
    {
        var bench = new VertoBench("""{ "trace": true }""");
        var client = bench.LogIn();
        client.Post("verto.info", """{"msg":{"to":"1001@example.com","body":"private words"}}""");
        var log = string.Join('\n', bench.Host.Logs);
        Assert.Contains("verto.info", log, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", log, StringComparison.Ordinal);
        Assert.DoesNotContain("private words", log, StringComparison.Ordinal);
    }
}
