using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Calls;

/// <summary>Runs the steps of a leg one after the other: the dial plan, applications, a join, parking; at their end the leg is hung up. Core loop only.</summary>
internal sealed class LegController(CallCore core, ScriptRuns scripts, Bridging bridging)
{
    /// <summary>Runs an application. Set by the composition.</summary>
    public Func<Leg, string, string, Task> Execute { get; set; } = static (_, _, _) => Task.CompletedTask;

    /// <summary>Routes a new incoming leg.</summary>
    /// <param name="leg">The leg.</param>
    public void Route(Leg leg)
    {
        leg.Next = new NextStep.Transfer(leg.Profile.Destination, leg.Profile.Dialplan, leg.Profile.Context);
        Start(leg);
    }

    /// <summary>Starts the controller of a leg that has a next step and none yet.</summary>
    /// <param name="leg">The leg.</param>
    public void Start(Leg leg) => core.Spawn(leg, () => RunAsync(leg));

    private async Task RunAsync(Leg leg)
    {
        leg.IsControlled = true;
        try
        {
            while (leg.IsUp && leg.Next is { } step)
            {
                leg.Next = null;
                var epoch = leg.Epoch;
                var end = await StepAsync(leg, step);
                if (leg.IsUp && leg.Epoch == epoch && leg.Next is null)
                {
                    core.Hangup(leg, end);
                }
            }
        }
        finally
        {
            leg.IsControlled = false;
        }
    }

    /// <returns>The cause with which a leg that has nothing more to do is hung up.</returns>
    private async Task<HangupCause> StepAsync(Leg leg, NextStep step)
    {
        switch (step)
        {
            case NextStep.Transfer transfer:
                return await RouteAsync(leg, transfer);
            case NextStep.Join join:
                using (var control = new LegControl(core.Services.Loop, leg))
                {
                    await bridging.RunAsync(control, join.Other);
                    return HangupCause.NormalClearing;
                }

            case NextStep.Joined joined:
                using (var control = new LegControl(core.Services.Loop, leg))
                {
                    await StayJoinedAsync(control, joined.By);
                    return HangupCause.NormalClearing;
                }

            case NextStep.Applications applications:
                return await ApplicationsAsync(leg, applications.List);
            case NextStep.Park:
                return await ApplicationsAsync(leg, [("park", "")]);
            default:
                throw new System.Diagnostics.UnreachableException("every step has a case");
        }
    }

    private async Task<HangupCause> RouteAsync(Leg leg, NextStep.Transfer transfer)
    {
        var profile = leg.Profile;
        leg.Profile = profile with
        {
            Destination = transfer.Extension,
            Dialplan = transfer.Dialplan.Length > 0 ? transfer.Dialplan : profile.Dialplan,
            Context = transfer.Context.Length > 0 ? transfer.Context : profile.Context,
        };
        if (transfer.Dialplan.Equals("inline", StringComparison.OrdinalIgnoreCase))
        {
            return await ApplicationsAsync(leg, InlineDialplan.Parse(transfer.Extension));
        }

        leg.IsClaimed = false;
        var script = core.Services.Options.DialplanScript;
        using var control = new LegControl(core.Services.Loop, leg);
        var run = scripts.Start(script, [], leg, ScriptKind.Call, (id, end) => control.Queue.Send(new Signal.ScriptEnded(id, end)));
        while (true)
        {
            switch (await control.ReceiveAsync())
            {
                case Signal.ScriptEnded ended when ended.Run == run:
                    return ended.End.Succeeded
                        ? leg.IsClaimed ? HangupCause.NormalClearing : HangupCause.NoRouteDestination
                        : HangupCause.NormalTemporaryFailure;
                case Signal.Gone or Signal.Redirected:
                    return HangupCause.NormalClearing;
                default:
                    break;
            }
        }
    }

    private async Task<HangupCause> ApplicationsAsync(Leg leg, IReadOnlyList<(string Name, string Data)> list)
    {
        var epoch = leg.Epoch;
        foreach (var (name, data) in list)
        {
            if (!leg.IsUp || leg.Epoch != epoch)
            {
                break;
            }

            await Execute(leg, name, data);
        }

        return HangupCause.NormalClearing;
    }

    /// <summary>The passive side of a join: waits until the other leg leaves.</summary>
    private static async Task StayJoinedAsync(LegControl control, Leg by)
    {
        while (true)
        {
            switch (await control.ReceiveAsync())
            {
                case Signal.Gone or Signal.Redirected:
                    return;
                case Signal.PeerGone { Peer: var peer } when peer == by:
                    return;
                case Signal.PeerLeft { Peer: var peer } when peer == by:
                    return;
                default:
                    break;
            }
        }
    }
}
