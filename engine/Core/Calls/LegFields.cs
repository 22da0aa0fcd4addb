using System.Globalization;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>Values that scripts read like variables and that are the leg's own: caller profile, state, times (Lua API 13.1, 13.2). Any thread.</summary>
internal static class LegFields
{
    /// <summary>Names of the computed fields that appear in dumps.</summary>
    public static readonly IReadOnlyList<string> Dumped =
    [
        "uuid", "direction", "channel_name", "call_uuid", "state", "answer_state", "start_stamp", "start_epoch", "start_uepoch", "progress_stamp", "progress_epoch",
        "answer_stamp", "answer_epoch", "answer_uepoch", "bridge_epoch", "end_stamp", "end_epoch", "end_uepoch", "duration", "billsec", "mduration", "billmsec",
        "progresssec", "waitsec", "answersec", "hangup_cause_q850", "current_application", "current_application_data",
    ];

    /// <summary>Looks a field up.</summary>
    /// <param name="leg">The leg.</param>
    /// <param name="name">Lower case, as FreeSWITCH names it.</param>
    /// <returns>Null when there is no such field, or it has no value.</returns>
    public static string? Get(Leg leg, string name)
    {
        var profile = leg.Profile;
        return name switch
        {
            "caller_id_name" or "orig_caller_id_name" => profile.CallerName,
            "caller_id_number" or "orig_caller_id_number" or "ani" => profile.CallerNumber,
            "callee_id_name" => profile.CalleeName,
            "callee_id_number" => profile.CalleeNumber,
            "destination_number" => profile.Destination,
            "rdnis" => profile.Rdnis,
            "context" => profile.Context,
            "dialplan" => profile.Dialplan,
            "username" => profile.Username,
            "network_addr" => profile.NetworkAddress,
            "source" => profile.Source,
            "uuid" => leg.Uuid,
            "chan_name" or "channel_name" => leg.ChannelName,
            "direction" => leg.Direction == LegDirection.Inbound ? "inbound" : "outbound",
            "call_uuid" => leg.CallUuid,
            "state" => StateName(leg),
            "answer_state" => AnswerState(leg),
            "bridge_uuid" or "signal_bond" => leg.Peer?.Uuid,
            "bridge_channel" => leg.Peer?.ChannelName,
            "is_outbound" => leg.Direction == LegDirection.Outbound ? "true" : null,
            "current_application" => leg.Application,
            "current_application_data" => leg.ApplicationData,
            "hangup_cause_q850" => leg.Cause == HangupCause.None ? null : leg.Cause.Q850().ToString(CultureInfo.InvariantCulture),
            "created_time" or "start_uepoch" => Micro(leg.CreatedTime),
            "answered_time" or "answer_uepoch" => Micro(leg.AnsweredTime),
            "progress_time" or "progress_uepoch" => Micro(leg.ProgressTime),
            "progress_media_time" or "progress_media_uepoch" => Micro(leg.ProgressMediaTime),
            "hungup_time" or "end_uepoch" => Micro(leg.HungUpTime),
            "start_epoch" => Epoch(leg.CreatedTime),
            "answer_epoch" => Epoch(leg.AnsweredTime),
            "progress_epoch" => Epoch(leg.ProgressTime),
            "progress_media_epoch" => Epoch(leg.ProgressMediaTime),
            "bridge_epoch" => Epoch(leg.BridgedTime),
            "end_epoch" => Epoch(leg.HungUpTime),
            "start_stamp" => Stamp(leg.CreatedTime),
            "answer_stamp" => Stamp(leg.AnsweredTime),
            "progress_stamp" => Stamp(leg.ProgressTime),
            "bridge_stamp" => Stamp(leg.BridgedTime),
            "end_stamp" => Stamp(leg.HungUpTime),
            "duration" => Seconds(leg.CreatedTime, leg.HungUpTime),
            "billsec" => Seconds(leg.AnsweredTime, leg.HungUpTime),
            "mduration" => Milliseconds(leg.CreatedTime, leg.HungUpTime),
            "billmsec" => Milliseconds(leg.AnsweredTime, leg.HungUpTime),
            "progresssec" => Seconds(leg.CreatedTime, leg.ProgressTime),
            "answersec" or "waitsec" => Seconds(leg.CreatedTime, leg.AnsweredTime),
            _ => null,
        };
    }

    /// <summary>FreeSWITCH's state name.</summary>
    /// <param name="leg">The leg.</param>
    public static string StateName(Leg leg) => leg.State switch
    {
        LegState.New => "CS_NEW",
        LegState.HungUp => "CS_HANGUP",
        LegState.Reported => "CS_REPORTING",
        LegState.Routing or LegState.Ringing or LegState.Early or LegState.Answered =>
            leg.Direction == LegDirection.Inbound || leg.IsControlled ? "CS_EXECUTE"
            : leg.Peer is not null ? "CS_EXCHANGE_MEDIA" : "CS_CONSUME_MEDIA",
        _ => throw new System.Diagnostics.UnreachableException("every state has a name"),
    };

    /// <summary>FreeSWITCH's call state for lists.</summary>
    /// <param name="leg">The leg.</param>
    public static string CallState(Leg leg) => leg.State switch
    {
        LegState.New or LegState.Routing => "DOWN",
        LegState.Ringing => "RINGING",
        LegState.Early => "EARLY",
        LegState.Answered => leg.IsHeld ? "HELD" : "ACTIVE",
        LegState.HungUp or LegState.Reported => "HANGUP",
        _ => throw new System.Diagnostics.UnreachableException("every state has a name"),
    };

    private static string AnswerState(Leg leg) => leg.State switch
    {
        LegState.New or LegState.Routing or LegState.Ringing => "ringing",
        LegState.Early => "early",
        LegState.Answered => "answered",
        LegState.HungUp or LegState.Reported => "hangup",
        _ => throw new System.Diagnostics.UnreachableException("every state has a name"),
    };

    private static string Micro(DateTimeOffset? time) => ((time?.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10 ?? 0).ToString(CultureInfo.InvariantCulture);

    private static string Epoch(DateTimeOffset? time) => (time?.ToUnixTimeSeconds() ?? 0).ToString(CultureInfo.InvariantCulture);

    private static string? Stamp(DateTimeOffset? time) => time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Seconds(DateTimeOffset? from, DateTimeOffset? to) =>
        from is null || to is null ? "0" : ((long)(to - from).Value.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(DateTimeOffset? from, DateTimeOffset? to) =>
        from is null || to is null ? "0" : ((long)(to - from).Value.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
