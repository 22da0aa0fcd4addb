namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>Media types of bodies, compared without parameters and case.</summary>
internal static class MediaTypes
{
    public const string Sdp = "application/sdp";

    public const string Fragment = "application/trickle-ice-sdpfrag";

    public const string Json = "application/json";

    public const string Problem = "application/problem+json";

    /// <summary>Whether a Content-Type names a media type.</summary>
    /// <param name="header">The value, or null.</param>
    /// <param name="type">The type in lower case.</param>
    public static bool Is(string? header, string type) =>
        header is not null && header.Split(';')[0].Trim().Equals(type, StringComparison.OrdinalIgnoreCase);
}
