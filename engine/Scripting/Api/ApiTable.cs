namespace XSwitchEngine.Scripting.Api;

/// <summary>All methods and functions of the scripting API that the host implements; the prelude makes a Lua function of each.</summary>
internal static class ApiTable
{
    /// <summary>In the order of their numbers.</summary>
    public static readonly ApiMethod[] All = [.. SessionMethods.All, .. EngineFunctions.All];
}
