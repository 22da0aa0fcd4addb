using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests;

/// <summary>Profiles: each with its own rules, changed by a reload without touching calls.</summary>
public sealed class ProfileTests
{
    private static readonly ListenerSpec[] Three = [.. SipTest.Listeners, new("partner-udp", "partner", TransportKind.Udp, "192.0.2.1:5090")];

    [Fact]
    public void Each_profile_has_its_own_rules()
    {
        const string options = """
            { "acl": ["198.51.100.0/24"], "minSessionExpiresSeconds": 90,
              "profiles": { "partner": { "authenticate": false, "register": false, "acl": ["203.0.113.0/24"], "context": "partners", "codecs": ["PCMA"], "maxCalls": 1, "minSessionExpiresSeconds": 300, "advertisedAddress": "198.51.100.99", "localNetworks": ["10.0.0.0/8"] } } }
            """;
        var host = new PluginTestHost(new SipPlugin(), options, 1, Three);
        var partner = new SipPeer(host, address: "203.0.113.5:5060", listener: "partner-udp");
        partner.Send(partner.Request("REGISTER"));
        Assert.Equal(403, partner.Take().Status);
        partner.Send(partner.Request("INVITE", SipPeer.Sdp, "Session-Expires: 120\r\nSupported: timer\r\n"));
        Assert.Equal((422, "300"), (partner.Take() is var small ? small.Status : 0, small["Min-SE"]));
        partner.CallId = "second";
        var leg = SipTest.Call(host, partner);
        var other = new SipPeer(host, address: "203.0.113.6:5060", listener: "partner-udp");
        other.Send(other.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(503, other.Take().Status);
        host.Command(new LegCommand.Ring(leg));
        Assert.Equal("sip:9196@198.51.100.99:5090", partner.Take().ContactUri);

        // What is let in there is not let in elsewhere.
        var elsewhere = new SipPeer(host, address: "203.0.113.5:5060", listener: "external-udp");
        elsewhere.Send(elsewhere.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(403, elsewhere.Take().Status);
        var trunk = new SipPeer(host, address: "198.51.100.5:5060", listener: "external-udp");
        trunk.CallId = "trunk";
        trunk.Send(trunk.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(100, trunk.Take().Status);
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal(("external", ""), (incoming.Caller.Profile, incoming.Caller.Context));
        Assert.DoesNotContain(incoming.Variables, v => v.Key == "codec_string");
    }

    [Fact]
    public void Context_and_codecs_of_a_profile_come_with_its_calls()
    {
        var host = new PluginTestHost(new SipPlugin(), """{ "profiles": { "partner": { "authenticate": false, "acl": ["203.0.113.0/24"], "context": "partners", "codecs": ["PCMA", "PCMU"] } } }""", 1, Three);
        var partner = new SipPeer(host, address: "203.0.113.5:5060", listener: "partner-udp");
        partner.Send(partner.Request("INVITE", SipPeer.Sdp));
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal("partners", incoming.Caller.Context);
        Assert.Contains(new("codec_string", "PCMA,PCMU"), incoming.Variables);
    }

    [Fact]
    public void A_profile_that_moves_at_a_reload_is_known_by_its_new_port_and_live_calls_go_on()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        host.MoveListener("internal-udp", "192.0.2.1:5070");
        host.Configure(SipTest.OpenOptions);

        var fresh = new SipPeer(host, address: "192.0.2.10:5060");
        fresh.Send(fresh.Request("OPTIONS"));
        Assert.Equal("internal-udp", host.Sent.First().Listener.Name);
        Assert.Equal(5070, host.Take().Listener.Local.Port);
        var (_, invite) = SipTest.Originate(host);
        Assert.Contains("192.0.2.1:5070", invite["Via"], StringComparison.Ordinal);
        Assert.Contains("192.0.2.1:5070", invite.ContactUri, StringComparison.Ordinal);
        Assert.Contains("192.0.2.1:5070", host.Api("sofia status profile internal"), StringComparison.Ordinal);
        Assert.DoesNotContain("192.0.2.1:5060\t", host.Api("sofia status"), StringComparison.Ordinal);

        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        var bye = host.Take();
        Assert.StartsWith("BYE", bye.FirstLine, StringComparison.Ordinal);
        Assert.Equal(5070, bye.Listener.Local.Port);
    }
}
