using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class AnswerTests
{
    [Fact]
    public void A_2xx_is_repeated_until_the_ack_comes()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        var ok = peer.TakeResponse();
        host.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ok.Text, peer.Take().Text);
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ok.Text, peer.Take().Text);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, cseq: 1, branch: ok.Branch));    // absorbed, RFC 6026
        Assert.Empty(host.Sent);
        peer.Send(peer.Request("ACK", cseq: 1));
        host.TakeEvent<LegEvent.Confirmed>();
        host.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(host.Sent);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void Without_an_ack_the_call_is_ended_by_bye_after_64_T1()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        host.Advance(TimeSpan.FromSeconds(31.9));

        // 0.5 + 1 + 2 + 7 × 4 = 31.5 s: ten repetitions after the first.
        Assert.Equal(11, host.TakeAll().Count);
        host.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(HangupCause.RecoveryOnTimerExpire, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_hangup_before_the_ack_waits_for_it()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        peer.TakeResponse();
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Empty(host.Sent);
        host.TakeEvent<LegEvent.HungUp>();
        peer.Send(peer.Request("ACK", cseq: 1));
        var bye = peer.Take();
        Assert.Equal("BYE", bye.Method);
        Assert.Equal("Q.850;cause=16;text=\"NORMAL_CLEARING\"", bye["Reason"]);
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Delayed_offer_ours_in_183_and_200_the_answer_in_the_ack()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INVITE"));
        peer.Take();
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Null(incoming.Offer);
        host.Command(new LegCommand.EarlyMedia(incoming.Leg, SipPeer.OurSdp));
        Assert.Equal(SipPeer.OurSdp, peer.TakeResponse().Body);
        host.Command(new LegCommand.Answer(incoming.Leg, SipPeer.OurSdp));
        Assert.Equal(SipPeer.OurSdp, peer.TakeResponse().Body);
        peer.Send(peer.Request("ACK", SipPeer.Sdp, cseq: 1));
        Assert.Equal(SipPeer.Sdp, host.TakeEvent<LegEvent.Confirmed>().Answer);
    }

    [Fact]
    public void Delayed_offer_without_an_answer_in_the_ack_ends_the_call()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, sdp: "");
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        peer.TakeResponse();
        peer.Send(peer.Request("ACK", cseq: 1));
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(HangupCause.IncompatibleDestination, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Early_media_is_183_and_ringing_after_it_says_nothing()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp));
        var progress = peer.Take();
        Assert.Equal(183, progress.Status);
        Assert.Equal(SipPeer.OurSdp, progress.Body);
        host.Command(new LegCommand.Ring(leg));
        Assert.Empty(host.Sent);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Equal(progress.ToTag, peer.Take().ToTag);
    }

    [Theory]
    [InlineData(HangupCause.UserBusy, 0, "486 Busy Here", "Q.850;cause=17;text=\"USER_BUSY\"")]
    [InlineData(HangupCause.NoAnswer, 0, "480 Temporarily Unavailable", "Q.850;cause=19;text=\"NO_ANSWER\"")]
    [InlineData(HangupCause.UnallocatedNumber, 0, "404 Not Found", "Q.850;cause=1;text=\"UNALLOCATED_NUMBER\"")]
    [InlineData(HangupCause.CallRejected, 403, "403 Forbidden", "Q.850;cause=21;text=\"CALL_REJECTED\"")]
    [InlineData(HangupCause.CallRejected, 999, "603 Decline", "Q.850;cause=21;text=\"CALL_REJECTED\"")]
    public void A_refusal_has_the_status_of_its_cause_unless_one_is_given(HangupCause cause, int status, string line, string reason)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Hangup(leg, cause, status, ""));
        var refused = peer.Take();
        Assert.Equal("SIP/2.0 " + line, refused.FirstLine);
        Assert.Equal(reason, refused["Reason"]);
        peer.Send(peer.Request("ACK", cseq: 1, branch: refused.Branch));
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(host.Sent);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_redirection_carries_the_new_address()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Redirect(leg, "sip:2000@192.0.2.77\r\nX: y"));
        var moved = peer.Take();
        Assert.Equal(302, moved.Status);
        Assert.Equal("<sip:2000@192.0.2.77X: y>", moved["Contact"]);
        Assert.Equal(HangupCause.RedirectionToNewDestination, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Expires_of_the_invite_ends_a_call_that_is_not_answered_in_time()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Expires: 20\r\n");
        host.Command(new LegCommand.Ring(leg));
        peer.Take();
        host.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(487, peer.Take().Status);
        Assert.Equal(487, host.TakeEvent<LegEvent.HungUp>().ProtocolStatus);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void The_caller_may_end_an_early_dialog_by_bye()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Ring(leg));
        peer.TakeResponse();
        peer.Send(peer.Request("BYE"));
        Assert.Equal(["200 BYE", "487 INVITE"], host.TakeAll().Select(p => new SipTestMessage(p.Text)).Select(m => $"{m.Status} {m.Method}"));
        Assert.True(host.TakeEvent<LegEvent.HungUp>().ByPeer);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Record_routes_are_given_back_and_followed_in_order()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Record-Route: <sip:192.0.2.50;lr>\r\nRecord-Route: <sip:192.0.2.51:5077;lr>\r\n");
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Equal(["<sip:192.0.2.50;lr>", "<sip:192.0.2.51:5077;lr>"], peer.TakeResponse().All("Record-Route"));
        peer.Send(peer.Request("ACK", cseq: 1));
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var sent = host.Take();
        Assert.Equal("192.0.2.50:5060", sent.To.ToString());
        Assert.Equal(["<sip:192.0.2.50;lr>", "<sip:192.0.2.51:5077;lr>"], new SipTestMessage(sent.Text).All("Route"));
    }

    [Fact]
    public void The_cause_of_a_bye_is_read_from_its_reason()
    {
        foreach (var (reason, cause) in new[]
        {
            ("Reason: Q.850;cause=31;text=\"x\"\r\n", HangupCause.NormalUnspecified),
            ("Reason: SIP;cause=603\r\n", HangupCause.CallRejected),
            ("Reason: Q.850 ; cause=\"x\"\r\n", HangupCause.NormalClearing),
            ("Reason: Q.850;cause=16;text=\"BLIND_TRANSFER\"\r\n", HangupCause.BlindTransfer),
            ("", HangupCause.NormalClearing),
        })
        {
            var host = SipTest.Open();
            var peer = new SipPeer(host);
            SipTest.Answered(host, peer);
            peer.Send(peer.Request("BYE", extra: reason));
            Assert.Equal(cause, host.TakeEvent<LegEvent.HungUp>().Cause);
        }
    }

    [Fact]
    public void Requests_out_of_order_get_500_and_within_an_unknown_dialog_481()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("INFO", cseq: 7));
        Assert.Equal(200, peer.Take().Status);
        peer.Send(peer.Request("INFO", cseq: 6));
        Assert.Equal(500, peer.Take().Status);
        peer.Send(peer.Request("INFO", cseq: 7));
        Assert.Equal(482, peer.Take().Status);
        peer.RemoteTag = "other";
        foreach (var method in new[] { "INVITE", "BYE", "INFO", "UPDATE", "OPTIONS" })
        {
            peer.Send(peer.Request(method));
            Assert.Equal(481, peer.Take().Status);
        }

        peer.Send(peer.Request("ACK"));
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void Variables_of_the_message_reach_the_core()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, "User-Agent: Phone 1\r\nX-Tag: 5\r\nx-other: a\tb\r\nY-No: 1\r\nP-Asserted-Identity: <sip:7@example.com>\r\n"));
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        var variables = incoming.Variables.ToDictionary(p => p.Key, p => p.Value);
        Assert.Equal("1000", variables["sip_from_user"]);
        Assert.Equal("9196", variables["sip_to_user"]);
        Assert.Equal("9196", variables["sip_req_user"]);
        Assert.Equal(peer.CallId, variables["sip_call_id"]);
        Assert.Equal("192.0.2.9", variables["sip_network_ip"]);
        Assert.Equal("Phone 1", variables["sip_user_agent"]);
        Assert.Equal("udp", variables["sip_via_protocol"]);
        Assert.Equal("1000", variables["sip_contact_user"]);
        Assert.Equal("internal", variables["sofia_profile_name"]);
        Assert.Equal("5", variables["sip_h_X-Tag"]);
        Assert.Equal("<sip:7@example.com>", variables["sip_h_P-Asserted-Identity"]);
        Assert.Equal("69", variables["max_forwards"]);
        Assert.DoesNotContain("sip_h_Y-No", variables.Keys);
        Assert.Equal("192.0.2.1", incoming.Caller.Local.ToString());
    }
}
