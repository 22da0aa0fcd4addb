namespace XSwitchEngine.Core.Directory;

/// <summary>What can happen to a binding, as the directory tells its listener; the first four are FreeSWITCH's event subclasses after <c>sofia::</c>.</summary>
public static class RegistrationChanges
{
    /// <summary>A new binding.</summary>
    public const string Register = "register";

    /// <summary>A binding was refreshed or replaced.</summary>
    public const string Reregister = "reregister";

    /// <summary>A binding was removed by its owner, or its user is gone.</summary>
    public const string Unregister = "unregister";

    /// <summary>A binding was not refreshed in time.</summary>
    public const string Expire = "expire";

    /// <summary>The connection closed over which alone a binding could be reached.</summary>
    public const string FlowClosed = "flow-closed";
}
