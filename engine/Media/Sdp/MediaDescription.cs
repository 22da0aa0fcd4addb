using System.Net;

namespace XSwitchEngine.Media;

/// <summary>One m= section of a session description (RFC 8866 §5.14), immutable.</summary>
public sealed class MediaDescription
{
    private readonly string?[]? _parameters;

    internal MediaDescription(string kind, int port, string protocol, IReadOnlyList<string> formats, string?[]? parameters = null)
    {
        Kind = kind;
        Port = port;
        Protocol = protocol;
        Formats = formats;
        _parameters = parameters;
    }

    /// <summary>The medium, such as <c>audio</c>, lower case.</summary>
    public string Kind { get; }

    /// <summary>0..65535; 0 is a rejected or disabled medium.</summary>
    public int Port { get; }

    /// <summary>The transport as written, such as <c>RTP/AVP</c>.</summary>
    public string Protocol { get; }

    /// <summary>The formats as written; payload types where the transport is RTP.</summary>
    public IReadOnlyList<string> Formats { get; }

    /// <summary>Whether it is not wanted: port 0, and not because it lives in a bundle only (RFC 9143 §6).</summary>
    public bool IsRejected => Port == 0 && !BundleOnly;

    /// <summary>Address of this section or of the session; null when there is none or when it is a host name.</summary>
    public IPAddress? Address { get; internal init; }

    /// <summary>Direction of this section or of the session, as its author sees it; <see cref="MediaDirection.SendRecv"/> when unstated.</summary>
    public MediaDirection Direction { get; internal init; } = MediaDirection.SendRecv;

    /// <summary>a=ptime in ms, or 0.</summary>
    public int PtimeMs { get; internal init; }

    /// <summary>a=maxptime in ms, or 0.</summary>
    public int MaxPtimeMs { get; internal init; }

    /// <summary>Port of a=rtcp (RFC 3605), or 0.</summary>
    public int RtcpPort { get; internal init; }

    /// <summary>Address of a=rtcp, or null.</summary>
    public IPAddress? RtcpAddress { get; internal init; }

    /// <summary>Whether a=rtcp-mux is there (RFC 5761).</summary>
    public bool RtcpMux { get; internal init; }

    /// <summary>Whether a=rtcp-rsize is there (RFC 5506).</summary>
    public bool RtcpReducedSize { get; internal init; }

    /// <summary>Formats in the order of the m= line that have an rtpmap or a static meaning (RFC 3551 §6).</summary>
    public IReadOnlyList<RtpFormat> RtpFormats { get; internal init; } = [];

    /// <summary>a=mid (RFC 5888), or empty.</summary>
    public string Mid { get; internal init; } = "";

    /// <summary>Whether a=bundle-only is there.</summary>
    public bool BundleOnly { get; internal init; }

    /// <summary>ICE credentials of this section or of the session, or null.</summary>
    public IceCredentials? Ice { get; internal init; }

    /// <summary>Certificate fingerprints of this section or of the session that can be checked here.</summary>
    public IReadOnlyList<DtlsFingerprint> Fingerprints { get; internal init; } = [];

    /// <summary>a=setup of this section or of the session (RFC 4145), or empty.</summary>
    public string Setup { get; internal init; } = "";

    /// <summary>Keys of a=crypto (RFC 4568) that can be used here.</summary>
    public IReadOnlyList<SdesKey> Crypto { get; internal init; } = [];

    /// <summary>Header extensions (RFC 8285), as offered: number and meaning.</summary>
    public IReadOnlyList<RtpExtension> Extensions { get; internal init; } = [];

    /// <summary>Feedback that its author takes or sends (RFC 4585 §4.2).</summary>
    public IReadOnlyList<RtpFeedback> Feedback { get; internal init; } = [];

    /// <summary>Sources that its author announces, in their order.</summary>
    public IReadOnlyList<uint> Sources { get; internal init; } = [];

    /// <summary>Addresses of the author's candidates that a check could go to: UDP, component 1, no host names; at most 16, as listed. Needed only where this engine makes checks of its own.</summary>
    public IReadOnlyList<IPEndPoint> Candidates { get; internal init; } = [];

    /// <summary>Parameters of a format (a=fmtp) as written, or null.</summary>
    /// <param name="payloadType">0..127.</param>
    public string? ParametersOf(int payloadType) => _parameters is { } all && (uint)payloadType < (uint)all.Length ? all[payloadType] : null;

    internal bool HasFeedback(int payloadType, string kind)
    {
        foreach (var feedback in Feedback)
        {
            if ((feedback.PayloadType == payloadType || feedback.PayloadType < 0) && feedback.Kind.Equals(kind, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The number of a header extension, or 0.</summary>
    internal int ExtensionId(string uri)
    {
        foreach (var extension in Extensions)
        {
            if (extension.Uri == uri)
            {
                return extension.Id;
            }
        }

        return 0;
    }
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

/// <summary>A header extension of an m= section.</summary>
/// <param name="Id">1..255; 15 and above need the two-byte form.</param>
/// <param name="Uri">Its meaning.</param>
public readonly record struct RtpExtension(int Id, string Uri)
{
    internal const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    internal const string TransportCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
}

/// <summary>One kind of feedback.</summary>
/// <param name="PayloadType">The format it is for, or −1 for all.</param>
/// <param name="Kind">Such as <c>nack pli</c>.</param>
public readonly record struct RtpFeedback(int PayloadType, string Kind);
