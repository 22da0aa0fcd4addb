using System.Xml.Linq;

namespace XSwitchEngine.Architecture.Tests;

/// <summary>The arrows of the house: who may refer to whom. What is not drawn here is an error.</summary>
public sealed class ReferenceTests
{
    private const string Contract = "XSwitchEngine.Abstractions";
    private const string Media = "XSwitchEngine.Media";
    private const string Core = "XSwitchEngine.Core";

    // DTLS where OpenSSL does not load; the only package that media knows.
    private const string ManagedDtls = "BouncyCastle.Cryptography";
    private const string Scripting = "XSwitchEngine.Scripting";
    private const string Host = "xswitch";
    private const string PluginPrefix = "XSwitchEngine.Plugins.";

    // An arrow to Core includes those of Core: its interfaces speak in types of the contract and of Media.
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        [Contract] = [],
        [Media] = [],
        [Core] = [Contract, Media],
        [Scripting] = [Core, Contract, Media],
        [Host] = [Scripting, Core, Contract, Media],
    };

    // Libraries that one project owns; the others reach what they do through it.
    private static readonly Dictionary<string, string[]> Owners = new()
    {
        ["NLua"] = [Scripting],
        ["KeraLua"] = [Scripting],
        ["McMaster.NETCore.Plugins"] = [Core],
        ["Microsoft.Data.Sqlite"] = [Core],
        ["System.CommandLine"] = [Host],
        ["Prometheus.NetStandard"] = [Host],
        ["Prometheus.AspNetCore"] = [Host],
    };

    public static TheoryData<string> Assemblies() => [.. House.Assemblies.Select(a => Path.GetFileNameWithoutExtension(a)!)];

    [Fact]
    public void Every_assembly_of_the_house_is_looked_at()
    {
        var found = House.Assemblies.Select(Path.GetFileNameWithoutExtension).ToHashSet();
        Assert.Superset(Arrows.Keys.ToHashSet(), found!);
        Assert.Contains(found, n => n!.StartsWith(PluginPrefix, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void An_assembly_refers_only_where_an_arrow_is_drawn(string assembly)
    {
        var ours = References(assembly).Where(IsOurs);
        House.AssertNone(ours.Except(Allowed(assembly)));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void A_library_is_used_by_its_owner_only(string assembly)
    {
        var foreign = References(assembly).Where(r => Owners.TryGetValue(r, out var owners) && !owners.Contains(assembly));
        House.AssertNone(foreign);
    }

    [Theory]
    [InlineData(Contract)]
    [InlineData(Media)]
    public void Contract_and_media_stand_on_the_base_class_library_alone(string assembly) =>
        House.AssertNone(References(assembly).Where(r => !IsBaseClassLibrary(r) && !(assembly == Media && r == ManagedDtls)));

    [Fact]
    public void A_plugin_sees_the_contract_and_MessagePack_and_nothing_else()
    {
        foreach (var plugin in Plugins())
        {
            House.AssertNone(References(plugin).Where(r => !IsBaseClassLibrary(r) && r is not (Contract or "MessagePack")));
        }
    }

    [Fact]
    public void Projects_refer_as_the_arrows_say_even_where_no_code_uses_it_yet()
    {
        foreach (var project in House.Projects("engine", "plugins"))
        {
            var document = XDocument.Load(project);
            var name = Path.GetFileNameWithoutExtension(project);
            var assembly = name == "Host" ? Host : project.Contains("/plugins/", StringComparison.Ordinal) ? PluginPrefix + name : "XSwitchEngine." + name;
            var referred = document.Descendants("ProjectReference")
                .Where(r => (string?)r.Attribute("ReferenceOutputAssembly") != "false")
                .Select(r => "XSwitchEngine." + Path.GetFileNameWithoutExtension(((string)r.Attribute("Include")!).Replace('\\', '/')));
            House.AssertNone(referred.Except(Allowed(assembly)).Select(r => $"{project} → {r}"));
        }
    }

    private static IEnumerable<string> Plugins() => House.Assemblies.Select(a => Path.GetFileNameWithoutExtension(a)!).Where(a => a.StartsWith(PluginPrefix, StringComparison.Ordinal));

    private static string[] Allowed(string assembly) =>
        assembly.StartsWith(PluginPrefix, StringComparison.Ordinal) ? [Contract] : Arrows.GetValueOrDefault(assembly, []);

    private static IReadOnlyList<string> References(string assembly) => House.ReferencesOf(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));

    private static bool IsOurs(string name) => name == Host || name.StartsWith("XSwitchEngine.", StringComparison.Ordinal);

    private static bool IsBaseClassLibrary(string name) => name.StartsWith("System.", StringComparison.Ordinal) || name is "System" or "netstandard" or "mscorlib" or "Microsoft.Win32.Primitives";
}
