using System.Text;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Native;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>How runs end, and what is said about it.</summary>
internal sealed unsafe partial class ScriptShard
{
    private int _memoryEpoch;

    /// <summary>Adds to what a run keeps. What it lets go of may be collected in another's slice, so the account is begun anew with each look.</summary>
    private void Charge(ScriptRun run, long bytes)
    {
        run.Bytes = run.MemoryEpoch == _memoryEpoch ? run.Bytes + bytes : bytes;
        run.MemoryEpoch = _memoryEpoch;
    }

    /// <summary>Whether a run that seems to keep too much really does.</summary>
    private bool StillKeeps(ScriptRun run)
    {
        var before = _memory->Used;
        _ = lua_gc(_state, GcCollect);
        run.Bytes -= before - _memory->Used;
        _memoryEpoch++;
        return Math.Min(run.Bytes, _memory->Used) > _options.RunBytes / 4 * 3;
    }

    private string OverBudget(ScriptRun run) => Traceback(run, $"killed: {Guard.Budget.TotalMilliseconds:0} ms of CPU time without waiting for anything", addPlace: true);

    /// <summary>Ends a run: its to-be-closed variables run, its objects go, the core is told.</summary>
    private void End(ScriptRun run, bool succeeded, string? error, bool killed)
    {
        run.IsEnded = true;
        _operationDeadlines.Remove(run.OperationDeadline);
        _lifetimes.Remove(run.Lifetime);
        if (run.Thread != 0)
        {
            _live--;
            if (!succeeded)
            {
                Close(run);
            }

            Release(run);
            if (run.Bytes > _options.RunBytes / 8)
            {
                _ = lua_gc(_state, GcCollect);   // a large one: what it kept is not left to the garbage of the next calls
            }
        }

        foreach (var session in run.Sessions)
        {
            Destroy(run, session);
        }

        Report(run, succeeded, error, killed);
    }

    private void Close(ScriptRun run)
    {
        Guard.LeaveOnly(run, ClosingBudget);
        _running = run;
        Guard.Enter(run);
        _memory->InHost = 0;
        _ = lua_closethread(run.Thread, _state);
        _memory->InHost = 1;
        Guard.Leave();
        _running = null;
    }

    private void Release(ScriptRun run)
    {
        Unreference(run.ThreadReference);
        Unreference(run.EnvironmentReference);
        Unreference(run.StringsReference);
        foreach (var session in run.Sessions)
        {
            Unreference(session.Reference);
            session.Reference = 0;
        }

        run.Thread = 0;
        run.Operations.Clear();
    }

    private void Report(ScriptRun run, bool succeeded, string? error, bool killed)
    {
        run.IsEnded = true;
        if (error is not null)
        {
            error = run.Version?.Shorten(error) ?? error;
            Port.Log(LogLevel.Error, run.Start.Leg, run.Name, error);
        }

        _counters.Ended(succeeded, killed);
        _onEnded(run);
        Port.Ended(run.Start.Run, new ScriptEnd(succeeded, error, run.Output?.ToString() ?? "", (IReadOnlyList<KeyValuePair<string, string>>?)run.Reply ?? []) { Killed = killed });
    }

    /// <summary>A message with the place it is about in front, when it has none, and the script's frames after it.</summary>
    /// <remarks>Made on the main coroutine: one that has overflowed has no room left, and an error here would end the process.</remarks>
    private string Traceback(ScriptRun run, string message, bool addPlace = false)
    {
        luaL_traceback(_state, run.Thread, null, 0);
        var trace = LuaStack.Text(_state, -1) ?? "";
        LuaStack.Pop(_state, 1);
        var text = new StringBuilder();
        foreach (var line in trace.Split('\n'))
        {
            // The host's own frames say nothing to the script's author.
            if (line.StartsWith("\t" + PreludeName + ":", StringComparison.Ordinal) || line is "\t[C]: in ?")
            {
                continue;
            }

            text.Append('\n').Append(line);
            if (addPlace && line.StartsWith('\t') && line.IndexOf(": in ", StringComparison.Ordinal) is var end and > 0 && !line.StartsWith("\t[C]", StringComparison.Ordinal))
            {
                message = $"{line[1..end]}: {message}";
                addPlace = false;
            }
        }

        return message + text;
    }

    /// <summary>Takes the error object off a coroutine that has failed.</summary>
    private string TakeError(nint thread)
    {
        lua_xmove(thread, _state, 1);
        var text = LuaStack.Text(_state, -1) ?? $"(error object is a {LuaStack.TypeName(_state, -1)} value)";
        LuaStack.Pop(_state, 1);
        return text;
    }
}
