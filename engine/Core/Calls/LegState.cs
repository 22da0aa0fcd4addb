namespace XSwitchEngine.Core.Calls;

/// <summary>States of a leg (design: New → Routing → Ringing/Early → Answered → HungUp → Reported).</summary>
public enum LegState
{
    /// <summary>Made, nothing done yet.</summary>
    New,

    /// <summary>The dial plan decides, or an outbound leg was sent out.</summary>
    Routing,

    /// <summary>The far end alerts, or the caller was told so.</summary>
    Ringing,

    /// <summary>Media before the answer.</summary>
    Early,

    /// <summary>Answered.</summary>
    Answered,

    /// <summary>Ended; the record is being written.</summary>
    HungUp,

    /// <summary>The record is written; only scripts may still hold the leg.</summary>
    Reported,
}

/// <summary>Which way a leg was made.</summary>
public enum LegDirection
{
    /// <summary>The peer called us.</summary>
    Inbound,

    /// <summary>We called the peer.</summary>
    Outbound,
}
