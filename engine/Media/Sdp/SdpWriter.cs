using System.Text;

namespace XSwitchEngine.Media;

/// <summary>Writes our own descriptions, strictly in the order of RFC 8866 §5.</summary>
internal sealed class SdpWriter
{
    private readonly LocalCapability _local;
    private readonly StringBuilder _media = new(512);
    private readonly string _address;
    private readonly HashSet<string> _mids = [];
    private readonly List<string> _bundle = [];
    private bool _isWebRtc;

    public SdpWriter(LocalCapability local)
    {
        var address = local.Address.ToString();
        _address = (address.Contains(':') ? "IN IP6 " : "IN IP4 ") + address;
        _local = local;
    }

    /// <summary>Payload types written so far.</summary>
    public HashSet<int> PayloadTypes { get; } = [];

    private string Cname => $"xs-{_local.AudioSource:x8}";

    public void Audio(MediaDescription media, IReadOnlyList<RtpFormat> formats, MediaDirection direction, int ptimeMs, bool rtcpMux, TransportParameters? transport, bool isOffer = false)
    {
        Begin(media, formats);
        Identity(media, transport, isOffer);
        foreach (var format in formats)
        {
            _media.Append($"a=rtpmap:{format.PayloadType} {format.Name}/{format.ClockHz}");
            _media.Append(format.Channels > 1 ? $"/{format.Channels}\r\n" : "\r\n");
            if (format.Is("telephone-event"))
            {
                _media.Append($"a=fmtp:{format.PayloadType} 0-15\r\n");
            }
            else if (format.Is("opus"))
            {
                _media.Append($"a=fmtp:{format.PayloadType} minptime=10;useinbandfec=1\r\n");
            }
        }

        Extensions(media, transport, transportFeedbackId: 0);
        _media.Append($"a=ptime:{ptimeMs}\r\n");
        Direction(direction);
        if (rtcpMux)
        {
            _media.Append("a=rtcp-mux\r\n");
            ReducedSize(media, isOffer);
        }
        else if (_local.RtcpPort != _local.RtpPort + 1)
        {
            _media.Append($"a=rtcp:{_local.RtcpPort}\r\n");
        }

        Source(transport, direction, "audio", _local.AudioSource);
        Candidates(transport);
    }

    public void Video(MediaDescription media, IReadOnlyList<RtpFormat> formats, VideoStream stream, TransportParameters? transport, bool isOffer = false)
    {
        Begin(media, formats);
        Identity(media, transport, isOffer);
        foreach (var format in formats)
        {
            _media.Append($"a=rtpmap:{format.PayloadType} {format.Name}/{format.ClockHz}\r\n");
            if (media.ParametersOf(format.PayloadType) is { Length: > 0 } parameters)
            {
                _media.Append($"a=fmtp:{format.PayloadType} {parameters}\r\n");
            }

            foreach (var kind in (ReadOnlySpan<string>)["ccm fir", "nack", "nack pli", "goog-remb", "transport-cc"])
            {
                if (media.HasFeedback(format.PayloadType, kind) && (kind != "transport-cc" || stream.TransportFeedbackId > 0))
                {
                    _media.Append($"a=rtcp-fb:{format.PayloadType} {kind}\r\n");
                }
            }
        }

        Extensions(media, transport, stream.TransportFeedbackId);
        Direction(stream.Direction);
        if (media.RtcpMux)
        {
            _media.Append("a=rtcp-mux\r\n");
            ReducedSize(media, isOffer);
        }

        Source(transport, stream.Direction, "video", _local.VideoSource);
        Candidates(transport);
    }

    /// <summary>A medium that is not taken keeps its place with port 0 (RFC 3264 §6).</summary>
    public void Rejected(MediaDescription media)
    {
        _media.Append($"m={media.Kind} 0 {media.Protocol} {(media.Formats.Count > 0 ? media.Formats[0] : "0")}\r\n");
        if (media.Mid.Length > 0)
        {
            _mids.Add(media.Mid);
            _media.Append($"a=mid:{media.Mid}\r\na=inactive\r\n");
        }
    }

    /// <summary>Names the media that share one transport.</summary>
    public void Bundle(IEnumerable<string> mids)
    {
        _bundle.Clear();
        _bundle.AddRange(mids);
    }

    /// <summary>The mid of an m-line of ours: the one that it had, or a new one. A line that is used again gets a new one (RFC 9429 §5.2.2).</summary>
    public string NewMid(MediaDescription? earlier)
    {
        var mid = earlier is { IsRejected: false, Mid.Length: > 0 } ? earlier.Mid : "";
        for (var number = 0; mid.Length == 0; number++)
        {
            var candidate = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
            mid = _mids.Contains(candidate) || candidate == earlier?.Mid ? "" : candidate;
        }

        _bundle.Add(mid);
        return mid;
    }

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

    private void Begin(MediaDescription media, IReadOnlyList<RtpFormat> formats)
    {
        _media.Append($"m={media.Kind} {_local.RtpPort} {media.Protocol}");
        foreach (var format in formats)
        {
            PayloadTypes.Add(format.PayloadType);
            _media.Append($" {format.PayloadType}");
        }

        _media.Append("\r\n");
    }

    /// <summary>Who we are: mid, ICE credentials, fingerprint and role, or keys.</summary>
    private void Identity(MediaDescription media, TransportParameters? transport, bool isOffer)
    {
        if (media.Mid.Length > 0)
        {
            _mids.Add(media.Mid);
            _media.Append($"a=mid:{media.Mid}\r\n");
        }

        if (transport?.Keys == KeyAgreement.Sdes)
        {
            foreach (var key in isOffer ? _local.Keys : [transport.LocalKey!])
            {
                _media.Append($"a=crypto:{key.Tag} {key.Suite} inline:{Convert.ToBase64String(key.KeyAndSalt)}\r\n");
            }
        }
        else if (transport?.Keys == KeyAgreement.Dtls)
        {
            if (transport.LocalIce is { } ice)
            {
                _isWebRtc = true;
                _media.Append($"a=ice-ufrag:{ice.Ufrag}\r\na=ice-pwd:{ice.Password}\r\n");
            }

            var setup = isOffer ? "actpass" : transport.Role == DtlsRole.Server ? "passive" : "active";
            _media.Append($"a=fingerprint:{_local.Fingerprint!.Hash} {_local.Fingerprint.Value}\r\na=setup:{setup}\r\n");
        }
    }

    /// <summary>With the offer's numbers, and only those that something is done with.</summary>
    private void Extensions(MediaDescription media, TransportParameters? transport, int transportFeedbackId)
    {
        if (transport is null)
        {
            return;
        }

        if (media.ExtensionId(RtpExtension.Mid) is > 0 and var mid)
        {
            _media.Append($"a=extmap:{mid} {RtpExtension.Mid}\r\n");
        }

        if (transportFeedbackId > 0)
        {
            _media.Append($"a=extmap:{transportFeedbackId} {RtpExtension.TransportCc}\r\n");
        }
    }

    private void Direction(MediaDirection direction) => _media.Append(direction switch
    {
        MediaDirection.SendRecv => "a=sendrecv\r\n",
        MediaDirection.SendOnly => "a=sendonly\r\n",
        MediaDirection.RecvOnly => "a=recvonly\r\n",
        MediaDirection.Inactive => "a=inactive\r\n",
        _ => "a=sendrecv\r\n",
    });

    private void ReducedSize(MediaDescription media, bool isOffer)
    {
        if (media.RtcpReducedSize || (isOffer && _isWebRtc))
        {
            _media.Append("a=rtcp-rsize\r\n");
        }
    }

    private void Source(TransportParameters? transport, MediaDirection direction, string track, uint source)
    {
        if (transport?.LocalIce is not null && (direction & MediaDirection.SendOnly) != 0)
        {
            _media.Append($"a=msid:{Cname} {Cname}-{track}\r\n");
            if (source != 0)
            {
                _media.Append($"a=ssrc:{source} cname:{Cname}\r\n");
            }
        }
    }

    private void Candidates(TransportParameters? transport)
    {
        if (transport?.LocalIce is null)
        {
            return;
        }

        // Host candidates with falling local preference (RFC 8445 §5.1.2); all of them are here, nothing trickles in.
        for (var i = 0; i < _local.Candidates.Count; i++)
        {
            var end = _local.Candidates[i];
            _media.Append($"a=candidate:{i + 1} 1 udp {(126u << 24) | ((65535u - (uint)i) << 8) | 255u} {end.Address} {end.Port} typ host\r\n");
        }

        _media.Append("a=end-of-candidates\r\n");
    }

    private string Compose(long version)
    {
        var text = new StringBuilder(_media.Length + 256)
            .Append($"v=0\r\no=- {_local.SessionId} {version} {_address}\r\ns=-\r\nc={_address}\r\nt=0 0\r\n");
        if (_bundle.Count > 0)
        {
            text.Append($"a=group:BUNDLE {string.Join(' ', _bundle)}\r\n");
        }

        if (_isWebRtc)
        {
            text.Append(_local.ControlsIce ? "" : "a=ice-lite\r\n").Append($"a=msid-semantic: WMS {Cname}\r\n");
        }

        return text.Append(_media).ToString();
    }
}
