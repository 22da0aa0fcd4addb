using System.Collections.Concurrent;
using System.Threading.Channels;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Scripting.Tests.Kit;

/// <summary>An operation that a script has begun.</summary>
public sealed record Begun(OpToken Token, LegId Leg, ScriptOp Op, string?[] Args, bool WantsInput);

/// <summary>A core without calls: remembers what scripts ask for and answers as a test says.</summary>
public sealed class FakePort : IScriptPort
{
    private readonly Channel<Begun> _begun = Channel.CreateUnbounded<Begun>();
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly ConcurrentDictionary<ScriptRunId, TaskCompletionSource<ScriptEnd>> _ends = new();

    /// <summary>Answers an operation at once; null leaves it under way, for the test to complete.</summary>
    public Func<Begun, OpResult?> Answer { get; set; } = static _ => null;

    public ConcurrentDictionary<(LegId, string), string> Variables { get; } = new();

    public ConcurrentDictionary<string, string> Globals { get; } = new();

    public ConcurrentDictionary<LegId, LegSnapshot> Legs { get; } = new();

    public ConcurrentQueue<(int Level, LegId Leg, string Script, string Text)> Lines { get; } = new();

    public ConcurrentQueue<Begun> All { get; } = new();

    public ConcurrentQueue<(OpToken Token, string Command)> Controls { get; } = new();

    public IScriptEngine Engine { get; set; } = null!;

    public string LogText => string.Join('\n', Lines.Select(l => l.Text));

    public void Begin(OpToken token, LegId leg, ScriptOp op, string?[] args, bool wantsInput)
    {
        var begun = new Begun(token, leg, op, args, wantsInput);
        All.Enqueue(begun);
        if (Answer(begun) is { } result)
        {
            Engine.Complete(token, result);
        }
        else
        {
            _begun.Writer.TryWrite(begun);
        }
    }

    public void Control(OpToken token, string command) => Controls.Enqueue((token, command));

    public string? GetVariable(LegId leg, string name) => Variables.TryGetValue((leg, name), out var value) ? value : GetGlobal(name);

    public void SetVariable(LegId leg, string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            Variables.TryRemove((leg, name), out _);
        }
        else
        {
            Variables[(leg, name)] = value;
        }
    }

    public string? GetGlobal(string name) => Globals.GetValueOrDefault(name);

    public void SetGlobal(string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            Globals.TryRemove(name, out _);
        }
        else
        {
            Globals[name] = value;
        }
    }

    public LegSnapshot Snapshot(LegId leg) => Legs.GetValueOrDefault(leg);

    public bool TryFindLeg(string uuid, out LegId leg)
    {
        leg = Guid.TryParse(uuid, out var id) ? new LegId(id) : default;
        return Legs.ContainsKey(leg);
    }

    public void SetAutoHangup(LegId leg, bool on) => All.Enqueue(new Begun(default, leg, ScriptOp.Destroy, [on ? "auto" : "manual"], false));

    public void Log(int level, LegId leg, string script, string text)
    {
        Lines.Enqueue((level, leg, script, text));
        _lines.Writer.TryWrite(text);
    }

    /// <summary>The next line of the log.</summary>
    public async Task<string> NextLineAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        return await _lines.Reader.ReadAsync(limit.Token);
    }

    public void Ended(ScriptRunId run, ScriptEnd end) => End(run).SetResult(end);

    /// <summary>The next operation that was left under way.</summary>
    public async Task<Begun> NextAsync(ScriptOp? op = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        var begun = await _begun.Reader.ReadAsync(limit.Token);
        Assert.Equal(op ?? begun.Op, begun.Op);
        return begun;
    }

    /// <summary>Makes a leg that is up.</summary>
    public LegId AddLeg()
    {
        var leg = new LegId(Guid.NewGuid());
        Legs[leg] = new LegSnapshot(true, true, true, true, false, "CS_EXECUTE", HangupCause.None);
        return leg;
    }

    public Task<ScriptEnd> EndAsync(ScriptRunId run) => End(run).Task.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);

    private TaskCompletionSource<ScriptEnd> End(ScriptRunId run) =>
        _ends.GetOrAdd(run, static _ => new TaskCompletionSource<ScriptEnd>(TaskCreationOptions.RunContinuationsAsynchronously));
}
