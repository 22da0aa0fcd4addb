using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests;

/// <summary>What tests of the whole plugin start from: a plugin on 192.0.2.1 that lets 192.0.2.0/24 in.</summary>
internal static class SipTest
{
    public const string OpenOptions = """{ "internalAcl": ["192.0.2.0/24"], "acl": ["192.0.2.0/24"] }""";

    public static ListenerSpec[] Listeners { get; } =
    [
        new("internal-udp", "internal", TransportKind.Udp, "192.0.2.1:5060"),
        new("internal-tcp", "internal", TransportKind.Tcp, "192.0.2.1:5060"),
        new("external-udp", "external", TransportKind.Udp, "192.0.2.1:5080"),
        new("external-tcp", "external", TransportKind.Tcp, "192.0.2.1:5080"),
    ];

    /// <summary>A host that lets everybody call.</summary>
    public static PluginTestHost Open(string options = OpenOptions) => new(new SipPlugin(), options, 1, Listeners);

    /// <summary>A host with default options, where calls need credentials.</summary>
    public static PluginTestHost Closed(string options = "{}")
    {
        var host = new PluginTestHost(new SipPlugin(), options, 1, Listeners);
        host.Users.Add("1000", "secret");
        host.Users.Add("1001", "secret1");
        return host;
    }

    /// <summary>An incoming call up to the point where the core has it.</summary>
    public static LegId Call(PluginTestHost host, SipPeer peer, string sdp = SipPeer.Sdp, string extra = "")
    {
        peer.Send(peer.Request("INVITE", sdp, extra));
        Assert.Equal(100, peer.Take().Status);
        return host.TakeEvent<LegEvent.Incoming>().Leg;
    }

    /// <summary>An incoming call, answered and acknowledged.</summary>
    public static LegId Answered(PluginTestHost host, SipPeer peer, string extra = "")
    {
        var leg = Call(host, peer, extra: extra);
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        Assert.Equal(200, peer.TakeResponse().Status);
        peer.Send(peer.Request("ACK", cseq: peer.CSeq));
        Assert.Null(host.TakeEvent<LegEvent.Confirmed>().Answer);
        return leg;
    }

    /// <summary>An outgoing call up to the INVITE.</summary>
    public static (LegId Leg, SipTestMessage Invite) Originate(PluginTestHost host, string address = "2000@192.0.2.9", string? offer = SipPeer.OurSdp, params (string, string)[] variables)
    {
        var leg = host.NewLeg();
        host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "internal", address, null), "Engine", "9196", offer, [.. variables.Select(v => new KeyValuePair<string, string>(v.Item1, v.Item2))]));
        return (leg, new SipTestMessage(host.TakeText()));
    }

    /// <summary>Nothing is left of any transaction, leg or dialog after 64·T1.</summary>
    public static void AssertNothingLeft(PluginTestHost host)
    {
        host.Advance(TimeSpan.FromSeconds(70));
        host.TakeAll();
        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));
        Assert.Equal(0, host.Gauges.GetValueOrDefault("legs"));
        Assert.Equal(0, ((SipPlugin)host.Plugin).Parts.Legs.Dialogs);
        Assert.Equal(0, host.TimerCount - host.Connections.Count);
    }
}
