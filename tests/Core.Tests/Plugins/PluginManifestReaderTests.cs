using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

public sealed class PluginManifestReaderTests : IDisposable
{
    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("xswitch-manifest-").FullName;

    private string ManifestPath => Path.Combine(_directory, "plugin.json");

    [Fact]
    public void Reads_all_that_a_manifest_can_say()
    {
        Write("""
            // a comment
            {
              "name": "sip", "version": "1.4.0-rc.1", "api": ">=1.0 <2", "assembly": "A.dll", "entry": "N.SipPlugin",
              "endpoints": ["sofia", "user"], "apiCommands": ["sofia"],
              "listeners": [
                { "name": "internal-udp", "transport": "udp", "default": "*:5060" },
                { "name": "b", "profile": "external", "transport": "TCP", "default": "[::1]:0" },
              ],
              "options": { "t1Ms": 500, "acl": ["10.0.0.0/8"], "deep": { "a": null } },
            }
            """);

        Assert.True(PluginManifestReader.TryRead(_directory, out var manifest, out var error), error);

        Assert.Equal(("sip", "1.4.0-rc.1", ">=1.0 <2", "A.dll", "N.SipPlugin"), (manifest.Name, manifest.Version, manifest.Api, manifest.Assembly, manifest.Entry));
        Assert.Equal(["sofia", "user"], manifest.Endpoints);
        Assert.Equal(["sofia"], manifest.ApiCommands);
        Assert.Equal(
            [new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "*:5060"), new ListenerSpec("b", "external", TransportKind.Tcp, "[::1]:0")],
            manifest.Listeners);
        Assert.Equal("500", manifest.Options["t1Ms"]);
        Assert.Equal("""["10.0.0.0/8"]""", manifest.Options["acl"]);
        Assert.Equal("""{ "a": null }""", manifest.Options["deep"]);
    }

    [Fact]
    public void Routes_and_media_are_read()
    {
        Write(Minimal.Replace("}", """
            , "media": "webrtc", "routes": [
              { "name": "ws", "kind": "websocket", "paths": ["/ws", "/"] },
              { "name": "sip", "profile": "internal", "kind": "websocket", "paths": ["/sip"], "subprotocol": "sip", "maxBytes": 1000 },
              { "name": "api", "kind": "http", "paths": ["/api/whip/*"] } ] }
            """, StringComparison.Ordinal));

        Assert.True(PluginManifestReader.TryRead(ManifestPath, out var manifest, out var error), error);

        Assert.Equal(MediaProfile.WebRtc, manifest.Media);
        Assert.Equal(["ws default WebSocket /ws,/  65536", "sip internal WebSocket /sip sip 1000", "api default Http /api/whip/*  65536"],
            manifest.Routes.Select(r => $"{r.Name} {r.Profile} {r.Kind} {string.Join(',', r.Paths)} {r.Subprotocol} {r.MaxBytes}"));
    }

    [Theory]
    [InlineData("""{ "kind": "http", "paths": ["/a"] }""", "name is missing")]
    [InlineData("""{ "name": "a", "kind": "ftp", "paths": ["/a"] }""", "kind must be websocket or http")]
    [InlineData("""{ "name": "a", "kind": "http" }""", "route a: paths is missing")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["a"] }""", "route a: a path is such as /ws")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["/a*"] }""", "route a: a path is such as /ws")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["/a/../b%2f"] }""", "route a: a path is such as /ws")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["/a", "/a"] }""", "route a: /a is given twice")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["/a"], "subprotocol": "sip" }""", "route a: only a websocket route has a subprotocol")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["/a"], "maxBytes": 0 }""", "route a: maxBytes must be")]
    [InlineData("""{ "name": "a", "kind": "http", "paths": ["/a"], "path": 1 }""", "unknown key path; did you mean paths?")]
    public void A_route_that_makes_no_sense_is_refused(string route, string expected)
    {
        Write(Minimal.Replace("}", $$""", "routes": [{{route}}] }""", StringComparison.Ordinal));

        Assert.False(PluginManifestReader.TryRead(ManifestPath, out _, out var error));

        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.x", "needs contract 2.x, this engine offers 1.2")]
    [InlineData(">=1.3", "needs contract >=1.3, this engine offers 1.2")]
    [InlineData("<1", "needs contract <1")]
    public void A_contract_that_this_engine_does_not_offer_is_refused_with_what_is_needed(string api, string expected)
    {
        Write(Minimal.Replace("1.x", api, StringComparison.Ordinal));

        Assert.False(PluginManifestReader.TryRead(ManifestPath, out _, out var error));

        Assert.Contains($"{ManifestPath}:1:42: the plugin {expected}", error, StringComparison.Ordinal);
        Assert.Contains("install a version of the plugin built for contract 1.x", error, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_reported_together_each_with_its_place()
    {
        Write("""
            {
              "name": "Sip",
              "version": "one",
              "assembly": "../A.dll",
              "entry": "",
              "listners": [],
              "listeners": [
                { "name": "x-udp", "transport": "sctp", "default": "*:99999" },
                { "name": "x-udp", "transport": "tls", "default": "*" }
              ]
            }
            """);

        Assert.False(PluginManifestReader.TryRead(ManifestPath, out _, out var error));

        string[] expected =
        [
            ":6:3: unknown key listners; did you mean listeners?",
            ":2:11: name must be lower-case letters",
            ":3:14: version must be a semantic version",
            ":1:1: api is missing",
            ":4:15: assembly must be the file name",
            ":5:12: entry must be the full name",
            ":8:37: transport must be one of udp, tcp",
            ":8:56: default must be an address and port",
            ":9:55: default must be an address and port",
        ];
        var lines = error.Split('\n');
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(expected.Zip(lines), pair => Assert.StartsWith(ManifestPath + pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", ":1:1: ")]
    [InlineData("{\n  \"name\": ", ":2:")]
    [InlineData("{\n  \"name\" \"sip\" }", ":2:10: ")]
    [InlineData("[]", ":1:1: a manifest is a JSON object")]
    [InlineData("{} {}", ":1:4: ")]
    public void Broken_json_is_named_by_line_and_column(string text, string expected)
    {
        Write(text);

        Assert.False(PluginManifestReader.TryRead(ManifestPath, out _, out var error));

        Assert.StartsWith(ManifestPath + expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_cut_or_changed_manifest_is_refused_or_read_but_never_throws()
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(Minimal);
        for (var i = 0; i < bytes.Length; i++)
        {
            File.WriteAllBytes(ManifestPath, bytes[..i]);
            Assert.False(PluginManifestReader.TryRead(ManifestPath, out _, out var error));
            Assert.StartsWith(ManifestPath, error, StringComparison.Ordinal);
            foreach (var value in (byte[])[0, 0x7F, 0xFF, (byte)'"', (byte)'{'])
            {
                var changed = (byte[])bytes.Clone();
                changed[i] = value;
                File.WriteAllBytes(ManifestPath, changed);
                Assert.Equal(PluginManifestReader.TryRead(ManifestPath, out _, out error), error.Length == 0);
            }
        }
    }

    [Fact]
    public void A_missing_assembly_and_a_missing_manifest_are_named()
    {
        Write(Minimal);
        File.Delete(Path.Combine(_directory, "A.dll"));
        Assert.False(PluginManifestReader.TryRead(_directory, out _, out var error));
        Assert.Equal($"{ManifestPath}:1:61: assembly A.dll is not in {_directory}", error);

        File.Delete(ManifestPath);
        Assert.False(PluginManifestReader.TryRead(_directory, out _, out error));
        Assert.Equal($"{ManifestPath}: there is no such file", error);
    }

    [Fact]
    public void An_oversized_manifest_is_not_even_read()
    {
        File.WriteAllBytes(ManifestPath, new byte[300 * 1024]);

        Assert.False(PluginManifestReader.TryRead(ManifestPath, out _, out var error));

        Assert.Equal($"{ManifestPath}: larger than 256 KiB", error);
    }

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);

    private const string Minimal = """{ "name": "sip", "version": "1.0", "api":"1.x", "assembly": "A.dll", "entry": "E" }""";

    private void Write(string text)
    {
        File.WriteAllText(ManifestPath, text);
        File.WriteAllText(Path.Combine(_directory, "A.dll"), "");
    }
}
