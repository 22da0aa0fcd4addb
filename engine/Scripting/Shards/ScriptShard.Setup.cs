using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Library;
using XSwitchEngine.Scripting.Native;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>The state's furniture: prelude, compiled scripts, session objects.</summary>
internal sealed unsafe partial class ScriptShard
{
    /// <summary>Chunk name of the prelude, by which its frames are told from a script's.</summary>
    public const string PreludeName = "[engine]";

    /// <summary>Marks a session's userdata; nothing else in the state has it.</summary>
    private const long SessionMark = 0x5853_5345_5353_494f;

    private readonly Dictionary<string, (ScriptSource Source, int Reference)> _compiled = new(StringComparer.Ordinal);
    private int _entry;
    private int _sessionMetatable;
    private int _stringMetatable;
    private int _sharedStrings;
    private int _activeStrings;

    /// <summary>Values that the host holds in the registry.</summary>
    public int References { get; private set; }

    /// <summary>Frees what is not used any more and tells the memory that is. Shard thread only.</summary>
    public long Collect()
    {
        _ = lua_gc(_state, GcCollect);
        _ = lua_gc(_state, GcCollect);
        return _memory->Used;
    }

    /// <summary>Takes the value at the top into the registry.</summary>
    public int Reference(nint state)
    {
        References++;
        return luaL_ref(state, RegistryIndex);
    }

    /// <summary>Lets go of a value in the registry; 0 is none.</summary>
    private void Unreference(int reference)
    {
        if (reference != 0)
        {
            References--;
            luaL_unref(_state, RegistryIndex, reference);
        }
    }

    /// <summary>Looks up the session object that a userdata stands for.</summary>
    public bool TryGetSession(ScriptRun run, nint state, int index, out SessionObject session)
    {
        session = null!;
        if (lua_type(state, index) != TypeUserdata || lua_rawlen(state, index) != (nuint)sizeof(SessionHandle))
        {
            return false;
        }

        var handle = (SessionHandle*)lua_touserdata(state, index);
        if (handle->Mark != SessionMark || handle->Run != run.Start.Run.Value || handle->Index >= run.Sessions.Count)
        {
            return false;
        }

        session = run.Sessions[(int)handle->Index];
        return true;
    }

    /// <summary>Pushes a new userdata for a session object.</summary>
    public void PushSession(nint state, ScriptRun run, SessionObject session)
    {
        var handle = (SessionHandle*)lua_newuserdatauv(state, (nuint)sizeof(SessionHandle), 0);
        *handle = new SessionHandle(SessionMark, run.Start.Run.Value, session.Index);
        _ = lua_rawgeti(state, RegistryIndex, _sessionMetatable);
        _ = lua_setmetatable(state, -2);
    }

    /// <summary>Pushes the userdata of a session that a script has made; it becomes the global that is named as the leg's UUID, too.</summary>
    public void PushNewSession(nint state, ScriptRun run, SessionObject session)
    {
        PushSession(state, run, session);
        if (session.IsAttached && run.EnvironmentReference != 0)
        {
            _ = lua_rawgeti(state, RegistryIndex, run.EnvironmentReference);
            LuaStack.Push(state, session.Uuid);
            lua_pushvalue(state, -3);
            lua_rawset(state, -3);
            LuaStack.Pop(state, 1);
        }
    }

    /// <summary>Keeps the userdata on the stack for callbacks.</summary>
    public void Keep(SessionObject session, nint state, int index)
    {
        if (session.Reference == 0)
        {
            lua_pushvalue(state, index);
            session.Reference = Reference(state);
        }
    }

    /// <summary>Pushes a kept userdata.</summary>
    public static void PushKept(SessionObject session, nint state) => _ = lua_rawgeti(state, RegistryIndex, session.Reference);

    /// <summary>Pushes what an operation that is done gives in Lua.</summary>
    /// <returns>Number of values.</returns>
    public int PushResult(nint state, ScriptRun run, PendingOperation operation)
    {
        var result = operation.Result;
        switch (operation.ResultKind)
        {
            case ResultKind.Status:
                lua_pushinteger(state, result.Status);
                return 1;
            case ResultKind.Text:
                LuaStack.Push(state, result.Text ?? "");
                return 1;
            case ResultKind.Zero:
                lua_pushinteger(state, 0);
                return 1;
            case ResultKind.NewSession:
                Attach(operation.Session!, result);
                PushNewSession(state, run, operation.Session!);
                return 1;
            case ResultKind.Originated:
                lua_pushinteger(state, Attach(operation.Session!, result) ? 0 : 1);
                return 1;
            case ResultKind.None:
            default:
                return 0;
        }
    }

    /// <summary>Pushes the factory of a source, compiled once per state.</summary>
    /// <returns>False with the message on the stack when it does not compile.</returns>
    public bool PushFactory(nint state, ScriptSource source)
    {
        if (_compiled.TryGetValue(source.FullPath, out var known))
        {
            if (known.Source == source)
            {
                _ = lua_rawgeti(state, RegistryIndex, known.Reference);
                return true;
            }

            // Runs of the old version hold their own function.
            Unreference(known.Reference);
            _compiled.Remove(source.FullPath);
        }

        if (!PushChunk(state, source.Factory, source.ChunkName))
        {
            return false;
        }

        lua_pushvalue(state, -1);
        _compiled[source.FullPath] = (source, Reference(state));
        return true;
    }

    /// <summary>Compiles a wrapped chunk and pushes the factory that it returns, or the message.</summary>
    public static bool PushChunk(nint state, ReadOnlySpan<byte> text, ReadOnlySpan<byte> chunkName)
    {
        fixed (byte* p = text, name = chunkName, mode = "t\0"u8)
        {
            return luaL_loadbufferx(state, p, (nuint)text.Length, name, mode) == Ok
                && lua_pcallk(state, 0, 1, 0, 0, 0) == Ok;
        }
    }

    /// <summary>Makes the string methods of a run the active ones: <c>("x"):f()</c> finds what the run added to <c>string</c>.</summary>
    private void UseStrings(ScriptRun run)
    {
        var wanted = run.StringsReference == 0 ? _sharedStrings : run.StringsReference;
        if (wanted == _activeStrings)
        {
            return;
        }

        _activeStrings = wanted;
        _ = lua_rawgeti(_state, RegistryIndex, _stringMetatable);
        LuaStack.Push(_state, "__index"u8);
        _ = lua_rawgeti(_state, RegistryIndex, wanted);
        lua_rawset(_state, -3);
        LuaStack.Pop(_state, 1);
    }

    /// <summary>Takes the run's own string table.</summary>
    public void AdoptStrings(ScriptRun run, nint state, int index)
    {
        if (run.StringsReference == 0)
        {
            lua_pushvalue(state, index);
            run.StringsReference = Reference(state);
            UseStrings(run);
        }
    }

    private bool Attach(SessionObject session, OpResult result)
    {
        if (result is { Status: 1, Text: { Length: > 0 } uuid } && (Port.TryFindLeg(uuid, out var leg) || TryParse(uuid, out leg)))
        {
            session.Attach(leg, uuid);
            session.OriginateCause = result.Extra ?? "SUCCESS";
            return true;
        }

        session.OriginateCause = result.Extra ?? "NORMAL_TEMPORARY_FAILURE";
        return false;

        static bool TryParse(string text, out LegId id)
        {
            var isGuid = Guid.TryParse(text, out var value);
            id = new LegId(value);
            return isGuid;
        }
    }

    /// <summary>Gives a run its coroutine with the entry function and its arguments on the stack.</summary>
    private bool TryLoad(ScriptRun run, out string error)
    {
        var start = run.Start;
        var isInline = start.Name.StartsWith('~');
        if (!isInline)
        {
            if (!Library.TryGet(start.Name, out var version, out error))
            {
                return false;
            }

            run.Version = version;
        }

        var thread = lua_newthread(_state);
        run.ThreadReference = Reference(_state);
        run.Thread = thread;
        if (lua_checkstack(thread, start.Arguments.Count + 20) == 0)
        {
            error = $"{start.Name}: too many arguments";
            Unreference(run.ThreadReference);
            run.Thread = 0;
            return false;
        }

        _ = lua_rawgeti(thread, RegistryIndex, _entry);
        var isCompiled = run.Version is { } v
            ? PushFactory(thread, v.Source)
            : PushChunk(thread, ScriptSource.Wrap(Encoding.UTF8.GetBytes(start.Name[1..])), "=~inline\0"u8);
        if (!isCompiled)
        {
            error = LuaStack.Text(thread, -1) ?? "cannot compile";
            Unreference(run.ThreadReference);
            run.Thread = 0;
            return false;
        }

        PushArguments(run, thread);
        error = "";
        return true;
    }

    private void PushArguments(ScriptRun run, nint thread)
    {
        var start = run.Start;
        lua_pushinteger(thread, (int)start.Kind);
        if (start.Leg != default)
        {
            var session = new SessionObject(0) { IsMain = true };
            session.Attach(start.Leg, start.Leg.ToString());
            run.Sessions.Add(session);
            PushSession(thread, run, session);
            LuaStack.Push(thread, session.Uuid);
        }
        else
        {
            lua_pushnil(thread);
            lua_pushnil(thread);
        }

        lua_createtable(thread, 0, start.Environment.Count > 0 ? 1 : 0);
        for (var i = 0; i < start.Environment.Count; i++)
        {
            LuaStack.Push(thread, start.Environment[i].Key);
            lua_rawseti(thread, -2, (2 * i) + 1);
            LuaStack.Push(thread, start.Environment[i].Value);
            lua_rawseti(thread, -2, (2 * i) + 2);
        }

        LuaStack.Push(thread, start.Name.StartsWith('~') ? null : start.Name);
        foreach (var argument in start.Arguments)
        {
            LuaStack.Push(thread, argument);
        }

        run.FirstArguments = 6 + start.Arguments.Count;
    }

    /// <summary>Opens the libraries, registers the natives, runs the prelude.</summary>
    private void Prepare()
    {
        var outer = _current;
        _current = this;
        luaL_openlibs(_state);
        lua_createtable(_state, 0, 32);
        Natives.Register(_state);
        PushApi();
        LuaStack.Push(_state, "module_path"u8);
        LuaStack.Push(_state, Library.Paths.ModuleTemplates);
        lua_rawset(_state, -3);
        LuaStack.Push(_state, "allow_system"u8);
        lua_pushboolean(_state, _options.AllowSystem ? 1 : 0);
        lua_rawset(_state, -3);
        foreach (var part in Prelude.Parts)
        {
            RunPart(part);
        }

        LuaStack.Push(_state, "entry"u8);
        _ = lua_rawget(_state, -2);
        _entry = Reference(_state);
        LuaStack.Push(_state, "session_metatable"u8);
        _ = lua_rawget(_state, -2);
        _sessionMetatable = Reference(_state);
        LuaStack.Push(_state, "string_metatable"u8);
        _ = lua_rawget(_state, -2);
        _stringMetatable = Reference(_state);
        LuaStack.Push(_state, "strings"u8);
        _ = lua_rawget(_state, -2);
        _activeStrings = _sharedStrings = Reference(_state);
        LuaStack.Pop(_state, 1);
        Guard.Watch(_state);
        _current = outer;
    }

    /// <summary>Runs one file of the prelude with the table of natives, which is at the top, as its argument.</summary>
    private void RunPart(byte[] text)
    {
        int status;
        fixed (byte* p = text, name = "=[engine]\0"u8, mode = "t\0"u8)
        {
            status = luaL_loadbufferx(_state, p, (nuint)text.Length, name, mode);
        }

        if (status == Ok)
        {
            lua_pushvalue(_state, -2);
            status = lua_pcallk(_state, 1, 0, 0, 0, 0);
        }

        if (status != Ok)
        {
            throw new InvalidOperationException($"prelude: {LuaStack.Text(_state, -1)}");
        }
    }

    /// <summary>Lists the API for the prelude: <c>api[n] = {class, name, on session}</c>.</summary>
    private void PushApi()
    {
        LuaStack.Push(_state, "api"u8);
        lua_createtable(_state, ApiTable.All.Length, 0);
        for (var i = 0; i < ApiTable.All.Length; i++)
        {
            lua_createtable(_state, 3, 0);
            LuaStack.Push(_state, ApiTable.All[i].Class);
            lua_rawseti(_state, -2, 1);
            LuaStack.Push(_state, ApiTable.All[i].Name);
            lua_rawseti(_state, -2, 2);
            lua_pushboolean(_state, ApiTable.All[i].OnSession ? 1 : 0);
            lua_rawseti(_state, -2, 3);
            lua_rawseti(_state, -2, i);
        }

        lua_rawset(_state, -3);
    }

    /// <summary>Contents of a session's userdata.</summary>
    private readonly record struct SessionHandle(long Mark, long Run, long Index);
}
