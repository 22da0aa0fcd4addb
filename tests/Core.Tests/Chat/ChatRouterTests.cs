using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Core.Tests.Calls;

namespace XSwitchEngine.Core.Tests.Chat;

public sealed class ChatRouterTests
{
    private readonly CallBench _bench = new();
    private readonly List<(int Status, string Reason)> _results = [];

    [Fact]
    public void The_chat_plan_sees_who_was_authenticated_and_the_text()
    {
        Submit(new TextMessage("1000@test.local", "1001@test.local", "text/plain", "hi") { Protocol = "verto", Headers = [new("from_msg_id", "7"), new("from_user", "9999")] });
        var start = _bench.Scripts.Started.Single();
        Assert.Equal("chatplan.lua", start.Name);
        Assert.Equal(ScriptKind.Chat, start.Kind);
        var headers = start.Environment.ToDictionary(h => h.Key, h => h.Value);
        Assert.Equal("verto", headers["proto"]);
        Assert.Equal("1000@test.local", headers["from"]);
        Assert.Equal("1000", headers["from_user"]);
        Assert.Equal("test.local", headers["from_host"]);
        Assert.Equal("1001", headers["to_user"]);
        Assert.Equal("test.local", headers["to_host"]);
        Assert.Equal("text/plain", headers["type"]);
        Assert.Equal("7", headers["from_msg_id"]);
        Assert.Equal("hi", headers["_body"]);
    }

    [Fact]
    public void A_plan_that_decides_nothing_delivers_to_every_contact_of_every_plugin()
    {
        Bind("1001", "sofia", "sip:1001@192.0.2.5");
        Bind("1001", "verto.rtc", "session-1");
        Submit("1001");
        End(new KeyValuePair<string, string>("end", Snapshot("1001@test.local", "hi")));
        Assert.Equal(["sofia sip:1001@192.0.2.5", "verto.rtc session-1"], _bench.Plugins.Messages.Select(m => $"{m.Target.Endpoint} {m.Target.Binding!.Contact}"));
        Assert.All(_bench.Plugins.Messages, m => Assert.Equal("hi", m.Message.Text));
        Answer(0, 480);
        Assert.Empty(_results);
        Answer(1, 200);
        Assert.Equal([(200, "said 200")], _results);          // one contact is enough
    }

    [Fact]
    public void A_message_is_dropped_answered_or_sent_to_another()
    {
        Bind("1000", "verto.rtc", "s0");
        Bind("1001", "verto.rtc", "s1");
        Bind("1002", "verto.rtc", "s2");

        Submit("1001");
        End(new KeyValuePair<string, string>("stop", ""), new("end", Snapshot("1001@test.local", "hi")));
        Assert.Equal(403, _results.Single().Status);
        Assert.Empty(_bench.Plugins.Messages);

        Submit("1001");
        End(new KeyValuePair<string, string>("reply", "go away"), new("end", Snapshot("1001@test.local", "hi")));
        var back = _bench.Plugins.Messages.Single();
        Assert.Equal(("1001@test.local", "1000@test.local", "go away"), (back.Message.From, back.Message.To, back.Message.Text));
        Assert.Equal(200, _results[^1].Status);

        Submit("1001");
        End(new KeyValuePair<string, string>("send", Snapshot("1002@test.local", "HI")), new("end", Snapshot("1002@test.local", "HI")));
        Assert.Equal(("s2", "HI"), (_bench.Plugins.Messages[^1].Target.Address, _bench.Plugins.Messages[^1].Message.Text));
        Assert.Equal(2, _bench.Plugins.Messages.Count);
    }

    [Fact]
    public void A_forwarded_message_does_not_run_through_the_plan_again()
    {
        Bind("1002", "verto.rtc", "s2");
        Submit("1001");
        End(new KeyValuePair<string, string>("send", Snapshot("1002@test.local", "x")));
        Assert.Single(_bench.Scripts.Started);
    }

    [Fact]
    public void A_part_of_the_address_that_a_script_changed_counts()
    {
        Bind("1002", "verto.rtc", "s2");
        Submit("1001");
        End(new KeyValuePair<string, string>("send", JsonSerializer.Serialize(new Dictionary<string, string> { ["from"] = "1000@test.local", ["to"] = "1001@test.local", ["to_user"] = "1002", ["to_host"] = "test.local", ["_body"] = "x" })));
        Assert.Equal("s2", _bench.Plugins.Messages.Single().Target.Address);
    }

    [Theory]
    [InlineData("verto", "verto.rtc")]
    [InlineData("sip", "sofia")]
    public void A_protocol_chooses_the_contacts(string protocol, string endpoint)
    {
        Bind("1001", "sofia", "a");
        Bind("1001", "verto.rtc", "b");
        Submit("1001");
        End(new KeyValuePair<string, string>("send", Snapshot("1001@test.local", "x", protocol)));
        Assert.Equal(endpoint, _bench.Plugins.Messages.Single().Target.Endpoint);
    }

    [Theory]
    [InlineData("9999", 404)]      // no such user
    [InlineData("1001", 480)]      // not logged in
    public void What_cannot_be_delivered_is_told_to_the_writer(string to, int status)
    {
        _bench.Scripts.Missing.Add("chatplan.lua");
        Submit(to);
        Assert.Equal(status, _results.Single().Status);
        Assert.Contains(to, _results.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_that_fails_lets_nothing_pass()
    {
        Bind("1001", "verto.rtc", "b");
        Submit("1001");
        _bench.End(_bench.Scripts.Started[^1], succeeded: false);
        Assert.Equal(500, _results.Single().Status);
        Assert.Empty(_bench.Plugins.Messages);
    }

    [Fact]
    public void A_plan_may_name_another_script_but_not_without_end()
    {
        Submit("1001");
        for (var i = 0; i < 20 && _results.Count == 0; i++)
        {
            End(new KeyValuePair<string, string>("lua", "chatplan.lua again"));
        }

        Assert.Equal(403, _results.Single().Status);
        Assert.Equal(6, _bench.Scripts.Started.Count);
    }

    [Theory]
    [InlineData("", "x", 400)]
    [InlineData("1001@test.local", "", 400)]
    public void A_message_needs_an_addressee_and_a_text(string to, string text, int status)
    {
        Submit(new TextMessage("1000@test.local", to, "text/plain", text));
        Assert.Equal(status, _results.Single().Status);
    }

    [Fact]
    public void A_long_message_and_too_many_are_refused()
    {
        Submit(new TextMessage("1000@test.local", "1001@test.local", "text/plain", new string('x', 64 * 1024 + 1)));
        Assert.Equal(413, _results.Single().Status);
        for (var i = 0; i < 5000; i++)
        {
            Submit("1001");
        }

        Assert.Single(_results);
        Submit("1001");
        Assert.Equal(503, _results[^1].Status);
    }

    [Fact]
    public async Task The_command_chat_sends_by_a_protocol_and_says_what_became_of_it()
    {
        Bind("1001", "verto.rtc", "b");
        Assert.Equal("Invalid", _bench.Api("chat verto|1000"));
        Assert.Equal("Error! Message Not Sent", _bench.Api("chat sip|1000|1001|hello"));
        var task = _bench.Engine.ApiAsync("chat verto|1000@test.local|1001@test.local|a|b|text/html", CancellationToken.None);
        _bench.Settle();
        var sent = _bench.Plugins.Messages.Single().Message;
        Assert.Equal(("a|b", "text/html", "1000@test.local"), (sent.Text, sent.ContentType, sent.From));
        Answer(0, 200);
        Assert.Equal("Sent", await task);
    }

    [Fact]
    public void A_text_within_a_call_goes_to_the_other_party_and_a_command_does_not()
    {
        var (a, b, _, _) = _bench.Bridged();
        _bench.Post(new LegEvent.Message(a.Id, "text/plain", "psst"));
        _bench.Post(new LegEvent.Message(a.Id, "text/json", "{}"));
        Assert.Equal([new LegCommand.SendMessage(b.Id, "text/plain", "psst")], _bench.Commands<LegCommand.SendMessage>());
    }

    private static string Snapshot(string to, string body, string protocol = "") =>
        JsonSerializer.Serialize(new Dictionary<string, string> { ["from"] = "1000@test.local", ["to"] = to, ["type"] = "text/plain", ["_body"] = body, ["_proto"] = protocol });

    private void Bind(string number, string endpoint, string contact) => _bench.Directory.Bindings.Add(new Registration(number, "test.local", endpoint, "default", contact));

    private void Submit(string to) => Submit(new TextMessage("1000@test.local", to + "@test.local", "text/plain", "hi"));

    private void Submit(TextMessage message)
    {
        _bench.Engine.Submit(message, (status, reason) => _results.Add((status, reason)));
        _bench.Settle();
    }

    private void End(params KeyValuePair<string, string>[] reply)
    {
        _bench.Scripts.Port.Ended(_bench.Scripts.Started[^1].Run, new ScriptEnd(true, null, "", reply));
        _bench.Settle();
    }

    private void Answer(int index, int status)
    {
        _bench.Plugins.Messages[index].OnResult(status, "said " + status);
        _bench.Settle();
    }
}
