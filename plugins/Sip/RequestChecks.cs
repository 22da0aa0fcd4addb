using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>What is refused whoever sends it (RFC 3261 §8.2.1–8.2.3, §16.3).</summary>
internal static class RequestChecks
{
    /// <summary>Checks a request that begins something; refuses it statelessly when it fails.</summary>
    public static bool TryPass(SipContext context, SipMessage request, in Flow flow)
    {
        var core = context.Core;
        if (!SipUri.TryParse(request.RequestUri, out var uri))
        {
            core.ReplyStateless(request, flow, 400, "Malformed Request-URI");
            return false;
        }

        if (uri.Scheme == UriScheme.Other)
        {
            core.ReplyStateless(request, flow, 416);
            return false;
        }

        if (!uri.Headers.IsEmpty)
        {
            // Headers in a Request-URI are never obeyed (RFC 4475 §3.1.2.11).
            core.ReplyStateless(request, flow, 400, "Headers in Request-URI");
            return false;
        }

        if (request.Method == SipMethod.Unknown)
        {
            core.ReplyStateless(request, flow, 501, null, core.AllowLine);
            return false;
        }

        if (request.MaxForwards == 0 && !IsForUs(context, uri, flow))
        {
            core.ReplyStateless(request, flow, 483);
            return false;
        }

        if (UnsupportedLine(context, request, context.OptionsOf(flow)) is { } unsupported)
        {
            core.ReplyStateless(request, flow, 420, null, unsupported);
            return false;
        }

        if (request.Method == SipMethod.Invite && request.Has(HeaderName.Accept) && !AcceptsSdp(request))
        {
            core.ReplyStateless(request, flow, 406);
            return false;
        }

        return true;
    }

    private static bool IsForUs(SipContext context, in SipUri uri, in Flow flow) =>
        uri.Scheme == UriScheme.Tel
        || (uri.TryAddress(out var address) && address.Equals(AccessList.Plain(flow.Local.Address)))
        || context.Host.Directory.IsLocalDomain(SipText.Decode(uri.Host));

    /// <summary>The Unsupported line with every required extension that is not known here, or null.</summary>
    private static byte[]? UnsupportedLine(SipContext context, SipMessage request, SipOptions options)
    {
        if (!request.Has(HeaderName.Require))
        {
            return null;
        }

        context.Block.Clear().Raw("Unsupported: "u8);
        var count = 0;
        for (var i = request.First(HeaderName.Require); i >= 0; i = request.Field(i).Next)
        {
            var list = request.At(request.Field(i).Value);
            foreach (var range in list.Split((byte)','))
            {
                var tag = SipText.Trim(list[range]);
                if (!tag.IsEmpty && !IsSupported(options, request.Method, tag))
                {
                    context.Block.Raw(count++ > 0 ? ", "u8 : default).Echo(tag);
                }
            }
        }

        return count > 0 ? context.Block.Line().ToArray() : null;
    }

    private static bool IsSupported(SipOptions options, SipMethod method, ReadOnlySpan<byte> tag) =>
        SipText.EqualsIgnoreCase(tag, "timer"u8)
        || SipText.EqualsIgnoreCase(tag, "norefersub"u8)
        || (SipText.EqualsIgnoreCase(tag, "replaces"u8) && method is SipMethod.Invite or SipMethod.Refer)
        || (SipText.EqualsIgnoreCase(tag, "100rel"u8) && method == SipMethod.Invite && options.Reliable != ReliableMode.Off)
        || (method == SipMethod.Register && (SipText.EqualsIgnoreCase(tag, "path"u8) || SipText.EqualsIgnoreCase(tag, "outbound"u8)));

    private static bool AcceptsSdp(SipMessage request)
    {
        for (var i = request.First(HeaderName.Accept); i >= 0; i = request.Field(i).Next)
        {
            var values = new ValueReader(request.At(request.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (SdpBody.Is(value, "application/sdp"u8) || SdpBody.Is(value, "application/*"u8) || SdpBody.Is(value, "*/*"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
