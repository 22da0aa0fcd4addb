using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Scripts;

/// <summary>Runs scripts. Implemented by the script host; all members may be called from any thread and return at once.</summary>
public interface IScriptEngine : IDisposable
{
    /// <summary>Starts a run. Its end is reported by <see cref="IScriptPort.Ended"/>, exactly once.</summary>
    /// <param name="start">What to run.</param>
    void Start(ScriptStart start);

    /// <summary>Reports that an operation begun by <see cref="IScriptPort.Begin"/> is over. A stale token is dropped.</summary>
    /// <param name="token">The operation.</param>
    /// <param name="result">Its result.</param>
    void Complete(OpToken token, OpResult result);

    /// <summary>Hands an input (a digit, an event) to the input callback of a run, in the call's own coroutine.</summary>
    /// <param name="token">The operation during which it came.</param>
    /// <param name="input">The input.</param>
    void Input(OpToken token, ScriptInput input);

    /// <summary>Tells a run that its leg has ended or was transferred: <c>ready()</c> is false from now on, the hangup hook runs at the next check, blocking calls return their dead values.</summary>
    /// <param name="run">The run.</param>
    /// <param name="reason"><c>hangup</c> or <c>transfer</c>.</param>
    void LegGone(ScriptRunId run, string reason);

    /// <summary>Ends a run without any more of its code (except <c>&lt;close&gt;</c> variables).</summary>
    /// <param name="run">The run.</param>
    /// <param name="reason">For the log.</param>
    void Kill(ScriptRunId run, string reason);

    /// <summary>Compiles a script without running it.</summary>
    /// <param name="path">Path below the script directory, or absolute.</param>
    /// <returns>Null when it is sound, else <c>file:line: message</c>.</returns>
    string? Check(string path);

    /// <summary>Whether a script of this name exists.</summary>
    /// <param name="name">Path below the script directory, or absolute.</param>
    bool Exists(string name);

    /// <summary>Reads all changed scripts again.</summary>
    /// <returns>One line for each script read or refused.</returns>
    IReadOnlyList<string> Reload();

    /// <summary>Counters, a snapshot.</summary>
    ScriptStatistics Statistics { get; }
}

/// <summary>What the core gives scripts. Called on script threads; no member blocks or throws.</summary>
public interface IScriptPort
{
    /// <summary>Starts an operation that ends later with <see cref="IScriptEngine.Complete"/> (at once for what needs no wait: it may complete before this returns).</summary>
    /// <param name="token">Identifies run and operation.</param>
    /// <param name="leg">The leg it is done on; default when the run has none.</param>
    /// <param name="op">What to do.</param>
    /// <param name="args">By <see cref="ScriptOp"/>; missing optional ones are null.</param>
    /// <param name="wantsInput">Whether an input callback is set: digits are given to it and may break the operation.</param>
    void Begin(OpToken token, LegId leg, ScriptOp op, string?[] args, bool wantsInput);

    /// <summary>Steers a running operation by what an input callback returned (<c>break</c>, <c>pause</c>, <c>seek:+1000</c>, …).</summary>
    /// <param name="token">The operation.</param>
    /// <param name="command">Not empty.</param>
    void Control(OpToken token, string command);

    /// <summary>A channel variable, caller-profile field, or global variable, in this order.</summary>
    /// <param name="leg">The leg; an ended one gives what was last.</param>
    /// <param name="name">Its name.</param>
    string? GetVariable(LegId leg, string name);

    /// <summary>Sets a channel variable; null or empty deletes it.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value, stored verbatim.</param>
    void SetVariable(LegId leg, string name, string? value);

    /// <summary>A global variable.</summary>
    /// <param name="name">Its name.</param>
    string? GetGlobal(string name);

    /// <summary>Sets a global variable; null or empty deletes it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    void SetGlobal(string name, string? value);

    /// <summary>What the leg is doing now.</summary>
    /// <param name="leg">An unknown leg is not ready.</param>
    LegSnapshot Snapshot(LegId leg);

    /// <summary>Finds a leg by its UUID.</summary>
    /// <param name="uuid">The text form.</param>
    /// <param name="leg">The leg.</param>
    bool TryFindLeg(string uuid, out LegId leg);

    /// <summary>Whether destroying the script's session object hangs the leg up (<c>setAutoHangup</c>).</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="on">The new setting.</param>
    void SetAutoHangup(LegId leg, bool on);

    /// <summary>A line for the log.</summary>
    /// <param name="level">0 console … 7 debug, as FreeSWITCH counts.</param>
    /// <param name="leg">The leg, or default.</param>
    /// <param name="script">The script's name.</param>
    /// <param name="text">Written as is, control characters escaped.</param>
    void Log(int level, LegId leg, string script, string text);

    /// <summary>A run is over.</summary>
    /// <param name="run">The run.</param>
    /// <param name="end">How.</param>
    void Ended(ScriptRunId run, ScriptEnd end);
}

/// <summary>Names a run of a script, unique in this process.</summary>
/// <param name="Value">1 and up; chosen by the core.</param>
public readonly record struct ScriptRunId(long Value);

/// <summary>Names an operation of a run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Sequence">1 and up within the run.</param>
public readonly record struct OpToken(ScriptRunId Run, int Sequence);

/// <summary>What to run.</summary>
/// <param name="Run">The new run's id.</param>
/// <param name="Name">A script's path below the script directory or absolute, or <c>~code</c> for inline code.</param>
/// <param name="Arguments"><c>argv[1..n]</c>; the name is <c>argv[0]</c>.</param>
/// <param name="Leg">The leg that becomes the global <c>session</c>; default for none.</param>
/// <param name="Kind">Which globals it gets.</param>
public sealed record ScriptStart(ScriptRunId Run, string Name, IReadOnlyList<string> Arguments, LegId Leg, ScriptKind Kind)
{
    /// <summary>Headers of the global <c>env</c> (API) or <c>message</c> (chat).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];
}

/// <summary>How a script was launched.</summary>
public enum ScriptKind
{
    /// <summary>By a call: globals <c>session</c>, <c>argv</c>.</summary>
    Call,

    /// <summary>By the API command <c>lua</c> or a hook: <c>stream</c>, <c>env</c>, <c>argv</c>, and <c>session</c> if a leg is given.</summary>
    Api,

    /// <summary>By <c>luarun</c> or at start: <c>argv</c>.</summary>
    Background,

    /// <summary>By a text message: <c>message</c>, <c>argv</c>.</summary>
    Chat,
}

/// <summary>Operations of a script on a leg; each names its arguments in order.</summary>
public enum ScriptOp
{
    /// <summary>No arguments.</summary>
    Answer,

    /// <summary>No arguments.</summary>
    PreAnswer,

    /// <summary>cause</summary>
    Hangup,

    /// <summary>ms</summary>
    Sleep,

    /// <summary>playback string, start sample. Status 1 played to its end, 0 not.</summary>
    StreamFile,

    /// <summary>min, max, tries, timeout ms, terminators, prompt, bad prompt, regex, variable, digit timeout ms, transfer on failure. Text: digits.</summary>
    PlayAndGetDigits,

    /// <summary>min, max, prompt, timeout ms, terminators, digit timeout ms. Text: digits.</summary>
    Read,

    /// <summary>max, terminators, timeout ms, interdigit ms, absolute ms. Text: digits.</summary>
    GetDigits,

    /// <summary>digit timeout ms, absolute timeout ms.</summary>
    CollectDigits,

    /// <summary>No arguments.</summary>
    FlushDigits,

    /// <summary>path, longest seconds, silence threshold, silence seconds.</summary>
    RecordFile,

    /// <summary>application, data.</summary>
    Execute,

    /// <summary>extension, dialplan, context.</summary>
    Transfer,

    /// <summary>command, arguments. Text: the reply. Needs no leg.</summary>
    Api,

    /// <summary>dial string, uuid of the A leg or null, timeout seconds or null. Text: the new leg's uuid, or empty; extra: SUCCESS or the cause. Needs no leg.</summary>
    Originate,

    /// <summary>uuid of the other session. Blocks until one leaves.</summary>
    Bridge,

    /// <summary>uuid of the session that is to answer.</summary>
    WaitForAnswer,

    /// <summary>ms. A wait without a leg (<c>freeswitch.msleep</c>).</summary>
    Delay,

    /// <summary>text, module, type, method, gender.</summary>
    Say,

    /// <summary>Ends the session object: hangs the leg up if auto-hangup is on.</summary>
    Destroy,
}

/// <summary>Result of an operation.</summary>
/// <param name="Status">1 success, 0 failure, −1 the leg is gone: FreeSWITCH's numbers.</param>
/// <param name="Text">Text result, or null.</param>
/// <param name="Extra">Second text result, or null.</param>
public readonly record struct OpResult(int Status, string? Text = null, string? Extra = null);

/// <summary>An input for a script's input callback.</summary>
/// <param name="Kind"><c>dtmf</c> or <c>event</c>.</param>
/// <param name="Digit">The digit.</param>
/// <param name="Duration">Its duration in 8 kHz samples.</param>
public readonly record struct ScriptInput(string Kind, char Digit, int Duration);

/// <summary>What a leg is doing, for the getters of a session object.</summary>
/// <param name="Exists">Whether the leg is in the call table.</param>
/// <param name="IsReady">Up, and neither hung up nor being transferred.</param>
/// <param name="IsAnswered">Answered.</param>
/// <param name="HasMedia">Early or answered media.</param>
/// <param name="IsBridged">Bridged.</param>
/// <param name="State">FreeSWITCH's state name, such as <c>CS_EXECUTE</c>.</param>
/// <param name="Cause">Hang-up cause so far.</param>
public readonly record struct LegSnapshot(bool Exists, bool IsReady, bool IsAnswered, bool HasMedia, bool IsBridged, string State, HangupCause Cause);

/// <summary>How a run ended.</summary>
/// <param name="Succeeded">False after an error or a kill.</param>
/// <param name="Error"><c>file:line: message</c> and traceback, or null.</param>
/// <param name="Output">What it wrote to <c>stream</c>.</param>
/// <param name="Reply">Chat: what it decided; else empty.</param>
public sealed record ScriptEnd(bool Succeeded, string? Error, string Output, IReadOnlyList<KeyValuePair<string, string>> Reply)
{
    /// <summary>Whether it was killed for using too much time or memory.</summary>
    public bool Killed { get; init; }
}

/// <summary>Counters of the script host.</summary>
/// <param name="Running">Runs that have not ended.</param>
/// <param name="Started">Since start.</param>
/// <param name="Errors">Runs that ended with an error.</param>
/// <param name="Killed">Runs that were killed.</param>
/// <param name="Preemptions">Slices cut short.</param>
/// <param name="Bytes">Memory of all Lua states.</param>
public sealed record ScriptStatistics(long Running, long Started, long Errors, long Killed, long Preemptions, long Bytes);
