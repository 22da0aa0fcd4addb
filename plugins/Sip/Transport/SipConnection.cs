using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>One stream connection.</summary>
internal sealed class SipConnection
{
    /// <summary>Most packets kept for a connection that is being made; a further one fails at once.</summary>
    public const int MaxWaiting = 64;

    public required Flow Flow { get; set; }

    public ConnectionId Id => Flow.Connection;

    /// <summary>Whether we made it.</summary>
    public bool IsOutbound { get; init; }

    /// <summary>The name that the peer proved; empty when none was asked for.</summary>
    public string ServerName { get; init; } = "";

    public bool IsOpen { get; set; }

    /// <summary>Whether contacts were registered over it: then it may be silent, and its end removes them.</summary>
    public bool HoldsBindings { get; set; }

    /// <summary>Dialogs that use it.</summary>
    public int Dialogs { get; set; }

    /// <summary>Whether a whole message came in on it.</summary>
    public bool IsProven { get; set; }

    public DateTimeOffset LastActivity { get; set; }

    /// <summary>When the message that is incomplete began.</summary>
    public DateTimeOffset PartialSince { get; set; }

    public StreamFramer Framer { get; } = new();

    /// <summary>What is to be sent once it is open, with the transaction to tell of a failure.</summary>
    public List<(long Transaction, byte[] Packet)> Waiting { get; } = [];

    /// <summary>Client transactions that sent over it and fail with it.</summary>
    public HashSet<long> Transactions { get; } = [];

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(11);
        writer.WriteFlow(Flow);
        writer.Write(IsOutbound);
        writer.Write(IsOpen);
        writer.Write(HoldsBindings);
        writer.Write(IsProven);
        writer.WriteTime(LastActivity);
        writer.WriteTime(PartialSince);
        writer.Write(Framer.Pending);
        writer.WriteArrayHeader(Waiting.Count);
        foreach (var (transaction, packet) in Waiting)
        {
            writer.WriteArrayHeader(2);
            writer.Write(transaction);
            writer.Write(packet);
        }

        writer.WriteArrayHeader(Transactions.Count);
        foreach (var transaction in Transactions)
        {
            writer.Write(transaction);
        }

        writer.WriteText(ServerName);
    }

    public static SipConnection Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var (flow, isOutbound, isOpen, holdsBindings) = (fields.Flow(ref reader), fields.Bool(ref reader), fields.Bool(ref reader), fields.Bool(ref reader));
        var (isProven, lastActivity, partialSince) = (fields.Bool(ref reader), fields.Time(ref reader), fields.Time(ref reader));
        var pending = fields.BytesOrEmpty(ref reader);
        var packets = new List<(long Transaction, byte[] Packet)>();
        var waiting = fields.Array(ref reader);
        for (var i = 0; i < waiting; i++)
        {
            var one = new FieldReader(ref reader);
            var transaction = one.Int64(ref reader);
            packets.Add((transaction, one.BytesOrEmpty(ref reader)));
            one.End(ref reader);
        }

        var transactions = new List<long>();
        for (var i = fields.Array(ref reader); i > 0; i--)
        {
            transactions.Add(reader.ReadInt64());
        }

        var connection = new SipConnection
        {
            Flow = flow,
            IsOutbound = isOutbound,
            IsOpen = isOpen,
            HoldsBindings = holdsBindings,
            IsProven = isProven,
            LastActivity = lastActivity,
            PartialSince = partialSince,
            ServerName = fields.Text(ref reader),
        };
        connection.Framer.Add(pending);
        connection.Waiting.AddRange(packets);
        connection.Transactions.UnionWith(transactions);
        fields.End(ref reader);
        return connection;
    }
}
