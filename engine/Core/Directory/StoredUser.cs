using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Directory;

/// <summary>A user as the directory keeps it: what protocols see, and the password that only its owner and the operator see.</summary>
/// <param name="User">What protocols see.</param>
/// <param name="Password">The password; empty when only hashes were stored.</param>
/// <param name="FromConfiguration">Whether it stands in the configuration file rather than in the database.</param>
public sealed record StoredUser(DirectoryUser User, string Password, bool FromConfiguration)
{
    /// <summary><c>sip</c>, <c>webrtc</c> or <c>both</c>, or <c>none</c>.</summary>
    public string Type => (User.Permissions.Contains(DirectoryPermissions.Sip), User.Permissions.Contains(DirectoryPermissions.WebRtc)) switch
    {
        (true, true) => "both",
        (true, false) => "sip",
        (false, true) => "webrtc",
        (false, false) => "none",
    };
}
