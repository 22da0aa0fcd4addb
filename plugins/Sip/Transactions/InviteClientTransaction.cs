using MessagePack;
using XSwitchEngine.Plugins.Sip.State;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionInputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionOutputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionState;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>INVITE client transaction: RFC 3261 figure 5 with the Accepted state of RFC 6026 §7.2.</summary>
internal sealed class InviteClientTransaction(TransactionTimers timers, bool reliable, byte[] request) : ClientTransaction(timers, reliable)
{
    private byte[]? _request = request;
    private byte[]? _ack;
    private TimeSpan _intervalA = timers.T1;
    private DateTimeOffset _timerA = DateTimeOffset.MaxValue;
    private DateTimeOffset _timerEnd = DateTimeOffset.MaxValue;
    private bool _isFinalDue;

    public override DateTimeOffset NextDeadline => State == Calling && _timerA < _timerEnd ? _timerA : _timerEnd;

    /// <summary>Keeps the ACK of the final response for repetition.</summary>
    public void SetAck(byte[] ack) => _ack = ack;

    public override void Handle(DateTimeOffset now, in TransactionInput input, ICollection<TransactionOutput> outputs)
    {
        var status = input.Status;
        State = (State, input.Kind) switch
        {
            (Calling, Start) => Begin(now, outputs),
            (Calling or Proceeding, Received) when status < 200 => Proceed(outputs),
            (Calling or Proceeding, Received) when status < 300 => Accept(now, outputs),
            (Calling or Proceeding, Received) => Complete(now, outputs),
            (Completed, Received) when status >= 300 => Repeat(outputs),
            (Accepted, Received) when status is >= 200 and < 300 => Add(outputs, Deliver, Accepted),
            (Calling or Proceeding, FinalDue) => LimitWait(now),
            (Calling or Proceeding, Tick) when now >= _timerEnd => Add(outputs, TimedOut, Terminated),     // Timer B
            (Calling, Tick) when now >= _timerA => Retransmit(now, outputs),
            (Completed or Accepted, Tick) when now >= _timerEnd => Terminated,                             // Timers D and M
            (Calling, TransportFailed) => Add(outputs, Failed, Terminated),
            _ => State,
        };
    }

    public override void Restart(byte[] request, bool reliable)
    {
        _request = request;
        IsReliable = reliable;
    }

    protected override void WriteMachine(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(7);
        writer.Write((byte)State);
        writer.Write(_request);
        writer.Write(_ack);
        writer.WriteTime(_intervalA);
        writer.WriteTime(_timerA);
        writer.WriteTime(_timerEnd);
        writer.Write(_isFinalDue);
    }

    protected override void ReadMachine(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        State = (TransactionState)fields.Byte(ref reader);
        _request = fields.Bytes(ref reader);
        _ack = fields.Bytes(ref reader);
        _intervalA = fields.Span(ref reader);
        _timerA = fields.Time(ref reader);
        _timerEnd = fields.Time(ref reader);
        _isFinalDue = fields.Bool(ref reader);
        fields.End(ref reader);
    }

    private TransactionState Begin(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _timerEnd = now + Timers.Timeout;
        _timerA = IsReliable ? DateTimeOffset.MaxValue : now + _intervalA;
        return Add(outputs, Send, Calling, _request);
    }

    private TransactionState Retransmit(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _intervalA *= 2;
        _timerA = now + _intervalA;
        return Add(outputs, Send, Calling, _request);
    }

    private TransactionState Proceed(ICollection<TransactionOutput> outputs)
    {
        if (State == Calling)
        {
            _timerEnd = _isFinalDue ? _timerEnd : DateTimeOffset.MaxValue;
            _request = null;
        }

        return Add(outputs, Deliver, Proceeding);
    }

    private TransactionState LimitWait(DateTimeOffset now)
    {
        var end = now + Timers.Timeout;
        _timerEnd = end < _timerEnd ? end : _timerEnd;
        _isFinalDue = true;
        return State;
    }

    private TransactionState Accept(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _request = null;
        _timerEnd = now + Timers.Timeout;    // Timer M
        return Add(outputs, Deliver, Accepted);
    }

    private TransactionState Complete(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _request = null;
        _timerEnd = IsReliable ? now : now + Timers.D;
        outputs.Add(new TransactionOutput(Acknowledge));
        return Add(outputs, Deliver, IsReliable ? Terminated : Completed);
    }

    private TransactionState Repeat(ICollection<TransactionOutput> outputs) =>
        _ack is null ? State : Add(outputs, Send, Completed, _ack);
}
