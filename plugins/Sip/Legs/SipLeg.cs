using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>Where a leg stands.</summary>
internal enum LegState : byte
{
    /// <summary>Outgoing: the host name of the target is being looked up.</summary>
    Locating,

    /// <summary>Outgoing: INVITE sent, no response yet.</summary>
    Calling,

    /// <summary>Outgoing: a provisional response came.</summary>
    Proceeding,

    /// <summary>Outgoing, no offer of ours: the 2xx with the peer's offer came, the core has not answered it.</summary>
    Answering,

    /// <summary>Incoming: 100 sent.</summary>
    Received,

    /// <summary>Incoming: 180 or 183 sent.</summary>
    Alerting,

    /// <summary>Incoming: 2xx sent, ACK not come.</summary>
    Accepted,

    Confirmed,

    /// <summary>The core was told that it is over; what the protocol still owes the peer is being done.</summary>
    Ending,

    Ended,
}

/// <summary>One leg: an INVITE usage with its dialogs. This part has what both directions share; the others have one procedure each.</summary>
internal sealed partial class SipLeg
{
    // The host's timers are no finer than this.
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(5);
    private readonly SipContext _context;
    private bool _isReported;
    private TimerId _timer;
    private DateTimeOffset _timerDue;
    private DateTimeOffset _flowEnd = DateTimeOffset.MaxValue;

    private SipLeg(SipContext context, LegId id, long key, bool isOutgoing, string profile)
    {
        _context = context;
        Id = id;
        Key = key;
        IsOutgoing = isOutgoing;
        Profile = profile;
    }

    public LegId Id { get; }

    /// <summary>Number of the leg in this plugin; also the key of its timer and lookup.</summary>
    public long Key { get; }

    public bool IsOutgoing { get; }

    public string Profile { get; }

    public LegState State { get; private set; }

    /// <summary>The dialog; null before an outgoing leg has one.</summary>
    public Dialog? Dialog { get; private set; }

    /// <summary>Number of the directory's user on the other side, when it is one; its requests may be challenged.</summary>
    public string UserNumber { get; private set; } = "";

    /// <summary>User part of our Contact.</summary>
    public string ContactUser { get; private set; } = "";

    private DateTimeOffset Now => _context.Host.Now;

    private SipOptions Options => _context.Options.Of(Profile);

    /// <summary>Does what the core wants. A command that does not fit the state is ignored.</summary>
    public void Execute(LegCommand command)
    {
        switch (command)
        {
            case LegCommand.Ring:
                SendProvisional(180, null);
                break;
            case LegCommand.EarlyMedia early:
                SendProvisional(183, early.Sdp);
                break;
            case LegCommand.Answer answer:
                SendAnswer(answer.Sdp);
                break;
            case LegCommand.Reoffer reoffer:
                Reoffer(reoffer.Sdp);
                break;
            case LegCommand.AcceptReoffer accept:
                AcceptReoffer(accept.Sdp);
                break;
            case LegCommand.RejectReoffer reject:
                RejectReoffer(reject.Text);
                break;
            case LegCommand.Hangup hangup:
                Hangup(hangup.Cause, hangup.ProtocolStatus, hangup.Text);
                break;
            case LegCommand.Redirect redirect:
                Redirect(redirect.Target);
                break;
            case LegCommand.SendDtmf dtmf:
                SendDtmf(dtmf.Digit, dtmf.DurationMs);
                break;
            case LegCommand.TransferProgress progress:
                NotifyTransfer(progress.ProtocolStatus, progress.Final);
                break;
            case LegCommand.Refer refer:
                SendRefer(refer.Target);
                break;
            case LegCommand.SendMessage message:
                SendMessage(message.ContentType, message.Text);
                break;
            case LegCommand.KeyFrame:
                SendKeyFrame();
                break;
            case LegCommand.Display display:
                SendDisplay(display.Name, display.Number);
                break;
            default:
                break;
        }

        Arm();
    }

    /// <summary>A response to a request of this leg.</summary>
    public void OnResponse(ClientTransaction transaction, SipMessage response)
    {
        if (State == LegState.Ended)
        {
            return;
        }

        var request = transaction.Request;
        if (response.Status is 401 or 407 && TryAuthenticate(transaction, response))
        {
            return;
        }

        switch (request.Purpose)
        {
            case RequestPurpose.Invite:
                OnInviteResponse(transaction, response);
                break;
            case RequestPurpose.Reoffer or RequestPurpose.RefreshByInvite:
                OnReinviteResponse(transaction, response);
                break;
            case RequestPurpose.RefreshByUpdate:
                OnUpdateResponse(response);
                break;
            case RequestPurpose.Bye when response.Status >= 200:
                End();
                break;
            case RequestPurpose.Refer:
                OnReferResponse(response);
                break;
            case RequestPurpose.Message or RequestPurpose.Notify when response.Status is 408 or 481:
                Lost(response.Status);
                break;
            case RequestPurpose.Message or RequestPurpose.Notify or RequestPurpose.Bye or RequestPurpose.ForkBye or RequestPurpose.Cancel or RequestPurpose.Ping or RequestPurpose.Prack:
            case RequestPurpose.Register or RequestPurpose.GatewayPing or RequestPurpose.Event or RequestPurpose.Chat:
            default:
                break;
        }

        Arm();
    }

    /// <summary>No response came, or the request could not be sent.</summary>
    /// <param name="transaction">The transaction, already gone.</param>
    /// <param name="status">408 or 503, as if the peer had said so (RFC 3261 §8.1.3.1).</param>
    public void OnNoResponse(ClientTransaction transaction, int status)
    {
        if (State == LegState.Ended)
        {
            return;
        }

        switch (transaction.Request.Purpose)
        {
            case RequestPurpose.Invite:
                OnInviteFailed(status, "", null);
                break;
            case RequestPurpose.Bye:
                End();
                break;
            case RequestPurpose.Reoffer or RequestPurpose.RefreshByInvite or RequestPurpose.RefreshByUpdate or RequestPurpose.Notify or RequestPurpose.Refer or RequestPurpose.Message:
                // A request within the dialog that nobody answers ends it (RFC 3261 §12.2.1.2).
                Lost(status);
                break;
            case RequestPurpose.ForkBye or RequestPurpose.Cancel or RequestPurpose.Ping or RequestPurpose.Prack:
            case RequestPurpose.Register or RequestPurpose.GatewayPing or RequestPurpose.Event or RequestPurpose.Chat:
            default:
                break;
        }

        Arm();
    }

    /// <summary>The leg's timer fired.</summary>
    public void OnTimer(TimerId timer)
    {
        if (timer != _timer || State == LegState.Ended)
        {
            return;
        }

        _timer = default;
        RepeatOk();
        RepeatReliable();
        CheckFlow();
        CheckTry();
        CheckReoffer();
        CheckSession();
        CheckSetup();
        Arm();
    }

    /// <summary>A request of the peer within one of the leg's dialogs, other than ACK and CANCEL.</summary>
    public void OnRequest(SipMessage request, in Flow flow, Dialog dialog)
    {
        if (dialog.RemoteCSeq != 0 && request.CSeq <= dialog.RemoteCSeq)
        {
            // Lower is out of order (RFC 3261 §12.2.2); equal in another transaction came twice over two paths.
            _context.Core.Reply(request, flow, request.CSeq == dialog.RemoteCSeq ? 482 : 500);
            return;
        }

        dialog.RemoteCSeq = request.CSeq;
        if (State == LegState.Ending && request.Method != SipMethod.Bye)
        {
            _context.Core.Reply(request, flow, 481);
            return;
        }

        if (_flowEnd != DateTimeOffset.MaxValue)
        {
            OnFlowFound();
        }

        Learn(request);
        switch (request.Method)
        {
            case SipMethod.Invite:
                OnReinvite(request, flow, dialog);
                break;
            case SipMethod.Bye:
                OnBye(request, flow);
                break;
            case SipMethod.Update:
                OnUpdate(request, flow, dialog);
                break;
            case SipMethod.Info:
                OnInfo(request, flow);
                break;
            case SipMethod.Refer:
                OnRefer(request, flow, dialog);
                break;
            case SipMethod.Notify:
                OnNotify(request, flow);
                break;
            case SipMethod.Message:
                OnMessage(request, flow);
                break;
            case SipMethod.Prack:
                OnPrack(request, flow, dialog);
                break;
            case SipMethod.Options:
                _context.Core.ReplyOptions(request, flow);
                break;
            case SipMethod.Unknown or SipMethod.Ack or SipMethod.Cancel or SipMethod.Register or SipMethod.Subscribe or SipMethod.Publish:
            default:
                _context.Core.Reply(request, flow, 405, extra: _context.Core.AllowLine);
                break;
        }

        Arm();
    }

    /// <summary>The WebSocket of the peer closed: a call that is up waits for it to come back.</summary>
    public void OnFlowLost()
    {
        if (State is LegState.Confirmed or LegState.Accepted && Options.FlowGrace > 0)
        {
            _flowEnd = Now + TimeSpan.FromSeconds(Options.FlowGrace);
            Arm();
        }
        else if (State != LegState.Ended)
        {
            Refuse(487, "", []);
            Report(IsOutgoing ? HangupCause.DestinationOutOfOrder : HangupCause.OriginatorCancel, 0, "Flow failed", byPeer: true);
            End();
        }
    }

    /// <summary>The peer came back over another flow.</summary>
    public void OnFlowFound()
    {
        _flowEnd = DateTimeOffset.MaxValue;
        _context.Legs.Unorphan(this);
    }

    private void CheckFlow()
    {
        if (Now >= _flowEnd)
        {
            _flowEnd = DateTimeOffset.MaxValue;
            Report(HangupCause.RecoveryOnTimerExpire, 0, "Flow failed", byPeer: true);
            End();
        }
    }

    private void Post(LegEvent e)
    {
        if (!_isReported)
        {
            _context.Host.Calls.Post(e);
        }
    }

    /// <summary>One host timer serves all deadlines of the leg.</summary>
    private void Arm()
    {
        if (State == LegState.Ended)
        {
            return;
        }

        var deadline = Min(Min(Min(_okNext, NextReoffer), Min(NextSession, _setupEnd)), Min(Min(_reliableNext, _flowEnd), _tryEnd));
        if (deadline == DateTimeOffset.MaxValue || (_timer != default && _timerDue <= deadline))
        {
            return;
        }

        if (_timer != default)
        {
            _context.Host.CancelTimer(_timer);
        }

        _timerDue = deadline;
        var due = deadline - Now;
        _timer = _context.Host.SetTimer(TimerKey.Make(TimerKind.Leg, Key), due > MinDelay ? due : MinDelay);
    }

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
