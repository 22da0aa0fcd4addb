using System.Net;
using MessagePack;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Dialogs;

/// <summary>A dialog (RFC 3261 §12): identity, sequence numbers, route set and remote target. All byte arrays are as they go on the wire.</summary>
internal sealed class Dialog
{
    public required byte[] CallId { get; init; }

    public required byte[] LocalTag { get; init; }

    public required byte[] RemoteTag { get; init; }

    /// <summary>Value of From in requests of ours, with our tag.</summary>
    public required byte[] Local { get; init; }

    /// <summary>Value of To in requests of ours, with the peer's tag.</summary>
    public required byte[] Remote { get; set; }

    /// <summary>Last sequence number that we used.</summary>
    public uint LocalCSeq { get; set; }

    /// <summary>Last sequence number that the peer used; 0 when it has not sent a request.</summary>
    public uint RemoteCSeq { get; set; }

    /// <summary>Number of the peer's last reliable provisional response, or 0 (RFC 3262 §4).</summary>
    public uint RemoteRSeq { get; set; }

    /// <summary>Route values in the order of sending.</summary>
    public byte[][] Routes { get; set; } = [];

    /// <summary>URI of the peer's Contact.</summary>
    public byte[] Target { get; set; } = [];

    /// <summary>The way by which the peer's messages come.</summary>
    public Flow Flow { get; set; }

    /// <summary>Address of the next hop when its URI has a host name, once looked up.</summary>
    public IPEndPoint? Hop { get; set; }

    /// <summary>Whether it is counted on its connection; found out again after a hand-over.</summary>
    public bool IsAttached { get; set; }

    /// <summary>URI of the next hop (RFC 3261 §8.1.2).</summary>
    public ReadOnlySpan<byte> NextHop => Routes.Length > 0 && NameAddress.TryParse(Routes[0], out var route) ? route.Uri : Target;

    /// <summary>Request-URI and Route lines of a request within the dialog (RFC 3261 §12.2.1.1).</summary>
    public byte[] Route(SipWriter block, out byte[] lines)
    {
        block.Clear();
        if (Routes.Length == 0)
        {
            lines = [];
            return Target;
        }

        var isLoose = NameAddress.TryParse(Routes[0], out var first) && SipUri.TryParse(first.Uri, out var uri) && uri.IsLooseRouter;
        for (var i = isLoose ? 0 : 1; i < Routes.Length; i++)
        {
            block.Raw("Route: "u8).Echo(Routes[i]).Line();
        }

        if (isLoose)
        {
            lines = block.ToArray();
            return Target;
        }

        // A strict router takes its own URI as Request-URI and the target as the last route.
        block.Raw("Route: <"u8).Echo(Target).Raw(">\r\n"u8);
        lines = block.ToArray();
        return first.Uri.ToArray();
    }

    /// <summary>Takes the Contact of a target refresh request or its response (RFC 3261 §12.2).</summary>
    public void Refresh(SipMessage message)
    {
        if (ContactOf(message) is { } target)
        {
            Target = target;
        }
    }

    /// <summary>URI of the first Contact; null when there is none that is usable.</summary>
    public static byte[]? ContactOf(SipMessage message)
    {
        var values = new ValueReader(message.Value(HeaderName.Contact));
        return values.TryNext(out var value) && NameAddress.TryParse(value, out var contact) && contact.Uri.Length <= SipLimits.Identifier
            && SipUri.TryParse(contact.Uri, out var uri) && uri.Scheme is UriScheme.Sip or UriScheme.Sips
            ? contact.Uri.ToArray()
            : null;
    }

    /// <summary>The route set of a message (RFC 3261 §12.1).</summary>
    /// <param name="message">A request, or the response that makes the dialog.</param>
    /// <param name="reverse">True for the side that sent the request.</param>
    /// <param name="routes">The values.</param>
    /// <returns>False when there are too many, or one is malformed.</returns>
    public static bool TryRouteSet(SipMessage message, bool reverse, out byte[][] routes)
    {
        if (!message.Has(HeaderName.RecordRoute))
        {
            routes = [];
            return true;
        }

        var list = new List<byte[]>();
        for (var i = message.First(HeaderName.RecordRoute); i >= 0; i = message.Field(i).Next)
        {
            var values = new ValueReader(message.At(message.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (list.Count == SipLimits.Routes || !NameAddress.TryParse(value, out var address) || !SipUri.TryParse(address.Uri, out _))
                {
                    routes = [];
                    return false;
                }

                list.Add(value.ToArray());
            }
        }

        if (reverse)
        {
            list.Reverse();
        }

        routes = [.. list];
        return true;
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(12);
        writer.Write(CallId);
        writer.Write(LocalTag);
        writer.Write(RemoteTag);
        writer.Write(Local);
        writer.Write(Remote);
        writer.Write(LocalCSeq);
        writer.Write(RemoteCSeq);
        writer.WriteArrayHeader(Routes.Length);
        foreach (var route in Routes)
        {
            writer.Write(route);
        }

        writer.Write(Target);
        writer.WriteFlow(Flow);
        writer.WriteEndPoint(Hop);
        writer.Write(RemoteRSeq);
    }

    public static Dialog Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var dialog = new Dialog
        {
            CallId = fields.BytesOrEmpty(ref reader),
            LocalTag = fields.BytesOrEmpty(ref reader),
            RemoteTag = fields.BytesOrEmpty(ref reader),
            Local = fields.BytesOrEmpty(ref reader),
            Remote = fields.BytesOrEmpty(ref reader),
            LocalCSeq = (uint)fields.Int64(ref reader),
            RemoteCSeq = (uint)fields.Int64(ref reader),
        };
        var routes = new byte[fields.Array(ref reader)][];
        for (var i = 0; i < routes.Length; i++)
        {
            var bytes = reader.ReadBytes();
            routes[i] = bytes is { } sequence ? System.Buffers.BuffersExtensions.ToArray(sequence) : [];
        }

        dialog.Routes = routes;
        dialog.Target = fields.BytesOrEmpty(ref reader);
        dialog.Flow = fields.Flow(ref reader);
        dialog.Hop = fields.EndPoint(ref reader);
        dialog.RemoteRSeq = (uint)fields.Int64(ref reader);
        fields.End(ref reader);
        return dialog;
    }
}
