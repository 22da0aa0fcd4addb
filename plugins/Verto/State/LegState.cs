using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Legs;

namespace XSwitchEngine.Plugins.Verto.State;

/// <summary>One leg in exported state.</summary>
internal static class LegState
{
    private const int Fields = 24;

    public static void Write(ref MessagePackWriter writer, VertoLeg leg)
    {
        writer.WriteArrayHeader(Fields);
        writer.WriteGuid(leg.Id.Value);
        writer.Write(leg.Key);
        writer.WriteText(leg.CallId);
        writer.WriteText(leg.SessionId);
        writer.WriteText(leg.UserId);
        writer.Write(leg.IsOutgoing);
        writer.Write((byte)leg.State);
        writer.WriteText(leg.CallerName);
        writer.WriteText(leg.CallerNumber);
        writer.WriteText(leg.CalleeName);
        writer.WriteText(leg.CalleeNumber);
        writer.WriteText(leg.DisplayName);
        writer.WriteText(leg.DisplayNumber);
        writer.WriteArrayHeader(leg.Variables.Count);
        foreach (var (name, value) in leg.Variables)
        {
            writer.WriteArrayHeader(2);
            writer.WriteText(name);
            writer.WriteText(value);
        }

        writer.Write(leg.IsRecoverable);
        writer.Write(leg.IsHeld);
        writer.Write((byte)leg.Offer);
        writer.Write(leg.UpdateReply);
        writer.Write(leg.TransferReply);
        writer.Write(leg.DetachedAt?.UtcTicks ?? 0);
        writer.Write(leg.DetachTimer.Value);
        writer.WriteArrayHeader(leg.Digits.Count);
        foreach (var digit in leg.Digits)
        {
            writer.WriteArrayHeader(2);
            writer.Write((int)digit.Digit);
            writer.Write(digit.DurationMs);
        }

        writer.WriteArrayHeader(leg.Grants.Count);
        foreach (var channel in leg.Grants)
        {
            writer.WriteText(channel);
        }

        writer.Write(leg.ConferenceEvent);
    }

    public static VertoLeg Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var leg = new VertoLeg(
            new LegId(fields.Guid(ref reader)),
            fields.Int64(ref reader),
            fields.Text(ref reader),
            fields.Text(ref reader),
            fields.Text(ref reader),
            fields.Bool(ref reader))
        {
            State = (VertoLegState)fields.Byte(ref reader),
            CallerName = fields.Text(ref reader),
            CallerNumber = fields.Text(ref reader),
            CalleeName = fields.Text(ref reader),
            CalleeNumber = fields.Text(ref reader),
            DisplayName = fields.OptionalText(ref reader),
            DisplayNumber = fields.Text(ref reader),
        };
        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var pair = new FieldReader(ref reader);
            leg.Variables[pair.Text(ref reader)] = pair.Text(ref reader);
            pair.End(ref reader);
        }

        leg.IsRecoverable = fields.Bool(ref reader);
        leg.IsHeld = fields.Bool(ref reader);
        leg.Offer = (OfferKind)fields.Byte(ref reader);
        leg.UpdateReply = fields.Int64(ref reader);
        leg.TransferReply = fields.Int64(ref reader);
        leg.DetachedAt = fields.Int64(ref reader) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
        leg.DetachTimer = new TimerId(fields.Int64(ref reader));
        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var digit = new FieldReader(ref reader);
            leg.Digits.Enqueue(new PendingDigit((char)digit.Int32(ref reader), digit.Int32(ref reader)));
            digit.End(ref reader);
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            leg.Grants.Add(reader.ReadString() ?? "");
        }

        leg.ConferenceEvent = fields.Bytes(ref reader);
        fields.End(ref reader);
        return leg;
    }
}
