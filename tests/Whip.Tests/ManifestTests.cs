using System.Text.Json;
using XSwitchEngine.Plugins.Whip;

namespace XSwitchEngine.Whip.Tests;

/// <summary>The manifest fits the code.</summary>
public sealed class ManifestTests
{
    private static string Text => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "whip.plugin.json"));

    [Fact]
    public void The_defaults_of_the_manifest_are_those_of_the_code()
    {
        using var json = JsonDocument.Parse(Text);
        var manifest = WhipOptions.Parse(json.RootElement.GetProperty("options").GetRawText());
        var code = WhipOptions.Parse("");
        foreach (var property in typeof(WhipOptions).GetProperties(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic))
        {
            Assert.Equal(Shown(property.GetValue(code)), Shown(property.GetValue(manifest)));
        }
    }

    private static string? Shown(object? value) =>
        value is System.Collections.IEnumerable list and not string ? string.Join(' ', list.Cast<object>()) : value?.ToString();

    [Fact]
    public void Every_option_of_the_manifest_is_read()
    {
        using var json = JsonDocument.Parse(Text);
        var source = File.ReadAllText(Path.Combine(Root(), "plugins", "Whip", "WhipOptions.cs"));
        foreach (var option in json.RootElement.GetProperty("options").EnumerateObject())
        {
            Assert.Contains($"\"{option.Name}\"", source, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_pattern_that_cannot_be_used_lets_nothing_else_in()
    {
        Assert.DoesNotMatch(WhipOptions.Parse("""{ "destinationPattern": "(" }""").Destination, "a/b");
        Assert.DoesNotMatch(WhipOptions.Parse("""{ "destinationPattern": "(?=x)" }""").Destination, "a/b");
    }

    private static string Root()
    {
        var at = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(at, "XSwitchEngine.sln")))
        {
            at = Path.GetDirectoryName(at)!;
        }

        return at;
    }
}
