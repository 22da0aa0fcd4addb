using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>Transfers that peers ask for (SIP REFER), joins and pick-ups. Core loop only.</summary>
internal sealed class Transfers(CallCore core)
{
    /// <summary>A peer asks that the party it talks with be connected elsewhere.</summary>
    /// <param name="leg">The leg whose peer asked.</param>
    /// <param name="request">What it asked.</param>
    public void OnRequested(Leg leg, LegEvent.TransferRequested request)
    {
        var far = leg.Peer;
        if (request.Replaces != default)
        {
            Attended(leg, far, core.Table.Find(request.Replaces));
            return;
        }

        if (far is null && request.BridgedOnly)
        {
            core.Dispatch(leg, new LegCommand.TransferProgress(leg.Id, 481, Final: true));
            return;
        }

        // A caller alone with an application is transferred itself, as FreeSWITCH does.
        var moved = far ?? leg;
        if (request.ReferredBy is { } by)
        {
            moved.Variables.Set("sip_refer_to", request.Target);
            moved.Variables.Set("sip_referred_by", by);
        }

        core.Dispatch(leg, new LegCommand.TransferProgress(leg.Id, 100, Final: false));
        var context = moved.Variables["force_transfer_context"] ?? leg.Profile.Context;
        core.Redirect(moved, new NextStep.Transfer(Extension(request.Target), moved.Variables["force_transfer_dialplan"] ?? "", context));
        core.Dispatch(leg, new LegCommand.TransferProgress(leg.Id, 200, Final: true));
        if (far is not null)
        {
            core.Hangup(leg, HangupCause.BlindTransfer);
        }
    }

    /// <summary>Joins two live legs: what each did before stops, their former peers are hung up.</summary>
    /// <param name="a">Runs the bridge.</param>
    /// <param name="b">The other.</param>
    public void Join(Leg a, Leg b)
    {
        core.Redirect(b, new NextStep.Joined(a));
        core.Redirect(a, new NextStep.Join(b));
    }

    /// <summary>Lets a new leg take the place of another one (RFC 3891): it gets the other's party, or, while the other one still rings, its caller.</summary>
    /// <param name="leg">The new leg, not answered.</param>
    /// <param name="replaced">The leg that ends.</param>
    public void Replace(Leg leg, Leg replaced)
    {
        var party = replaced.Peer ?? (replaced.IsAnswered ? null : core.Table.FindLive(replaced.Variables["originator"] ?? ""));
        if (party is null || party == leg)
        {
            // The other one talked to an application: the new one goes there by number.
            core.Redirect(leg, new NextStep.Transfer(replaced.Profile.Destination, "", replaced.Profile.Context));
        }
        else
        {
            if (!core.Answer(leg))
            {
                return;
            }

            Join(leg, party);
        }

        core.Hangup(replaced, replaced.IsAnswered ? HangupCause.AttendedTransfer : HangupCause.PickedOff);
    }

    private void Attended(Leg leg, Leg? far, Leg? replaced)
    {
        var other = replaced?.Peer;
        if (far is null || replaced is null || (other is null && !replaced.IsUp))
        {
            core.Dispatch(leg, new LegCommand.TransferProgress(leg.Id, 481, Final: true));
            return;
        }

        core.Dispatch(leg, new LegCommand.TransferProgress(leg.Id, 200, Final: true));
        if (other is not null)
        {
            Join(far, other);
            core.Hangup(replaced, HangupCause.AttendedTransfer);
        }
        else
        {
            // The second call of the transferor stands in an application (an IVR): the far party takes its place there by number.
            core.Redirect(far, new NextStep.Transfer(replaced.Profile.Destination, "", replaced.Profile.Context));
            core.Hangup(replaced, HangupCause.AttendedTransfer);
        }

        core.Hangup(leg, HangupCause.AttendedTransfer);
    }

    private static string Extension(string target)
    {
        var text = target.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? target[4..] : target;
        return text.Split('@', ';', '?')[0];
    }
}
