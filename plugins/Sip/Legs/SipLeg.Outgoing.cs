using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// The side that calls: RFC 3261 §13.2.
internal sealed partial class SipLeg
{
    private const int MaxForks = 16;
    private static readonly TimeSpan SetupLimit = TimeSpan.FromHours(1);
    private readonly List<Dialog> _early = [];
    private readonly List<SentAck> _acks = [];
    private OutgoingCall? _call;
    private string _inviteKey = "";
    private byte[]? _cancelReason;
    private bool _isCancelSent;
    private bool _isRinging;
    private byte[] _heldEarlySdp = [];
    private DateTimeOffset _tryEnd = DateTimeOffset.MaxValue;
    private DateTimeOffset _setupEnd = DateTimeOffset.MaxValue;

    /// <summary>Makes a leg toward an address and starts calling.</summary>
    public static void Originate(SipContext context, LegCommand.Originate command)
    {
        if (!OutgoingCall.TryCreate(context, command, out var call, out var cause, out var text))
        {
            context.Host.Calls.Post(new LegEvent.HungUp(command.Leg, cause, 0, text, ByPeer: false));
            return;
        }

        var leg = new SipLeg(context, command.Leg, context.NextId(), isOutgoing: true, call.Profile)
        {
            State = LegState.Locating,
            UserNumber = call.UserNumber,
            ContactUser = call.ContactUser,
            _call = call,
            _setupEnd = context.Host.Now + SetupLimit,
        };
        context.Legs.Add(leg);
        leg.SetLocalSdp(command.Offer, isAnswer: false);
        context.Trace.Note(leg.Id, call.CallId);
        leg.Call(call);
        leg.Arm();
    }

    /// <summary>The flow of the INVITE; empty before it is known.</summary>
    public Flow InviteFlow => _call?.Flow ?? default;

    /// <summary>The servers of the target were found.</summary>
    public void OnLocated(IReadOnlyList<Way> ways)
    {
        if (State != LegState.Locating || _call is not { } call)
        {
            return;
        }

        call.Take(ways);
        if (!TryNextWay())
        {
            Report(HangupCause.NoRouteDestination, 0, "Cannot find " + call.HostName, byPeer: false);
            End();
        }

        Arm();
    }

    private void Call(OutgoingCall call)
    {
        if (call.Flow.IsEmpty)
        {
            State = LegState.Locating;
            _context.Locator.Find(TimerKind.Leg, Key, call.Hop, Profile);
        }
        else
        {
            SendInvite(call.Flow, [], 0);
        }
    }

    /// <summary>Tries the next server (RFC 3263 §4.3).</summary>
    private bool TryNextWay()
    {
        if (_call is not { } call || !call.TryNextFlow(_context, out var flow))
        {
            return false;
        }

        SendInvite(flow, [], 0);
        return true;
    }

    /// <summary>A server that says nothing at all is not waited for as long as there is another.</summary>
    private void CheckTry()
    {
        if (Now < _tryEnd)
        {
            return;
        }

        _tryEnd = DateTimeOffset.MaxValue;
        if (State == LegState.Calling)
        {
            Abandon(_inviteKey);
            TryNextWay();
        }
    }

    /// <summary>A lookup of this leg ended.</summary>
    public void OnResolved(IReadOnlyList<IPAddress> addresses)
    {
        if (Dialog is { } dialog && addresses.Count > 0 && !addresses.Contains(dialog.Flow.Remote.Address) && SipUri.TryParse(dialog.NextHop, out var hop))
        {
            dialog.Hop = new IPEndPoint(addresses[0], hop.Port == 0 ? 5060 : hop.Port);
        }
    }

    private void SendInvite(in Flow flow, byte[] credentials, int authTries)
    {
        var call = _call!;
        State = LegState.Calling;
        call.Flow = flow;
        call.CSeq++;
        _tryEnd = call.HasNextWay ? Now + (16 * _context.Timers.T1) : DateTimeOffset.MaxValue;
        var extra = _context.Block.Clear().Raw(call.Headers).Raw("Allow: "u8).Raw(SipMethods.Allow)
            .Raw(Options.Reliable != ReliableMode.Off && _localSdp.Length > 0 ? "\r\nSupported: timer, replaces, 100rel\r\nSession-Expires: "u8 : "\r\nSupported: timer, replaces\r\nSession-Expires: "u8)
            .Number(Math.Max(Options.SessionExpires, call.MinSessionExpires)).Line().Header("Min-SE"u8, Math.Max(Options.MinSessionExpires, call.MinSessionExpires)).ToArray();
        var request = new ClientRequest
        {
            Method = SipMethod.Invite,
            Purpose = RequestPurpose.Invite,
            RequestUri = call.RequestUri,
            Routes = call.Routes,
            From = call.From,
            To = call.To,
            CallId = call.CallId,
            CSeq = call.CSeq,
            Branch = _context.NewBranch(),
            ContactUser = ContactUser,
            Extra = extra,
            Credentials = credentials,
            AuthTries = authTries,
            ContentType = "application/sdp",
            Body = _localSdp,
            MaxForwards = call.MaxForwards,
        };
        _inviteKey = request.TransactionKey;
        _context.Transactions.Start(request, flow, this);
    }

    private void OnInviteResponse(ClientTransaction transaction, SipMessage response)
    {
        if (response.Status < 200)
        {
            OnProvisional(transaction, response);
        }
        else if (response.Status < 300)
        {
            OnInviteOk(transaction, response);
        }
        else if (response.Status == 422 && State != LegState.Ending && _call is { IntervalTries: < 2 } call
            && SipText.TryNumber(response.Value(HeaderName.MinSe), 86_400, out var min) && min > call.MinSessionExpires)
        {
            call.MinSessionExpires = (int)min;
            call.IntervalTries++;
            SendInvite(call.Flow, transaction.Request.Credentials, transaction.Request.AuthTries);
        }
        else
        {
            OnInviteFailed(response.Status, SipText.Decode(response.Reason), response);
        }
    }

    private void OnProvisional(ClientTransaction transaction, SipMessage response)
    {
        if (State == LegState.Ending)
        {
            SendCancel(transaction);
            return;
        }

        if (State is not (LegState.Calling or LegState.Proceeding))
        {
            return;
        }

        State = LegState.Proceeding;
        _tryEnd = DateTimeOffset.MaxValue;
        if (response.Status == 100)
        {
            return;
        }

        Learn(response);
        if (!response.ToTag.IsEmpty)
        {
            EarlyDialog(transaction, response);
            if (!TryAcknowledge(transaction, response))
            {
                return;
            }
        }

        if (response.Status == 180 && !_isRinging)
        {
            _isRinging = true;
            Post(new LegEvent.Ringing(Id));
        }

        if (_localSdp.Length > 0 && SdpBody.TryFind(response, out var sdp, out _) && !sdp.IsEmpty && !sdp.SequenceEqual(_remoteSdp))
        {
            if (EarlyMedia.IsInactive(response))
            {
                // The network says that there is nothing to hear yet (RFC 5009 §8).
                _heldEarlySdp = sdp.ToArray();
                return;
            }

            // The most recent early dialog with a session description is the one that is heard.
            SetRemoteSdp(sdp);
            Post(new LegEvent.Progress(Id, Encoding.UTF8.GetString(sdp)));
        }
    }

    private void OnInviteOk(ClientTransaction transaction, SipMessage response)
    {
        if (FindAck(transaction.Request.CSeq, response.ToTag) is { } ack)
        {
            _context.Transport.Send(ack.Flow, ack.Packet, 0);
            return;
        }

        if (State is LegState.Calling or LegState.Proceeding)
        {
            Answered(transaction, response);
            return;
        }

        if (State == LegState.Answering && Dialog is { } waiting && waiting.RemoteTag.AsSpan().SequenceEqual(response.ToTag))
        {
            return;    // the core has not given the answer for the ACK yet
        }

        if (State == LegState.Ending && Dialog is null)
        {
            // The 2xx crossed our CANCEL (RFC 3261 §9.1): take the call and end it.
            Dialog = TakeDialog(transaction, response);
            SendAck([], "");
            SendBye(_cancelReason ?? []);
            return;
        }

        // Another branch of a forked INVITE answered too: take it and end it (RFC 3261 §13.2.2.4).
        if (_acks.Count < MaxForks)
        {
            var fork = MakeDialog(transaction, response);
            SendAck(fork, transaction.Request, [], "");
            SendInDialog(SipMethod.Bye, RequestPurpose.ForkBye, fork, ReasonLine(HangupCause.LoseRace, ""));
        }
    }

    private void Answered(ClientTransaction transaction, SipMessage response)
    {
        Dialog = TakeDialog(transaction, response);
        _setupEnd = DateTimeOffset.MaxValue;
        Learn(response);
        var hasSdp = SdpBody.TryFind(response, out var sdp, out _) && !sdp.IsEmpty;
        var variables = OutgoingCall.AnswerVariables(response, Dialog);
        if (_localSdp.Length == 0)
        {
            // We made no offer: the peer's is in the 2xx and our answer goes into the ACK.
            Post(new LegEvent.Answered(Id, null, variables));
            if (!hasSdp)
            {
                State = LegState.Answering;
                Hangup(HangupCause.IncompatibleDestination, 0, "No offer in 2xx");
                return;
            }

            State = LegState.Answering;
            _setupEnd = Now + _context.Timers.Timeout;
            SetRemoteSdp(sdp);
            AcceptSession(response);
            Post(new LegEvent.Reoffered(Id, Encoding.UTF8.GetString(sdp)));
            return;
        }

        SendAck([], "");
        State = LegState.Confirmed;
        AcceptSession(response);
        if (!hasSdp && _heldEarlySdp.Length > 0)
        {
            hasSdp = true;
            sdp = _heldEarlySdp;
        }

        _heldEarlySdp = [];
        var isNew = hasSdp && !sdp.SequenceEqual(_remoteSdp);
        if (isNew)
        {
            SetRemoteSdp(sdp);
        }

        Post(new LegEvent.Answered(Id, isNew ? Encoding.UTF8.GetString(sdp) : null, variables));
        LookUpHop(Dialog);
        SendQueuedReoffer();
    }

    private void OnInviteFailed(int status, string reason, SipMessage? response)
    {
        if (State is LegState.Calling or LegState.Proceeding or LegState.Locating)
        {
            _tryEnd = DateTimeOffset.MaxValue;
            if ((status is 503 or 408 && State == LegState.Calling && TryNextWay()) || TryElsewhere(status, response))
            {
                return;
            }

            var cause = response is null ? HangupCauses.FromSipStatus(status) : CauseOf(response, HangupCauses.FromSipStatus(status));
            Report(cause, status, reason.Length > 0 ? reason : SipStatus.Reason(status), byPeer: response is not null);
            End();
        }
        else if (State == LegState.Ending && Dialog is null)
        {
            End();
        }
    }

    private void CancelInvite(byte[] reason)
    {
        State = LegState.Ending;
        _cancelReason = reason;
        _setupEnd = DateTimeOffset.MaxValue;
        if (_context.Transactions.FindClient(_inviteKey) is { State: TransactionState.Proceeding } transaction)
        {
            SendCancel(transaction);
        }
        else if (_context.Transactions.FindClient(_inviteKey) is null)
        {
            End();
        }
    }

    private void SendCancel(ClientTransaction invite)
    {
        if (_isCancelSent)
        {
            return;
        }

        _isCancelSent = true;
        var request = invite.Request;
        _context.Transactions.Start(
            new ClientRequest
            {
                Method = SipMethod.Cancel,
                Purpose = RequestPurpose.Cancel,
                RequestUri = request.RequestUri,
                Routes = request.Routes,
                From = request.From,
                To = request.To,
                CallId = request.CallId,
                CSeq = request.CSeq,
                Branch = request.Branch,
                Extra = _cancelReason ?? [],
            },
            invite.Flow,
            this);
        _context.Transactions.Handle(invite, new TransactionInput(TransactionInputKind.FinalDue));
    }
}
