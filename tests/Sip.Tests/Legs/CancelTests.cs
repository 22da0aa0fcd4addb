using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class CancelTests
{
    [Fact]
    public void Cancel_of_a_ringing_call_gets_200_and_the_invite_487()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Ring(leg));
        peer.TakeResponse();
        peer.RemoteTag = "";
        var branch = peer.Last.Branch;
        peer.Send(peer.Request("CANCEL", cseq: 1, branch: branch, extra: "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"));

        Assert.Equal("200 CANCEL", Key(peer.Take()));
        Assert.Equal("487 INVITE", Key(peer.Take()));
        var end = host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(HangupCause.LoseRace, end.Cause);
        Assert.Equal(487, end.ProtocolStatus);
        peer.Send(peer.Request("ACK", cseq: 1, branch: branch));
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));    // the core's answer was on its way
        Assert.Empty(host.Sent);
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Cancel_after_the_final_response_gets_200_and_changes_nothing()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        var branch = peer.Last.Branch;
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Equal(200, peer.Take().Status);
        peer.Send(peer.Request("CANCEL", cseq: 1, branch: branch));
        Assert.Equal("200 CANCEL", Key(peer.Take()));
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void Cancel_of_nothing_gets_481()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("CANCEL"));
        Assert.Equal("481 CANCEL", Key(peer.Take()));
        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));
    }

    [Fact]
    public void Our_cancel_waits_for_a_provisional_response()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NoAnswer, 0, ""));
        Assert.Empty(host.Sent);
        Assert.Equal(HangupCause.NoAnswer, host.TakeEvent<LegEvent.HungUp>().Cause);

        peer.Send(peer.Response(invite, "100 Trying"));
        var cancel = peer.Take();
        Assert.Equal("CANCEL", cancel.Method);
        Assert.Equal(invite.Branch, cancel.Branch);
        Assert.Equal(invite.RequestUri, cancel.RequestUri);
        Assert.Equal(invite["To"], cancel["To"]);
        Assert.Equal(invite["From"], cancel["From"]);
        Assert.Equal(invite.CSeq, cancel.CSeq);
        Assert.Equal("Q.850;cause=19;text=\"NO_ANSWER\"", cancel["Reason"]);
        peer.Send(peer.Response(cancel, "200 OK"));
        peer.Send(peer.Response(invite, "487 Request Terminated"));
        var ack = peer.Take();
        Assert.Equal("ACK", ack.Method);
        Assert.Equal(invite.Branch, ack.Branch);
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_lost_race_says_that_the_call_was_completed_elsewhere()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "180 Ringing"));
        host.Command(new LegCommand.Hangup(leg, HangupCause.LoseRace, 0, ""));
        Assert.Equal("SIP;cause=200;text=\"Call completed elsewhere\"", peer.Take()["Reason"]);
    }

    [Fact]
    public void A_2xx_that_crosses_our_cancel_is_acknowledged_and_ended()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "180 Ringing"));
        host.TakeEvent<LegEvent.Ringing>();
        host.Command(new LegCommand.Hangup(leg, HangupCause.OriginatorCancel, 0, ""));
        Assert.Equal("CANCEL", peer.Take().Method);
        host.TakeEvent<LegEvent.HungUp>();

        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        var ack = peer.Take();
        Assert.Equal("ACK", ack.Method);
        Assert.NotEqual(invite.Branch, ack.Branch);
        var bye = peer.Take();
        Assert.Equal("BYE", bye.Method);
        Assert.Equal("peer1", bye.ToTag);
        peer.Send(peer.Response(bye, "200 OK"));
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_cancelled_invite_that_is_never_answered_is_forgotten_after_64_T1()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "180 Ringing"));
        host.Command(new LegCommand.Hangup(leg, HangupCause.NoAnswer, 0, ""));
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Hangup_in_every_state_of_an_outgoing_call_reports_the_end_once_and_leaves_nothing()
    {
        for (var step = 0; step < 5; step++)
        {
            var host = SipTest.Open();
            var peer = new SipPeer(host, "2000");
            var (leg, invite) = SipTest.Originate(host);
            string[] responses = ["", "100 Trying", "180 Ringing", "183 Session Progress", "200 OK"];
            if (step > 0)
            {
                peer.Send(peer.Response(invite, responses[step], step > 2 ? SipPeer.Sdp : ""));
            }

            host.TakeAll();
            host.ClearEvents();
            host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
            host.Command(new LegCommand.Hangup(leg, HangupCause.UserBusy, 0, ""));
            Assert.Equal(HangupCause.NormalClearing, host.TakeEvent<LegEvent.HungUp>().Cause);
            SipTest.AssertNothingLeft(host);
            Assert.Empty(host.LegEvents);
        }
    }

    [Fact]
    public void Hangup_in_every_state_of_an_incoming_call_reports_the_end_once_and_leaves_nothing()
    {
        for (var step = 0; step < 4; step++)
        {
            var host = SipTest.Open();
            var peer = new SipPeer(host);
            var leg = SipTest.Call(host, peer);
            if (step == 1)
            {
                host.Command(new LegCommand.Ring(leg));
            }
            else if (step >= 2)
            {
                host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
                peer.TakeResponse();
                if (step == 3)
                {
                    peer.Send(peer.Request("ACK", cseq: 1));
                }
            }

            host.TakeAll();
            host.ClearEvents();
            host.Command(new LegCommand.Hangup(leg, HangupCause.UserBusy, 0, ""));
            host.Command(new LegCommand.Hangup(leg, HangupCause.UserBusy, 0, ""));
            var end = host.TakeEvent<LegEvent.HungUp>();
            Assert.Equal(HangupCause.UserBusy, end.Cause);
            Assert.Equal(step < 2 ? 486 : 200, end.ProtocolStatus);
            Assert.Equal(step < 2 ? 1 : step == 3 ? 1 : 0, host.Sent.Count);
            SipTest.AssertNothingLeft(host);
            Assert.Empty(host.LegEvents);
        }
    }

    private static string Key(SipTestMessage message) => message.Status + " " + message.Method;
}
