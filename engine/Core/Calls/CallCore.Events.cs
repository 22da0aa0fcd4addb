using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <content>What the plugins report of legs.</content>
internal sealed partial class CallCore
{
    private void Handle(LegEvent e)
    {
        if (e is LegEvent.Incoming incoming)
        {
            TakeIncoming(incoming);
            return;
        }

        if (Table.Find(e.Leg) is not { IsUp: true } leg)
        {
            return;
        }

        switch (e)
        {
            case LegEvent.Ringing:
                if (leg.State is LegState.New or LegState.Routing)
                {
                    leg.State = LegState.Ringing;
                    Announce.Channel("CHANNEL_PROGRESS", leg);
                }

                leg.ProgressTime ??= Services.Loop.Now;
                leg.Dialler?.Send(new Signal.PeerRinging(leg));
                break;
            case LegEvent.Progress progress:
                TakeProgress(leg, progress.Answer);
                break;
            case LegEvent.Answered answered:
                TakeAnswer(leg, answered);
                break;
            case LegEvent.Confirmed confirmed:
                if (confirmed.Answer is { } late && !Media.TryAccept(leg, late, out var reason))
                {
                    Hangup(leg, HangupCause.IncompatibleDestination, 0, reason);
                    break;
                }

                leg.Deliver(Signal.Answered.Instance);
                break;
            case LegEvent.Reoffered reoffered:
                TakeReoffer(leg, reoffered.Offer, reoffered.NewTransport);
                break;
            case LegEvent.ReofferAnswered answer:
                if (answer.Answer is null)
                {
                    leg.OfferSent = null;       // refused: the old session stays
                }
                else
                {
                    if (!Media.TryAccept(leg, answer.Answer, out var bad))
                    {
                        leg.OfferSent = null;
                        Log.BadAnswer(Services.Log, leg.Uuid, bad);
                    }

                    UpdateHold(leg);
                }

                break;
            case LegEvent.Dtmf dtmf:
                OnDigit(leg, dtmf.Digit, dtmf.DurationMs, bySignalling: true);
                break;
            case LegEvent.HoldRequested hold:
                TakeHold(leg, hold.Hold);
                break;
            case LegEvent.KeyFrameWanted:
                AskForKeyFrame(leg);
                break;
            case LegEvent.TransferRequested transfer:
                OnTransferRequested(leg, transfer);
                break;
            case LegEvent.Message message:
                TakeMessage(leg, message);
                break;
            case LegEvent.HungUp hungUp:
                if (hungUp.Text.Length > 0)
                {
                    leg.Variables.Set("sip_hangup_phrase", hungUp.Text);
                }

                End(leg, hungUp.Cause, hungUp.ProtocolStatus, hungUp.ByPeer);
                break;
            default:
                throw new System.Diagnostics.UnreachableException("Every leg event has a case.");
        }
    }

    private void TakeIncoming(LegEvent.Incoming e)
    {
        var caller = e.Caller;
        if (IsRefusingCalls || OverRate())
        {
            _refused++;
            RefuseUnknown(caller.Endpoint, e.Leg, HangupCause.SwitchCongestion, 503, "engine is draining or at its limit");
            return;
        }

        if (Table.Find(e.Leg) is not null)
        {
            // A protocol whose clients choose the id must not reach a leg that there is.
            _refused++;
            RefuseUnknown(caller.Endpoint, e.Leg, HangupCause.InvalidCallReference, 403, "the id of the call is taken");
            return;
        }

        var context = caller.User?.Context ?? (caller.Context.Length > 0 ? caller.Context : null) ?? Services.Options.ProfileContexts.GetValueOrDefault(caller.Profile);
        if (context is null)
        {
            _refused++;
            RefuseUnknown(caller.Endpoint, e.Leg, HangupCause.CallRejected, 403, $"profile {caller.Profile} has no context for calls without a user");
            return;
        }

        var leg = IncomingLeg.Make(e, context, Services);
        Add(leg);
        leg.State = LegState.Routing;
        if (caller.Replaces != default)
        {
            TakePlace(leg, Table.Find(caller.Replaces));
            return;
        }

        OnIncoming(leg);
    }

    /// <summary>A new leg takes the place of another one: it gets its peer, and the other one ends (RFC 3891 §3).</summary>
    private void TakePlace(Leg leg, Leg? replaced)
    {
        if (replaced is not { IsUp: true })
        {
            Hangup(leg, HangupCause.InvalidCallReference, 481, "the call to replace is over");
            return;
        }

        OnReplacing(leg, replaced);
    }

    private void RefuseUnknown(string endpoint, LegId leg, HangupCause cause, int status, string text) =>
        Services.Plugins.Dispatch(endpoint, new LegCommand.Hangup(leg, cause, status, text));

    private void TakeProgress(Leg leg, string answer)
    {
        if (!Media.TryAccept(leg, answer, out var reason))
        {
            Hangup(leg, HangupCause.IncompatibleDestination, 0, reason);
            return;
        }

        if (leg.State < LegState.Early)
        {
            leg.State = LegState.Early;
            leg.ProgressMediaTime ??= Services.Loop.Now;
            leg.ProgressTime ??= Services.Loop.Now;
            Announce.Channel("CHANNEL_PROGRESS_MEDIA", leg);
        }

        leg.Dialler?.Send(new Signal.PeerProgress(leg));
    }

    private void TakeAnswer(Leg leg, LegEvent.Answered e)
    {
        foreach (var (name, value) in e.Variables)
        {
            leg.Variables.Set(name, value);
        }

        if (e.Answer is { } answer ? !Media.TryAccept(leg, answer, out var reason) : Missing(leg, out reason))
        {
            Hangup(leg, HangupCause.IncompatibleDestination, 0, reason);
            return;
        }

        if (!leg.IsAnswered)
        {
            MarkAnswered(leg);
        }

        leg.Deliver(Signal.Answered.Instance);
        leg.Dialler?.Send(new Signal.PeerAnswered(leg));
    }

    private static bool Missing(Leg leg, out string reason)
    {
        reason = leg.Negotiated is null ? "answered without a session description" : "";
        return leg.Negotiated is null;
    }

    private void TakeReoffer(Leg leg, string? offer, bool newTransport)
    {
        if (offer is null)
        {
            if (newTransport ? Media.TryOfferAnew(leg, out var ours, out var why) : Media.TryOffer(leg, leg.Peer, out ours, out why))
            {
                Dispatch(leg, new LegCommand.AcceptReoffer(leg.Id, ours));
            }
            else
            {
                Dispatch(leg, new LegCommand.RejectReoffer(leg.Id, why));
            }

            return;
        }

        if (!Media.TryAnswerReoffer(leg, offer, out var reason))
        {
            Dispatch(leg, new LegCommand.RejectReoffer(leg.Id, reason));
            return;
        }

        Dispatch(leg, new LegCommand.AcceptReoffer(leg.Id, leg.Negotiated!.LocalSdp));
        UpdateHold(leg);
        FollowVideo(leg);
    }

    /// <summary>Follows a change of direction: the party that waits hears music.</summary>
    private void UpdateHold(Leg leg)
    {
        var held = leg.Negotiated is { } session && !leg.HoldsPeer && session.Audio is { Exists: true, IsHeldByPeer: true } && leg.WasHeard;
        if (held == leg.IsHeld)
        {
            return;
        }

        leg.IsHeld = held;
        Announce.Channel(held ? "CHANNEL_HOLD" : "CHANNEL_UNHOLD", leg);
        if (leg.Peer is not { } peer)
        {
            return;
        }

        if (held)
        {
            PlayTone(peer, SoundNames.HoldMusic(peer, Services));
        }
        else
        {
            StopTone(peer);
        }
    }

    private void OnDigit(Leg leg, char digit, int durationMs, bool bySignalling)
    {
        if (!leg.IsUp)
        {
            return;
        }

        Announce.Dtmf(leg, digit, durationMs);
        if (leg.Peer is { } peer)
        {
            ForwardDigit(peer, digit, durationMs, bySignalling);
        }
        else
        {
            leg.Digits.Add(digit, durationMs);
        }

        leg.Deliver(new Signal.Digit(digit, durationMs));
    }

    /// <summary>Digits in RTP are relayed by the media where the far leg has telephone-event; the rest is converted here, so that each goes out once.</summary>
    private void ForwardDigit(Leg peer, char digit, int durationMs, bool bySignalling)
    {
        var inRtp = peer.Negotiated is { Audio.SendEventType: >= 0 } && peer.Variables["dtmf_type"] is not "info";
        if (!inRtp)
        {
            Dispatch(peer, new LegCommand.SendDtmf(peer.Id, digit, durationMs));
        }
        else if (bySignalling)
        {
            Services.Media.SendDtmf(peer.Media, digit, Math.Clamp(durationMs, 40, 8000));
        }
    }
}
