using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The calls of the engine as one instance of a plugin sees them.</summary>
internal sealed class InstanceCalls(InstanceHost host) : ICallCore
{
    public bool IsRefusingCalls
    {
        get
        {
            var mode = host.Check();
            if (mode == InstanceMode.Replay && host.Record!.Refusals.TryTake(true, out var recorded))
            {
                return recorded;
            }

            var refusing = mode is InstanceMode.Revoked || host.Slot.Calls.IsRefusingCalls;
            if (mode == InstanceMode.Trial)
            {
                host.Record?.Refusals.Add(true, refusing);
            }

            return refusing;
        }
    }

    public LegId NewLeg()
    {
        switch (host.Check())
        {
            case InstanceMode.Live:
                return host.Slot.Calls.NewLeg();
            case InstanceMode.Trial:
                var leg = host.Slot.Calls.NewLeg();
                host.Record?.Legs.Add(true, leg);
                return leg;
            case InstanceMode.Replay when host.Record!.Legs.TryTake(true, out var given):
                return given;
            case InstanceMode.Replay:
            case InstanceMode.DryRun:
            case InstanceMode.Revoked:
            default:
                return new LegId(Guid.NewGuid());
        }
    }

    public void Post(LegEvent e)
    {
        switch (host.Check())
        {
            case InstanceMode.Live:
                host.Slot.Calls.Post(e);
                break;
            case InstanceMode.Trial:
                Hold(e);
                break;
            case InstanceMode.Replay:
            case InstanceMode.DryRun:
            case InstanceMode.Revoked:
            default:
                break;
        }
    }

    private void Hold(LegEvent e) => host.Hold(() => host.Slot.Calls.Post(e));
}

/// <summary>Users and registrations as one instance of a plugin sees them: reads pass, writes only when the instance is in force.</summary>
internal sealed class InstanceDirectory(InstanceHost host) : IDirectory
{
    public string Domain => host.Slot.Directory.Domain;

    public bool IsLocalDomain(string domain) => host.Slot.Directory.IsLocalDomain(domain);

    public DirectoryUser? FindUser(string number, string domain) => host.Slot.Directory.FindUser(number, domain);

    public IReadOnlyList<Registration> Registrations(DirectoryUser user) => host.Slot.Directory.Registrations(user);

    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(user);
        var mode = host.Check();
        if (mode is InstanceMode.DryRun or InstanceMode.Revoked)
        {
            outcome = RegisterOutcome.Accepted;
            return host.Slot.Directory.Registrations(user);
        }

        // A write cannot be held back, for its result is needed at once; so it is never done twice for one event.
        if (mode is InstanceMode.Replay or InstanceMode.Live && host.Record is { } record && record.Registers.TryTake((user.Number, user.Domain), out var given))
        {
            outcome = given.Outcome;
            return given.Bindings;
        }

        var bindings = host.Slot.Directory.Register(user, changes, out outcome);
        if (mode == InstanceMode.Trial)
        {
            host.Record?.Registers.Add((user.Number, user.Domain), new RegisterAnswer(bindings, outcome));
        }

        return bindings;
    }

    public void RemoveFlow(ConnectionId connection)
    {
        if (host.Check() is InstanceMode.Live or InstanceMode.Trial or InstanceMode.Replay)
        {
            host.Slot.Directory.RemoveFlow(connection);
        }
    }
}
