using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class MidDialogTests
{
    [Fact]
    public void Digits_come_by_info()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("INFO", "Signal=#\r\nDuration=160", contentType: "application/dtmf-relay"));
        Assert.Equal(200, peer.Take().Status);
        var digit = host.TakeEvent<LegEvent.Dtmf>();
        Assert.Equal(('#', 160), (digit.Digit, digit.DurationMs));
        peer.Send(peer.Last.Text);    // a repetition is one digit
        Assert.Equal(200, peer.Take().Status);
        Assert.Empty(host.LegEvents);
        peer.Send(peer.Request("INFO", "5", contentType: "application/dtmf"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Equal('5', host.TakeEvent<LegEvent.Dtmf>().Digit);
        peer.Send(peer.Request("INFO", "<x/>", contentType: "application/x-unknown"));
        var refused = peer.Take();
        Assert.Equal(415, refused.Status);
        Assert.Contains("application/dtmf-relay", refused["Accept"], StringComparison.Ordinal);
        peer.Send(peer.Request("INFO", "Signal=Z", contentType: "application/dtmf-relay"));
        Assert.Equal(400, peer.Take().Status);
        peer.Send(peer.Request("INFO"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void Digits_go_out_by_info()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.SendDtmf(leg, '5', 250));
        var info = peer.Take();
        Assert.Equal("INFO", info.Method);
        Assert.Equal("application/dtmf-relay", info["Content-Type"]);
        Assert.Equal("Signal=5\r\nDuration=250\r\n", info.Body);
    }

    [Fact]
    public void Messages_go_both_ways()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("MESSAGE", "héllo", contentType: "text/plain"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Equal("héllo", host.TakeEvent<LegEvent.Message>().Text);
        host.Command(new LegCommand.SendMessage(leg, "text/plain", "back"));
        Assert.Equal("back", peer.Take().Body);
    }

    [Fact]
    public void A_display_name_goes_by_update_to_a_peer_that_allows_it()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer, "Allow: INVITE, UPDATE\r\n");
        host.Command(new LegCommand.Display(leg, "Bob", "1001"));
        var update = peer.Take();
        Assert.Equal("UPDATE", update.Method);
        Assert.Equal("\"Bob\" <sip:1001@example.com>", update["P-Asserted-Identity"]);
    }

    [Fact]
    public void A_blind_transfer_is_accepted_and_reported_on()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("REFER", extra: "Refer-To: <sip:1001@example.com>\r\nReferred-By: <sip:1000@example.com>\r\n"));
        Assert.Equal(202, peer.Take().Status);
        var trying = peer.Take();
        Assert.Equal($"refer;id={peer.CSeq}", trying["Event"]);
        Assert.Equal("active;expires=60", trying["Subscription-State"]);
        Assert.Equal("SIP/2.0 100 Trying\r\n", trying.Body);
        Assert.Equal("message/sipfrag;version=2.0", trying["Content-Type"]);
        peer.Send(peer.Response(trying, "200 OK"));
        var asked = host.TakeEvent<LegEvent.TransferRequested>();
        Assert.Equal("1001", asked.Target);
        Assert.Equal(default, asked.Replaces);
        Assert.Equal("sip:1000@example.com", asked.ReferredBy);

        host.Command(new LegCommand.TransferProgress(leg, 180, false));
        peer.Send(peer.Response(peer.Take(), "200 OK"));
        host.Command(new LegCommand.TransferProgress(leg, 200, true));
        var last = peer.Take();
        Assert.Equal("terminated;reason=noresource", last["Subscription-State"]);
        Assert.Equal("SIP/2.0 200 OK\r\n", last.Body);
        host.Command(new LegCommand.TransferProgress(leg, 200, true));
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void An_attended_transfer_names_the_other_leg()
    {
        var host = SipTest.Open();
        var first = new SipPeer(host) { CallId = "one" };
        SipTest.Answered(host, first);
        var second = new SipPeer(host) { CallId = "two@192.0.2.9", LocalTag = "peer2" };
        var other = SipTest.Answered(host, second);
        first.Send(first.Request("REFER", extra: $"Refer-To: <sip:1001@elsewhere.example.org?Replaces=two%40192.0.2.9%3Bto-tag%3D{second.RemoteTag}%3Bfrom-tag%3Dpeer2>\r\n"));
        Assert.Equal(202, first.Take().Status);
        Assert.Equal(other, host.TakeEvent<LegEvent.TransferRequested>().Replaces);
    }

    [Theory]
    [InlineData("Refer-To: <sip:1001@elsewhere.example.org>\r\n", 403)]
    [InlineData("Refer-To: <sip:1001@example.com?Subject=x>\r\n", 403)]
    [InlineData("Refer-To: <sip:1001@example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\n", 481)]
    [InlineData("Refer-To: <sip:1001@example.com?Replaces=a>\r\n", 481)]
    [InlineData("Refer-To: <http://example.com/>\r\n", 416)]
    [InlineData("Refer-To: <sip:1001@example.com>\r\nRefer-To: <sip:1001@example.com>\r\n", 400)]
    [InlineData("", 400)]
    public void A_transfer_that_cannot_be_followed_is_refused(string extra, int status)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("REFER", extra: extra));
        Assert.Equal(status, peer.Take().Status);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void A_target_cannot_smuggle_a_dial_string()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("REFER", extra: "Refer-To: <sip:1001%0d%0aX@example.com>\r\n"));
        Assert.Equal(202, peer.Take().Status);
        Assert.Equal("1001%0d%0aX", host.TakeEvent<LegEvent.TransferRequested>().Target);
    }

    [Fact]
    public void Reports_are_suppressed_when_the_peer_asks_for_it()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("REFER", extra: "Refer-To: <sip:1001@example.com>\r\nRefer-Sub: false\r\n"));
        Assert.Equal("false", peer.Take()["Refer-Sub"]);
        host.Command(new LegCommand.TransferProgress(leg, 200, true));
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void Our_refer_ends_the_call_when_the_peer_has_reached_the_target()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Refer(leg, "1001"));
        var refer = peer.Take();
        Assert.Equal("<sip:1001@example.com>", refer["Refer-To"]);
        peer.Send(peer.Response(refer, "202 Accepted"));
        peer.Send(peer.Request("NOTIFY", "SIP/2.0 100 Trying\r\n", "Event: refer\r\nSubscription-State: active\r\n", contentType: "message/sipfrag"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Empty(host.LegEvents);
        peer.Send(peer.Request("NOTIFY", "SIP/2.0 200 OK\r\n", "Event: refer\r\nSubscription-State: terminated\r\n", contentType: "message/sipfrag"));
        Assert.Equal(200, peer.Take().Status);
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(HangupCause.BlindTransfer, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_notify_that_nobody_asked_for_gets_481()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        peer.Send(peer.Request("NOTIFY", extra: "Event: refer\r\n"));
        Assert.Equal(481, peer.Take().Status);
    }

    [Fact]
    public void Byes_that_cross_are_both_answered()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var ours = peer.Take();
        peer.Send(peer.Request("BYE"));
        Assert.Equal("200 BYE", peer.Take() is var r ? $"{r.Status} {r.Method}" : "");
        peer.Send(peer.Response(ours, "200 OK"));
        host.TakeEvent<LegEvent.HungUp>();
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_bye_that_nobody_answers_is_forgotten()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        SipTest.AssertNothingLeft(host);
        Assert.Single(host.LegEvents);
    }

    [Fact]
    public void Commands_for_unknown_legs_and_wrong_states_are_ignored()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer);
        foreach (var id in new[] { leg, host.NewLeg() })
        {
            host.Command(new LegCommand.Reoffer(id, "x"));
            host.Command(new LegCommand.AcceptReoffer(id, "x"));
            host.Command(new LegCommand.RejectReoffer(id, "x"));
            host.Command(new LegCommand.SendDtmf(id, '1', 100));
            host.Command(new LegCommand.TransferProgress(id, 200, true));
            host.Command(new LegCommand.Refer(id, "x"));
            host.Command(new LegCommand.SendMessage(id, "text/plain", "x"));
            host.Command(new LegCommand.Display(id, "x", "y"));
        }

        Assert.Empty(host.Sent);
        Assert.Empty(host.LegEvents);
    }
}
