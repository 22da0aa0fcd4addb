using MessagePack;
using XSwitchEngine.Plugins.Sip.State;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionInputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionOutputKind;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionState;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>Non-INVITE server transaction: RFC 3261 figure 8. It sends no 408 and no early 100 (RFC 4320).</summary>
internal sealed class NonInviteServerTransaction : ServerTransaction
{
    private byte[]? _response;
    private DateTimeOffset _timerJ = DateTimeOffset.MaxValue;

    public NonInviteServerTransaction(TransactionTimers timers, bool reliable)
        : base(timers, reliable) => State = Trying;

    public override DateTimeOffset NextDeadline => _timerJ;

    public override void Handle(DateTimeOffset now, in TransactionInput input, ICollection<TransactionOutput> outputs)
    {
        State = (State, input.Kind) switch
        {
            (Trying or Proceeding, Respond) when input.Status < 200 => Provisional(input.Packet, outputs),
            (Trying or Proceeding, Respond) => Complete(now, input.Packet, outputs),
            (Trying, Received) => Trying,                             // nothing to repeat yet
            (Proceeding or Completed, Received) => Add(outputs, Send, State, _response),
            (Completed, Tick) when now >= _timerJ => Terminated,
            (Completed, TransportFailed) => Terminated,
            _ => State,
        };
    }

    protected override void WriteMachine(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(3);
        writer.Write((byte)State);
        writer.Write(_response);
        writer.WriteTime(_timerJ);
    }

    protected override void ReadMachine(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        State = (TransactionState)fields.Byte(ref reader);
        _response = fields.Bytes(ref reader);
        _timerJ = fields.Time(ref reader);
        fields.End(ref reader);
    }

    private TransactionState Provisional(byte[]? packet, ICollection<TransactionOutput> outputs)
    {
        _response = packet;
        return Add(outputs, Send, Proceeding, packet);
    }

    private TransactionState Complete(DateTimeOffset now, byte[]? packet, ICollection<TransactionOutput> outputs)
    {
        _response = packet;
        _timerJ = now + Timers.Timeout;
        return Add(outputs, Send, IsReliable ? Terminated : Completed, packet);
    }
}
