using MessagePack;
using XSwitchEngine.Plugins.Sip.State;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionInputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionOutputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionState;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>Non-INVITE client transaction: RFC 3261 figure 6.</summary>
internal sealed class NonInviteClientTransaction : ClientTransaction
{
    private byte[]? _request;
    private TimeSpan _intervalE;
    private DateTimeOffset _timerE = DateTimeOffset.MaxValue;
    private DateTimeOffset _timerEnd = DateTimeOffset.MaxValue;

    public NonInviteClientTransaction(TransactionTimers timers, bool reliable, byte[] request)
        : base(timers, reliable)
    {
        _request = request;
        _intervalE = timers.T1;
        State = Trying;
    }

    public override DateTimeOffset NextDeadline => State is Trying or Proceeding && _timerE < _timerEnd ? _timerE : _timerEnd;

    public override void Handle(DateTimeOffset now, in TransactionInput input, ICollection<TransactionOutput> outputs)
    {
        var status = input.Status;
        State = (State, input.Kind) switch
        {
            (Trying, Start) => Begin(now, outputs),
            (Trying or Proceeding, Received) when status < 200 => Add(outputs, Deliver, Proceeding),
            (Trying or Proceeding, Received) => Complete(now, outputs),
            (Trying or Proceeding, Tick) when now >= _timerEnd => Add(outputs, TimedOut, Terminated),    // Timer F
            (Trying or Proceeding, Tick) when now >= _timerE => Retransmit(now, outputs),
            (Completed, Tick) when now >= _timerEnd => Terminated,                                       // Timer K
            (Trying or Proceeding, TransportFailed) => Add(outputs, Failed, Terminated),
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
        writer.WriteArrayHeader(5);
        writer.Write((byte)State);
        writer.Write(_request);
        writer.WriteTime(_intervalE);
        writer.WriteTime(_timerE);
        writer.WriteTime(_timerEnd);
    }

    protected override void ReadMachine(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        State = (TransactionState)fields.Byte(ref reader);
        _request = fields.Bytes(ref reader);
        _intervalE = fields.Span(ref reader);
        _timerE = fields.Time(ref reader);
        _timerEnd = fields.Time(ref reader);
        fields.End(ref reader);
    }

    private TransactionState Begin(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _timerEnd = now + Timers.Timeout;
        _timerE = IsReliable ? DateTimeOffset.MaxValue : now + _intervalE;
        return Add(outputs, Send, Trying, _request);
    }

    private TransactionState Retransmit(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        // After a provisional response repetitions come at T2 (§17.1.2.2).
        _intervalE = State == Proceeding || _intervalE * 2 > Timers.T2 ? Timers.T2 : _intervalE * 2;
        _timerE = now + _intervalE;
        return Add(outputs, Send, State, _request);
    }

    private TransactionState Complete(DateTimeOffset now, ICollection<TransactionOutput> outputs)
    {
        _request = null;
        _timerEnd = IsReliable ? now : now + Timers.T4;
        return Add(outputs, Deliver, IsReliable ? Terminated : Completed);
    }
}
