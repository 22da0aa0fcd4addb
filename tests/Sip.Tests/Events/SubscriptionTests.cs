using System.Xml.Linq;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.Plugins.Sip.Events;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Events;

/// <summary>SUBSCRIBE, NOTIFY and PUBLISH: RFC 6665, RFC 4235, RFC 3842, RFC 3903; S-15, S-33.</summary>
public sealed class SubscriptionTests
{
    private static readonly XNamespace Info = "urn:ietf:params:xml:ns:dialog-info";

    [Fact]
    public void A_lamp_follows_the_calls_of_the_user_it_watches()
    {
        var host = SipTest.Open();
        host.Users.Add("1001", "x");
        var peer = Watcher(host);
        peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\nExpires: 600\r\nAccept: application/dialog-info+xml\r\n"));
        var ok = peer.Take();
        Assert.Equal((200, "600"), (ok.Status, ok["Expires"]));
        peer.RemoteTag = ok.ToTag;
        var first = peer.Take();
        Assert.Equal(("NOTIFY", "dialog", "active;expires=600"), (first.Method, first["Event"], first["Subscription-State"]));
        Assert.Equal((ok.ToTag, peer.LocalTag), (first.FromTag, first.ToTag));
        Assert.Empty(XElement.Parse(first.Body).Elements(Info + "dialog"));
        Assert.Equal("0", XElement.Parse(first.Body).Attribute("version")!.Value);
        peer.Send(peer.Response(first, "200 OK"));

        host.Advance(TimeSpan.FromSeconds(1));
        host.Emit(Channel("CHANNEL_PROGRESS", "ringing"));
        var ringing = peer.Take();
        var dialog = Assert.Single(XElement.Parse(ringing.Body).Elements(Info + "dialog"));
        Assert.Equal(("recipient", "early"), (dialog.Attribute("direction")!.Value, dialog.Element(Info + "state")!.Value));
        Assert.Equal("sip:1000@example.com", dialog.Element(Info + "remote")!.Element(Info + "identity")!.Value);
        Assert.Equal("1", XElement.Parse(ringing.Body).Attribute("version")!.Value);
        peer.Send(peer.Response(ringing, "200 OK"));

        // Changes that come close together are told as one.
        host.Emit(Channel("CHANNEL_ANSWER", "answered"));
        host.Emit(Channel("CHANNEL_HANGUP_COMPLETE", "hangup"));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromMilliseconds(600));
        var gone = peer.Take();
        Assert.Empty(XElement.Parse(gone.Body).Elements(Info + "dialog"));
        peer.Send(peer.Response(gone, "200 OK"));

        peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\nExpires: 0\r\n"));
        Assert.Equal(200, peer.Take().Status);
        var last = peer.Take();
        Assert.Equal("terminated;reason=timeout", last["Subscription-State"]);
        peer.Send(peer.Response(last, "200 OK"));
        Assert.Equal(0, host.Gauges["subscriptions"]);
        Assert.Empty(host.Subscriptions);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Presence_says_who_is_there_on_the_phone_and_what_was_published()
    {
        var host = SipTest.Closed();
        var user = host.Users.FindUser("1001", "example.com")!;
        var watcher = Watcher(host);
        Subscribe(watcher, "presence", "secret");
        Assert.Contains("<basic>closed</basic>", Notified(watcher).Body, StringComparison.Ordinal);

        host.Users.Register(user, [new Registration("1001", "example.com", "sofia", "internal", "sip:1001@192.0.2.20") { Expires = host.Now.AddHours(1) }], out _);
        host.Advance(TimeSpan.FromSeconds(6));
        host.Emit(new PluginEvent("CUSTOM", "sofia::register", [new("from-user", "1001")], null));
        Assert.Contains("<basic>open</basic>", Notified(watcher).Body, StringComparison.Ordinal);
        host.Advance(TimeSpan.FromSeconds(6));
        host.Emit(Channel("CHANNEL_ANSWER", "answered"));
        Assert.Contains("on-the-phone", Notified(watcher).Body, StringComparison.Ordinal);
        host.Advance(TimeSpan.FromSeconds(6));
        host.Emit(Channel("CHANNEL_HANGUP_COMPLETE", "hangup"));
        Assert.Contains("Available", Notified(watcher).Body, StringComparison.Ordinal);

        var phone = new SipPeer(host, "1001", "192.0.2.20:5060") { Target = "sip:1001@example.com" };
        const string pidf = "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1001@example.com\"><tuple id=\"a\"><status><basic>open</basic></status><note>Lunch &amp; nap</note></tuple></presence>";
        host.Advance(TimeSpan.FromSeconds(6));
        var published = Publish(phone, pidf, "");
        Assert.Equal(200, published.Status);
        Assert.Contains("Lunch &amp; nap", Notified(watcher).Body, StringComparison.Ordinal);
        Assert.Equal(412, Publish(phone, "", "SIP-If-Match: wrong\r\n").Status);
        Assert.Equal(200, Publish(phone, "", $"SIP-If-Match: {published["SIP-ETag"]}\r\n").Status);
    }

    // S-15
    [Theory]
    [InlineData("<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY a \"x\">]><presence xmlns=\"urn:ietf:params:xml:ns:pidf\"><tuple><note>&a;</note></tuple></presence>")]
    [InlineData("<?xml version=\"1.0\"?><!DOCTYPE p SYSTEM \"file:///etc/passwd\"><presence xmlns=\"urn:ietf:params:xml:ns:pidf\"/>")]
    [InlineData("<presence")]
    [InlineData("<other/>")]
    public void Documents_with_a_document_type_or_broken_ones_are_refused(string document)
    {
        Assert.False(Publications.TryRead(System.Text.Encoding.UTF8.GetBytes(document), out _, out _));
        var host = SipTest.Closed();
        var phone = new SipPeer(host, "1001", "192.0.2.20:5060") { Target = "sip:1001@example.com" };
        Assert.Equal(400, Publish(phone, document, "").Status);
    }

    [Fact]
    public void Deep_documents_are_refused_in_linear_time() =>
        Assert.False(Publications.TryRead(System.Text.Encoding.UTF8.GetBytes("<presence>" + string.Concat(Enumerable.Repeat("<a>", 9000))), out _, out _));

    [Fact]
    public void Messages_that_wait_are_told_to_their_owner_alone()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host, "1001", "192.0.2.20:5060") { Target = "sip:1001@example.com" };
        Subscribe(peer, "message-summary", "secret1");
        Assert.StartsWith("Messages-Waiting: no", Notified(peer).Body, StringComparison.Ordinal);
        host.Advance(TimeSpan.FromSeconds(6));
        host.Emit(new PluginEvent("MESSAGE_WAITING", "", [new("MWI-Messages-Waiting", "yes"), new("MWI-Message-Account", "sip:1001@example.com"), new("MWI-Voice-Message", "3/1 (0/0)")], null));
        Assert.Equal("Messages-Waiting: yes\r\nMessage-Account: sip:1001@example.com\r\nVoice-Message: 3/1 (0/0)\r\n", Notified(peer).Body);

        var other = new SipPeer(host, "1000", "192.0.2.21:5060") { Target = "sip:1001@example.com" };
        other.Send(other.Request("SUBSCRIBE", extra: "Event: message-summary\r\n"));
        other.Send(other.Request("SUBSCRIBE", extra: "Event: message-summary\r\n" + other.Authorize(other.Take(), "SUBSCRIBE", "sip:1001@example.com", "secret")));
        Assert.Equal(403, other.Take().Status);
    }

    [Fact]
    public void What_is_not_known_or_too_short_is_refused_as_the_rfc_says()
    {
        var host = SipTest.Open();
        host.Users.Add("1001", "x");
        var peer = Watcher(host);
        foreach (var (extra, status) in ((string, int)[])[("", 489), ("Event: winfo\r\n", 489), ("Event: dialog\r\nExpires: 5\r\n", 423), ("Event: dialog\r\nExpires: x\r\n", 400), ("Event: dialog\r\nAccept: text/plain\r\n", 406)])
        {
            peer.Send(peer.Request("SUBSCRIBE", extra: extra));
            Assert.Equal(status, peer.Take().Status);
        }

        peer.Target = "sip:4711@example.com";
        peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\n"));
        Assert.Equal(404, peer.Take().Status);
        Assert.Equal(0, host.Gauges.GetValueOrDefault("subscriptions"));
    }

    // S-33
    [Fact]
    public void A_subscription_ends_by_time_by_a_refusal_and_by_silence()
    {
        var host = SipTest.Open();
        host.Users.Add("1001", "x");
        foreach (var end in (string[])["time", "481", "silence", "unsubscribed twice"])
        {
            var peer = Watcher(host);
            peer.CallId = "sub-" + end.Replace(' ', '-');
            peer.LocalTag = "tag" + end.Length;
            peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\nExpires: 60\r\n"));
            peer.RemoteTag = peer.Take().ToTag;
            var notify = peer.Take();
            switch (end)
            {
                case "time":
                    peer.Send(peer.Response(notify, "200 OK"));
                    host.Advance(TimeSpan.FromSeconds(61));
                    Assert.Equal("terminated;reason=timeout", peer.Take()["Subscription-State"]);
                    break;
                case "481":
                    peer.Send(peer.Response(notify, "481 Subscription Does Not Exist"));
                    break;
                case "silence":
                    host.Advance(TimeSpan.FromSeconds(33));
                    break;
                default:
                    peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\nExpires: 0\r\n"));
                    Assert.Equal(200, peer.Take().Status);
                    peer.Take();
                    peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\nExpires: 0\r\n"));
                    Assert.Equal(481, peer.Take().Status);
                    break;
            }

            host.TakeAll();
            Assert.Equal(0, host.Gauges["subscriptions"]);
        }

        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_swap_keeps_subscriptions_and_asks_for_events_again()
    {
        var host = SipTest.Open();
        host.Users.Add("1001", "x");
        var peer = Watcher(host);
        peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog;id=7\r\nExpires: 600\r\n"));
        peer.RemoteTag = peer.Take().ToTag;
        peer.Send(peer.Response(peer.Take(), "200 OK"));
        host.Swap(new SipPlugin());
        Assert.Contains("CHANNEL_ANSWER", host.Subscriptions);
        host.Advance(TimeSpan.FromSeconds(1));
        host.Emit(Channel("CHANNEL_PROGRESS", "ringing"));
        var notify = peer.Take();
        Assert.Equal("dialog;id=7", notify["Event"]);
        Assert.Equal("1", XElement.Parse(notify.Body).Attribute("version")!.Value);
    }

    [Fact]
    public void Calls_that_were_up_before_anybody_watched_are_asked_for()
    {
        var host = SipTest.Open();
        host.Users.Add("1001", "x");
        var peer = Watcher(host);
        peer.Send(peer.Request("SUBSCRIBE", extra: "Event: dialog\r\n"));
        peer.Take();
        peer.Send(peer.Response(peer.Take(), "200 OK"));
        Assert.Equal(("show", "channels as json"), (host.ApiCalls[0].Command, host.ApiCalls[0].Arguments));
        host.Advance(TimeSpan.FromSeconds(1));
        host.CompleteApiCall("""{ "row_count": 1, "rows": [ { "uuid": "u1", "direction": "outbound", "name": "sofia/internal/1001@example.com", "callstate": "ACTIVE", "cid_num": "1000", "dest": "1001" } ] }""");
        Assert.Contains("<state>confirmed</state>", peer.Take().Body, StringComparison.Ordinal);
    }

    private static SipPeer Watcher(PluginTestHost host) => new(host) { Target = "sip:1001@example.com" };

    private static void Subscribe(SipPeer peer, string package, string password)
    {
        peer.Send(peer.Request("SUBSCRIBE", extra: $"Event: {package}\r\n"));
        peer.Send(peer.Request("SUBSCRIBE", extra: $"Event: {package}\r\n" + peer.Authorize(peer.Take(), "SUBSCRIBE", "sip:1001@example.com", password)));
        Assert.Equal(200, peer.Take().Status);
    }

    private static SipTestMessage Notified(SipPeer peer)
    {
        var notify = peer.Take();
        Assert.Equal("NOTIFY", notify.Method);
        peer.Send(peer.Response(notify, "200 OK"));
        return notify;
    }

    private static SipTestMessage Publish(SipPeer phone, string body, string extra)
    {
        extra += "Event: presence\r\n";
        phone.Send(phone.Request("PUBLISH", body, extra, contentType: "application/pidf+xml"));
        var challenge = phone.Take();
        Assert.Equal(407, challenge.Status);
        phone.Send(phone.Request("PUBLISH", body, extra + phone.Authorize(challenge, "PUBLISH", "sip:1001@example.com", "secret1"), contentType: "application/pidf+xml"));
        return phone.Take();
    }

    private static PluginEvent Channel(string name, string answer) => new(
        name,
        "",
        [new("Unique-ID", "11111111-2222-3333-4444-555555555555"), new("Caller-Username", "1001"), new("Call-Direction", "outbound"), new("Answer-State", answer), new("Caller-Caller-ID-Number", "1000"), new("Caller-Caller-ID-Name", "Anna")],
        null);
}
