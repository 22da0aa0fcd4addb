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
        if (call.Flow.IsEmpty)
        {
            context.Host.Resolve(TimerKey.Make(TimerKind.Leg, leg.Key), call.HostName);
        }
        else
        {
            leg.SendInvite(call.Flow, [], 0);
        }

        leg.Arm();
    }

    /// <summary>A lookup of this leg ended.</summary>
    public void OnResolved(IReadOnlyList<IPAddress> addresses)
    {
        if (State == LegState.Locating && _call is { } call)
        {
            foreach (var address in addresses)
            {
                if (call.TryFlow(_context, address, out var flow))
                {
                    SendInvite(flow, [], 0);
                    Arm();
                    return;
                }
            }

            Report(HangupCause.NoRouteDestination, 0, "Cannot find " + call.HostName, byPeer: false);
            End();
        }
        else if (Dialog is { } dialog && addresses.Count > 0 && !addresses.Contains(dialog.Flow.Remote.Address) && SipUri.TryParse(dialog.NextHop, out var hop))
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
        var extra = _context.Block.Clear().Raw(call.Headers).Raw("Allow: "u8).Raw(SipMethods.Allow).Raw("\r\nSupported: timer\r\nSession-Expires: "u8)
            .Number(Math.Max(_context.Options.SessionExpires, call.MinSessionExpires)).Line().Header("Min-SE"u8, Math.Max(_context.Options.MinSessionExpires, call.MinSessionExpires)).ToArray();
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
        if (response.Status == 100)
        {
            return;
        }

        Learn(response);
        if (!response.ToTag.IsEmpty)
        {
            EarlyDialog(transaction, response);
        }

        if (response.Status == 180 && !_isRinging)
        {
            _isRinging = true;
            Post(new LegEvent.Ringing(Id));
        }

        if (_localSdp.Length > 0 && SdpBody.TryFind(response, out var sdp, out _) && !sdp.IsEmpty && !sdp.SequenceEqual(_remoteSdp))
        {
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

    /// <summary>The early dialog of a response, made when it is new.</summary>
    private void EarlyDialog(ClientTransaction transaction, SipMessage response)
    {
        foreach (var known in _early)
        {
            if (known.RemoteTag.AsSpan().SequenceEqual(response.ToTag))
            {
                return;
            }
        }

        if (_early.Count < MaxForks)
        {
            var dialog = MakeDialog(transaction, response);
            _early.Add(dialog);
            _context.Legs.AddDialog(this, dialog);
        }
    }

    /// <summary>The dialog of the 2xx that wins; the early ones of other branches are dropped.</summary>
    private Dialog TakeDialog(ClientTransaction transaction, SipMessage response)
    {
        foreach (var early in _early)
        {
            _context.Legs.RemoveDialog(this, early);
        }

        _early.Clear();
        var dialog = MakeDialog(transaction, response);
        _context.Legs.AddDialog(this, dialog);
        return dialog;
    }

    private Dialog MakeDialog(ClientTransaction transaction, SipMessage response)
    {
        Dialog.TryRouteSet(response, reverse: true, out var routes);
        return new Dialog
        {
            CallId = _call!.CallId,
            LocalTag = _call.LocalTag,
            RemoteTag = response.ToTag.ToArray(),
            Local = _call.From,
            Remote = _context.Block.Clear().Echo(response.To).ToArray(),
            LocalCSeq = _call.CSeq,
            Routes = routes,
            Target = Dialog.ContactOf(response) ?? transaction.Request.RequestUri,
            Flow = transaction.Flow,
        };
    }

    private void SendAck(byte[] body, string contentType)
    {
        if (Dialog is { } dialog && _context.Transactions.FindClient(_inviteKey) is { } transaction)
        {
            SendAck(dialog, transaction.Request, body, contentType);
        }
    }

    /// <summary>Sends the ACK of a 2xx: a request of its own within the dialog (RFC 3261 §13.2.2.4), kept for repetitions of the 2xx.</summary>
    private void SendAck(Dialog dialog, ClientRequest invite, byte[] body, string contentType)
    {
        var uri = dialog.Route(_context.Block, out var routes);
        var ack = new ClientRequest
        {
            Method = SipMethod.Ack,
            Purpose = RequestPurpose.Message,
            RequestUri = uri,
            Routes = routes,
            From = dialog.Local,
            To = dialog.Remote,
            CallId = dialog.CallId,
            CSeq = invite.CSeq,
            Branch = _context.NewBranch(),
            ContactUser = ContactUser,
            Credentials = invite.Credentials,
            ContentType = contentType,
            Body = body,
        };
        var flow = FlowTo(dialog);
        ack.WriteTo(_context.Writer, flow, _context);
        var packet = _context.Writer.ToArray();
        if (_acks.Count >= MaxForks)
        {
            _acks.RemoveAt(0);
        }

        _acks.Add(new SentAck(invite.CSeq, dialog.RemoteTag, flow, packet));
        _context.Transport.Send(flow, packet, 0);
        invite.Body = [];
        invite.Extra = [];
    }

    private SentAck? FindAck(uint cseq, ReadOnlySpan<byte> tag)
    {
        foreach (var ack in _acks)
        {
            if (ack.CSeq == cseq && ack.RemoteTag.AsSpan().SequenceEqual(tag))
            {
                return ack;
            }
        }

        return null;
    }

    /// <summary>An ACK that was sent.</summary>
    /// <param name="CSeq">Of the INVITE.</param>
    /// <param name="RemoteTag">Tag of the branch that answered.</param>
    /// <param name="Flow">Where it went.</param>
    /// <param name="Packet">The message.</param>
    private sealed record SentAck(uint CSeq, byte[] RemoteTag, Flow Flow, byte[] Packet);
}
