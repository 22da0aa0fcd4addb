namespace XSwitchEngine.Scripting.Api;

/// <summary>First value that the natives return to the prelude. A positive one is the token of an operation to wait for.</summary>
internal static class ReplyCode
{
    /// <summary>Done; the results follow.</summary>
    public const int Done = 0;

    /// <summary>Wrong; the message follows.</summary>
    public const int Error = -1;

    /// <summary>The hangup hook is due; the call's arguments follow, to try again after it.</summary>
    public const int Hook = -2;

    /// <summary>Nothing yet: yield and ask again.</summary>
    public const int Wait = -3;

    /// <summary>An input for the callback; callback, session, kind, digit, duration and argument follow.</summary>
    public const int Input = -4;
}
