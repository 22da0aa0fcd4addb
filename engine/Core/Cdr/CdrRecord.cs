namespace XSwitchEngine.Core.Cdr;

/// <summary>Call detail record of one leg; complete at its end, partial in the journal before.</summary>
/// <param name="Uuid">The leg.</param>
/// <param name="Direction"><c>inbound</c> or <c>outbound</c>.</param>
/// <param name="Channel">Channel name, such as <c>sofia/internal/1000@example.org</c>.</param>
/// <param name="StartTime">When the leg was made.</param>
public sealed record CdrRecord(Guid Uuid, string Direction, string Channel, DateTimeOffset StartTime)
{
    /// <summary>The first leg of the call that this one belongs to.</summary>
    public Guid CallUuid { get; init; }

    /// <summary>The leg it was last bridged to, or empty.</summary>
    public Guid BridgedTo { get; init; }

    /// <summary>Authenticated user, or empty.</summary>
    public string User { get; init; } = "";

    /// <summary>Caller's display name.</summary>
    public string CallerName { get; init; } = "";

    /// <summary>Caller's number.</summary>
    public string CallerNumber { get; init; } = "";

    /// <summary>Dialled number.</summary>
    public string Destination { get; init; } = "";

    /// <summary>Dial-plan context.</summary>
    public string Context { get; init; } = "";

    /// <summary>Address of the signalling peer.</summary>
    public string NetworkAddress { get; init; } = "";

    /// <summary>First ringing or early media, or null.</summary>
    public DateTimeOffset? ProgressTime { get; init; }

    /// <summary>Answer, or null.</summary>
    public DateTimeOffset? AnswerTime { get; init; }

    /// <summary>End, or null in the journal before.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>Cause by name, such as <c>NORMAL_CLEARING</c>.</summary>
    public string HangupCause { get; init; } = "";

    /// <summary>Q.850 number.</summary>
    public int Q850 { get; init; }

    /// <summary>Final protocol status (SIP code), or 0.</summary>
    public int ProtocolStatus { get; init; }

    /// <summary><c>peer</c>, <c>engine</c>, or empty.</summary>
    public string HungUpBy { get; init; } = "";

    /// <summary>Codec name, or empty.</summary>
    public string Codec { get; init; } = "";

    /// <summary>Media counters, or null when there was no media.</summary>
    public XSwitchEngine.Media.MediaStatistics? Media { get; init; }

    /// <summary>Files recorded.</summary>
    public IReadOnlyList<string> Recordings { get; init; } = [];

    /// <summary>Channel variables at the end.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];
}

/// <summary>Keeps records so that a killed engine reports every call after its restart (<c>P-I12</c>). No member blocks.</summary>
public interface ICdrJournal
{
    /// <summary>A leg began, or was answered: journalled, so that it is reported with cause CRASH if the engine dies.</summary>
    /// <param name="record">What is known so far.</param>
    void Open(CdrRecord record);

    /// <summary>A leg ended: written to the CDR file, and its journal entry closed.</summary>
    /// <param name="record">The whole record.</param>
    void Close(CdrRecord record);

    /// <summary>Writes out what is queued.</summary>
    Task FlushAsync();
}
