using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace XSwitchEngine.Architecture.Tests;

/// <summary>Habits of the repository that a build does not check.</summary>
public sealed partial class RepositoryTests
{
    private static readonly string[] Everything = ["engine", "plugins", "tests"];

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(House.Root, "XSwitchEngine.sln")).Replace('\\', '/');

        // Plugins that tests load are built by the tests, as several versions.
        House.AssertNone(House.Projects(Everything).Select(p => Path.GetRelativePath(House.Root, p)).Where(p => !p.StartsWith("tests/TestPlugins/", StringComparison.Ordinal) && !solution.Contains($"\"{p}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_project_has_a_lock_file() =>
        House.AssertNone(House.Projects(Everything).Where(p => !File.Exists(Path.Combine(Path.GetDirectoryName(p)!, "packages.lock.json"))));

    [Fact]
    public void Package_versions_stand_in_one_file_each_with_its_reason()
    {
        House.AssertNone(House.Projects(Everything).Where(p => XDocument.Load(p).Descendants("PackageReference").Any(r => r.Attribute("Version") is not null)));
        var lines = File.ReadAllLines(Path.Combine(House.Root, "Directory.Packages.props")).Where(l => l.Contains("<PackageVersion ", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(lines);
        House.AssertNone(lines.Where(l => !Reason().IsMatch(l)));
    }

    [Fact]
    public void The_public_interface_of_the_contract_is_written_down()
    {
        var lines = File.ReadLines(Path.Combine(House.Root, "engine/Abstractions/PublicAPI.Unshipped.txt")).Concat(File.ReadLines(Path.Combine(House.Root, "engine/Abstractions/PublicAPI.Shipped.txt")));
        Assert.Contains("XSwitchEngine.Abstractions.IProtocolPlugin", lines);
    }

    // One skipped test hides for years; one without a reason hides for ever.
    [Fact]
    public void No_test_is_skipped_without_a_reason()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(House.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));
        House.AssertNone(sources.Where(f => File.ReadLines(f).Any(l => EmptySkip().IsMatch(l))));
    }

    [GeneratedRegex("<!-- .+ -->")]
    private static partial Regex Reason();

    [GeneratedRegex("Skip\\s*=\\s*\"\\s*\"")]
    private static partial Regex EmptySkip();
}
