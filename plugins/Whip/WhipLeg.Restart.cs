using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Sdp;

namespace XSwitchEngine.Plugins.Whip;

// ICE restarts: by PATCH (RFC 9725 §4.3.3), and by a new POST of the same page after its network changed.
internal sealed partial class WhipLeg
{
    /// <summary>A fragment with new credentials came.</summary>
    /// <param name="to">The PATCH.</param>
    /// <param name="ufrag">The new one.</param>
    /// <param name="password">The new one.</param>
    public void RestartIce(in Exchange to, string ufrag, string password) =>
        Begin(new Restart(to, SdpText.WithIce(Offer, ufrag, password), ufrag, IsPost: false));

    /// <summary>The page posted a new offer of the same session: the leg moves to its new transport.</summary>
    /// <param name="to">The POST.</param>
    /// <param name="offer">The offer for the core.</param>
    /// <param name="ufrag">Its ufrag.</param>
    public void Move(in Exchange to, string offer, string ufrag)
    {
        _context.Host.Count("sessions_moved");
        Begin(new Restart(to, offer, ufrag, IsPost: true));
    }

    /// <summary>Whether a ufrag belongs to the ICE session in force or to one that is being made.</summary>
    /// <param name="ufrag">The ufrag; empty is always current.</param>
    public bool Knows(string ufrag) => ufrag.Length == 0 || ufrag == Ufrag || ufrag == _restart?.Ufrag || ufrag == _nextRestart?.Ufrag;

    /// <summary>One restart is with the core at a time; of those that come meanwhile the latest counts.</summary>
    private void Begin(Restart restart)
    {
        if (_restart is not null)
        {
            if (_nextRestart is { } older)
            {
                _context.Replies.Problem(older.To, 412, "a later restart has taken its place");
            }

            _nextRestart = restart;
            return;
        }

        _restart = restart;
        _context.Host.Calls.Post(new LegEvent.Reoffered(Leg, restart.Offer));
    }

    private void Restarted(Restart restart, string sdp)
    {
        _restart = null;
        Offer = restart.Offer;
        Ufrag = restart.Ufrag;
        Answer = WithTrickle(sdp);
        _entity++;
        _context.Host.Count("ice_restarts");
        if (restart.IsPost)
        {
            SendCreated(restart.To);
        }
        else
        {
            _context.Replies.Send(restart.To, 200, [new("Content-Type", MediaTypes.Fragment), new("ETag", $"\"{EntityTag}\"")], SdpFragment.FromAnswer(Answer));
        }

        Continue();
    }

    private void RestartRefused(Restart restart, string reason)
    {
        _restart = null;
        var detail = reason.Length > 0 ? reason : "the restart was refused";
        if (restart.IsPost)
        {
            // The page has left its old transport, so that the old session is of no use; its next POST makes a new one.
            _context.Replies.Problem(restart.To, 409, detail, null, new KeyValuePair<string, string>("Retry-After", "1"));
            End(HangupCause.NormalClearing, byPeer: true, 404, detail);
            return;
        }

        _context.Replies.Problem(restart.To, 422, detail);
        Continue();
    }

    private void Continue()
    {
        if (_nextRestart is { } next)
        {
            _nextRestart = null;
            Begin(next);
        }
    }
}
