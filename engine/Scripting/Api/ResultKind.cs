namespace XSwitchEngine.Scripting.Api;

/// <summary>How the result of an operation looks in Lua.</summary>
internal enum ResultKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>1, 0 or −1.</summary>
    Status,

    /// <summary>A string, never nil.</summary>
    Text,

    /// <summary>Always 0.</summary>
    Zero,

    /// <summary>The session object that was made.</summary>
    NewSession,

    /// <summary>0 when the leg was made, 1 when not.</summary>
    Originated,
}
