using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// The peer's re-INVITE and UPDATE: RFC 3261 §14.2, RFC 3311 §5.2.
internal sealed partial class SipLeg
{
    private void OnReinvite(SipMessage request, in Flow flow, Dialog dialog)
    {
        if (State == LegState.Accepted && !_okAwaitsAnswer)
        {
            // The peer cannot re-INVITE without having seen our 2xx: its ACK was lost or is late.
            StopOk();
            State = LegState.Confirmed;
            Post(new LegEvent.Confirmed(Id, null));
        }

        if (!IsOpenForOffer(request, flow, isUpdate: false) || !TryBody(request, flow, out var sdp))
        {
            return;
        }

        Begin(request, flow, dialog, hasOffer: !sdp.IsEmpty);
        if (!sdp.IsEmpty && _weAnswered && _localSdp.Length > 0 && sdp.SequenceEqual(_remoteSdp))
        {
            // The same offer again is a refresh; the same answer changes nothing.
            Finish(Encoding.UTF8.GetString(_localSdp));
            return;
        }

        _reofferSdp = sdp.ToArray();
        Respond(_reoffer!, 100, null, []);
        Post(new LegEvent.Reoffered(Id, sdp.IsEmpty ? null : Encoding.UTF8.GetString(sdp)));
    }

    private void OnUpdate(SipMessage request, in Flow flow, Dialog dialog)
    {
        if (!TryBody(request, flow, out var sdp) || IntervalTooSmall(request, flow))
        {
            return;
        }

        if (sdp.IsEmpty)
        {
            dialog.Refresh(request);
            LearnSession(request);
            var session = State == LegState.Confirmed ? StartSession([], isServer: true) : [];
            var block = _context.Block.Clear().Raw("Contact: "u8);
            _context.WriteContact(block, ContactUser, flow);
            _context.Core.Reply(request, flow, 200, extra: block.Line().Raw(session).ToArray());
            return;
        }

        if (!IsOpenForOffer(request, flow, isUpdate: true))
        {
            return;
        }

        Begin(request, flow, dialog, hasOffer: true);
        if (_weAnswered && _localSdp.Length > 0 && sdp.SequenceEqual(_remoteSdp))
        {
            Finish(Encoding.UTF8.GetString(_localSdp));
            return;
        }

        _reofferSdp = sdp.ToArray();
        Post(new LegEvent.Reoffered(Id, Encoding.UTF8.GetString(sdp)));
    }

    private bool IsOpenForOffer(SipMessage request, in Flow flow, bool isUpdate)
    {
        if (_reoffer is not null)
        {
            // Ours to answer is still open: come back soon (RFC 3261 §14.2, RFC 3311 §5.2).
            _context.Core.Reply(request, flow, 500, extra: RetryAfter(_context.NextRandom(11)));
            return false;
        }

        if ((State != LegState.Confirmed && !IsEarlySession) || IsOfferOutstanding || _okAwaitsAnswer)
        {
            _context.Core.Reply(request, flow, 491);
            return false;
        }

        if (_context.Transactions.IsFull)
        {
            _context.Core.ReplyStateless(request, flow, 503, null, RetryAfter(5));
            return false;
        }

        return isUpdate || !IntervalTooSmall(request, flow);
    }

    private bool TryBody(SipMessage request, in Flow flow, out ReadOnlySpan<byte> sdp)
    {
        if (SdpBody.TryFind(request, out sdp, out var refusal))
        {
            return true;
        }

        _context.Core.Reply(request, flow, refusal, extra: _context.Core.AcceptLine);
        return false;
    }

    private void Begin(SipMessage request, in Flow flow, Dialog dialog, bool hasOffer)
    {
        StopOk();
        ResponseWriting.WriteHead(_context.Block.Clear(), request, flow, []);
        _reoffer = _context.Transactions.Open(request, flow, _context.Block.ToArray());
        _reoffer.Leg = this;
        _reofferHasOffer = hasOffer;
        _reofferDialog = dialog;
        _reofferTarget = Dialog.ContactOf(request);
        _reofferGuard = Now + ReofferLimit;
        if (State == LegState.Confirmed)
        {
            _recordRoute = [];
        }

        if (request.Method != SipMethod.Prack)
        {
            LearnSession(request);
        }
    }

    private void Finish(string sdp)
    {
        if (_reoffer is not { } transaction || (_reofferDialog ?? Dialog) is not { } dialog)
        {
            return;
        }

        dialog.Target = _reofferTarget ?? dialog.Target;
        SetRemoteSdp(_reofferSdp);    // an offer that is refused leaves the old session (RFC 3261 §14.2)
        SetLocalSdp(sdp, isAnswer: _reofferHasOffer);
        if (transaction.Method == SipMethod.Invite)
        {
            SendOk(transaction, sdp, awaitsAnswer: !_reofferHasOffer, []);
        }
        else
        {
            Respond(transaction, 200, null, transaction.Method == SipMethod.Update && State == LegState.Confirmed ? StartSession([], isServer: true) : [], sdp, withContact: true);
        }

        ClearReoffer();
        SendQueuedReoffer();
    }

    private void RefuseReoffer(int status, string text)
    {
        if (_reoffer is { } transaction)
        {
            Respond(transaction, status, text, status == 500 ? RetryAfter(2) : []);
            ClearReoffer();
        }
    }

    private void ClearReoffer()
    {
        if (_reoffer is not null)
        {
            _reoffer.Leg = null;
        }

        _reoffer = null;
        _reofferDialog = null;
        _reofferTarget = null;
        _reofferSdp = [];
        _reofferGuard = DateTimeOffset.MaxValue;
    }
}
