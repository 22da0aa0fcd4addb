namespace XSwitchEngine.Abstractions;

/// <summary>What happened on a leg, told by the plugin to the core. Session descriptions cross as text (RFC 8866).</summary>
/// <param name="Leg">The leg.</param>
public abstract record LegEvent(LegId Leg)
{
    /// <summary>A new leg came in. The core answers with commands, or hangs it up.</summary>
    /// <param name="Leg">From <see cref="ICallCore.NewLeg"/>.</param>
    /// <param name="Caller">Who calls whom, and how it was authenticated.</param>
    /// <param name="Offer">The offer; null when the peer wants ours (delayed offer).</param>
    /// <param name="Variables">Channel variables that the protocol sets, such as <c>sip_call_id</c>.</param>
    public sealed record Incoming(LegId Leg, IncomingCaller Caller, string? Offer, IReadOnlyList<KeyValuePair<string, string>> Variables) : LegEvent(Leg);

    /// <summary>The far end alerts.</summary>
    /// <param name="Leg">The leg.</param>
    public sealed record Ringing(LegId Leg) : LegEvent(Leg);

    /// <summary>The far end sends early media (SIP 183 or 180 with a session description).</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Answer">The answer to our offer.</param>
    public sealed record Progress(LegId Leg, string Answer) : LegEvent(Leg);

    /// <summary>The far end answered a leg that we originated.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Answer">The answer to our offer; null if it equals that of <see cref="Progress"/> or none came.</param>
    /// <param name="Variables">Channel variables learnt with the answer.</param>
    public sealed record Answered(LegId Leg, string? Answer, IReadOnlyList<KeyValuePair<string, string>> Variables) : LegEvent(Leg);

    /// <summary>Our answer to an incoming leg was confirmed by the peer (SIP ACK).</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Answer">With a delayed offer: the peer's answer to the offer in our <see cref="LegCommand.Answer"/>.</param>
    public sealed record Confirmed(LegId Leg, string? Answer) : LegEvent(Leg);

    /// <summary>The peer wants to change the session; answer with <see cref="LegCommand.AcceptReoffer"/> or <see cref="LegCommand.RejectReoffer"/>.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Offer">The new offer; null when the peer asks for a fresh offer of ours (re-INVITE without a body).</param>
    public sealed record Reoffered(LegId Leg, string? Offer) : LegEvent(Leg)
    {
        /// <summary>With no offer: the peer lost its transport (a page was reloaded), so our fresh offer has new ICE credentials and begins a new DTLS association.</summary>
        public bool NewTransport { get; init; }
    }

    /// <summary>The peer answered our <see cref="LegCommand.Reoffer"/>, or the offer that we gave in <see cref="LegCommand.AcceptReoffer"/>.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Answer">The answer; null when it was refused and the old session stays as it was.</param>
    public sealed record ReofferAnswered(LegId Leg, string? Answer) : LegEvent(Leg);

    /// <summary>A digit came by signalling (SIP INFO, Verto info). Digits in RTP are the media's.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Digit">0-9, *, #, A-D.</param>
    /// <param name="DurationMs">1..10000.</param>
    public sealed record Dtmf(LegId Leg, char Digit, int DurationMs) : LegEvent(Leg);

    /// <summary>The peer asks to be transferred (SIP REFER). The core reports progress with <see cref="LegCommand.TransferProgress"/>.</summary>
    /// <param name="Leg">The leg whose peer sent the request.</param>
    /// <param name="Target">Where to: the user part of the target, or a dial string that this plugin serves.</param>
    /// <param name="Replaces">The leg that is to be replaced (attended transfer), or default for a blind one.</param>
    /// <param name="ReferredBy">Who asked, as the peer says; null when absent.</param>
    public sealed record TransferRequested(LegId Leg, string Target, LegId Replaces, string? ReferredBy) : LegEvent(Leg)
    {
        /// <summary>Whether only a leg that is bridged may be transferred (Verto); else a leg alone with an application goes elsewhere itself.</summary>
        public bool BridgedOnly { get; init; }
    }

    /// <summary>The peer asks by signalling to be put on hold, or back, without a new session description (Verto). Its media stops, the party that waits hears music.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Hold">False to resume.</param>
    public sealed record HoldRequested(LegId Leg, bool Hold) : LegEvent(Leg);

    /// <summary>A text message arrived within the leg.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="ContentType">Its media type.</param>
    /// <param name="Text">Its text.</param>
    public sealed record Message(LegId Leg, string ContentType, string Text) : LegEvent(Leg);

    /// <summary>The peer asks by signalling for a video key frame.</summary>
    /// <param name="Leg">The leg.</param>
    public sealed record KeyFrameWanted(LegId Leg) : LegEvent(Leg);

    /// <summary>The leg is over; it is the last event of a leg and follows every <see cref="LegCommand.Hangup"/> too.</summary>
    /// <param name="Leg">The leg.</param>
    /// <param name="Cause">Why.</param>
    /// <param name="ProtocolStatus">The protocol's own final status (a SIP code), or 0.</param>
    /// <param name="Text">The protocol's own words, such as a reason phrase; may be empty.</param>
    /// <param name="ByPeer">True when the far end ended it.</param>
    public sealed record HungUp(LegId Leg, HangupCause Cause, int ProtocolStatus, string Text, bool ByPeer) : LegEvent(Leg);
}
