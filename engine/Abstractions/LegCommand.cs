namespace XSwitchEngine.Abstractions;

/// <summary>What the core wants of a leg. Arrives as <see cref="TransportEventKind.Command"/>. A command that does not fit the leg's state is ignored.</summary>
/// <param name="Leg">The leg.</param>
public abstract record LegCommand(LegId Leg)
{
    /// <summary>Make a new leg toward an address.</summary>
    /// <param name="Leg">The new leg's id, chosen by the core.</param>
    /// <param name="Target">Where to.</param>
    /// <param name="CallerName">Display name to show; control characters already removed.</param>
    /// <param name="CallerNumber">Number to show.</param>
    /// <param name="Offer">Our offer; null to let the peer offer.</param>
    /// <param name="Variables">Channel variables that concern the protocol, such as <c>sip_h_X-Tag</c>.</param>
    public sealed record Originate(LegId Leg, DialTarget Target, string CallerName, string CallerNumber, string? Offer, IReadOnlyList<KeyValuePair<string, string>> Variables) : LegCommand(Leg);

    /// <summary>Tell the caller that the far end alerts (SIP 180).</summary>
    /// <param name="Leg">The leg.</param>
    public sealed record Ring(LegId Leg) : LegCommand(Leg);

    /// <summary>Open media before the answer (SIP 183).</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Sdp">Our answer; our offer when the peer made none.</param>
    public sealed record EarlyMedia(LegId Leg, string Sdp) : LegCommand(Leg)
    {
        /// <summary>Channel variables that concern the protocol, such as <c>verto_svar_color</c>.</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];
    }

    /// <summary>Answer an incoming leg.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Sdp">Our answer; our offer when the peer made none.</param>
    public sealed record Answer(LegId Leg, string Sdp) : LegCommand(Leg)
    {
        /// <summary>Channel variables that concern the protocol, such as <c>verto_svar_color</c>.</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];
    }

    /// <summary>Offer the peer a changed session; <see cref="LegEvent.ReofferAnswered"/> follows.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Sdp">Our offer; null to ask the peer for one.</param>
    public sealed record Reoffer(LegId Leg, string? Sdp) : LegCommand(Leg);

    /// <summary>Answer the peer's <see cref="LegEvent.Reoffered"/>.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Sdp">Our answer; our offer when the peer made none.</param>
    public sealed record AcceptReoffer(LegId Leg, string Sdp) : LegCommand(Leg);

    /// <summary>Refuse the peer's <see cref="LegEvent.Reoffered"/>; the old session stays (SIP 488).</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Text">Why, in words, for the peer's log.</param>
    public sealed record RejectReoffer(LegId Leg, string Text) : LegCommand(Leg);

    /// <summary>End the leg: refuse, cancel or hang up, as its state asks. Idempotent.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Cause">Why.</param>
    /// <param name="ProtocolStatus">A final protocol status to use instead of that of the cause (SIP 300–699), or 0.</param>
    /// <param name="Text">Reason in words for the peer; may be empty.</param>
    public sealed record Hangup(LegId Leg, HangupCause Cause, int ProtocolStatus, string Text) : LegCommand(Leg);

    /// <summary>Answer with a redirection instead (SIP 302).</summary>
    /// <param name="Leg">An incoming leg that is not answered.</param>
    /// <param name="Target">The new address in the protocol's own form.</param>
    public sealed record Redirect(LegId Leg, string Target) : LegCommand(Leg);

    /// <summary>Send a digit by signalling.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Digit">0-9, *, #, A-D.</param>
    /// <param name="DurationMs">1..10000.</param>
    public sealed record SendDtmf(LegId Leg, char Digit, int DurationMs) : LegCommand(Leg);

    /// <summary>Report how a transfer that the peer asked for goes (NOTIFY with a sipfrag).</summary>
    /// <param name="Leg">The leg whose peer asked.</param>
    /// <param name="ProtocolStatus">100..699 as SIP counts.</param>
    /// <param name="Final">True for the last report.</param>
    public sealed record TransferProgress(LegId Leg, int ProtocolStatus, bool Final) : LegCommand(Leg);

    /// <summary>Ask the peer to call elsewhere (SIP REFER).</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Target">The new address in the protocol's own form.</param>
    public sealed record Refer(LegId Leg, string Target) : LegCommand(Leg);

    /// <summary>Send a text message within the leg.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="ContentType">Its media type.</param>
    /// <param name="Text">Its text.</param>
    public sealed record SendMessage(LegId Leg, string ContentType, string Text) : LegCommand(Leg);

    /// <summary>Ask the peer for a video key frame by signalling (SIP INFO with media_control, Verto videoRefresh).</summary>
    /// <param name="Leg">The leg.</param>
    public sealed record KeyFrame(LegId Leg) : LegCommand(Leg);

    /// <summary>Show the peer with whom it is connected now.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Name">Display name.</param>
    /// <param name="Number">Number.</param>
    public sealed record Display(LegId Leg, string Name, string Number) : LegCommand(Leg);
}
