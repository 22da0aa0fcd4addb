using System.Buffers;
using MessagePack;

namespace XSwitchEngine.Plugins.Whip.State;

/// <summary>The whole state of an instance as one array: its position is a part's key. Parts are only ever added at the end.</summary>
internal static class WhipState
{
    private const int Parts = 3;

    public static void Write(WhipContext context, IBufferWriter<byte> to)
    {
        var writer = new MessagePackWriter(to);
        writer.WriteArrayHeader(Parts);
        writer.Write(context.LastId);
        writer.WriteArrayHeader(context.Sessions.Count);
        foreach (var session in context.Sessions.All)
        {
            session.Write(ref writer);
        }

        writer.WriteArrayHeader(context.Clients.Count);
        foreach (var client in context.Clients.All)
        {
            client.Write(ref writer);
        }

        writer.Flush();
    }

    public static void Read(WhipContext context, in ReadOnlySequence<byte> state)
    {
        if (state.IsEmpty)
        {
            return;
        }

        var reader = new MessagePackReader(state);
        var fields = new FieldReader(ref reader);
        context.LastId = fields.Int64(ref reader);
        var sessions = fields.Array(ref reader);
        for (var i = 0; i < sessions; i++)
        {
            WhipLeg.Read(context, ref reader);
        }

        var clients = fields.Array(ref reader);
        for (var i = 0; i < clients; i++)
        {
            context.Clients.Add(Client.ClientLeg.Read(context, ref reader));
        }

        fields.End(ref reader);
    }
}
