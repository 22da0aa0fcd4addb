using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>The Replaces header (RFC 3891): which call a new one is to take the place of.</summary>
internal static class ReplacesHeader
{
    /// <summary>Finds the call that an INVITE is to replace.</summary>
    /// <param name="context">The plugin's parts.</param>
    /// <param name="request">The INVITE.</param>
    /// <param name="user">Who sent it.</param>
    /// <param name="replaced">The leg, or default when the INVITE replaces nothing.</param>
    /// <param name="status">Why it is refused.</param>
    public static bool TryMatch(SipContext context, SipMessage request, DirectoryUser? user, out LegId replaced, out int status)
    {
        replaced = default;
        status = 400;
        if (!request.Has(HeaderName.Replaces))
        {
            return true;
        }

        var value = request.Value(HeaderName.Replaces);
        if (request.IsRepeated(HeaderName.Replaces) || !TryRead(value, out var callId, out var to, out var from, out var isEarlyOnly))
        {
            return false;
        }

        // To-tag is ours, as we are the side that is asked; a proxy's other view is not taken.
        if (!context.Legs.TryFind(callId, to, from, out var leg, out _))
        {
            status = 481;
            return false;
        }

        if (leg.State is LegState.Ending or LegState.Ended)
        {
            status = 603;
            return false;
        }

        if (isEarlyOnly && leg.State is LegState.Confirmed or LegState.Accepted)
        {
            status = 486;
            return false;
        }

        // A call may be taken by the user whose call it is, and by peers that are let in by their address (RFC 3891 §5).
        if (user is not null && leg.UserNumber != user.Number && !user.Permissions.Contains("pickup"))
        {
            status = 403;
            return false;
        }

        replaced = leg.Id;
        return true;
    }

    /// <summary>Reads a value: Call-ID and both tags.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> callId, out ReadOnlySpan<byte> to, out ReadOnlySpan<byte> from, out bool isEarlyOnly)
    {
        to = from = callId = default;
        isEarlyOnly = false;
        var semicolon = value.IndexOf((byte)';');
        if (semicolon <= 0 || value.Length > SipLimits.Identifier)
        {
            return false;
        }

        callId = SipText.Trim(value[..semicolon]);
        isEarlyOnly = ParameterReader.TryGet(value[semicolon..], "early-only"u8, out _);
        return ParameterReader.TryGet(value[semicolon..], "to-tag"u8, out to) && ParameterReader.TryGet(value[semicolon..], "from-tag"u8, out from) && !to.IsEmpty && !from.IsEmpty;
    }
}
