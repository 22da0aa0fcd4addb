using System.Globalization;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Scripting.Api;

/// <summary>Functions and constructors that belong to no session.</summary>
internal static class EngineFunctions
{
    public static readonly ApiMethod[] All =
    [
        Function("", "consoleLog", "ss", ConsoleLog),
        Function("", "consoleCleanLog", "s", CleanLog),
        Function("", "msleep", "i", Sleep) with { ChecksHook = true },
        Function("", "getGlobalVariable", "s", static (in c) => c.Done(c.Text(0) is { } name ? c.Port.GetGlobal(name) : null)),
        Function("", "setGlobalVariable", "ss", SetGlobal),
        Function("", "running", "", static (in c) => c.Done(!c.Shard.IsStopping)),
        Function("", "bridge", "oo", Bridge) with { ChecksHook = true, TakesInput = true },
        Function("Session", "Session", "|so", NewSession) with { ChecksHook = true },
        Function("API", "execute", "os|s", Execute) with { ChecksHook = true },
        Function("API", "executeString", "os", ExecuteString) with { ChecksHook = true },
        Function("API", "getTime", "", static (in c) => c.Done(c.Shard.Time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture))),
    ];

    private static ApiMethod Function(string type, string name, string signature, ApiHandler handler) => new(type, name, signature, handler, false);

    // Never no time at all: a loop of such waits would keep the core busy.
    private static int Sleep(in ApiCall c) =>
        c.Begin(ScriptOp.Delay, ResultKind.None, null, Math.Max(1, c.Integer(0)).ToString(CultureInfo.InvariantCulture));

    private static int ConsoleLog(in ApiCall c)
    {
        c.Port.Log(LogLevel.Parse(c.Text(0)), default, c.Run.Name, c.Text(1) ?? "");
        return c.Done();
    }

    private static int CleanLog(in ApiCall c)
    {
        c.Port.Log(0, default, c.Run.Name, c.Text(0) ?? "");
        return c.Done();
    }

    private static int SetGlobal(in ApiCall c)
    {
        if (c.Text(0) is { Length: > 0 } name)
        {
            c.Port.SetGlobal(name, c.Text(1));
        }

        return c.Done();
    }

    private static int Bridge(in ApiCall c)
    {
        if (c.SessionAt(0) is { IsAttached: true, GoneReason: null } a && c.SessionAt(1) is { IsAttached: true, GoneReason: null } b
            && c.Port.Snapshot(a.Leg).IsReady && c.Port.Snapshot(b.Leg).IsReady)
        {
            return c.Begin(ScriptOp.Bridge, ResultKind.None, a, b.Uuid);
        }

        c.Port.Log(LogLevel.Error, default, c.Run.Name, "Channels not ready");
        return c.Done();
    }

    private static int NewSession(in ApiCall c)
    {
        var target = c.Text(0);
        if (string.IsNullOrEmpty(target))
        {
            return c.Done(c.Run.AddSession());
        }

        if (!target.Contains('/', StringComparison.Ordinal) && c.Port.TryFindLeg(target, out var leg))
        {
            var found = c.Run.AddSession();
            found.Attach(leg, leg.ToString());
            return c.Done(found);
        }

        var made = c.Run.AddSession();
        made.AutoHangup = true;
        return c.Begin(ScriptOp.Originate, ResultKind.NewSession, made, target, c.SessionAt(1) is { IsAttached: true } caller ? caller.Uuid : null, null);
    }

    private static int Execute(in ApiCall c) => Command(c, c.Text(1)?.Trim(), c.Text(2)?.Trim());

    private static int ExecuteString(in ApiCall c)
    {
        var line = c.Text(1)?.Trim() ?? "";
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        return blank < 0 ? Command(c, line, null) : Command(c, line[..blank], line[(blank + 1)..].Trim());
    }

    private static int Command(in ApiCall c, string? command, string? arguments) =>
        string.IsNullOrEmpty(command)
            ? c.Done("-ERR No application specified")
            : c.Begin(ScriptOp.Api, ResultKind.Text, c.SessionAt(0), command, arguments);
}
