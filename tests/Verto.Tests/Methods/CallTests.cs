using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Verto.Tests.Methods;

/// <summary>verto.invite, verto.answer, verto.bye (spec 4.2–4.4, 8).</summary>
public sealed class CallTests
{
    private const string CallId = "0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4";

    [Fact]
    public void An_invite_is_answered_before_its_events_and_its_call_id_is_the_legs()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var incoming = client.Call(CallId, "3500", ""","userVariables":{"email":"ann@example.net"}""");
        Assert.Equal(CallId, incoming.Leg.ToString());
        Assert.Equal("3500", incoming.Caller.Destination);
        Assert.Equal("verto.rtc", incoming.Caller.Endpoint);
        Assert.Equal("verto.rtc/3500", incoming.Caller.ChannelName);
        Assert.Equal("1000", incoming.Caller.User!.Number);
        Assert.Equal(VertoBench.Offer, incoming.Offer);
    }

    [Fact]
    public void A_call_has_the_variables_of_the_specification()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var variables = client.Call(CallId, "3500", ""","userVariables":{"email":"ann@example.net","vip":true},"remote_caller_id_name":"Outbound Call","remote_caller_id_number":"3500","screenShare":true,"audio":{"echoCancellation":false}""").Variables.ToDictionary(v => v.Key, v => v.Value);
        Assert.Equal("1000@example.com", variables["verto_user"]);
        Assert.Equal("1000@example.com", variables["presence_id"]);
        Assert.Equal("example.com", variables["verto_host"]);
        Assert.Equal(client.Connection.Remote.ToString(), variables["verto_client_address"]);
        Assert.Equal("default", variables["verto_profile_name"]);
        Assert.Equal("verto", variables["chat_proto"]);
        Assert.Equal(client.SessionId, variables["jsock_uuid_str"]);
        Assert.Equal(client.SessionId, variables["event_channel_cookie"]);
        Assert.Equal("true", variables["media_webrtc"]);
        Assert.Equal("ann@example.net", variables["verto_dvar_email"]);
        Assert.Equal("true", variables["verto_dvar_vip"]);
        Assert.Equal("Outbound Call", variables["verto_remote_caller_id_name"]);
        Assert.Equal("3500", variables["verto_remote_caller_id_number"]);
        Assert.Equal("true", variables["video_screen_share"]);
        Assert.Equal("false", variables["verto_echoCancellation"]);
    }

    [Fact]
    public void A_call_without_a_destination_goes_to_service()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Ask("verto.invite", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"{{CallId}}"} }""");
        Assert.Equal("service", bench.Host.TakeEvent<LegEvent.Incoming>().Caller.Destination);
    }

    [Theory]
    [InlineData("null", "Params data missing")]
    [InlineData("{}", "Dialog data missing")]
    [InlineData("""{"dialogParams":{}}""", "CallID missing")]
    [InlineData("""{"dialogParams":{"callID":"0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4"}}""", "SDP missing")]
    public void An_incomplete_invite_is_refused(string parameters, string message)
    {
        var bench = new VertoBench();
        var error = bench.LogIn().Ask("verto.invite", parameters).GetProperty("error");
        Assert.Equal(message, error.GetProperty("message").GetString());
        Assert.Equal(-32002, error.GetProperty("code").GetInt32());
        Assert.Empty(bench.Host.LegEvents);
    }

    [Fact]
    public void A_call_id_that_is_in_use_is_refused_whoever_has_it()
    {
        var bench = new VertoBench();
        bench.LogIn().Call(CallId);
        var other = bench.LogIn("1001", "secret1");
        var error = other.Ask("verto.invite", $$"""{"sdp":"v=0","dialogParams":{"callID":"{{CallId}}","destination_number":"1"} }""").GetProperty("error");
        Assert.Equal("CALL ERROR", error.GetProperty("message").GetString());
        Assert.Equal(-32002, error.GetProperty("code").GetInt32());
        Assert.True(error.GetProperty("causeCode").GetInt32() > 0);
        Assert.Equal("Cannot create channel", error.GetProperty("reason").GetString());
        Assert.Empty(bench.Host.LegEvents);
    }

    [Fact]
    public void A_call_id_that_is_no_uuid_is_the_clients_and_the_leg_has_one_of_its_own()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Call("my-call-1").Leg;
        bench.Host.Command(new LegCommand.Answer(leg, VertoBench.Ours));
        Assert.Equal("my-call-1", client.TakeRequest("verto.answer").GetProperty("callID").GetString());
    }

    [Fact]
    public void Early_media_carries_the_answer_and_the_answer_then_does_not()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Call(CallId).Leg;
        bench.Host.Command(new LegCommand.EarlyMedia(leg, VertoBench.Ours) { Variables = [new("verto_svar_color", "red"), new("other", "1")] });
        var media = client.TakeRequest("verto.media");
        Assert.Equal(["callID", "sdp", "variables"], media.EnumerateObject().Select(m => m.Name));
        Assert.Equal("red", media.GetProperty("variables").GetProperty("verto_svar_color").GetString());
        Assert.Single(media.GetProperty("variables").EnumerateObject());
        bench.Host.Command(new LegCommand.EarlyMedia(leg, "v=0 again"));    // at most once
        bench.Host.Command(new LegCommand.Answer(leg, VertoBench.Ours));
        var answer = client.TakeRequest("verto.answer");
        Assert.False(answer.TryGetProperty("sdp", out _));
        Assert.Equal("callID", answer.EnumerateObject().First().Name);
        bench.Host.TakeEvent<LegEvent.Confirmed>();
    }

    [Fact]
    public void Without_early_media_the_answer_carries_the_session_description()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Call(CallId).Leg;
        bench.Host.Command(new LegCommand.Ring(leg));
        client.AssertNothing();
        bench.Host.Command(new LegCommand.Answer(leg, VertoBench.Ours));
        Assert.Equal(VertoBench.Ours, client.TakeRequest("verto.answer").GetProperty("sdp").GetString());
        Assert.Null(bench.Host.TakeEvent<LegEvent.Confirmed>().Answer);
        bench.Host.Command(new LegCommand.Answer(leg, VertoBench.Ours));
        client.AssertNothing();
    }

    [Fact]
    public void A_hang_up_of_the_engine_is_a_bye_with_code_and_name()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Call(CallId).Leg;
        bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.UserBusy, 0, ""));
        var bye = client.TakeRequest("verto.bye");
        Assert.Equal(CallId, bye.GetProperty("callID").GetString());
        Assert.Equal(17, bye.GetProperty("causeCode").GetInt32());
        Assert.Equal("USER_BUSY", bye.GetProperty("cause").GetString());
        Assert.Equal(new LegEvent.HungUp(leg, HangupCause.UserBusy, 0, "", false), bench.Host.TakeEvent<LegEvent.HungUp>());
        bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.UserBusy, 0, ""));
        client.AssertNothing();
        Assert.Empty(bench.Host.LegEvents);
    }

    [Fact]
    public void A_bye_of_the_client_ends_the_call_and_is_not_echoed()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered(CallId);
        var result = client.Ask("verto.bye", $$"""{"dialogParams":{"callID":"{{CallId}}"},"cause":"USER_BUSY","causeCode":17}""").GetProperty("result");
        Assert.Equal("CALL ENDED", result.GetProperty("message").GetString());
        Assert.Equal(CallId, result.GetProperty("callID").GetString());
        Assert.Equal(17, result.GetProperty("causeCode").GetInt32());
        Assert.Equal("USER_BUSY", result.GetProperty("cause").GetString());
        Assert.Equal(new LegEvent.HungUp(leg, HangupCause.UserBusy, 0, "", true), bench.Host.TakeEvent<LegEvent.HungUp>());
        bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        client.AssertNothing();
    }

    [Theory]
    [InlineData("", HangupCause.NormalClearing)]
    [InlineData(",\"cause\":\"CALL_REJECTED\"", HangupCause.CallRejected)]
    [InlineData(",\"causeCode\":487", HangupCause.OriginatorCancel)]
    [InlineData(",\"cause\":\"NO_SUCH_CAUSE\"", HangupCause.NormalClearing)]
    public void A_bye_may_name_its_cause(string cause, HangupCause expected)
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Call(CallId);
        client.Ask("verto.bye", $$"""{"dialogParams":{"callID":"{{CallId}}"}{{cause}}}""");
        Assert.Equal(expected, bench.Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Theory]
    [InlineData("verto.bye")]
    [InlineData("verto.answer")]
    [InlineData("verto.attach")]
    [InlineData("verto.modify")]
    public void A_call_of_another_user_does_not_exist(string method)
    {
        var bench = new VertoBench();
        bench.LogIn().Call(CallId);
        var error = bench.LogIn("1001", "secret1").Ask(method, $$"""{"sdp":"v=0","action":"hold","dialogParams":{"callID":"{{CallId}}"} }""").GetProperty("error");
        Assert.Equal("CALL DOES NOT EXIST", error.GetProperty("message").GetString());
        Assert.Equal(-32002, error.GetProperty("code").GetInt32());
        Assert.Empty(bench.Host.LegEvents);
    }

    [Fact]
    public void A_client_is_called_rings_at_once_and_answers()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Ringing(("verto_h_tag", "7"), ("verto_svar_a", "b"), ("sip_h_x", "no"));
        var invite = client.TakeRequest("verto.invite");
        Assert.Equal("callID", invite.EnumerateObject().First().Name);
        Assert.Equal(leg.ToString(), invite.GetProperty("callID").GetString());
        Assert.Equal(VertoBench.Ours, invite.GetProperty("sdp").GetString());
        Assert.Equal("Bob Ray", invite.GetProperty("caller_id_name").GetString());
        Assert.Equal("1009", invite.GetProperty("caller_id_number").GetString());
        Assert.Equal("1000", invite.GetProperty("callee_id_number").GetString());
        Assert.Equal("outbound", invite.GetProperty("display_direction").GetString());
        Assert.Equal("7", invite.GetProperty("verto_h_tag").GetString());
        Assert.Equal("b", invite.GetProperty("variables").GetProperty("verto_svar_a").GetString());
        Assert.False(invite.TryGetProperty("sip_h_x", out _));

        var result = client.Ask("verto.answer", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"{{leg}}","destination_number":"","callee_id_name":"Ann"} }""").GetProperty("result");
        Assert.Equal(["sessid"], result.EnumerateObject().Select(m => m.Name));
        var answered = bench.Host.TakeEvent<LegEvent.Answered>();
        Assert.Equal(VertoBench.Offer, answered.Answer);
        Assert.Contains(new("callee_id_name", "Ann"), answered.Variables);
    }

    [Theory]
    [InlineData("{}", "SDP missing", null)]
    [InlineData("""{"sdp":"not a description"}""", "CODEC ERROR", HangupCause.IncompatibleDestination)]
    public void An_answer_that_cannot_be_negotiated_is_an_error(string parameters, string message, HangupCause? ends)
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Ringing();
        client.TakeRequest("verto.invite");
        var error = client.Ask("verto.answer", parameters[..^1] + (parameters.Length > 2 ? "," : "") + $$"""
            "dialogParams":{"callID":"{{leg}}"} }
            """).GetProperty("error");
        Assert.Equal(message, error.GetProperty("message").GetString());
        Assert.Equal(ends, bench.Host.LegEvents.OfType<LegEvent.HungUp>().SingleOrDefault()?.Cause);
    }

    [Fact]
    public void A_caller_that_gives_up_sends_the_client_a_bye()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Ringing();
        client.TakeRequest("verto.invite");
        bench.Host.Command(new LegCommand.Hangup(leg, HangupCause.OriginatorCancel, 0, ""));
        Assert.Equal(487, client.TakeRequest("verto.bye").GetProperty("causeCode").GetInt32());
        Assert.Equal("CALL DOES NOT EXIST", client.Ask("verto.answer", $$"""{"sdp":"v=0","dialogParams":{"callID":"{{leg}}"} }""").GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public void A_target_that_is_not_logged_in_is_not_registered()
    {
        var bench = new VertoBench();
        bench.LogIn();
        foreach (var target in new[] { "u:nobody", "1001@example.com", "9999@example.com" })
        {
            bench.Host.Command(new LegCommand.Originate(bench.Host.NewLeg(), new DialTarget("verto.rtc", "", target, null), "", "1", VertoBench.Ours, []));
            Assert.Equal(HangupCause.UserNotRegistered, bench.Host.TakeEvent<LegEvent.HungUp>().Cause);
        }
    }

    [Fact]
    public void The_contact_in_the_directory_leads_to_its_socket()
    {
        var bench = new VertoBench();
        var first = bench.LogIn();
        var second = bench.LogIn();
        var contacts = bench.Host.Users.Registrations(bench.Host.Users.FindUser("1000", "example.com")!);
        Assert.Equal([first.SessionId, second.SessionId], contacts.Select(c => c.Contact));
        Assert.All(contacts, c => Assert.Equal(MediaProfile.WebRtc, c.Media));
        bench.Host.Command(new LegCommand.Originate(bench.Host.NewLeg(), new DialTarget("verto.rtc", "default", second.SessionId, contacts[1]), "", "1", VertoBench.Ours, []));
        first.AssertNothing();
        second.TakeRequest("verto.invite");
        second.Drop();
        Assert.Equal([first.SessionId], bench.Host.Users.Registrations(bench.Host.Users.FindUser("1000", "example.com")!).Select(c => c.Contact));
    }

    [Fact]
    public void A_display_update_is_sent_once_and_names_the_other_party()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var leg = client.Answered(CallId);
        bench.Host.Command(new LegCommand.Display(leg, "Bob", "1009"));
        bench.Host.Command(new LegCommand.Display(leg, "Bob", "1009"));
        var display = client.TakeRequest("verto.display");
        Assert.Equal("Bob", display.GetProperty("display_name").GetString());
        Assert.Equal("1009", display.GetProperty("display_number").GetString());
        Assert.Equal("inbound", display.GetProperty("display_direction").GetString());
        Assert.Equal("1009", display.GetProperty("callee_id_number").GetString());
        client.AssertNothing();
    }

    [Fact]
    public void A_session_has_a_bounded_number_of_calls()
    {
        var bench = new VertoBench("""{ "maxCallsPerSession": 2 }""");
        var client = bench.LogIn();
        client.Call("a");
        client.Call("b");
        Assert.Equal("SWITCH_CONGESTION", client.Ask("verto.invite", """{"sdp":"v=0","dialogParams":{"callID":"c"}}""").GetProperty("error").GetProperty("cause").GetString());
    }

    [Fact]
    public void A_draining_engine_refuses_calls()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        bench.Host.IsRefusingCalls = true;
        Assert.Equal("CALL ERROR", client.Ask("verto.invite", """{"sdp":"v=0","dialogParams":{"callID":"c"}}""").GetProperty("error").GetProperty("message").GetString());
    }
}
