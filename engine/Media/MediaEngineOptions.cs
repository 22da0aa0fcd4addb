namespace XSwitchEngine.Media;

/// <summary>How the media plane is set up.</summary>
public sealed record MediaEngineOptions
{
    /// <summary>Receives every event, on a media loop's thread or the file thread; only queues it and never throws.</summary>
    public required Action<MediaEvent> Events { get; init; }

    /// <summary>First port for RTP, 1..65534; an odd one is rounded up.</summary>
    public int PortStart { get; init; } = 16384;

    /// <summary>Last port for RTCP, at most 65535; the range holds at least one pair.</summary>
    public int PortEnd { get; init; } = 32767;

    /// <summary>Media loops, each a thread of its own; 1..64.</summary>
    public int Loops { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long a loop lets packets gather when they come fast, microseconds, 0..5000; 0: every packet wakes it. It saves half of a relay's cost and adds half of itself to the delay.</summary>
    public int GatherUs { get; init; } = 1000;

    /// <summary>Priority of the loops, −20..0 (POSIX nice value), or the nearest that the system permits; null to leave it alone.</summary>
    public int? Nice { get; init; } = -20;

    /// <summary>Whether each loop keeps to a processor of its own.</summary>
    public bool Pin { get; init; } = true;

    /// <summary>Traffic class (IP TOS byte) of media packets; 184 is expedited forwarding (RFC 3246), 0 leaves it alone.</summary>
    public byte TrafficClass { get; init; } = 184;

    /// <summary>Whether the portable sockets are used even where the system has a faster way.</summary>
    public bool PortableSockets { get; init; }

    /// <summary>Takes a wake of a loop that may wait until the caller's batch of work is done, and calls it then; false: the loop is woken at once. Null: always at once.</summary>
    public Func<Action, bool>? DeferWake { get; init; }

    /// <summary>UDP port of WebRTC sessions on the first media loop; each further loop takes the next. 0: each loop takes one that the system chooses.</summary>
    public int WebRtcPort { get; init; }

    /// <summary>Whether DTLS is managed code even where OpenSSL is there.</summary>
    public bool ManagedDtls { get; init; }

    /// <summary>Whether a handshake is made in the background at the start, so that the first call does not wait for code to be compiled.</summary>
    public bool WarmUp { get; init; } = true;

    /// <summary>Told about a fault in the work for a session, on the loop's thread; that session is then closed, nothing else suffers. The last value is the session's owner.</summary>
    public Action<Exception, MediaSession, long>? Fault { get; init; }
}
