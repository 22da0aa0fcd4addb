using System.Net;

namespace XSwitchEngine.Abstractions;

/// <summary>Who calls whom on an incoming leg.</summary>
/// <param name="Endpoint">The scheme of dial strings that this protocol serves, such as <c>sofia</c>.</param>
/// <param name="Profile">The listener profile, such as <c>internal</c>; it chooses the dial-plan context by configuration.</param>
/// <param name="ChannelName">The channel's name as FreeSWITCH users know it, such as <c>sofia/internal/1000@example.org</c>.</param>
/// <param name="User">The authenticated user; null when the profile admits the source without credentials.</param>
/// <param name="CallerName">Display name as the peer says it.</param>
/// <param name="CallerNumber">Number as the peer says it; the core overwrites both from the directory for an authenticated user.</param>
/// <param name="Destination">The dialled number.</param>
/// <param name="Remote">Where the signalling came from.</param>
public sealed record IncomingCaller(string Endpoint, string Profile, string ChannelName, DirectoryUser? User, string CallerName, string CallerNumber, string Destination, IPEndPoint Remote)
{
    /// <summary>The user's domain as the protocol names it.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Dial-plan context for a call without a user; empty for that which the configuration gives the profile.</summary>
    public string Context { get; init; } = "";

    /// <summary>The leg that this one is to take the place of once it is answered (RFC 3891), or default. The plugin has checked that the caller may.</summary>
    public LegId Replaces { get; init; }

    /// <summary>A name to show instead of the directory's; null for the directory's. The plugin has checked that the user may choose it.</summary>
    public string? ShownName { get; init; }

    /// <summary>A number to show instead of the directory's; null for the directory's. The plugin has checked that the user may choose it.</summary>
    public string? ShownNumber { get; init; }

    /// <summary>The local address on which the call arrived; media is bound to it.</summary>
    public IPAddress Local { get; init; } = IPAddress.Loopback;
}
