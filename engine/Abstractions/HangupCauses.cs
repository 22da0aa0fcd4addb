using System.Collections.Frozen;
using System.Globalization;

namespace XSwitchEngine.Abstractions;

/// <summary>Names of <see cref="HangupCause"/> and its mapping to SIP, as FreeSWITCH has them.</summary>
public static class HangupCauses
{
    private static readonly FrozenDictionary<HangupCause, string> Names = new Dictionary<HangupCause, string>
    {
        [HangupCause.None] = "NONE",
        [HangupCause.UnallocatedNumber] = "UNALLOCATED_NUMBER",
        [HangupCause.NoRouteTransitNet] = "NO_ROUTE_TRANSIT_NET",
        [HangupCause.NoRouteDestination] = "NO_ROUTE_DESTINATION",
        [HangupCause.ChannelUnacceptable] = "CHANNEL_UNACCEPTABLE",
        [HangupCause.CallAwardedDelivered] = "CALL_AWARDED_DELIVERED",
        [HangupCause.NormalClearing] = "NORMAL_CLEARING",
        [HangupCause.UserBusy] = "USER_BUSY",
        [HangupCause.NoUserResponse] = "NO_USER_RESPONSE",
        [HangupCause.NoAnswer] = "NO_ANSWER",
        [HangupCause.SubscriberAbsent] = "SUBSCRIBER_ABSENT",
        [HangupCause.CallRejected] = "CALL_REJECTED",
        [HangupCause.NumberChanged] = "NUMBER_CHANGED",
        [HangupCause.RedirectionToNewDestination] = "REDIRECTION_TO_NEW_DESTINATION",
        [HangupCause.ExchangeRoutingError] = "EXCHANGE_ROUTING_ERROR",
        [HangupCause.DestinationOutOfOrder] = "DESTINATION_OUT_OF_ORDER",
        [HangupCause.InvalidNumberFormat] = "INVALID_NUMBER_FORMAT",
        [HangupCause.FacilityRejected] = "FACILITY_REJECTED",
        [HangupCause.ResponseToStatusEnquiry] = "RESPONSE_TO_STATUS_ENQUIRY",
        [HangupCause.NormalUnspecified] = "NORMAL_UNSPECIFIED",
        [HangupCause.NormalCircuitCongestion] = "NORMAL_CIRCUIT_CONGESTION",
        [HangupCause.NetworkOutOfOrder] = "NETWORK_OUT_OF_ORDER",
        [HangupCause.NormalTemporaryFailure] = "NORMAL_TEMPORARY_FAILURE",
        [HangupCause.SwitchCongestion] = "SWITCH_CONGESTION",
        [HangupCause.AccessInfoDiscarded] = "ACCESS_INFO_DISCARDED",
        [HangupCause.RequestedChanUnavail] = "REQUESTED_CHAN_UNAVAIL",
        [HangupCause.PreEmpted] = "PRE_EMPTED",
        [HangupCause.FacilityNotSubscribed] = "FACILITY_NOT_SUBSCRIBED",
        [HangupCause.OutgoingCallBarred] = "OUTGOING_CALL_BARRED",
        [HangupCause.IncomingCallBarred] = "INCOMING_CALL_BARRED",
        [HangupCause.BearercapabilityNotauth] = "BEARERCAPABILITY_NOTAUTH",
        [HangupCause.BearercapabilityNotavail] = "BEARERCAPABILITY_NOTAVAIL",
        [HangupCause.ServiceUnavailable] = "SERVICE_UNAVAILABLE",
        [HangupCause.BearercapabilityNotimpl] = "BEARERCAPABILITY_NOTIMPL",
        [HangupCause.ChanNotImplemented] = "CHAN_NOT_IMPLEMENTED",
        [HangupCause.FacilityNotImplemented] = "FACILITY_NOT_IMPLEMENTED",
        [HangupCause.ServiceNotImplemented] = "SERVICE_NOT_IMPLEMENTED",
        [HangupCause.InvalidCallReference] = "INVALID_CALL_REFERENCE",
        [HangupCause.IncompatibleDestination] = "INCOMPATIBLE_DESTINATION",
        [HangupCause.InvalidMsgUnspecified] = "INVALID_MSG_UNSPECIFIED",
        [HangupCause.MandatoryIeMissing] = "MANDATORY_IE_MISSING",
        [HangupCause.MessageTypeNonexist] = "MESSAGE_TYPE_NONEXIST",
        [HangupCause.WrongMessage] = "WRONG_MESSAGE",
        [HangupCause.IeNonexist] = "IE_NONEXIST",
        [HangupCause.InvalidIeContents] = "INVALID_IE_CONTENTS",
        [HangupCause.WrongCallState] = "WRONG_CALL_STATE",
        [HangupCause.RecoveryOnTimerExpire] = "RECOVERY_ON_TIMER_EXPIRE",
        [HangupCause.MandatoryIeLengthError] = "MANDATORY_IE_LENGTH_ERROR",
        [HangupCause.ProtocolError] = "PROTOCOL_ERROR",
        [HangupCause.Interworking] = "INTERWORKING",
        [HangupCause.Success] = "SUCCESS",
        [HangupCause.OriginatorCancel] = "ORIGINATOR_CANCEL",
        [HangupCause.Crash] = "CRASH",
        [HangupCause.SystemShutdown] = "SYSTEM_SHUTDOWN",
        [HangupCause.LoseRace] = "LOSE_RACE",
        [HangupCause.ManagerRequest] = "MANAGER_REQUEST",
        [HangupCause.BlindTransfer] = "BLIND_TRANSFER",
        [HangupCause.AttendedTransfer] = "ATTENDED_TRANSFER",
        [HangupCause.AllottedTimeout] = "ALLOTTED_TIMEOUT",
        [HangupCause.UserChallenge] = "USER_CHALLENGE",
        [HangupCause.MediaTimeout] = "MEDIA_TIMEOUT",
        [HangupCause.PickedOff] = "PICKED_OFF",
        [HangupCause.UserNotRegistered] = "USER_NOT_REGISTERED",
        [HangupCause.ProgressTimeout] = "PROGRESS_TIMEOUT",
        [HangupCause.InvalidGateway] = "INVALID_GATEWAY",
        [HangupCause.GatewayDown] = "GATEWAY_DOWN",
        [HangupCause.InvalidUrl] = "INVALID_URL",
        [HangupCause.InvalidProfile] = "INVALID_PROFILE",
        [HangupCause.NoPickup] = "NO_PICKUP",
        [HangupCause.SrtpReadError] = "SRTP_READ_ERROR",
        [HangupCause.Bowout] = "BOWOUT",
        [HangupCause.BusyEverywhere] = "BUSY_EVERYWHERE",
        [HangupCause.Decline] = "DECLINE",
        [HangupCause.DoesNotExistAnywhere] = "DOES_NOT_EXIST_ANYWHERE",
        [HangupCause.NotAcceptable] = "NOT_ACCEPTABLE",
        [HangupCause.Unwanted] = "UNWANTED",
        [HangupCause.NoIdentity] = "NO_IDENTITY",
        [HangupCause.BadIdentityInfo] = "BAD_IDENTITY_INFO",
        [HangupCause.UnsupportedCertificate] = "UNSUPPORTED_CERTIFICATE",
        [HangupCause.InvalidIdentity] = "INVALID_IDENTITY",
        [HangupCause.StaleDate] = "STALE_DATE",
        [HangupCause.RejectAll] = "REJECT_ALL",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, HangupCause> ByName =
        Names.ToFrozenDictionary(p => p.Value, p => p.Key, StringComparer.OrdinalIgnoreCase);

    /// <summary>The name in capitals, such as <c>NORMAL_CLEARING</c>.</summary>
    /// <param name="cause">Any cause; an unnamed number gives its digits.</param>
    public static string Name(this HangupCause cause) =>
        Names.TryGetValue(cause, out var name) ? name : ((int)cause).ToString(CultureInfo.InvariantCulture);

    /// <summary>The Q.850 number: 1–127, or 16 for causes that exist in FreeSWITCH only.</summary>
    /// <param name="cause">Any cause.</param>
    public static int Q850(this HangupCause cause) => (int)cause is >= 1 and <= 127 ? (int)cause : 16;

    /// <summary>Reads a name in any case, or a number.</summary>
    /// <param name="text">Such as <c>user_busy</c> or <c>17</c>.</param>
    /// <param name="cause">The cause, or <see cref="HangupCause.NormalClearing"/> when the text is unknown.</param>
    /// <returns>False when the text is unknown.</returns>
    public static bool TryParse(string? text, out HangupCause cause)
    {
        cause = HangupCause.NormalClearing;
        if (string.IsNullOrWhiteSpace(text))
        {
            return false;
        }

        text = text.Trim();
        if (ByName.TryGetValue(text, out var named))
        {
            cause = named;
            return true;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && Names.ContainsKey((HangupCause)number))
        {
            cause = (HangupCause)number;
            return true;
        }

        return false;
    }

    /// <summary>The final SIP status with which a leg that is not answered is refused for this cause.</summary>
    /// <param name="cause">Any cause.</param>
    /// <returns>400–699.</returns>
#pragma warning disable IDE0072 // most causes map to 480 on purpose
    public static int ToSipStatus(this HangupCause cause) => cause switch
    {
        HangupCause.UnallocatedNumber or HangupCause.NoRouteTransitNet or HangupCause.NoRouteDestination => 404,
        HangupCause.UserBusy => 486,
        HangupCause.NoUserResponse => 408,
        HangupCause.NoAnswer or HangupCause.SubscriberAbsent or HangupCause.UserNotRegistered or HangupCause.NormalUnspecified => 480,
        HangupCause.CallRejected => 603,
        HangupCause.NumberChanged or HangupCause.RedirectionToNewDestination => 410,
        HangupCause.DestinationOutOfOrder or HangupCause.NetworkOutOfOrder or HangupCause.InvalidGateway => 502,
        HangupCause.InvalidNumberFormat or HangupCause.InvalidUrl => 484,
        HangupCause.ExchangeRoutingError => 483,
        HangupCause.FacilityRejected or HangupCause.FacilityNotImplemented or HangupCause.ServiceNotImplemented or HangupCause.ChanNotImplemented => 501,
        HangupCause.NormalCircuitCongestion or HangupCause.NormalTemporaryFailure or HangupCause.SwitchCongestion
            or HangupCause.RequestedChanUnavail or HangupCause.GatewayDown or HangupCause.ServiceUnavailable or HangupCause.SystemShutdown => 503,
        HangupCause.OutgoingCallBarred or HangupCause.IncomingCallBarred or HangupCause.BearercapabilityNotauth => 403,
        HangupCause.BearercapabilityNotimpl or HangupCause.IncompatibleDestination or HangupCause.BearercapabilityNotavail => 488,
        HangupCause.RecoveryOnTimerExpire => 504,
        HangupCause.OriginatorCancel or HangupCause.LoseRace => 487,
        HangupCause.BusyEverywhere => 600,
        HangupCause.Decline => 603,
        HangupCause.DoesNotExistAnywhere => 604,
        HangupCause.NotAcceptable => 606,
        _ => 480,
    };

#pragma warning restore IDE0072

    /// <summary>The cause that a final SIP status stands for.</summary>
    /// <param name="status">300–699.</param>
    public static HangupCause FromSipStatus(int status) => status switch
    {
        >= 200 and < 300 => HangupCause.NormalClearing,
        401 or 402 or 403 or 407 or 603 or 608 => HangupCause.CallRejected,
        404 or 485 or 604 => HangupCause.UnallocatedNumber,
        408 or 504 => HangupCause.RecoveryOnTimerExpire,
        410 => HangupCause.NumberChanged,
        413 or 414 or 416 or 420 or 421 or 423 or 505 or 513 => HangupCause.Interworking,
        480 => HangupCause.NoUserResponse,
        400 or 481 or 500 or 503 => HangupCause.NormalTemporaryFailure,
        486 or 600 => HangupCause.UserBusy,
        484 => HangupCause.InvalidNumberFormat,
        488 or 606 => HangupCause.IncompatibleDestination,
        502 => HangupCause.NetworkOutOfOrder,
        405 or 501 => HangupCause.ServiceNotImplemented,
        482 or 483 => HangupCause.ExchangeRoutingError,
        487 => HangupCause.OriginatorCancel,
        >= 300 and < 400 => HangupCause.RedirectionToNewDestination,
        _ => HangupCause.NormalUnspecified,
    };
}
