using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Scripting.Api;

/// <summary>What stands behind a <c>session</c> object of a script. Shard thread only.</summary>
internal sealed class SessionObject(int index)
{
    /// <summary>Its number within the run; what the userdata holds.</summary>
    public int Index { get; } = index;

    /// <summary>The leg; meaningless without <see cref="IsAttached"/>.</summary>
    public LegId Leg { get; private set; }

    /// <summary>Whether it has a leg.</summary>
    public bool IsAttached { get; private set; }

    /// <summary>Whether it is the global that the run was given.</summary>
    public bool IsMain { get; init; }

    /// <summary>The leg's UUID, or <c>uninitialized</c>.</summary>
    public string Uuid { get; private set; } = "uninitialized";

    /// <summary>Outcome of this object's own originate: <c>NONE</c>, <c>SUCCESS</c> or a cause.</summary>
    public string OriginateCause { get; set; } = "NONE";

    /// <summary>Whether the leg ends with the object.</summary>
    public bool AutoHangup { get; set; }

    /// <summary>Why the leg is of no more use to this script: <c>hangup</c>, <c>transfer</c>, or null.</summary>
    public string? GoneReason { get; set; }

    /// <summary>Name of the global that is the input callback, or null.</summary>
    public string? InputCallback { get; set; }

    /// <summary>Name of the global that the input callback gets as its last argument, or null.</summary>
    public string? InputArgument { get; set; }

    /// <summary>Name of the global that is the hangup hook, or null.</summary>
    public string? HangupHook { get; set; }

    /// <summary>Name of the global that the hangup hook gets as its last argument, or null.</summary>
    public string? HangupArgument { get; set; }

    /// <summary>Whether the hangup hook is due.</summary>
    public bool IsHookDue => GoneReason is not null && HangupHook is not null;

    /// <summary>Registry reference of the userdata while a callback or hook needs it; 0 for none.</summary>
    public int Reference { get; set; }

    /// <summary>Gives it a leg.</summary>
    public void Attach(LegId leg, string uuid)
    {
        Leg = leg;
        Uuid = uuid;
        IsAttached = true;
        GoneReason = null;
    }

    /// <summary>Takes its leg away.</summary>
    public void Detach() => IsAttached = false;
}
