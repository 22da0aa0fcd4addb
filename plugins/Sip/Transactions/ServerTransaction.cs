using MessagePack;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>A transaction for a request of the peer.</summary>
internal abstract class ServerTransaction(TransactionTimers timers, bool reliable) : Transaction(timers, reliable)
{
    public SipMethod Method { get; init; }

    public uint CSeq { get; init; }

    /// <summary>Via, From, To with our tag, Call-ID and CSeq lines of every response; empty once the final one is out.</summary>
    public byte[] ResponseHead { get; set; } = [];

    /// <summary>Key under which a merged request would be found (RFC 3261 §8.2.2.2); empty within a dialog.</summary>
    public string MergeKey { get; init; } = "";

    /// <summary>The leg that answers it; null when it was answered at once.</summary>
    public SipLeg? Leg { get; set; }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(12);
        writer.Write((byte)Method);
        writer.Write(Id);
        writer.WriteText(Key);
        writer.WriteText(MergeKey);
        writer.Write(CSeq);
        writer.Write(IsReliable);
        writer.WriteFlow(Flow);
        writer.Write(ResponseHead);
        writer.Write(Leg is { State: not LegState.Ended } leg ? leg.Key : 0);
        writer.Write(Timer.Value);
        writer.WriteTime(TimerDue);
        WriteMachine(ref writer);
    }

    public static ServerTransaction Read(ref MessagePackReader reader, TransactionTimers timers, Func<long, SipLeg?> findLeg)
    {
        var fields = new FieldReader(ref reader);
        var method = (SipMethod)fields.Byte(ref reader);
        var id = fields.Int64(ref reader);
        var key = fields.Text(ref reader);
        var merge = fields.Text(ref reader);
        var cseq = (uint)fields.Int64(ref reader);
        var reliable = fields.Bool(ref reader);
        ServerTransaction transaction = method == SipMethod.Invite
            ? new InviteServerTransaction(timers, reliable) { Id = id, Key = key, MergeKey = merge, CSeq = cseq, Method = method }
            : new NonInviteServerTransaction(timers, reliable) { Id = id, Key = key, MergeKey = merge, CSeq = cseq, Method = method };
        transaction.Flow = fields.Flow(ref reader);
        transaction.ResponseHead = fields.BytesOrEmpty(ref reader);
        transaction.Leg = findLeg(fields.Int64(ref reader));
        transaction.Timer = new Abstractions.TimerId(fields.Int64(ref reader));
        transaction.TimerDue = fields.Time(ref reader);
        fields.Nested(ref reader);
        transaction.ReadMachine(ref reader);
        fields.End(ref reader);
        return transaction;
    }

    protected abstract void WriteMachine(ref MessagePackWriter writer);

    protected abstract void ReadMachine(ref MessagePackReader reader);
}
