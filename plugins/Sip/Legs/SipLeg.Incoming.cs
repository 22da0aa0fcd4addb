using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// The side that was called: RFC 3261 §13.3.
internal sealed partial class SipLeg
{
    private ServerTransaction? _invite;
    private byte[] _recordRoute = [];
    private bool _hasOffer;
    private string? _earlySdp;
    private byte[] _okPacket = [];
    private Flow _okFlow;
    private uint _okCSeq;
    private bool _okAwaitsAnswer;
    private TimeSpan _okInterval;
    private DateTimeOffset _okNext = DateTimeOffset.MaxValue;
    private DateTimeOffset _okEnd = DateTimeOffset.MaxValue;
    private byte[] _byeReason = [];

    /// <summary>Makes the leg of a new INVITE: opens its transaction, sends 100, and tells the core.</summary>
    /// <param name="context">The plugin's parts.</param>
    /// <param name="request">The INVITE, checked and admitted.</param>
    /// <param name="flow">Where it came from.</param>
    /// <param name="user">The authenticated user, or null.</param>
    /// <param name="body">The offer; empty when the peer wants ours.</param>
    /// <param name="replaced">The leg that the new one is to take the place of, or default.</param>
    public static void Accept(SipContext context, SipMessage request, in Flow flow, DirectoryUser? user, ReadOnlySpan<byte> body, LegId replaced = default)
    {
        if (!Dialog.TryRouteSet(request, reverse: false, out var routes) || (Dialog.ContactOf(request) ?? OldTarget(request)) is not { } target)
        {
            context.Core.ReplyStateless(request, flow, 400, "Missing or malformed Contact or Record-Route");
            return;
        }

        var tag = context.NewTag();
        ResponseWriting.WriteHead(context.Block.Clear(), request, flow, tag);
        var transaction = context.Transactions.Open(request, flow, context.Block.ToArray());
        var leg = new SipLeg(context, context.Host.Calls.NewLeg(), context.NextId(), isOutgoing: false, context.ProfileOf(flow.Listener))
        {
            State = LegState.Received,
            UserNumber = user?.Number ?? "",
            _invite = transaction,
            _hasOffer = !body.IsEmpty,
        };
        transaction.Leg = leg;
        var local = context.Block.Clear().Echo(request.To);
        if (request.ToTag.IsEmpty)
        {
            local.Raw(";tag="u8).Raw(tag);
        }

        leg.Dialog = new Dialog
        {
            CallId = request.CallId.ToArray(),
            LocalTag = tag,
            RemoteTag = request.FromTag.ToArray(),
            Local = local.ToArray(),
            Remote = context.Block.Clear().Echo(request.From).ToArray(),
            LocalCSeq = (uint)context.NextRandom(0x4000_0000),
            RemoteCSeq = request.CSeq,
            Routes = routes,
            Target = target,
            Flow = flow,
        };
        leg._recordRoute = CopyRecordRoute(context.Block, request);
        leg.SetRemoteSdp(body);
        leg.Learn(request);
        leg.LearnSession(request);
        leg.LearnReliable(request);
        context.Legs.Add(leg);
        context.Legs.AddDialog(leg, leg.Dialog);
        context.Trace.Note(leg.Id, request.CallId);
        leg.Respond(transaction, 100, null, []);
        if (request.Has(HeaderName.Expires) && SipText.TryNumber(request.Value(HeaderName.Expires), uint.MaxValue, out var expires) && expires is > 0 and < 86_400)
        {
            leg._setupEnd = context.Host.Now + TimeSpan.FromSeconds(expires);
            leg.Arm();
        }

        leg.LookUpHop(leg.Dialog);
        leg.ContactUser = IncomingCall.DestinationOf(context, request, flow);
        IncomingCall.Report(context, leg, request, flow, user, leg._hasOffer ? Encoding.UTF8.GetString(body) : null, replaced);
    }

    /// <summary>Before RFC 3261 a Contact was not required: then From is where the peer is called (RFC 2543 §6.13).</summary>
    private static byte[]? OldTarget(SipMessage request) =>
        !request.Has(HeaderName.Contact) && ViaHeader.TryParse(request.TopVia, out var via) && !via.HasCookie && NameAddress.TryParse(request.From, out var from)
            ? from.Uri.ToArray()
            : null;

    /// <summary>The peer cancelled (RFC 3261 §9.2). After our final response it changes nothing.</summary>
    public void OnCancel(SipMessage cancel)
    {
        if (State is LegState.Received or LegState.Alerting)
        {
            Refuse(487, "", []);
            Report(CauseOf(cancel, HangupCause.OriginatorCancel), 487, SipStatus.Reason(487), byPeer: true);
            End();
        }
        else if (_reoffer?.Method == SipMethod.Invite)
        {
            RefuseReoffer(487, "");
        }
    }

    /// <summary>The ACK of a 2xx.</summary>
    public void OnAck(SipMessage request, Dialog dialog)
    {
        if (_okPacket.Length == 0 || request.CSeq != _okCSeq)
        {
            return;
        }

        var awaited = _okAwaitsAnswer;
        StopOk();
        string? answer = null;
        if (awaited)
        {
            if (SdpBody.TryFind(request, out var sdp, out _) && !sdp.IsEmpty)
            {
                SetRemoteSdp(sdp);
                answer = Encoding.UTF8.GetString(sdp);
            }
            else if (State is LegState.Accepted or LegState.Confirmed)
            {
                // Our offer was never answered: there is no session to talk over.
                var wasReported = State == LegState.Accepted;
                State = LegState.Confirmed;
                Hangup(HangupCause.IncompatibleDestination, 0, wasReported ? "No answer in ACK" : "No answer in ACK of re-INVITE");
                Arm();
                return;
            }
        }

        if (State == LegState.Accepted)
        {
            State = LegState.Confirmed;
            _recordRoute = [];
            Post(new LegEvent.Confirmed(Id, answer));
            SendQueuedReoffer();
        }
        else if (State == LegState.Ending)
        {
            SendBye(_byeReason);
        }
        else if (awaited)
        {
            Post(new LegEvent.ReofferAnswered(Id, answer));
        }

        if (State == LegState.Confirmed)
        {
            SendQueuedReoffer();
        }

        Arm();
    }

    private void SendProvisional(int status, string? sdp)
    {
        if (State is not (LegState.Received or LegState.Alerting) || _invite is null || (status == 180 && _earlySdp is not null))
        {
            return;
        }

        State = LegState.Alerting;
        _earlySdp = sdp ?? _earlySdp;
        if (IsReliable(sdp))
        {
            SendReliable(status, sdp);
            return;
        }

        Respond(_invite, status, null, _recordRoute, sdp, withContact: true);
    }

    private void SendAnswer(string sdp)
    {
        if (State is not (LegState.Received or LegState.Alerting) || _invite is null)
        {
            return;
        }

        if (IsReliableOpen && _isReliableWithSdp)
        {
            // No 2xx before the description in the provisional response is acknowledged (RFC 3262 §3).
            _heldAnswer = sdp;
            return;
        }

        StopReliable();
        State = LegState.Accepted;
        _setupEnd = DateTimeOffset.MaxValue;
        if (_isEarlySession)
        {
            // The exchange is complete: a description in the 2xx would be another offer (RFC 6337 §3.1.1).
            SendOk(_invite, null, awaitsAnswer: false, _recordRoute);
        }
        else
        {
            SetLocalSdp(sdp, isAnswer: _hasOffer);
            SendOk(_invite, sdp, awaitsAnswer: !_hasOffer, _recordRoute);
        }

        _invite.Leg = null;
        _invite = null;
        _earlySdp = null;
    }

    /// <summary>Sends a 2xx to an INVITE and keeps it until the ACK (RFC 3261 §13.3.1.4).</summary>
    private void SendOk(ServerTransaction transaction, string? sdp, bool awaitsAnswer, byte[] recordRoute)
    {
        var extra = StartSession(recordRoute, isServer: true);
        _okPacket = Respond(transaction, 200, null, extra, sdp, withContact: true);
        _okFlow = transaction.Flow;
        _okCSeq = transaction.CSeq;
        _okAwaitsAnswer = awaitsAnswer;
        _okInterval = _context.Timers.T1;
        _okNext = Now + _okInterval;
        _okEnd = Now + _context.Timers.Timeout;
    }

    private void RepeatOk()
    {
        if (Now < _okNext || Dialog is null)
        {
            return;
        }

        if (Now >= _okEnd)
        {
            StopOk();
            Report(HangupCause.RecoveryOnTimerExpire, 408, "No ACK", byPeer: false);
            SendBye(ReasonLine(HangupCause.RecoveryOnTimerExpire, ""));
            return;
        }

        _okInterval = _okInterval * 2 > _context.Timers.T2 ? _context.Timers.T2 : _okInterval * 2;
        _okNext = Min(Now + _okInterval, _okEnd);
        _context.Transport.Send(_okFlow, _okPacket, 0);
    }

    private void StopOk()
    {
        _okPacket = [];
        _okAwaitsAnswer = false;
        _okNext = _okEnd = DateTimeOffset.MaxValue;
    }

    private void Redirect(string target)
    {
        if (State is not (LegState.Received or LegState.Alerting))
        {
            return;
        }

        var uri = TargetUri(target);
        var contact = _context.Block.Clear().Raw("Contact: <"u8).Value(uri).Raw(">\r\n"u8).ToArray();
        Refuse(302, "", contact);
        Report(HangupCause.RedirectionToNewDestination, 302, SipStatus.Reason(302), byPeer: false);
        End();
    }

    private void Refuse(int status, string text, byte[] extra)
    {
        StopReliable();
        if (_invite is { } invite)
        {
            Respond(invite, status, text, extra);
            invite.Leg = null;
            _invite = null;
        }
    }

    /// <summary>Builds a response on a transaction's head and sends it through the transaction.</summary>
    private byte[] Respond(ServerTransaction transaction, int status, string? reason, byte[] extra, string? sdp = null, bool withContact = false)
    {
        var writer = _context.Writer;
        ResponseWriting.WriteStatus(writer, status, reason is { Length: > 0 and <= 128 } ? reason : null).Raw(transaction.ResponseHead);
        if (withContact)
        {
            writer.Raw("Contact: "u8);
            _context.WriteContact(writer, ContactUser, transaction.Flow);
            writer.Raw("\r\nAllow: "u8).Raw(SipMethods.Allow).Raw("\r\nSupported: timer, 100rel, replaces\r\n"u8);
        }

        writer.Raw(extra).Header("Server"u8, _context.Options.UserAgent);
        writer.Body("application/sdp"u8, sdp is null ? [] : Encoding.UTF8.GetBytes(sdp));
        var packet = writer.ToArray();
        _context.Transactions.Respond(transaction, status, packet);
        return packet;
    }

    private static byte[] CopyRecordRoute(SipWriter block, SipMessage request)
    {
        if (!request.Has(HeaderName.RecordRoute))
        {
            return [];
        }

        block.Clear();
        for (var i = request.First(HeaderName.RecordRoute); i >= 0; i = request.Field(i).Next)
        {
            block.Raw("Record-Route: "u8).Echo(request.At(request.Field(i).Value)).Line();
        }

        return block.ToArray();
    }
}
