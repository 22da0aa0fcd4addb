using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace XSwitchEngine.Architecture.Tests;

/// <summary>The checkout and the assemblies that were built from it.</summary>
internal static class House
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(SourceDirectory(), "..", ".."));

    /// <summary>Our assemblies beside the test, without tests.</summary>
    public static IReadOnlyList<string> Assemblies { get; } =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Where(f => Path.GetFileName(f) is var name && (name == "xswitch.dll" || (name.StartsWith("XSwitchEngine.", StringComparison.Ordinal) && !name.Contains("Test", StringComparison.Ordinal))))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Projects under a folder of the checkout.</summary>
    public static IReadOnlyList<string> Projects(params string[] folders) =>
        [.. folders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(Root, f), "*.csproj", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)];

    /// <summary>Names of the assemblies that an assembly refers to.</summary>
    public static IReadOnlyList<string> ReferencesOf(string assembly) => Read(assembly, reader =>
        reader.AssemblyReferences.Select(r => reader.GetString(reader.GetAssemblyReference(r).Name)).ToArray());

    /// <summary>Full names of the types of other assemblies that an assembly uses.</summary>
    public static IReadOnlyList<string> TypesUsedBy(string assembly) => Read(assembly, reader =>
        reader.TypeReferences.Select(reader.GetTypeReference).Select(t => $"{reader.GetString(t.Namespace)}.{reader.GetString(t.Name)}").ToArray());

    /// <summary>Members of other assemblies that an assembly uses, as <c>Namespace.Type.Member</c>.</summary>
    public static IReadOnlyList<string> MembersUsedBy(string assembly) => Read(assembly, reader =>
        reader.MemberReferences.Select(reader.GetMemberReference)
            .Where(m => m.Parent.Kind == HandleKind.TypeReference)
            .Select(m => (Type: reader.GetTypeReference((TypeReferenceHandle)m.Parent), Member: m))
            .Select(m => $"{reader.GetString(m.Type.Namespace)}.{reader.GetString(m.Type.Name)}.{reader.GetString(m.Member.Name)}")
            .ToArray());

    /// <summary>Static fields that can change, as <c>Type.Field</c>, without those that the compiler makes.</summary>
    public static IReadOnlyList<string> MutableStaticsOf(string assembly) => Read(assembly, reader =>
        reader.FieldDefinitions.Select(reader.GetFieldDefinition)
            .Where(f => f.Attributes.HasFlag(System.Reflection.FieldAttributes.Static))
            .Where(f => (f.Attributes & (System.Reflection.FieldAttributes.InitOnly | System.Reflection.FieldAttributes.Literal)) == 0)
            .Select(f => (Type: reader.GetString(reader.GetTypeDefinition(f.GetDeclaringType()).Name), Field: reader.GetString(f.Name)))
            .Where(f => !f.Type.Contains('<', StringComparison.Ordinal) && !f.Field.Contains('<', StringComparison.Ordinal))
            .Select(f => $"{f.Type}.{f.Field}")
            .ToArray());

    /// <summary>Fails with the list of offenders.</summary>
    public static void AssertNone(IEnumerable<string> offenders)
    {
        var all = offenders.ToArray();
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static T Read<T>(string assembly, Func<MetadataReader, T> read)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        return read(file.GetMetadataReader());
    }

    private static string SourceDirectory([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
