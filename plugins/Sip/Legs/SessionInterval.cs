using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>The Session-Expires header (RFC 4028 §4).</summary>
internal static class SessionInterval
{
    /// <summary>Reads interval and refresher; 0 when the header is absent or malformed.</summary>
    public static void Read(SipMessage message, out int seconds, out bool uac, out bool uas)
    {
        seconds = 0;
        uac = uas = false;
        var value = message.Value(HeaderName.SessionExpires);
        if (value.IsEmpty)
        {
            return;
        }

        var semicolon = value.IndexOf((byte)';');
        if (!SipText.TryNumber(SipText.Trim(semicolon < 0 ? value : value[..semicolon]), int.MaxValue, out var number))
        {
            return;
        }

        seconds = (int)Math.Min(number, 86_400);
        if (semicolon >= 0 && ParameterReader.TryGet(value[semicolon..], "refresher"u8, out var refresher))
        {
            uac = SipText.EqualsIgnoreCase(refresher, "uac"u8);
            uas = SipText.EqualsIgnoreCase(refresher, "uas"u8);
        }
    }

    /// <summary>Whether a request asks for less than the minimum and can be told so.</summary>
    public static bool IsTooSmall(SipMessage request, int minimum)
    {
        Read(request, out var seconds, out _, out _);
        return request.Has(HeaderName.SessionExpires) && seconds < minimum && request.ListContains(HeaderName.Supported, "timer"u8);
    }
}
