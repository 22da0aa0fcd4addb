using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

public sealed class OutgoingCallTests
{
    [Fact]
    public void A_call_rings_is_answered_and_is_ended_by_us()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        Assert.Equal("INVITE sip:2000@192.0.2.9 SIP/2.0", invite.FirstLine);
        Assert.Equal("<sip:2000@192.0.2.9>", invite["To"]);
        Assert.StartsWith("\"Engine\" <sip:9196@192.0.2.1:5060>;tag=", invite["From"], StringComparison.Ordinal);
        Assert.Equal("70", invite["Max-Forwards"]);
        Assert.Equal(SipPeer.OurSdp, invite.Body);
        Assert.Equal("192.0.2.9:5060", LastTo(host, invite));

        peer.Send(peer.Response(invite, "180 Ringing"));
        peer.Send(peer.Response(invite, "180 Ringing"));
        host.TakeEvent<LegEvent.Ringing>();
        peer.Send(peer.Response(invite, "183 Session Progress", SipPeer.Sdp));
        Assert.Equal(SipPeer.Sdp, host.TakeEvent<LegEvent.Progress>().Answer);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        Assert.Null(host.TakeEvent<LegEvent.Answered>().Answer);    // the same as in 183
        var ack = peer.Take();
        Assert.Equal("ACK sip:2000@192.0.2.9:5060 SIP/2.0", ack.FirstLine);
        Assert.Equal(invite.CSeq, ack.CSeq);

        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));    // our ACK was lost
        Assert.Equal(ack.Text, peer.Take().Text);
        Assert.Empty(host.LegEvents);

        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = peer.Take();
        Assert.Equal("BYE", bye.Method);
        Assert.Equal(invite.CSeq + 1, bye.CSeq);
        Assert.Equal("Q.850;cause=16;text=\"NORMAL_CLEARING\"", bye["Reason"]);
        peer.Send(peer.Response(bye, "200 OK"));
        Assert.False(host.TakeEvent<LegEvent.HungUp>().ByPeer);
        SipTest.AssertNothingLeft(host);
    }

    [Theory]
    [InlineData("486 Busy Here", "", HangupCause.UserBusy)]
    [InlineData("404 Not Found", "", HangupCause.UnallocatedNumber)]
    [InlineData("480 Temporarily Unavailable", "Reason: Q.850;cause=20\r\n", HangupCause.SubscriberAbsent)]
    [InlineData("603 Decline", "", HangupCause.CallRejected)]
    [InlineData("302 Moved", "Contact: <sip:x@y>\r\n", HangupCause.RedirectionToNewDestination)]
    [InlineData("500 Oops", "Reason: SIP;cause=486, Q.850;cause=17;text=\"x\"\r\n", HangupCause.UserBusy)]
    public void A_refusal_gives_its_cause_and_is_acknowledged_hop_by_hop(string status, string extra, HangupCause cause)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, status, extra: extra));
        var ack = peer.Take();
        Assert.Equal("ACK", ack.Method);
        Assert.Equal(invite.Branch, ack.Branch);
        Assert.Equal(invite.RequestUri, ack.RequestUri);
        var end = host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(cause, end.Cause);
        Assert.True(end.ByPeer);
        Assert.Equal(status, $"{end.ProtocolStatus} {end.Text}");
        peer.Send(peer.Response(invite, status, extra: extra));
        Assert.Equal(ack.Text, peer.Take().Text);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Silence_ends_the_call_after_64_T1()
    {
        var host = SipTest.Open();
        SipTest.Originate(host);
        host.Advance(TimeSpan.FromSeconds(32));
        Assert.Equal(6, host.TakeAll().Count);    // at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s
        var end = host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(HangupCause.RecoveryOnTimerExpire, end.Cause);
        Assert.Equal(408, end.ProtocolStatus);
        Assert.False(end.ByPeer);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void The_first_2xx_of_a_forked_invite_wins_and_the_others_are_acknowledged_and_ended()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "180 Ringing", tag: "fork1"));
        peer.Send(peer.Response(invite, "183 Session Progress", SipPeer.Sdp, tag: "fork2"));
        host.TakeEvent<LegEvent.Ringing>();
        host.TakeEvent<LegEvent.Progress>();
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp.Replace("4000", "4100", StringComparison.Ordinal), tag: "fork1"));
        Assert.Contains("4100", host.TakeEvent<LegEvent.Answered>().Answer, StringComparison.Ordinal);
        Assert.Equal("fork1", peer.Take().ToTag);

        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, tag: "fork2"));
        var ack = peer.Take();
        Assert.Equal(("ACK", "fork2"), (ack.Method, ack.ToTag));
        var bye = peer.Take();
        Assert.Equal(("BYE", "fork2"), (bye.Method, bye.ToTag));
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, tag: "fork2"));
        Assert.Equal(ack.Text, peer.Take().Text);    // once more the ACK, no second BYE
        Assert.Empty(host.Sent);
        peer.Send(peer.Response(bye, "200 OK"));
        Assert.Empty(host.LegEvents);

        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal("fork1", peer.Take().ToTag);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Without_an_offer_the_peers_comes_in_the_2xx_and_our_answer_goes_into_the_ack()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host, offer: null);
        Assert.Equal("", invite.Body);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        Assert.Null(host.TakeEvent<LegEvent.Answered>().Answer);
        Assert.Equal(SipPeer.Sdp, host.TakeEvent<LegEvent.Reoffered>().Offer);
        Assert.Empty(host.Sent);
        host.Command(new LegCommand.AcceptReoffer(leg, SipPeer.OurSdp));
        var ack = peer.Take();
        Assert.Equal("ACK", ack.Method);
        Assert.Equal(SipPeer.OurSdp, ack.Body);
        Assert.Equal("application/sdp", ack["Content-Type"]);
    }

    [Fact]
    public void Record_routes_are_followed_in_reverse_order()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Record-Route: <sip:192.0.2.51;lr>\r\nRecord-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.49:5070;lr>\r\nContact: <sip:far@198.51.100.1:5066>\r\n"));
        var sent = host.Take();
        var ack = new SipTestMessage(sent.Text);
        Assert.Equal("ACK sip:far@198.51.100.1:5066 SIP/2.0", ack.FirstLine);
        Assert.Equal(["<sip:192.0.2.49:5070;lr>", "<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"], ack.All("Route"));
        Assert.Equal("192.0.2.49:5070", sent.To.ToString());
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal(3, peer.Take().All("Route").Count);
    }

    [Fact]
    public void A_strict_router_gets_its_own_uri_and_the_target_as_last_route()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Record-Route: <sip:192.0.2.51;lr>\r\nRecord-Route: <sip:192.0.2.50>\r\nContact: <sip:far@198.51.100.1:5066>\r\n"));
        var sent = host.Take();
        var ack = new SipTestMessage(sent.Text);
        Assert.Equal("ACK sip:192.0.2.50 SIP/2.0", ack.FirstLine);
        Assert.Equal(["<sip:192.0.2.51;lr>", "<sip:far@198.51.100.1:5066>"], ack.All("Route"));
        Assert.Equal("192.0.2.50:5060", sent.To.ToString());
    }

    [Fact]
    public void A_challenge_is_answered_with_the_legs_credentials_at_most_twice()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host, variables: [("sip_auth_username", "trunk"), ("sip_auth_password", "pw")]);
        for (var i = 0; i < 3; i++)
        {
            peer.Send(peer.Response(invite, "407 Proxy Authentication Required", extra: $"Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n{i}\", algorithm=MD5, qop=\"auth,auth-int\"\r\n"));
            Assert.Equal("ACK", peer.Take().Method);
            if (i == 2)
            {
                break;
            }

            var next = peer.Take();
            Assert.Equal("INVITE", next.Method);
            Assert.Equal(invite.CSeq + 1, next.CSeq);
            Assert.NotEqual(invite.Branch, next.Branch);
            Assert.Equal(invite["Call-ID"], next["Call-ID"]);
            Assert.Contains($"nonce=\"n{i}\"", next["Proxy-Authorization"], StringComparison.Ordinal);
            Assert.Contains("qop=auth,", next["Proxy-Authorization"], StringComparison.Ordinal);
            invite = next;
        }

        Assert.Empty(host.Sent);
        var end = host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(HangupCause.CallRejected, end.Cause);
        Assert.Equal(407, end.ProtocolStatus);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_challenge_of_another_realm_or_without_credentials_is_not_answered()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host, variables: [("sip_auth_username", "trunk"), ("sip_auth_password", "pw"), ("sip_auth_realm", "carrier")]);
        peer.Send(peer.Response(invite, "401 Unauthorized", extra: "WWW-Authenticate: Digest realm=\"thief\", nonce=\"n\", qop=\"auth\"\r\n"));
        Assert.Equal("ACK", peer.Take().Method);
        Assert.Empty(host.Sent);
        Assert.Equal(401, host.TakeEvent<LegEvent.HungUp>().ProtocolStatus);
    }

    [Fact]
    public void The_credentials_are_those_of_RFC_7616()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host, variables: [("sip_auth_username", "trunk"), ("sip_auth_password", "pw")]);
        var challenge = new SipTestMessage(peer.Response(invite, "401 Unauthorized", extra: "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\n"));
        peer.Send(challenge.Text);
        peer.Take();
        var sent = peer.Take()["Authorization"];
        var cnonce = sent.Split("cnonce=\"")[1].Split('"')[0];
        var expected = peer.Authorize(challenge, "INVITE", "sip:2000@192.0.2.9", "pw", "SHA-256", 1, "trunk");
        Assert.NotEqual("0a4f113b", cnonce);
        Assert.Equal(64, sent.Split("response=\"")[1].Split('"')[0].Length);
        Assert.Contains("algorithm=SHA-256", expected, StringComparison.Ordinal);
        var ha1 = Sha("trunk:carrier:pw");
        Assert.Contains($"response=\"{Sha($"{ha1}:n:00000001:{cnonce}:auth:{Sha("INVITE:sip:2000@192.0.2.9")}")}\"", sent, StringComparison.Ordinal);

        static string Sha(string text) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_host_name_is_looked_up_first()
    {
        var host = SipTest.Open();
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "external", "2000@trunk.example.net:5090", null), "", "1", SipPeer.OurSdp, []));
        Assert.Empty(host.Sent);
        Assert.Equal("trunk.example.net", host.Lookups[0].HostName);
        host.Resolved("198.51.100.9");
        var sent = host.Take();
        Assert.Equal("198.51.100.9:5090", sent.To.ToString());
        Assert.Equal("external-udp", sent.Listener.Name);
        Assert.Equal("INVITE sip:2000@trunk.example.net:5090 SIP/2.0", sent.FirstLine);
    }

    [Fact]
    public void A_name_that_is_not_found_ends_the_call()
    {
        var host = SipTest.Open();
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "", "2000@nowhere.example.net", null), "", "1", SipPeer.OurSdp, []));
        host.Resolved();
        Assert.Equal(HangupCause.NoRouteDestination, host.TakeEvent<LegEvent.HungUp>().Cause);
        SipTest.AssertNothingLeft(host);
    }

    [Theory]
    [InlineData("internal", "", HangupCause.InvalidUrl)]
    [InlineData("internal", "a b@c", HangupCause.InvalidUrl)]
    [InlineData("internal", "1000", HangupCause.UserNotRegistered)]
    [InlineData("nonesuch", "1000@192.0.2.9", HangupCause.InvalidProfile)]
    [InlineData("internal", "1000@192.0.2.9;transport=tls", HangupCause.NetworkOutOfOrder)]
    [InlineData("internal", "1000@192.0.2.9;transport=x", HangupCause.NetworkOutOfOrder)]
    [InlineData("internal", "1000@192.0.2.9?X=y", HangupCause.InvalidUrl)]
    public void An_address_that_cannot_be_called_ends_the_call_at_once(string profile, string address, HangupCause cause)
    {
        var host = SipTest.Open();
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", profile, address, null), "", "1", SipPeer.OurSdp, []));
        Assert.Equal(cause, host.TakeEvent<LegEvent.HungUp>().Cause);
        Assert.Empty(host.Sent);
        Assert.Equal(0, host.Gauges.GetValueOrDefault("legs"));
    }

    [Fact]
    public void Custom_headers_go_out_clean_and_protocol_headers_cannot_be_set()
    {
        var host = SipTest.Open();
        var (_, invite) = SipTest.Originate(host, variables:
            [("sip_h_X-Tag", "a\r\nX-Evil: 1"), ("sip_h_Via", "SIP/2.0/UDP evil"), ("sip_h_v", "x"), ("sip_h_X Y", "x"), ("sip_h_X-Ü", "x"), ("sip_h_Content-Length", "0"), ("sip_h_P-Charge", "7")]);
        Assert.Equal("aX-Evil: 1", invite["X-Tag"]);
        Assert.Equal("7", invite["P-Charge"]);
        Assert.Single(invite.All("Via"));
        Assert.Single(invite.All("Content-Length"));
        Assert.Empty(invite.All("v"));
        Assert.Empty(invite.All("X-Evil"));
        Assert.DoesNotContain("X Y", invite.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hidden_caller_is_anonymous()
    {
        var host = SipTest.Open();
        var (_, invite) = SipTest.Originate(host, variables: [("origination_privacy", "hide_name:hide_number")]);
        Assert.StartsWith("\"Anonymous\" <sip:anonymous@anonymous.invalid>", invite["From"], StringComparison.Ordinal);
        Assert.Equal("id", invite["Privacy"]);
        Assert.DoesNotContain("9196", invite.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_registered_contact_is_called_by_its_flow_with_its_uri_as_sent()
    {
        var host = SipTest.Open();
        var binding = new Registration("1001", "example.com", "sofia", "internal", "sip:1001@10.1.1.7:5062;ob")
        {
            Remote = IPEndPoint.Parse("192.0.2.44:40000"),
            ListenerName = "internal-udp",
            Path = ["<sip:edge.example.com;lr>"],
        };
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "1001", binding), "A", "1000", SipPeer.OurSdp, []));
        var sent = host.Take();
        var invite = new SipTestMessage(sent.Text);
        Assert.Equal("192.0.2.44:40000", sent.To.ToString());
        Assert.Equal("sip:1001@10.1.1.7:5062;ob", invite.RequestUri);
        Assert.Equal("<sip:1001@example.com>", invite["To"]);
        Assert.Equal("<sip:edge.example.com;lr>", invite["Route"]);
        Assert.StartsWith("\"A\" <sip:1000@example.com>", invite["From"], StringComparison.Ordinal);

        // Its Contact is behind a NAT: requests within the dialog go where its messages come from.
        var peer = new SipPeer(host, "1001", "192.0.2.44:40000");
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Contact: <sip:1001@10.1.1.7:5062;ob>\r\n"));
        var ack = host.Take();
        Assert.Equal("ACK sip:1001@10.1.1.7:5062;ob SIP/2.0", ack.FirstLine);
        Assert.Equal("192.0.2.44:40000", ack.To.ToString());
    }

    [Fact]
    public void A_large_request_goes_by_tcp_and_falls_back_to_udp_when_refused()
    {
        var host = SipTest.Open();
        var leg = host.NewLeg();
        var sdp = SipPeer.OurSdp + string.Concat(Enumerable.Repeat("a=x:0123456789012345678901234567890123456789\r\n", 30));
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "internal", "2000@192.0.2.9", null), "", "1", sdp, []));
        Assert.Empty(host.Sent);
        var connection = Assert.Single(host.Connections);
        Assert.Equal("192.0.2.9:5060", connection.Remote.ToString());
        host.Drop(connection);
        var sent = host.Take();
        Assert.Null(sent.Connection);
        Assert.StartsWith("SIP/2.0/UDP ", new SipTestMessage(sent.Text)["Via"], StringComparison.Ordinal);
        Assert.True(sent.Data.Length > 1300);
    }

    [Fact]
    public void A_large_request_stays_on_tcp_when_the_connection_opens()
    {
        var host = SipTest.Open();
        var sdp = SipPeer.OurSdp + string.Concat(Enumerable.Repeat("a=x:0123456789012345678901234567890123456789\r\n", 30));
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000@192.0.2.9", null), "", "1", sdp, []));
        host.CompleteConnect(Assert.Single(host.Connections));
        var invite = new SipTestMessage(host.Take().Text);
        Assert.StartsWith("SIP/2.0/TCP 192.0.2.1:5060", invite["Via"], StringComparison.Ordinal);
        Assert.Contains("transport=tcp", invite["Contact"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_cannot_be_made_ends_a_tcp_call()
    {
        var host = SipTest.Open();
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000@192.0.2.9;transport=tcp", null), "", "1", SipPeer.OurSdp, []));
        host.Drop(Assert.Single(host.Connections));
        Assert.Equal(503, host.TakeEvent<LegEvent.HungUp>().ProtocolStatus);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_session_interval_that_is_too_small_is_raised()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host);
        Assert.Equal("1800", invite["Session-Expires"]);
        peer.Send(peer.Response(invite, "422 Session Interval Too Small", extra: "Min-SE: 3600\r\n"));
        Assert.Equal("ACK", peer.Take().Method);
        var again = peer.Take();
        Assert.Equal("3600", again["Session-Expires"]);
        Assert.Equal("3600", again["Min-SE"]);
        Assert.Equal(invite.CSeq + 1, again.CSeq);
    }

    [Fact]
    public void Responses_that_match_nothing_are_dropped()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (_, invite) = SipTest.Originate(host);
        peer.Send(peer.Response(invite, "200 OK").Replace(invite.Branch, "z9hG4bKother", StringComparison.Ordinal));
        peer.Send(peer.Response(invite, "200 OK").Replace("CSeq: " + invite["CSeq"], $"CSeq: {invite.CSeq + 1} INVITE", StringComparison.Ordinal));
        peer.Send(peer.Response(invite, "200 OK").Replace("From: ", "Via: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKx\r\nFrom: ", StringComparison.Ordinal));
        Assert.Empty(host.Sent);
        Assert.Empty(host.LegEvents);
        Assert.Equal(3, host.Counters["stray_responses"]);
    }

    [Fact]
    public void Too_many_hops_end_the_call_before_it_goes_out()
    {
        var host = SipTest.Open();
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000@192.0.2.9", null), "", "1", SipPeer.OurSdp, [new("max_forwards", "0")]));
        Assert.Equal(HangupCause.ExchangeRoutingError, host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    private static string LastTo(PluginTestHost host, SipTestMessage invite)
    {
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromMilliseconds(500));
        var again = host.Take();
        Assert.Equal(invite.Text, again.Text);
        return again.To.ToString();
    }
}
