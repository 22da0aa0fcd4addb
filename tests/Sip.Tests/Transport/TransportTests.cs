using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Transport;

public sealed class TransportTests
{
    [Fact]
    public void Answers_go_to_the_source_and_say_what_it_is()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, address: "192.0.2.9:41000");
        peer.Send(peer.Request("OPTIONS").Replace("UDP 192.0.2.9:41000;", "UDP 10.0.0.5:5060;received=10.9.9.9;", StringComparison.Ordinal));
        var sent = host.Take();
        Assert.Equal("192.0.2.9:41000", sent.To.ToString());
        Assert.EndsWith(";rport=41000;received=192.0.2.9", new SipTestMessage(sent.Text)["Via"], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_rport_the_source_is_told_only_when_it_differs()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("OPTIONS").Replace(";rport", "", StringComparison.Ordinal));
        Assert.DoesNotContain("received", peer.Take()["Via"], StringComparison.Ordinal);
    }

    [Fact]
    public void All_vias_come_back_in_order()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("OPTIONS").Replace("Max-Forwards", "v: SIP/2.0/TCP a;branch=z9hG4bK2, SIP/2.0/UDP b;branch=z9hG4bK3\r\nMax-Forwards", StringComparison.Ordinal));
        var vias = peer.Take().All("Via");
        Assert.Equal(2, vias.Count);
        Assert.Equal("SIP/2.0/TCP a;branch=z9hG4bK2, SIP/2.0/UDP b;branch=z9hG4bK3", vias[1]);
    }

    [Fact]
    public void On_a_listener_for_both_families_a_mapped_address_is_the_ipv4_one()
    {
        var host = new PluginTestHost(new SipPlugin(), """{ "internalAcl": ["192.0.2.0/24"], "advertisedAddress": "198.51.100.1" }""", 1, new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "[::]:5060"));
        var (leg, invite) = SipTest.Originate(host);
        Assert.StartsWith("SIP/2.0/UDP 198.51.100.1:5060;", invite["Via"], StringComparison.Ordinal);
        var peer = new SipPeer(host, "2000", "[::ffff:192.0.2.9]:5060");
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Contact: <sip:2000@192.0.2.9>\r\n"));
        Assert.Equal("192.0.2.9:5060", host.Take().To.ToString());
        host.TakeEvent<LegEvent.Answered>();
        peer.CallId = invite["Call-ID"];
        peer.RemoteTag = invite.FromTag;
        peer.Send(peer.Request("BYE").Replace("UDP [::ffff:192.0.2.9]", "UDP 192.0.2.9", StringComparison.Ordinal));
        Assert.Equal("192.0.2.9:5060", host.Take().To.ToString());
        Assert.Equal(leg, host.TakeEvent<LegEvent.HungUp>().Leg);
    }

    [Fact]
    public void An_empty_via_before_the_top_one_is_no_trap()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("OPTIONS").Replace("Via:", "Via:\r\nVia:", StringComparison.Ordinal));
        Assert.Equal(200, peer.Take().Status);
    }

    [Fact]
    public void A_call_over_tcp_stays_on_its_connection()
    {
        var host = SipTest.Open();
        var connection = host.Accept("internal-tcp", "192.0.2.9:40001");
        var peer = new SipPeer(host, address: "192.0.2.9:40001") { Connection = connection, Transport = "TCP" };
        var leg = SipTest.Answered(host, peer);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = host.Take();
        Assert.Same(connection, bye.Connection);
        Assert.StartsWith("SIP/2.0/TCP 192.0.2.1:5060;", new SipTestMessage(bye.Text)["Via"], StringComparison.Ordinal);
        peer.Send(peer.Response(new SipTestMessage(bye.Text), "200 OK"));
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void When_the_connection_is_gone_a_new_one_is_made_to_the_contact()
    {
        var host = SipTest.Open();
        var connection = host.Accept("internal-tcp", "192.0.2.9:40001");
        var peer = new SipPeer(host, address: "192.0.2.9:40001") { Connection = connection, Transport = "TCP" };
        var leg = SipTest.Call(host, peer, extra: "Contact: <sip:1000@192.0.2.9:5066;transport=tcp>\r\n");
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        peer.TakeResponse();
        peer.Send(peer.Request("ACK", cseq: 1));
        host.Drop(connection);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var next = Assert.Single(host.Connections);
        Assert.Equal("192.0.2.9:5066", next.Remote.ToString());
        host.CompleteConnect(next);
        Assert.StartsWith("BYE", host.Take().FirstLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_alive_is_answered_and_stray_line_ends_are_skipped()
    {
        var host = SipTest.Open();
        var connection = host.Accept("internal-tcp", "192.0.2.9:40001");
        host.Receive(connection, "\r\n\r\n");
        Assert.Equal("\r\n", host.TakeText());
        var peer = new SipPeer(host) { Connection = connection, Transport = "TCP" };
        host.Receive(connection, "\r\n" + peer.Request("OPTIONS"));
        Assert.Equal(200, peer.Take().Status);
        host.Datagram("internal-udp", "192.0.2.9:5060", "\r\n\r\n");
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void Stun_on_the_sip_port_tells_the_source()
    {
        var host = SipTest.Open();
        byte[] request = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        host.Datagram("internal-udp", "192.0.2.1:32853", request);

        // RFC 5769 §2.2 has this address and port XORed as A1 47 and E1 12 A6 43.
        Assert.Equal([1, 1, 0, 12, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0x20, 0, 8, 0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43], host.Take().Data);
        for (var length = 0; length < request.Length; length++)
        {
            host.Datagram("internal-udp", "192.0.2.1:32853", request.AsMemory(0, length));
        }

        request[1] = 2;
        host.Datagram("internal-udp", "192.0.2.1:32853", request);
        request[1] = 1;
        request[3] = 4;
        host.Datagram("internal-udp", "192.0.2.1:32853", request);
        Assert.Empty(host.Sent);
    }

    [Theory]
    [InlineData("Content-Length: -1", 400)]
    [InlineData("Content-Length: 99999999999999999999", 400)]
    [InlineData("Content-Length: 65537", 400)]
    [InlineData("X-None: 1", 400)]
    [InlineData("Content-Length: 0\r\nContent-Length: 1", 400)]
    public void A_stream_without_a_usable_length_is_told_and_closed_and_others_live_on(string line, int status)
    {
        var host = SipTest.Open();
        var bad = host.Accept("internal-tcp", "192.0.2.9:40001");
        var good = host.Accept("internal-tcp", "192.0.2.10:40001");
        var peer = new SipPeer(host) { Connection = bad, Transport = "TCP" };
        peer.Send(peer.Request("OPTIONS").Replace("Content-Length: 0", line, StringComparison.Ordinal));
        Assert.Equal(status, peer.Take().Status);
        Assert.False(bad.IsOpen);
        peer.Connection = good;
        peer.Send(peer.Request("OPTIONS"));
        Assert.Equal(200, peer.Take().Status);
    }

    [Fact]
    public void What_is_not_sip_is_dropped_by_udp_and_closes_tcp()
    {
        var host = SipTest.Open();
        host.Datagram("internal-udp", "192.0.2.9:5060", "GET / HTTP/1.1\n\n");
        host.Datagram("internal-udp", "192.0.2.9:5060", new byte[] { 0x80, 0, 0, 0, 0, 0, 0, 0 });
        var connection = host.Accept("internal-tcp", "192.0.2.9:40001");
        host.Receive(connection, "GET / HTTP/1.1\nContent-Length: 0\n\n");
        Assert.False(connection.IsOpen);
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void Half_open_silent_and_slow_connections_are_closed()
    {
        var host = SipTest.Open();
        var silent = host.Accept("internal-tcp", "192.0.2.9:1");
        host.Advance(TimeSpan.FromSeconds(29));
        Assert.True(silent.IsOpen);
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.False(silent.IsOpen);

        var slow = host.Accept("internal-tcp", "192.0.2.9:2");
        for (var i = 0; i < 70 && slow.IsOpen; i++)
        {
            host.Receive(slow, "X");
            host.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(slow.IsOpen);

        var idle = host.Accept("internal-tcp", "192.0.2.9:3");
        var peer = new SipPeer(host) { Connection = idle, Transport = "TCP" };
        peer.Send(peer.Request("OPTIONS"));
        host.Advance(TimeSpan.FromMinutes(9));
        Assert.True(idle.IsOpen);
        host.Advance(TimeSpan.FromSeconds(61));
        Assert.False(idle.IsOpen);
        Assert.Equal(0, host.TimerCount);
    }

    [Fact]
    public void Connections_of_one_source_are_bounded()
    {
        var host = SipTest.Closed("""{ "maxConnectionsPerSource": 3 }""");
        var connections = Enumerable.Range(1, 5).Select(i => host.Accept("internal-tcp", "203.0.113.9:" + i)).ToList();
        Assert.Equal(3, connections.Count(c => c.IsOpen));
        host.Drop(connections[0]);
        Assert.True(host.Accept("internal-tcp", "203.0.113.9:9").IsOpen);
        Assert.True(host.Accept("internal-tcp", "203.0.113.10:9").IsOpen);
    }

    [Fact]
    public void A_source_that_floods_is_dropped_and_served_again_when_it_calms_down()
    {
        var host = SipTest.Closed("""{ "messagesPerSecond": 10, "requestsPerSecond": 5 }""");
        var peer = new SipPeer(host, address: "203.0.113.9:5060");
        for (var i = 0; i < 100; i++)
        {
            peer.Send(peer.Request("OPTIONS"));
        }

        Assert.Equal(10, host.TakeAll().Count);    // twice the rate at once
        Assert.Equal(90, host.Counters["dropped_rate"]);
        var other = new SipPeer(host, address: "203.0.113.10:5060");
        other.Send(other.Request("OPTIONS"));
        Assert.Single(host.TakeAll());
        host.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 20; i++)
        {
            peer.Send(peer.Request("OPTIONS"));
        }

        Assert.Equal(5, host.TakeAll().Count);
    }

    [Fact]
    public void Wrong_passwords_ban_a_source_for_longer_each_time()
    {
        var host = SipTest.Closed("""{ "authFailuresPerMinute": 3, "banSeconds": 60 }""");
        var peer = new SipPeer(host, address: "203.0.113.9:5060");
        for (var ban = 60; ban <= 240; ban *= 2)
        {
            for (var i = 0; i < 3; i++)
            {
                peer.Send(peer.Request("REGISTER"));
                peer.Send(peer.Request("REGISTER", extra: peer.Authorize(peer.Take(), "REGISTER", "sip:example.com", "wrong")));
            }

            host.TakeAll();
            host.Advance(TimeSpan.FromSeconds(ban - 1));
            peer.Send(peer.Request("OPTIONS"));
            Assert.Empty(host.Sent);
            host.Advance(TimeSpan.FromSeconds(2));
            peer.Send(peer.Request("OPTIONS"));
            Assert.Single(host.TakeAll());
        }

        Assert.Equal(3, host.SecurityLog.Count(l => l.StartsWith("ban ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Loopback_is_not_limited()
    {
        var host = SipTest.Closed("""{ "messagesPerSecond": 1 }""");
        var peer = new SipPeer(host, address: "127.0.0.1:5062");
        for (var i = 0; i < 50; i++)
        {
            peer.Send(peer.Request("OPTIONS"));
        }

        Assert.Equal(50, host.TakeAll().Count);
    }

    [Fact]
    public void The_number_of_sources_remembered_is_bounded()
    {
        var host = SipTest.Closed();
        var limiter = ((SipPlugin)host.Plugin).Parts.Limiter;
        for (var i = 0; i < SourceLimiter.Capacity + 500; i++)
        {
            limiter.AllowMessage(new System.Net.IPAddress(0x0b000000 + i));
        }

        Assert.Equal(SourceLimiter.Capacity, limiter.Count);
    }

    [Fact]
    public void One_ipv6_network_is_one_source()
    {
        var host = SipTest.Closed("""{ "messagesPerSecond": 1 }""");
        var limiter = ((SipPlugin)host.Plugin).Parts.Limiter;
        Assert.True(limiter.AllowMessage(System.Net.IPAddress.Parse("2001:db8::1")));
        Assert.True(limiter.AllowMessage(System.Net.IPAddress.Parse("2001:db8::2")));
        Assert.False(limiter.AllowMessage(System.Net.IPAddress.Parse("2001:db8::ffff:3")));
        Assert.True(limiter.AllowMessage(System.Net.IPAddress.Parse("2001:db8:0:1::3")));
    }

    [Fact]
    public void New_requests_are_refused_statelessly_above_80_percent_and_dialogs_go_on()
    {
        var host = SipTest.Open("""{ "internalAcl": ["192.0.2.0/24"], "maxTransactions": 10 }""");
        var first = new SipPeer(host);
        SipTest.Answered(host, first);
        for (var i = 0; i < 20; i++)
        {
            var peer = new SipPeer(host, "x" + i) { CallId = "c" + i };
            peer.Send(peer.Request("INVITE", SipPeer.Sdp));
        }

        var answers = host.TakeAll().Select(p => new SipTestMessage(p.Text)).ToList();
        Assert.Equal(7, answers.Count(a => a.Status == 100));    // with the first call's INVITE eight of ten
        Assert.Equal(13, answers.Count(a => a.Status == 503));
        Assert.All(answers.Where(a => a.Status == 503), a => Assert.InRange(int.Parse(a["Retry-After"]), 2, 9));
        Assert.Equal(8, host.Gauges["transactions"]);
        first.Send(first.Request("BYE"));
        Assert.Equal(200, first.Take().Status);
    }

    [Theory]
    [InlineData("INVITE", 503)]
    [InlineData("OPTIONS", 503)]
    [InlineData("REGISTER", 401)]
    public void While_draining_new_calls_and_options_get_503(string method, int status)
    {
        var host = SipTest.Closed();
        host.IsRefusingCalls = true;
        var peer = new SipPeer(host);
        peer.Send(peer.Request(method));
        Assert.Equal(status, peer.Take().Status);
        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));
    }

    [Fact]
    public void A_request_that_came_over_two_paths_is_a_loop()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Call(host, peer);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, cseq: 1));
        Assert.Equal(482, peer.Take().Status);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void A_trace_shows_messages_without_credentials_and_digits()
    {
        var host = SipTest.Closed();
        Assert.Equal("Enabled sip debugging on internal\n", host.Api("sofia profile internal siptrace on"));
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INFO", "Signal=7\r\nDuration=1", "Authorization: Digest username=\"u\", response=\"topsecret\"\r\n", contentType: "application/dtmf-relay"));
        Assert.Contains(host.Logs, l => l.Contains("recv", StringComparison.Ordinal) && l.Contains("INFO sip:", StringComparison.Ordinal));
        Assert.Contains(host.Logs, l => l.Contains("send", StringComparison.Ordinal) && l.Contains("407", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Logs, l => l.Contains("topsecret", StringComparison.Ordinal) || l.Contains("Signal=7", StringComparison.Ordinal));
        host.Api("sofia profile internal siptrace off");
        var count = host.Logs.Count;
        peer.Send(peer.Request("OPTIONS"));
        Assert.Equal(count, host.Logs.Count);
    }

    [Fact]
    public void Api_commands_tell_profiles_registrations_and_contacts()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        Assert.Equal("error/user_not_registered", host.Api("sofia_contact 1000"));
        peer.Send(peer.Request("REGISTER"));
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(peer.Take(), "REGISTER", "sip:example.com", "secret")));
        Assert.Equal("sofia/internal/sip:1000@192.0.2.9:5060", host.Api("sofia_contact internal/1000@example.com"));
        Assert.Equal("error/user_not_registered", host.Api("sofia_contact external/1000"));
        Assert.Equal("error/user_not_registered", host.Api("sofia_contact 4711"));
        Assert.Contains("sip:mod_sofia@192.0.2.1:5060", host.Api("sofia status"), StringComparison.Ordinal);
        Assert.Contains("2 profiles 0 aliases", host.Api("sofia status"), StringComparison.Ordinal);
        Assert.Contains("Registrations   \t1", host.Api("sofia status profile internal"), StringComparison.Ordinal);
        var reg = host.Api("sofia status profile internal reg");
        Assert.Contains("User:       \t1000@example.com", reg, StringComparison.Ordinal);
        Assert.Contains("Total items returned: 1", reg, StringComparison.Ordinal);
        Assert.Contains("Total items returned: 0", host.Api("sofia status profile internal reg 1001"), StringComparison.Ordinal);
        Assert.Contains("Invalid Profile", host.Api("sofia status profile nope"), StringComparison.Ordinal);
        Assert.StartsWith("USAGE", host.Api("sofia"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_user_agent_makes_no_second_line_anywhere()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var bytes = Encoding.Latin1.GetBytes(peer.Request("INVITE", SipPeer.Sdp, "User-Agent: \u001b[31mred\r\n"));
        host.Datagram("internal-udp", peer.Address, bytes);
        Assert.Equal(400, peer.Take().Status);    // control characters are no text of a header
        Assert.Empty(host.LegEvents);
    }
}
