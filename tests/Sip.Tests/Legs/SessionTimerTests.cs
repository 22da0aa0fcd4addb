using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class SessionTimerTests
{
    [Fact]
    public void A_peer_that_knows_timers_gets_the_default_and_is_to_refresh()
    {
        var host = SipTest.Open();
        var ok = Answer(host, new SipPeer(host), "Supported: timer\r\n");
        Assert.Equal("1800;refresher=uac", ok["Session-Expires"]);
        Assert.Equal("timer", ok["Require"]);
    }

    [Fact]
    public void A_peer_that_does_not_know_timers_gets_none()
    {
        var host = SipTest.Open();
        var ok = Answer(host, new SipPeer(host), "");
        Assert.Equal("", ok["Session-Expires"]);
        Assert.Equal("", ok["Require"]);
    }

    [Fact]
    public void The_peers_wish_is_taken()
    {
        var host = SipTest.Open();
        var ok = Answer(host, new SipPeer(host), "Supported: timer\r\nx: 90;refresher=uas\r\n");
        Assert.Equal("90;refresher=uas", ok["Session-Expires"]);
        Assert.Equal("", ok["Require"]);
    }

    [Fact]
    public void Too_small_an_interval_gets_422_with_ours()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, "Supported: timer\r\nSession-Expires: 60\r\n"));
        var refused = peer.Take();
        Assert.Equal(422, refused.Status);
        Assert.Equal("90", refused["Min-SE"]);
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_peer_that_does_not_refresh_is_hung_up_32_seconds_before_the_end()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n");
        host.Advance(TimeSpan.FromSeconds(1767));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(HangupCause.RecoveryOnTimerExpire, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_short_session_ends_a_third_before_its_time()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n");
        host.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("BYE", peer.Take().Method);
    }

    [Fact]
    public void An_update_of_the_peer_starts_the_time_anew()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n");
        host.Advance(TimeSpan.FromSeconds(900));
        peer.Send(peer.Request("UPDATE", extra: "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n"));
        var ok = peer.Take();
        Assert.Equal(200, ok.Status);
        Assert.Equal("1800;refresher=uac", ok["Session-Expires"]);
        host.Advance(TimeSpan.FromSeconds(1767));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("BYE", peer.Take().Method);
    }

    [Fact]
    public void We_refresh_at_half_time_by_update_when_the_peer_allows_it()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 1800;refresher=uas\r\nAllow: INVITE, UPDATE\r\n");
        host.Advance(TimeSpan.FromSeconds(899));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(1));
        var update = peer.Take();
        Assert.Equal("UPDATE", update.Method);
        Assert.Equal("", update.Body);
        Assert.Equal("1800;refresher=uac", update["Session-Expires"]);
        peer.Send(peer.Response(update, "200 OK", extra: "Session-Expires: 1800;refresher=uac\r\n"));
        host.Advance(TimeSpan.FromSeconds(900));
        Assert.Equal("UPDATE", peer.Take().Method);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void We_refresh_by_reinvite_with_the_same_description_otherwise()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 1800;refresher=uas\r\n");
        host.Advance(TimeSpan.FromSeconds(900));
        var invite = peer.Take();
        Assert.Equal("INVITE", invite.Method);
        Assert.Equal(SipPeer.OurSdp, invite.Body);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Session-Expires: 1800;refresher=uac\r\n"));
        Assert.Equal("ACK", peer.Take().Method);
        Assert.Empty(host.LegEvents);    // a refresh is no change of media
    }

    [Fact]
    public void A_refused_update_goes_over_to_reinvite()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 1800;refresher=uas\r\nAllow: UPDATE\r\n");
        host.Advance(TimeSpan.FromSeconds(900));
        peer.Send(peer.Response(peer.Take(), "501 Not Implemented"));
        Assert.Equal("INVITE", peer.Take().Method);
    }

    [Theory]
    [InlineData("481 No Call", true)]
    [InlineData("500 Later", false)]
    public void A_refresh_that_fails_ends_the_call_only_when_the_dialog_is_gone(string status, bool ends)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        Answer(host, peer, "Supported: timer\r\nSession-Expires: 1800;refresher=uas\r\nAllow: UPDATE\r\n");
        host.Advance(TimeSpan.FromSeconds(900));
        peer.Send(peer.Response(peer.Take(), status));
        Assert.Equal(ends, host.LegEvents.Count == 1);
        if (!ends)
        {
            host.Advance(TimeSpan.FromSeconds(30));
            Assert.Equal("UPDATE", peer.Take().Method);
        }
    }

    [Fact]
    public void As_caller_we_refresh_when_the_answer_says_so()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Session-Expires: 600;refresher=uac\r\nRequire: timer\r\nAllow: UPDATE\r\n"));
        peer.Take();
        host.Advance(TimeSpan.FromSeconds(300));
        var update = peer.Take();
        Assert.Equal("UPDATE", update.Method);
        Assert.Equal("600;refresher=uac", update["Session-Expires"]);
    }

    private static SipTestMessage Answer(PluginTestHost host, SipPeer peer, string extra)
    {
        var leg = SipTest.Call(host, peer, extra: extra);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        var ok = peer.TakeResponse();
        peer.Send(peer.Request("ACK", cseq: 1));
        host.ClearEvents();
        return ok;
    }
}
