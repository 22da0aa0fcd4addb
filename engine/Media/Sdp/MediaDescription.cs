using System.Net;

namespace XSwitchEngine.Media;

/// <summary>One m= section of a session description (RFC 8866 §5.14), immutable.</summary>
public sealed class MediaDescription
{
    internal MediaDescription(string kind, int port, string protocol, IReadOnlyList<string> formats)
    {
        Kind = kind;
        Port = port;
        Protocol = protocol;
        Formats = formats;
    }

    /// <summary>The medium, such as <c>audio</c>, lower case.</summary>
    public string Kind { get; }

    /// <summary>0..65535; 0 is a rejected or disabled medium.</summary>
    public int Port { get; }

    /// <summary>The transport as written, such as <c>RTP/AVP</c>.</summary>
    public string Protocol { get; }

    /// <summary>The formats as written; payload types where the transport is RTP.</summary>
    public IReadOnlyList<string> Formats { get; }

    /// <summary>Address of this section or of the session; null when there is none or when it is a host name.</summary>
    public IPAddress? Address { get; internal set; }

    /// <summary>Direction of this section or of the session, as its author sees it; <see cref="MediaDirection.SendRecv"/> when unstated.</summary>
    public MediaDirection Direction { get; internal set; } = MediaDirection.SendRecv;

    /// <summary>a=ptime in ms, or 0.</summary>
    public int PtimeMs { get; internal set; }

    /// <summary>a=maxptime in ms, or 0.</summary>
    public int MaxPtimeMs { get; internal set; }

    /// <summary>Port of a=rtcp (RFC 3605), or 0.</summary>
    public int RtcpPort { get; internal set; }

    /// <summary>Address of a=rtcp, or null.</summary>
    public IPAddress? RtcpAddress { get; internal set; }

    /// <summary>Whether a=rtcp-mux is there (RFC 5761).</summary>
    public bool RtcpMux { get; internal set; }

    /// <summary>Formats in the order of the m= line that have an rtpmap or a static meaning (RFC 3551 §6).</summary>
    public IReadOnlyList<RtpFormat> RtpFormats { get; internal set; } = [];
}

/// <summary>What a payload type stands for.</summary>
/// <param name="PayloadType">0..127.</param>
/// <param name="Name">Encoding name as written; compared without case.</param>
/// <param name="ClockHz">RTP clock rate.</param>
/// <param name="Channels">1 when unstated.</param>
public readonly record struct RtpFormat(int PayloadType, string Name, int ClockHz, int Channels)
{
    internal bool Is(string name) => string.Equals(Name, name, StringComparison.OrdinalIgnoreCase);
}
