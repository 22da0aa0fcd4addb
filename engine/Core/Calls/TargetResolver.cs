using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>One leg to be made.</summary>
/// <param name="Target">Where to.</param>
/// <param name="Variables">All variables of the leg, in order of strength.</param>
/// <param name="Number">The number dialled, for the profile.</param>
/// <param name="User">The user dialled, or null.</param>
internal sealed record Dialable(DialTarget Target, LegVariables Variables, string Number, DirectoryUser? User);

/// <summary>Turns targets of dial strings into addresses: users into their contacts, groups into users. Core loop only.</summary>
internal sealed class TargetResolver(CallCore core)
{
    /// <summary>Resolves one target.</summary>
    /// <param name="target">The target.</param>
    /// <param name="shared">Variables of the whole dial string.</param>
    /// <param name="failure">Why there is nothing to ring, or <see cref="HangupCause.None"/>.</param>
    public IReadOnlyList<Dialable> Resolve(DialString.Target target, IReadOnlyList<KeyValuePair<string, string>> shared, out HangupCause failure)
    {
        failure = HangupCause.None;
        switch (target.Endpoint)
        {
            case "error":
                failure = HangupCauses.TryParse(target.Address, out var cause) ? cause : HangupCause.NormalClearing;
                return [];
            case "user":
                return Users(target.Address, Variables(), out failure);
            case "group":
                return Group(target.Address, Variables(), out failure);
            case "whip" or "whep" or "whap" or "whxp":
                return Streams(target, Variables(), out failure);
            default:
                if (target.Endpoint != LoopbackEndpoint.Scheme && !core.Services.Plugins.Serves(target.Endpoint))
                {
                    failure = HangupCause.ChanNotImplemented;
                    return [];
                }

                return Contacts(target, Variables()) is { Count: > 0 } contacts ? contacts : Direct(target, Variables(), out failure);
        }

        LegVariables Variables() => new([.. shared, .. target.Variables]);
    }

    private static Dialable[] Direct(DialString.Target target, LegVariables variables, out HangupCause failure)
    {
        failure = HangupCause.None;
        if (target.Endpoint == LoopbackEndpoint.Scheme)
        {
            return [new(new(target.Endpoint, "", target.Address, null), variables, target.Address.Split('/')[0], null)];
        }

        var slash = target.Address.IndexOf('/', StringComparison.Ordinal);
        var (profile, address) = slash < 0 ? ("", target.Address) : (target.Address[..slash], target.Address[(slash + 1)..]);
        if (address.Length == 0)
        {
            failure = HangupCause.InvalidUrl;
            return [];
        }

        var number = address.Split('@', ';')[0];
        number = number.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? number[4..] : number;
        return [new(new(target.Endpoint, profile, address, null), variables, number, null)];
    }

    /// <summary>A stream of this engine by its name, which is reached through its application, or an endpoint of another server by its URL.</summary>
    private IReadOnlyList<Dialable> Streams(DialString.Target target, LegVariables variables, out HangupCause failure)
    {
        failure = HangupCause.None;
        if (target.Address.Contains("://", StringComparison.Ordinal))
        {
            failure = core.Services.Plugins.Serves("whip") ? HangupCause.None : HangupCause.ChanNotImplemented;
            return failure == HangupCause.None ? [new(new("whip", "", target.Address, null), variables, target.Address.Split('/')[^1], null)] : [];
        }

        var application = target.Endpoint switch { "whip" => "stream_publish", "whep" or "whap" => "stream_play", _ => "" };
        if (application.Length == 0 || target.Address.Length == 0 || target.Address.AsSpan().IndexOfAny("/,:") >= 0)
        {
            failure = HangupCause.InvalidUrl;
            return [];
        }

        return [new(new(LoopbackEndpoint.Scheme, "", $"{application}:{target.Address}/default/inline", null), variables, target.Address, null)];
    }

    /// <summary>All sockets of a user that an endpoint without addresses of its own names (<c>verto.rtc/1000@example.org</c>); they ring together.</summary>
    private List<Dialable> Contacts(DialString.Target target, LegVariables variables)
    {
        var at = target.Address.IndexOf('@', StringComparison.Ordinal);
        var (number, domain) = at < 0 ? (target.Address, core.Services.Directory.Domain) : (target.Address[..at], target.Address[(at + 1)..]);
        return core.Services.Plugins.MediaOf(target.Endpoint) != MediaProfile.WebRtc || core.Services.Directory.FindUser(number, domain) is not { } user
            ? []
            : [.. core.Services.Directory.Registrations(user).Where(r => r.Endpoint == target.Endpoint).Select(r => new Dialable(
                new DialTarget(r.Endpoint, r.Profile, r.Contact, r),
                new LegVariables([.. user.Variables, new("dialed_user", number), new("dialed_domain", domain), .. variables.Snapshot]),
                number,
                user))];
    }

    private IReadOnlyList<Dialable> Users(string address, LegVariables variables, out HangupCause failure)
    {
        var at = address.IndexOf('@', StringComparison.Ordinal);
        var (number, domain) = at < 0 ? (address, core.Services.Directory.Domain) : (address[..at], address[(at + 1)..]);
        if (core.Services.Directory.FindUser(number, domain) is not { } user)
        {
            failure = HangupCause.SubscriberAbsent;
            return [];
        }

        var bindings = core.Services.Directory.Registrations(user);
        failure = bindings.Count == 0 ? HangupCause.UserNotRegistered : HangupCause.None;
        return [.. bindings.Select(b => new Dialable(
            new DialTarget(b.Endpoint, b.Profile, b.Contact, b),
            new LegVariables([.. user.Variables, new("dialed_user", number), new("dialed_domain", domain), .. variables.Snapshot]),
            number,
            user))];
    }

    private List<Dialable> Group(string address, LegVariables variables, out HangupCause failure)
    {
        failure = HangupCause.NoRouteDestination;
        var all = new List<Dialable>();
        foreach (var member in core.Services.Directory.GroupMembers(address.Split('@')[0]))
        {
            all.AddRange(Users(member, variables, out failure));
        }

        failure = all.Count > 0 ? HangupCause.None : failure;
        return all;
    }
}
