using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

/// <summary>Reliable provisional responses: RFC 3262, and the exchanges within them, RFC 6337.</summary>
public sealed class ReliableTests
{
    [Fact]
    public void A_peer_that_requires_it_gets_a_numbered_response_until_its_prack()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Require: 100rel\r\n");
        host.Command(new LegCommand.Ring(leg));
        var first = peer.TakeResponse();
        Assert.Equal(180, first.Status);
        Assert.Equal("100rel", first["Require"]);
        var number = uint.Parse(first["RSeq"]);
        Assert.InRange(number, 1u, 0x7fff_ffffu);

        // T1, doubling without a cap (RFC 3262 §3).
        var gaps = new List<double>();
        var last = host.Now;
        for (var i = 0; i < 4; i++)
        {
            while (host.Sent.Count == 0)
            {
                host.Advance(TimeSpan.FromMilliseconds(100));
            }

            Assert.Equal(first.Text, peer.Take().Text);
            gaps.Add((host.Now - last).TotalMilliseconds);
            last = host.Now;
        }

        Assert.Equal([500, 1000, 2000, 4000], gaps);
        peer.Send(peer.Request("PRACK", extra: $"RAck: {number} 1 INVITE\r\n"));
        Assert.Equal(200, peer.Take().Status);
        host.Advance(TimeSpan.FromSeconds(20));
        Assert.Empty(host.Sent);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Equal(200, peer.TakeResponse().Status);
    }

    [Fact]
    public void Without_a_prack_the_call_is_refused_after_32_seconds()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Require: 100rel\r\n");
        host.Command(new LegCommand.Ring(leg));
        host.Advance(TimeSpan.FromSeconds(33));
        Assert.Equal(HangupCause.RecoveryOnTimerExpire, host.TakeEvent<LegEvent.HungUp>().Cause);
        Assert.Contains(host.TakeAll(), p => p.FirstLine.StartsWith("SIP/2.0 504", StringComparison.Ordinal));
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void The_next_response_waits_for_the_prack_of_the_one_before_and_has_the_next_number()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Require: 100rel\r\n");
        host.Command(new LegCommand.Ring(leg));
        var first = uint.Parse(peer.TakeResponse()["RSeq"]);
        host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp));
        Assert.Empty(host.Sent);
        peer.Send(peer.Request("PRACK", extra: $"RAck: {first} 1 INVITE\r\n"));
        Assert.Equal(200, peer.Take().Status);
        var second = peer.TakeResponse();
        Assert.Equal(183, second.Status);
        Assert.Equal(first + 1, uint.Parse(second["RSeq"]));
        Assert.Equal(SipPeer.OurSdp, second.Body);

        // The 2xx waits as long as the description is not acknowledged, and has none then.
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Empty(host.Sent);
        peer.Send(peer.Request("PRACK", extra: $"RAck: {first + 1} 1 INVITE\r\n"));
        Assert.Equal(200, peer.Take().Status);
        var ok = peer.TakeResponse();
        Assert.Equal((200, ""), (ok.Status, ok.Body));
    }

    [Fact]
    public void A_prack_that_acknowledges_nothing_is_refused()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Require: 100rel\r\n");
        host.Command(new LegCommand.Ring(leg));
        var number = uint.Parse(peer.TakeResponse()["RSeq"]);
        foreach (var wrong in (string[])[$"{number + 1} 1 INVITE", $"{number} 2 INVITE", $"{number} 1 BYE", "x", ""])
        {
            peer.Send(peer.Request("PRACK", extra: wrong.Length > 0 ? $"RAck: {wrong}\r\n" : ""));
            Assert.Equal(481, peer.Take().Status);
        }
    }

    [Fact]
    public void A_delayed_offer_is_made_in_the_reliable_response_and_answered_in_the_prack()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, sdp: "", extra: "Supported: 100rel\r\n");
        host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp));
        var early = peer.TakeResponse();
        Assert.Equal(("100rel", SipPeer.OurSdp), (early["Require"], early.Body));
        peer.Send(peer.Request("PRACK", SipPeer.Sdp, $"RAck: {early["RSeq"]} 1 INVITE\r\n"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Equal(SipPeer.Sdp, host.TakeEvent<LegEvent.ReofferAnswered>().Answer);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Equal("", peer.TakeResponse().Body);
        peer.Send(peer.Request("ACK", cseq: 1));
        Assert.Null(host.TakeEvent<LegEvent.Confirmed>().Answer);
    }

    [Fact]
    public void Before_the_answer_an_update_with_an_offer_is_answered_once_the_first_exchange_is_complete()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Require: 100rel\r\n");
        host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp));
        var early = peer.TakeResponse();
        peer.Send(peer.Request("UPDATE", SipPeer.Sdp.Replace("4000", "4002", StringComparison.Ordinal)));
        Assert.Equal(491, peer.Take().Status);
        peer.Send(peer.Request("PRACK", extra: $"RAck: {early["RSeq"]} 1 INVITE\r\n"));
        Assert.Equal(200, peer.Take().Status);
        peer.Send(peer.Request("UPDATE", SipPeer.Sdp.Replace("4000", "4004", StringComparison.Ordinal)));
        Assert.Contains("4004", host.TakeEvent<LegEvent.Reoffered>().Offer, StringComparison.Ordinal);
        host.Command(new LegCommand.AcceptReoffer(leg, SipPeer.OurSdp));
        var ok = peer.Take();
        Assert.Equal((200, "UPDATE", SipPeer.OurSdp), (ok.Status, ok.Method, ok.Body));
    }

    [Fact]
    public void Switched_off_it_is_an_extension_that_is_not_known()
    {
        var host = SipTest.Open("""{ "internalAcl": ["192.0.2.0/24"], "reliableProvisional": "off" }""");
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, "Require: 100rel\r\n"));
        var refused = peer.Take();
        Assert.Equal((420, "100rel"), (refused.Status, refused["Unsupported"]));
        var (_, invite) = SipTest.Originate(host);
        Assert.DoesNotContain("100rel", invite["Supported"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_reliable_response_of_the_peer_is_acknowledged_once_and_in_order()
    {
        var host = SipTest.Open();
        var (leg, invite) = SipTest.Originate(host);
        Assert.Contains("100rel", invite["Supported"], StringComparison.Ordinal);
        var peer = new SipPeer(host, "2000");
        var early = peer.Response(invite, "183 Session Progress", SipPeer.Sdp, "Require: 100rel\r\nRSeq: 71\r\n");
        peer.Send(early);
        var prack = peer.Take();
        Assert.Equal("PRACK", prack.Method);
        Assert.Equal($"71 {invite.CSeq} INVITE", prack["RAck"]);
        Assert.Equal(invite.CSeq + 1, prack.CSeq);
        Assert.Equal(peer.LocalTag, prack.ToTag);
        host.TakeEvent<LegEvent.Progress>();
        peer.Send(peer.Response(prack, "200 OK"));
        peer.Send(early);
        Assert.Empty(host.Sent);

        // One that is ahead of its turn is not looked at.
        peer.Send(peer.Response(invite, "180 Ringing", "", "Require: 100rel\r\nRSeq: 73\r\n"));
        Assert.Empty(host.Sent);
        Assert.Empty(host.LegEvents);
        peer.Send(peer.Response(invite, "180 Ringing", "", "Require: 100rel\r\nRSeq: 72\r\n"));
        var second = peer.Take();
        Assert.Equal($"72 {invite.CSeq} INVITE", second["RAck"]);
        peer.Send(peer.Response(second, "200 OK"));
        host.TakeEvent<LegEvent.Ringing>();

        // Requests go on counting where the early dialog stopped.
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        Assert.Equal("ACK", peer.Take().Method);
        Assert.Null(host.TakeEvent<LegEvent.Answered>().Answer);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = peer.Take();
        Assert.Equal(second.CSeq + 1, bye.CSeq);
        peer.Send(peer.Response(bye, "200 OK"));
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Early_media_that_the_network_calls_inactive_is_not_heard_but_its_description_counts()
    {
        var host = SipTest.Open();
        var (_, invite) = SipTest.Originate(host);
        var peer = new SipPeer(host, "2000");
        peer.Send(peer.Response(invite, "183 Session Progress", SipPeer.Sdp, "P-Early-Media: inactive\r\n"));
        Assert.Empty(host.LegEvents);
        peer.Send(peer.Response(invite, "200 OK"));
        Assert.Equal(SipPeer.Sdp, host.TakeEvent<LegEvent.Answered>().Answer);
    }

    [Fact]
    public void A_swap_in_between_changes_nothing()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Require: 100rel\r\n");
        host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp));
        var early = peer.TakeResponse();
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        host.Swap(new SipPlugin());
        host.Advance(TimeSpan.FromMilliseconds(600));
        Assert.Equal(early.Text, peer.Take().Text);
        peer.Send(peer.Request("PRACK", extra: $"RAck: {early["RSeq"]} 1 INVITE\r\n"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Equal((200, ""), (peer.TakeResponse() is var ok ? ok.Status : 0, ok.Body));
    }
}
