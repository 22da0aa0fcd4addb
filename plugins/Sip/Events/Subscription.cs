using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Events;

/// <summary>Event packages that are served.</summary>
internal enum EventPackage : byte
{
    Presence,
    Dialog,
    MessageSummary,
}

/// <summary>One subscription (RFC 6665): who wants to know what of whom, and until when.</summary>
internal sealed class Subscription
{
    public required long Id { get; init; }

    public required EventPackage Package { get; init; }

    /// <summary>The <c>id</c> parameter of Event, given back; empty when there is none.</summary>
    public required string EventId { get; init; }

    /// <summary>Number of the user that is watched.</summary>
    public required string Number { get; init; }

    public required string Domain { get; init; }

    /// <summary>The user that subscribed; empty for a peer known by its address.</summary>
    public required string Subscriber { get; init; }

    public required string Profile { get; init; }

    /// <summary>User part of our Contact.</summary>
    public required string ContactUser { get; init; }

    public required Dialog Dialog { get; init; }

    public DateTimeOffset Expires { get; set; }

    /// <summary>Version of the next document.</summary>
    public int Version { get; set; }

    public DateTimeOffset LastNotify { get; set; }

    /// <summary>Whether something changed that was not told yet.</summary>
    public bool IsDirty { get; set; }

    public TimerId Timer { get; set; }

    public string Key => Id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(14);
        writer.Write(Id);
        writer.Write((byte)Package);
        writer.WriteText(EventId);
        writer.WriteText(Number);
        writer.WriteText(Domain);
        writer.WriteText(Subscriber);
        writer.WriteText(Profile);
        writer.WriteText(ContactUser);
        Dialog.Write(ref writer);
        writer.WriteTime(Expires);
        writer.Write(Version);
        writer.WriteTime(LastNotify);
        writer.Write(IsDirty);
        writer.Write(Timer.Value);
    }

    public static Subscription Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var id = fields.Int64(ref reader);
        var package = (EventPackage)fields.Byte(ref reader);
        var eventId = fields.Text(ref reader);
        var number = fields.Text(ref reader);
        var domain = fields.Text(ref reader);
        var subscriber = fields.Text(ref reader);
        var profile = fields.Text(ref reader);
        var contact = fields.Text(ref reader);
        fields.Nested(ref reader);
        var subscription = new Subscription
        {
            Id = id,
            Package = package,
            EventId = eventId,
            Number = number,
            Domain = domain,
            Subscriber = subscriber,
            Profile = profile,
            ContactUser = contact,
            Dialog = Dialog.Read(ref reader),
            Expires = fields.Time(ref reader),
            Version = fields.Int32(ref reader),
            LastNotify = fields.Time(ref reader),
            IsDirty = fields.Bool(ref reader),
            Timer = new TimerId(fields.Int64(ref reader)),
        };
        fields.End(ref reader);
        return subscription;
    }
}
