namespace XSwitchEngine.Abstractions;

/// <summary>Why a leg ended: Q.850 causes 1–127 and those that FreeSWITCH adds above, with its numbers.</summary>
public enum HangupCause
{
    /// <summary><c>NONE</c>.</summary>
    None = 0,

    /// <summary><c>UNALLOCATED_NUMBER</c>.</summary>
    UnallocatedNumber = 1,

    /// <summary><c>NO_ROUTE_TRANSIT_NET</c>.</summary>
    NoRouteTransitNet = 2,

    /// <summary><c>NO_ROUTE_DESTINATION</c>.</summary>
    NoRouteDestination = 3,

    /// <summary><c>CHANNEL_UNACCEPTABLE</c>.</summary>
    ChannelUnacceptable = 6,

    /// <summary><c>CALL_AWARDED_DELIVERED</c>.</summary>
    CallAwardedDelivered = 7,

    /// <summary><c>NORMAL_CLEARING</c>.</summary>
    NormalClearing = 16,

    /// <summary><c>USER_BUSY</c>.</summary>
    UserBusy = 17,

    /// <summary><c>NO_USER_RESPONSE</c>.</summary>
    NoUserResponse = 18,

    /// <summary><c>NO_ANSWER</c>.</summary>
    NoAnswer = 19,

    /// <summary><c>SUBSCRIBER_ABSENT</c>.</summary>
    SubscriberAbsent = 20,

    /// <summary><c>CALL_REJECTED</c>.</summary>
    CallRejected = 21,

    /// <summary><c>NUMBER_CHANGED</c>.</summary>
    NumberChanged = 22,

    /// <summary><c>REDIRECTION_TO_NEW_DESTINATION</c>.</summary>
    RedirectionToNewDestination = 23,

    /// <summary><c>EXCHANGE_ROUTING_ERROR</c>.</summary>
    ExchangeRoutingError = 25,

    /// <summary><c>DESTINATION_OUT_OF_ORDER</c>.</summary>
    DestinationOutOfOrder = 27,

    /// <summary><c>INVALID_NUMBER_FORMAT</c>.</summary>
    InvalidNumberFormat = 28,

    /// <summary><c>FACILITY_REJECTED</c>.</summary>
    FacilityRejected = 29,

    /// <summary><c>RESPONSE_TO_STATUS_ENQUIRY</c>.</summary>
    ResponseToStatusEnquiry = 30,

    /// <summary><c>NORMAL_UNSPECIFIED</c>.</summary>
    NormalUnspecified = 31,

    /// <summary><c>NORMAL_CIRCUIT_CONGESTION</c>.</summary>
    NormalCircuitCongestion = 34,

    /// <summary><c>NETWORK_OUT_OF_ORDER</c>.</summary>
    NetworkOutOfOrder = 38,

    /// <summary><c>NORMAL_TEMPORARY_FAILURE</c>.</summary>
    NormalTemporaryFailure = 41,

    /// <summary><c>SWITCH_CONGESTION</c>.</summary>
    SwitchCongestion = 42,

    /// <summary><c>ACCESS_INFO_DISCARDED</c>.</summary>
    AccessInfoDiscarded = 43,

    /// <summary><c>REQUESTED_CHAN_UNAVAIL</c>.</summary>
    RequestedChanUnavail = 44,

    /// <summary><c>PRE_EMPTED</c>.</summary>
    PreEmpted = 45,

    /// <summary><c>FACILITY_NOT_SUBSCRIBED</c>.</summary>
    FacilityNotSubscribed = 50,

    /// <summary><c>OUTGOING_CALL_BARRED</c>.</summary>
    OutgoingCallBarred = 52,

    /// <summary><c>INCOMING_CALL_BARRED</c>.</summary>
    IncomingCallBarred = 54,

    /// <summary><c>BEARERCAPABILITY_NOTAUTH</c>.</summary>
    BearercapabilityNotauth = 57,

    /// <summary><c>BEARERCAPABILITY_NOTAVAIL</c>.</summary>
    BearercapabilityNotavail = 58,

    /// <summary><c>SERVICE_UNAVAILABLE</c>.</summary>
    ServiceUnavailable = 63,

    /// <summary><c>BEARERCAPABILITY_NOTIMPL</c>.</summary>
    BearercapabilityNotimpl = 65,

    /// <summary><c>CHAN_NOT_IMPLEMENTED</c>.</summary>
    ChanNotImplemented = 66,

    /// <summary><c>FACILITY_NOT_IMPLEMENTED</c>.</summary>
    FacilityNotImplemented = 69,

    /// <summary><c>SERVICE_NOT_IMPLEMENTED</c>.</summary>
    ServiceNotImplemented = 79,

    /// <summary><c>INVALID_CALL_REFERENCE</c>.</summary>
    InvalidCallReference = 81,

    /// <summary><c>INCOMPATIBLE_DESTINATION</c>.</summary>
    IncompatibleDestination = 88,

    /// <summary><c>INVALID_MSG_UNSPECIFIED</c>.</summary>
    InvalidMsgUnspecified = 95,

    /// <summary><c>MANDATORY_IE_MISSING</c>.</summary>
    MandatoryIeMissing = 96,

    /// <summary><c>MESSAGE_TYPE_NONEXIST</c>.</summary>
    MessageTypeNonexist = 97,

    /// <summary><c>WRONG_MESSAGE</c>.</summary>
    WrongMessage = 98,

    /// <summary><c>IE_NONEXIST</c>.</summary>
    IeNonexist = 99,

    /// <summary><c>INVALID_IE_CONTENTS</c>.</summary>
    InvalidIeContents = 100,

    /// <summary><c>WRONG_CALL_STATE</c>.</summary>
    WrongCallState = 101,

    /// <summary><c>RECOVERY_ON_TIMER_EXPIRE</c>.</summary>
    RecoveryOnTimerExpire = 102,

    /// <summary><c>MANDATORY_IE_LENGTH_ERROR</c>.</summary>
    MandatoryIeLengthError = 103,

    /// <summary><c>PROTOCOL_ERROR</c>.</summary>
    ProtocolError = 111,

    /// <summary><c>INTERWORKING</c>.</summary>
    Interworking = 127,

    /// <summary><c>SUCCESS</c>.</summary>
    Success = 142,

    /// <summary><c>ORIGINATOR_CANCEL</c>.</summary>
    OriginatorCancel = 487,

    /// <summary><c>CRASH</c>.</summary>
    Crash = 700,

    /// <summary><c>SYSTEM_SHUTDOWN</c>.</summary>
    SystemShutdown = 701,

    /// <summary><c>LOSE_RACE</c>.</summary>
    LoseRace = 702,

    /// <summary><c>MANAGER_REQUEST</c>.</summary>
    ManagerRequest = 703,

    /// <summary><c>BLIND_TRANSFER</c>.</summary>
    BlindTransfer = 800,

    /// <summary><c>ATTENDED_TRANSFER</c>.</summary>
    AttendedTransfer = 801,

    /// <summary><c>ALLOTTED_TIMEOUT</c>.</summary>
    AllottedTimeout = 802,

    /// <summary><c>USER_CHALLENGE</c>.</summary>
    UserChallenge = 803,

    /// <summary><c>MEDIA_TIMEOUT</c>.</summary>
    MediaTimeout = 804,

    /// <summary><c>PICKED_OFF</c>.</summary>
    PickedOff = 805,

    /// <summary><c>USER_NOT_REGISTERED</c>.</summary>
    UserNotRegistered = 806,

    /// <summary><c>PROGRESS_TIMEOUT</c>.</summary>
    ProgressTimeout = 807,

    /// <summary><c>INVALID_GATEWAY</c>.</summary>
    InvalidGateway = 808,

    /// <summary><c>GATEWAY_DOWN</c>.</summary>
    GatewayDown = 809,

    /// <summary><c>INVALID_URL</c>.</summary>
    InvalidUrl = 810,

    /// <summary><c>INVALID_PROFILE</c>.</summary>
    InvalidProfile = 811,

    /// <summary><c>NO_PICKUP</c>.</summary>
    NoPickup = 812,

    /// <summary><c>SRTP_READ_ERROR</c>.</summary>
    SrtpReadError = 813,

    /// <summary><c>BOWOUT</c>.</summary>
    Bowout = 814,

    /// <summary><c>BUSY_EVERYWHERE</c>.</summary>
    BusyEverywhere = 815,

    /// <summary><c>DECLINE</c>.</summary>
    Decline = 816,

    /// <summary><c>DOES_NOT_EXIST_ANYWHERE</c>.</summary>
    DoesNotExistAnywhere = 817,

    /// <summary><c>NOT_ACCEPTABLE</c>.</summary>
    NotAcceptable = 818,

    /// <summary><c>UNWANTED</c>.</summary>
    Unwanted = 819,

    /// <summary><c>NO_IDENTITY</c>.</summary>
    NoIdentity = 820,

    /// <summary><c>BAD_IDENTITY_INFO</c>.</summary>
    BadIdentityInfo = 821,

    /// <summary><c>UNSUPPORTED_CERTIFICATE</c>.</summary>
    UnsupportedCertificate = 822,

    /// <summary><c>INVALID_IDENTITY</c>.</summary>
    InvalidIdentity = 823,

    /// <summary><c>STALE_DATE</c>.</summary>
    StaleDate = 824,

    /// <summary><c>REJECT_ALL</c>.</summary>
    RejectAll = 825,
}
