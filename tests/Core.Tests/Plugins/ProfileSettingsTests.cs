using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>Where an operator puts the listeners of a profile, and which he switches off.</summary>
public sealed class ProfileSettingsTests
{
    private static readonly PluginManifest Manifest = new("sip", "1.0.0", "1.x", "A.dll", "E")
    {
        Listeners =
        [
            new("internal-udp", "internal", TransportKind.Udp, "*:5060"),
            new("internal-tcp", "internal", TransportKind.Tcp, "*:5060"),
            new("internal-tls", "internal", TransportKind.Tls, "*:5061"),
            new("internal-ws", "internal", TransportKind.Ws, "*:5066"),
            new("internal-wss", "internal", TransportKind.Wss, "*:7443"),
        ],
    };

    private const string Default = "udp *:5060, tcp *:5060, tls *:5061, ws *:5066, wss *:7443";

    [Theory]
    [InlineData("{}", Default)]
    [InlineData("""{ "Port": 15060 }""", "udp *:15060, tcp *:15060, tls *:15061, ws *:15066, wss *:17443")]
    [InlineData("""{ "Port": "0", "Address": "127.0.0.1" }""", "udp 127.0.0.1:0, tcp 127.0.0.1:0, tls 127.0.0.1:0, ws 127.0.0.1:0, wss 127.0.0.1:0")]
    [InlineData("""{ "Enabled": false }""", "")]
    [InlineData("""{ "Enabled": false, "udp": true }""", "udp *:5060")]
    [InlineData("""{ "ws": false, "WSS": { "enabled": "false" } }""", "udp *:5060, tcp *:5060, tls *:5061")]
    [InlineData("""{ "Port": 0, "wss": { "Port": 7443, "Address": "::1" } }""", "udp *:0, tcp *:0, tls *:0, ws *:0, wss [::1]:7443")]
    [InlineData("""{ "ws-binding": "", "wss-binding": ":8443", "tls": "false" }""", "udp *:5060, tcp *:5060, wss *:8443")]
    [InlineData("""{ "ws-binding": "127.0.0.1:0", "tls-sip-port": 5091 }""", "udp *:5060, tcp *:5060, tls *:5091, ws 127.0.0.1:0, wss *:7443")]
    public void Listeners_move_and_go_as_the_profile_says(string profile, string expected)
    {
        Assert.True(PluginSection.TryMerge(Manifest, $$"""{ "Profiles": { "internal": {{profile}} } }""", out var section, out var faults), string.Join('\n', faults));
        Assert.Equal(expected, string.Join(", ", section!.Listeners.Select(l => $"{l.Spec.Transport.ToString().ToLowerInvariant()} {l.Address}")));
    }

    [Theory]
    [InlineData("""{ "Port": 65000 }""", "Profiles:internal: Port 65000 moves internal-wss to 67383, which is no port")]
    [InlineData("""{ "ws-binding": "here" }""", "Profiles:internal:ws-binding: must be :port or address:port, or empty for off")]
    [InlineData("""{ "wss": 1 }""", "Profiles:internal:wss: must be true, false, or an object")]
    [InlineData("""{ "wss": { "Prot": 1 } }""", "Profiles:internal:wss: has Enabled, Port and Address, not Prot")]
    [InlineData("""{ "tls": { "ClientCertificates": "maybe" } }""", "Profiles:internal:tls: ClientCertificates must be none, ask or require")]
    [InlineData("""{ "tls": { "ClientCertificates": 2 } }""", "Profiles:internal:tls: ClientCertificates must be none, ask or require")]
    [InlineData("""{ "wss": { "ClientCertificates": "ask" } }""", "Profiles:internal:wss: has Enabled, Port and Address, not ClientCertificates")]
    [InlineData("""{ "tls": { "Port": -1 } }""", "Profiles:internal:tls: Port must be a port")]
    [InlineData("""{ "Enabled": "perhaps" }""", "Profiles:internal:Enabled: must be true or false")]
    [InlineData("""{ "wsbinding": "" }""", "Profiles:internal:wsbinding: unknown; did you mean ws-binding?")]
    public void What_makes_no_sense_is_named(string profile, string expected)
    {
        Assert.False(PluginSection.TryMerge(Manifest, $$"""{ "Profiles": { "internal": {{profile}} } }""", out _, out var faults));
        Assert.StartsWith(expected, Assert.Single(faults), StringComparison.Ordinal);
    }

    /// <summary>A plugin with an option <c>profiles</c> takes any: they have the listeners that they are given ports for.</summary>
    [Theory]
    [InlineData("""{ "Port": 5090 }""", "carrier-udp *:5090, carrier-tcp *:5090")]
    [InlineData("""{ "Port": "5090", "Address": "127.0.0.1", "tcp": false, "tls": { "Port": 5091 } }""", "carrier-udp 127.0.0.1:5090, carrier-tls 127.0.0.1:5091")]
    [InlineData("""{ "udp": { "Port": 5090 }, "maxCalls": 5 }""", "carrier-udp *:5090")]
    [InlineData("""{ "wss-binding": ":7444", "tls-sip-port": 5091 }""", "carrier-tls *:5091, carrier-wss *:7444")]
    [InlineData("""{ "Port": 5090, "Enabled": false }""", "")]
    public void A_profile_that_the_manifest_does_not_name_has_the_listeners_that_it_is_given_ports_for(string profile, string expected)
    {
        Assert.True(PluginSection.TryMerge(WithProfiles, $$"""{ "profiles": { "carrier": {{profile}} } }""", out var section, out var faults), string.Join('\n', faults));
        Assert.Equal(expected, string.Join(", ", section!.Listeners.Where(l => l.Spec.Profile == "carrier").Select(l => $"{l.Spec.Name} {l.Address}")));
        Assert.Equal(5, section.Listeners.Count(l => l.Spec.Profile == "internal"));
    }

    [Theory]
    [InlineData("""{ "carrier": { "maxCalls": 5 } }""", "Profiles:carrier: a profile of its own wants a Port")]
    [InlineData("""{ "internl": { "maxCalls": 5 } }""", "Profiles:internl: a profile of its own wants a Port; did you mean internal?")]
    [InlineData("""{ "carrier": { "tls": true } }""", "Profiles:carrier: tls wants a port: tls: { Port: … }")]
    [InlineData("""{ "a b": { "Port": 5090 } }""", "Profiles:a b: plugin sip has no such profile; it has internal")]
    [InlineData("""{ "internal": { "maxCals": 5 } }""", "Profiles:internal:maxCals: unknown; did you mean maxCalls?")]
    [InlineData("""{ "internal": { "profiles": {} } }""", "Profiles:internal:profiles: unknown")]
    [InlineData("""{ "internal": { "gateways": {} } }""", "Profiles:internal:gateways: unknown")]
    public void What_cannot_be_a_profile_is_named(string profiles, string expected)
    {
        Assert.False(PluginSection.TryMerge(WithProfiles, $$"""{ "profiles": {{profiles}} }""", out _, out var faults));
        Assert.StartsWith(expected, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "tls": { "ClientCertificates": "require" } }""", "Require")]
    [InlineData("""{ "tls": { "clientcertificates": "Ask", "Port": 5091 } }""", "Ask")]
    [InlineData("""{ "tls": true }""", "None")]
    public void Certificates_of_clients_are_a_matter_of_the_profile(string profile, string expected)
    {
        Assert.True(PluginSection.TryMerge(Manifest, $$"""{ "Profiles": { "internal": {{profile}} } }""", out var section, out var faults), string.Join('\n', faults));
        Assert.Equal(expected, section!.Listeners.Single(l => l.Spec.Transport == TransportKind.Tls).ClientCertificates.ToString());
    }

    private static PluginManifest WithProfiles => Manifest with
    {
        Options = new Dictionary<string, string>
        {
            ["maxCalls"] = "0",
            ["gateways"] = "{}",
            ["profiles"] = """{ "internal": { "authenticate": true } }""",
        },
    };
}
