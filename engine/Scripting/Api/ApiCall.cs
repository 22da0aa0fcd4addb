using System.Globalization;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Native;
using XSwitchEngine.Scripting.Shards;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Api;

/// <summary>One call of an API method: its checked arguments and the ways to answer.</summary>
internal readonly ref struct ApiCall
{
    /// <summary>Longest text that a script hands to the core, bytes.</summary>
    public const int LongestText = 1 << 20;

    private readonly nint _state;
    private readonly int _first;
    private readonly int _count;

    private ApiCall(ScriptShard shard, ScriptRun run, nint state, ApiMethod method, SessionObject? session, int first, int count)
    {
        Shard = shard;
        Run = run;
        _state = state;
        Method = method;
        Self = session;
        _first = first;
        _count = count;
    }

    /// <summary>Where it runs.</summary>
    public ScriptShard Shard { get; }

    /// <summary>The run that calls.</summary>
    public ScriptRun Run { get; }

    /// <summary>What is called.</summary>
    public ApiMethod Method { get; }

    /// <summary>The session it is called on; null for a function.</summary>
    public SessionObject? Self { get; }

    /// <summary>What the core gives scripts.</summary>
    public IScriptPort Port => Shard.Port;

    /// <summary>The session of a session method.</summary>
    public SessionObject Session => Self!;

    /// <summary>The leg the call is about, or default.</summary>
    public LegId Leg => Self is { IsAttached: true } session ? session.Leg : default;

    /// <summary>Checks the arguments on the stack (the method's number at 1) and runs the method.</summary>
    public static int Invoke(ScriptShard shard, ScriptRun run, nint state)
    {
        var method = ApiTable.All[Number(state)];
        var given = lua_gettop(state) - 1;
        SessionObject? self = null;
        var first = 2;
        if (method.OnSession)
        {
            first = 3;
            if (given > 0 && !shard.TryGetSession(run, state, 2, out self))
            {
                return Fail(state, WrongType(state, method, 1, 2, 'o'));
            }
        }

        if (given < method.Least || given > method.Most)
        {
            return Fail(state, $"Error in {method.FullName} expected {method.Least}..{method.Most} args, got {given}");
        }

        if (method.ChecksHook && shard.IsHookDue(run, self))
        {
            lua_pushinteger(state, ReplyCode.Hook);
            lua_rotate(state, 1, 1);
            return given + 2;
        }

        var count = lua_gettop(state) - first + 1;
        for (var i = 0; i < count; i++)
        {
            if (lua_type(state, first + i) == TypeString && lua_rawlen(state, first + i) > LongestText)
            {
                return Fail(state, $"Error in {method.FullName} (arg {first + i - 1}), text is longer than {LongestText} bytes");
            }

            if (!Fits(shard, run, state, first + i, method.Arguments[i]))
            {
                return Fail(state, WrongType(state, method, first + i - 1, first + i, method.Arguments[i]));
            }
        }

        return method.Handler(new ApiCall(shard, run, state, method, self, first, count));
    }

    /// <summary>A string argument; null for nil and for a missing one.</summary>
    public string? Text(int index) => index < _count ? LuaStack.Text(_state, _first + index) : null;

    /// <summary>An integer argument, or its default.</summary>
    public long Integer(int index, long missing = 0)
    {
        if (index >= _count || !LuaStack.TryNumber(_state, _first + index, out var value))
        {
            return missing;
        }

        return value switch
        {
            >= int.MaxValue => int.MaxValue,
            <= int.MinValue => int.MinValue,
            double.NaN => 0,
            _ => (long)value,
        };
    }

    /// <summary>An integer argument as the port takes it.</summary>
    public string IntegerText(int index, long missing = 0) => Integer(index, missing).ToString(CultureInfo.InvariantCulture);

    /// <summary>An integer argument as the port takes it, null when missing.</summary>
    public string? OptionalIntegerText(int index) => index < _count ? IntegerText(index) : null;

    /// <summary>A boolean argument.</summary>
    public bool Boolean(int index) => index < _count && lua_toboolean(_state, _first + index) != 0;

    /// <summary>A session argument; null for nil and for a missing one.</summary>
    public SessionObject? SessionAt(int index)
    {
        SessionObject? session = null;
        return index < _count && Shard.TryGetSession(Run, _state, _first + index, out session) ? session : null;
    }

    /// <summary>Number of arguments after the object.</summary>
    public int Count => _count;

    /// <summary>Keeps the session's userdata for callbacks.</summary>
    public void KeepSession() => Shard.Keep(Session, _state, 2);

    /// <summary>Whether the session can do nothing with media any more; the first time this is logged.</summary>
    public bool IsDead()
    {
        if (Self is { IsAttached: true, GoneReason: null } session && (session.IsMain || Port.Snapshot(session.Leg).IsReady))
        {
            return false;
        }

        if (!Run.IsGoneLogged)
        {
            Run.IsGoneLogged = true;
            Port.Log(3, Leg, Run.Name, $"{Method.FullName}: session is not initalized");
        }

        return true;
    }

    /// <summary>Starts an operation on the session's leg, or gives its dead value.</summary>
    public int Operate(ScriptOp op, ResultKind kind, params string?[] arguments) =>
        IsDead() ? Dead(kind) : Begin(op, kind, Self, arguments);

    /// <summary>Starts an operation.</summary>
    /// <param name="op">What to do.</param>
    /// <param name="kind">How its result looks.</param>
    /// <param name="session">On which leg, or null.</param>
    /// <param name="arguments">As the port takes them.</param>
    public int Begin(ScriptOp op, ResultKind kind, SessionObject? session, params string?[] arguments)
    {
        if (lua_isyieldable(_state) == 0 || Shard.IsFrozen)
        {
            return Fail($"{Method.FullName} called inside a non-yieldable C callback");
        }

        var leg = session is { IsAttached: true } ? session.Leg : default;
        var operation = new PendingOperation(Run.NextSequence(), leg, op, kind, session);
        Run.Operations.Add(operation);
        var wantsInput = Method.TakesInput && !Run.InCallback && session?.InputCallback is not null;
        Port.Begin(new OpToken(Run.Start.Run, operation.Sequence), leg, op, arguments, wantsInput);
        if (operation.IsDone && !Shard.IsHookDue(Run, session))
        {
            Run.Operations.Remove(operation);
            lua_pushinteger(_state, ReplyCode.Done);
            return 1 + Shard.PushResult(_state, Run, operation);
        }

        lua_pushinteger(_state, operation.Sequence);
        return 1;
    }

    /// <summary>Answers with what the method gives when its session is gone.</summary>
    public int Dead(ResultKind kind) => kind switch
    {
        ResultKind.Status => Done(-1),
        ResultKind.Text => Done(""),
        ResultKind.Zero => Done(0),
        ResultKind.Originated => Done(1),
        ResultKind.None or ResultKind.NewSession => Done(),
        _ => Done(),
    };

    /// <summary>Answers with nothing.</summary>
    public int Done()
    {
        lua_pushinteger(_state, ReplyCode.Done);
        return 1;
    }

    /// <summary>Answers with a number.</summary>
    public int Done(int value)
    {
        lua_pushinteger(_state, ReplyCode.Done);
        lua_pushinteger(_state, value);
        return 2;
    }

    /// <summary>Answers with a truth value.</summary>
    public int Done(bool value)
    {
        lua_pushinteger(_state, ReplyCode.Done);
        lua_pushboolean(_state, value ? 1 : 0);
        return 2;
    }

    /// <summary>Answers with text or nil.</summary>
    public int Done(string? value)
    {
        lua_pushinteger(_state, ReplyCode.Done);
        LuaStack.Push(_state, value);
        return 2;
    }

    /// <summary>Answers with a session object.</summary>
    public int Done(SessionObject session)
    {
        lua_pushinteger(_state, ReplyCode.Done);
        Shard.PushNewSession(_state, Run, session);
        return 2;
    }

    /// <summary>Raises an error in the script, at the line of the call.</summary>
    public int Fail(string message) => Fail(_state, message);

    private static unsafe int Number(nint state) => (int)lua_tointegerx(state, 1, null);

    private static int Fail(nint state, string message)
    {
        lua_pushinteger(state, ReplyCode.Error);
        LuaStack.Push(state, message);
        return 2;
    }

    private static bool Fits(ScriptShard shard, ScriptRun run, nint state, int index, char letter) => letter switch
    {
        's' => lua_type(state, index) is TypeString or TypeNumber or TypeNil,
        'i' => LuaStack.TryNumber(state, index, out _),
        'b' => lua_type(state, index) == TypeBoolean,
        _ => lua_type(state, index) == TypeNil || shard.TryGetSession(run, state, index, out _),
    };

    private static string WrongType(nint state, ApiMethod method, int position, int index, char letter) =>
        $"Error in {method.FullName} (arg {position}), expected '{ApiMethod.TypeName(letter)}' got '{LuaStack.TypeName(state, index)}'";
}
