using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

/// <summary>Redirections of outgoing calls: RFC 3261 §8.1.3.4; S-40.</summary>
public sealed class RedirectTests
{
    [Fact]
    public void A_redirection_to_the_same_host_is_followed_best_contact_first()
    {
        var host = SipTest.Open();
        var (_, invite) = SipTest.Originate(host);
        var peer = new SipPeer(host, "2000");
        peer.Send(peer.Response(invite, "302 Moved Temporarily", "", "Contact: <sip:2001@192.0.2.9:5070>;q=0.5, <sip:2002@192.0.2.9:5072>;q=0.9\r\n"));
        Assert.Equal("ACK", peer.Take().Method);
        var first = host.Take();
        Assert.Equal("192.0.2.9:5072", first.To.ToString());
        var again = new SipTestMessage(first.Text);
        Assert.Equal("sip:2002@192.0.2.9:5072", again.RequestUri);
        Assert.Equal((invite["Call-ID"], invite["To"], invite.CSeq + 1), (again["Call-ID"], again["To"], again.CSeq));

        // It is busy: the next one.
        var second = new SipPeer(host, "2002", "192.0.2.9:5072");
        second.Send(second.Response(again, "486 Busy Here"));
        Assert.StartsWith("ACK", host.Take().FirstLine, StringComparison.Ordinal);
        Assert.Equal("192.0.2.9:5070", host.Take().To.ToString());
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void A_redirection_elsewhere_is_not_followed()
    {
        var host = SipTest.Open("""{ "internalAcl": ["192.0.2.9"] }""");
        var (_, invite) = SipTest.Originate(host);
        var peer = new SipPeer(host, "2000");
        peer.Send(peer.Response(invite, "302 Moved Temporarily", "", "Contact: <sip:0900123@198.51.100.1>, <sip:x@premium.example>\r\n"));
        Assert.Equal("ACK", peer.Take().Method);
        var end = host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal((HangupCause.RedirectionToNewDestination, 302), (end.Cause, end.ProtocolStatus));
        Assert.Empty(host.Sent);
        Assert.Empty(host.Lookups);
    }

    [Fact]
    public void A_circle_of_redirections_comes_to_an_end()
    {
        var host = SipTest.Open();
        var (_, invite) = SipTest.Originate(host);
        var peer = new SipPeer(host, "2000");
        for (var i = 0; i < 3 && host.LegEvents.Count == 0; i++)
        {
            peer.Send(peer.Response(invite, "302 Moved Temporarily", "", $"Contact: <sip:{(i % 2 == 0 ? "a" : "2000")}@192.0.2.9>\r\n"));
            Assert.Equal("ACK", peer.Take().Method);
            invite = host.Sent.Count > 0 ? peer.Take() : invite;
        }

        Assert.Equal(HangupCause.RedirectionToNewDestination, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_redirection_to_a_user_goes_to_its_contact_and_takes_no_credentials_along()
    {
        var host = SipTest.Open();
        var user = host.Users.Add("1001", "x");
        host.Users.Register(user, [new Registration("1001", "example.com", "sofia", "internal", "sip:1001@192.0.2.20:5090") { Remote = new(System.Net.IPAddress.Parse("192.0.2.20"), 5090), ListenerName = "internal-udp", Expires = host.Now.AddHours(1) }], out _);
        var (_, invite) = SipTest.Originate(host, variables: [("sip_auth_username", "u"), ("sip_auth_password", "p")]);
        var peer = new SipPeer(host, "2000");
        peer.Send(peer.Response(invite, "302 Moved Temporarily", "", "Contact: <sip:1001@example.com>\r\n"));
        Assert.Equal("ACK", peer.Take().Method);
        var sent = host.Take();
        Assert.Equal("192.0.2.20:5090", sent.To.ToString());
        var phone = new SipPeer(host, "1001", "192.0.2.20:5090");
        phone.Send(phone.Response(new SipTestMessage(sent.Text), "407 Proxy Authentication Required", "", "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"));
        Assert.StartsWith("ACK", host.Take().FirstLine, StringComparison.Ordinal);
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void Hops_that_are_left_are_handed_on_and_none_left_ends_the_call()
    {
        var host = SipTest.Open();
        var (_, invite) = SipTest.Originate(host, variables: [("max_forwards", "12")]);
        Assert.Equal("12", invite["Max-Forwards"]);
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000@192.0.2.9", null), "", "", SipPeer.OurSdp, [new("max_forwards", "0")]));
        Assert.Equal(HangupCause.ExchangeRoutingError, host.TakeEvent<LegEvent.HungUp>().Cause);
    }
}
