using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// How a leg ends, from either side and by time: RFC 3261 §9, §15.
internal sealed partial class SipLeg
{
    /// <summary>Ends the leg: refuses, cancels or hangs up, as its state asks.</summary>
    public void Hangup(HangupCause cause, int status, string text)
    {
        switch (State)
        {
            case LegState.Received or LegState.Alerting:
                Refuse(status is >= 300 and <= 699 ? status : cause.ToSipStatus(), text, ReasonLine(cause, text));
                Report(cause, status is >= 300 and <= 699 ? status : cause.ToSipStatus(), text, byPeer: false);
                End();
                break;
            case LegState.Accepted:
                // No BYE before the ACK (RFC 3261 §15); the retransmission timer bounds the wait.
                _byeReason = ReasonLine(cause, text);
                Report(cause, 200, text, byPeer: false);
                State = LegState.Ending;
                break;
            case LegState.Confirmed:
                SendBye(ReasonLine(cause, text));
                Report(cause, 200, text, byPeer: false);
                break;
            case LegState.Answering:
                SendAck([], "");
                SendBye(ReasonLine(cause, text));
                Report(cause, 200, text, byPeer: false);
                break;
            case LegState.Locating:
                Report(cause, 487, text, byPeer: false);
                End();
                break;
            case LegState.Calling or LegState.Proceeding:
                CancelInvite(cause == HangupCause.LoseRace
                    ? "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"u8.ToArray()
                    : ReasonLine(cause, text));
                Report(cause, 487, text, byPeer: false);
                break;
            case LegState.Ending or LegState.Ended:
            default:
                break;
        }
    }

    /// <summary>Tells the core that the leg is over, once.</summary>
    private void Report(HangupCause cause, int status, string text, bool byPeer)
    {
        if (!_isReported)
        {
            _isReported = true;
            _context.Host.Calls.Post(new LegEvent.HungUp(Id, cause, status, text, byPeer));
        }
    }

    /// <summary>The peer has no such dialog any more, or is gone.</summary>
    private void Lost(int status)
    {
        if (State is LegState.Confirmed or LegState.Accepted)
        {
            Report(HangupCauses.FromSipStatus(status), status, SipStatus.Reason(status), byPeer: status != 408);
            SendBye([]);
        }
    }

    private void SendBye(byte[] reason)
    {
        State = LegState.Ending;
        RefuseReoffer(487, "");
        StopOk();
        StopSession();
        _isQueued = false;
        if (Dialog is { } dialog)
        {
            if (_isAckDue && _context.Transactions.FindClient(_reinviteKey) is { } waiting)
            {
                // The peer's 2xx still waits for its ACK.
                _isAckDue = false;
                SendAck(dialog, waiting.Request, [], "");
            }

            SendInDialog(SipMethod.Bye, RequestPurpose.Bye, dialog, reason);
        }
        else
        {
            End();
        }
    }

    private void OnBye(SipMessage request, in Flow flow)
    {
        _context.Core.Reply(request, flow, 200);
        if (State is LegState.Received or LegState.Alerting)
        {
            Refuse(487, "", []);
        }
        else if (State is LegState.Calling or LegState.Proceeding)
        {
            // From the far end of an early dialog it is not allowed; the call is over all the same.
            CancelInvite([]);
            Report(CauseOf(request, HangupCause.NormalClearing), 0, "", byPeer: true);
            return;
        }

        RefuseReoffer(487, "");
        Report(CauseOf(request, HangupCause.NormalClearing), 200, "", byPeer: true);
        End();
    }

    /// <summary>Removes the leg; transactions live on by themselves.</summary>
    private void End()
    {
        if (State == LegState.Ended)
        {
            return;
        }

        State = LegState.Ended;
        foreach (var early in _early)
        {
            _context.Legs.RemoveDialog(this, early);
        }

        if (Dialog is { } dialog)
        {
            _context.Legs.RemoveDialog(this, dialog);
        }

        if (_timer != default)
        {
            _context.Host.CancelTimer(_timer);
            _timer = default;
        }

        Abandon(_inviteKey);
        Abandon(_reinviteKey);
        _context.Legs.Remove(this);
    }

    /// <summary>An INVITE transaction lives on for a while: it must neither keep all this nor wait without end.</summary>
    private void Abandon(string key)
    {
        if (key.Length > 0 && _context.Transactions.FindClient(key) is { } transaction)
        {
            transaction.Leg = null;
            _context.Transactions.Handle(transaction, new TransactionInput(TransactionInputKind.FinalDue));
        }
    }

    private void CheckSetup()
    {
        if (Now < _setupEnd)
        {
            return;
        }

        _setupEnd = DateTimeOffset.MaxValue;
        switch (State)
        {
            case LegState.Received or LegState.Alerting:
                // Expires of the INVITE is over (RFC 3261 §13.3.1).
                Refuse(487, "", []);
                Report(HangupCause.RecoveryOnTimerExpire, 487, "Expires", byPeer: true);
                End();
                break;
            case LegState.Locating or LegState.Calling or LegState.Proceeding or LegState.Answering:
                Hangup(HangupCause.RecoveryOnTimerExpire, 0, "");
                break;
            case LegState.Accepted or LegState.Confirmed or LegState.Ended:
                break;
            case LegState.Ending:
            default:
                End();
                break;
        }
    }
}
