namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>What a transaction is told.</summary>
internal enum TransactionInputKind : byte
{
    /// <summary>Client: send the request.</summary>
    Start,

    /// <summary>Client: a response came. Server: the peer repeats its request.</summary>
    Received,

    /// <summary>Server INVITE: the ACK of a final response other than 2xx.</summary>
    Ack,

    /// <summary>Server: the user of the transaction answers.</summary>
    Respond,

    /// <summary>Client INVITE: a final response is due within 64·T1, because CANCEL was sent (RFC 3261 §9.1) or nobody waits longer.</summary>
    FinalDue,

    /// <summary><c>NextDeadline</c> has come.</summary>
    Tick,

    /// <summary>The transport could not send.</summary>
    TransportFailed,
}

/// <summary>One input of a transaction.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Status">Status of the response that came or is to be sent, or 0.</param>
/// <param name="Packet">What is to be sent.</param>
internal readonly record struct TransactionInput(TransactionInputKind Kind, int Status = 0, byte[]? Packet = null);

/// <summary>What a transaction wants done.</summary>
internal enum TransactionOutputKind : byte
{
    /// <summary>Send the packet on the transaction's flow.</summary>
    Send,

    /// <summary>Client: give the response to the user of the transaction.</summary>
    Deliver,

    /// <summary>Client INVITE: make the ACK of this final response, keep it with <c>SetAck</c>, and send it.</summary>
    Acknowledge,

    /// <summary>The time for an answer (timers B, F) or for the ACK (timer H) is over.</summary>
    TimedOut,

    /// <summary>Client: the transport failed.</summary>
    Failed,
}

/// <summary>One output of a transaction.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Packet">What to send.</param>
internal readonly record struct TransactionOutput(TransactionOutputKind Kind, byte[]? Packet = null);

/// <summary>Base times of RFC 3261 §17.1.1.1.</summary>
/// <param name="T1">Round-trip estimate.</param>
/// <param name="T2">Longest interval between repetitions of non-INVITE requests and INVITE responses.</param>
/// <param name="T4">Longest time a message stays in the network.</param>
internal sealed record TransactionTimers(TimeSpan T1, TimeSpan T2, TimeSpan T4)
{
    /// <summary>500 ms, 4 s, 5 s.</summary>
    public static TransactionTimers Default { get; } = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));

    /// <summary>64·T1: the time of timers B, F, H, J, L and M.</summary>
    public TimeSpan Timeout { get; } = 64 * T1;

    /// <summary>Timer D: at least 32 s on unreliable transports.</summary>
    public TimeSpan D { get; } = 64 * T1 > TimeSpan.FromSeconds(32) ? 64 * T1 : TimeSpan.FromSeconds(32);
}
