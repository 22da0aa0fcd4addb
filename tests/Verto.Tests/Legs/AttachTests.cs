using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Legs;

/// <summary>A lost socket and a client that comes back (spec 9).</summary>
public sealed class AttachTests
{
    private readonly VertoBench _bench = new();

    [Fact]
    public void A_reloaded_page_gets_its_call_back()
    {
        var client = _bench.LogIn(sessionId: "s1");
        var leg = client.Answered("a");
        _bench.Host.Command(new LegCommand.Display(leg, "Bob", "1009"));
        client.TakeRequest("verto.display");
        client.Drop();
        Assert.Empty(_bench.Host.LegEvents);

        var next = _bench.Connect();
        next.LogIn(sessionId: "s1");
        next.AssertNothing();                                      // ready only when the calls have been offered
        Assert.Equal(new LegEvent.Reoffered(leg, null) { NewTransport = true }, _bench.Host.TakeEvent<LegEvent.Reoffered>());
        _bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        var attach = next.TakeRequest("verto.attach");
        Assert.Equal(("a", VertoBench.Ours), (attach.GetProperty("callID").GetString(), attach.GetProperty("sdp").GetString()));
        Assert.Equal("callID", attach.EnumerateObject().First().Name);
        Assert.Equal("inbound", attach.GetProperty("display_direction").GetString());
        Assert.Equal(["a"], next.TakeRequest("verto.clientReady").GetProperty("reattached_sessions").EnumerateArray().Select(c => c.GetString()));

        var result = next.Ask("verto.attach", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"a"} }""").GetProperty("result");
        Assert.Equal(["sessid"], result.EnumerateObject().Select(m => m.Name));
        Assert.Equal(VertoBench.Offer, _bench.Host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
        _bench.Host.TakeEvent<LegEvent.KeyFrameWanted>();
        Assert.Equal("Bob", next.TakeRequest("verto.display").GetProperty("display_name").GetString());
        _bench.Host.Advance(TimeSpan.FromSeconds(300));
        Assert.DoesNotContain(_bench.Host.LegEvents, e => e is LegEvent.HungUp);
    }

    [Fact]
    public void A_call_that_is_not_answered_ends_with_its_socket()
    {
        var client = _bench.LogIn();
        client.Call("a");
        client.Drop();
        Assert.Equal(HangupCause.DestinationOutOfOrder, _bench.Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Fact]
    public void A_call_marked_so_is_not_kept()
    {
        var client = _bench.LogIn();
        client.Answered("a", more: ",\"recoverCall\":false");
        client.Drop();
        Assert.Equal(HangupCause.NormalClearing, _bench.Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Fact]
    public void A_call_whose_client_stays_away_ends_after_two_minutes()
    {
        var client = _bench.LogIn();
        var leg = client.Answered("a");
        client.Drop();
        _bench.Host.Advance(TimeSpan.FromSeconds(119));
        Assert.Empty(_bench.Host.LegEvents);
        _bench.Host.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(new LegEvent.HungUp(leg, HangupCause.RecoveryOnTimerExpire, 0, "", false), _bench.Host.TakeEvent<LegEvent.HungUp>());
    }

    [Fact]
    public void A_detached_call_that_ends_is_not_offered_any_more()
    {
        var client = _bench.LogIn(sessionId: "s1");
        var leg = client.Answered("a");
        client.Drop();
        _bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        _bench.Host.TakeEvent<LegEvent.HungUp>();
        _bench.LogIn(sessionId: "s1");
    }

    [Fact]
    public void An_offer_that_does_not_come_does_not_keep_the_client_waiting()
    {
        var client = _bench.LogIn(sessionId: "s1");
        client.Answered("a");
        client.Drop();
        var next = _bench.Connect();
        next.LogIn(sessionId: "s1");
        _bench.Host.Advance(TimeSpan.FromSeconds(5.1));
        Assert.Equal(0, next.TakeRequest("verto.clientReady").GetProperty("reattached_sessions").GetArrayLength());
    }

    [Fact]
    public void A_second_reload_before_the_first_was_answered_works()
    {
        var client = _bench.LogIn(sessionId: "s1");
        var leg = client.Answered("a");
        for (var i = 0; i < 3; i++)
        {
            client.Drop();
            client = _bench.Connect();
            client.LogIn(sessionId: "s1");
            _bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
            client.TakeRequest("verto.attach");
            client.TakeRequest("verto.clientReady");
        }

        Assert.True(client.Ask("verto.attach", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"a"} }""").TryGetProperty("result", out _));
    }

    [Fact]
    public void A_held_call_is_active_again_in_the_new_page()
    {
        var client = _bench.LogIn(sessionId: "s1");
        var leg = client.Answered("a");
        client.Ask("verto.modify", """{"action":"hold","dialogParams":{"callID":"a"}}""");
        client.Drop();
        _bench.Host.ClearEvents();
        _bench.Connect().LogIn(sessionId: "s1");
        Assert.Equal(new LegEvent.HoldRequested(leg, false), _bench.Host.TakeEvent<LegEvent.HoldRequested>());
    }

    [Theory]
    [InlineData("{", "SDP missing", null)]
    [InlineData("{\"sdp\":\"nonsense\",", "CODEC NEGOTIATION ERROR", HangupCause.BearercapabilityNotavail)]
    public void A_bad_answer_to_the_attach_is_an_error(string members, string message, HangupCause? ends)
    {
        var client = _bench.LogIn(sessionId: "s1");
        var leg = client.Answered("a");
        client.Drop();
        var next = _bench.Connect();
        next.LogIn(sessionId: "s1");
        _bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        next.TakeRequest("verto.attach");
        next.TakeRequest("verto.clientReady");
        Assert.Equal(message, next.Ask("verto.attach", members + "\"dialogParams\":{\"callID\":\"a\"}}").GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(ends, _bench.Host.LegEvents.OfType<LegEvent.HungUp>().SingleOrDefault()?.Cause);
    }

    [Fact]
    public void An_attach_of_a_call_that_is_not_answered_ends_it()
    {
        var client = _bench.LogIn();
        client.Call("a");
        Assert.Equal("Cannot attach to a call that has not been answered.", client.Ask("verto.attach", """{"sdp":"v=0","dialogParams":{"callID":"a"}}""").GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(HangupCause.DestinationOutOfOrder, _bench.Host.TakeEvent<LegEvent.HungUp>().Cause);
    }
}
