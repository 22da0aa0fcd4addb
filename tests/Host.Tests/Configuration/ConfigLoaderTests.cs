using System.Collections;
using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host.Tests.Configuration;

public sealed class ConfigLoaderTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Hashtable _environment = [];
    private readonly List<(string, string)> _overrides = [];

    private readonly PluginManifest _sip = new("sip", "1.0.0", "1.x", "Sip.dll", "Sip.Plugin")
    {
        Listeners = [new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "*:5060"), new ListenerSpec("external-udp", "external", TransportKind.Udp, "*:5080")],
        Options = new Dictionary<string, string> { ["userAgent"] = "\"X\"", ["t1Ms"] = "500", ["sipTrace"] = "false", ["trusted"] = "[]" },
    };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Nothing_configured_gives_the_documented_defaults()
    {
        var configuration = Load(null);
        Assert.Equal("xswitch.local", configuration.Engine.Domain);
        Assert.Equal(8081, configuration.Http.Port);
        Assert.Equal(Path.GetFullPath("data"), configuration.Engine.DataDirectory);
        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "plugins"), configuration.Engine.PluginDirectory);
        Assert.Empty(configuration.Plugins);
    }

    /// <summary>Options of a profile alone, and profiles beyond those of the manifest, as the SIP plugin has them.</summary>
    [Fact]
    public void A_profile_has_options_of_its_own_and_there_may_be_others()
    {
        var sip = _sip with
        {
            Options = new Dictionary<string, string>(_sip.Options) { ["profiles"] = """{ "internal": { "authenticate": true, "codecs": [] } }""", ["gateways"] = "{}" },
        };
        _environment["XSWITCH__SIP__PROFILES__INTERNAL__T1MS"] = "250";
        _overrides.Add(("Sip:Profiles:internal:codecs", "PCMA,PCMU"));
        var configuration = Load("""{ "Sip": { "profiles": { "internal": { "Authenticate": false, "Port": 5070 }, "carrier": { "Port": 5090, "sipTrace": true } } } }""", sip);
        Assert.Equal(
            """{"Profiles":{"internal":{"authenticate":false,"Port":5070,"t1Ms":250,"codecs":["PCMA","PCMU"]},"carrier":{"Port":5090,"sipTrace":true}}}""",
            configuration.Plugins["sip"]);
        Assert.Equal(
            [
                "xswitch.json:1:40: unknown key Sip:profiles:internal:authentcate; did you mean authenticate?",
                "xswitch.json:1:70: Sip:profiles:internal:sipTrace must be true or false such as false, not []",
                "xswitch.json:1:76: Sip:profiles:carrier: a profile of its own wants a Port",
            ],
            Faults("""{ "Sip": { "profiles": { "internal": { "authentcate": 1, "sipTrace": [] }, "carrier": { } } } }""", sip));
    }

    [Fact]
    public void Arguments_win_over_the_environment_and_that_over_the_file()
    {
        _environment["XSWITCH__Engine__MaxSessions"] = "2";
        _environment["XSWITCH__ENGINE__DRAINSECONDS"] = "7";
        _overrides.Add(("Engine:MaxSessions", "3"));
        var configuration = Load("""{ "Engine": { "MaxSessions": 1, "Domain": "example.org", "DrainSeconds": 5 } }""");
        Assert.Equal(3, configuration.Engine.MaxSessions);
        Assert.Equal(7, configuration.Engine.DrainSeconds);
        Assert.Equal("example.org", configuration.Engine.Domain);
    }

    [Fact]
    public void Comments_trailing_commas_and_any_case_are_allowed()
    {
        var configuration = Load("""
            // the engine
            {
              "engine": { /* small */ "maxsessions": 5, "AdvertisedAddress": "203.0.113.1", "codecs": ["PCMU", "PCMA",], },
            }
            """);
        Assert.Equal(5, configuration.Engine.MaxSessions);
        Assert.Equal(IPAddress.Parse("203.0.113.1"), configuration.Engine.AdvertisedAddress);
        Assert.Equal(["PCMU", "PCMA"], configuration.Engine.Codecs);
    }

    [Fact]
    public void All_faults_are_reported_together_each_with_its_place_and_a_suggestion()
    {
        var faults = Faults("""
            {
              "Engine": {
                "MaxSesions": 5,
                "RtpPortStart": "many",
                "MaxSessions": 0,
                "Codecs": ["PCMA", "G729"],
                "AllowSystem": 1,
                "Users": [ { "Number": "1 2", "Password": "short", "Permissions": ["sips"] } ]
              },
              "Sip": { "userAgnt": "x", "t1Ms": "slow", "Profiles": { "internl": {}, "internal": { "Prot": 1 }, "external": { "Port": 66000 } } },
              "Sp": {}
            }
            """);
        Assert.Equal(
            [
                "xswitch.json:3:5: unknown key Engine:MaxSesions; did you mean MaxSessions?",
                "xswitch.json:4:21: Engine:RtpPortStart must be a whole number, not \"many\"",
                "xswitch.json:5:20: Engine:MaxSessions must be 1..1000000, not 0",
                "xswitch.json:7:20: Engine:AllowSystem must be true or false, not 1",
                "xswitch.json:6:15: Engine:Codecs: unknown codec G729; did you mean G722? (codecs are OPUS, G722, PCMA, PCMU, L16)",
                "xswitch.json:8:14: Engine:Users: number \"1 2\" must be 1 to 64 letters, digits or -_.+*#",
                "xswitch.json:8:14: Engine:Users: the password of 1 2 must have at least 8 characters",
                "xswitch.json:8:14: Engine:Users: unknown permission sips; did you mean sip? (permissions are sip, webrtc, fsapi, admin)",
                "xswitch.json:10:12: unknown key Sip:userAgnt; did you mean userAgent?",
                "xswitch.json:10:37: Sip:t1Ms must be a number such as 500, not \"slow\"",
                "xswitch.json:10:59: unknown profile Sip:Profiles:internl; did you mean internal? (profiles are internal, external)",
                "xswitch.json:10:88: unknown key Sip:Profiles:internal:Prot; did you mean Port?",
                "xswitch.json:10:123: Sip:Profiles:external:Port must be a port, 0..65535 (0: chosen by the system)",
                "xswitch.json:11:3: unknown section Sp; did you mean sip? (sections are Engine, Http, Log, sip)",
            ],
            faults);
    }

    [Theory]
    [InlineData("", "xswitch.json:1:1: ")]
    [InlineData("{ \"Engine\": { \"Domain\" \"x\" } }", "xswitch.json:1:24: ")]
    [InlineData("{\n  \"Engine\": {,}\n}", "xswitch.json:2:14: ")]
    [InlineData("[]", "xswitch.json:1:1: the configuration must be a JSON object")]
    [InlineData("{ \"Engine\": 5 }", "xswitch.json:1:13: Engine must be an object")]
    [InlineData("{ \"Engine\": {}, \"engine\": {} }", "xswitch.json:1:17: section engine is given twice")]
    [InlineData("{ \"Engine\": { \"Domain\": \"a\", \"domain\": \"b\" } }", "xswitch.json:1:30: Engine:Domain is given twice")]
    public void A_file_that_cannot_be_read_is_named_with_line_and_column(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Faults(text)), StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_not_UTF8_are_a_fault_and_no_crash()
    {
        File.WriteAllBytes(_directory.File("xswitch.json"), [(byte)'{', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        var faults = new List<ConfigFault>();
        Assert.Null(ConfigLoader.Load(Sources(_directory.File("xswitch.json")), _ => [_sip], faults));
        Assert.Single(faults);
    }

    [Fact]
    public void Every_truncation_of_a_file_is_a_fault_and_no_crash()
    {
        const string Whole = """{ "Engine": { "Codecs": ["PCMA"], "Variables": { "a": "b\u00e4" }, "MaxSessions": 12 } /* c */ }""";
        for (var length = 0; length < Whole.Length; length++)
        {
            Assert.NotEmpty(Faults(Whole[..length]));
        }
    }

    [Fact]
    public void A_missing_file_that_was_named_is_a_fault()
    {
        var faults = new List<ConfigFault>();
        Assert.Null(ConfigLoader.Load(Sources(_directory.File("none.json")), _ => [], faults));
        Assert.EndsWith("none.json: there is no such file", Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_of_variables_and_arguments_name_them()
    {
        _environment["XSWITCH__Engine__MaxSessions"] = "lots";
        _overrides.Add(("Engine:Drain", "1"));
        Assert.Equal(
            [
                "environment variable XSWITCH__Engine__MaxSessions: Engine:MaxSessions must be a whole number, not \"lots\"",
                "argument --Engine:Drain: unknown key Engine:Drain; did you mean DrainSeconds?",
            ],
            Faults("{}"));
    }

    [Fact]
    public void A_plugin_gets_its_section_in_the_spelling_and_types_of_its_manifest()
    {
        _environment["XSWITCH__SIP__PROFILES__INTERNAL__PORT"] = "5070";
        _overrides.Add(("sip:useragent", "42"));
        _overrides.Add(("sip:trusted", "127.0.0.0/8,::1"));
        var configuration = Load("""{ "Sip": { "T1MS": 250, "sipTrace": true } }""");
        var section = System.Text.Json.Nodes.JsonNode.Parse(configuration.Plugins["sip"]);
        var expected = System.Text.Json.Nodes.JsonNode.Parse(
            """{"t1Ms":250,"sipTrace":true,"Profiles":{"internal":{"Port":5070}},"userAgent":"42","trusted":["127.0.0.0/8","::1"]}""");
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(expected, section), section!.ToJsonString());
    }

    [Fact]
    public void Lists_are_replaced_and_dictionaries_merged()
    {
        _environment["XSWITCH__Engine__Codecs"] = "PCMA, G722";
        _environment["XSWITCH__Engine__DomainAliases__0"] = "a.example";
        _environment["XSWITCH__Engine__Variables__greeting"] = "hello";
        var configuration = Load("""{ "Engine": { "ProfileContexts": { "internal": "lab", "external": null } } }""");
        Assert.Equal(["PCMA", "G722"], configuration.Engine.Codecs);
        Assert.Equal(["a.example"], configuration.Engine.DomainAliases);
        Assert.Equal("hello", configuration.Engine.Variables["greeting"]);
        Assert.Equal(new Dictionary<string, string> { ["internal"] = "lab" }, configuration.Engine.ProfileContexts);
    }

    [Fact]
    public void Users_and_groups_may_stand_in_the_file()
    {
        var configuration = Load("""{ "Engine": { "Users": [{ "Number": 2000, "Password": "a-password", "Variables": { "accountcode": "x" } }], "Groups": { "all": ["2000"] } } }""");
        var user = Assert.Single(configuration.Engine.Users);
        Assert.Equal("2000", user.Number);
        Assert.Equal("x", user.Variables["accountcode"]);
        Assert.Equal(["2000"], configuration.Engine.Groups["all"]);
    }

    [Fact]
    public void The_sample_names_every_option_with_its_default()
    {
        var sample = Load(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "xswitch.sample.json")));
        var defaults = Load(null);
        foreach (var (section, expected, actual) in new (string, object, object)[] { ("Engine", defaults.Engine, sample.Engine), ("Http", defaults.Http, sample.Http), ("Log", defaults.Log, sample.Log) })
        {
            foreach (var property in expected.GetType().GetProperties())
            {
                Assert.Equal(property.GetValue(expected), property.GetValue(actual));
                Assert.Contains(sample.Values.Keys, k => k == $"{section}:{property.Name}" || k.StartsWith($"{section}:{property.Name}:", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Overrides_are_told_from_other_arguments()
    {
        var overrides = new List<(string, string)>();
        var others = ConfigSources.SplitOverrides(["-x", "originate user/1000 &echo", "--data", "d", "--Sip:Profiles:internal:Port=5070", "--Http:Port", "0", "--config=a:b"], overrides);
        Assert.Equal(["-x", "originate user/1000 &echo", "--data", "d", "--config=a:b"], others);
        Assert.Equal([("Sip:Profiles:internal:Port", "5070"), ("Http:Port", "0")], overrides);
    }

    [Fact]
    public void The_plan_of_a_reload_names_keys_and_never_values()
    {
        var old = Load("""{ "Engine": { "MaxSessions": 5, "RtpPortStart": 20000, "Domain": "a.example" }, "Sip": { "t1Ms": 500 } }""").Values;
        var now = Load("""{ "Engine": { "MaxSessions": 6, "RtpPortStart": 30000, "Domain": "a.example", "Variables": { "secret": "hunter2" } } }""").Values;
        Assert.Equal(
            """
            ~ Engine:MaxSessions
            ~ Engine:RtpPortStart (at the next start)
            + Engine:Variables:secret
            - Sip:t1Ms
            = 1 unchanged

            """.ReplaceLineEndings("\n"),
            LiveOptions.Plan(old, now, ["sip"]));
    }

    private HostConfiguration Load(string? text, PluginManifest? sip = null)
    {
        var faults = new List<ConfigFault>();
        var configuration = ConfigLoader.Load(Sources(text is null ? null : _directory.Write("xswitch.json", text)), _ => [sip ?? _sip], faults);
        Assert.Empty(faults);
        return configuration!;
    }

    private string[] Faults(string text, PluginManifest? sip = null)
    {
        var faults = new List<ConfigFault>();
        Assert.Null(ConfigLoader.Load(Sources(_directory.Write("xswitch.json", text)), _ => [sip ?? _sip], faults));
        return [.. faults.Select(f => f.ToString().Replace(_directory.Path + "/", "", StringComparison.Ordinal))];
    }

    private ConfigSources Sources(string? file) => new(file, null, _environment, _overrides, null);
}
