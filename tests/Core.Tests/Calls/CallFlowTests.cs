using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Tests.Calls;

public sealed class CallFlowTests
{
    private readonly CallBench _bench = new();

    [Fact]
    public void A_call_that_the_dial_plan_answers_and_hangs_up_leaves_one_record_and_nothing_else()
    {
        var (leg, script) = _bench.Incoming();
        _bench.Run(script, ScriptOp.Answer);
        Assert.Single(_bench.Commands<LegCommand.Answer>());
        Assert.Equal(LegState.Answered, leg.State);
        _bench.Advance(3);
        _bench.Run(script, ScriptOp.Hangup, "normal_clearing");
        _bench.End(script);

        var record = Assert.Single(_bench.Cdr.Closed);
        Assert.Equal("NORMAL_CLEARING", record.HangupCause);
        Assert.Equal(3, (record.EndTime - record.AnswerTime)!.Value.TotalSeconds, 0.2);
        Assert.Equal("engine", record.HungUpBy);
        Assert.Empty(_bench.Media.Open);
        Assert.Equal(0, _bench.Table.Count);
        Assert.Null(_bench.Table.Find(leg.Id));
    }

    [Fact]
    public void The_identity_of_an_authenticated_caller_comes_from_the_directory_not_from_the_message()
    {
        var (leg, _) = _bench.Incoming();       // the message said 9999
        Assert.Equal("1000", leg.Profile.CallerNumber);
        Assert.Equal("User 1000", leg.Profile.CallerName);
    }

    [Fact]
    public void A_dial_plan_that_does_nothing_means_no_route()
    {
        var (_, script) = _bench.Incoming();
        _bench.Run(script, ScriptOp.Execute, "set", "a=b");
        _bench.End(script);
        Assert.Equal(HangupCause.NoRouteDestination, Assert.Single(_bench.Commands<LegCommand.Hangup>()).Cause);
    }

    [Fact]
    public void A_dial_plan_that_fails_ends_the_call_with_temporary_failure()
    {
        var (_, script) = _bench.Incoming();
        _bench.End(script, succeeded: false);
        Assert.Equal(HangupCause.NormalTemporaryFailure, Assert.Single(_bench.Commands<LegCommand.Hangup>()).Cause);
    }

    [Fact]
    public void A_call_without_a_common_codec_is_refused_with_488_and_the_reason_in_words()
    {
        var (_, script) = _bench.Incoming(offer: CallBench.Offer.Replace("RTP/AVP 0 8 101", "RTP/AVP 18", StringComparison.Ordinal));
        _bench.Run(script, ScriptOp.Answer);
        var hangup = Assert.Single(_bench.Commands<LegCommand.Hangup>());
        Assert.Equal(488, hangup.Cause.ToSipStatus());
        Assert.Contains("no common codec", hangup.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_free_port_the_call_fails_and_leaves_nothing()
    {
        _bench.Media.RefuseOpen = true;
        var (leg, script) = _bench.Incoming();
        _bench.Run(script, ScriptOp.Answer);
        _bench.End(script);
        Assert.False(leg.IsUp);
        Assert.Equal(503, Assert.Single(_bench.Commands<LegCommand.Hangup>()).Cause.ToSipStatus());
        Assert.Equal(0, _bench.Table.Count);
    }

    [Fact]
    public void A_delayed_offer_is_ours_and_its_answer_comes_with_the_confirmation()
    {
        var (leg, script) = _bench.Incoming(offer: null);
        _bench.Run(script, ScriptOp.Answer);
        Assert.Contains("m=audio", Assert.Single(_bench.Commands<LegCommand.Answer>()).Sdp, StringComparison.Ordinal);
        Assert.Null(leg.Negotiated);
        _bench.Post(new LegEvent.Confirmed(leg.Id, CallBench.OfferWithoutEvents));
        Assert.Equal("PCMU", leg.Negotiated!.Audio.Codec.Name);
    }

    [Fact]
    public void Hangup_by_the_peer_ends_a_blocking_operation_with_the_dead_value()
    {
        var (leg, script) = _bench.Incoming();
        _bench.Run(script, ScriptOp.Answer);
        var sleep = _bench.Run(script, ScriptOp.Sleep, "60000");
        Assert.DoesNotContain(sleep, _bench.Scripts.Completed.Keys);
        _bench.Post(new LegEvent.HungUp(leg.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.Equal(-1, _bench.Scripts.Completed[sleep].Status);
        Assert.Contains(_bench.Scripts.Gone, g => g.Run == script.Run && g.Reason == "hangup");
        Assert.False(_bench.Scripts.Port.Snapshot(leg.Id).IsReady);
        Assert.Equal("NORMAL_CLEARING", _bench.Scripts.Port.GetVariable(leg.Id, "hangup_cause"));       // still readable by the hangup hook
        Assert.Equal("peer", _bench.Cdr.Closed[0].HungUpBy);
        _bench.End(script);
        Assert.Null(_bench.Table.Find(leg.Id));
    }

    [Fact]
    public void Hangup_is_idempotent_and_makes_one_record()
    {
        var (leg, script) = _bench.Incoming();
        _bench.Run(script, ScriptOp.Hangup, "USER_BUSY");
        _bench.Run(script, ScriptOp.Hangup, "NORMAL_CLEARING");
        _bench.Post(new LegEvent.HungUp(leg.Id, HangupCause.NormalClearing, 487, "", ByPeer: true));
        Assert.Equal("USER_BUSY", Assert.Single(_bench.Cdr.Closed).HangupCause);
    }

    [Fact]
    public void A_profile_without_a_context_refuses_calls_that_have_no_user()
    {
        var id = _bench.Calls.NewLeg();
        _bench.Post(new LegEvent.Incoming(id, new IncomingCaller("sofia", "internal", "x", null, "", "666", "5000", new(System.Net.IPAddress.Loopback, 1)), null, []));
        Assert.Equal(403, Assert.Single(_bench.Commands<LegCommand.Hangup>()).ProtocolStatus);
        Assert.Empty(_bench.Scripts.Started);
        Assert.Empty(_bench.Cdr.Opened);
    }

    [Fact]
    public void Above_the_limit_and_while_draining_new_calls_get_503()
    {
        var bench = new CallBench(o => o.MaxSessions = 1);
        bench.Incoming();
        var id = bench.Calls.NewLeg();
        bench.Post(new LegEvent.Incoming(id, new IncomingCaller("sofia", "internal", "x", bench.Directory.ByNumber["1000"], "", "1", "5000", new(System.Net.IPAddress.Loopback, 1)), null, []));
        Assert.Equal(503, Assert.Single(bench.Commands<LegCommand.Hangup>()).ProtocolStatus);
        Assert.True(bench.Calls.IsRefusingCalls);
    }

    [Fact]
    public void Hold_makes_the_far_leg_hear_music_and_resume_ends_it()
    {
        var (a, b, _, _) = _bench.Bridged();
        _bench.Post(new LegEvent.Reoffered(a.Id, CallBench.Held));
        Assert.Contains("a=recvonly", Assert.Single(_bench.Commands<LegCommand.AcceptReoffer>()).Sdp, StringComparison.Ordinal);
        Assert.True(a.IsHeld);
        Assert.Contains("music.wav", _bench.Media.Playing[b.Media.Index].Source, StringComparison.Ordinal);
        _bench.Post(new LegEvent.Reoffered(a.Id, CallBench.Resumed));
        Assert.False(a.IsHeld);
        Assert.Empty(_bench.Media.Playing);
        Assert.Same(b, a.Peer);
    }

    [Fact]
    public void A_refused_reoffer_leaves_the_old_session_in_force()
    {
        var (a, _, _, _) = _bench.Bridged();
        var before = a.Negotiated;
        _bench.Post(new LegEvent.Reoffered(a.Id, CallBench.Offer.Replace("RTP/AVP 0 8 101", "RTP/AVP 18", StringComparison.Ordinal)));
        Assert.Single(_bench.Commands<LegCommand.RejectReoffer>());
        Assert.Same(before, a.Negotiated);
        Assert.True(a.IsUp);
    }

    [Fact]
    public void A_digit_goes_to_the_far_leg_exactly_once_whatever_each_side_speaks()
    {
        var (a, b, _, _) = _bench.Bridged();
        _bench.Media.Journal.Clear();
        _bench.Media.Digit(a.Media.Index, '5');         // RTP to RTP: relayed by the media plane itself
        _bench.Settle();
        Assert.DoesNotContain(_bench.Media.Journal, j => j.StartsWith("dtmf", StringComparison.Ordinal));
        _bench.Post(new LegEvent.Dtmf(a.Id, '6', 160)); // INFO to RTP
        Assert.Single(_bench.Media.Journal, $"dtmf {b.Media.Index} 6");
        Assert.Empty(_bench.Commands<LegCommand.SendDtmf>());
    }

    [Fact]
    public void A_digit_toward_a_leg_without_telephone_event_goes_by_signalling()
    {
        var (a, _, _, _) = _bench.Bridged(CallBench.OfferWithoutEvents);
        _bench.Media.Digit(a.Media.Index, '7');
        _bench.Settle();
        Assert.Equal('7', Assert.Single(_bench.Commands<LegCommand.SendDtmf>()).Digit);
    }

    [Fact]
    public void A_media_timeout_ends_the_call_with_its_own_cause()
    {
        var (leg, script) = _bench.Incoming();
        _bench.Run(script, ScriptOp.Answer);
        _bench.Engine.Core.OnMedia(new(Media.MediaEventKind.Timeout, leg.Media, leg.MediaOwner, 0, 0, 0, 0));
        _bench.Settle();
        Assert.Equal(HangupCause.MediaTimeout, leg.Cause);
    }
}
