namespace XSwitchEngine.Core.Calls;

/// <summary>Who calls whom on a leg: FreeSWITCH's caller profile, immutable; a change makes a new one.</summary>
/// <param name="CallerName">Caller's display name.</param>
/// <param name="CallerNumber">Caller's number.</param>
/// <param name="Destination">Dialled number.</param>
/// <param name="Context">Dial-plan context.</param>
public sealed record CallerProfile(string CallerName, string CallerNumber, string Destination, string Context)
{
    /// <summary>Dial plan: <c>Lua</c> or <c>inline</c>.</summary>
    public string Dialplan { get; init; } = "Lua";

    /// <summary>Authenticated user, or empty.</summary>
    public string Username { get; init; } = "";

    /// <summary>Address of the signalling peer.</summary>
    public string NetworkAddress { get; init; } = "";

    /// <summary>Module that the leg came from, such as <c>mod_sofia</c>.</summary>
    public string Source { get; init; } = "";

    /// <summary>Callee's display name, once known.</summary>
    public string CalleeName { get; init; } = "";

    /// <summary>Callee's number, once known.</summary>
    public string CalleeNumber { get; init; } = "";

    /// <summary>Number from which the call was redirected, or empty.</summary>
    public string Rdnis { get; init; } = "";
}
