namespace XSwitchEngine.Scripting.Library;

/// <summary>Which files scripts may reach.</summary>
internal sealed class ScriptPaths
{
    private readonly string[] _readable;
    private readonly string[] _writable;

    /// <summary>Takes the directories from the options.</summary>
    public ScriptPaths(ScriptEngineOptions options)
    {
        Scripts = Root(options.ScriptDirectory);
        Temporary = options.TemporaryDirectory is { } temporary ? Root(temporary) : null;
        _writable = [.. options.WritableDirectories.Select(Root), .. Temporary is null ? Array.Empty<string>() : [Temporary]];
        _readable = [Scripts, .. options.ReadableDirectories.Select(Root), .. _writable];
    }

    /// <summary>The script directory, absolute, with a separator at its end.</summary>
    public string Scripts { get; }

    /// <summary>Where <c>require</c> looks at first, the initial <c>package.path</c>.</summary>
    public string ModuleTemplates => $"{Scripts}?.lua;{Scripts}lib/?.lua;{Scripts}?/init.lua";

    /// <summary>The directory for temporary files, or null.</summary>
    public string? Temporary { get; }

    /// <summary>Absolute path of a script.</summary>
    /// <param name="name">Absolute, or below the script directory (which it cannot leave).</param>
    /// <param name="path">The path.</param>
    public bool TryScript(string name, out string path)
    {
        path = Normalize(name, Scripts);
        return path.Length > 0 && (Path.IsPathRooted(name) || IsBelow(path, Scripts));
    }

    /// <summary>A script's name for people: below the script directory when it is there.</summary>
    public string NameOf(string path) => IsBelow(path, Scripts) ? path[Scripts.Length..].Replace('\\', '/') : path;

    /// <summary>Absolute path of a file that scripts may read.</summary>
    public bool TryReadable(string name, out string path)
    {
        path = Normalize(name, Scripts);
        return IsBelowAny(path, _readable);
    }

    /// <summary>Absolute path of a file that scripts may write.</summary>
    public bool TryWritable(string name, out string path)
    {
        path = Normalize(name, Scripts);
        return IsBelowAny(path, _writable);
    }

    private static string Root(string directory)
    {
        var full = Path.GetFullPath(directory);
        return Path.EndsInDirectorySeparator(full) ? full : full + Path.DirectorySeparatorChar;
    }

    private static string Normalize(string name, string directory)
    {
        try
        {
            return name.Length == 0 || name.Contains('\0') ? "" : Path.GetFullPath(name, directory);
        }
        catch (Exception e) when (e is ArgumentException or PathTooLongException or NotSupportedException)
        {
            return "";
        }
    }

    private static bool IsBelowAny(string path, string[] roots)
    {
        foreach (var root in roots)
        {
            if (IsBelow(path, root))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsBelow(string path, string root) => path.Length > root.Length && path.StartsWith(root, StringComparison.Ordinal);
}
