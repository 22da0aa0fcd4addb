using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// REFER in both directions: RFC 3515, RFC 3891, RFC 4488.
internal sealed partial class SipLeg
{
    // CSeq of the peer's REFER that is reported on, or 0.
    private uint _referId;
    private bool _isReferSilent;

    // What was reported last of it; told once more after a hand-over.
    private int _referStatus;
    private bool _isReferring;

    private void OnRefer(SipMessage request, in Flow flow, Dialog dialog)
    {
        if (State != LegState.Confirmed)
        {
            _context.Core.Reply(request, flow, 491);
            return;
        }

        if (_referId != 0)
        {
            _context.Core.Reply(request, flow, 491, "Transfer in progress");
            return;
        }

        if (!ReferTarget.TryParse(_context, request, flow, out var target, out var replaces, out var refusal))
        {
            _context.Core.Reply(request, flow, refusal);
            return;
        }

        _isReferSilent = SipText.EqualsIgnoreCase(request.Value(HeaderName.ReferSub), "false"u8);
        dialog.Refresh(request);
        var block = _context.Block.Clear().Raw("Contact: "u8);
        _context.WriteContact(block, ContactUser, flow);
        block.Line();
        if (_isReferSilent)
        {
            block.Raw("Refer-Sub: false\r\n"u8);
        }

        _context.Core.Reply(request, flow, 202, extra: block.ToArray());
        _referId = request.CSeq;
        NotifyTransfer(100, isFinal: false);
        var referredBy = NameAddress.TryParse(request.Value(HeaderName.ReferredBy), out var by) ? SipText.Decode(by.Uri) : null;
        Post(new LegEvent.TransferRequested(Id, target, replaces, referredBy));
    }

    /// <summary>Reports how the transfer goes.</summary>
    private void NotifyTransfer(int status, bool isFinal)
    {
        if (_referId == 0 || Dialog is not { } dialog || State != LegState.Confirmed)
        {
            return;
        }

        if (!isFinal && status == _referStatus)
        {
            return;    // said already
        }

        _referStatus = isFinal ? 0 : status;
        var id = _referId;
        if (isFinal)
        {
            _referId = 0;
        }

        if (_isReferSilent || status is < 100 or > 699)
        {
            return;
        }

        var extra = _context.Block.Clear().Raw("Event: refer;id="u8).Number(id)
            .Raw(isFinal ? "\r\nSubscription-State: terminated;reason=noresource\r\n"u8 : "\r\nSubscription-State: active;expires=60\r\n"u8).ToArray();
        var body = _context.Block.Clear().Raw("SIP/2.0 "u8).Number(status).Raw(" "u8).Value(SipStatus.Reason(status)).Line().ToArray();
        SendInDialog(SipMethod.Notify, RequestPurpose.Notify, dialog, extra, "message/sipfrag;version=2.0", body);
    }

    private void SendRefer(string target)
    {
        if (State != LegState.Confirmed || Dialog is not { } dialog)
        {
            return;
        }

        _isReferring = true;
        var extra = _context.Block.Clear().Raw("Refer-To: <"u8).Value(TargetUri(target)).Raw(">\r\nReferred-By: <sip:"u8)
            .User(ContactUser).Raw("@"u8).Value(_context.Host.Directory.Domain).Raw(">\r\n"u8).ToArray();
        SendInDialog(SipMethod.Refer, RequestPurpose.Refer, dialog, extra);
    }

    private void OnReferResponse(SipMessage response)
    {
        if (response.Status is 408 or 481)
        {
            Lost(response.Status);
        }
        else if (response.Status >= 300)
        {
            _isReferring = false;
            _context.Host.Log(PluginLogLevel.Warning, Id, $"REFER was refused: {response.Status} {SipText.Decode(response.Reason)}");
        }
    }

    private void OnNotify(SipMessage request, in Flow flow)
    {
        var package = request.Value(HeaderName.Event);
        var semicolon = package.IndexOf((byte)';');
        if (!_isReferring || !SipText.EqualsIgnoreCase(SipText.Trim(semicolon < 0 ? package : package[..semicolon]), "refer"u8))
        {
            _context.Core.Reply(request, flow, 481);
            return;
        }

        _context.Core.Reply(request, flow, 200);
        var body = request.Body;
        if (!body.StartsWith("SIP/2.0 "u8) || body.Length < 11 || !SipText.TryNumber(body[8..11], 699, out var status) || status < 200)
        {
            return;
        }

        _isReferring = false;
        if (status < 300)
        {
            // The peer talks to the target now; this call has done its duty.
            Hangup(HangupCause.BlindTransfer, 0, "");
        }
        else
        {
            _context.Host.Log(PluginLogLevel.Warning, Id, $"The peer's transfer failed: {status}");
        }
    }
}
