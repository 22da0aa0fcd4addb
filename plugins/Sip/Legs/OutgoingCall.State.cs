using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Hand-over to another version.
internal sealed partial class OutgoingCall
{
    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(20);
        writer.WriteText(Profile);
        writer.Write(RequestUri);
        writer.Write(Routes);
        writer.Write(From);
        writer.Write(To);
        writer.Write(CallId);
        writer.Write(LocalTag);
        writer.Write(CSeq);
        writer.Write(Headers);
        writer.Write(MaxForwards);
        writer.WriteText(UserNumber);
        writer.WriteText(AuthUser);
        writer.WriteText(AuthPassword);
        writer.WriteText(AuthRealm);
        writer.Write(MinSessionExpires);
        writer.Write(IntervalTries);
        writer.WriteFlow(Flow);
        writer.WriteText(HostName);
        writer.Write(Port);
        writer.Write((byte)Transport);
    }

    public static OutgoingCall Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var call = new OutgoingCall
        {
            Profile = fields.Text(ref reader),
            RequestUri = fields.BytesOrEmpty(ref reader),
            Routes = fields.BytesOrEmpty(ref reader),
            From = fields.BytesOrEmpty(ref reader),
            To = fields.BytesOrEmpty(ref reader),
            CallId = fields.BytesOrEmpty(ref reader),
            LocalTag = fields.BytesOrEmpty(ref reader),
            CSeq = (uint)fields.Int64(ref reader),
            Headers = fields.BytesOrEmpty(ref reader),
            MaxForwards = fields.Int32(ref reader),
            UserNumber = fields.Text(ref reader),
            AuthUser = fields.Text(ref reader),
            AuthPassword = fields.Text(ref reader),
            AuthRealm = fields.OptionalText(ref reader),
            MinSessionExpires = fields.Int32(ref reader),
            IntervalTries = fields.Int32(ref reader),
            Flow = fields.Flow(ref reader),
            HostName = fields.Text(ref reader),
            Port = fields.Int32(ref reader),
            Transport = (TransportKind)fields.Byte(ref reader),
        };
        fields.End(ref reader);
        return call;
    }
}
