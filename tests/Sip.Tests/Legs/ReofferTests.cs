using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class ReofferTests
{
    private const string Hold = "v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n";
    private const string OurHold = "v=0\r\no=- 7 8 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\na=recvonly\r\n";

    [Fact]
    public void The_peer_holds_and_resumes()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", Hold, "Contact: <sip:moved@192.0.2.9:5070>\r\n"));
        Assert.Equal(100, peer.Take().Status);
        Assert.Equal(Hold, host.TakeEvent<LegEvent.Reoffered>().Offer);
        host.Command(new LegCommand.AcceptReoffer(leg, OurHold));
        var ok = peer.Take();
        Assert.Equal(200, ok.Status);
        Assert.Equal(OurHold, ok.Body);
        peer.Send(peer.Request("ACK", cseq: peer.CSeq));

        peer.Send(peer.Request("INVITE", SipPeer.Sdp));
        peer.Take();
        host.TakeEvent<LegEvent.Reoffered>();
        host.Command(new LegCommand.AcceptReoffer(leg, SipPeer.OurSdp));
        Assert.Equal(200, peer.Take().Status);
        peer.Send(peer.Request("ACK", cseq: peer.CSeq));

        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal("sip:1000@192.0.2.9:5060", peer.Take().RequestUri);    // the second re-INVITE moved the target back
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_refused_offer_leaves_the_session_and_the_target()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", Hold, "Contact: <sip:moved@192.0.2.9:5070>\r\n"));
        peer.Take();
        host.TakeEvent<LegEvent.Reoffered>();
        host.Command(new LegCommand.RejectReoffer(leg, "No codec"));
        var refused = peer.Take();
        Assert.Equal("SIP/2.0 488 No codec", refused.FirstLine);
        peer.Send(peer.Request("ACK", cseq: peer.CSeq, branch: refused.Branch));

        // The refused offer comes again: it must reach the core, not be answered as a repetition.
        peer.Send(peer.Request("INVITE", Hold));
        Assert.Equal(100, peer.Take().Status);
        host.TakeEvent<LegEvent.Reoffered>();
        host.Command(new LegCommand.RejectReoffer(leg, ""));
        Assert.Equal(488, peer.Take().Status);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal("sip:1000@192.0.2.9:5060", peer.Take().RequestUri);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void The_same_offer_again_is_answered_with_the_same_answer_without_the_core()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp));
        var ok = peer.Take();
        Assert.Equal(200, ok.Status);
        Assert.Equal(SipPeer.OurSdp, ok.Body);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void A_reinvite_without_offer_asks_for_ours_and_the_answer_comes_in_the_ack()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE"));
        peer.Take();
        Assert.Null(host.TakeEvent<LegEvent.Reoffered>().Offer);
        host.Command(new LegCommand.AcceptReoffer(leg, OurHold));
        Assert.Equal(OurHold, peer.Take().Body);
        peer.Send(peer.Request("ACK", Hold, cseq: peer.CSeq));
        Assert.Equal(Hold, host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
    }

    [Fact]
    public void Our_offer_is_answered_and_acknowledged()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, OurHold));
        var invite = peer.Take();
        Assert.Equal(OurHold, invite.Body);
        Assert.Equal(peer.RemoteTag, invite.FromTag);
        Assert.Equal("peer1", invite.ToTag);
        Assert.Equal("sip:1000@192.0.2.9:5060", invite.RequestUri);
        peer.Send(peer.Response(invite, "200 OK", Hold));
        var ack = peer.Take();
        Assert.Equal(("ACK", invite.CSeq), (ack.Method, ack.CSeq));
        Assert.Equal(Hold, host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
        peer.Send(peer.Response(invite, "200 OK", Hold));
        Assert.Equal(ack.Text, peer.Take().Text);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void A_refusal_of_our_offer_keeps_the_old_session()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, OurHold));
        var invite = peer.Take();
        peer.Send(peer.Response(invite, "488 Not Acceptable Here"));
        Assert.Equal("ACK", peer.Take().Method);
        Assert.Null(host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
        Assert.Empty(host.LegEvents);
    }

    [Theory]
    [InlineData("481 No Call")]
    [InlineData("408 Timeout")]
    public void A_peer_that_lost_the_call_ends_it(string status)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, OurHold));
        peer.Send(peer.Response(peer.Take(), status));
        Assert.Equal("ACK", peer.Take().Method);
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(int.Parse(status[..3]), host.TakeEvent<LegEvent.HungUp>().ProtocolStatus);
        SipTest.AssertNothingLeft(host);
    }

    [Theory]
    [InlineData(false, 0, 2000)]
    [InlineData(true, 2100, 4000)]
    public void Glare_is_refused_by_both_and_tried_again_in_the_time_of_the_call_ids_owner(bool weCalled, int from, int to)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, weCalled ? "2000" : "1000");
        var leg = weCalled ? Outgoing(host, peer) : SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, OurHold));
        var ours = peer.Take();
        peer.Send(peer.Request("INVITE", Hold));
        Assert.Equal("491 INVITE", peer.Take() is var r ? $"{r.Status} {r.Method}" : "");
        Assert.Empty(host.LegEvents);
        peer.Send(peer.Response(ours, "491 Request Pending"));
        Assert.Equal("ACK", peer.Take().Method);

        var start = host.Now;
        host.TakeAll();
        while (!host.Sent.Any(p => p.FirstLine.StartsWith("INVITE", StringComparison.Ordinal)))
        {
            Assert.True(host.Now - start < TimeSpan.FromSeconds(5), "never tried again");
            host.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange((host.Now - start).TotalMilliseconds, from, to + 10);
        var again = new SipTestMessage(host.TakeAll().First(p => p.FirstLine.StartsWith("INVITE", StringComparison.Ordinal)).Text);
        Assert.Equal(OurHold, again.Body);
        Assert.Equal(ours.CSeq + 1, again.CSeq);
        peer.Send(peer.Response(again, "200 OK", Hold));
        Assert.Equal(Hold, host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
    }

    [Fact]
    public void Endless_glare_is_given_up()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, OurHold));
        var tries = new HashSet<string>();
        for (var i = 0; i < 2000 && host.LegEvents.Count == 0; i++)
        {
            foreach (var packet in host.TakeAll().Where(p => p.FirstLine.StartsWith("INVITE", StringComparison.Ordinal)))
            {
                var invite = new SipTestMessage(packet.Text);
                tries.Add(invite.Branch);
                peer.Send(peer.Response(invite, "491 Request Pending"));
            }

            host.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(6, tries.Count);    // the first and five more
        Assert.Null(host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
    }

    [Fact]
    public void A_second_offer_of_the_peer_before_the_first_is_answered_gets_500_and_when_to_come_back()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", Hold));
        peer.Take();
        peer.Send(peer.Request("INVITE", SipPeer.Sdp));
        var refused = peer.Take();
        Assert.Equal(500, refused.Status);
        Assert.InRange(int.Parse(refused["Retry-After"]), 0, 10);
    }

    [Fact]
    public void An_offer_that_the_core_never_answers_is_refused()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", Hold));
        peer.Take();
        host.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(500, peer.Take().Status);
    }

    [Fact]
    public void Our_offer_waits_for_the_ack_and_for_the_peers_offer()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        peer.TakeResponse();
        host.Command(new LegCommand.Reoffer(leg, OurHold));
        Assert.Empty(host.Sent);
        peer.Send(peer.Request("ACK", cseq: 1));
        Assert.Equal("INVITE", peer.Take().Method);
        Assert.Single(host.LegEvents);
    }

    [Fact]
    public void Asking_the_peer_for_an_offer_puts_our_answer_into_the_ack()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, null));
        var invite = peer.Take();
        Assert.Equal("", invite.Body);
        peer.Send(peer.Response(invite, "200 OK", Hold));
        Assert.Equal(Hold, host.TakeEvent<LegEvent.Reoffered>().Offer);
        Assert.Empty(host.Sent);
        host.Command(new LegCommand.AcceptReoffer(leg, OurHold));
        var ack = peer.Take();
        Assert.Equal(("ACK", OurHold), (ack.Method, ack.Body));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_end_before_our_answer_acknowledges_the_peers_2xx_first(bool refuses)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Reoffer(leg, null));
        var invite = peer.Take();
        peer.Send(peer.Response(invite, "200 OK", Hold));
        host.TakeEvent<LegEvent.Reoffered>();
        host.Command(refuses ? new LegCommand.RejectReoffer(leg, "no") : new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal(("ACK", invite.CSeq), peer.Take() is var ack ? (ack.Method, ack.CSeq) : default);
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(refuses ? HangupCause.IncompatibleDestination : HangupCause.NormalClearing, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void An_update_with_an_offer_is_answered_in_its_200()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("UPDATE", Hold));
        Assert.Empty(host.Sent);
        Assert.Equal(Hold, host.TakeEvent<LegEvent.Reoffered>().Offer);
        host.Command(new LegCommand.AcceptReoffer(leg, OurHold));
        var ok = peer.Take();
        Assert.Equal("200 UPDATE", $"{ok.Status} {ok.Method}");
        Assert.Equal(OurHold, ok.Body);
    }

    [Fact]
    public void A_body_of_another_type_gets_415()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", "x", contentType: "text/plain"));
        var refused = peer.Take();
        Assert.Equal(415, refused.Status);
        Assert.Equal("application/sdp", refused["Accept"]);
    }

    [Fact]
    public void A_reinvite_in_place_of_a_lost_ack_confirms_the_call()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        peer.TakeResponse();
        peer.Send(peer.Request("INVITE", Hold));
        Assert.Equal(100, peer.Take().Status);
        host.TakeEvent<LegEvent.Confirmed>();
        host.TakeEvent<LegEvent.Reoffered>();
        host.Command(new LegCommand.AcceptReoffer(leg, OurHold));
        Assert.Equal(200, peer.Take().Status);
    }

    private static LegId Outgoing(PluginTestHost host, SipPeer peer)
    {
        var (leg, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        host.TakeEvent<LegEvent.Answered>();
        Assert.Equal("ACK", peer.Take().Method);
        peer.CallId = invite["Call-ID"];
        peer.RemoteTag = invite.FromTag;
        peer.Target = invite.ContactUri;
        return leg;
    }
}
