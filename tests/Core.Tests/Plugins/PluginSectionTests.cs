using System.Net;
using System.Text.Json.Nodes;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

public sealed class PluginSectionTests
{
    private static readonly PluginManifest Manifest = new("sip", "1.0.0", "1.x", "A.dll", "E")
    {
        Listeners =
        [
            new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "*:5060"),
            new ListenerSpec("internal-tcp", "internal", TransportKind.Tcp, "*:5060"),
            new ListenerSpec("external-udp", "external", TransportKind.Udp, "*:5080"),
        ],
        Options = new Dictionary<string, string>
        {
            ["t1Ms"] = "500",
            ["userAgent"] = "\"X\"",
            ["trace"] = "false",
            ["acl"] = "[\"a\"]",
            ["nested"] = """{ "one": 1, "two": { "x": 1 } }""",
            ["anything"] = "null",
        },
    };

    [Fact]
    public void Without_a_section_the_defaults_hold()
    {
        var section = Merge(null);

        Assert.Equal("""{"t1Ms":500,"userAgent":"X","trace":false,"acl":["a"],"nested":{"one":1,"two":{"x":1}},"anything":null}""", section.Options);
        Assert.Equal(["*:5060", "*:5060", "*:5080"], section.Listeners.Select(l => l.Address.ToString()));
    }

    [Fact]
    public void Names_match_in_any_case_objects_merge_and_text_becomes_what_the_default_is()
    {
        var section = Merge("""
            { // environment variables know only text
              "T1MS": "250", "trace": "True", "acl": [], "nested": { "TWO": { "y": 2 }, "three": "3" }, "Anything": { "a": [1] },
            }
            """);

        var options = JsonNode.Parse(section.Options)!;
        Assert.Equal(250, (int)options["t1Ms"]!);
        Assert.True((bool)options["trace"]!);
        Assert.Empty(options["acl"]!.AsArray());
        Assert.Equal("""{"one":1,"two":{"x":1,"y":2},"three":"3"}""", options["nested"]!.ToJsonString());
        Assert.Equal("""{"a":[1]}""", options["anything"]!.ToJsonString());
    }

    [Fact]
    public void A_profile_moves_its_listeners()
    {
        var section = Merge("""{ "profiles": { "Internal": { "Port": "0", "address": "127.0.0.1" }, "external": { "port": 5090 } } }""");

        Assert.Equal(["127.0.0.1:0", "127.0.0.1:0", "*:5090"], section.Listeners.Select(l => l.Address.ToString()));
        Assert.DoesNotContain("rofiles", section.Options, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_is_named_by_its_path()
    {
        var ok = PluginSection.TryMerge(
            Manifest,
            """{ "t1ms": "fast", "userAgnt": 1, "nested": { "one": [] }, "profiles": { "intern": {}, "external": { "port": 70000, "address": "host", "x": 1 } } }""",
            out var section,
            out var faults);

        Assert.False(ok);
        Assert.Null(section);
        Assert.Equal(
            [
                "t1ms: must be a number, not text",
                "userAgnt: plugin sip 1.0.0 has no such option; did you mean userAgent?",
                "nested:one: must be a number, not a list",
                "Profiles:intern: plugin sip has no such profile; did you mean internal?",
                "Profiles:external:port: must be a port, 0..65535 (0: chosen by the system)",
                "Profiles:external:address: must be an IP address of this machine, or * for all",
                "Profiles:external:x: unknown (a profile has Enabled, Port, Address, udp)",
            ],
            faults);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{ \"t1Ms\": 1")]
    [InlineData("{ \"t1Ms\": 1, \"t1Ms\": 2 }")]
    public void What_is_no_object_is_a_fault(string json)
    {
        Assert.False(PluginSection.TryMerge(Manifest, json, out _, out var faults));
        Assert.Single(faults);
    }

    [Theory]
    [InlineData("*:5060", null, 5060)]
    [InlineData("192.0.2.1:0", "192.0.2.1", 0)]
    [InlineData("[2001:db8::1]:65535", "2001:db8::1", 65535)]
    public void Listen_addresses_are_read(string text, string? address, int port)
    {
        Assert.True(ListenAddress.TryParse(text, out var value));
        Assert.Equal((address is null ? null : IPAddress.Parse(address), port), (value.Address, value.Port));
    }

    [Theory]
    [InlineData("5060")]
    [InlineData(":5060")]
    [InlineData("*:")]
    [InlineData("*:65536")]
    [InlineData("*:-1")]
    [InlineData("host:5060")]
    [InlineData("1.2.3.4:5:6")]
    public void Other_texts_are_not(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    private static PluginSection Merge(string? json)
    {
        Assert.True(PluginSection.TryMerge(Manifest, json, out var section, out var faults), string.Join('\n', faults));
        return section!;
    }
}
