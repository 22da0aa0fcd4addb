using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Gateways;

public sealed class GatewayTests
{
    private const string Carrier = """
        { "gateways": { "carrier": { "username": "acme", "password": "pw", "realm": "carrier.example", "proxy": "198.51.100.7", "retry-seconds": 30, "expire-seconds": 600 } } }
        """;

    [Fact]
    public void A_gateway_registers_answers_the_challenge_of_its_realm_and_refreshes_in_time()
    {
        var host = new PluginTestHost(new SipPlugin(), Carrier, 1, SipTest.Listeners);
        var first = First(host);
        Assert.Equal("REGISTER sip:carrier.example SIP/2.0", first.FirstLine);
        Assert.Equal("<sip:acme@carrier.example>", first["To"]);
        Assert.Equal("600", first["Expires"]);
        Assert.Equal("sip:gw+carrier@192.0.2.1:5080", first.ContactUri);
        var carrier = new SipPeer(host, "acme", "198.51.100.7:5060", "external-udp");
        carrier.Send(carrier.Response(first, "401 Unauthorized", "", "WWW-Authenticate: Digest realm=\"carrier.example\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\r\n"));
        var second = new SipTestMessage(host.TakeText());
        Assert.StartsWith("Digest username=\"acme\", realm=\"carrier.example\", nonce=\"abc\", uri=\"sip:carrier.example\"", second["Authorization"], StringComparison.Ordinal);
        Assert.Equal(first.CSeq + 1, second.CSeq);
        carrier.Send(carrier.Response(second, "200 OK", "", $"Contact: <{second.ContactUri}>;expires=300\r\n"));
        Assert.Contains("REGED", host.Api("sofia status gateway carrier"), StringComparison.Ordinal);
        Assert.Contains(host.Published, e => e.Subclass == "sofia::gateway_state" && e.Headers.Contains(new("State", "REGED")));

        // Of the 300 s that were granted, between half and nine tenths.
        host.Advance(TimeSpan.FromSeconds(149));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(121));
        Assert.StartsWith("REGISTER", host.Take().FirstLine, StringComparison.Ordinal);
    }

    // S-07: the password is for one realm of one host.
    [Fact]
    public void A_challenge_of_another_realm_gets_no_credentials()
    {
        var host = new PluginTestHost(new SipPlugin(), Carrier, 1, SipTest.Listeners);
        var first = First(host);
        var carrier = new SipPeer(host, "acme", "198.51.100.7:5060", "external-udp");
        carrier.Send(carrier.Response(first, "401 Unauthorized", "", "WWW-Authenticate: Digest realm=\"evil.example\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\r\n"));
        Assert.Empty(host.Sent);
        Assert.Contains("FAIL_WAIT", host.Api("sofia status gateway carrier"), StringComparison.Ordinal);
    }

    // S-09: a nonce that changes each time ends after two tries.
    [Fact]
    public void Endless_challenges_end_after_two_tries()
    {
        var host = new PluginTestHost(new SipPlugin(), Carrier, 1, SipTest.Listeners);
        var request = First(host);
        var carrier = new SipPeer(host, "acme", "198.51.100.7:5060", "external-udp");
        for (var i = 0; i < 3; i++)
        {
            request = i == 0 ? request : new SipTestMessage(host.TakeText());
            carrier.Send(carrier.Response(request, "401 Unauthorized", "", $"WWW-Authenticate: Digest realm=\"carrier.example\", nonce=\"n{i}\", algorithm=MD5, qop=\"auth\"\r\n"));
        }

        Assert.Empty(host.Sent);
    }

    [Fact]
    public void Failures_are_tried_again_after_waits_that_grow_and_the_carriers_own_wait_is_kept()
    {
        var host = new PluginTestHost(new SipPlugin(), Carrier, 1, SipTest.Listeners);
        var carrier = new SipPeer(host, "acme", "198.51.100.7:5060", "external-udp");
        carrier.Send(carrier.Response(First(host), "500 Server Error"));
        host.Advance(TimeSpan.FromSeconds(26));      // 30 s ± 10 %
        Assert.Empty(host.Sent);
        carrier.Send(carrier.Response(First(host), "500 Server Error"));
        host.Advance(TimeSpan.FromSeconds(53));      // 60 s ± 10 %
        Assert.Empty(host.Sent);
        carrier.Send(carrier.Response(First(host), "500 Server Error", "", "Retry-After: 500 (later)\r\n"));
        host.Advance(TimeSpan.FromSeconds(499));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(2));
        Assert.StartsWith("REGISTER", host.Take().FirstLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_by_the_gateway_has_its_addresses_and_answers_its_challenge()
    {
        var host = Registered(out var carrier);
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "gateway", "carrier/4930123", null), "Anna", "1000", SipPeer.OurSdp, []));
        var sent = host.Take();
        Assert.Equal("198.51.100.7:5060", sent.To.ToString());
        var invite = new SipTestMessage(sent.Text);
        Assert.Equal("INVITE sip:4930123@carrier.example SIP/2.0", invite.FirstLine);
        Assert.StartsWith("\"Anna\" <sip:acme@carrier.example>;tag=", invite["From"], StringComparison.Ordinal);
        carrier.Send(carrier.Response(invite, "407 Proxy Authentication Required", "", "Proxy-Authenticate: Digest realm=\"carrier.example\", nonce=\"x\", algorithm=SHA-256, qop=\"auth\"\r\n"));
        Assert.StartsWith("ACK", host.Take().FirstLine, StringComparison.Ordinal);
        var again = new SipTestMessage(host.TakeText());
        Assert.Contains("algorithm=SHA-256", again["Proxy-Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public void Its_calls_are_known_by_their_address_and_go_to_its_context()
    {
        var options = """
            { "gateways": { "carrier": { "realm": "carrier.example", "proxy": "198.51.100.7", "register": false, "acl": ["203.0.113.0/24"], "context": "trunk", "extension": "5000" } } }
            """;
        var host = new PluginTestHost(new SipPlugin(), options, 1, SipTest.Listeners);
        host.Advance(TimeSpan.FromSeconds(1));
        foreach (var address in (string[])["198.51.100.7:5060", "203.0.113.9:5060"])
        {
            var carrier = new SipPeer(host, "0301", address, "external-udp");
            carrier.Send(carrier.Request("INVITE", SipPeer.Sdp, "P-Asserted-Identity: \"Bert\" <sip:+4930999@carrier.example>\r\n"));
            Assert.Equal(100, carrier.Take().Status);
            var incoming = host.TakeEvent<LegEvent.Incoming>();
            Assert.Equal(("trunk", "5000", "+4930999", "Bert"), (incoming.Caller.Context, incoming.Caller.Destination, incoming.Caller.CallerNumber, incoming.Caller.CallerName));
            Assert.Contains(new("sip_gateway_name", "carrier"), incoming.Variables);
        }

        // Neither a neighbour of its network nor its name in a header is let in.
        var other = new SipPeer(host, "0301", "198.51.100.8:5060", "external-udp");
        other.Send(other.Request("INVITE", SipPeer.Sdp, "X-Forwarded-For: 198.51.100.7\r\n"));
        Assert.Equal(403, other.Take().Status);
    }

    [Fact]
    public void Pings_that_nobody_answers_take_it_down_and_calls_by_it_fail_at_once()
    {
        var options = """{ "gateways": { "carrier": { "realm": "carrier.example", "proxy": "198.51.100.7", "register": false, "ping": 20 } } }""";
        var host = new PluginTestHost(new SipPlugin(), options, 1, SipTest.Listeners);
        host.Advance(TimeSpan.FromSeconds(61));
        Assert.Contains("DOWN", host.Api("sofia status gateway carrier"), StringComparison.Ordinal);
        var options1 = new SipTestMessage(host.TakeAll()[^1].Text);
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "gateway", "carrier/1", null), "", "1000", SipPeer.OurSdp, []));
        Assert.Equal(HangupCause.GatewayDown, host.TakeEvent<LegEvent.HungUp>().Cause);
        var carrier = new SipPeer(host, "x", "198.51.100.7:5060", "external-udp");
        carrier.Send(carrier.Response(options1, "404 Not Found"));
        Assert.Contains("UP", host.Api("sofia status gateway carrier"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_leaves_an_unchanged_gateway_alone_and_ends_one_that_is_gone()
    {
        var host = Registered(out var carrier);
        host.Configure(Carrier);
        host.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(host.Sent);
        host.Configure("{}");
        var end = new SipTestMessage(host.TakeText());
        Assert.Equal("0", end["Expires"]);
        carrier.Send(carrier.Response(end, "200 OK"));
        Assert.Equal("Invalid Gateway!\n", host.Api("sofia status gateway carrier"));
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "gateway", "carrier/1", null), "", "1000", SipPeer.OurSdp, []));
        Assert.Equal(HangupCause.InvalidGateway, host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Fact]
    public void A_swap_keeps_the_registration()
    {
        var host = Registered(out _);
        host.Swap(new SipPlugin());
        host.Advance(TimeSpan.FromSeconds(100));
        Assert.Empty(host.Sent);
        Assert.Contains("REGED", host.Api("sofia status gateway carrier"), StringComparison.Ordinal);
        host.Advance(TimeSpan.FromSeconds(500));
        Assert.StartsWith("REGISTER", host.Take().FirstLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_found_by_naptr_srv_and_address_and_the_next_server_takes_over()
    {
        var options = """{ "gateways": { "carrier": { "realm": "carrier.example", "proxy": "carrier.example", "register": false } } }""";
        var host = new PluginTestHost(new SipPlugin(), options, 1, SipTest.Listeners);
        host.Records.Add(("carrier.example", new DnsRecord(DnsRecordKind.Naptr, 10, 10, "_sip._udp.carrier.example") { Flags = "S", Service = "SIP+D2U" }));
        host.Records.Add(("carrier.example", new DnsRecord(DnsRecordKind.Naptr, 5, 10, "_sips._tcp.carrier.example") { Flags = "s", Service = "SIPS+D2T" }));   // no TLS here
        host.Records.Add(("_sip._udp.carrier.example", new DnsRecord(DnsRecordKind.Srv, 20, 1, "b.carrier.example") { Port = 5070 }));
        host.Records.Add(("_sip._udp.carrier.example", new DnsRecord(DnsRecordKind.Srv, 10, 1, "a.carrier.example") { Port = 5072 }));
        host.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a.carrier.example", Assert.Single(host.Lookups).HostName);
        host.Resolved("198.51.100.1");
        Assert.Equal("b.carrier.example", Assert.Single(host.Lookups).HostName);
        host.Resolved("198.51.100.2");

        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "gateway", "carrier/4711", null), "", "1000", SipPeer.OurSdp, []));
        var first = host.Take();
        Assert.Equal("198.51.100.1:5072", first.To.ToString());
        var a = new SipPeer(host, "x", "198.51.100.1:5072", "external-udp");
        a.Send(a.Response(new SipTestMessage(first.Text), "503 Service Unavailable"));
        Assert.StartsWith("ACK", host.Take().FirstLine, StringComparison.Ordinal);
        var second = host.Take();
        Assert.Equal("198.51.100.2:5070", second.To.ToString());
        Assert.NotEqual(new SipTestMessage(first.Text).Branch, new SipTestMessage(second.Text).Branch);

        // One that says nothing is given up after 16·T1 when there is another; the last one gets its full time.
        host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "gateway", "carrier/4712", null), "", "1000", SipPeer.OurSdp, []));
        Assert.Equal("198.51.100.1:5072", host.Take().To.ToString());
        host.Advance(TimeSpan.FromSeconds(7));
        Assert.DoesNotContain(host.TakeAll(), p => p.To.Port == 5070 && p.Text.Contains("4712", StringComparison.Ordinal));
        host.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains(host.TakeAll(), p => p.To.Port == 5070 && p.Text.Contains("4712", StringComparison.Ordinal));
    }

    /// <summary>The first request, which comes a little after the start.</summary>
    private static SipTestMessage First(PluginTestHost host)
    {
        while (host.Sent.Count == 0)
        {
            host.Advance(TimeSpan.FromMilliseconds(20));
        }

        return new SipTestMessage(host.TakeText());
    }

    private static PluginTestHost Registered(out SipPeer carrier)
    {
        var host = new PluginTestHost(new SipPlugin(), Carrier, 1, SipTest.Listeners);
        carrier = new SipPeer(host, "acme", "198.51.100.7:5060", "external-udp");
        var register = First(host);
        carrier.Send(carrier.Response(register, "200 OK", "", $"Contact: <{register.ContactUri}>;expires=600\r\n"));
        return host;
    }
}
