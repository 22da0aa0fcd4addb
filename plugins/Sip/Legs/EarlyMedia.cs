using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>The P-Early-Media header (RFC 5009).</summary>
internal static class EarlyMedia
{
    /// <summary>Whether a provisional response says that its session carries nothing yet.</summary>
    public static bool IsInactive(SipMessage response)
    {
        var value = response.Other("P-Early-Media"u8);
        return !value.IsEmpty && SipText.ListContains(value, "inactive"u8);
    }
}
