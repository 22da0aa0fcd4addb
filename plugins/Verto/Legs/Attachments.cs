using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Legs;

/// <summary>Gives a client that came back its calls: an offer for each, then <c>verto.clientReady</c> (§9).</summary>
internal sealed class Attachments(VertoContext context)
{
    /// <summary>Pause after another socket of the same session was sent away: its client purges first.</summary>
    private static readonly TimeSpan TakeOverDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest wait for the core's offers; the client is not kept waiting for one that does not come.</summary>
    private static readonly TimeSpan OfferTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A socket has logged in.</summary>
    public void Begin(VertoSession session, bool tookOver)
    {
        if (tookOver)
        {
            context.Host.SetTimer(TimerKey.Make(TimerKind.Attach, session.Connection.Value), TakeOverDelay);
        }
        else
        {
            Start(session);
        }
    }

    /// <summary>The pause is over, or an offer did not come in time.</summary>
    public void OnTimer(ConnectionId connection)
    {
        if (context.Sessions.Find(connection) is not { IsClosing: false, IsReady: false } session)
        {
            return;
        }

        if (session.Attaching.Count == 0)
        {
            Start(session);
        }
        else
        {
            session.Attaching.Clear();
            Ready(session);
        }
    }

    /// <summary>An offer was sent.</summary>
    public void OnOffered(VertoSession session, VertoLeg leg)
    {
        if (session.Attaching.Remove(leg.Id))
        {
            session.Reattached.Add(leg.CallId);
            ReadyIfDone(session);
        }
    }

    /// <summary>A call ended before it was offered.</summary>
    public void OnLegGone(VertoLeg leg)
    {
        if (context.Sessions.Find(leg.SessionId) is { } session && session.Attaching.Remove(leg.Id))
        {
            ReadyIfDone(session);
        }
    }

    private void Start(VertoSession session)
    {
        foreach (var leg in context.Legs.OfSession(session.Id).Where(l => l.DetachedAt is not null && l.UserId == session.UserId).ToArray())
        {
            context.Host.CancelTimer(leg.DetachTimer);
            leg.DetachedAt = null;
            if (leg.IsHeld)
            {
                // A new page shows the call as active.
                leg.IsHeld = false;
                context.Host.Calls.Post(new LegEvent.HoldRequested(leg.Id, false));
            }

            leg.Offer = OfferKind.Attach;
            session.Attaching.Add(leg.Id);
            context.Host.Count("legs_reattached");
            context.Host.Calls.Post(new LegEvent.Reoffered(leg.Id, null) { NewTransport = true });
        }

        if (session.Attaching.Count > 0)
        {
            context.Host.SetTimer(TimerKey.Make(TimerKind.Attach, session.Connection.Value), OfferTimeout);
        }

        ReadyIfDone(session);
    }

    private void ReadyIfDone(VertoSession session)
    {
        if (session.Attaching.Count == 0 && !session.IsReady)
        {
            Ready(session);
        }
    }

    private void Ready(VertoSession session)
    {
        session.IsReady = true;
        context.Request(session, "verto.clientReady", w =>
        {
            w.WriteStartArray("reattached_sessions"u8);
            foreach (var callId in session.Reattached)
            {
                w.WriteStringValue(callId);
            }

            w.WriteEndArray();
        });
    }
}
