using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Hand-over to another version.
internal sealed partial class OutgoingCall
{
    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(25);
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
        writer.WriteText(Hop.Host);
        writer.Write(Hop.Port);
        writer.Write(Hop.Transport is { } transport ? (int)transport : -1);
        writer.WriteText(Gateway);
        writer.Write(_redirections);
        writer.WriteArrayHeader(_contacts.Count);
        foreach (var contact in _contacts)
        {
            writer.Write(contact);
        }

        writer.WriteArrayHeader(_visited.Count);
        foreach (var visited in _visited)
        {
            writer.WriteText(visited);
        }

        writer.WriteArrayHeader(Math.Max(0, _ways.Count - _way));
        foreach (var way in _ways.Skip(_way))
        {
            way.Write(ref writer);
        }
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
            Hop = ReadHop(ref fields, ref reader),
            Gateway = fields.Text(ref reader),
            _redirections = fields.Int32(ref reader),
        };
        for (var i = fields.Array(ref reader); i > 0; i--)
        {
            call._contacts.Add(reader.ReadBytes() is { } uri ? System.Buffers.BuffersExtensions.ToArray(uri) : []);
        }

        for (var i = fields.Array(ref reader); i > 0; i--)
        {
            call._visited.Add(reader.ReadString() ?? "");
        }

        var ways = new List<Way>();
        for (var i = fields.Array(ref reader); i > 0; i--)
        {
            ways.Add(Way.Read(ref reader));
        }

        call._ways = ways;
        fields.End(ref reader);
        return call;
    }

    private static Hop ReadHop(ref FieldReader fields, ref MessagePackReader reader)
    {
        var (host, port, transport) = (fields.Text(ref reader), fields.Int32(ref reader), fields.Int32(ref reader));
        return new Hop(host, null, port, transport < 0 ? null : (TransportKind)transport);
    }
}
