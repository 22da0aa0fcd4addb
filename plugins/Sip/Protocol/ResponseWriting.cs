using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>The parts of a response that come from its request (RFC 3261 §8.2.6).</summary>
internal static class ResponseWriting
{
    /// <summary>Writes the Via, From, To, Call-ID and CSeq lines.</summary>
    /// <param name="writer">Not cleared.</param>
    /// <param name="request">The request.</param>
    /// <param name="flow">Where it came from: goes into the top Via (RFC 3261 §18.2.1, RFC 3581 §4).</param>
    /// <param name="toTag">Our tag, used when the request has none.</param>
    public static void WriteHead(SipWriter writer, SipMessage request, in Flow flow, ReadOnlySpan<byte> toTag)
    {
        for (var i = request.First(HeaderName.Via); i >= 0; i = request.Field(i).Next)
        {
            var value = request.At(request.Field(i).Value);
            writer.Raw("Via: "u8);
            if (request.Field(i).Value.Start == request.TopViaSlice.Start && ViaHeader.TryParse(request.TopVia, out var via))
            {
                WriteTopVia(writer, via, flow);
                writer.Echo(value[request.TopVia.Length..]);    // further values of the same line
            }
            else
            {
                writer.Echo(value);
            }

            writer.Line();
        }

        writer.Raw("From: "u8).Echo(request.From).Raw("\r\nTo: "u8).Echo(request.To);
        if (request.ToTag.IsEmpty && !toTag.IsEmpty && !request.To.IsEmpty)
        {
            writer.Raw(";tag="u8).Raw(toTag);
        }

        writer.Raw("\r\nCall-ID: "u8).Echo(request.CallId).Raw("\r\nCSeq: "u8).Echo(request.Value(HeaderName.CSeq)).Line();
        if (request.Has(HeaderName.Timestamp))
        {
            writer.Raw("Timestamp: "u8).Echo(request.Value(HeaderName.Timestamp)).Line();
        }
    }

    /// <summary>Writes the status line.</summary>
    public static SipWriter WriteStatus(SipWriter writer, int status, string? reason = null) =>
        writer.Clear().Raw("SIP/2.0 "u8).Number(status).Raw(" "u8).Value(string.IsNullOrEmpty(reason) ? SipStatus.Reason(status) : reason).Line();

    /// <summary>Our source address is told and rport filled for datagrams whether asked for or not, so that answers pass a NAT.</summary>
    private static void WriteTopVia(SipWriter writer, in ViaHeader via, in Flow flow)
    {
        writer.Echo(via.Head);
        var reader = new ParameterReader(via.Parameters);
        var wantsPort = false;
        while (reader.TryNext(out var name, out var value))
        {
            if (SipText.EqualsIgnoreCase(name, "rport"u8))
            {
                wantsPort = true;
                continue;
            }

            if (SipText.EqualsIgnoreCase(name, "received"u8))
            {
                continue;
            }

            writer.Raw(";"u8).Echo(name);
            if (!value.IsEmpty)
            {
                writer.Raw("="u8).Echo(value);
            }
        }

        Span<byte> text = stackalloc byte[64];
        var address = Security.AccessList.Plain(flow.Remote.Address);
        address.TryFormat(text, out var length);
        if (wantsPort)
        {
            writer.Raw(";rport="u8).Number(flow.Remote.Port);
        }

        if (wantsPort || !via.Host.SequenceEqual(text[..length]))
        {
            writer.Raw(";received="u8).Raw(text[..length]);
        }
    }
}
