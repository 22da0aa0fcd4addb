using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>Makes a leg of what a plugin reports.</summary>
internal static class IncomingLeg
{
    /// <summary>Makes the leg with its profile and variables. An authenticated user's identity comes from the directory, never from the message (S-05).</summary>
    /// <param name="e">The report.</param>
    /// <param name="context">Its dial-plan context.</param>
    /// <param name="services">The services.</param>
    public static Leg Make(LegEvent.Incoming e, string context, CallServices services)
    {
        var caller = e.Caller;
        var user = caller.User;
        var number = caller.ShownNumber ?? (user is null ? caller.CallerNumber : user.CallerIdNumber.Length > 0 ? user.CallerIdNumber : user.Number);
        var name = caller.ShownName ?? (user is { CallerIdName.Length: > 0 } ? user.CallerIdName : caller.CallerName.Length > 0 ? caller.CallerName : number);
        var profile = new CallerProfile(name, number, caller.Destination, context)
        {
            Username = user?.Number ?? "",
            NetworkAddress = caller.Remote.Address.ToString(),
            Source = "mod_" + caller.Endpoint,
        };

        var domain = user?.Domain ?? services.Directory.Domain;
        IEnumerable<KeyValuePair<string, string>> variables =
        [
            .. user?.Variables ?? Enumerable.Empty<KeyValuePair<string, string>>(),
            .. e.Variables,
            new("domain_name", domain),
            new("user_name", user?.Number ?? ""),
            new("user_context", user?.Context ?? ""),
        ];
        return new Leg(e.Leg, LegDirection.Inbound, caller.Endpoint, caller.ChannelName, profile, new LegVariables(variables), services.Loop.Now)
        {
            User = user,
            ListenerProfile = caller.Profile,
            LocalAddress = caller.Local,
            SignallingAddress = caller.Remote.Address,
            PendingOffer = e.Offer,
            OfferProfile = LegCapability.ProfileOf(services.Plugins.MediaOf(caller.Endpoint)),
        };
    }
}
