namespace XSwitchEngine.Core.Directory;

/// <summary>Names of what a user of the directory may do.</summary>
public static class DirectoryPermissions
{
    /// <summary>Register and call by SIP.</summary>
    public const string Sip = "sip";

    /// <summary>Log in and call by Verto, SIP over WebSocket or WHIP.</summary>
    public const string WebRtc = "webrtc";

    /// <summary>Run API commands over a protocol.</summary>
    public const string Api = "fsapi";

    /// <summary>Log in to the console and the REST API.</summary>
    public const string Admin = "admin";
}
