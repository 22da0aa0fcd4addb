using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>The endpoint <c>loopback/ext[/context[/dialplan]]</c>: an outbound leg whose far end is an incoming leg of this engine, so that a call runs through the dial plan again.</summary>
/// <remarks>The two legs speak to each other in the same offers, answers and commands as legs of any protocol; their audio crosses 127.0.0.1.</remarks>
internal sealed class LoopbackEndpoint(CallCore core)
{
    public const string Scheme = "loopback";

    /// <summary>Handles a command of the core for one of the two legs.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="command">The command.</param>
    public bool Handle(Leg leg, LegCommand command)
    {
        if (command is LegCommand.Originate originate)
        {
            Originate(leg, originate);
            return true;
        }

        if (leg.Twin is not { } twin)
        {
            return false;
        }

        LegEvent? e = command switch
        {
            LegCommand.Ring => new LegEvent.Ringing(twin.Id),
            LegCommand.EarlyMedia early => new LegEvent.Progress(twin.Id, early.Sdp),
            LegCommand.Answer answer => new LegEvent.Answered(twin.Id, answer.Sdp, []),
            LegCommand.Reoffer reoffer => new LegEvent.Reoffered(twin.Id, reoffer.Sdp),
            LegCommand.AcceptReoffer accept => new LegEvent.ReofferAnswered(twin.Id, accept.Sdp),
            LegCommand.RejectReoffer => new LegEvent.ReofferAnswered(twin.Id, null),
            LegCommand.Hangup hangup => new LegEvent.HungUp(twin.Id, hangup.Cause, hangup.ProtocolStatus, hangup.Text, ByPeer: true),
            LegCommand.SendDtmf dtmf => new LegEvent.Dtmf(twin.Id, dtmf.Digit, dtmf.DurationMs),
            LegCommand.SendMessage message => new LegEvent.Message(twin.Id, message.ContentType, message.Text),
            _ => null,
        };
        if (e is not null)
        {
            core.Post(e);
        }

        return e is not null;
    }

    private void Originate(Leg leg, LegCommand.Originate originate)
    {
        var parts = originate.Target.Address.Split('/', 3);
        var context = parts.Length > 1 && parts[1].Length > 0 ? parts[1] : "default";
        var id = core.NewLeg();
        var profile = new CallerProfile(originate.CallerName, originate.CallerNumber, parts[0], context)
        {
            Dialplan = parts.Length > 2 && parts[2].Length > 0 ? parts[2] : "Lua",
            NetworkAddress = IPAddress.Loopback.ToString(),
            Source = "mod_loopback",
        };
        var variables = new LegVariables([.. originate.Variables, new("domain_name", core.Services.Directory.Domain), new("other_loopback_leg_uuid", leg.Uuid)]);
        var twin = new Leg(id, LegDirection.Inbound, Scheme, $"loopback/{parts[0]}-b", profile, variables, core.Services.Loop.Now)
        {
            LocalAddress = IPAddress.Loopback,
            SignallingAddress = IPAddress.Loopback,
            PendingOffer = originate.Offer,
            Twin = leg,
            CallUuid = leg.CallUuid,
        };
        leg.Twin = twin;
        leg.Variables.Set("other_loopback_leg_uuid", twin.Uuid);
        core.Add(twin);
        twin.State = LegState.Routing;
        core.OnIncoming(twin);
    }
}
