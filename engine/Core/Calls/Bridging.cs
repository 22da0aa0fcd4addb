using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>Joins two legs and stays with them until one leaves. Core loop only.</summary>
internal sealed class Bridging(CallCore core)
{
    /// <summary>Bridges in progress.</summary>
    public int Count { get; private set; }

    /// <summary>Joins two legs; returns when one of them leaves. The far leg is hung up when this one ends or goes elsewhere.</summary>
    /// <param name="control">The leg that asked, with its operation.</param>
    /// <param name="peer">The leg to join; media must be possible on both.</param>
    public async Task RunAsync(LegControl control, Leg peer)
    {
        var leg = control.Leg;
        if (!control.MayGoOn || !peer.IsUp || peer == leg || !Join(leg, peer))
        {
            return;
        }

        Count++;
        try
        {
            await StayAsync(control, peer);
        }
        finally
        {
            Count--;
            EndPeer(leg, peer);
        }
    }

    private bool Join(Leg leg, Leg peer)
    {
        core.Part(leg, left: true);
        core.Part(peer, left: true);
        var answers = peer.IsAnswered;
        if (answers ? !core.Answer(leg, peer.Negotiated) : !core.PreAnswer(leg, peer.Negotiated))
        {
            return false;
        }

        if (leg.IsAnswered && !peer.IsAnswered && !core.Answer(peer, leg.Negotiated))
        {
            return false;
        }

        if (leg.Negotiated is { } mine && peer.Negotiated is { } theirs && !MediaCodecs.CanJoin(mine.Audio, theirs.Audio, out var reason))
        {
            Log.CannotJoin(core.Services.Log, leg.Uuid, peer.Uuid, reason);
            core.Hangup(peer, HangupCause.IncompatibleDestination, 0, reason);
            return false;
        }

        core.StopTone(leg);
        core.StopTone(peer);
        leg.Peer = peer;
        peer.Peer = leg;
        var now = core.Services.Loop.Now;
        leg.BridgedTime ??= now;
        peer.BridgedTime ??= now;
        leg.Variables.Set("last_bridge_to", peer.Uuid);
        peer.Variables.Set("last_bridge_to", leg.Uuid);
        leg.Variables.Set("last_bridge_role", "originator");
        peer.Variables.Set("last_bridge_role", "originatee");
        core.Services.Media.Bridge(leg.Media, peer.Media);
        core.Announce.Bridge("CHANNEL_BRIDGE", leg, peer);
        core.ShowPeers(leg, peer);
        core.FollowVideo(leg);
        while (leg.Digits.TryTake(out var digit, out var durationMs))
        {
            core.Services.Media.SendDtmf(peer.Media, digit, durationMs);
        }

        return true;
    }

    private async Task StayAsync(LegControl control, Leg peer)
    {
        var key = control.Leg.Variables["bridge_terminate_key"];
        while (control.Leg.Peer == peer)
        {
            switch (await control.ReceiveAsync())
            {
                case Signal.Gone or Signal.Redirected:
                    return;
                case Signal.PeerGone { Peer: var gone } when gone == peer:
                    return;
                case Signal.PeerLeft { Peer: var gone } when gone == peer:
                    return;
                case Signal.Digit digit when key is not null && key.Contains(digit.Value, StringComparison.Ordinal):
                    core.Part(control.Leg, left: false);
                    return;
                case Signal.Break:
                    core.Part(control.Leg, left: false);
                    return;
                default:
                    break;
            }
        }
    }

    /// <summary>What becomes of the far leg: its own steps after the bridge, its own controller, or the end.</summary>
    private void EndPeer(Leg leg, Leg peer)
    {
        if (leg.Peer == peer)
        {
            core.Part(leg, left: !leg.IsUp);
        }

        if (!peer.IsUp || peer.IsControlled || peer.Next is not null || peer.Peer is not null)
        {
            return;
        }

        if (peer.Variables["transfer_after_bridge"] is { } target)
        {
            var parts = target.Split(':', ' ');
            peer.Variables.Set("transfer_after_bridge", null);
            core.Redirect(peer, new NextStep.Transfer(parts[0], parts.ElementAtOrDefault(1) ?? "", parts.ElementAtOrDefault(2) ?? ""));
        }
        else if (peer.Variables.IsTrue("park_after_bridge"))
        {
            core.Redirect(peer, new NextStep.Park());
        }
        else
        {
            core.Hangup(peer, leg.IsUp || leg.Cause == HangupCause.None ? HangupCause.NormalClearing : leg.Cause);
        }
    }
}
