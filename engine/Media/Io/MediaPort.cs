namespace XSwitchEngine.Media.Io;

/// <summary>One bound UDP socket of a leg.</summary>
internal abstract class MediaPort : IDisposable
{
    /// <summary>Nothing was there.</summary>
    public const int Nothing = -1;

    /// <summary>The local port number.</summary>
    public abstract ushort Number { get; }

    /// <summary>Receives one datagram without waiting.</summary>
    /// <param name="buffer">At least one byte longer than the longest packet that is wanted.</param>
    /// <param name="source">Where it came from; while connected, the peer.</param>
    /// <returns>Its length, cut to the buffer, or <see cref="Nothing"/>; a peer that is gone is nothing too.</returns>
    public abstract int Receive(Span<byte> buffer, out NetAddress source);

    /// <summary>Sends one datagram without waiting; one that cannot be sent is lost. Of a shared port: any thread.</summary>
    public abstract void Send(ReadOnlySpan<byte> packet, in NetAddress to);

    /// <summary>Takes packets of one peer only and sends to it.</summary>
    public abstract void Connect(in NetAddress peer);

    /// <summary>Takes packets of anybody again.</summary>
    public abstract void Disconnect();

    /// <summary>Closes the socket.</summary>
    public abstract void Dispose();
}

/// <summary>Readiness of one port.</summary>
/// <param name="Leg">The number it was added under; negative for a shared port.</param>
/// <param name="IsRtcp">Which of the leg's two ports.</param>
internal readonly record struct ReadyPort(int Leg, bool IsRtcp);

/// <summary>Waits for the ports of one media loop.</summary>
internal interface IMediaPoller : IDisposable
{
    /// <summary>Watches a port. Loop only.</summary>
    /// <returns>False when the system refuses.</returns>
    bool Add(MediaPort port, ReadyPort name);

    /// <summary>Ends watching of a port that lives on. Loop only.</summary>
    void Remove(MediaPort port);

    /// <summary>Ends watching of a port that is closed next; the system may do that by itself. Loop only.</summary>
    void Forget(MediaPort port);

    /// <summary>Waits for packets, a wake-up or the time.</summary>
    /// <param name="delayUs">How long at most; negative for no limit.</param>
    /// <param name="deadline">A number that stays the same while the same instant is meant, so that a timer already set is left alone.</param>
    /// <param name="ready">Takes the ports that have packets.</param>
    /// <returns>How many.</returns>
    int Wait(long delayUs, long deadline, Span<ReadyPort> ready);

    /// <summary>Sleeps, whatever comes meanwhile; not at all where the system has no sleep of less than its tick.</summary>
    /// <param name="us">How long, microseconds, less than a second.</param>
    void Rest(long us);

    /// <summary>Ends a wait, this one or the next. Any thread.</summary>
    void Wake();
}

/// <summary>A way to do the network I/O of the media plane on this system.</summary>
internal interface IMediaIo
{
    /// <summary>Its name in statistics and logs.</summary>
    string Name { get; }

    /// <summary>Binds a UDP socket. Any thread.</summary>
    /// <param name="local">A concrete address and port; 0 for one that the system chooses.</param>
    /// <param name="isShared">Whether many sessions use it: more room for packets, and sending from any thread.</param>
    /// <param name="port">The socket.</param>
    /// <param name="isInUse">Whether somebody else has the port, so that another may do.</param>
    /// <param name="error">Why not.</param>
    bool TryBind(in NetAddress local, bool isShared, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MediaPort? port, out bool isInUse, out string error);

    /// <summary>Makes a poller for a loop.</summary>
    IMediaPoller CreatePoller();
}
