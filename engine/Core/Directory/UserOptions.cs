namespace XSwitchEngine.Core.Directory;

/// <summary>A user written in the configuration file.</summary>
public sealed class UserOptions
{
    /// <summary>User part of the address of record; letters, digits and <c>-_.+*#</c>, at most 64.</summary>
    public string Number { get; set; } = "";

    /// <summary>The password, at least 8 characters.</summary>
    public string Password { get; set; } = "";

    /// <summary>Name shown to those whom the user calls.</summary>
    public string CallerIdName { get; set; } = "";

    /// <summary>Number shown to those whom the user calls; empty for the user's own.</summary>
    public string CallerIdNumber { get; set; } = "";

    /// <summary>Dial-plan context of calls from this user.</summary>
    public string Context { get; set; } = "default";

    /// <summary>Channel variables set on the user's legs.</summary>
    public Dictionary<string, string> Variables { get; set; } = [];

    /// <summary>What the user may do: <c>sip</c>, <c>webrtc</c>, <c>fsapi</c>, <c>admin</c>.</summary>
    public List<string> Permissions { get; set; } = [DirectoryPermissions.Sip, DirectoryPermissions.WebRtc];
}
