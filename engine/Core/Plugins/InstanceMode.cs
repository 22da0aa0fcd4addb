namespace XSwitchEngine.Core.Plugins;

/// <summary>What becomes of an instance's outputs.</summary>
internal enum InstanceMode
{
    /// <summary>They go nowhere for good: the instance was replaced or stopped.</summary>
    Revoked,

    /// <summary>They go nowhere: a throw-away instance tries the state and rehearses real events, on a thread of its own.</summary>
    DryRun,

    /// <summary>They are held until the event has been handled without a fault, and what the host answers is recorded.</summary>
    Trial,

    /// <summary>They go nowhere, but what the host answered to the failed version is answered again.</summary>
    Replay,

    /// <summary>They take effect at once.</summary>
    Live,
}
