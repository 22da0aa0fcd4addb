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
    [InlineData("""{ "tls": { "Port": -1 } }""", "Profiles:internal:tls: Port must be a port")]
    [InlineData("""{ "Enabled": "perhaps" }""", "Profiles:internal:Enabled: must be true or false")]
    [InlineData("""{ "wsbinding": "" }""", "Profiles:internal:wsbinding: unknown; did you mean ws-binding?")]
    public void What_makes_no_sense_is_named(string profile, string expected)
    {
        Assert.False(PluginSection.TryMerge(Manifest, $$"""{ "Profiles": { "internal": {{profile}} } }""", out _, out var faults));
        Assert.StartsWith(expected, Assert.Single(faults), StringComparison.Ordinal);
    }
}
