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
            if (mode is InstanceMode.Replay or InstanceMode.DryRun && host.Given is { } given && given.Refusals.TryTake(true, out var recorded))
            {
                return recorded;
            }

            var refusing = mode is InstanceMode.Revoked || host.Slot.Calls.IsRefusingCalls;
            host.Recorder?.Refusals.Add(true, refusing);
            return refusing;
        }
    }

    public LegId NewLeg()
    {
        var mode = host.Check();
        if (mode is InstanceMode.Replay or InstanceMode.DryRun && host.Given is { } given && given.Legs.TryTake(true, out var recorded))
        {
            return recorded;
        }

        if (mode is not (InstanceMode.Live or InstanceMode.Trial))
        {
            return new LegId(Guid.NewGuid());
        }

        var leg = host.Slot.Calls.NewLeg();
        host.Recorder?.Legs.Add(true, leg);
        return leg;
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

    public void Submit(long key, TextMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        host.Submit(key, message);
    }

    private void Hold(LegEvent e) => host.Hold(() => host.Slot.Calls.Post(e));
}

/// <summary>Users and registrations as one instance of a plugin sees them: reads pass, writes only when the instance is in force.</summary>
internal sealed class InstanceDirectory(InstanceHost host) : IDirectory
{
    public string Domain => host.Slot.Directory.Domain;

    public bool IsLocalDomain(string domain) => host.Slot.Directory.IsLocalDomain(domain);

    public DirectoryUser? FindUser(string number, string domain) => host.Slot.Directory.FindUser(number, domain);

    public TokenGrant? FindToken(string token) => host.Slot.Directory.FindToken(token);

    public IReadOnlyList<Registration> Registrations(DirectoryUser user) => host.Slot.Directory.Registrations(user);

    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(user);
        var mode = host.Check();

        // A write cannot be held back, for its result is needed at once; so it is never done twice for one event.
        if (mode is not InstanceMode.Trial and not InstanceMode.Revoked && host.Given is { } given && given.Registers.TryTake((user.Number, user.Domain), out var recorded))
        {
            outcome = recorded.Outcome;
            return recorded.Bindings;
        }

        if (mode is InstanceMode.DryRun or InstanceMode.Revoked)
        {
            outcome = RegisterOutcome.Accepted;
            return host.Slot.Directory.Registrations(user);
        }

        var bindings = host.Slot.Directory.Register(user, changes, out outcome);
        host.Recorder?.Registers.Add((user.Number, user.Domain), new RegisterAnswer(bindings, outcome));
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
