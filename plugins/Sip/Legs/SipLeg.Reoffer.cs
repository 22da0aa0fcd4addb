using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Changing a session: RFC 3261 §14, RFC 3311, RFC 6337.
internal sealed partial class SipLeg
{
    private const int MaxGlares = 5;
    private static readonly TimeSpan ReofferLimit = TimeSpan.FromSeconds(20);
    private byte[] _localSdp = [];
    private byte[] _remoteSdp = [];
    private bool _weAnswered;

    // The peer's re-INVITE or UPDATE that the core has not answered.
    private ServerTransaction? _reoffer;
    private bool _reofferHasOffer;
    private Dialog? _reofferDialog;
    private byte[]? _reofferTarget;
    private byte[] _reofferSdp = [];
    private DateTimeOffset _reofferGuard = DateTimeOffset.MaxValue;

    // Our re-INVITE: under way, or waiting for its turn.
    private string _reinviteKey = "";
    private bool _isAckDue;
    private bool _isQueued;
    private string? _queuedSdp;
    private int _glares;
    private DateTimeOffset _retryAt = DateTimeOffset.MaxValue;

    private DateTimeOffset NextReoffer => Min(_reofferGuard, _isQueued ? _retryAt : DateTimeOffset.MaxValue);

    private bool IsOfferOutstanding => _reinviteKey.Length > 0 || _isAckDue;

    /// <summary>Offers a changed session, at once or when the exchange under way has ended.</summary>
    private void Reoffer(string? sdp)
    {
        if (State is not (LegState.Confirmed or LegState.Accepted or LegState.Answering))
        {
            return;
        }

        _isQueued = true;
        _queuedSdp = sdp;
        _glares = 0;
        _retryAt = DateTimeOffset.MaxValue;
        SendQueuedReoffer();
    }

    private void SendQueuedReoffer()
    {
        if (!_isQueued || State != LegState.Confirmed || Dialog is not { } dialog || _reoffer is not null || IsOfferOutstanding
            || _okPacket.Length > 0 || (_retryAt != DateTimeOffset.MaxValue && Now < _retryAt))
        {
            return;
        }

        _isQueued = false;
        _retryAt = DateTimeOffset.MaxValue;
        var sdp = _queuedSdp is null ? [] : Encoding.UTF8.GetBytes(_queuedSdp);
        var transaction = SendInDialog(SipMethod.Invite, RequestPurpose.Reoffer, dialog, SessionHeaders(), "application/sdp", sdp);
        if (transaction.State != TransactionState.Terminated)
        {
            _reinviteKey = transaction.Key;
        }
    }

    private void OnReinviteResponse(ClientTransaction transaction, SipMessage response)
    {
        if (Dialog is not { } dialog)
        {
            return;
        }

        if (response.Status < 200)
        {
            // No user is asked within a call: a peer that does not come to an end blocks every other change.
            _context.Transactions.Handle(transaction, new TransactionInput(TransactionInputKind.FinalDue));
            return;
        }

        var request = transaction.Request;
        if (response.Status < 300)
        {
            if (FindAck(request.CSeq, response.ToTag) is { } ack)
            {
                _context.Transport.Send(ack.Flow, ack.Packet, 0);
            }
            else if (request.TransactionKey == _reinviteKey)
            {
                OnReinviteOk(transaction, response, dialog);
            }

            return;
        }

        if (request.TransactionKey != _reinviteKey)
        {
            return;
        }

        _reinviteKey = "";
        if (State == LegState.Ending)
        {
            return;
        }

        if (response.Status is 408 or 481)
        {
            Lost(response.Status);
        }
        else if (request.Purpose == RequestPurpose.RefreshByInvite)
        {
            RefreshFailed(response);
        }
        else if (response.Status == 491 && ++_glares <= MaxGlares)
        {
            // Glare (RFC 3261 §14.1): the side that made the Call-ID waits longer, so that one of the two gets through.
            _isQueued = true;
            _queuedSdp = request.Body.Length == 0 ? null : Encoding.UTF8.GetString(request.Body);
            _retryAt = Now + TimeSpan.FromMilliseconds(IsOutgoing ? 2100 + (10 * _context.NextRandom(191)) : 10 * _context.NextRandom(201));
        }
        else
        {
            Post(new LegEvent.ReofferAnswered(Id, null));
            SendQueuedReoffer();
        }
    }

    private void OnReinviteOk(ClientTransaction transaction, SipMessage response, Dialog dialog)
    {
        var request = transaction.Request;
        dialog.Refresh(response);
        Learn(response);
        AcceptSession(response);
        var hasSdp = SdpBody.TryFind(response, out var sdp, out _) && !sdp.IsEmpty;
        if (State == LegState.Ending)
        {
            _reinviteKey = "";
            SendAck(dialog, request, [], "");
            return;
        }

        if (request.Body.Length == 0)
        {
            // The peer offers, our answer goes into the ACK once the core has made it.
            if (!hasSdp)
            {
                _reinviteKey = "";
                SendAck(dialog, request, [], "");
                Post(new LegEvent.ReofferAnswered(Id, null));
                return;
            }

            _isAckDue = true;
            _reofferGuard = Now + ReofferLimit;
            SetRemoteSdp(sdp);
            Post(new LegEvent.Reoffered(Id, Encoding.UTF8.GetString(sdp)));
            return;
        }

        _reinviteKey = "";
        var isRefresh = request.Purpose == RequestPurpose.RefreshByInvite;
        var isSame = hasSdp && sdp.SequenceEqual(_remoteSdp);
        SetLocalSdp(request.Body, isAnswer: false);
        SendAck(dialog, request, [], "");
        if (hasSdp)
        {
            SetRemoteSdp(sdp);
        }

        if (!isRefresh || (hasSdp && !isSame))
        {
            Post(new LegEvent.ReofferAnswered(Id, hasSdp ? Encoding.UTF8.GetString(sdp) : null));
        }

        SendQueuedReoffer();
    }

    /// <summary>Answers the peer's offer, or gives ours when it asked for one.</summary>
    private void AcceptReoffer(string sdp)
    {
        if (State == LegState.Answering)
        {
            SetLocalSdp(sdp, isAnswer: true);
            SendAck(Encoding.UTF8.GetBytes(sdp), "application/sdp");
            _setupEnd = DateTimeOffset.MaxValue;
            State = LegState.Confirmed;
            SendQueuedReoffer();
        }
        else if (_isAckDue && Dialog is { } dialog && _context.Transactions.FindClient(_reinviteKey) is { } transaction)
        {
            SetLocalSdp(sdp, isAnswer: true);
            SendAck(dialog, transaction.Request, Encoding.UTF8.GetBytes(sdp), "application/sdp");
            EndAckDue();
        }
        else if (_reoffer is not null)
        {
            Finish(sdp);
        }
    }

    private void RejectReoffer(string text)
    {
        if (State == LegState.Answering || _isAckDue)
        {
            // An offer in a 2xx cannot be refused, only the call can be ended (RFC 3261 §13.2.2.4).
            Hangup(HangupCause.IncompatibleDestination, 0, text);
        }
        else
        {
            RefuseReoffer(488, text);
            SendQueuedReoffer();
        }
    }

    private void EndAckDue()
    {
        _isAckDue = false;
        _reinviteKey = "";
        _reofferGuard = DateTimeOffset.MaxValue;
        SendQueuedReoffer();
    }

    private void CheckReoffer()
    {
        if (Now >= _reofferGuard)
        {
            _reofferGuard = DateTimeOffset.MaxValue;
            if (_isAckDue)
            {
                RejectReoffer("No answer to offer");
            }
            else
            {
                RefuseReoffer(500, "");
            }
        }

        if (_isQueued && Now >= _retryAt)
        {
            // From here on it waits for what stands in its way, not for a time.
            _retryAt = DateTimeOffset.MaxValue;
            SendQueuedReoffer();
        }
    }

    private void SetLocalSdp(string? sdp, bool isAnswer)
    {
        _localSdp = sdp is null ? [] : Encoding.UTF8.GetBytes(sdp);
        _weAnswered = isAnswer;
    }

    private void SetLocalSdp(byte[] sdp, bool isAnswer)
    {
        _localSdp = sdp;
        _weAnswered = isAnswer;
    }

    private void SetRemoteSdp(ReadOnlySpan<byte> sdp)
    {
        if (!sdp.IsEmpty)
        {
            _remoteSdp = sdp.ToArray();
        }
    }

    private byte[] RetryAfter(int seconds) => _context.Block.Clear().Header("Retry-After"u8, seconds).ToArray();
}
