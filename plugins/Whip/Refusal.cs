using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>The HTTP status with which a call that fails before its answer is refused.</summary>
internal static class Refusal
{
    /// <summary>Maps a cause, or the status that a script asked for.</summary>
    /// <param name="cause">Why the call failed.</param>
    /// <param name="sipStatus">A status as SIP counts that takes precedence, or 0.</param>
    /// <returns>Status and words.</returns>
    public static (int Status, string Detail) Of(HangupCause cause, int sipStatus) => sipStatus switch
    {
        404 or 410 or 484 or 485 or 604 => NotFound,
        486 or 600 => Busy,
        401 or 402 or 403 or 407 or 603 or 608 => Rejected,
        408 or 480 or 487 or 504 => NoAnswer,
        406 or 415 or 488 or 606 => Media,
        429 => (429, "too many calls"),
        >= 500 and < 600 => Failed,
        _ => Of(cause),
    };

    private static (int, string) NotFound => (404, "there is no such destination");

    private static (int, string) Busy => (409, "the destination is busy");

    private static (int, string) Rejected => (403, "the call was rejected");

    private static (int, string) NoAnswer => (504, "nobody answered");

    private static (int, string) Media => (422, "no common media");

    private static (int, string) Failed => (503, "the call failed for now");

#pragma warning disable IDE0072 // the causes that are not named are temporary failures
    private static (int, string) Of(HangupCause cause) => cause switch
    {
        HangupCause.UnallocatedNumber or HangupCause.NoRouteDestination or HangupCause.NoRouteTransitNet or HangupCause.InvalidNumberFormat
            or HangupCause.NumberChanged or HangupCause.SubscriberAbsent or HangupCause.DoesNotExistAnywhere or HangupCause.InvalidUrl => NotFound,
        HangupCause.UserBusy or HangupCause.BusyEverywhere => Busy,
        HangupCause.CallRejected or HangupCause.Decline or HangupCause.OutgoingCallBarred or HangupCause.IncomingCallBarred
            or HangupCause.BearercapabilityNotauth or HangupCause.Unwanted or HangupCause.RejectAll or HangupCause.NormalClearing => Rejected,
        HangupCause.NoAnswer or HangupCause.NoUserResponse or HangupCause.RecoveryOnTimerExpire or HangupCause.ProgressTimeout
            or HangupCause.AllottedTimeout or HangupCause.OriginatorCancel or HangupCause.NoPickup => NoAnswer,
        HangupCause.IncompatibleDestination or HangupCause.BearercapabilityNotimpl or HangupCause.BearercapabilityNotavail
            or HangupCause.NotAcceptable or HangupCause.MandatoryIeMissing => Media,
        _ => Failed,
    };
#pragma warning restore IDE0072
}
