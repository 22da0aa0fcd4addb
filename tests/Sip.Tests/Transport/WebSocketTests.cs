using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Transport;

/// <summary>SIP over WebSocket: RFC 7118, RFC 5626. The messages have the form in which JsSIP 3.13 and SIP.js 0.21 send them.</summary>
public sealed class WebSocketTests
{
    private const string Host = "r4k9t2x7mm1q.invalid";

    private static readonly ListenerSpec[] Listeners =
    [
        .. SipTest.Listeners,
        new("internal-ws", "internal", TransportKind.Ws, "192.0.2.1:5066"),
        new("internal-sip-tls", "internal", TransportKind.Wss, "192.0.2.1:8082"),
    ];

    [Fact]
    public void A_browser_registers_with_md5_alone_and_gets_its_contact_back_exactly_as_sent()
    {
        var host = Start();
        var page = host.Accept("internal-ws", "192.0.2.50:41000");
        host.Receive(page, Register(1, ""));
        var challenge = new SipTestMessage(host.TakeText());
        Assert.Equal(401, challenge.Status);
        Assert.Contains("algorithm=MD5", Assert.Single(challenge.All("WWW-Authenticate")), StringComparison.Ordinal);    // JsSIP would take the last of two
        Assert.DoesNotContain("auth-int", challenge.Text, StringComparison.Ordinal);

        host.Receive(page, Register(2, Authorize(host, challenge)));
        var ok = new SipTestMessage(host.TakeText());
        Assert.Equal(200, ok.Status);
        Assert.Equal($"<sip:q8w1e7r2@{Host};transport=ws>;+sip.ice;reg-id=1;+sip.instance=\"<urn:uuid:0a4c6d1e-7d0b-4f63-9b1c-6a2f51e0c3d9>\";expires=600", ok["Contact"]);
        Assert.Equal("outbound", ok["Require"]);

        // SIP.js drops a response whose top Via has another host, or a port.
        Assert.StartsWith($"SIP/2.0/WS {Host};branch=", ok["Via"], StringComparison.Ordinal);
        var binding = Assert.Single(host.Users.Registrations(host.Users.FindUser("1000", "example.com")!));
        Assert.Equal(MediaProfile.WebRtc, binding.Media);
        Assert.Equal(page.Id, binding.Connection);
        Assert.Empty(host.Lookups);
        Assert.Empty(host.Queries);
    }

    [Fact]
    public void A_closed_socket_removes_its_contact_at_once_and_a_call_to_it_fails_without_a_lookup()
    {
        var host = Start();
        var page = Registered(host);
        var user = host.Users.FindUser("1000", "example.com")!;
        var binding = Assert.Single(host.Users.Registrations(user));
        host.Drop(page);
        Assert.Empty(host.Users.Registrations(user));
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "internal", binding.Contact, binding), "A", "1", SipPeer.OurSdp, []));
        Assert.Equal(HangupCause.DestinationOutOfOrder, host.TakeEvent<LegEvent.HungUp>().Cause);
        Assert.Empty(host.Sent);
        Assert.Empty(host.Queries);
    }

    [Fact]
    public void A_call_to_a_browser_goes_over_its_flow_and_so_does_everything_within_it()
    {
        var host = Start();
        var page = Registered(host);
        var binding = Assert.Single(host.Users.Registrations(host.Users.FindUser("1000", "example.com")!));
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "internal", binding.Contact, binding), "A", "1", SipPeer.OurSdp, []));
        var sent = host.Take();
        Assert.Same(page, sent.Connection);
        var invite = new SipTestMessage(sent.Text);
        Assert.Equal($"sip:q8w1e7r2@{Host};transport=ws", invite.RequestUri);
        Assert.StartsWith("SIP/2.0/WS 192.0.2.1:5066;", invite["Via"], StringComparison.Ordinal);
        Assert.EndsWith(";transport=ws", invite.ContactUri, StringComparison.Ordinal);

        host.Receive(page, Answer(invite));
        Assert.StartsWith("ACK", host.Take().FirstLine, StringComparison.Ordinal);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = host.Take();
        Assert.Same(page, bye.Connection);
        Assert.StartsWith($"BYE sip:q8w1e7r2@{Host};transport=ws;ob", bye.FirstLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_reconnects_and_registers_keeps_its_call()
    {
        var host = Start();
        var (page, leg) = InCall(host);
        host.Drop(page);
        host.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(host.LegEvents);
        Registered(host, "192.0.2.50:41001", 7);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = host.Take();
        Assert.StartsWith("BYE", bye.FirstLine, StringComparison.Ordinal);
        Assert.Equal("192.0.2.50:41001", bye.To.ToString());
    }

    [Fact]
    public void A_page_that_does_not_come_back_loses_its_call_after_the_grace_time()
    {
        var host = Start();
        var (page, _) = InCall(host);
        host.Drop(page);
        host.Advance(TimeSpan.FromSeconds(29));
        Assert.Empty(host.LegEvents);
        host.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HangupCause.RecoveryOnTimerExpire, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_swap_keeps_the_grace_time_of_a_lost_socket()
    {
        var host = Start();
        var (page, _) = InCall(host);
        host.Drop(page);
        host.Swap(new SipPlugin());
        host.Advance(TimeSpan.FromSeconds(31));
        host.TakeEvent<LegEvent.HungUp>();
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_caller_that_closes_its_page_while_it_rings_is_gone_at_once()
    {
        var host = Start();
        var page = Registered(host);
        host.Receive(page, Invite());
        var challenge = new SipTestMessage(host.TakeText());
        host.Receive(page, Invite(2, Authorize(host, challenge, "INVITE", "sip:9196@example.com")));
        host.TakeEvent<LegEvent.Incoming>();
        host.Drop(page);
        Assert.Equal(HangupCause.OriginatorCancel, host.TakeEvent<LegEvent.HungUp>().Cause);
        host.TakeAll();
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void One_message_is_one_sip_message_and_a_double_line_end_is_answered()
    {
        var host = Start();
        var page = host.Accept("internal-ws", "192.0.2.50:41000");
        host.Receive(page, "\r\n\r\n");
        Assert.Equal("\r\n", host.TakeText());
        host.Receive(page, Options() + Options());
        Assert.Equal(200, new SipTestMessage(host.TakeText()).Status);
        Assert.Empty(host.Sent);

        // Content-Length may be left out: the frame says where the message ends (RFC 7118 §5).
        host.Receive(page, Options().Replace("Content-Length: 0\r\n", "", StringComparison.Ordinal));
        Assert.Equal(200, new SipTestMessage(host.TakeText()).Status);
    }

    [Fact]
    public void A_socket_that_does_nothing_is_closed_within_a_minute_and_a_registered_one_is_not()
    {
        var host = Start();
        var idle = host.Accept("internal-ws", "192.0.2.51:41000");
        host.Receive(idle, Options());
        host.Take();
        var registered = Registered(host);
        host.Advance(TimeSpan.FromSeconds(120));
        Assert.False(idle.IsOpen);
        Assert.True(registered.IsOpen);
    }

    [Fact]
    public void Over_wss_the_via_says_so_and_uris_say_ws()
    {
        var host = Start();
        var page = Registered(host, "192.0.2.50:41000", 1, "internal-sip-tls", "WSS");
        var binding = Assert.Single(host.Users.Registrations(host.Users.FindUser("1000", "example.com")!));
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", binding.Contact, binding), "A", "1", SipPeer.OurSdp, []));
        var sent = host.Take();
        Assert.Same(page, sent.Connection);
        var invite = new SipTestMessage(sent.Text);
        Assert.StartsWith("SIP/2.0/WSS ", invite["Via"], StringComparison.Ordinal);
        Assert.EndsWith(";transport=ws", invite.ContactUri, StringComparison.Ordinal);
    }

    private static PluginTestHost Start()
    {
        var host = new PluginTestHost(new SipPlugin(), "{}", 1, Listeners);
        host.Users.Add("1000", "secret");
        return host;
    }

    private static TestConnection Registered(PluginTestHost host, string from = "192.0.2.50:41000", int cseq = 1, string listener = "internal-ws", string transport = "WS")
    {
        var page = host.Accept(listener, from);
        host.Receive(page, Register(cseq, "", transport));
        var challenge = new SipTestMessage(host.TakeText());
        host.Receive(page, Register(cseq + 1, Authorize(host, challenge), transport));
        Assert.Equal(200, new SipTestMessage(host.TakeText()).Status);
        return page;
    }

    private static (TestConnection Page, LegId Leg) InCall(PluginTestHost host)
    {
        var page = Registered(host);
        var binding = Assert.Single(host.Users.Registrations(host.Users.FindUser("1000", "example.com")!));
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "internal", binding.Contact, binding), "A", "1", SipPeer.OurSdp, []));
        host.Receive(page, Answer(new SipTestMessage(host.TakeText())));
        Assert.StartsWith("ACK", host.Take().FirstLine, StringComparison.Ordinal);
        host.TakeEvent<LegEvent.Answered>();
        return (page, leg);
    }

    private static string Authorize(PluginTestHost host, SipTestMessage challenge, string method = "REGISTER", string uri = "sip:example.com") =>
        new SipPeer(host).Authorize(challenge, method, uri, "secret");

    private static string Register(int cseq, string authorization, string transport = "WS") =>
        $"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/{transport} {Host};branch=z9hG4bK51aa{cseq}\r\nMax-Forwards: 69\r\nFrom: <sip:1000@example.com>;tag=n3w\r\nTo: <sip:1000@example.com>\r\n"
        + $"Call-ID: 7hj2-reg\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:q8w1e7r2@{Host};transport=ws>;+sip.ice;reg-id=1;+sip.instance=\"<urn:uuid:0a4c6d1e-7d0b-4f63-9b1c-6a2f51e0c3d9>\";expires=600\r\n"
        + authorization + "Expires: 600\r\nAllow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY\r\nSupported: path,gruu,outbound\r\nUser-Agent: JsSIP 3.13.8\r\nContent-Length: 0\r\n\r\n";

    private static string Invite(int cseq = 1, string authorization = "") =>
        $"INVITE sip:9196@example.com SIP/2.0\r\nVia: SIP/2.0/WS {Host};branch=z9hG4bKinv{cseq}\r\nMax-Forwards: 69\r\nTo: <sip:9196@example.com>\r\nFrom: <sip:1000@example.com>;tag=abc\r\nCall-ID: call1\r\n"
        + $"CSeq: {cseq} INVITE\r\n{authorization}Contact: <sip:q8w1e7r2@{Host};transport=ws;ob>\r\nContent-Type: application/sdp\r\nSession-Expires: 90\r\nSupported: timer,ice,replaces,outbound\r\n"
        + $"Content-Length: {SipPeer.Sdp.Length}\r\n\r\n{SipPeer.Sdp}";

    private static string Options() =>
        $"OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/WS {Host};branch=z9hG4bKo{Random.Shared.Next()}\r\nMax-Forwards: 69\r\nTo: <sip:example.com>\r\nFrom: <sip:1000@example.com>;tag=abc\r\nCall-ID: o1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

    private static string Answer(SipTestMessage invite) =>
        $"SIP/2.0 200 OK\r\nVia: {invite["Via"]}\r\nTo: {invite["To"]};tag=jss\r\nFrom: {invite["From"]}\r\nCall-ID: {invite["Call-ID"]}\r\nCSeq: {invite["CSeq"]}\r\n"
        + $"Contact: <sip:q8w1e7r2@{Host};transport=ws;ob>\r\nContent-Type: application/sdp\r\nContent-Length: {SipPeer.Sdp.Length}\r\n\r\n{SipPeer.Sdp}";
}
