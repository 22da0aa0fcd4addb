using System.Net;

namespace XSwitchEngine.Media;

/// <summary>An m= section while it is read, or what stands before the first one.</summary>
internal sealed class SdpSection(string kind, int port, string protocol, List<string> formats)
{
    private const int MaxKeys = 16;
    private const int MaxFingerprints = 8;
    private const int MaxSources = 64;
    private const int MaxCandidates = 16;
    private const int MaxExtensions = 64;
    private const int MaxFeedback = 256;
    private const int LongestParameters = 1024;

    private readonly List<RtpFormat> _maps = [];    // at most one a payload type, so at most 128
    private string?[]? _parameters;
    private List<DtlsFingerprint>? _fingerprints;
    private List<SdesKey>? _crypto;
    private List<RtpExtension>? _extensions;
    private List<RtpFeedback>? _feedback;
    private List<uint>? _sources;
    private List<IPEndPoint>? _candidates;
    private MediaDirection? _direction;
    private IPAddress? _rtcpAddress;
    private string _mid = "";
    private string _setup = "";
    private string? _ufrag;
    private string? _password;
    private int _ptimeMs;
    private int _maxPtimeMs;
    private int _rtcpPort;
    private bool _rtcpMux;
    private bool _reducedSize;
    private bool _bundleOnly;

    public bool HasAddress { get; set; }

    public IPAddress? Address { get; set; }

    public bool TryAttribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value, out string error)
    {
        error = "";
        switch (name)
        {
            case "sendrecv":
                _direction = MediaDirection.SendRecv;
                break;
            case "sendonly":
                _direction = MediaDirection.SendOnly;
                break;
            case "recvonly":
                _direction = MediaDirection.RecvOnly;
                break;
            case "inactive":
                _direction = MediaDirection.Inactive;
                break;
            case "ptime" when SdpParser.TryNumber(value, out var ptime):
                _ptimeMs = ptime;
                break;
            case "maxptime" when SdpParser.TryNumber(value, out var maxPtime):
                _maxPtimeMs = maxPtime;
                break;
            case "rtcp-mux":
                _rtcpMux = true;
                break;
            case "rtcp-rsize":
                _reducedSize = true;
                break;
            case "rtcp":
                return TryRtcp(value, out error);
            case "rtpmap":
                AddMap(value);
                break;
            case "fmtp":
                AddParameters(value);
                break;
            case "mid" when value.Length is > 0 and <= 64:
                _mid = value.ToString();
                break;
            case "bundle-only":
                _bundleOnly = true;
                break;
            case "candidate":
                AddCandidate(value);
                break;
            case "ssrc":
                AddSource(value);
                break;
            case "extmap":
                AddExtension(value);
                break;
            case "rtcp-fb":
                AddFeedback(value);
                break;
            default:
                SecurityAttribute(name, value);
                break;
        }

        return true;
    }

    /// <summary>The section as it is to be used: what it does not say itself is taken from the session.</summary>
    public MediaDescription Finish(SdpSection session)
    {
        var ufrag = _ufrag ?? session._ufrag;
        var password = _password ?? session._password;
        return new MediaDescription(kind, port, protocol, formats, _parameters)
        {
            Address = HasAddress ? Address : session.Address,
            Direction = _direction ?? session._direction ?? MediaDirection.SendRecv,
            PtimeMs = _ptimeMs == 0 ? session._ptimeMs : _ptimeMs,
            MaxPtimeMs = _maxPtimeMs == 0 ? session._maxPtimeMs : _maxPtimeMs,
            RtcpPort = _rtcpPort,
            RtcpAddress = _rtcpAddress,
            RtcpMux = _rtcpMux || session._rtcpMux,
            RtcpReducedSize = _reducedSize || session._reducedSize,
            RtpFormats = ResolveFormats(),
            Mid = _mid,
            BundleOnly = _bundleOnly,
            Ice = ufrag is not null && password is not null ? new IceCredentials(ufrag, password) : null,
            Fingerprints = _fingerprints ?? session._fingerprints ?? [],
            Setup = _setup.Length > 0 ? _setup : session._setup,
            Crypto = _crypto ?? [],
            Extensions = _extensions ?? session._extensions ?? [],
            Feedback = _feedback ?? [],
            Sources = _sources ?? [],
            Candidates = _candidates ?? [],
        };
    }

    private void SecurityAttribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        switch (name)
        {
            case "ice-ufrag" when IsIceText(value, 4): // RFC 8839 §5.4
                _ufrag = value.ToString();
                break;
            case "ice-pwd" when IsIceText(value, 22):
                _password = value.ToString();
                break;
            case "setup" when value.Length <= 16:
                _setup = value.ToString().ToLowerInvariant();
                break;
            case "fingerprint" when SdpKeys.TryReadFingerprint(value, out var fingerprint):
                _fingerprints ??= [];
                if (_fingerprints.Count < MaxFingerprints && !_fingerprints.Contains(fingerprint))
                {
                    _fingerprints.Add(fingerprint);
                }

                break;
            case "crypto" when SdpKeys.TryReadCrypto(value, out var key):
                _crypto ??= [];
                if (_crypto.Count < MaxKeys)
                {
                    _crypto.Add(key);
                }

                break;
            default:
                break;
        }
    }

    private static bool IsIceText(ReadOnlySpan<char> text, int least)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/'))
            {
                return false;
            }
        }

        return text.Length >= least && text.Length <= 256;
    }

    private bool TryRtcp(ReadOnlySpan<char> value, out string error)
    {
        error = "";
        if (!SdpParser.TryNumber(SdpParser.Word(ref value), out var rtcpPort) || rtcpPort is 0 or > 65535)
        {
            error = "a=rtcp wants a port of 1..65535";
            return false;
        }

        _rtcpPort = rtcpPort;
        _rtcpAddress = value.Trim().IsEmpty ? null : SdpParser.ReadConnection(value);
        return true;
    }

    /// <summary>Takes <c>PT name/clock[/channels]</c>; what cannot be read is passed over, so its payload type stays unknown.</summary>
    private void AddMap(ReadOnlySpan<char> value)
    {
        if (!SdpParser.TryNumber(SdpParser.Word(ref value), out var payloadType) || payloadType > 127)
        {
            return;
        }

        var encoding = value.Trim();
        var slash = encoding.IndexOf('/');
        if (slash is <= 0 or > 64)
        {
            return;
        }

        var clock = encoding[(slash + 1)..];
        var channels = 1;
        var second = clock.IndexOf('/');
        if (second >= 0)
        {
            if (!SdpParser.TryNumber(clock[(second + 1)..].Trim(), out channels))
            {
                return;
            }

            clock = clock[..second];
        }

        if (SdpParser.TryNumber(clock.Trim(), out var clockHz) && clockHz > 0 && channels > 0)
        {
            if (Map(payloadType) is null)
            {
                _maps.Add(new RtpFormat(payloadType, encoding[..slash].Trim().ToString(), clockHz, channels));
            }
        }
    }

    private RtpFormat? Map(int payloadType)
    {
        foreach (var map in _maps)
        {
            if (map.PayloadType == payloadType)
            {
                return map;
            }
        }

        return null;
    }

    private void AddParameters(ReadOnlySpan<char> value)
    {
        if (SdpParser.TryNumber(SdpParser.Word(ref value), out var payloadType) && payloadType <= 127 && value.Trim() is { Length: > 0 and <= LongestParameters } text)
        {
            _parameters ??= new string?[128];
            _parameters[payloadType] ??= text.ToString();
        }
    }

    private void AddSource(ReadOnlySpan<char> value)
    {
        _sources ??= [];
        if (uint.TryParse(SdpParser.Word(ref value), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var source)
            && _sources.Count < MaxSources && !_sources.Contains(source))
        {
            _sources.Add(source);
        }
    }

    /// <summary>Takes <c>foundation component transport priority address port typ …</c> (RFC 8839 §5.1); what no check could go to is passed over.</summary>
    private void AddCandidate(ReadOnlySpan<char> value)
    {
        _ = SdpParser.Word(ref value);
        var isFirst = SdpParser.Word(ref value) is "1";
        var isUdp = SdpParser.Word(ref value).Equals("udp", StringComparison.OrdinalIgnoreCase);
        _ = SdpParser.Word(ref value);
        if (isFirst && isUdp && IPAddress.TryParse(SdpParser.Word(ref value), out var address) && SdpParser.TryNumber(SdpParser.Word(ref value), out var port) && port is > 0 and <= 65535)
        {
            _candidates ??= [];
            var end = new IPEndPoint(address, port);
            if (_candidates.Count < MaxCandidates && !_candidates.Contains(end))
            {
                _candidates.Add(end);
            }
        }
    }

    private void AddExtension(ReadOnlySpan<char> value)
    {
        var number = SdpParser.Word(ref value);
        var slash = number.IndexOf('/');
        if (SdpParser.TryNumber(slash < 0 ? number : number[..slash], out var id) && id is > 0 and < 256 && SdpParser.Word(ref value) is { Length: > 0 and <= 256 } uri)
        {
            _extensions ??= [];
            if (_extensions.Count < MaxExtensions)
            {
                _extensions.Add(new RtpExtension(id, uri.ToString()));
            }
        }
    }

    private void AddFeedback(ReadOnlySpan<char> value)
    {
        var format = SdpParser.Word(ref value);
        var payloadType = -1;
        if ((format is "*" || (SdpParser.TryNumber(format, out payloadType) && payloadType <= 127)) && value.Trim() is { Length: > 0 and <= 64 } text)
        {
            _feedback ??= [];
            if (_feedback.Count < MaxFeedback)
            {
                _feedback.Add(new RtpFeedback(format is "*" ? -1 : payloadType, text.ToString()));
            }
        }
    }

    private List<RtpFormat> ResolveFormats()
    {
        var result = new List<RtpFormat>(formats.Count);
        var seen = UInt128.Zero;
        foreach (var format in formats)
        {
            if (SdpParser.TryNumber(format, out var payloadType) && payloadType <= 127 && (seen >> payloadType & 1) == 0)
            {
                seen |= UInt128.One << payloadType;
                var known = Map(payloadType) ?? (kind == "audio" ? StaticPayloadTypes.Find(payloadType) : null);
                if (known is { } rtpFormat)
                {
                    result.Add(rtpFormat);
                }
            }
        }

        return result;
    }
}
