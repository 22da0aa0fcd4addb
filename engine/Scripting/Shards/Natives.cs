using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Native;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>The functions that the prelude calls in the host.</summary>
/// <remarks>
/// None raises or yields, whatever happens: the prelude does, on what they return. While one runs nothing is refused to the allocator (<see cref="LuaMemory"/>),
/// so each bounds what it pushes.
/// </remarks>
internal static unsafe partial class Natives
{
    /// <summary>Adds all to the table at the top.</summary>
    public static void Register(nint state)
    {
        Add(state, "call"u8, &Call);
        Add(state, "poll"u8, &Poll);
        Add(state, "control"u8, &Control);
        Add(state, "hook"u8, &Hook);
        Add(state, "hookdone"u8, &HookDone);
        Add(state, "env"u8, &Environment);
        Add(state, "setenv"u8, &SetEnvironment);
        Add(state, "istop"u8, &IsTop);
        Add(state, "freeze"u8, &Freeze);
        Add(state, "tick"u8, &Tick);
        Add(state, "log"u8, &Log);
        Add(state, "write"u8, &Write);
        Add(state, "reply"u8, &Reply);
        Add(state, "strings_adopt"u8, &Strings);
        Add(state, "compile"u8, &Compile);
        Add(state, "module"u8, &Module);
        Add(state, "path"u8, &Path);
        Add(state, "remove"u8, &Remove);
        Add(state, "rename"u8, &Rename);
        Add(state, "tmpname"u8, &TemporaryName);
        Add(state, "getenv"u8, &GetEnvironmentVariable);
        Add(state, "find"u8, &Find);
        Add(state, "substitute"u8, &Substitute);
    }

    private static void Add(nint state, ReadOnlySpan<byte> name, delegate* unmanaged[Cdecl]<nint, int> function) => LuaStack.SetField(state, name, (nint)function);

    /// <summary>Runs a body with the rules above; a fault of the host becomes an error of the script.</summary>
    private static int Guarded(nint state, delegate*<ScriptShard, ScriptRun, nint, int> body)
    {
        var shard = ScriptShard.Current!;
        shard.EnterHost();
        try
        {
            return shard.Running is { } run ? body(shard, run, state) : Fail(state, "no script is running");
        }
        catch (Exception e)
        {
            return Fail(state, "script host: " + e.Message);
        }
        finally
        {
            shard.LeaveHost();
        }
    }

    private static int Fail(nint state, string message)
    {
        lua_pushinteger(state, ReplyCode.Error);
        LuaStack.Push(state, message);
        return 2;
    }

    /// <summary>nil and a message.</summary>
    private static int Nothing(nint state, string message)
    {
        lua_pushnil(state);
        LuaStack.Push(state, message);
        return 2;
    }

    /// <summary>call(number, ...): an API method.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Call(nint state)
    {
        return Guarded(state, &Body);
        static int Body(ScriptShard shard, ScriptRun run, nint state) => ApiCall.Invoke(shard, run, state);
    }

    /// <summary>poll(token): what there is for an operation.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Poll(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            if (run.Find((int)lua_tointegerx(state, 1, null)) is not { } operation)
            {
                return Fail(state, "the operation is unknown");
            }

            if (!run.InCallback && operation.Session is { InputCallback: { } callback } session && operation.TryTake(out var input))
            {
                run.InCallback = true;
                lua_pushinteger(state, ReplyCode.Input);
                LuaStack.Push(state, callback);
                ScriptShard.PushKept(session, state);
                LuaStack.Push(state, input.Kind);
                LuaStack.Push(state, input.Digit == 0 ? "" : input.Digit.ToString());
                lua_pushinteger(state, input.Duration);
                LuaStack.Push(state, session.InputArgument);
                return 7;
            }

            if (!operation.IsDone)
            {
                run.IsWaiting = true;
                lua_pushinteger(state, ReplyCode.Wait);
                return 1;
            }

            if (shard.IsHookDue(run, operation.Session))
            {
                lua_pushinteger(state, ReplyCode.Hook);
                return 1;
            }

            run.Operations.Remove(operation);
            lua_pushinteger(state, ReplyCode.Done);
            return 1 + shard.PushResult(state, run, operation);
        }
    }

    /// <summary>control(token, text): what the input callback returned. Gives the text of a hook that said <c>die</c> meanwhile, or nil.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Control(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            run.InCallback = false;
            if (LuaStack.Text(state, 2) is { } text && text is not ("" or "true" or "undefined")
                && run.Find((int)lua_tointegerx(state, 1, null)) is { IsDone: false } operation)
            {
                var isFile = operation.Op is ScriptOp.StreamFile or ScriptOp.RecordFile;
                shard.Port.Control(new OpToken(run.Start.Run, operation.Sequence), isFile ? text : "break");
            }

            LuaStack.Push(state, run.Abort);
            return 1;
        }
    }

    /// <summary>hook(): the hangup hook that is due: function name, session, reason, argument name; nothing when there is none.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Hook(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            foreach (var session in run.Sessions)
            {
                if (session is { IsHookDue: true, HangupHook: { } name })
                {
                    session.HangupHook = null;
                    LuaStack.Push(state, name);
                    ScriptShard.PushKept(session, state);
                    LuaStack.Push(state, session.GoneReason);
                    LuaStack.Push(state, session.HangupArgument);
                    return 4;
                }
            }

            lua_pushnil(state);
            return 1;
        }
    }

    /// <summary>hookdone(session, text): what the hook returned. Gives true when the script has to end.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int HookDone(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var text = LuaStack.Text(state, 2);
            if (text is not null && shard.TryGetSession(run, state, 1, out var session) && session.IsAttached)
            {
                shard.Port.SetVariable(session.Leg, "lua_hangup_hook_return_val", text);
            }

            if (text is "exit" or "die")
            {
                run.Abort = text;
            }

            lua_pushboolean(state, run.Abort is null ? 0 : 1);
            return 1;
        }
    }

    /// <summary>env(): the globals of the running script.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Environment(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            _ = lua_rawgeti(state, RegistryIndex, run.EnvironmentReference);
            return 1;
        }
    }

    /// <summary>setenv(table): the globals of the running script, once.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetEnvironment(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            if (run.EnvironmentReference == 0)
            {
                lua_pushvalue(state, 1);
                run.EnvironmentReference = shard.Reference(state);
            }

            return 0;
        }
    }

    /// <summary>istop(): whether the caller is the script itself and none of its coroutines.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int IsTop(nint state)
    {
        lua_pushboolean(state, ScriptShard.Current?.Running?.Thread == state ? 1 : 0);
        return 1;
    }

    /// <summary>freeze(n): n more (or fewer) coroutines are resumed from where nothing can wait.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Freeze(nint state)
    {
        if (ScriptShard.Current is { } shard)
        {
            shard.Frozen += (int)lua_tointegerx(state, 1, null);
        }

        return 0;
    }

    /// <summary>tick(): called after a library function that may have taken long.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Tick(nint state)
    {
        ScriptShard.Current?.Guard.Expedite(state);
        return 0;
    }

    /// <summary>log(level, text).</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Log(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            shard.Port.Log((int)lua_tointegerx(state, 1, null), run.Start.Leg, run.Name, LuaStack.Text(state, 2) ?? "");
            return 0;
        }
    }

    /// <summary>write(text): more of the reply of an API command. Gives false when it is too long.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var output = run.Output ??= new StringBuilder();
            var fits = output.Length + (long)lua_rawlen(state, 1) <= ScriptRun.MostOutput;
            if (fits)
            {
                output.Append(LuaStack.Text(state, 1));
            }

            lua_pushboolean(state, fits ? 1 : 0);
            return 1;
        }
    }

    /// <summary>reply(name, value): what a chat script decides.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Reply(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            const int MostReplies = 100;
            run.Reply ??= [];
            if (run.Reply.Count < MostReplies)
            {
                run.Reply.Add(new(LuaStack.Text(state, 1) ?? "", LuaStack.Text(state, 2) ?? ""));
            }

            return 0;
        }
    }

    /// <summary>strings_adopt(table): the script has added to its <c>string</c> table.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Strings(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            shard.AdoptStrings(run, state, 1);
            return 0;
        }
    }
}
