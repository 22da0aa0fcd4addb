using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Where a peer's packets come from and ours go to: symmetric RTP with a short window for learning.</summary>
/// <remarks>
/// Only the signalled host (or the one signalling came from) can be learnt, only within the window, with one change of mind; a packet
/// from the signalled address itself closes the window at once. Afterwards everything from elsewhere is refused.
/// </remarks>
internal struct PeerLatch
{
    private NetAddress _signalled;
    private NetAddress _allowedHost;
    private long _windowEndUs;
    private bool _changedMind;

    /// <summary>Where to send; not usable while unknown.</summary>
    public NetAddress Current { get; private set; }

    /// <summary>Whether a packet came from <see cref="Current"/>.</summary>
    public bool IsLatched { get; private set; }

    /// <summary>Whether nothing else will be learnt.</summary>
    public bool IsLocked { get; private set; }

    /// <summary>Takes what was negotiated. Hold in the old way (no address) leaves everything as it is.</summary>
    /// <returns>True when the peer's address is to be learnt anew.</returns>
    public bool Configure(AudioStream stream, long nowUs)
    {
        var signalled = NetAddress.From(stream.Remote);
        var host = stream.LatchFrom is { } from ? NetAddress.From(from, 0) : signalled.WithPort(0);
        if (!signalled.IsUsable)
        {
            if (!_signalled.IsUsable && stream.LatchFrom is not null && !IsLatched)
            {
                _allowedHost = host;
                _windowEndUs = nowUs + (stream.LatchWindowMs * 1000L);
            }

            return false;
        }

        if (signalled == _signalled && host == _allowedHost)
        {
            return false;
        }

        _signalled = Current = signalled;
        _allowedHost = host;
        _windowEndUs = nowUs + (stream.LatchWindowMs * 1000L);
        IsLatched = IsLocked = _changedMind = false;
        return true;
    }

    /// <summary>Whether a packet from a source would be accepted; changes nothing.</summary>
    public readonly bool CouldAccept(in NetAddress source, long nowUs) =>
        (IsLatched && source == Current) || (!IsLocked && (source == _signalled || (nowUs < _windowEndUs && source.HasSameHost(_allowedHost) && source.IsUsable)));

    /// <summary>Judges the source of a packet that is otherwise in order.</summary>
    /// <returns>False for a foreign one.</returns>
    public bool Accept(in NetAddress source, long nowUs)
    {
        if (IsLatched && source == Current)
        {
            IsLocked |= nowUs >= _windowEndUs;
            return true;
        }

        if (IsLocked)
        {
            return false;
        }

        if (source == _signalled)
        {
            Current = source;
            IsLatched = IsLocked = true;
            return true;
        }

        if (nowUs >= _windowEndUs || !source.HasSameHost(_allowedHost) || !source.IsUsable)
        {
            IsLocked |= IsLatched && nowUs >= _windowEndUs;
            return false;
        }

        if (IsLatched)
        {
            if (_changedMind)
            {
                return false;
            }

            _changedMind = true;
        }

        Current = source;
        IsLatched = true;
        return true;
    }
}
