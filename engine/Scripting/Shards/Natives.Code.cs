using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using XSwitchEngine.Scripting.Library;
using XSwitchEngine.Scripting.Native;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>Natives that compile code and reach files.</summary>
internal static unsafe partial class Natives
{
    /// <summary>Longest text that <c>load</c> takes: compiling is not interrupted.</summary>
    private const int LongestLoad = 1 << 20;

    /// <summary>compile(text, name): factory of a chunk given as text, or nil and the message.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Compile(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var text = LuaStack.Bytes(state, 1);
            if (text.Length > LongestLoad)
            {
                return Nothing(state, $"chunk is longer than {LongestLoad} bytes");
            }

            var name = Encoding.UTF8.GetBytes((LuaStack.Text(state, 2) ?? "=(load)") + "\0");

            // As it stands first: only then an "end end" cannot break out of the wrapper, and the message is about the script's own text.
            bool isSound;
            fixed (byte* p = text, n = name, mode = "t\0"u8)
            {
                isSound = luaL_loadbufferx(state, p, (nuint)text.Length, n, mode) == Ok;
            }

            if (isSound)
            {
                LuaStack.Pop(state, 1);
                isSound = ScriptShard.PushChunk(state, ScriptSource.Wrap(text), name);
            }

            shard.Guard.Expedite(state);
            if (isSound)
            {
                return 1;
            }

            lua_pushnil(state);
            lua_rotate(state, -2, 1);
            return 2;
        }
    }

    /// <summary>module(path): factory and full path of a file; nil and a message when it does not compile; nothing when there is no such file within reach.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Module(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            if (LuaStack.Text(state, 1) is not { } name || !shard.Library.Paths.TryReadable(name, out var path))
            {
                return 0;
            }

            if (!shard.Library.TryGetModule(run.Version, path, out var source, out var error))
            {
                return error is null ? 0 : Nothing(state, error);
            }

            if (!shard.PushFactory(state, source))
            {
                lua_pushnil(state);
                lua_rotate(state, -2, 1);
                return 2;
            }

            shard.Guard.Expedite(state);
            LuaStack.Push(state, path);
            return 2;
        }
    }

    /// <summary>path(name, writes): full path of a file that the script may open, or nil and a message.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Path(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var name = LuaStack.Text(state, 1) ?? "";
            var writes = lua_toboolean(state, 2) != 0;
            var paths = shard.Library.Paths;
            if (!(writes ? paths.TryWritable(name, out var path) : paths.TryReadable(name, out path)))
            {
                return Nothing(state, $"{name}: Permission denied");
            }

            LuaStack.Push(state, path);
            return 1;
        }
    }

    /// <summary>remove(name): true, or nil and a message.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Remove(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var name = LuaStack.Text(state, 1) ?? "";
            if (!shard.Library.Paths.TryWritable(name, out var path))
            {
                return Nothing(state, $"{name}: Permission denied");
            }

            if (!File.Exists(path))
            {
                return Nothing(state, $"{name}: No such file or directory");
            }

            File.Delete(path);
            lua_pushboolean(state, 1);
            return 1;
        }
    }

    /// <summary>rename(from, to): true, or nil and a message.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Rename(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var from = LuaStack.Text(state, 1) ?? "";
            var to = LuaStack.Text(state, 2) ?? "";
            if (!shard.Library.Paths.TryWritable(from, out var source) || !shard.Library.Paths.TryWritable(to, out var target))
            {
                return Nothing(state, $"{from}: Permission denied");
            }

            if (!File.Exists(source))
            {
                return Nothing(state, $"{from}: No such file or directory");
            }

            File.Move(source, target, overwrite: true);
            lua_pushboolean(state, 1);
            return 1;
        }
    }

    /// <summary>tmpname(): a name for a new file, or nil and a message.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int TemporaryName(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            if (shard.Library.Paths.Temporary is not { } directory)
            {
                return Nothing(state, "unable to generate a unique filename");
            }

            LuaStack.Push(state, $"{directory}lua_{Guid.NewGuid():N}");
            return 1;
        }
    }

    /// <summary>getenv(name): an environment variable that scripts may see, or nil.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetEnvironmentVariable(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var name = LuaStack.Text(state, 1);
            LuaStack.Push(state, name is not null && shard.IsVisible(name) ? System.Environment.GetEnvironmentVariable(name) : null);
            return 1;
        }
    }
}
