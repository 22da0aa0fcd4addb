using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Messages;

/// <summary>MESSAGE outside of calls: RFC 3428.</summary>
public sealed class ChatTests
{
    [Fact]
    public void A_message_goes_to_the_core_from_who_proved_it_and_the_answer_is_the_cores()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request("MESSAGE", "hello", contentType: "text/plain"));
        var challenge = peer.Take();
        Assert.Equal(407, challenge.Status);

        // S-05: From says somebody else.
        var text = peer.Request("MESSAGE", "hello", peer.Authorize(challenge, "MESSAGE", "sip:1001@example.com", "secret"), contentType: "text/plain;charset=UTF-8")
            .Replace("<sip:1000@example.com>;tag", "<sip:boss@example.com>;tag", StringComparison.Ordinal);
        peer.Send(text);
        Assert.Empty(host.Sent);
        var (_, message) = Assert.Single(host.Submitted);
        Assert.Equal(("1000@example.com", "1001@example.com", "hello", "sip"), (message.From, message.To, message.Text, message.Protocol));
        peer.Send(text);                            // repeated while the core thinks
        Assert.Single(host.Submitted);
        host.CompleteSubmit(202, "Accepted");
        Assert.Equal(202, peer.Take().Status);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_core_that_does_not_answer_leaves_nothing_behind()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request("MESSAGE", "hello", contentType: "text/plain"));
        host.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(480, peer.Take().Status);
        host.CompleteSubmit(200, "");
        Assert.Empty(host.Sent);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void What_is_no_text_is_refused_with_what_is_taken()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request("MESSAGE", "x", contentType: "image/png"));
        var refused = peer.Take();
        Assert.Equal(415, refused.Status);
        Assert.Contains("text/plain", refused["Accept"], StringComparison.Ordinal);
        peer.Send(peer.Request("MESSAGE", new string('x', 20_000), contentType: "text/plain"));
        Assert.Equal(513, peer.Take().Status);
        Assert.Empty(host.Submitted);
    }

    [Fact]
    public void A_message_of_the_core_goes_to_the_contact_and_its_answer_back()
    {
        var host = SipTest.Closed();
        var user = host.Users.FindUser("1001", "example.com")!;
        var binding = new Registration("1001", "example.com", "sofia", "internal", "sip:1001@10.0.0.5:5060") { Remote = new(System.Net.IPAddress.Parse("192.0.2.20"), 5090), ListenerName = "internal-udp", Expires = host.Now.AddHours(1) };
        host.Users.Register(user, [binding], out _);
        var key = host.Deliver(new TextMessage("1000@example.com", "1001@example.com", "text/plain", "hej ☎") { FromName = "A \"B\"\r\nEvil: 1" }, new DialTarget("sofia", "internal", binding.Contact, binding));
        var sent = host.Take();
        Assert.Equal("192.0.2.20:5090", sent.To.ToString());
        var message = new SipTestMessage(sent.Text);
        Assert.Equal("MESSAGE sip:1001@10.0.0.5:5060 SIP/2.0", message.FirstLine);
        Assert.StartsWith("\"A \\\"B\\\"Evil: 1\" <sip:1000@example.com>;tag=", message["From"], StringComparison.Ordinal);
        Assert.Equal(("hej ☎", "", "7"), (message.Body, message["Contact"], message["Content-Length"]));
        var phone = new SipPeer(host, "1001", "192.0.2.20:5090");
        phone.Send(phone.Response(message, "200 OK"));
        Assert.Equal((200, "OK"), host.MessageReplies[key]);
        host.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(0, host.Gauges["transactions"]);
    }

    [Fact]
    public void Nobody_who_answers_is_told_as_such()
    {
        var host = SipTest.Closed();
        var binding = new Registration("1001", "example.com", "sofia", "internal", "sip:1001@192.0.2.20") { Remote = new(System.Net.IPAddress.Parse("192.0.2.20"), 5060), ListenerName = "internal-udp", Expires = host.Now.AddHours(1) };
        var key = host.Deliver(new TextMessage("a@b", "1001@example.com", "text/plain", "x"), new DialTarget("sofia", "internal", binding.Contact, binding));
        host.Advance(TimeSpan.FromSeconds(33));
        Assert.Equal(408, host.MessageReplies[key].Status);
        var page = binding with { Transport = TransportKind.Ws, Connection = new ConnectionId(77) };
        Assert.Equal(480, host.MessageReplies[host.Deliver(new TextMessage("a@b", "1001@example.com", "text/plain", "x"), new DialTarget("sofia", "internal", binding.Contact, page))].Status);
    }

    [Fact]
    public void A_swap_keeps_what_the_core_still_thinks_about()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request("MESSAGE", "hello", contentType: "text/plain"));
        host.Swap(new SipPlugin());
        host.CompleteSubmit(200, "OK");
        Assert.Equal(200, peer.Take().Status);
        SipTest.AssertNothingLeft(host);
    }
}
