using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>Reads Refer-To: where to, and which call to replace.</summary>
internal static class ReferTarget
{
    /// <summary>Reads it.</summary>
    /// <param name="context">For the dialog table and our domains.</param>
    /// <param name="request">The REFER.</param>
    /// <param name="flow">Where it came from.</param>
    /// <param name="target">The number.</param>
    /// <param name="replaces">The leg to replace, or default.</param>
    /// <param name="refusal">Status when it cannot be followed.</param>
    public static bool TryParse(SipContext context, SipMessage request, in Flow flow, out string target, out LegId replaces, out int refusal)
    {
        target = "";
        replaces = default;
        refusal = 400;
        if (request.IsRepeated(HeaderName.ReferTo) || !NameAddress.TryParse(request.Value(HeaderName.ReferTo), out var address) || !SipUri.TryParse(address.Uri, out var uri))
        {
            return false;
        }

        if (uri.Scheme == UriScheme.Other)
        {
            refusal = 416;
            return false;
        }

        target = SipText.DecodeUser(uri.User);
        if (uri.Headers.IsEmpty)
        {
            // Only toward ourselves: a request elsewhere on a peer's word would be a way around every route.
            refusal = 403;
            return uri.Scheme == UriScheme.Tel || (target.Length > 0 && IsOurs(context, uri, flow));
        }

        foreach (var range in uri.Headers.Split((byte)'&'))
        {
            var header = uri.Headers[range];
            var equals = header.IndexOf((byte)'=');
            if (equals <= 0 || !SipText.EqualsIgnoreCase(header[..equals], "Replaces"u8) || replaces != default)
            {
                refusal = 403;
                return false;
            }

            if (!TryReplaces(context, header[(equals + 1)..], out replaces))
            {
                refusal = 481;
                return false;
            }
        }

        return true;
    }

    private static bool IsOurs(SipContext context, in SipUri uri, in Flow flow) =>
        (uri.TryAddress(out var address) && (address.Equals(AccessList.Plain(flow.Local.Address)) || address.Equals(context.OptionsOf(flow).AdvertisedAddress)))
        || context.Host.Directory.IsLocalDomain(SipText.Decode(uri.Host));

    /// <summary>Finds the leg of a Replaces value (RFC 3891 §3) by either side's view of its dialog.</summary>
    private static bool TryReplaces(SipContext context, ReadOnlySpan<byte> escaped, out LegId leg)
    {
        leg = default;
        if (escaped.Length > 3 * SipLimits.Identifier)
        {
            return false;
        }

        Span<byte> value = new byte[escaped.Length];
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            if (SipText.TryUnescape(escaped[i..], out var b))
            {
                value[length++] = b;
                i += 2;
            }
            else
            {
                value[length++] = escaped[i];
            }
        }

        value = value[..length];
        var semicolon = value.IndexOf((byte)';');
        if (semicolon <= 0 || !ParameterReader.TryGet(value[semicolon..], "to-tag"u8, out var to) || !ParameterReader.TryGet(value[semicolon..], "from-tag"u8, out var from))
        {
            return false;
        }

        var callId = value[..semicolon];
        if (context.Legs.TryFind(callId, to, from, out var found, out _) || context.Legs.TryFind(callId, from, to, out found, out _))
        {
            leg = found.Id;
            return true;
        }

        return false;
    }
}
