using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

public sealed class VersionTests
{
    /// <summary>The order given as example in Semantic Versioning 2.0.0 §11, with the plain numbers around it.</summary>
    [Fact]
    public void Versions_are_ordered_as_semantic_versioning_says()
    {
        string[] ordered = ["0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2", "1.10.0", "2"];

        var parsed = ordered.Select(Parse).ToArray();

        for (var i = 0; i < parsed.Length; i++)
        {
            for (var j = 0; j < parsed.Length; j++)
            {
                Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(parsed[i].CompareTo(parsed[j])));
            }
        }

        Assert.Equal(0, Parse("1.0.0+a").CompareTo(Parse("1.0.0+b")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.0.0.tmp")]
    [InlineData("v1.0.0")]
    [InlineData("1.0.0-")]
    [InlineData("1..0")]
    [InlineData("1.0.99999999999")]
    [InlineData("1.-2")]
    public void What_is_no_version_is_refused(string text) => Assert.False(SemanticVersion.TryParse(text, out _));

    [Theory]
    [InlineData("1.x", "1.0 1.9", "0.9 2.0")]
    [InlineData("1", "1.0 1.9", "0.9 2.0")]
    [InlineData("1.4", "1.4", "1.3 1.5 2.4")]
    [InlineData("=1.4.2", "1.4", "1.3 1.5")]
    [InlineData(">=1.2 <2", "1.2 1.9", "1.1 2.0 3.0")]
    [InlineData("> 1.2 <= 2.0", "1.3 2.0", "1.2 2.1")]
    [InlineData("^1.2", "1.2 1.9", "1.1 2.0")]
    [InlineData("~1.2", "1.2", "1.1 1.3")]
    [InlineData("<1 || >=3", "0.1 3.0 4.0", "1.0 2.9")]
    [InlineData("*", "0.0 7.7", "")]
    public void A_range_holds_what_it_says(string text, string inside, string outside)
    {
        Assert.True(ApiRange.TryParse(text, out var range));
        Assert.All(inside.Split(' ', StringSplitOptions.RemoveEmptyEntries), v => Assert.True(range.Contains(Version.Parse(v)), v));
        Assert.All(outside.Split(' ', StringSplitOptions.RemoveEmptyEntries), v => Assert.False(range.Contains(Version.Parse(v)), v));
    }

    [Theory]
    [InlineData("")]
    [InlineData("one")]
    [InlineData(">=")]
    [InlineData("1.x.3")]
    [InlineData("1.2.3.4")]
    [InlineData("=>1")]
    [InlineData("1 ||")]
    [InlineData(">*")]
    [InlineData("2147483647")]
    public void What_is_no_range_is_refused(string text) => Assert.False(ApiRange.TryParse(text, out _));

    [Fact]
    public void The_newest_directory_counts_and_one_that_is_being_written_does_not()
    {
        var root = System.IO.Directory.CreateTempSubdirectory("xswitch-versions-").FullName;
        foreach (var name in (string[])["1.9.0", "1.10.0", "2.0.0.tmp", "2.0.0-rc.1", "latest"])
        {
            System.IO.Directory.CreateDirectory(Path.Combine(root, "sip", name));
            File.WriteAllText(Path.Combine(root, "sip", name, "plugin.json"), "{}");
        }

        System.IO.Directory.CreateDirectory(Path.Combine(root, "sip", "3.0.0")); // without a manifest
        System.IO.Directory.CreateDirectory(Path.Combine(root, "empty"));

        Assert.Equal(Path.Combine(root, "sip", "2.0.0-rc.1"), PluginDirectory.Newest(Path.Combine(root, "sip")));
        Assert.Equal(["sip"], PluginDirectory.Names(root));
        Assert.Empty(PluginDirectory.Names(Path.Combine(root, "nowhere")));
        System.IO.Directory.Delete(root, recursive: true);
    }

    private static SemanticVersion Parse(string text) => SemanticVersion.TryParse(text, out var version) ? version : throw new FormatException(text);
}
