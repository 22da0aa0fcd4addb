using System.Diagnostics;
using System.Text.RegularExpressions;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Security;

/// <summary>The rows of the security plan that concern SIP, by their numbers; what a row asks for beside this stands in the tests of its part.</summary>
public sealed partial class RowsTests
{
    [Theory]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: -2")]
    [InlineData("Content-Length: 2147483647")]
    [InlineData("Content-Length: 4294967328")]
    [InlineData("Content-Length: 100000000000000000000")]
    [InlineData("Content-Length: 4\r\nContent-Length: 5")]
    [InlineData("X: y")]
    public void S_01_a_content_length_that_lies_closes_its_own_connection_and_no_other(string line)
    {
        foreach (var (listener, transport) in ((string, string)[])[("internal-tcp", "TCP"), ("internal-tls", "TLS"), ("internal-ws", "WS")])
        {
            var host = new PluginTestHost(new SipPlugin(), SipTest.OpenOptions, 1, [.. SipTest.Listeners, new("internal-tls", "internal", TransportKind.Tls, "192.0.2.1:5061"), new("internal-ws", "internal", TransportKind.Ws, "192.0.2.1:5066")]);
            var bad = host.Accept(listener, "192.0.2.8:40000");
            var good = host.Accept(listener, "192.0.2.9:40001");
            var before = GC.GetAllocatedBytesForCurrentThread();
            var attacker = new SipPeer(host, address: "192.0.2.8:40000") { Connection = bad, Transport = transport };
            attacker.Send(attacker.Request("OPTIONS").Replace("Content-Length: 0", line, StringComparison.Ordinal));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
            if (transport != "WS")
            {
                Assert.False(bad.IsOpen && line != "X: y" && host.Sent.Any(p => new SipTestMessage(p.Text).Status == 200));
            }

            host.TakeAll();
            var peer = new SipPeer(host, address: "192.0.2.9:40001") { Connection = good, Transport = transport };
            peer.Send(peer.Request("OPTIONS"));
            Assert.Equal(200, peer.Take().Status);
        }
    }

    [Fact]
    public void S_02_a_byte_a_second_is_given_up_and_many_idle_connections_are_bounded()
    {
        var host = SipTest.Open("""{ "maxConnectionsPerSource": 20 }""");
        var slow = host.Accept("internal-tcp", "198.51.100.1:1");
        for (var i = 0; i < 70 && slow.IsOpen; i++)
        {
            host.Receive(slow, "I"u8.ToArray());
            host.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(slow.IsOpen);
        for (var i = 0; i < 1000; i++)
        {
            host.Accept("internal-tcp", $"198.51.100.2:{2000 + i}");
        }

        Assert.InRange(host.Connections.Count, 1, 20);
        Assert.True(host.Accept("internal-tcp", "198.51.100.3:1").IsOpen);
    }

    [Theory]
    [InlineData("MESSAGE")]
    [InlineData("SUBSCRIBE")]
    [InlineData("PUBLISH")]
    [InlineData("REFER")]
    [InlineData("NOTIFY")]
    [InlineData("INFO")]
    [InlineData("UPDATE")]
    [InlineData("PRACK")]
    public void S_04_nothing_outside_a_dialog_is_served_without_credentials(string method)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request(method, "x", "Event: presence\r\nRefer-To: <sip:1@example.com>\r\n", contentType: "text/plain"));
        Assert.Equal(407, peer.Take().Status);
        Assert.Empty(host.Submitted);
        Assert.Empty(host.LegEvents);
        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));
        Assert.Equal(0, host.Gauges.GetValueOrDefault("subscriptions"));
    }

    [Theory]
    [InlineData("P-Asserted-Identity: <sip:boss@example.com>\r\n")]
    [InlineData("P-Preferred-Identity: <sip:boss@example.com>\r\n")]
    [InlineData("Remote-Party-ID: <sip:boss@example.com>;party=calling\r\n")]
    [InlineData("Contact: <sip:boss@192.0.2.9>\r\n")]
    public void S_05_a_user_is_nobody_else_whatever_its_headers_say(string header)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, header));
        var challenge = peer.Take();
        peer.Send(peer.Request("ACK", cseq: 1, branch: peer.Last.Branch));
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, header + peer.Authorize(challenge, "INVITE", "sip:1001@example.com", "secret")).Replace("<sip:1000@example.com>;tag", "<sip:boss@example.com>;tag", StringComparison.Ordinal));
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal(("1000", "1000"), (incoming.Caller.User!.Number, incoming.Caller.CallerNumber));
        Assert.DoesNotContain(incoming.Variables, v => v.Value.Contains("boss", StringComparison.Ordinal) && (v.Key.StartsWith("sip_h_P-", StringComparison.Ordinal) || v.Key is "sip_from_user"));
    }

    [Fact]
    public void S_06_a_source_that_nobody_knows_reaches_nothing()
    {
        var host = new PluginTestHost(new SipPlugin(), """{ "acl": ["10.0.0.1"], "gateways": { "g": { "proxy": "198.51.100.1", "register": false } } }""", 1, SipTest.Listeners);
        host.Advance(TimeSpan.FromSeconds(1));
        foreach (var source in (string[])["10.0.0.10:5060", "198.51.100.10:5060", "198.51.100.2:5060"])
        {
            var peer = new SipPeer(host, address: source, listener: "external-udp");
            peer.Send(peer.Request("INVITE", SipPeer.Sdp));
            Assert.Equal(403, peer.Take().Status);
        }

        // The gateway is known on its own profile only.
        var gateway = new SipPeer(host, address: "198.51.100.1:5060", listener: "internal-udp");
        gateway.Send(gateway.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(407, gateway.Take().Status);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void S_07_a_callee_that_challenges_a_bye_gets_no_credentials_from_elsewhere()
    {
        var host = new PluginTestHost(new SipPlugin(), """{ "gateways": { "g": { "username": "u", "password": "p", "realm": "g.example", "proxy": "198.51.100.1", "register": false } } }""", 1, SipTest.Listeners);
        host.Advance(TimeSpan.FromSeconds(1));
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "gateway", "g/1", null), "", "1", SipPeer.OurSdp, []));
        var gateway = new SipPeer(host, "1", "198.51.100.1:5060", "external-udp");
        gateway.Send(gateway.Response(new SipTestMessage(host.TakeText()), "200 OK", SipPeer.Sdp, "Contact: <sip:1@203.0.113.66:5060>\r\n"));
        host.TakeAll();
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = host.Take();
        Assert.Equal("203.0.113.66:5060", bye.To.ToString());
        var stranger = new SipPeer(host, "1", "203.0.113.66:5060", "external-udp");
        stranger.Send(stranger.Response(new SipTestMessage(bye.Text), "407 Proxy Authentication Required", "", "Proxy-Authenticate: Digest realm=\"g.example\", nonce=\"x\", qop=\"auth\"\r\n"));
        Assert.DoesNotContain(host.TakeAll(), p => p.Text.Contains("Authorization", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("X-Priv : 1\r\n")]
    [InlineData("X-Priv\t: 1\r\n")]
    [InlineData("X-Priv: a\0b\r\n")]
    [InlineData("P-Asserted-Identity : <sip:boss@example.com>\r\n")]
    [InlineData("P-Asserted-Identity\r\n : <sip:boss@example.com>\r\n")]
    [InlineData("p-asserted-identity: <sip:boss@example.com>\r\n")]
    public void S_10_internal_headers_are_known_by_any_way_of_writing_them(string header)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host) { Target = "sip:1001@example.com" };
        peer.Send(peer.Request("INVITE", SipPeer.Sdp));
        var challenge = peer.Take();
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, "X-Mark: 1\r\n" + peer.Authorize(challenge, "INVITE", "sip:1001@example.com", "secret")).Replace("X-Mark: 1\r\n", header, StringComparison.Ordinal));
        if (host.LegEvents.Count > 0)
        {
            var incoming = host.TakeEvent<LegEvent.Incoming>();
            Assert.Equal("1000", incoming.Caller.CallerNumber);
            Assert.DoesNotContain(incoming.Variables, v => v.Key.Contains("Asserted", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(incoming.Variables, v => v.Value.Contains('\0', StringComparison.Ordinal));
        }
        else
        {
            Assert.Equal(400, peer.Take().Status);
        }
    }

    [Theory]
    [InlineData("1\r\nEvil: 1")]
    [InlineData("1\nEvil: 1")]
    [InlineData("a\" <sip:x@y>\r\nEvil: 1")]
    public void S_11_no_value_of_a_script_makes_a_second_header(string value)
    {
        var host = SipTest.Open();
        var variables = new KeyValuePair<string, string>[] { new("sip_h_X-Tag", value), new("sip_cid_type", "pid"), new("sip_contact_user", value), new("sip_h_Evil\r\nX", "1"), new("sip_referred_by", "sip:" + value), new("sip_from_uri", "sip:" + value + "@x") };
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000@192.0.2.9", null), value, value, SipPeer.OurSdp, variables));
        var invite = new SipTestMessage(host.TakeText());
        Assert.Empty(invite.All("Evil"));
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000\r\nEvil: 1@192.0.2.9", null), "", "", SipPeer.OurSdp, []));
        Assert.DoesNotContain(host.TakeAll(), p => p.Text.Contains("\nEvil", StringComparison.Ordinal));
    }

    [Fact]
    public void S_12_header_bombs_are_refused_in_linear_time()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        string[] bombs =
        [
            string.Concat(Enumerable.Repeat("Accept: application/sdp\r\n", 50)),
            string.Concat(Enumerable.Repeat("Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n", 240)),
            "X: " + new string('x', 60_000) + "\r\n",
            "Contact: <sip:a@b" + string.Concat(Enumerable.Repeat(";p=1", 10_000)) + ">\r\n",
            string.Concat(Enumerable.Repeat("Record-Route: <sip:p;lr>\r\n", 200)),
            "Subject: " + string.Concat(Enumerable.Repeat("\r\n ", 10_000)) + "x\r\n",
        ];
        var began = Stopwatch.StartNew();
        foreach (var bomb in bombs)
        {
            for (var i = 0; i < 20; i++)
            {
                peer.CallId = Guid.NewGuid().ToString();
                peer.Send(peer.Request("INVITE", SipPeer.Sdp, "X-Mark: 1\r\n").Replace("X-Mark: 1\r\n", bomb, StringComparison.Ordinal));
            }
        }

        Assert.True(began.Elapsed < TimeSpan.FromSeconds(10), began.Elapsed.ToString());
        Assert.All(host.TakeAll(), p => Assert.InRange(new SipTestMessage(p.Text).Status, 100, 513));
        peer.CallId = "after";
        peer.Send(peer.Request("OPTIONS"));
        Assert.Equal(200, peer.Take().Status);
    }

    [Theory]
    [InlineData("multipart/mixed", "x")]
    [InlineData("multipart/mixed;boundary=\"\"", "----")]
    [InlineData("multipart/mixed;boundary=a", "--a\r\n\r\n--a--")]
    [InlineData("multipart/mixed;boundary=a", "--a\r\nContent-Type: multipart/mixed;boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed;boundary=a\r\n\r\n--a--")]
    [InlineData("multipart/mixed;boundary=a;boundary=b", "--b--")]
    public void S_14_broken_multiparts_are_refused(string type, string body)
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("INVITE", string.Concat(Enumerable.Repeat(body, 100)), contentType: type));
        Assert.Equal(415, peer.Take().Status);
        Assert.Empty(host.LegEvents);
    }

    [Fact]
    public void S_19_a_flood_from_many_sources_is_bounded_and_neighbours_are_served()
    {
        var host = SipTest.Closed("""{ "maxTransactions": 1000 }""");
        host.DiscardsSent = true;
        string[] methods = ["REGISTER", "INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE"];
        for (var i = 0; i < 20_000; i++)
        {
            var peer = new SipPeer(host, "u" + i, $"198.51.{i % 200}.{i % 250}:{1024 + (i % 60_000)}") { CallId = "f" + i };
            peer.Send(peer.Request(methods[i % methods.Length], "x", "Event: presence\r\n", contentType: "text/plain"));
        }

        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));
        Assert.Equal(0, host.TimerCount);
        Assert.InRange(((SipPlugin)host.Plugin).Parts.Limiter.Count, 1, 16_384);
        host.DiscardsSent = false;
        var legitimate = new SipPeer(host, address: "203.0.113.5:5060") { Target = "sip:9196@example.com" };
        legitimate.Send(legitimate.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(407, legitimate.Take().Status);
    }

    [Fact]
    public void S_20_connections_that_come_and_go_in_the_middle_of_everything_leave_nothing()
    {
        var host = SipTest.Open();
        for (var i = 0; i < 200; i++)
        {
            var connection = host.Accept("internal-tcp", $"192.0.2.9:{30_000 + i}");
            var peer = new SipPeer(host, address: $"192.0.2.9:{30_000 + i}") { Connection = connection, Transport = "TCP", CallId = "c" + i };
            var text = peer.Request("INVITE", SipPeer.Sdp);
            host.Receive(connection, text[..(i * 3 % text.Length)]);
            if (i % 3 == 0)
            {
                host.Receive(connection, text[(i * 3 % text.Length)..]);
            }

            host.Drop(connection);
        }

        foreach (var incoming in host.LegEvents.OfType<LegEvent.Incoming>().ToArray())
        {
            host.Command(new LegCommand.Hangup(incoming.Leg, HangupCause.NormalClearing, 0, ""));
        }

        foreach (var open in host.Connections.ToArray())
        {
            host.Drop(open);
        }

        host.ClearEvents();
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void S_21_a_tls_connection_that_proved_one_name_is_not_used_for_another()
    {
        var host = new PluginTestHost(new SipPlugin(), SipTest.OpenOptions, 1, [.. SipTest.Listeners, new("internal-tls", "internal", TransportKind.Tls, "192.0.2.1:5061")]);
        foreach (var name in (string[])["a.example", "b.example", "a.example"])
        {
            host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", $"2000@{name}:5061;transport=tls", null), "", "1", SipPeer.OurSdp, []));
            host.Resolved("192.0.2.40");
        }

        Assert.Equal(2, host.Connections.Count);
        Assert.Equal(["a.example", "b.example"], host.Connections.Select(c => c.ServerName));
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "2000@192.0.2.41:5061;transport=tls", null), "", "1", SipPeer.OurSdp, []));
        Assert.Equal("192.0.2.41", host.Connections.Last().ServerName);
    }

    [Fact]
    public void S_34_storms_of_cancelled_forked_and_reliable_calls_leave_nothing()
    {
        var host = SipTest.Open();
        for (var i = 0; i < 50; i++)
        {
            var peer = new SipPeer(host) { CallId = "s" + i, LocalTag = "t" + i };
            var leg = SipTest.Call(host, peer, extra: i % 2 == 0 ? "Require: 100rel\r\n" : "");
            host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp));
            host.Command(new LegCommand.Ring(leg));
            var invite = peer.Last;
            peer.Send(peer.Request("CANCEL", cseq: invite.CSeq, branch: invite.Branch));
            host.TakeEvent<LegEvent.HungUp>();
            peer.Send(peer.Request("ACK", cseq: invite.CSeq, branch: invite.Branch));
            host.TakeAll();
        }

        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void S_40_neither_a_stranger_nor_a_transfer_nor_a_redirection_reaches_a_foreign_number()
    {
        var host = SipTest.Closed();
        var stranger = new SipPeer(host, "x", "198.51.100.9:5060") { Target = "sip:0900123@example.com" };
        stranger.Send(stranger.Request("INVITE", SipPeer.Sdp, "Diversion: <sip:1000@example.com>\r\n"));
        Assert.Equal(407, stranger.Take().Status);
        stranger.Send(stranger.Request("REFER", "", "Refer-To: <sip:0900123@example.com>\r\n"));
        Assert.Equal(407, stranger.Take().Status);

        var open = SipTest.Open();
        var peer = new SipPeer(open);
        SipTest.Answered(open, peer);
        peer.Send(peer.Request("REFER", "", "Refer-To: <sip:0900123@premium.example>\r\n"));
        Assert.Equal(403, peer.Take().Status);
        Assert.Empty(open.LegEvents);
    }

    [Fact]
    public void S_41_strangers_get_no_more_bytes_than_they_send()
    {
        var host = SipTest.Closed();
        foreach (var method in (string[])["OPTIONS", "REGISTER", "INVITE", "MESSAGE", "SUBSCRIBE"])
        {
            var peer = new SipPeer(host) { Target = "sip:1001@example.com", CallId = "amp" + method };
            var request = peer.Request(method, "", "Event: dialog\r\nUser-Agent: a phone of some length/1.0\r\n");
            peer.Send(request);
            var sent = host.TakeAll();
            Assert.True(sent.Sum(p => p.Data.Length) <= request.Length * 1.2, $"{method}: {sent.Sum(p => p.Data.Length)} for {request.Length}");
            host.Advance(TimeSpan.FromSeconds(60));
            Assert.Empty(host.Sent);
        }
    }

    [Fact]
    public void S_42_what_a_scanner_calls_itself_stays_within_one_field()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host, address: "198.51.100.9:5060");
        peer.Send(peer.Request("OPTIONS", extra: "User-Agent: friendly-scanner\" ip=1.2.3.4\r\n"));
        var line = Assert.Single(host.SecurityLog, l => l.StartsWith("scanner", StringComparison.Ordinal));
        Assert.StartsWith("scanner src=198.51.100.9:5060 ua=", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scanner_gets_no_answer_and_is_banned_even_from_a_trusted_address_by_its_port()
    {
        var host = SipTest.Closed();
        var scanner = new SipPeer(host, address: "198.51.100.9:5060");
        scanner.Send(scanner.Request("OPTIONS", extra: "User-Agent: friendly-scanner\r\n"));
        scanner.Send(scanner.Request("OPTIONS"));
        Assert.Empty(host.Sent);
        Assert.Contains("198.51.100.9", host.Api("sofia bans"), StringComparison.Ordinal);
        Assert.Equal("+OK\n", host.Api("sofia unban 198.51.100.9"));
        scanner.Send(scanner.Request("OPTIONS"));
        Assert.Equal(200, scanner.Take().Status);

        var local = new SipPeer(host, address: "127.0.0.1:7777");
        local.Send(local.Request("REGISTER", extra: "User-Agent: friendly-scanner\r\n"));
        local.Send(local.Request("REGISTER"));
        Assert.Empty(host.Sent);
        var neighbour = new SipPeer(host, address: "127.0.0.1:7778");
        neighbour.Send(neighbour.Request("OPTIONS"));
        Assert.Equal(200, neighbour.Take().Status);
        host.Advance(TimeSpan.FromSeconds(61));
        local.Send(local.Request("OPTIONS"));
        Assert.Equal(200, local.Take().Status);
    }

    [Fact]
    public void Guessing_who_is_there_by_challenges_bans_and_honest_phones_are_not_counted()
    {
        var host = SipTest.Closed("""{ "challengesPerMinute": 20, "requestsPerSecond": 1000 }""");
        var honest = new SipPeer(host, address: "198.51.100.5:5060");
        for (var i = 0; i < 60; i++)
        {
            honest.CallId = "h" + i;
            honest.Send(honest.Request("REGISTER"));
            var challenge = honest.Take();
            honest.Send(honest.Request("REGISTER", extra: honest.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
            Assert.Equal(200, honest.Take().Status);
        }

        for (var i = 0; i < 60; i++)
        {
            var guess = new SipPeer(host, (1000 + i).ToString(), "198.51.100.6:5060") { CallId = "g" + i };
            guess.Send(guess.Request("REGISTER"));
        }

        Assert.Equal(20, host.TakeAll().Count);
        Assert.Contains(host.SecurityLog, l => l.StartsWith("ban src=198.51.100.6:5060", StringComparison.Ordinal) && l.EndsWith("reason=unanswered_challenges", StringComparison.Ordinal));
    }

    [Fact]
    public void The_fail2ban_filter_finds_the_address_in_each_line_and_in_no_other()
    {
        var filter = File.ReadAllLines(Path.Combine(Root(), "engine", "Host", "fail2ban", "filter.d", "xswitch.conf")).First(l => l.StartsWith("failregex", StringComparison.Ordinal));
        var pattern = new Regex(filter[(filter.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim().Replace("<HOST>", "(?<host>[0-9a-fA-F.:]+)", StringComparison.Ordinal));
        foreach (var (line, host) in ((string, string)[])[
            ("2026-01-31T12:00:00.000Z auth_fail ip=192.0.2.4 port=5060 method=\"REGISTER\" user=\"1000\"", "192.0.2.4"),
            ("2026-01-31T12:00:00.000Z scanner ip=2001:db8::1 port=5060 ua=\"friendly-scanner\"", "2001:db8::1"),
            ("2026-01-31T12:00:00.000Z ban ip=192.0.2.4 port=5060 seconds=\"60\" reason=\"auth_failures\"", "192.0.2.4")])
        {
            var match = pattern.Match(WithoutTime().Replace(line, ""));
            Assert.True(match.Success, line);
            Assert.Equal(host, match.Groups["host"].Value);
        }

        Assert.DoesNotMatch(pattern, " login ip=192.0.2.4 port=5060 user=\"x auth_fail ip=10.0.0.1 port=1\"");
    }

    private static string Root([System.Runtime.CompilerServices.CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")]
    private static partial Regex WithoutTime();
}
