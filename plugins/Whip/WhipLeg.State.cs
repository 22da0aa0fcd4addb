using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.State;

namespace XSwitchEngine.Plugins.Whip;

// State for the next version of the plugin. Fields are only ever added at the end.
internal sealed partial class WhipLeg
{
    private const int Fields = 21;

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(Fields);
        writer.WriteText(Id);
        writer.WriteGuid(Leg.Value);
        writer.Write(Key);
        writer.Write((byte)Flavour);
        writer.WriteText(Prefix);
        writer.WriteText(Destination);
        writer.WriteText(Owner);
        writer.WriteText(RepeatKey);
        writer.Write(IsEarly);
        writer.Write(HasDigits);
        writer.Write((byte)State);
        writer.WriteText(Offer);
        writer.WriteText(Answer);
        writer.WriteText(Ufrag);
        writer.Write(_entity);
        writer.WriteTime(_deadline);
        writer.WriteTime(_abandoned);
        writer.WriteArrayHeader(_waiters.Count);
        foreach (var waiter in _waiters)
        {
            Write(ref writer, waiter);
        }

        Write(ref writer, _restart);
        Write(ref writer, _nextRestart);
        writer.Write(IsCounterOffer);
    }

    public static void Read(WhipContext context, ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var id = fields.Text(ref reader);
        var leg = new LegId(fields.Guid(ref reader));
        var session = new WhipLeg(context, id, leg, fields.Int64(ref reader))
        {
            Flavour = (Flavour)fields.Byte(ref reader),
            Prefix = fields.Text(ref reader),
            Destination = fields.Text(ref reader),
            Owner = fields.Text(ref reader),
            RepeatKey = fields.Text(ref reader),
            IsEarly = fields.Bool(ref reader),
            HasDigits = fields.Bool(ref reader),
            State = (SessionState)fields.Byte(ref reader),
            Offer = fields.Text(ref reader),
            Answer = fields.Text(ref reader),
            Ufrag = fields.Text(ref reader),
            _entity = fields.Int32(ref reader),
            _deadline = fields.Time(ref reader),
            _abandoned = fields.Time(ref reader),
        };
        var waiters = fields.Array(ref reader);
        for (var i = 0; i < waiters; i++)
        {
            session._waiters.Add(ReadExchange(ref reader));
        }

        session._restart = ReadRestart(ref fields, ref reader);
        session._nextRestart = ReadRestart(ref fields, ref reader);
        session.IsCounterOffer = fields.Bool(ref reader);
        fields.End(ref reader);
        context.Sessions.Add(session);
    }

    private static void Write(ref MessagePackWriter writer, in Exchange exchange)
    {
        writer.WriteArrayHeader(3);
        writer.Write(exchange.Key);
        writer.WriteText(exchange.Origin);
        writer.WriteText(exchange.Base);
    }

    private static Exchange ReadExchange(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var exchange = new Exchange(fields.Int64(ref reader), fields.Text(ref reader), fields.Text(ref reader));
        fields.End(ref reader);
        return exchange;
    }

    private static void Write(ref MessagePackWriter writer, Restart? restart)
    {
        if (restart is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(4);
        Write(ref writer, restart.To);
        writer.WriteText(restart.Offer);
        writer.WriteText(restart.Ufrag);
        writer.Write(restart.IsPost);
    }

    private static Restart? ReadRestart(ref FieldReader outer, ref MessagePackReader reader)
    {
        if (!outer.Nested(ref reader))
        {
            return null;
        }

        var fields = new FieldReader(ref reader);
        var to = fields.Nested(ref reader) ? ReadExchange(ref reader) : default;
        var restart = new Restart(to, fields.Text(ref reader), fields.Text(ref reader), fields.Bool(ref reader));
        fields.End(ref reader);
        return restart;
    }
}
