using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Calls;

/// <summary>What each method of a script's session object does. Core loop only.</summary>
internal sealed class ScriptOperations(CallCore core, Expander expander, LegAudio audio, DigitCollector digits, Originator originator, Bridging bridging)
{
    private static readonly OpResult Success = new(1);
    private static readonly OpResult Failure = new(0);
    private static readonly OpResult Dead = new(-1);

    public Expander Expander { get; } = expander;

    /// <summary>Runs an application. Set by the composition.</summary>
    public Func<Leg, string, string, Task> Execute { get; set; } = static (_, _, _) => Task.CompletedTask;

    /// <summary>Runs an API command. Set by the composition.</summary>
    public Func<string, string, Leg?, Task<string>> Api { get; set; } = static (_, _, _) => Task.FromResult("");

    /// <summary>Speaks. Set by the composition.</summary>
    public Func<LegControl, string[], Task> Say { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Does what a script asks.</summary>
    /// <param name="o">The operation.</param>
    public async Task<OpResult> RunAsync(ScriptOperation o)
    {
        switch (o.Op)
        {
            case ScriptOp.Api:
                return new(1, await Api(o.Text(0), o.Text(1), o.Leg));
            case ScriptOp.Originate:
                return await OriginateAsync(o);
            case ScriptOp.Delay:
                await new SignalQueue(core.Services.Loop).ReceiveAsync(TimeSpan.FromMilliseconds(Math.Max(0, o.Number(0))));
                return Success;
            case ScriptOp.Execute when o.Leg is { } leg && !o.IsDetached:
                leg.IsClaimed |= !Apps.ApplicationTable.IsPassive(o.Text(0));
                await Execute(leg, o.Text(0), o.Text(1));
                return Success;
            case ScriptOp.Execute when o.Leg is { IsUp: false } ended:
                await Execute(ended, o.Text(0), o.Text(1));     // only what needs no channel runs then
                return Dead;
            case ScriptOp.Execute:
                return Dead;
            case ScriptOp.Hangup or ScriptOp.Destroy:
                return End(o);
            default:
                break;
        }

        if (o.Leg is not { IsUp: true } live || o.IsDetached)
        {
            return Dead;
        }

        live.IsClaimed = true;
        using var control = new LegControl(core.Services.Loop, live) { InputToken = o.WantsInput ? o.Token : default };
        if (o.WantsInput)
        {
            o.Runs.Listen(o.Token, control);
        }

        try
        {
            return await OnLegAsync(o, live, control);
        }
        finally
        {
            if (o.WantsInput)
            {
                o.Runs.Listen(o.Token, null);
            }
        }
    }

    private async Task<OpResult> OnLegAsync(ScriptOperation o, Leg leg, LegControl control)
    {
        switch (o.Op)
        {
            case ScriptOp.Answer:
                return core.Answer(leg) ? Success : Dead;
            case ScriptOp.PreAnswer:
                return core.PreAnswer(leg) ? Success : Dead;
            case ScriptOp.Sleep:
                return await audio.WaitAsync(control, TimeSpan.FromMilliseconds(Math.Max(0, o.Number(0)))) ? Success : control.MayGoOn ? Failure : Dead;
            case ScriptOp.StreamFile:
                var played = await audio.PlayAsync(control, await Expander.ExpandAsync(leg, o.Text(0)), startSample: o.Number(1));
                return played.IsWhole ? Success : played.IsOver ? Dead : Failure;
            case ScriptOp.Say:
                await Say(control, [.. o.Args.Select(a => a ?? "")]);
                return Success;
            case ScriptOp.FlushDigits:
                leg.Digits.Clear();
                return Failure;
            case ScriptOp.CollectDigits:
                return await CollectAsync(o, control);
            case ScriptOp.GetDigits:
                var got = await DigitCollector.CollectAsync(
                    control, o.Number(0, 1), Limit(o.Number(2)), Limit(o.Number(3) > 0 ? o.Number(3) : o.Number(2)), Limit(o.Number(4)), Terminators.Parse(o.Text(1)));
                return new(1, got.Digits);
            case ScriptOp.Read:
                var timeout = TimeSpan.FromMilliseconds(Math.Max(1, o.Number(3)));
                var reading = await digits.ReadAsync(control, Math.Max(1, o.Number(0)), Math.Max(1, o.Number(1)), o.Text(2), timeout, o.Number(5) > 0 ? TimeSpan.FromMilliseconds(o.Number(5)) : timeout, o.Text(4));
                return new(1, reading.Digits);
            case ScriptOp.PlayAndGetDigits:
                return await PlayAndGetDigitsAsync(o, leg, control);
            case ScriptOp.RecordFile:
                return await audio.RecordAsync(control, await Expander.ExpandAsync(leg, o.Text(0)), o.Number(1), o.Number(2), o.Number(3), null) ? Success : Failure;
            case ScriptOp.Transfer:
                core.Redirect(leg, new NextStep.Transfer(o.Text(0), o.Text(1), o.Text(2)));
                return Success;
            case ScriptOp.Bridge:
                if (core.Table.FindLive(o.Text(0)) is not { } other)
                {
                    Log.LegWarning(core.Services.Log, leg.Uuid, "Channels not ready");
                    return Failure;
                }

                await bridging.RunAsync(control, other);
                return Success;
            case ScriptOp.WaitForAnswer:
                return await WaitForAnswerAsync(o, leg, control);
            case ScriptOp.Hangup or ScriptOp.Destroy or ScriptOp.Execute or ScriptOp.Api or ScriptOp.Originate or ScriptOp.Delay:
            default:
                throw new System.Diagnostics.UnreachableException("handled before");
        }
    }

    private OpResult End(ScriptOperation o)
    {
        if (o.Leg is not { IsUp: true } leg || o.IsDetached)
        {
            return Dead;
        }

        if (o.Op == ScriptOp.Destroy && !leg.AutoHangup)
        {
            return Success;
        }

        leg.IsClaimed = true;
        core.Hangup(leg, HangupCauses.TryParse(o.Text(0), out var cause) ? cause : HangupCause.NormalClearing);
        return Success;
    }

    private async Task<OpResult> CollectAsync(ScriptOperation o, LegControl control)
    {
        if (!o.WantsInput)
        {
            return Failure;
        }

        var longest = o.Number(1) > 0 ? o.Number(1) : 0;
        await audio.WaitAsync(control, longest > 0 ? TimeSpan.FromMilliseconds(longest) : null);
        return Failure;
    }

    private async Task<OpResult> PlayAndGetDigitsAsync(ScriptOperation o, Leg leg, LegControl control)
    {
        var timeout = TimeSpan.FromMilliseconds(Math.Max(1, o.Number(3)));
        var request = new PlayAndGetDigits(
            o.Number(0), o.Number(1), o.Number(2), timeout, o.Number(9) > 0 ? TimeSpan.FromMilliseconds(o.Number(9)) : timeout,
            o.Text(4), await Expander.ExpandAsync(leg, o.Text(5)), await Expander.ExpandAsync(leg, o.Text(6)), o.Text(7), o.Text(8));
        var (result, succeeded) = await digits.PlayAndGetAsync(control, request);
        if (!succeeded && control.MayGoOn && o.Text(10).Length > 0)
        {
            var target = Arguments.Split(o.Text(10), 3);
            core.Redirect(leg, new NextStep.Transfer(target[0], target.ElementAtOrDefault(1) ?? "", target.ElementAtOrDefault(2) ?? ""));
        }

        return new(succeeded ? 1 : 0, result);
    }

    private async Task<OpResult> WaitForAnswerAsync(ScriptOperation o, Leg leg, LegControl control)
    {
        var other = core.Table.FindLive(o.Text(0)) ?? leg;
        while (other is { IsUp: true, IsAnswered: false } && control.MayGoOn)
        {
            // the other leg's answer is not signalled to this one; a look each 50 ms is what FreeSWITCH does too
            await control.ReceiveAsync(TimeSpan.FromMilliseconds(50));
        }

        return other.IsAnswered ? Success : Failure;
    }

    private async Task<OpResult> OriginateAsync(ScriptOperation o)
    {
        var caller = core.Table.FindLive(o.Text(1));
        var text = await Expander.ExpandAsync(caller, o.Text(0));
        if (!DialString.TryParse(text, out var dial, out var error))
        {
            Log.LegWarning(core.Services.Log, caller?.Uuid ?? "-", error);
            return new(0, "", HangupCause.DestinationOutOfOrder.Name());
        }

        using var control = caller is null ? null : new LegControl(core.Services.Loop, caller);
        var request = new Originator.Request(dial, control)
        {
            TimeoutSeconds = o.Number(2) > 0 ? o.Number(2) : null,
            EarlyMediaSucceeds = true,
        };
        var outcome = await originator.OriginateAsync(request);
        if (outcome.Leg is not { } leg)
        {
            return new(0, "", outcome.Cause.Name());
        }

        leg.AutoHangup = true;
        leg.ScriptRuns++;
        o.Run.Made.Add(leg);
        return new(1, leg.Uuid, HangupCause.Success.Name());
    }

    private static TimeSpan? Limit(int ms) => ms > 0 ? TimeSpan.FromMilliseconds(ms) : null;
}
