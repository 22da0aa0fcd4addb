namespace XSwitchEngine.Abstractions;

/// <summary>What a bearer token allows, immutable.</summary>
/// <param name="User">Whose it is.</param>
/// <param name="Permissions">What it allows; never more than the user may do.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Destinations">The only numbers it may call; empty when the user's own rights decide.</param>
public sealed record TokenGrant(DirectoryUser User, IReadOnlySet<string> Permissions, DateTimeOffset Expires, IReadOnlyList<string> Destinations);
