using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Sessions;

/// <summary>What the sans-IO core asks of whoever runs it.</summary>
internal interface IMediaOutput
{
    /// <summary>The wall clock, for the NTP times of RTCP.</summary>
    DateTimeOffset UtcNow { get; }

    /// <summary>Sends a packet from a leg's RTP or RTCP port; the bytes are borrowed for the call only.</summary>
    void Send(MediaLeg leg, bool rtcp, ReadOnlySpan<byte> packet, in NetAddress to);

    /// <summary>Ties a leg's RTP port to its peer: the system then drops what comes from elsewhere.</summary>
    void Connect(MediaLeg leg, in NetAddress to);

    /// <summary>Unties it.</summary>
    void Disconnect(MediaLeg leg);

    /// <summary>Passes an event on.</summary>
    void Emit(in MediaEvent mediaEvent);
}
