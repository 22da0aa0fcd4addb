using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Session timers: RFC 4028.
internal sealed partial class SipLeg
{
    private bool _peerTimer;
    private int _requestedInterval;
    private bool _requestedUas;
    private bool _requestedUac;
    private int _interval;
    private bool _weRefresh;
    private DateTimeOffset _refreshAt = DateTimeOffset.MaxValue;
    private DateTimeOffset _sessionEnd = DateTimeOffset.MaxValue;

    private DateTimeOffset NextSession => State == LegState.Confirmed ? Min(_refreshAt, _sessionEnd) : State == LegState.Accepted ? _sessionEnd : DateTimeOffset.MaxValue;

    /// <summary>Reads what a request of the peer asks for.</summary>
    private void LearnSession(SipMessage request)
    {
        _peerTimer = request.ListContains(HeaderName.Supported, "timer"u8) || request.ListContains(HeaderName.Require, "timer"u8);
        ReadInterval(request, out _requestedInterval, out _requestedUac, out _requestedUas);
    }

    /// <summary>Refuses a session interval below our minimum by 422 (RFC 4028 §9); only to a peer that understands it.</summary>
    private bool IntervalTooSmall(SipMessage request, in Flow flow)
    {
        if (!SessionInterval.IsTooSmall(request, Options.MinSessionExpires))
        {
            return false;
        }

        _context.Core.Reply(request, flow, 422, extra: _context.Block.Clear().Header("Min-SE"u8, Options.MinSessionExpires).ToArray());
        return true;
    }

    /// <summary>Starts the timer of a session that we answer, and gives the header lines of the 2xx (RFC 4028 §9).</summary>
    /// <param name="before">Lines to put in front.</param>
    /// <param name="isServer">Always true: names the role for the reader.</param>
    private byte[] StartSession(byte[] before, bool isServer)
    {
        if (!_peerTimer || !isServer)
        {
            StopSession();
            return before;
        }

        _interval = _requestedInterval > 0 ? _requestedInterval : Options.SessionExpires;
        _weRefresh = _requestedUas;
        Restart();
        _context.Block.Clear().Raw(before).Raw("Session-Expires: "u8).Number(_interval);
        return _context.Block.Raw(_weRefresh ? ";refresher=uas\r\n"u8 : ";refresher=uac\r\nRequire: timer\r\n"u8).ToArray();
    }

    /// <summary>Takes the timer of a session that the peer answered (RFC 4028 §7.2).</summary>
    private void AcceptSession(SipMessage response)
    {
        ReadInterval(response, out var interval, out var uac, out _);
        if (interval == 0)
        {
            StopSession();
            return;
        }

        _interval = interval;
        _weRefresh = uac;
        Restart();
    }

    /// <summary>Header lines of a request of ours that refreshes the session.</summary>
    private byte[] SessionHeaders()
    {
        var block = _context.Block.Clear().Raw("Allow: "u8).Raw(SipMethods.Allow).Raw("\r\nSupported: timer\r\n"u8);
        if (_interval > 0)
        {
            block.Raw("Session-Expires: "u8).Number(_interval).Raw(_weRefresh ? ";refresher=uac\r\n"u8 : ";refresher=uas\r\n"u8);
            block.Header("Min-SE"u8, Math.Min(_interval, Options.MinSessionExpires));
        }

        return block.ToArray();
    }

    private void StopSession()
    {
        _interval = 0;
        _refreshAt = _sessionEnd = DateTimeOffset.MaxValue;
    }

    private void Restart()
    {
        _refreshAt = _weRefresh ? Now + TimeSpan.FromSeconds(_interval / 2.0) : DateTimeOffset.MaxValue;

        // The side that does not refresh gives up a little before the end (RFC 4028 §10).
        _sessionEnd = Now + TimeSpan.FromSeconds(_interval - Math.Min(32.0, _interval / 3.0));
    }

    private void CheckSession()
    {
        if (State is not (LegState.Confirmed or LegState.Accepted))
        {
            return;
        }

        if (Now >= _sessionEnd)
        {
            StopSession();
            Report(HangupCause.RecoveryOnTimerExpire, 408, "Session timer", byPeer: false);
            SendBye(ReasonLine(HangupCause.RecoveryOnTimerExpire, ""));
        }
        else if (Now >= _refreshAt && State == LegState.Confirmed)
        {
            Refresh();
        }
    }

    private void Refresh()
    {
        if (Dialog is not { } dialog || State != LegState.Confirmed)
        {
            return;
        }

        _refreshAt = DateTimeOffset.MaxValue;
        if (_reoffer is not null || IsOfferOutstanding || _okPacket.Length > 0)
        {
            _refreshAt = Now + TimeSpan.FromSeconds(2);
        }
        else if (_peerUpdates)
        {
            SendInDialog(SipMethod.Update, RequestPurpose.RefreshByUpdate, dialog, SessionHeaders());
        }
        else if (_localSdp.Length > 0)
        {
            // The same session description, version included, so that the media does not change.
            var transaction = SendInDialog(SipMethod.Invite, RequestPurpose.RefreshByInvite, dialog, SessionHeaders(), "application/sdp", _localSdp);
            if (transaction.State != TransactionState.Terminated)
            {
                _reinviteKey = transaction.Key;
            }
        }
    }

    private void OnUpdateResponse(SipMessage response)
    {
        if (response.Status < 200 || State != LegState.Confirmed || Dialog is not { } dialog)
        {
            return;
        }

        if (response.Status < 300)
        {
            dialog.Refresh(response);
            AcceptSession(response);
        }
        else if (response.Status is 405 or 501)
        {
            _peerUpdates = false;
            Refresh();
        }
        else if (response.Status is 408 or 481)
        {
            Lost(response.Status);
        }
        else
        {
            RefreshFailed(response);
        }
    }

    /// <summary>A refresh that failed for a reason that may pass is tried again until the session ends.</summary>
    private void RefreshFailed(SipMessage response)
    {
        if (response.Status == 422 && SipText.TryNumber(response.Value(HeaderName.MinSe), 86_400, out var min))
        {
            _interval = Math.Max(_interval, (int)min);
        }

        _refreshAt = Now + TimeSpan.FromSeconds(Math.Clamp(_interval / 20, 2, 30));
    }

    private static void ReadInterval(SipMessage message, out int interval, out bool uac, out bool uas) =>
        SessionInterval.Read(message, out interval, out uac, out uas);
}
