using System.Collections.Frozen;

namespace XSwitchEngine.Core.Calls.Apps;

/// <summary>An application: what a dial plan or script tells a leg to do.</summary>
/// <param name="control">The leg and the operation.</param>
/// <param name="data">Its data, expanded.</param>
internal delegate Task Application(LegControl control, string data);

/// <summary>Applications by name. Core loop only.</summary>
internal sealed class ApplicationTable
{
    /// <summary>Applications that need no channel: they run on a leg that has ended too (Lua API 4.2).</summary>
    private static readonly FrozenSet<string> Zombies = FrozenSet.ToFrozenSet(
        ["set", "unset", "multiset", "export", "push", "hash", "log", "info", "event", "eval", "system", "bgsystem", "set_global", "set_profile_var", "lua"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Applications that do nothing to the call itself: a dial plan that runs only these has not claimed it.</summary>
    private static readonly FrozenSet<string> Passive = FrozenSet.ToFrozenSet(
        ["set", "unset", "multiset", "export", "log", "info", "event", "eval", "set_global", "set_profile_var", "hash"],
        StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, Application> _applications = new(StringComparer.OrdinalIgnoreCase);
    private readonly CallCore _core;
    private readonly Expander _expander;

    public ApplicationTable(CallCore core, Expander expander)
    {
        _core = core;
        _expander = expander;
    }

    /// <summary>Names of all applications.</summary>
    public IReadOnlyCollection<string> Names => _applications.Keys;

    /// <summary>Whether an application leaves the call itself alone.</summary>
    /// <param name="name">Its name.</param>
    public static bool IsPassive(string name) => Passive.Contains(name);

    /// <summary>Adds an application.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="application">What it does.</param>
    public void Add(string name, Application application) => _applications.Add(name, application);

    /// <summary>Runs an application on a leg: expands its data first; an unknown one hangs the leg up.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="name">The application.</param>
    /// <param name="data">Its data.</param>
    public async Task ExecuteAsync(Leg leg, string name, string data)
    {
        name = name.Trim();
        if (!leg.IsUp && !Zombies.Contains(name))
        {
            return;
        }

        if (!_applications.TryGetValue(name, out var application))
        {
            Log.UnknownApplication(_core.Services.Log, leg.Uuid, name);
            _core.Hangup(leg, Abstractions.HangupCause.DestinationOutOfOrder);
            return;
        }

        var expanded = await _expander.ExpandAsync(leg, data);
        Log.Executing(_core.Services.Log, leg.Uuid, name, expanded);
        var (before, beforeData) = (leg.Application, leg.ApplicationData);
        (leg.Application, leg.ApplicationData) = (name, expanded);
        _core.Announce.Application("CHANNEL_EXECUTE", leg, name, expanded);
        using var control = new LegControl(_core.Services.Loop, leg);
        await application(control, expanded);
        _core.Announce.Application("CHANNEL_EXECUTE_COMPLETE", leg, name, expanded);
        (leg.Application, leg.ApplicationData) = (before, beforeData);
    }
}
