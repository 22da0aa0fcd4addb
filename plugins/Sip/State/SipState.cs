using System.Buffers;
using MessagePack;

namespace XSwitchEngine.Plugins.Sip.State;

/// <summary>The whole state of an instance as one array: its position is a part's key. Parts are only ever added at the end.</summary>
internal static class SipState
{
    /// <summary>Parts that this version writes.</summary>
    private const int Parts = 9;

    public static void Write(SipContext context, IBufferWriter<byte> to)
    {
        var writer = new MessagePackWriter(to);
        writer.WriteArrayHeader(Parts);
        writer.Write(context.LastId);
        context.Nonces.Write(ref writer);
        context.Limiter.Write(ref writer);
        writer.WriteArrayHeader(context.Trace.Profiles.Count);
        foreach (var profile in context.Trace.Profiles)
        {
            writer.WriteText(profile);
        }

        context.Transport.Write(ref writer);
        writer.WriteArrayHeader(context.Legs.Count);
        foreach (var leg in context.Legs.All)
        {
            leg.Write(ref writer);
        }

        // Two arrays in a row count as one part.
        writer.WriteArrayHeader(2);
        context.Transactions.Write(ref writer);
        context.Pings.Write(ref writer);
        writer.WriteArrayHeader(7);
        context.Gateways.Write(ref writer);
        context.Locator.Write(ref writer);
        context.Subscriptions.Write(ref writer);
        context.Subscriptions.State.Write(ref writer);
        context.Publications.Write(ref writer);
        context.Chat.Write(ref writer);
        writer.Write(context.Trace.IsCapturing);
        writer.Flush();
    }

    public static void Read(SipContext context, in ReadOnlySequence<byte> state)
    {
        if (state.IsEmpty)
        {
            context.Gateways.Configure();
            return;
        }

        var reader = new MessagePackReader(state);
        var fields = new FieldReader(ref reader);
        context.LastId = fields.Int64(ref reader);
        if (fields.Nested(ref reader))
        {
            context.Nonces.Read(ref reader);
        }

        context.Limiter.Read(ref reader, fields.Array(ref reader));
        var traced = fields.Array(ref reader);
        for (var i = 0; i < traced; i++)
        {
            context.Trace.Set(reader.ReadString() ?? "", on: true);
        }

        context.Transport.Read(ref reader, fields.Array(ref reader));
        var legs = fields.Array(ref reader);
        for (var i = 0; i < legs; i++)
        {
            Legs.SipLeg.Read(context, ref reader);
        }

        if (fields.Nested(ref reader))
        {
            var tables = new FieldReader(ref reader);
            context.Transactions.ReadServers(ref reader, tables.Array(ref reader));
            context.Transactions.ReadClients(ref reader, tables.Array(ref reader));
            tables.End(ref reader);
        }

        if (fields.Nested(ref reader))
        {
            context.Pings.Read(ref reader);
        }

        if (fields.Nested(ref reader))
        {
            var services = new FieldReader(ref reader);
            context.Gateways.Read(ref reader, services.Array(ref reader));
            context.Locator.Read(ref reader, services.Array(ref reader));
            context.Subscriptions.Read(ref reader, services.Array(ref reader));
            context.Subscriptions.State.Read(ref reader, services.Array(ref reader));
            context.Publications.Read(ref reader, services.Array(ref reader));
            context.Chat.Read(ref reader, services.Array(ref reader));
            context.Trace.IsCapturing = services.Bool(ref reader);
            services.End(ref reader);
        }

        fields.End(ref reader);
        foreach (var leg in context.Legs.All)
        {
            leg.Relink();
        }

        context.Gateways.Configure();
    }
}
