using MessagePack;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>A transaction for a request of ours.</summary>
internal abstract class ClientTransaction(TransactionTimers timers, bool reliable) : Transaction(timers, reliable)
{
    /// <summary>The request, for its ACK, its CANCEL, and for sending it again with credentials.</summary>
    public required ClientRequest Request { get; init; }

    /// <summary>The leg that sent it; null for requests that belong to no leg.</summary>
    public SipLeg? Leg { get; set; }

    /// <summary>Where to send by UDP when the stream that was chosen for the size of the request cannot be opened (RFC 3261 §18.1.1).</summary>
    public Flow Fallback { get; set; }

    /// <summary>Takes the request as written for another transport; nothing is sent yet.</summary>
    public abstract void Restart(byte[] request, bool reliable);

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(9);
        writer.Write(Request.Method == Protocol.SipMethod.Invite);
        writer.Write(Id);
        writer.Write(IsReliable);
        writer.WriteFlow(Flow);
        writer.WriteFlow(Fallback);
        writer.Write(Timer.Value);
        writer.WriteTime(TimerDue);
        Request.Write(ref writer);
        WriteMachine(ref writer);
    }

    public static ClientTransaction Read(ref MessagePackReader reader, TransactionTimers timers)
    {
        var fields = new FieldReader(ref reader);
        var invite = fields.Bool(ref reader);
        var id = fields.Int64(ref reader);
        var reliable = fields.Bool(ref reader);
        var flow = fields.Flow(ref reader);
        var fallback = fields.Flow(ref reader);
        var timer = fields.Int64(ref reader);
        var due = fields.Time(ref reader);
        fields.Nested(ref reader);
        var request = ClientRequest.Read(ref reader);
        ClientTransaction transaction = invite
            ? new InviteClientTransaction(timers, reliable, []) { Id = id, Key = request.TransactionKey, Request = request }
            : new NonInviteClientTransaction(timers, reliable, []) { Id = id, Key = request.TransactionKey, Request = request };
        transaction.Flow = flow;
        transaction.Fallback = fallback;
        transaction.Timer = new Abstractions.TimerId(timer);
        transaction.TimerDue = due;
        fields.Nested(ref reader);
        transaction.ReadMachine(ref reader);
        fields.End(ref reader);
        return transaction;
    }

    protected abstract void WriteMachine(ref MessagePackWriter writer);

    protected abstract void ReadMachine(ref MessagePackReader reader);
}
