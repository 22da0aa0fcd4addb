using System.Buffers;
using System.Text;
using XSwitchEngine.Scripting.Text;

namespace XSwitchEngine.Scripting.Library;

/// <summary>One state of a script or module file. Immutable.</summary>
internal sealed class ScriptSource
{
    /// <summary>Lua shortens a chunk's name to this many characters in messages.</summary>
    private const int LongestChunkName = 59;

    private ScriptSource(string name, string fullPath, byte[] text)
    {
        Name = name;
        FullPath = fullPath;
        Text = text;
        ChunkName = Encoding.UTF8.GetBytes("@" + fullPath + "\0");
        ShortName = fullPath.Length <= LongestChunkName ? fullPath : "..." + fullPath[^(LongestChunkName - 3)..];
        Factory = Wrap(text);
    }

    /// <summary>Its name below the script directory, or its full path.</summary>
    public string Name { get; }

    /// <summary>Absolute path.</summary>
    public string FullPath { get; }

    /// <summary>As read, without byte order mark and <c>#!</c> line.</summary>
    public byte[] Text { get; }

    /// <summary>The chunk that returns <c>function(_ENV, number) return function(...) SOURCE end end</c>: compiled once, instantiated for each run with its own globals.</summary>
    public byte[] Factory { get; }

    /// <summary>Lua's chunk name, <c>@path</c>, zero-terminated.</summary>
    public byte[] ChunkName { get; }

    /// <summary>How Lua's messages name it.</summary>
    public string ShortName { get; }

    /// <summary>Makes one from a file's bytes.</summary>
    public static ScriptSource Create(string name, string fullPath, byte[] bytes) => new(name, fullPath, Strip(bytes));

    /// <summary>Wraps a chunk so that it can be instantiated with its own globals; the first line stays the first line.</summary>
    /// <param name="text">A chunk that compiles.</param>
    public static byte[] Wrap(ReadOnlySpan<byte> text)
    {
        var body = IntegralArithmetic.Rewrite(text);
        var result = new ArrayBufferWriter<byte>(body.Length + 80);
        result.Write("return function(_ENV,"u8);
        result.Write(IntegralArithmetic.FunctionName);
        result.Write(") return function(...) "u8);
        result.Write(body);
        result.Write("\nend end"u8);
        return result.WrittenSpan.ToArray();
    }

    private static byte[] Strip(byte[] bytes)
    {
        ReadOnlySpan<byte> text = bytes;
        if (text.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
        {
            text = text[3..];
        }

        if (text.StartsWith("#"u8))
        {
            var end = text.IndexOf((byte)'\n');
            text = end < 0 ? [] : text[end..];
        }

        return text.ToArray();
    }
}
