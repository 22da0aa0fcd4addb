using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls.Apps;

/// <summary>The application <c>bridge</c>, with what FreeSWITCH's control variables make of its end (Lua API 13.3).</summary>
internal sealed class BridgeApp(CallCore core, Originator originator, Bridging bridging)
{
    public void AddTo(ApplicationTable table) => table.Add("bridge", RunAsync);

    private async Task RunAsync(LegControl control, string data)
    {
        var leg = control.Leg;
        if (!DialString.TryParse(data, out var dial, out var error))
        {
            Log.LegWarning(core.Services.Log, leg.Uuid, error);
            leg.Variables.Set("DIALSTATUS", "INVALIDARGS");
            Fail(leg, HangupCause.DestinationOutOfOrder, "failure");
            return;
        }

        var outcome = await originator.OriginateAsync(new Originator.Request(dial, control));
        if (!leg.IsUp)
        {
            SetResult(leg, "ORIGINATOR_CANCEL", HangupCause.OriginatorCancel);
            return;
        }

        if (outcome.Leg is not { } peer)
        {
            leg.Variables.Set("DIALSTATUS", DialStatus(outcome.Cause));
            Fail(leg, outcome.Cause, outcome.Cause.Name());
            return;
        }

        leg.Variables.Set("originate_disposition", dial.IsEnterprise ? "success" : "call accepted");
        leg.Variables.Set("DIALSTATUS", "ANSWER");
        leg.Profile = leg.Profile with { CalleeName = peer.Profile.CalleeName, CalleeNumber = peer.Profile.CalleeNumber };
        await bridging.RunAsync(control, peer);
        AfterBridge(control, peer);
    }

    private void AfterBridge(LegControl control, Leg peer)
    {
        var leg = control.Leg;
        var cause = peer.IsUp ? HangupCause.NormalClearing : peer.Cause;
        SetResult(leg, null, cause);
        if (!control.MayGoOn)
        {
            return;
        }

        if (leg.Variables["exec_after_bridge_app"] is { } app)
        {
            core.Redirect(leg, new NextStep.Applications([(app, leg.Variables["exec_after_bridge_arg"] ?? "")]));
        }
        else if (leg.Variables["transfer_after_bridge"] is { } target)
        {
            var parts = target.Split(':', ' ');
            leg.Variables.Set("transfer_after_bridge", null);
            core.Redirect(leg, new NextStep.Transfer(parts[0], parts.ElementAtOrDefault(1) ?? "", parts.ElementAtOrDefault(2) ?? ""));
        }
        else if (leg.Variables.IsTrue("park_after_bridge"))
        {
            core.Redirect(leg, new NextStep.Park());
        }
        else if (leg.Variables.IsTrue("hangup_after_bridge"))
        {
            core.Hangup(leg, cause);
        }
    }

    private void Fail(Leg leg, HangupCause cause, string disposition)
    {
        SetResult(leg, disposition, cause);
        leg.Variables.Set("originate_failed_cause", cause.Name());
        if (leg.Variables["transfer_on_fail"] is { } transfer)
        {
            var words = Arguments.Split(transfer, 4);
            if (words.Count > 0 && Lists(words[0], cause))
            {
                var extension = words.ElementAtOrDefault(1) is null or "auto_cause" ? cause.Name() : words[1];
                core.Redirect(leg, new NextStep.Transfer(extension, words.ElementAtOrDefault(2) ?? "", words.ElementAtOrDefault(3) ?? ""));
                return;
            }
        }

        var continues = leg.Variables["continue_on_fail"] is { } list
            ? Truth.IsTrue(list) || Lists(list, cause)
            : cause is HangupCause.NoAnswer or HangupCause.NoUserResponse or HangupCause.OriginatorCancel;
        if (!continues)
        {
            core.Hangup(leg, cause);
        }
    }

    private static void SetResult(Leg leg, string? disposition, HangupCause cause)
    {
        if (disposition is not null)
        {
            leg.Variables.Set("originate_disposition", disposition);
        }

        leg.Variables.Set("bridge_hangup_cause", cause.Name());
        leg.Variables.Set("last_bridge_hangup_cause", cause.Name());
    }

    private static bool Lists(string list, HangupCause cause) =>
        list.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Any(item => Truth.IsTrue(item) || (HangupCauses.TryParse(item, out var listed) && listed == cause));

#pragma warning disable IDE0072 // all other causes are named by themselves, as FreeSWITCH does
    private static string DialStatus(HangupCause cause) => cause switch
    {
        HangupCause.UserBusy => "BUSY",
        HangupCause.NoAnswer or HangupCause.NoUserResponse => "NOANSWER",
        HangupCause.OriginatorCancel => "CANCEL",
        HangupCause.CallRejected => "DONTCALL",
        _ => cause.Name(),
    };
#pragma warning restore IDE0072
}
