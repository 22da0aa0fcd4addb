using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Cdr;

namespace XSwitchEngine.Core.Calls;

/// <summary>Makes the record of a leg as it is now.</summary>
internal static class CdrFields
{
    public static CdrRecord Of(Leg leg) => new(leg.Id.Value, leg.Direction == LegDirection.Inbound ? "inbound" : "outbound", leg.ChannelName, leg.CreatedTime)
    {
        CallUuid = Guid.Parse(leg.CallUuid),
        BridgedTo = Guid.TryParse(leg.Variables["last_bridge_to"], out var peer) ? peer : default,
        User = leg.Profile.Username,
        CallerName = leg.Profile.CallerName,
        CallerNumber = leg.Profile.CallerNumber,
        Destination = leg.Profile.Destination,
        Context = leg.Profile.Context,
        NetworkAddress = leg.Profile.NetworkAddress,
        ProgressTime = leg.ProgressTime,
        AnswerTime = leg.AnsweredTime,
        EndTime = leg.HungUpTime,
        HangupCause = leg.Cause == HangupCause.None ? "" : leg.Cause.Name(),
        Q850 = leg.Cause == HangupCause.None ? 0 : leg.Cause.Q850(),
        ProtocolStatus = leg.ProtocolStatus,
        HungUpBy = leg.IsUp ? "" : leg.EndedByPeer ? "peer" : "engine",
        Codec = leg.Negotiated is { Audio: { Exists: true } audio } ? audio.Codec.Name : "",
        Recordings = [.. leg.RecordedFiles],
        Variables = leg.IsUp ? [] : leg.Variables.Snapshot,
    };
}
