using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Scripting.Api;

/// <summary>Methods of session objects. Names, argument counts and results are FreeSWITCH's.</summary>
internal static class SessionMethods
{
    public static readonly ApiMethod[] All =
    [
        // State of the call.
        new("Session", "ready", "", static (in c) => c.Done(IsReady(c)), true) { ChecksHook = true },
        Media("CoreSession", "answer", "", static (in c) => c.Operate(ScriptOp.Answer, ResultKind.Status)),
        Media("CoreSession", "preAnswer", "", static (in c) => c.Operate(ScriptOp.PreAnswer, ResultKind.Status)),
        Media("CoreSession", "hangup", "|s", Hangup),
        Plain("CoreSession", "hangupState", "", static (in c) => c.Done()) with { ChecksHook = true },
        Plain("CoreSession", "hangupCause", "", static (in c) => c.Done(c.Session.OriginateCause)),
        Plain("CoreSession", "answered", "", static (in c) => c.Done(c.Session.IsAttached && c.Port.Snapshot(c.Leg).IsAnswered)),
        Plain("CoreSession", "mediaReady", "", static (in c) => c.Done(c.Session.IsAttached && c.Port.Snapshot(c.Leg).HasMedia)),
        Plain("CoreSession", "bridged", "", static (in c) => c.Done(c.Session.IsAttached && c.Port.Snapshot(c.Leg).IsBridged)),
        Plain("CoreSession", "getState", "", GetState),
        Plain("CoreSession", "get_uuid", "", static (in c) => c.Done(c.Session.Uuid)),
        Plain("CoreSession", "setAutoHangup", "b", SetAutoHangup),
        Input("CoreSession", "sleep", "i|i", static (in c) => c.Operate(ScriptOp.Sleep, ResultKind.Status, c.IntegerText(0))),
        Media("CoreSession", "transfer", "s|ss", static (in c) => c.Operate(ScriptOp.Transfer, ResultKind.Status, c.Text(0) ?? "", c.Text(1), c.Text(2))),
        Media("CoreSession", "waitForAnswer", "o", WaitForAnswer),
        Plain("Session", "destroy", "|s", Destroy),

        // Variables and applications.
        Plain("CoreSession", "getVariable", "s", GetVariable),
        Plain("CoreSession", "setVariable", "ss", SetVariable),
        Media("CoreSession", "execute", "s|s", Execute),
        Plain("CoreSession", "consoleLog", "ss", ConsoleLog),
        Plain("CoreSession", "flushEvents", "", static (in c) => c.Done(0)),

        // Playing and speaking.
        Input("CoreSession", "streamFile", "s|i", static (in c) => c.Operate(ScriptOp.StreamFile, ResultKind.Status, c.Text(0) ?? "", c.IntegerText(1))),
        Input("CoreSession", "say", "ssss|s", static (in c) => c.Operate(ScriptOp.Say, ResultKind.None, c.Text(0), c.Text(1), c.Text(2), c.Text(3), c.Text(4))),

        // Digits.
        Media("CoreSession", "playAndGetDigits", "iiiissss|sis", PlayAndGetDigits),
        Media("CoreSession", "read", "iisis|i", Read),
        Media("CoreSession", "getDigits", "isi|ii", GetDigits),
        Input("CoreSession", "collectDigits", "i|i", CollectDigits),
        Media("CoreSession", "flushDigits", "", static (in c) => c.Operate(ScriptOp.FlushDigits, ResultKind.Zero)),

        // Recording and calling.
        Input("CoreSession", "recordFile", "s|iii", static (in c) => c.Operate(ScriptOp.RecordFile, ResultKind.Status, c.Text(0) ?? "", c.IntegerText(1), c.IntegerText(2), c.IntegerText(3))),
        Media("Session", "originate", "os|i", Originate),

        // Callbacks.
        Plain("Session", "setInputCallback", "s|s", SetInputCallback),
        Plain("Session", "unsetInputCallback", "", UnsetInputCallback),
        Plain("Session", "setHangupHook", "s|s", SetHangupHook),
    ];

    private static ApiMethod Plain(string type, string name, string signature, ApiHandler handler) => new(type, name, signature, handler, true);

    private static ApiMethod Media(string type, string name, string signature, ApiHandler handler) => Plain(type, name, signature, handler) with { ChecksHook = true };

    private static ApiMethod Input(string type, string name, string signature, ApiHandler handler) => Media(type, name, signature, handler) with { TakesInput = true };

    private static bool IsReady(in ApiCall c) => c.Session is { IsAttached: true, GoneReason: null } && c.Port.Snapshot(c.Leg).IsReady;

    private static int Hangup(in ApiCall c)
    {
        if (!c.Session.IsAttached || c.Session.GoneReason is not null)
        {
            return c.Done();
        }

        return c.Begin(ScriptOp.Hangup, ResultKind.None, c.Session, c.Text(0) ?? "normal_clearing");
    }

    private static int GetState(in ApiCall c)
    {
        if (!c.Session.IsAttached)
        {
            return c.Done("ERROR");
        }

        var snapshot = c.Port.Snapshot(c.Leg);
        return c.Done(snapshot.Exists ? snapshot.State : "ERROR");
    }

    private static int SetAutoHangup(in ApiCall c)
    {
        c.Session.AutoHangup = c.Boolean(0);
        if (c.Session.IsAttached)
        {
            c.Port.SetAutoHangup(c.Leg, c.Session.AutoHangup);
        }

        return c.Done(0);
    }

    private static int WaitForAnswer(in ApiCall c) =>
        c.SessionAt(0) is { IsAttached: true } other ? c.Operate(ScriptOp.WaitForAnswer, ResultKind.None, other.Uuid) : c.Done();

    private static int Destroy(in ApiCall c)
    {
        var session = c.Session;
        if (session.IsAttached)
        {
            c.Shard.Destroy(c.Run, session);
        }

        return c.Text(0) is { } error ? c.Fail(error) : c.Done();
    }

    private static int GetVariable(in ApiCall c)
    {
        if (!c.Session.IsAttached)
        {
            return c.Done("");
        }

        return c.Text(0) is { } name ? c.Done(c.Port.GetVariable(c.Leg, name)) : c.Done((string?)null);
    }

    private static int SetVariable(in ApiCall c)
    {
        if (c.Session.IsAttached && c.Text(0) is { Length: > 0 } name)
        {
            c.Port.SetVariable(c.Leg, name, c.Text(1));
        }

        return c.Done();
    }

    // Not stopped by a hang-up: the core runs those applications that make sense then.
    private static int Execute(in ApiCall c) =>
        c.Session.IsAttached && c.Text(0) is { Length: > 0 } application
            ? c.Begin(ScriptOp.Execute, ResultKind.None, c.Session, application, c.Text(1))
            : c.Done();

    private static int ConsoleLog(in ApiCall c)
    {
        c.Port.Log(LogLevel.Parse(c.Text(0)), c.Leg, c.Run.Name, c.Text(1) ?? "");
        return c.Done();
    }

    private static int PlayAndGetDigits(in ApiCall c) => c.Operate(
        ScriptOp.PlayAndGetDigits,
        ResultKind.Text,
        c.IntegerText(0),
        c.IntegerText(1),
        c.IntegerText(2),
        c.IntegerText(3),
        c.Text(4) ?? "",
        c.Text(5) ?? "",
        c.Text(6) ?? "",
        c.Text(7) ?? "",
        c.Text(8),
        c.OptionalIntegerText(9),
        c.Text(10));

    private static int Read(in ApiCall c) => c.Operate(
        ScriptOp.Read,
        ResultKind.Text,
        AtLeastOne(c.Integer(0)),
        AtLeastOne(c.Integer(1)),
        c.Text(2) ?? "",
        AtLeastOne(c.Integer(3)),
        c.Text(4) ?? "",
        c.IntegerText(5));

    private static int GetDigits(in ApiCall c) => c.Operate(
        ScriptOp.GetDigits,
        ResultKind.Text,
        c.IntegerText(0),
        c.Text(1) ?? "",
        c.IntegerText(2),
        c.IntegerText(3),
        c.IntegerText(4));

    // One argument is the whole time; of two the first is the time after each digit. Without a callback there is nobody to give digits to.
    private static int CollectDigits(in ApiCall c)
    {
        if (c.Session.InputCallback is null)
        {
            return c.IsDead() ? c.Done(-1) : c.Done(0);
        }

        return c.Count == 1
            ? c.Operate(ScriptOp.CollectDigits, ResultKind.Zero, "0", c.IntegerText(0))
            : c.Operate(ScriptOp.CollectDigits, ResultKind.Zero, c.IntegerText(0), c.IntegerText(1));
    }

    private static int Originate(in ApiCall c)
    {
        var caller = c.SessionAt(0);
        c.Session.Detach();
        return c.Begin(ScriptOp.Originate, ResultKind.Originated, c.Session, c.Text(1) ?? "", caller is { IsAttached: true } ? caller.Uuid : null, c.OptionalIntegerText(2));
    }

    private static int SetInputCallback(in ApiCall c)
    {
        c.KeepSession();
        c.Session.InputCallback = c.Text(0);
        c.Session.InputArgument = c.Text(1);
        return c.Done();
    }

    private static int UnsetInputCallback(in ApiCall c)
    {
        c.Session.InputCallback = null;
        c.Session.InputArgument = null;
        return c.Done();
    }

    private static int SetHangupHook(in ApiCall c)
    {
        c.KeepSession();
        c.Session.HangupHook = c.Text(0);
        c.Session.HangupArgument = c.Text(1);
        return c.Done();
    }

    private static string AtLeastOne(long value) => Math.Max(1, value).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
