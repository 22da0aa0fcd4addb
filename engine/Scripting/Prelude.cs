namespace XSwitchEngine.Scripting;

/// <summary>The Lua side of the script host, from the assembly's resources.</summary>
internal static class Prelude
{
    /// <summary>Its files, in the order in which they run.</summary>
    public static IReadOnlyList<byte[]> Parts { get; } =
    [
        .. new[] { "Prelude.lua", "Lua.strings.lua", "Lua.tables.lua", "Lua.coroutines.lua", "Lua.files.lua", "Lua.objects.lua", "Lua.environment.lua" }.Select(Read),
    ];

    private static byte[] Read(string name)
    {
        using var stream = typeof(Prelude).Assembly.GetManifestResourceStream("XSwitchEngine.Scripting." + name)
            ?? throw new InvalidOperationException($"resource {name} is missing");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
