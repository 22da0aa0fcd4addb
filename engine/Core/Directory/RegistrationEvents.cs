using System.Globalization;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;

namespace XSwitchEngine.Core.Directory;

/// <summary>Tells subscribers of contacts that come and go, by the events and headers that FreeSWITCH has for SIP. Any thread.</summary>
internal static class RegistrationEvents
{
    /// <summary>Publishes one change.</summary>
    /// <param name="announce">Where to.</param>
    /// <param name="binding">The contact.</param>
    /// <param name="what">One of the names in <see cref="RegistrationChanges"/>.</param>
    public static void Publish(ChannelEvents announce, Registration binding, string what)
    {
        // A refresh changes nothing that anybody waits for, and other protocols tell of their own logins.
        if (what == RegistrationChanges.Reregister || binding.Endpoint != "sofia")
        {
            return;
        }

        announce.Custom(
            "CUSTOM",
            "sofia::" + (what == RegistrationChanges.FlowClosed ? RegistrationChanges.Unregister : what),
            [
                new("profile-name", binding.Profile),
                new("from-user", binding.Number),
                new("from-host", binding.Domain),
                new("to-user", binding.Number),
                new("to-host", binding.Domain),
                new("username", binding.Number),
                new("realm", binding.Domain),
                new("contact", $"<{binding.Contact}>"),
                new("call-id", binding.CallId),
                new("expires", Math.Max(0, binding.Expires.ToUnixTimeSeconds()).ToString(CultureInfo.InvariantCulture)),
                new("network-ip", binding.Remote.Address.ToString()),
                new("network-port", binding.Remote.Port.ToString(CultureInfo.InvariantCulture)),
                new("user-agent", binding.UserAgent),
                new("status", "Registered(" + binding.Transport.ToString().ToUpperInvariant() + ")"),
            ],
            null);
    }
}
