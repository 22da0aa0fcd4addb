using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Methods;

/// <summary>verto.modify (spec 4.6).</summary>
public sealed class ModifyTests
{
    private readonly VertoBench _bench = new();

    [Fact]
    public void Hold_and_back_are_told_to_the_core_once_and_to_the_client_each_time()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        Assert.Equal("held", Modify(client, "a", "hold").GetProperty("holdState").GetString());
        Assert.Equal("held", Modify(client, "a", "hold").GetProperty("holdState").GetString());
        Assert.Equal(new LegEvent.HoldRequested(leg, true), _bench.Host.TakeEvent<LegEvent.HoldRequested>());
        Assert.Equal("active", Modify(client, "a", "unhold").GetProperty("holdState").GetString());
        Assert.Equal(new LegEvent.HoldRequested(leg, false), _bench.Host.TakeEvent<LegEvent.HoldRequested>());
        var toggled = Modify(client, "a", "TOGGLEHOLD");
        Assert.Equal(("held", "a", "TOGGLEHOLD"), (toggled.GetProperty("holdState").GetString(), toggled.GetProperty("callID").GetString(), toggled.GetProperty("action").GetString()));
        Assert.Equal("active", Modify(client, "a", "toggleHold").GetProperty("holdState").GetString());
    }

    [Fact]
    public void A_call_that_is_not_answered_cannot_be_held()
    {
        var client = _bench.LogIn();
        client.Call("a");
        Assert.Equal("active", Modify(client, "a", "hold").GetProperty("holdState").GetString());
        Assert.Empty(_bench.Host.LegEvents);
    }

    [Fact]
    public void A_transfer_is_answered_before_the_bye_that_it_causes()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        var id = client.Post("verto.modify", """{"action":"transfer","destination":"5000","dialogParams":{"callID":"a"}}""");
        client.AssertNothing();
        var request = _bench.Host.TakeEvent<LegEvent.TransferRequested>();
        Assert.Equal((leg, "5000", default, true), (request.Leg, request.Target, request.Replaces, request.BridgedOnly));
        _bench.Host.Command(new LegCommand.TransferProgress(leg, 100, false));
        client.AssertNothing();
        _bench.Host.Command(new LegCommand.TransferProgress(leg, 200, true));
        _bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.BlindTransfer, 0, ""));
        var answer = client.Take();
        Assert.Equal(id, answer.GetProperty("id").GetInt32());
        Assert.Equal("CALL TRANSFERRED", answer.GetProperty("result").GetProperty("message").GetString());
        client.TakeRequest("verto.bye");
    }

    [Fact]
    public void A_call_with_nobody_on_the_other_side_cannot_be_transferred()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        client.Post("verto.modify", """{"action":"transfer","destination":"5000","dialogParams":{"callID":"a"}}""");
        _bench.Host.Command(new LegCommand.TransferProgress(leg, 481, true));
        var error = client.Take().GetProperty("error");
        Assert.Equal(("call is not bridged", "a", "transfer", -32002), (error.GetProperty("message").GetString(), error.GetProperty("callID").GetString(), error.GetProperty("action").GetString(), error.GetProperty("code").GetInt32()));
        Assert.Equal("active", error.GetProperty("holdState").GetString());
    }

    [Fact]
    public void A_call_replaces_another_of_the_same_client()
    {
        var client = _bench.LogIn();
        var first = client.Answered("a");
        var second = client.Answered("b");
        client.Post("verto.modify", """{"action":"replace","replaceCallID":"b","dialogParams":{"callID":"a"}}""");
        var request = _bench.Host.TakeEvent<LegEvent.TransferRequested>();
        Assert.Equal((first, second), (request.Leg, request.Replaces));
        _bench.Host.Command(new LegCommand.TransferProgress(first, 200, true));
        Assert.Equal("replace", client.Take().GetProperty("result").GetProperty("action").GetString());
    }

    [Theory]
    [InlineData("\"action\":\"\"", "action missing")]
    [InlineData("\"x\":1", "action missing")]
    [InlineData("\"action\":\"transfer\"", "destination missing")]
    [InlineData("\"action\":\"replace\"", "replaceCallID missing")]
    [InlineData("\"action\":\"replace\",\"replaceCallID\":\"a\"", "invalid transfer leg")]
    [InlineData("\"action\":\"replace\",\"replaceCallID\":\"theirs\"", "invalid transfer leg")]
    [InlineData("\"action\":\"updateMedia\"", "SDP missing")]
    [InlineData("\"action\":\"updateMedia\",\"sdp\":\"nonsense\"", "CODEC NEGOTIATION ERROR")]
    public void What_is_missing_is_named(string members, string message)
    {
        _bench.LogIn("1001", "secret1").Answered("theirs");
        var client = _bench.LogIn();
        client.Answered("a");
        var error = client.Ask("verto.modify", "{" + members + ""","dialogParams":{"callID":"a"}}""").GetProperty("error");
        Assert.Equal((message, -32002), (error.GetProperty("message").GetString(), error.GetProperty("code").GetInt32()));
        Assert.Equal("a", error.GetProperty("callID").GetString());
        Assert.Empty(_bench.Host.LegEvents);
    }

    [Fact]
    public void An_unknown_action_does_nothing_and_succeeds()
    {
        var client = _bench.LogIn();
        client.Answered("a");
        Assert.Equal("active", Modify(client, "a", "dance").GetProperty("holdState").GetString());
    }

    [Fact]
    public void An_update_of_media_is_answered_with_our_description()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        var id = client.Post("verto.modify", $$"""{"action":"updateMedia","sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"a"} }""");
        Assert.Equal(new LegEvent.Reoffered(leg, VertoBench.Offer), _bench.Host.TakeEvent<LegEvent.Reoffered>());
        client.Post("verto.ping");
        client.AssertNothing();                                    // in the order of the requests
        _bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        var answer = client.Take();
        Assert.Equal(id, answer.GetProperty("id").GetInt32());
        Assert.Equal(VertoBench.Ours, answer.GetProperty("result").GetProperty("sdp").GetString());
        Assert.Equal("PONG", client.Take().GetProperty("result").GetProperty("message").GetString());

        client.Post("verto.modify", $$"""{"action":"updateMedia","sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"a"} }""");
        _bench.Host.Command(new LegCommand.RejectReoffer(leg, "no"));
        Assert.Equal("CODEC NEGOTIATION ERROR", client.Take().GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public void An_update_before_the_answer_ends_the_call()
    {
        var client = _bench.LogIn();
        client.Call("a");
        var error = client.Ask("verto.modify", """{"action":"updateMedia","sdp":"v=0","dialogParams":{"callID":"a"}}""").GetProperty("error");
        Assert.Equal("Cannot update a call that has not been answered.", error.GetProperty("message").GetString());
        Assert.Equal(HangupCause.DestinationOutOfOrder, _bench.Host.TakeEvent<LegEvent.HungUp>().Cause);
        Assert.Equal(27, client.TakeRequest("verto.bye").GetProperty("causeCode").GetInt32());
    }

    [Fact]
    public void A_call_that_ends_answers_what_waits_for_it()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        client.Post("verto.modify", $$"""{"action":"updateMedia","sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"a"} }""");
        _bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal("CALL DOES NOT EXIST", client.Take().GetProperty("error").GetProperty("message").GetString());
        client.TakeRequest("verto.bye");
    }

    [Fact]
    public void A_refresh_of_video_asks_for_a_key_frame()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        Modify(client, "a", "videoRefresh");
        Assert.Equal(new LegEvent.KeyFrameWanted(leg), _bench.Host.TakeEvent<LegEvent.KeyFrameWanted>());
    }

    [Fact]
    public void A_changed_session_of_the_engine_becomes_an_attach()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        _bench.Host.Command(new LegCommand.Reoffer(leg, VertoBench.Ours));
        Assert.Null(_bench.Host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
        Assert.True(_bench.Host.TakeEvent<LegEvent.Reoffered>().NewTransport);
        _bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        Assert.Equal(VertoBench.Ours, client.TakeRequest("verto.attach").GetProperty("sdp").GetString());
    }

    private static JsonElement Modify(VertoClient client, string callId, string action) =>
        client.Ask("verto.modify", $$"""{"action":"{{action}}","dialogParams":{"callID":"{{callId}}"} }""").GetProperty("result");
}
