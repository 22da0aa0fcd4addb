using MessagePack;
using XSwitchEngine.Plugins.Sip.State;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionInputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionOutputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionState;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>INVITE server transaction: RFC 3261 figure 7 with the Accepted state of RFC 6026 §7.1.</summary>
internal sealed class InviteServerTransaction : ServerTransaction
{
    private byte[]? _response;
    private TimeSpan _intervalG;
    private DateTimeOffset _timerG = DateTimeOffset.MaxValue;
    private DateTimeOffset _timerEnd = DateTimeOffset.MaxValue;

    public InviteServerTransaction(TransactionTimers timers, bool reliable)
        : base(timers, reliable)
    {
        _intervalG = timers.T1;
        State = Proceeding;
    }

    public override DateTimeOffset NextDeadline => State == Completed && _timerG < _timerEnd ? _timerG : _timerEnd;

    public override void Handle(DateTimeOffset now, in TransactionInput input, ICollection<TransactionOutput> outputs)
    {
        State = (State, input.Kind) switch
        {
            (Proceeding, Respond) when input.Status < 200 => Provisional(input.Packet, outputs),
            (Proceeding, Respond) when input.Status < 300 => Accept(now, input.Packet, outputs),
            (Proceeding, Respond) => Complete(now, input.Packet, outputs),
            (Proceeding or Completed, Received) => Repeat(outputs),
            (Accepted, Received) => Accepted,                                                 // absorbed; the user of the transaction repeats the 2xx
            (Completed, TransactionInputKind.Ack) => Confirm(now),
            (Completed, Tick) when now >= _timerEnd => Add(outputs, TimedOut, Terminated),    // Timer H
            (Completed, Tick) when now >= _timerG => Retransmit(now, outputs),
            (Confirmed or Accepted, Tick) when now >= _timerEnd => Terminated,                // Timers I and L
            (Completed, TransportFailed) => Terminated,
            _ => State,
        };
    }

    protected override void WriteMachine(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(5);
        writer.Write((byte)State);
        writer.Write(_response);
        writer.WriteTime(_intervalG);
        writer.WriteTime(_timerG);
        writer.WriteTime(_timerEnd);
    }

    protected override void ReadMachine(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        State = (TransactionState)fields.Byte(ref reader);
        _response = fields.Bytes(ref reader);
        _intervalG = fields.Span(ref reader);
        _timerG = fields.Time(ref reader);
        _timerEnd = fields.Time(ref reader);
        fields.End(ref reader);
    }

    private TransactionState Provisional(byte[]? packet, ICollection<TransactionOutput> outputs)
    {
        _response = packet;
        return Add(outputs, Send, Proceeding, packet);
    }

    private TransactionState Accept(DateTimeOffset now, byte[]? packet, ICollection<TransactionOutput> outputs)
    {
        _response = null;
        _timerEnd = now + Timers.Timeout;    // Timer L
        return Add(outputs, Send, Accepted, packet);
    }

    private TransactionState Complete(DateTimeOffset now, byte[]? packet, ICollection<TransactionOutput> outputs)
    {
        _response = packet;
        _timerG = IsReliable ? DateTimeOffset.MaxValue : now + _intervalG;
        _timerEnd = now + Timers.Timeout;    // Timer H
        return Add(outputs, Send, Completed, packet);
    }

    private TransactionState Repeat(ICollection<TransactionOutput> outputs) =>
        _response is null ? State : Add(outputs, Send, State, _response);

    private TransactionState Retransmit(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _intervalG = _intervalG * 2 > Timers.T2 ? Timers.T2 : _intervalG * 2;
        _timerG = now + _intervalG;
        return Add(outputs, Send, Completed, _response);
    }

    private TransactionState Confirm(DateTimeOffset now)
    {
        _response = null;
        _timerEnd = now + Timers.T4;         // Timer I
        return IsReliable ? Terminated : Confirmed;
    }
}
