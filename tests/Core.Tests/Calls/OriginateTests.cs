using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Tests.Calls;

public sealed class OriginateTests
{
    private readonly CallBench _bench = new();

    [Fact]
    public void Ringing_of_the_far_leg_rings_the_caller_and_its_answer_answers_him()
    {
        var (a, b, _, _) = _bench.Bridged();
        Assert.Single(_bench.Commands<LegCommand.Ring>());
        Assert.Single(_bench.Commands<LegCommand.Answer>());
        Assert.Same(b, a.Peer);
        Assert.Equal(b.Media.Index, _bench.Media.Bridges[a.Media.Index]);
        Assert.Equal("call accepted", a.Variables["originate_disposition"]);
    }

    [Fact]
    public void The_far_leg_is_offered_the_callers_codecs_first()
    {
        _bench.Directory.AddBinding("1001", 5070);
        var (_, script) = _bench.Incoming("1001", CallBench.Offer.Replace("AVP 0 8", "AVP 8 0", StringComparison.Ordinal));
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        Assert.Contains("RTP/AVP 8 0", Assert.Single(_bench.Commands<LegCommand.Originate>()).Offer, StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_of_the_far_leg_lets_the_script_go_on_with_the_caller()
    {
        var (a, b, bridge, script) = _bench.Bridged();
        _bench.Post(new LegEvent.HungUp(b.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.Contains(bridge, _bench.Scripts.Completed.Keys);
        Assert.True(a.IsUp);
        Assert.Equal("NORMAL_CLEARING", a.Variables["bridge_hangup_cause"]);
        _bench.End(script);
        Assert.False(a.IsUp);
        Assert.Equal(2, _bench.Cdr.Closed.Count);
    }

    [Fact]
    public void The_end_of_the_caller_ends_the_far_leg()
    {
        var (a, b, _, script) = _bench.Bridged();
        _bench.Post(new LegEvent.HungUp(a.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.False(b.IsUp);
        Assert.Contains(_bench.Commands<LegCommand.Hangup>(), h => h.Leg == b.Id);
        _bench.End(script);
        Assert.Empty(_bench.Media.Open);
    }

    [Fact]
    public void Hangup_after_bridge_ends_the_caller_with_the_far_cause()
    {
        var (a, b, _, _) = _bench.Bridged(variables: ("hangup_after_bridge", "true"));
        _bench.Post(new LegEvent.HungUp(b.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.False(a.IsUp);
    }

    [Fact]
    public void A_caller_who_hangs_up_while_it_rings_cancels_every_branch()
    {
        _bench.Directory.AddBinding("1000", 5070);
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "group/sales");
        Assert.Equal(2, _bench.Commands<LegCommand.Originate>().Count);
        _bench.Post(new LegEvent.HungUp(a.Id, HangupCause.OriginatorCancel, 487, "", ByPeer: true));
        Assert.Equal(2, _bench.Commands<LegCommand.Hangup>().Count(h => h.Cause == HangupCause.OriginatorCancel));
        Assert.Equal(0, _bench.Table.Count);
    }

    [Fact]
    public void Of_two_that_ring_the_first_to_answer_wins_and_the_other_loses_the_race()
    {
        _bench.Directory.AddBinding("1000", 5070);
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1000,user/1001");
        var legs = _bench.Commands<LegCommand.Originate>().Select(o => _bench.Table.Find(o.Leg)!).ToList();
        _bench.Post(new LegEvent.Answered(legs[1].Id, CallBench.Offer, []));
        Assert.Same(legs[1], a.Peer);
        Assert.Equal(HangupCause.LoseRace, legs[0].Cause);
    }

    [Fact]
    public void Groups_joined_by_a_bar_are_tried_one_after_the_other()
    {
        _bench.Directory.AddBinding("1000", 5070);
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1000|user/1001");
        var first = Assert.Single(_bench.Commands<LegCommand.Originate>());
        _bench.Post(new LegEvent.HungUp(first.Leg, HangupCause.UserBusy, 486, "Busy Here", ByPeer: true));
        Assert.Equal(2, _bench.Commands<LegCommand.Originate>().Count);
        _bench.Post(new LegEvent.Answered(_bench.Commands<LegCommand.Originate>()[1].Leg, CallBench.Offer, []));
        Assert.NotNull(a.Peer);
    }

    [Theory]
    [InlineData("user/1002", "USER_NOT_REGISTERED")]
    [InlineData("user/nobody", "SUBSCRIBER_ABSENT")]
    [InlineData("error/USER_BUSY", "USER_BUSY")]
    [InlineData("nosuch/1", "CHAN_NOT_IMPLEMENTED")]
    public void A_target_that_cannot_be_rung_fails_with_its_cause_and_the_script_goes_on_if_it_says_so(string dial, string cause)
    {
        var (a, script) = _bench.Incoming("1");
        a.Variables.Set("continue_on_fail", "true");
        var bridge = _bench.Run(script, ScriptOp.Execute, "bridge", dial);
        Assert.Contains(bridge, _bench.Scripts.Completed.Keys);
        Assert.Equal(cause, a.Variables["originate_disposition"]);
        Assert.True(a.IsUp);
    }

    [Fact]
    public void Without_continue_on_fail_a_busy_far_end_ends_the_caller_with_that_cause()
    {
        var (a, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "error/USER_BUSY");
        Assert.Equal(HangupCause.UserBusy, a.Cause);
    }

    [Fact]
    public void Nobody_answers_within_the_call_timeout_and_the_script_goes_on()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        a.Variables.Set("call_timeout", "5");
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        _bench.Advance(4.5);
        Assert.Equal(2, _bench.Table.Count);
        _bench.Advance(1);
        Assert.Equal(1, _bench.Table.Count);
        Assert.True(a.IsUp);
        Assert.Equal("NO_ANSWER", a.Variables["originate_disposition"]);
    }

    [Fact]
    public void A_leg_timeout_ends_only_that_branch_and_a_delayed_one_starts_later()
    {
        _bench.Directory.AddBinding("1000", 5070);
        _bench.Directory.AddBinding("1001", 5071);
        var (_, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "[leg_timeout=2]user/1000,[leg_delay_start=3]user/1001");
        Assert.Single(_bench.Commands<LegCommand.Originate>());
        _bench.Advance(2.5);
        Assert.Equal(HangupCause.NoAnswer, Assert.Single(_bench.Commands<LegCommand.Hangup>()).Cause);
        _bench.Advance(1);
        Assert.Equal(2, _bench.Commands<LegCommand.Originate>().Count);
    }

    [Fact]
    public void Early_media_of_the_far_leg_is_heard_by_the_caller_before_the_answer()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var b = _bench.Commands<LegCommand.Originate>()[0].Leg;
        _bench.Post(new LegEvent.Progress(b, CallBench.Offer));
        Assert.Single(_bench.Commands<LegCommand.EarlyMedia>());
        Assert.Equal(LegState.Early, a.State);
        Assert.Contains(a.Media.Index, _bench.Media.Bridges.Keys);
        _bench.Post(new LegEvent.Answered(b, CallBench.Offer, []));     // the same answer again changes nothing
        Assert.Equal(LegState.Answered, a.State);
    }

    [Fact]
    public void Ringback_is_played_to_the_caller_when_he_asked_for_it()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        a.Variables.Set("ringback", "%(2000,4000,440,480)");
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var b = _bench.Commands<LegCommand.Originate>()[0].Leg;
        _bench.Post(new LegEvent.Ringing(b));
        Assert.StartsWith("tone_stream://%(2000,4000,440,480)", _bench.Media.Playing[a.Media.Index].Source, StringComparison.Ordinal);
        _bench.Post(new LegEvent.Answered(b, CallBench.Offer, []));
        Assert.Empty(_bench.Media.Playing);
    }

    [Fact]
    public void A_blind_transfer_moves_the_far_party_and_ends_the_one_who_asked()
    {
        var (a, b, _, script) = _bench.Bridged();
        _bench.Post(new LegEvent.TransferRequested(a.Id, "sip:5000@test.local", default, null));
        Assert.False(a.IsUp);
        Assert.Equal(HangupCause.BlindTransfer, a.Cause);
        Assert.True(b.IsUp);
        Assert.Equal("5000", b.Profile.Destination);
        Assert.Equal(b.Id, _bench.Scripts.Started[^1].Leg);
        Assert.True(Assert.Single(_bench.Commands<LegCommand.TransferProgress>(), p => p.Final).ProtocolStatus == 200);
        _bench.End(script);
        Assert.True(b.IsUp);
    }

    [Fact]
    public void A_transfer_by_its_own_script_detaches_the_script_and_routes_again()
    {
        var (leg, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Answer);
        _bench.Run(script, ScriptOp.Transfer, "5000", null, null);
        Assert.Contains(_bench.Scripts.Gone, g => g.Run == script.Run && g.Reason == "transfer");
        var second = _bench.Scripts.Started[^1];
        Assert.NotEqual(script.Run, second.Run);
        Assert.Equal("5000", leg.Profile.Destination);
        var late = _bench.Run(script, ScriptOp.Hangup, "NORMAL_CLEARING");      // the old script has no power over it any more
        Assert.Equal(-1, _bench.Scripts.Completed[late].Status);
        Assert.True(leg.IsUp);
        _bench.End(script);
        Assert.True(leg.IsUp);
        _bench.Run(second, ScriptOp.Hangup, "NORMAL_CLEARING");
        Assert.False(leg.IsUp);
    }

    [Fact]
    public void Uuid_bridge_joins_two_live_calls_and_the_end_of_one_ends_the_other()
    {
        var (a, sa) = _bench.Incoming("1");
        var (b, sb) = _bench.Incoming("2", user: "1001");
        _bench.Run(sa, ScriptOp.Answer);
        _bench.Run(sb, ScriptOp.Answer);
        Assert.Equal($"+OK {b.Uuid}\n", _bench.Api($"uuid_bridge {a.Uuid} {b.Uuid}"));
        Assert.Same(b, a.Peer);
        Assert.Contains(a.Media.Index, _bench.Media.Bridges.Keys);
        _bench.Post(new LegEvent.HungUp(b.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.False(a.IsUp);
        Assert.Equal(2, _bench.Cdr.Closed.Count);
    }

    [Fact]
    public void A_loopback_leg_runs_through_the_dial_plan_again_and_audio_can_flow()
    {
        var (a, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Execute, "bridge", "loopback/5000/default");
        var inner = _bench.Scripts.Started[^1];
        Assert.NotEqual(script.Run, inner.Run);
        var twin = _bench.Table.Find(inner.Leg)!;
        Assert.Equal("5000", twin.Profile.Destination);
        _bench.Run(inner, ScriptOp.Answer);
        Assert.NotNull(a.Peer);
        Assert.Equal(twin.Media.RtpPort, a.Peer!.Negotiated!.Audio.Remote.Port);
        _bench.Run(inner, ScriptOp.Hangup, "NORMAL_CLEARING");
        Assert.Null(a.Peer);
        _bench.End(inner);
        _bench.End(script);
        Assert.Equal(0, _bench.Table.Count);
        Assert.Empty(_bench.Media.Open);
    }

    [Fact]
    public void A_script_can_make_a_leg_of_its_own_which_ends_with_the_script()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var (_, script) = _bench.Incoming("1");
        var token = _bench.Run(script, ScriptOp.Originate, "user/1001", null, "10");
        var id = _bench.Commands<LegCommand.Originate>()[0].Leg;
        _bench.Post(new LegEvent.Answered(id, CallBench.Offer, []));
        Assert.Equal(id.ToString(), _bench.Scripts.Completed[token].Text);
        Assert.Equal("SUCCESS", _bench.Scripts.Completed[token].Extra);
        _bench.End(script);
        Assert.False(_bench.Table.Find(id)?.IsUp ?? false);
    }

    [Fact]
    public async Task The_api_originates_to_an_application_and_reports_failure_by_cause()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var reply = _bench.Engine.ApiAsync("originate {origination_caller_id_number=42}user/1001 &echo", CancellationToken.None);
        _bench.Settle();
        var originate = Assert.Single(_bench.Commands<LegCommand.Originate>());
        Assert.Equal("42", originate.CallerNumber);
        _bench.Post(new LegEvent.Answered(originate.Leg, CallBench.Offer, []));
        Assert.Equal($"+OK {originate.Leg}\n", await reply.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Contains("echo 0", _bench.Media.Journal);
        Assert.Equal("-ERR USER_NOT_REGISTERED\n", _bench.Api("originate user/1002 &echo"));
    }

    [Fact]
    public void An_answer_that_cannot_be_used_ends_the_leg_as_incompatible()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var (a, script) = _bench.Incoming("1");
        a.Variables.Set("continue_on_fail", "true");
        _bench.Run(script, ScriptOp.Execute, "bridge", "user/1001");
        _bench.Post(new LegEvent.Answered(_bench.Commands<LegCommand.Originate>()[0].Leg, "v=0\r\n", []));
        Assert.Equal("INCOMPATIBLE_DESTINATION", a.Variables["originate_disposition"]);
    }

    [Fact]
    public void A_leg_whose_auto_hangup_is_off_outlives_the_script_that_made_it()
    {
        _bench.Directory.AddBinding("1001", 5071);
        var (_, script) = _bench.Incoming("1");
        _bench.Run(script, ScriptOp.Originate, "user/1001", null, "10");
        var id = _bench.Commands<LegCommand.Originate>()[0].Leg;
        _bench.Post(new LegEvent.Answered(id, CallBench.Offer, []));
        _bench.Scripts.Port.SetAutoHangup(id, false);
        _bench.End(script);
        Assert.True(_bench.Table.Find(id)!.IsUp);
    }

    [Fact]
    public void One_parenthesis_closes_the_data_of_an_application_and_a_tone_keeps_its_own()
    {
        _bench.Directory.AddBinding("1001", 5071);
        _ = _bench.Engine.ApiAsync("originate user/1001 &playback(tone_stream://%(1000,0,620))", CancellationToken.None);
        _bench.Settle();
        _bench.Post(new LegEvent.Answered(Assert.Single(_bench.Commands<LegCommand.Originate>()).Leg, CallBench.Offer, []));
        Assert.Contains("play tone_stream://%(1000,0,620)", _bench.Media.Journal);
    }
}
