using System.Text;

namespace XSwitchEngine.Media;

/// <summary>Writes our own descriptions, strictly in the order of RFC 8866 §5.</summary>
internal sealed class SdpWriter
{
    private readonly StringBuilder _media = new(512);
    private readonly string _address;
    private readonly long _sessionId;

    public SdpWriter(LocalCapability local)
    {
        var address = local.Address.ToString();
        _address = (address.Contains(':') ? "IN IP6 " : "IN IP4 ") + address;
        _sessionId = local.SessionId;
    }

    public void Audio(LocalCapability local, string protocol, List<RtpFormat> formats, MediaDirection direction, int ptimeMs, bool rtcpMux)
    {
        _media.Append($"m=audio {local.RtpPort} {protocol}");
        foreach (var format in formats)
        {
            _media.Append($" {format.PayloadType}");
        }

        _media.Append("\r\n");
        foreach (var format in formats)
        {
            _media.Append($"a=rtpmap:{format.PayloadType} {format.Name}/{format.ClockHz}");
            _media.Append(format.Channels > 1 ? $"/{format.Channels}\r\n" : "\r\n");
            if (format.Is("telephone-event"))
            {
                _media.Append($"a=fmtp:{format.PayloadType} 0-15\r\n");
            }
        }

        _media.Append($"a=ptime:{ptimeMs}\r\n");
        _media.Append(direction switch
        {
            MediaDirection.SendRecv => "a=sendrecv\r\n",
            MediaDirection.SendOnly => "a=sendonly\r\n",
            MediaDirection.RecvOnly => "a=recvonly\r\n",
            MediaDirection.Inactive => "a=inactive\r\n",
            _ => "a=sendrecv\r\n",
        });
        if (rtcpMux)
        {
            _media.Append("a=rtcp-mux\r\n");
        }
        else if (local.RtcpPort != local.RtpPort + 1)
        {
            _media.Append($"a=rtcp:{local.RtcpPort}\r\n");
        }
    }

    /// <summary>A medium that is not taken keeps its place with port 0 (RFC 3264 §6).</summary>
    public void Rejected(MediaDescription media) =>
        _media.Append($"m={media.Kind} 0 {media.Protocol} {(media.Formats.Count > 0 ? media.Formats[0] : "0")}\r\n");

    /// <summary>The whole text; the version goes up by one when anything but itself differs from the previous text.</summary>
    public string ToText(NegotiatedSession? previous, out long version)
    {
        version = previous?.Version ?? 1;
        var text = Compose(version);
        if (previous is null || text == previous.LocalSdp)
        {
            return text;
        }

        version++;
        return Compose(version);
    }

    private string Compose(long version) =>
        $"v=0\r\no=- {_sessionId} {version} {_address}\r\ns=-\r\nc={_address}\r\nt=0 0\r\n{_media}";
}
