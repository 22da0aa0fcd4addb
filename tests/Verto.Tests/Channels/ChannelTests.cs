using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Channels;

/// <summary>verto.subscribe, verto.unsubscribe, verto.broadcast and events (spec 4.8, 4.9, 10).</summary>
public sealed class ChannelTests
{
    private const string LiveArray = "conference-liveArray.3500@example.com";

    [Fact]
    public void A_subscription_names_what_is_allowed_what_is_not_and_what_was_there()
    {
        var client = new VertoBench().LogIn();
        var first = client.Ask("verto.subscribe", $$"""{"eventChannel":["demo","{{LiveArray}}"],"subParams":{"callID":"x"} }""").GetProperty("result");
        Assert.Equal("""["demo"]""", first.GetProperty("subscribedChannels").GetRawText());
        Assert.Equal($"[\"{LiveArray}\"]", first.GetProperty("unauthorizedChannels").GetRawText());
        Assert.False(first.TryGetProperty("alreadySubscribedChannels", out _));
        var second = client.Ask("verto.subscribe", """{"eventChannel":"demo"}""").GetProperty("result");
        Assert.Equal("[]", second.GetProperty("subscribedChannels").GetRawText());
        Assert.Equal("""["demo"]""", second.GetProperty("alreadySubscribedChannels").GetRawText());
    }

    [Fact]
    public void A_subscription_of_nothing_that_is_allowed_is_an_error_without_code()
    {
        var error = new VertoBench().LogIn().Ask("verto.subscribe", """{"eventChannel":["secret"]}""").GetProperty("error");
        Assert.Equal("""{"unauthorizedChannels":["secret"]}""", error.GetRawText());
    }

    [Fact]
    public void A_prefix_allows_its_channels_and_a_list_is_exact_otherwise()
    {
        var client = new VertoBench().LogIn();
        Assert.Equal("""["conference.3500@x","demo.a"]""", client.Ask("verto.subscribe", """{"eventChannel":["conference.3500@x","demo.a","conferences","demo2"]}""").GetProperty("result").GetProperty("subscribedChannels").GetRawText());
    }

    [Fact]
    public void Unsubscribing_says_what_was_not_subscribed()
    {
        var client = new VertoBench().LogIn();
        client.Ask("verto.subscribe", """{"eventChannel":"demo"}""");
        var result = client.Ask("verto.unsubscribe", """{"eventChannel":["demo","other"]}""").GetProperty("result");
        Assert.Equal("""["demo"]""", result.GetProperty("unsubscribedChannels").GetRawText());
        Assert.Equal("""["other"]""", result.GetProperty("notSubscribedChannels").GetRawText());
        Assert.Equal("""{"notSubscribedChannels":["demo"]}""", client.Ask("verto.unsubscribe", """{"eventChannel":"demo"}""").GetProperty("error").GetRawText());
    }

    [Fact]
    public void A_local_broadcast_reaches_the_channels_subscribers_with_who_said_it()
    {
        var bench = new VertoBench();
        var a = bench.LogIn();
        var b = bench.LogIn("1001", "secret1");
        a.Ask("verto.subscribe", """{"eventChannel":"demo"}""");
        b.Ask("verto.subscribe", """{"eventChannel":"demo"}""");
        Assert.Equal(["sessid"], a.Ask("verto.broadcast", """{"eventChannel":"demo","localBroadcast":true,"userid":"boss","callID":"x","data":{"n":1}}""").GetProperty("result").EnumerateObject().Select(m => m.Name));
        foreach (var (client, serial) in new[] { (a, 0), (b, 0) })
        {
            var parameters = client.TakeRequest("verto.event");
            Assert.Equal("demo", parameters.GetProperty("eventChannel").GetString());
            Assert.Equal(1, parameters.GetProperty("data").GetProperty("n").GetInt32());
            Assert.Equal("1000@example.com", parameters.GetProperty("userid").GetString());
            Assert.Equal(a.SessionId, parameters.GetProperty("sessid").GetString());
            Assert.Equal("demo", parameters.GetProperty("subscribedChannel").GetString());
            Assert.Equal(serial, parameters.GetProperty("eventSerno").GetInt32());
            Assert.False(parameters.TryGetProperty("callID", out _));
        }

        a.Ask("verto.broadcast", """{"eventChannel":"demo","localBroadcast":true,"data":{}}""");
        a.AssertNothingBut("verto.event");
        Assert.Equal(1, b.TakeRequest("verto.event").GetProperty("eventSerno").GetInt32());
        Assert.DoesNotContain(bench.Host.Published, e => e.Subclass.StartsWith("event_channel", StringComparison.Ordinal));
    }

    [Fact]
    public void A_broadcast_goes_to_the_engine_and_not_back_to_clients()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Ask("verto.subscribe", """{"eventChannel":"demo"}""");
        client.Ask("verto.broadcast", """{"eventChannel":"demo","data":{"n":1}}""");
        client.AssertNothing();
        var published = bench.Host.Published[^1];
        Assert.Equal(("CUSTOM", "event_channel::broadcast"), (published.Name, published.Subclass));
        Assert.Contains(new("Event-Channel", "demo"), published.Headers);
        Assert.Contains(new("verto_userid", "1000@example.com"), published.Headers);
        Assert.Equal(1, JsonDocument.Parse(published.Body!).RootElement.GetProperty("data").GetProperty("n").GetInt32());
    }

    [Theory]
    [InlineData("{}", "eventChannel not specified.")]
    [InlineData("""{"eventChannel":"secret","data":{}}""", "Permission Denied.")]
    public void A_failed_broadcast_is_a_result(string parameters, string message)
    {
        var bench = new VertoBench();
        var result = bench.LogIn().Ask("verto.broadcast", parameters).GetProperty("result");
        Assert.Equal((message, -32002), (result.GetProperty("message").GetString(), result.GetProperty("code").GetInt32()));
        Assert.DoesNotContain(bench.Host.Published, e => e.Subclass.StartsWith("event_channel", StringComparison.Ordinal));
    }

    [Fact]
    public void A_publication_reaches_subscribers_of_the_channel_and_of_its_prefix_once()
    {
        var bench = new VertoBench();
        var exact = bench.LogIn();
        var broad = bench.LogIn("1001", "secret1");
        exact.Ask("verto.subscribe", """{"eventChannel":["demo.a","demo"]}""");
        broad.Ask("verto.subscribe", """{"eventChannel":"demo"}""");
        Publish(bench, "demo.a", """{"eventChannel":"demo.a","data":{"x":1}}""");
        Assert.Equal("demo.a", exact.TakeRequest("verto.event").GetProperty("subscribedChannel").GetString());
        exact.AssertNothing();
        Assert.Equal("demo", broad.TakeRequest("verto.event").GetProperty("subscribedChannel").GetString());
        Publish(bench, "demo.b", """{"eventChannel":"demo.b","data":{}}""");
        Assert.Equal("demo.b", broad.TakeRequest("verto.event").GetProperty("eventChannel").GetString());
        broad.AssertNothing();
    }

    [Fact]
    public void A_publication_for_one_session_needs_no_subscription_and_has_no_serial()
    {
        var bench = new VertoBench();
        var a = bench.LogIn();
        var b = bench.LogIn("1001", "secret1");
        Publish(bench, a.SessionId, $$"""{"eventChannel":"{{a.SessionId}}","eventType":"channelPvtData"}""");
        Publish(bench, "any", """{"eventChannel":"any","data":{}}""", ("Event-Channel-Sessid", a.SessionId));
        Assert.False(a.TakeRequest("verto.event").TryGetProperty("eventSerno", out _));
        Assert.Equal("any", a.TakeRequest("verto.event").GetProperty("eventChannel").GetString());
        a.AssertNothing();
        b.AssertNothing();
    }

    [Fact]
    public void A_conference_grants_its_channels_for_as_long_as_the_call_is_in_it()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered("0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4");
        Join(bench, client, leg);
        Assert.Equal("conference-liveArray-join", client.TakeRequest("verto.event").GetProperty("pvtData").GetProperty("action").GetString());
        Assert.True(client.Ask("verto.subscribe", $$"""{"eventChannel":"{{LiveArray}}"}""").TryGetProperty("result", out _));
        Publish(bench, LiveArray, $$"""{"eventChannel":"{{LiveArray}}","data":{"action":"add"} }""");
        client.TakeRequest("verto.event");
        Publish(bench, client.SessionId, """{"pvtData":{"action":"conference-liveArray-part"}}""", ("Event-Channel-Sessid", client.SessionId), ("Unique-ID", leg.ToString()), ("Revoke-Channels", LiveArray));
        client.TakeRequest("verto.event");
        Publish(bench, LiveArray, $$"""{"eventChannel":"{{LiveArray}}","data":{"action":"del"} }""");
        client.AssertNothing();
        Assert.True(client.Ask("verto.subscribe", $$"""{"eventChannel":"{{LiveArray}}"}""").TryGetProperty("error", out _));
    }

    [Fact]
    public void A_grant_ends_with_the_call_and_comes_back_with_it()
    {
        var bench = new VertoBench();
        var client = bench.LogIn(sessionId: "s1");
        var leg = client.Answered("0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4");
        Join(bench, client, leg);
        client.TakeRequest("verto.event");
        client.Drop();
        var next = bench.Connect();
        next.SessionId = "s1";
        next.LogIn(sessionId: "s1");
        bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        next.TakeRequest("verto.attach");
        next.TakeRequest("verto.clientReady");
        next.Ask("verto.attach", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"{{leg}}"} }""");
        Assert.Equal("conference-liveArray-join", next.TakeRequest("verto.event").GetProperty("pvtData").GetProperty("action").GetString());
        Assert.True(next.Ask("verto.subscribe", $$"""{"eventChannel":"{{LiveArray}}"}""").TryGetProperty("result", out _));
        next.Ask("verto.bye", $$"""{"dialogParams":{"callID":"{{leg}}"} }""");
        Assert.True(next.Ask("verto.unsubscribe", $$"""{"eventChannel":"{{LiveArray}}"}""").TryGetProperty("error", out _));
    }

    [Fact]
    public void The_call_id_of_an_own_call_is_a_channel()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Call("a");
        Assert.True(client.Ask("verto.subscribe", """{"eventChannel":"a"}""").TryGetProperty("result", out _));
        Assert.True(bench.LogIn("1001", "secret1").Ask("verto.subscribe", """{"eventChannel":"a"}""").TryGetProperty("error", out _));
    }

    [Fact]
    public void Presence_tells_the_calls_that_there_are_and_those_to_come()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Ask("verto.subscribe", """{"eventChannel":"presence"}""");
        Assert.Equal(("show", "channels as json"), (bench.Host.ApiCalls[0].Command, bench.Host.ApiCalls[0].Arguments));
        bench.Host.CompleteApiCall("""{"row_count":1,"rows":[{"uuid":"u1","callstate":"ACTIVE","cid_num":"1001","presence_id":"1001@example.com","direction":"inbound"}]}""");
        var there = client.TakeRequest("verto.event");
        Assert.Equal("presence.1001@example.com", there.GetProperty("eventChannel").GetString());
        Assert.Equal(("ACTIVE", "u1"), (there.GetProperty("data").GetProperty("channelCallState").GetString(), there.GetProperty("data").GetProperty("channelUUID").GetString()));
        bench.Host.Emit(new PluginEvent("CHANNEL_ANSWER", "", [new("Channel-Call-State", "ACTIVE"), new("Unique-ID", "u2"), new("variable_presence_id", "1000@example.com"), new("PD-x", "y")], null));
        var data = client.TakeRequest("verto.event").GetProperty("data");
        Assert.Equal(("1000@example.com", "y"), (data.GetProperty("channelPresenceID").GetString(), data.GetProperty("PD-x").GetString()));
        bench.Host.Emit(new PluginEvent("CHANNEL_ANSWER", "", [new("Unique-ID", "u3")], null));
        client.AssertNothing();
        client.Ask("verto.unsubscribe", """{"eventChannel":"presence"}""");
        Assert.Equal(["event_channel::publish"], bench.Host.Subscriptions);
    }

    [Fact]
    public void Switch_events_need_the_option()
    {
        var closed = new VertoBench();
        Put(closed);
        Assert.True(closed.LogIn().Ask("verto.subscribe", """{"eventChannel":"FSevent.channel_answer"}""").TryGetProperty("error", out _));

        var bench = new VertoBench("""{ "enableFsEvents": true }""");
        Put(bench);
        var client = bench.LogIn();
        client.Ask("verto.subscribe", """{"eventChannel":["FSevent.channel_answer","FSevent.custom::a::b"]}""");
        bench.Host.Emit(new PluginEvent("CHANNEL_ANSWER", "", [new("Unique-ID", "u"), new("X", "1"), new("X", "2")], null));
        bench.Host.Emit(new PluginEvent("CUSTOM", "a::b", [new("K", "v")], "text"));
        bench.Host.Emit(new PluginEvent("CHANNEL_CREATE", "", [], null));
        Assert.Equal("""{"Unique-ID":"u","X":["1","2"]}""", client.TakeRequest("verto.event").GetProperty("data").GetRawText());
        var custom = client.TakeRequest("verto.event");
        Assert.Equal("FSevent.custom::a::b", custom.GetProperty("eventChannel").GetString());
        Assert.Equal("text", custom.GetProperty("data").GetProperty("_body").GetString());
        client.AssertNothing();

        static void Put(VertoBench bench) => bench.Host.Users.Add(bench.Host.Users.Add("1000", "secret") with { Variables = new Dictionary<string, string> { ["jsonrpc-allowed-event-channels"] = "__ANY__" } });
    }

    [Fact]
    public void Subscriptions_end_with_their_socket()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Ask("verto.subscribe", """{"eventChannel":"demo"}""");
        client.Drop();
        Publish(bench, "demo", """{"eventChannel":"demo"}""");
        Assert.Empty(bench.Host.Sent);
    }

    [Fact]
    public void A_publication_that_is_no_object_is_counted_and_dropped()
    {
        var bench = new VertoBench();
        Publish(bench, "demo", "[1]");
        Publish(bench, "demo", "nonsense");
        Publish(bench, "", "{}");
        Assert.Equal(3, bench.Host.Counters["publications_unreadable"]);
    }

    private static void Join(VertoBench bench, VertoClient client, LegId leg) =>
        Publish(bench, client.SessionId, """{"pvtData":{"action":"conference-liveArray-join"}}""", ("Event-Channel-Sessid", client.SessionId), ("Unique-ID", leg.ToString()), ("Grant-Channels", LiveArray));

    private static void Publish(VertoBench bench, string channel, string body, params (string Name, string Value)[] headers) =>
        bench.Host.Emit(new PluginEvent("CUSTOM", "event_channel::publish", [new("Event-Channel", channel), .. headers.Select(h => new KeyValuePair<string, string>(h.Name, h.Value))], body));
}
