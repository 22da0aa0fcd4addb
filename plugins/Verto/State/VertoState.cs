using System.Buffers;
using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.State;

/// <summary>The whole state of an instance as one array: its position is a part's key. Parts are only ever added at the end.</summary>
internal static class VertoState
{
    /// <summary>Parts that this version writes.</summary>
    private const int Parts = 8;

    public static void Write(VertoContext context, IBufferWriter<byte> to)
    {
        var writer = new MessagePackWriter(to);
        writer.WriteArrayHeader(Parts);
        writer.Write(context.LastId);
        writer.Write(context.LastRequest);
        writer.Write(context.Trace);
        writer.WriteArrayHeader(context.Sessions.Count);
        foreach (var session in context.Sessions.All)
        {
            SessionState.Write(ref writer, session);
        }

        writer.WriteArrayHeader(context.Legs.Count);
        foreach (var leg in context.Legs.All)
        {
            LegState.Write(ref writer, leg);
        }

        writer.WriteArrayHeader(context.Replies.Count);
        foreach (var reply in context.Replies.All)
        {
            WriteReply(ref writer, reply);
        }

        writer.WriteArrayHeader(context.Logins.Sources.Count);
        foreach (var (address, (failures, since)) in context.Logins.Sources)
        {
            writer.WriteArrayHeader(3);
            writer.WriteText(address.ToString());
            writer.Write(failures);
            writer.WriteTime(since);
        }

        var lookups = context.Channels.Lookups.ToList();
        writer.WriteArrayHeader(lookups.Count);
        foreach (var (key, (connection, channel)) in lookups)
        {
            writer.WriteArrayHeader(3);
            writer.Write(key);
            writer.Write(connection.Value);
            writer.WriteText(channel);
        }

        writer.Flush();
    }

    public static void Read(VertoContext context, in ReadOnlySequence<byte> state)
    {
        if (state.IsEmpty)
        {
            return;
        }

        var reader = new MessagePackReader(state);
        var fields = new FieldReader(ref reader);
        context.LastId = fields.Int64(ref reader);
        context.LastRequest = fields.Int64(ref reader);
        context.Trace = fields.Bool(ref reader);
        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            context.Sessions.Add(SessionState.Read(ref reader, context.SlotOwners));
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            context.Legs.Add(LegState.Read(ref reader));
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            context.Replies.Add(ReadReply(ref reader));
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var source = new FieldReader(ref reader);
            var address = source.Text(ref reader);
            var failures = source.Int32(ref reader);
            var since = source.Time(ref reader);
            source.End(ref reader);
            if (IPAddress.TryParse(address, out var parsed))
            {
                context.Logins.Restore(parsed, failures, since);
            }
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var lookup = new FieldReader(ref reader);
            var key = lookup.Int64(ref reader);
            var connection = new ConnectionId(lookup.Int64(ref reader));
            context.Channels.RestoreLookup(key, connection, lookup.Text(ref reader));
            lookup.End(ref reader);
        }

        fields.End(ref reader);
        context.Channels.Restore();
    }

    private static void WriteReply(ref MessagePackWriter writer, PendingReply reply)
    {
        writer.WriteArrayHeader(9);
        writer.Write(reply.Key);
        writer.Write((byte)reply.Kind);
        writer.Write(reply.Connection.Value);
        writer.Write(reply.Slot);
        writer.Write(reply.Part);
        writer.Write(reply.Id);
        writer.Write(reply.Echo);
        writer.WriteText(reply.CallId);
        writer.WriteText(reply.Action);
    }

    private static PendingReply ReadReply(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var reply = new PendingReply(
            fields.Int64(ref reader),
            (ReplyKind)fields.Byte(ref reader),
            new ConnectionId(fields.Int64(ref reader)),
            fields.Int64(ref reader),
            fields.Int32(ref reader),
            fields.BytesOrEmpty(ref reader),
            fields.Bytes(ref reader),
            fields.Text(ref reader),
            fields.Text(ref reader));
        fields.End(ref reader);
        return reply;
    }
}
