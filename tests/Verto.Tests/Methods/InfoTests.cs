using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Methods;

/// <summary>verto.info and text messages (spec 4.5, 5.6), echo and ping.</summary>
public sealed class InfoTests
{
    [Fact]
    public void Digits_come_in_order_and_pauses_take_their_time()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered("a");
        Assert.Equal("SENT", client.Ask("verto.info", """{"dtmf":"12w#W*","dialogParams":{"callID":"a"}}""").GetProperty("result").GetProperty("message").GetString());
        Assert.Equal([new LegEvent.Dtmf(leg, '1', 250), new LegEvent.Dtmf(leg, '2', 250)], bench.Host.LegEvents);
        bench.Host.ClearEvents();
        bench.Host.Advance(TimeSpan.FromMilliseconds(510));
        Assert.Equal('#', bench.Host.TakeEvent<LegEvent.Dtmf>().Digit);
        client.Ask("verto.info", """{"dtmf":"9","dialogParams":{"callID":"a"}}""");
        Assert.Empty(bench.Host.LegEvents);                        // what came later waits for what came before
        bench.Host.Advance(TimeSpan.FromMilliseconds(1010));
        Assert.Equal(['*', '9'], bench.Host.LegEvents.OfType<LegEvent.Dtmf>().Select(d => d.Digit));
    }

    [Fact]
    public void Digits_may_have_durations_of_their_own()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Answered("a");
        client.Ask("verto.info", """{"dtmf":"1@100+d2@99999","dialogParams":{"callID":"a"}}""");
        Assert.Equal([('1', 100), ('D', 10_000), ('2', 10_000)], bench.Host.LegEvents.OfType<LegEvent.Dtmf>().Select(d => (d.Digit, d.DurationMs)));
    }

    [Theory]
    [InlineData("""{"dtmf":"1","dialogParams":{"callID":"unknown"}}""")]
    [InlineData("""{"dtmf":"1"}""")]
    [InlineData("{}")]
    [InlineData("""{"type":"mediaSettings","dialogParams":{"callID":"a"}}""")]
    public void What_is_not_recognised_succeeds_without_words(string parameters)
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Answered("a");
        Assert.Equal(["sessid"], client.Ask("verto.info", parameters).GetProperty("result").EnumerateObject().Select(m => m.Name));
        Assert.Empty(bench.Host.LegEvents);
    }

    [Fact]
    public void A_message_goes_to_the_chat_plan_as_from_who_was_authenticated()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Post("verto.info", """{"msg":{"to":"1001","body":"hello","from":"boss@example.com","from_user":"boss","from_msg_id":"7","other":"x"}}""");
        client.AssertNothing();
        var (_, message) = bench.Host.Submitted.Single();
        Assert.Equal(("1000@example.com", "1001@example.com", "text/plain", "hello", "verto"), (message.From, message.To, message.ContentType, message.Text, message.Protocol));
        Assert.Contains(new("from_msg_id", "7"), message.Headers);
        Assert.DoesNotContain(message.Headers, h => h.Value.Contains("boss", StringComparison.Ordinal) || h.Key == "other");
        bench.Host.CompleteSubmit(200, "OK");
        Assert.Equal("SENT", client.Take().GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void A_message_that_cannot_be_delivered_is_a_clear_error()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Post("verto.info", """{"msg":{"to":"1001@example.com","body":"hello"}}""");
        bench.Host.CompleteSubmit(480, "1001@example.com is not logged in");
        var error = client.Take().GetProperty("error");
        Assert.Equal(-32002, error.GetProperty("code").GetInt32());
        Assert.Equal(480, error.GetProperty("status").GetInt32());
        Assert.Equal("1001@example.com is not logged in", error.GetProperty("reason").GetString());
    }

    [Fact]
    public void An_address_may_name_its_protocol()
    {
        var bench = new VertoBench();
        bench.LogIn().Post("verto.info", """{"msg":{"to":"conf+3500@example.com","body":"hello"}}""");
        Assert.Equal("3500@example.com", bench.Host.Submitted.Single().Message.To);
        Assert.Contains(new("dest_proto", "conf"), bench.Host.Submitted.Single().Message.Headers);
    }

    [Theory]
    [InlineData("""{"msg":{"to":"1001"}}""")]
    [InlineData("""{"msg":{"body":"x"}}""")]
    [InlineData("""{"msg":{"to":"","body":""}}""")]
    public void A_message_without_addressee_or_text_is_an_error_without_code(string parameters)
    {
        var error = new VertoBench().LogIn().Ask("verto.info", parameters).GetProperty("error");
        Assert.Equal("INVALID MESSAGE to and body params required", error.GetProperty("message").GetString());
        Assert.False(error.TryGetProperty("code", out _));
    }

    [Fact]
    public void A_message_within_a_call_goes_to_the_call()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered("a");
        client.Ask("verto.info", """{"msg":{"to":"x","body":"psst","inDialog":true},"dialogParams":{"callID":"a"}}""");
        Assert.Equal(new LegEvent.Message(leg, "text/plain", "psst"), bench.Host.TakeEvent<LegEvent.Message>());
        Assert.Empty(bench.Host.Submitted);
    }

    [Fact]
    public void A_command_goes_to_the_call_as_json()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered("a");
        client.Ask("verto.info", """{"command":{"do":[1,2]},"dialogParams":{"callID":"a"}}""");
        Assert.Equal(new LegEvent.Message(leg, "text/json", """{"do":[1,2]}"""), bench.Host.TakeEvent<LegEvent.Message>());
    }

    [Fact]
    public void A_message_for_a_client_is_an_info_without_call_id()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var contact = bench.Host.Users.Registrations(bench.Host.Users.FindUser("1000", "example.com")!).Single();
        var key = bench.Host.Deliver(new TextMessage("1001@example.com", "1000@example.com", "text/plain", "hi") { Headers = [new("from_msg_id", "7"), new("x", "y")] }, new DialTarget("verto.rtc", "default", contact.Contact, contact));
        var parameters = client.TakeRequest("verto.info");
        Assert.False(parameters.TryGetProperty("callID", out _));
        var message = parameters.GetProperty("msg");
        Assert.Equal(("1001@example.com", "1000@example.com", "hi", "7"), (message.GetProperty("from").GetString(), message.GetProperty("to").GetString(), message.GetProperty("body").GetString(), message.GetProperty("from_msg_id").GetString()));
        Assert.False(message.TryGetProperty("x", out _));
        Assert.Equal(200, bench.Host.MessageReplies[key].Status);

        client.Drop();
        Assert.Equal(480, bench.Host.MessageReplies[bench.Host.Deliver(new TextMessage("a@b", "1000@example.com", "text/plain", "hi"), new DialTarget("verto.rtc", "default", contact.Contact, contact))].Status);
    }

    [Fact]
    public void A_message_within_a_call_to_a_client_names_the_call()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered("a");
        bench.Host.Command(new LegCommand.SendMessage(leg, "text/plain", "hi"));
        var parameters = client.TakeRequest("verto.info");
        Assert.Equal("a", parameters.GetProperty("callID").GetString());
        Assert.Equal("hi", parameters.GetProperty("msg").GetProperty("body").GetString());
    }

    [Fact]
    public void Echo_gives_back_what_it_got()
    {
        var client = new VertoBench().LogIn(sessionId: "s1");
        var result = client.Ask("echo", """{"a":[1,"é😀",null],"sessid":"s1"}""").GetProperty("result");
        Assert.Equal(["a", "sessid"], result.EnumerateObject().Select(m => m.Name));
        Assert.Equal("é😀", result.GetProperty("a")[1].GetString());
        Assert.Equal(3, result.GetProperty("a").GetArrayLength());
        Assert.Equal("Params data missing", client.Ask("echo", "null").GetProperty("error").GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("true", """{"echoParams":true,"x":1}""")]
    [InlineData("\"true\"", """{"echoParams":"true","x":1}""")]
    [InlineData("{\"k\":[2]}", "{\"k\":[2]}")]
    [InlineData("false", null)]
    public void Params_are_echoed_on_request(string value, string? expected)
    {
        var result = new VertoBench().LogIn().Ask("verto.ping", $$"""{"echoParams":{{value}},"x":1}""").GetProperty("result");
        Assert.Equal("PONG", result.GetProperty("message").GetString());
        Assert.Equal(expected, result.TryGetProperty("requestParams", out var echo) ? echo.GetRawText() : null);
        Assert.Equal("sessid", result.EnumerateObject().Last().Name);
    }

    [Theory]
    [InlineData("\"text-id\"")]
    [InlineData("12345678901234567890")]
    [InlineData("1.50")]
    public void The_id_comes_back_as_it_was_written(string id)
    {
        var client = new VertoBench().LogIn();
        client.Send($$"""{"jsonrpc":"2.0","method":"verto.ping","id":{{id}}}""");
        Assert.Equal(id, client.Take().GetProperty("id").GetRawText());
    }
}
