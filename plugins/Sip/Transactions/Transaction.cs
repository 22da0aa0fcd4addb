using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>States of all four machines (RFC 3261 §17, RFC 6026).</summary>
internal enum TransactionState : byte
{
    /// <summary>Client INVITE, before a response.</summary>
    Calling,

    /// <summary>Non-INVITE, before a response.</summary>
    Trying,

    /// <summary>After a provisional response.</summary>
    Proceeding,

    /// <summary>After a 2xx to an INVITE (RFC 6026 §7).</summary>
    Accepted,

    /// <summary>After another final response.</summary>
    Completed,

    /// <summary>Server INVITE after the ACK.</summary>
    Confirmed,

    Terminated,
}

/// <summary>A transaction: takes the time and one input, adds what is to be done, says when it wants its next tick.</summary>
internal abstract class Transaction(TransactionTimers timers, bool reliable)
{
    /// <summary>Number of the transaction; also the key of its timer.</summary>
    public long Id { get; init; }

    /// <summary>Key in the table.</summary>
    public string Key { get; init; } = "";

    public TransactionState State { get; protected set; }

    /// <summary>When the next <see cref="TransactionInputKind.Tick"/> is wanted; <see cref="DateTimeOffset.MaxValue"/> when none.</summary>
    public abstract DateTimeOffset NextDeadline { get; }

    /// <summary>Where it sends.</summary>
    public Flow Flow { get; set; }

    /// <summary>The timer that is set for it, and when it fires.</summary>
    public TimerId Timer { get; set; }

    public DateTimeOffset TimerDue { get; set; }

    /// <summary>Whether the transport repeats lost packets itself.</summary>
    public bool IsReliable { get; protected set; } = reliable;

    protected TransactionTimers Timers { get; } = timers;

    public abstract void Handle(DateTimeOffset now, in TransactionInput input, ICollection<TransactionOutput> outputs);

    protected static TransactionState Add(ICollection<TransactionOutput> outputs, TransactionOutputKind kind, TransactionState next, byte[]? packet = null)
    {
        outputs.Add(new TransactionOutput(kind, packet));
        return next;
    }
}
