using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class IncomingCallTests
{
    [Fact]
    public void A_call_is_reported_answered_confirmed_and_ended_by_the_peer()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp));

        Assert.Equal(100, peer.Take().Status);
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal("9196", incoming.Caller.Destination);
        Assert.Equal("1000", incoming.Caller.CallerNumber);
        Assert.Equal("Peer", incoming.Caller.CallerName);
        Assert.Equal("sofia/internal/1000@example.com", incoming.Caller.ChannelName);
        Assert.Equal(SipPeer.Sdp, incoming.Offer);

        host.Command(new LegCommand.Ring(incoming.Leg));
        Assert.Equal(180, peer.TakeResponse().Status);
        host.Command(new LegCommand.Answer(incoming.Leg, SipPeer.OurSdp));
        var ok = peer.TakeResponse();
        Assert.Equal(200, ok.Status);
        Assert.Equal(SipPeer.OurSdp, ok.Body);
        Assert.Equal("<sip:9196@192.0.2.1:5060>", ok["Contact"]);

        peer.Send(peer.Request("ACK", cseq: 1));
        Assert.Null(host.TakeEvent<LegEvent.Confirmed>().Answer);
        peer.Send(peer.Request("BYE"));
        Assert.Equal(200, peer.Take().Status);
        var hungUp = host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(HangupCause.NormalClearing, hungUp.Cause);
        Assert.True(hungUp.ByPeer);
        Assert.Empty(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }
}
