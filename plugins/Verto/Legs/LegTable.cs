using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Legs;

/// <summary>All legs, by id, by number, and by the call id that clients know.</summary>
internal sealed class LegTable(VertoContext context)
{
    private readonly Dictionary<LegId, VertoLeg> _byId = [];
    private readonly Dictionary<long, VertoLeg> _byKey = [];
    private readonly Dictionary<string, VertoLeg> _byCallId = new(StringComparer.Ordinal);

    public int Count => _byId.Count;

    public IEnumerable<VertoLeg> All => _byId.Values;

    public VertoLeg? Find(LegId id) => _byId.GetValueOrDefault(id);

    public VertoLeg? Find(long key) => _byKey.GetValueOrDefault(key);

    /// <summary>A call of one session; other people's calls do not exist for it.</summary>
    public VertoLeg? Find(VertoSession session, string callId) =>
        _byCallId.GetValueOrDefault(callId) is { } leg && leg.SessionId == session.Id && leg.UserId == session.UserId ? leg : null;

    /// <summary>Whether a call id is taken by anybody.</summary>
    public bool IsTaken(string callId, LegId id) => _byCallId.ContainsKey(callId) || _byId.ContainsKey(id);

    public IEnumerable<VertoLeg> OfSession(string sessionId) => _byId.Values.Where(l => l.SessionId == sessionId);

    /// <summary>The live socket of a leg; null while it has none.</summary>
    public VertoSession? SessionOf(VertoLeg leg) =>
        leg.DetachedAt is null && context.Sessions.Find(leg.SessionId) is { IsClosing: false } session && session.UserId == leg.UserId ? session : null;

    public void Add(VertoLeg leg)
    {
        _byId[leg.Id] = leg;
        _byKey[leg.Key] = leg;
        _byCallId[leg.CallId] = leg;
        context.Host.Gauge("legs", _byId.Count);
    }

    public void Remove(VertoLeg leg)
    {
        if (!_byId.Remove(leg.Id))
        {
            return;
        }

        _byKey.Remove(leg.Key);
        _byCallId.Remove(leg.CallId);
        context.Host.CancelTimer(leg.DetachTimer);
        context.Host.Gauge("legs", _byId.Count);
        if (context.Sessions.Find(leg.SessionId) is { } session)
        {
            context.Channels.Revoke(session, leg);
        }
    }

    /// <summary>A leg is over: the core is told, and whoever waits for something of it.</summary>
    public void End(VertoLeg leg, HangupCause cause, bool byPeer)
    {
        if (_byId.ContainsKey(leg.Id))
        {
            Remove(leg);
            FailPending(leg);
            context.Host.Calls.Post(new LegEvent.HungUp(leg.Id, cause, 0, "", byPeer));
            context.Attachments.OnLegGone(leg);
        }
    }

    /// <summary>A socket is lost: what is not answered ends, the rest waits for the client to come back (§9).</summary>
    public void Detach(VertoSession session)
    {
        foreach (var leg in OfSession(session.Id).Where(l => l.DetachedAt is null && l.UserId == session.UserId).ToArray())
        {
            if (leg.State != VertoLegState.Answered)
            {
                End(leg, HangupCause.DestinationOutOfOrder, byPeer: true);
            }
            else if (!leg.IsRecoverable)
            {
                End(leg, HangupCause.NormalClearing, byPeer: true);
            }
            else
            {
                if (leg.Offer == OfferKind.Attached)
                {
                    context.Host.Calls.Post(new LegEvent.ReofferAnswered(leg.Id, null));
                }

                leg.DetachedAt = context.Now;
                leg.Offer = OfferKind.None;
                leg.UpdateReply = leg.TransferReply = 0;
                leg.DetachTimer = context.Host.SetTimer(TimerKey.Make(TimerKind.Leg, leg.Key), context.Options.DetachTimeout);
                context.Host.Count("legs_detached");
            }
        }
    }

    /// <summary>A client did not come back for its call.</summary>
    public void OnTimer(long key, TimerId timer)
    {
        if (Find(key) is { DetachedAt: not null } leg && leg.DetachTimer == timer)
        {
            End(leg, HangupCause.RecoveryOnTimerExpire, byPeer: false);
        }
    }

    private void FailPending(VertoLeg leg)
    {
        foreach (var key in new[] { leg.UpdateReply, leg.TransferReply })
        {
            if (key != 0 && context.Replies.Find(key) is { } reply)
            {
                context.Replies.Fail(reply, JsonRpc.SessionError, "CALL DOES NOT EXIST", w => CallJson.CallAndAction(w, reply.CallId, reply.Action));
            }
        }

        leg.UpdateReply = leg.TransferReply = 0;
    }
}
