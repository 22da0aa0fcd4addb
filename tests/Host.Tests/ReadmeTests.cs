using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pong;
using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Host.Tests;

/// <summary>What the READMEs show is what is built and what the program says.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(SourceDirectory(), "..", ".."));

    [Theory]
    [InlineData("csharp", "PongPlugin.cs")]
    [InlineData("json", "plugin.json")]
    [InlineData("xml", "PongPlugin.csproj")]
    public void The_plugin_of_the_README_is_the_one_that_is_built(string language, string file)
    {
        var shown = Block().Matches(Read("plugins/README.md")).First(m => m.Groups[1].Value == language).Groups[2].Value;
        var built = Read("tests/TestPlugins/PongPlugin/" + file);

        // Outside this repository the contract is a package and the versions stand in the project.
        Assert.Equal(Condensed(language == "xml" ? built.Replace("..\\..\\..\\engine", "..\\..\\engine", StringComparison.Ordinal) : built), Condensed(shown));
    }

    [Fact]
    public void The_plugin_of_the_README_answers_counts_and_goes_on_counting_after_a_swap()
    {
        var host = new PluginTestHost(new PongPlugin(), """{ "word": "pong" }""", 1, new ListenerSpec("pong-udp", "pong", TransportKind.Udp, "127.0.0.1:7007"));
        host.Datagram("pong-udp", "192.0.2.9:4000", "ping");
        Assert.Equal("pong 1\n", host.TakeText());
        host.Configure("""{ "word": "pung" }""");
        host.Swap(new PongPlugin());
        host.Datagram("pong-udp", "192.0.2.9:4000", "ping");
        Assert.Equal("pung 2\n", host.TakeText());
        Assert.Equal("2\n", host.Api("pongs"));
        Assert.Equal(2, host.Counters["pongs"]);
    }

    [Fact]
    public void The_manifest_of_the_README_is_sound()
    {
        using var directory = new TempDirectory();
        directory.Write("plugin.json", Read("tests/TestPlugins/PongPlugin/plugin.json"));
        File.Copy(typeof(PongPlugin).Assembly.Location, directory.File("Pong.dll"));
        var catalog = EngineBuilder.Composition.ReadPlugins(directory.Path);
        Assert.Empty(catalog.Faults);
        Assert.Equal("pong", Assert.Single(catalog.Manifests).Name);
    }

    [Fact]
    public void The_configuration_of_the_README_is_sound()
    {
        foreach (Match block in Block().Matches(Read("README.md")).Where(m => m.Groups[1].Value == "json"))
        {
            using var directory = new TempDirectory();
            var faults = new List<Host.Configuration.ConfigFault>();
            var sources = new Host.Configuration.ConfigSources(directory.Write("xswitch.json", block.Groups[2].Value), null, new Dictionary<string, string>(), [], null);
            Host.Configuration.ConfigLoader.Load(sources, _ => EngineBuilder.Composition.ReadPlugins(Path.Combine(Root, "plugins", "Sip", "bin", Configuration(), "net10.0")).Manifests, faults);
            Assert.Empty(faults);
        }
    }

    [Fact]
    public void Every_option_of_the_engine_stands_in_the_table_of_the_README_with_its_default()
    {
        var readme = Read("README.md");
        using var sample = JsonDocument.Parse(Read("engine/Host/xswitch.sample.json"), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        foreach (var section in sample.RootElement.EnumerateObject())
        {
            foreach (var option in section.Value.EnumerateObject())
            {
                Assert.Contains($"| `{section.Name}:{option.Name}` | `{Compact().Replace(option.Value.GetRawText(), "")}` |", readme, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Every_file_that_a_README_links_to_exists()
    {
        foreach (var readme in new[] { "README.md", "engine/README.md", "plugins/README.md" })
        {
            foreach (Match link in Link().Matches(Read(readme)))
            {
                var target = Path.Combine(Root, Path.GetDirectoryName(readme)!, link.Groups[1].Value);
                Assert.True(File.Exists(target) || Directory.Exists(target), $"{readme} links to {link.Groups[1].Value}");
            }
        }
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Condensed(string text) => string.Join('\n', text.Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0 && !l.Contains("<inheritdoc/>", StringComparison.Ordinal)));

    private static string Configuration() => Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;

    private static string SourceDirectory([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex("```(\\w+)\\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("\\]\\((?!http)([^)#]+)\\)")]
    private static partial Regex Link();

    // White space outside quotes; no default has any inside.
    [GeneratedRegex("\\s+")]
    private static partial Regex Compact();
}
