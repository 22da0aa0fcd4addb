using System.Collections.Concurrent;

namespace XSwitchEngine.Scripting.Library;

/// <summary>A generation of a script: its source and the modules it was first seen to use, each in one state.</summary>
/// <remarks>A run keeps its generation. A change of the script or of one of its modules makes a new generation for new runs.</remarks>
internal sealed class ScriptVersion(ScriptSource source)
{
    /// <summary>The script.</summary>
    public ScriptSource Source { get; } = source;

    /// <summary>Modules by full path. Filled by several shards.</summary>
    public ConcurrentDictionary<string, ScriptSource> Modules { get; } = new(StringComparer.Ordinal);

    /// <summary>Puts names in place of the paths that Lua's messages have.</summary>
    public string Shorten(string message)
    {
        message = message.Replace(Source.ShortName + ":", Source.Name + ":", StringComparison.Ordinal);
        foreach (var module in Modules.Values)
        {
            message = message.Replace(module.ShortName + ":", module.Name + ":", StringComparison.Ordinal);
        }

        return message;
    }
}
