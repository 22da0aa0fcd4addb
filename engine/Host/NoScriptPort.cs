using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Host;

/// <summary>The core of a script host that only compiles: nothing runs, so nothing is ever asked of it.</summary>
internal sealed class NoScriptPort : IScriptPort
{
    public void Begin(OpToken token, LegId leg, ScriptOp op, string?[] args, bool wantsInput) => throw Misused();

    public void Control(OpToken token, string command) => throw Misused();

    public string? GetVariable(LegId leg, string name) => throw Misused();

    public void SetVariable(LegId leg, string name, string? value) => throw Misused();

    public string? GetGlobal(string name) => throw Misused();

    public void SetGlobal(string name, string? value) => throw Misused();

    public LegSnapshot Snapshot(LegId leg) => throw Misused();

    public bool TryFindLeg(string uuid, out LegId leg) => throw Misused();

    public void SetAutoHangup(LegId leg, bool on) => throw Misused();

    public void Log(int level, LegId leg, string script, string text)
    {
        // What is wrong with a script comes back from the check itself.
    }

    public void Ended(ScriptRunId run, ScriptEnd end)
    {
        // No run was started.
    }

    private static InvalidOperationException Misused() => new("a script host that only checks runs nothing");
}
