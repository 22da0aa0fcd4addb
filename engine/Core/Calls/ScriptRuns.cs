using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Calls;

/// <summary>Scripts that run, and what they may do to legs: the engine's side of the script host.</summary>
/// <remarks>The getters are called on script threads and touch thread-safe data only; everything else is posted to the core loop.</remarks>
internal sealed class ScriptRuns : IScriptPort
{
    private readonly CallCore _core;
    private readonly ScriptOperations _operations;
    private readonly Dictionary<ScriptRunId, Run> _runs = [];
    private readonly Action<object?> _begin;
    private readonly Action<object?> _control;
    private readonly Action<object?> _ended;
    private readonly Dictionary<OpToken, LegControl> _waiting = [];
    private long _lastRun;

    public ScriptRuns(CallCore core, ScriptOperations operations)
    {
        _core = core;
        _operations = operations;
        _begin = o => Begin((BeginItem)o!);
        _control = o => Control((ControlItem)o!);
        _ended = o => Ended((EndedItem)o!);
    }

    /// <summary>Scripts under way.</summary>
    public int Count => _runs.Count;

    /// <summary>Starts a script. Core loop only.</summary>
    /// <param name="name">Its name, or <c>~code</c>.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="leg">The leg that it gets as session, or null.</param>
    /// <param name="kind">Which globals it gets.</param>
    /// <param name="onEnd">Called on the core loop when it ends.</param>
    /// <param name="environment">Headers for <c>env</c> or <c>message</c>.</param>
    public ScriptRunId Start(string name, IReadOnlyList<string> arguments, Leg? leg, ScriptKind kind, Action<ScriptRunId, ScriptEnd> onEnd, IReadOnlyList<KeyValuePair<string, string>>? environment = null)
    {
        var id = new ScriptRunId(++_lastRun);
        _runs[id] = new Run(name, leg, onEnd);
        if (leg is not null)
        {
            leg.ScriptRuns++;
            leg.OwnRuns.Add(id);
        }

        _core.Services.Scripts.Start(new ScriptStart(id, name, arguments, leg?.Id ?? default, kind) { Environment = environment ?? [] });
        return id;
    }

    /// <summary>Tells the scripts of a leg that it ended or was taken away; from then on they cannot steer it. Core loop only.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="reason"><c>hangup</c> or <c>transfer</c>.</param>
    public void LegGone(Leg leg, string reason)
    {
        foreach (var id in leg.OwnRuns)
        {
            if (_runs.TryGetValue(id, out var run) && !run.IsDetached)
            {
                run.IsDetached = true;
                _core.Services.Scripts.LegGone(id, reason);
            }
        }
    }

    /// <summary>Lets an operation receive what its input callback returns. Core loop only.</summary>
    /// <param name="token">The operation.</param>
    /// <param name="control">Where the callback's words go; null when the operation is over.</param>
    public void Listen(OpToken token, LegControl? control)
    {
        if (control is null)
        {
            _waiting.Remove(token);
        }
        else
        {
            _waiting[token] = control;
        }
    }

    /// <inheritdoc/>
    public void Begin(OpToken token, LegId leg, ScriptOp op, string?[] args, bool wantsInput) =>
        _core.Services.Loop.Post(_begin, new BeginItem(token, leg, op, args, wantsInput));

    /// <inheritdoc/>
    public void Control(OpToken token, string command) => _core.Services.Loop.Post(_control, new ControlItem(token, command));

    /// <inheritdoc/>
    public void Ended(ScriptRunId run, ScriptEnd end) => _core.Services.Loop.Post(_ended, new EndedItem(run, end));

    /// <inheritdoc/>
    public string? GetVariable(LegId leg, string name) => _operations.Expander.Value(_core.Table.Find(leg), name);

    /// <inheritdoc/>
    public void SetVariable(LegId leg, string name, string? value) => _core.Table.Find(leg)?.Variables.Set(name, value);

    /// <inheritdoc/>
    public string? GetGlobal(string name) => _core.Services.Globals[name];

    /// <inheritdoc/>
    public void SetGlobal(string name, string? value) => _core.Services.Globals.Set(name, value);

    /// <inheritdoc/>
    public LegSnapshot Snapshot(LegId id)
    {
        if (_core.Table.Find(id) is not { } leg)
        {
            return new(false, false, false, false, false, "ERROR", HangupCause.None);
        }

        return new(true, leg.IsUp && leg.Next is null, leg.AnsweredTime is not null && leg.IsUp, leg.HasMedia, leg.Peer is not null, LegFields.StateName(leg), leg.Cause);
    }

    /// <inheritdoc/>
    public bool TryFindLeg(string uuid, out LegId leg)
    {
        var found = _core.Table.FindLive(uuid);
        leg = found?.Id ?? default;
        return found is not null;
    }

    /// <inheritdoc/>
    public void SetAutoHangup(LegId leg, bool on)
    {
        if (_core.Table.Find(leg) is { } found)
        {
            found.AutoHangup = on;
        }
    }

    /// <inheritdoc/>
    public void Log(int level, LegId leg, string script, string text)
    {
        LogLevels.Write(_core.Services.Log, level, leg == default ? "-" : leg.ToString(), script, text);
    }

    private void Begin(BeginItem item)
    {
        var run = _runs.GetValueOrDefault(item.Token.Run);
        var leg = item.Leg == default ? null : _core.Table.Find(item.Leg);
        if (run is null)
        {
            return;
        }

        _core.Spawn(null, () => RunAsync(item, run, leg));
    }

    private async Task RunAsync(BeginItem item, Run run, Leg? leg)
    {
        OpResult result;
        try
        {
            result = await _operations.RunAsync(new ScriptOperation(this, item.Token, item.Op, item.Args, item.WantsInput, leg, IsDetached: run.Leg == leg && leg is not null && run.IsDetached, run));
        }
        catch (Exception e)
        {
            Calls.Log.LegFault(_core.Services.Log, leg?.Uuid ?? "-", e);
            if (leg is not null)
            {
                _core.Hangup(leg, HangupCause.NormalTemporaryFailure);
            }

            result = new OpResult(-1);
        }

        _core.Services.Scripts.Complete(item.Token, result);
    }

    private void Control(ControlItem item)
    {
        if (_waiting.TryGetValue(item.Token, out var control))
        {
            control.Queue.Send(new Signal.Control(item.Command));
        }
    }

    private void Ended(EndedItem item)
    {
        if (!_runs.Remove(item.Run, out var run))
        {
            return;
        }

        foreach (var made in run.Made.Where(l => l.AutoHangup))
        {
            _core.Hangup(made, HangupCause.NormalClearing);
        }

        if (run.Leg is { AutoHangup: true } own && !run.IsDetached)
        {
            _core.Hangup(own, HangupCause.NormalClearing);
        }

        run.OnEnd(item.Run, item.End);
        foreach (var held in run.Made)
        {
            Unhold(held);
        }

        if (run.Leg is { } leg)
        {
            leg.OwnRuns.Remove(item.Run);
            Unhold(leg);
        }
    }

    private void Unhold(Leg leg)
    {
        leg.ScriptRuns--;
        if (!leg.IsUp && leg.ScriptRuns == 0)
        {
            _core.Release(leg);
        }
    }

    /// <summary>A script under way.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Leg">The leg that it was started on.</param>
    /// <param name="OnEnd">Who wants to know.</param>
    internal sealed record Run(string Name, Leg? Leg, Action<ScriptRunId, ScriptEnd> OnEnd)
    {
        /// <summary>Whether its leg has ended or was given other things to do.</summary>
        public bool IsDetached { get; set; }

        /// <summary>Legs that it made.</summary>
        public List<Leg> Made { get; } = [];
    }

    private sealed record BeginItem(OpToken Token, LegId Leg, ScriptOp Op, string?[] Args, bool WantsInput);

    private sealed record ControlItem(OpToken Token, string Command);

    private sealed record EndedItem(ScriptRunId Run, ScriptEnd End);
}

/// <summary>One operation that a script began.</summary>
internal sealed record ScriptOperation(ScriptRuns Runs, OpToken Token, ScriptOp Op, string?[] Args, bool WantsInput, Leg? Leg, bool IsDetached, ScriptRuns.Run Run)
{
    /// <summary>An argument as text, empty when missing.</summary>
    /// <param name="index">From 0.</param>
    public string Text(int index) => Args.ElementAtOrDefault(index) ?? "";

    /// <summary>An argument as a number.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="fallback">When it is missing or no number.</param>
    public int Number(int index, int fallback = 0) =>
        double.TryParse(Args.ElementAtOrDefault(index), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var value)
            ? (int)Math.Clamp(value, int.MinValue, int.MaxValue) : fallback;
}
