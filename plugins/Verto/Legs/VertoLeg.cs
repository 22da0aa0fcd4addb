using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Legs;

/// <summary>Where a leg stands. The numbers are part of exported state.</summary>
internal enum VertoLegState : byte
{
    /// <summary>From the client: invite taken, nothing sent. To the client: invite sent.</summary>
    Invited = 0,

    /// <summary>From the client: <c>verto.media</c> sent.</summary>
    Early = 1,

    Answered = 2,
}

/// <summary>What a leg waits for from the core. The numbers are part of exported state.</summary>
internal enum OfferKind : byte
{
    None = 0,

    /// <summary>The answer to the client's <c>updateMedia</c>.</summary>
    Update = 1,

    /// <summary>An offer for <c>verto.attach</c>.</summary>
    Attach = 2,

    /// <summary><c>verto.attach</c> was sent; the client's answer is to come.</summary>
    Attached = 3,
}

/// <summary>One leg: a call with one browser.</summary>
internal sealed class VertoLeg(LegId id, long key, string callId, string sessionId, string userId, bool isOutgoing)
{
    public LegId Id { get; } = id;

    /// <summary>Number of the leg in this plugin; also the key of its timers.</summary>
    public long Key { get; } = key;

    /// <summary>The call's id exactly as the client writes it.</summary>
    public string CallId { get; } = callId;

    /// <summary>The session that has it, also while its socket is away.</summary>
    public string SessionId { get; } = sessionId;

    /// <summary>Whose it is; nobody else gets it back with the session id.</summary>
    public string UserId { get; } = userId;

    /// <summary>Whether the engine called the client.</summary>
    public bool IsOutgoing { get; } = isOutgoing;

    public VertoLegState State { get; set; }

    public string CallerName { get; set; } = "";

    public string CallerNumber { get; set; } = "";

    public string CalleeName { get; set; } = "";

    public string CalleeNumber { get; set; } = "";

    /// <summary>What <c>verto.display</c> said last; null before the first.</summary>
    public string? DisplayName { get; set; }

    public string DisplayNumber { get; set; } = "";

    /// <summary>Variables that scripts set for the client, <c>verto_svar_*</c> and <c>verto_h_*</c>.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the call is kept when the socket is lost.</summary>
    public bool IsRecoverable { get; set; } = true;

    public bool IsHeld { get; set; }

    public OfferKind Offer { get; set; }

    /// <summary>The response that waits for the core's answer to an offer, or 0.</summary>
    public long UpdateReply { get; set; }

    /// <summary>The response that waits for the core's word on a transfer, or 0.</summary>
    public long TransferReply { get; set; }

    /// <summary>When its socket was lost; null while it has one.</summary>
    public DateTimeOffset? DetachedAt { get; set; }

    /// <summary>The timer that ends a call whose client does not come back.</summary>
    public TimerId DetachTimer { get; set; }

    /// <summary>Digits and pauses that the client asked for and that are not handed on yet.</summary>
    public Queue<PendingDigit> Digits { get; } = new();

    /// <summary>Channels that a conference granted for this call.</summary>
    public List<string> Grants { get; } = [];

    /// <summary>The last private event of a conference, sent again after a reattachment; null outside of one.</summary>
    public byte[]? ConferenceEvent { get; set; }
}

/// <summary>A digit of <c>verto.info</c>, or a pause.</summary>
/// <param name="Digit">The digit, or NUL for a pause.</param>
/// <param name="DurationMs">How long.</param>
internal readonly record struct PendingDigit(char Digit, int DurationMs);
