namespace XSwitchEngine.Core.Calls;

/// <summary>What a leg is to do next, given from outside its own script.</summary>
internal abstract record NextStep
{
    /// <summary>Route again.</summary>
    public sealed record Transfer(string Extension, string Dialplan, string Context) : NextStep;

    /// <summary>Join another leg.</summary>
    public sealed record Join(Leg Other) : NextStep;

    /// <summary>Be joined by another leg that runs the bridge.</summary>
    public sealed record Joined(Leg By) : NextStep;

    /// <summary>Run applications one after the other.</summary>
    public sealed record Applications(IReadOnlyList<(string Name, string Data)> List) : NextStep;

    /// <summary>Wait for commands.</summary>
    public sealed record Park : NextStep;
}
