using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transactions;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Hand-over to another version: an array whose positions are the keys. New fields go to the end.
internal sealed partial class SipLeg
{
    private const int Fields = 52;

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(Fields);
        writer.WriteGuid(Id.Value);
        writer.Write(Key);
        writer.Write(IsOutgoing);
        writer.WriteText(Profile);
        writer.Write((byte)State);
        writer.WriteText(UserNumber);
        writer.WriteText(ContactUser);
        writer.Write(_isReported);
        writer.Write(_timer.Value);
        writer.WriteTime(_timerDue);
        WriteDialog(ref writer, Dialog);
        writer.WriteArrayHeader(_early.Count);
        foreach (var early in _early)
        {
            early.Write(ref writer);
        }

        // Incoming.
        writer.Write(_recordRoute);
        writer.Write(_hasOffer);
        writer.WriteText(_earlySdp);
        writer.Write(_okPacket);
        writer.WriteFlow(_okFlow);
        writer.Write(_okCSeq);
        writer.Write(_okAwaitsAnswer);
        writer.WriteTime(_okInterval);
        writer.WriteTime(_okNext);
        writer.WriteTime(_okEnd);
        writer.Write(_byeReason);

        // Outgoing.
        if (_call is null)
        {
            writer.WriteNil();
        }
        else
        {
            _call.Write(ref writer);
        }

        writer.WriteText(_inviteKey);
        writer.Write(_cancelReason);
        writer.Write(_isCancelSent);
        writer.Write(_isRinging);
        writer.WriteTime(_setupEnd);
        writer.WriteArrayHeader(_acks.Count);
        foreach (var ack in _acks)
        {
            writer.WriteArrayHeader(4);
            writer.Write(ack.CSeq);
            writer.Write(ack.RemoteTag);
            writer.WriteFlow(ack.Flow);
            writer.Write(ack.Packet);
        }

        // Session and transfer.
        writer.Write(_peerUpdates);
        writer.Write(_localSdp);
        writer.Write(_remoteSdp);
        writer.Write(_weAnswered);
        writer.Write(_reofferHasOffer);
        writer.Write(_reofferTarget);
        writer.Write(_reofferSdp);
        writer.WriteTime(_reofferGuard);
        writer.WriteText(_reinviteKey);
        writer.Write(_isAckDue);
        writer.Write(_isQueued);
        writer.WriteText(_queuedSdp);
        writer.Write(_glares);
        writer.WriteTime(_retryAt);
        writer.Write((_peerTimer ? 1 : 0) | (_requestedUas ? 2 : 0) | (_requestedUac ? 4 : 0) | (_weRefresh ? 8 : 0) | (_isReferSilent ? 16 : 0) | (_isReferring ? 32 : 0));
        writer.Write(_requestedInterval);
        writer.Write(_interval);
        writer.WriteTime(_refreshAt);
        writer.WriteTime(_sessionEnd);
        writer.Write(_referId);
        writer.Write(_reoffer?.Id ?? 0);
        WriteReliable(ref writer);
    }

    public static void Read(SipContext context, ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var leg = new SipLeg(context, new LegId(fields.Guid(ref reader)), fields.Int64(ref reader), fields.Bool(ref reader), fields.Text(ref reader))
        {
            State = (LegState)fields.Byte(ref reader),
            UserNumber = fields.Text(ref reader),
            ContactUser = fields.Text(ref reader),
            _isReported = fields.Bool(ref reader),
            _timer = new TimerId(fields.Int64(ref reader)),
            _timerDue = fields.Time(ref reader),
            Dialog = fields.Nested(ref reader) ? Dialogs.Dialog.Read(ref reader) : null,
        };
        var early = fields.Array(ref reader);
        for (var i = 0; i < early; i++)
        {
            leg._early.Add(Dialogs.Dialog.Read(ref reader));
        }

        leg._recordRoute = fields.BytesOrEmpty(ref reader);
        leg._hasOffer = fields.Bool(ref reader);
        leg._earlySdp = fields.OptionalText(ref reader);
        leg._okPacket = fields.BytesOrEmpty(ref reader);
        leg._okFlow = fields.Flow(ref reader);
        leg._okCSeq = (uint)fields.Int64(ref reader);
        leg._okAwaitsAnswer = fields.Bool(ref reader);
        leg._okInterval = fields.Span(ref reader);
        leg._okNext = fields.Time(ref reader);
        leg._okEnd = fields.Time(ref reader);
        leg._byeReason = fields.BytesOrEmpty(ref reader);
        leg._call = fields.Nested(ref reader) ? OutgoingCall.Read(ref reader) : null;
        leg._inviteKey = fields.Text(ref reader);
        leg._cancelReason = fields.Bytes(ref reader);
        leg._isCancelSent = fields.Bool(ref reader);
        leg._isRinging = fields.Bool(ref reader);
        leg._setupEnd = fields.Time(ref reader);
        var acks = fields.Array(ref reader);
        for (var i = 0; i < acks; i++)
        {
            var one = new FieldReader(ref reader);
            var cseq = (uint)one.Int64(ref reader);
            var tag = one.BytesOrEmpty(ref reader);
            var flow = one.Flow(ref reader);
            leg._acks.Add(new SentAck(cseq, tag, flow, one.BytesOrEmpty(ref reader)));
            one.End(ref reader);
        }

        leg._peerUpdates = fields.Bool(ref reader);
        leg._localSdp = fields.BytesOrEmpty(ref reader);
        leg._remoteSdp = fields.BytesOrEmpty(ref reader);
        leg._weAnswered = fields.Bool(ref reader);
        leg._reofferHasOffer = fields.Bool(ref reader);
        leg._reofferTarget = fields.Bytes(ref reader);
        leg._reofferSdp = fields.BytesOrEmpty(ref reader);
        leg._reofferGuard = fields.Time(ref reader);
        leg._reinviteKey = fields.Text(ref reader);
        leg._isAckDue = fields.Bool(ref reader);
        leg._isQueued = fields.Bool(ref reader);
        leg._queuedSdp = fields.OptionalText(ref reader);
        leg._glares = fields.Int32(ref reader);
        leg._retryAt = fields.Time(ref reader);
        var flags = fields.Int32(ref reader);
        leg._peerTimer = (flags & 1) != 0;
        leg._requestedUas = (flags & 2) != 0;
        leg._requestedUac = (flags & 4) != 0;
        leg._weRefresh = (flags & 8) != 0;
        leg._isReferSilent = (flags & 16) != 0;
        leg._isReferring = (flags & 32) != 0;
        leg._requestedInterval = fields.Int32(ref reader);
        leg._interval = fields.Int32(ref reader);
        leg._refreshAt = fields.Time(ref reader);
        leg._sessionEnd = fields.Time(ref reader);
        leg._referId = (uint)fields.Int64(ref reader);
        leg._reofferId = fields.Int64(ref reader);
        if (fields.Nested(ref reader))
        {
            leg.ReadReliable(ref reader);
        }

        fields.End(ref reader);
        context.Legs.Add(leg);
    }

    // Number of the transaction of the peer's re-INVITE while legs are read and transactions are not.
    private long _reofferId;

    /// <summary>Enters its dialogs again once connections and legs are read.</summary>
    public void Relink()
    {
        foreach (var early in _early)
        {
            early.IsAttached = false;
            _context.Legs.AddDialog(this, early);
        }

        if (Dialog is { } dialog)
        {
            dialog.IsAttached = false;
            _context.Legs.AddDialog(this, dialog);
        }

    }

    /// <summary>Takes back a transaction that it answers.</summary>
    public void Relink(ServerTransaction transaction)
    {
        if (transaction.Id == _reofferId)
        {
            _reoffer = transaction;
        }
        else if (transaction is InviteServerTransaction)
        {
            _invite = transaction;
        }
    }

    private static void WriteDialog(ref MessagePackWriter writer, Dialog? dialog)
    {
        if (dialog is null)
        {
            writer.WriteNil();
        }
        else
        {
            dialog.Write(ref writer);
        }
    }
}
