using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace XSwitchEngine.Media;

/// <summary>Reads one session description, in one pass over its lines.</summary>
internal sealed class SdpParser
{
    private readonly List<Section> _sections = [];
    private MediaDirection? _direction;
    private IPAddress? _address;
    private long _version;
    private int _attributes;
    private int _sessionPtimeMs;
    private int _sessionMaxPtimeMs;

    public bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SessionDescription? value, out string error)
    {
        value = null;
        var number = 0;
        var begun = false;
        foreach (var raw in text.EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.Length < 2 || line[1] != '=')
            {
                continue;
            }

            if (!begun)
            {
                if (line[0] != 'v')
                {
                    error = $"line {number}: a session description begins with v=";
                    return false;
                }

                begun = true;
                continue;
            }

            if (!TryLine(line[0], line[2..].Trim(), out error))
            {
                error = $"line {number}: {error}";
                return false;
            }
        }

        if (!begun)
        {
            error = "no v= line";
            return false;
        }

        var media = new MediaDescription[_sections.Count];
        for (var i = 0; i < media.Length; i++)
        {
            media[i] = Finish(_sections[i]);
        }

        value = new SessionDescription(_version, media);
        error = "";
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>Cuts the first word off; what remains begins with the next one.</summary>
    private static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart();
        var end = rest.IndexOfAny(' ', '\t');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[end..];
        return word;
    }

    private static IPAddress? ReadConnection(ReadOnlySpan<char> text)
    {
        var isInternet = Word(ref text).Equals("IN", StringComparison.OrdinalIgnoreCase);
        _ = Word(ref text);
        var host = Word(ref text);
        var slash = host.IndexOf('/');
        host = slash < 0 ? host : host[..slash];
        return isInternet && host.Length is > 1 and <= 64 && IPAddress.TryParse(host, out var address) ? address : null;
    }

    private static bool TryDirection(ReadOnlySpan<char> name, out MediaDirection direction)
    {
        (var known, direction) = name switch
        {
            "sendrecv" => (true, MediaDirection.SendRecv),
            "sendonly" => (true, MediaDirection.SendOnly),
            "recvonly" => (true, MediaDirection.RecvOnly),
            "inactive" => (true, MediaDirection.Inactive),
            _ => (false, MediaDirection.SendRecv),
        };
        return known;
    }

    private bool TryLine(char type, ReadOnlySpan<char> text, out string error)
    {
        error = "";
        switch (type)
        {
            case 'o':
                _ = Word(ref text);
                _ = Word(ref text);
                if (_sections.Count == 0 && long.TryParse(Word(ref text), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
                {
                    _version = version;
                }

                return true;
            case 'c' when _sections.Count == 0:
                _address = ReadConnection(text);
                return true;
            case 'c':
                _sections[^1].HasAddress = true;
                _sections[^1].Address = ReadConnection(text);
                return true;
            case 'm':
                return TryMedia(text, out error);
            case 'a':
                if (++_attributes > SessionDescription.MaxAttributes)
                {
                    error = $"more than {SessionDescription.MaxAttributes} attributes";
                    return false;
                }

                return TryAttribute(text, out error);
            default:
                return true;
        }
    }

    private bool TryMedia(ReadOnlySpan<char> text, out string error)
    {
        error = "";
        if (_sections.Count == SessionDescription.MaxMedia)
        {
            error = $"more than {SessionDescription.MaxMedia} media";
            return false;
        }

        var kind = Word(ref text);
        var ports = Word(ref text);
        var slash = ports.IndexOf('/');
        var protocol = Word(ref text);
        if (kind.IsEmpty || protocol.IsEmpty || !TryNumber(slash < 0 ? ports : ports[..slash], out var port) || port > 65535)
        {
            error = "m= wants a medium, a port of 0..65535 and a transport";
            return false;
        }

        var formats = new List<string>();
        for (var format = Word(ref text); !format.IsEmpty; format = Word(ref text))
        {
            if (formats.Count == SessionDescription.MaxFormats)
            {
                error = $"more than {SessionDescription.MaxFormats} formats";
                return false;
            }

            formats.Add(format.ToString());
        }

        _sections.Add(new Section(new MediaDescription(kind.ToString().ToLowerInvariant(), port, protocol.ToString(), formats)));
        return true;
    }

    private bool TryAttribute(ReadOnlySpan<char> text, out string error)
    {
        error = "";
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim();
        var value = colon < 0 ? default : text[(colon + 1)..].Trim();
        var section = _sections.Count == 0 ? null : _sections[^1];
        if (TryDirection(name, out var direction))
        {
            if (section is null)
            {
                _direction = direction;
            }
            else
            {
                section.Direction = direction;
            }

            return true;
        }

        switch (name)
        {
            case "ptime" when TryNumber(value, out var ptime) && section is null:
                _sessionPtimeMs = ptime;
                break;
            case "ptime" when TryNumber(value, out var ptime):
                section!.Media.PtimeMs = ptime;
                break;
            case "maxptime" when TryNumber(value, out var maxPtime) && section is null:
                _sessionMaxPtimeMs = maxPtime;
                break;
            case "maxptime" when TryNumber(value, out var maxPtime):
                section!.Media.MaxPtimeMs = maxPtime;
                break;
            case "rtcp-mux" when section is not null:
                section.Media.RtcpMux = true;
                break;
            case "rtcp" when section is not null:
                return TryRtcp(section.Media, value, out error);
            case "rtpmap" when section is not null:
                section.AddMap(value);
                break;
            default:
                break;
        }

        return true;
    }

    private static bool TryRtcp(MediaDescription media, ReadOnlySpan<char> value, out string error)
    {
        error = "";
        if (!TryNumber(Word(ref value), out var port) || port is 0 or > 65535)
        {
            error = "a=rtcp wants a port of 1..65535";
            return false;
        }

        media.RtcpPort = port;
        media.RtcpAddress = value.Trim().IsEmpty ? null : ReadConnection(value);
        return true;
    }

    private MediaDescription Finish(Section section)
    {
        var media = section.Media;
        media.Address = section.HasAddress ? section.Address : _address;
        media.Direction = section.Direction ?? _direction ?? MediaDirection.SendRecv;
        media.PtimeMs = media.PtimeMs == 0 ? _sessionPtimeMs : media.PtimeMs;
        media.MaxPtimeMs = media.MaxPtimeMs == 0 ? _sessionMaxPtimeMs : media.MaxPtimeMs;
        media.RtpFormats = section.ResolveFormats();
        return media;
    }

    /// <summary>An m= section while it is read.</summary>
    private sealed class Section(MediaDescription media)
    {
        private readonly List<RtpFormat> _maps = [];    // at most one a payload type, so at most 128

        public MediaDescription Media { get; } = media;

        public bool HasAddress { get; set; }

        public IPAddress? Address { get; set; }

        public MediaDirection? Direction { get; set; }

        /// <summary>Takes <c>PT name/clock[/channels]</c>; what cannot be read is passed over, so its payload type stays unknown.</summary>
        public void AddMap(ReadOnlySpan<char> value)
        {
            if (!TryNumber(Word(ref value), out var payloadType) || payloadType > 127)
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
                if (!TryNumber(clock[(second + 1)..].Trim(), out channels))
                {
                    return;
                }

                clock = clock[..second];
            }

            if (TryNumber(clock.Trim(), out var clockHz) && clockHz > 0 && channels > 0)
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

        public List<RtpFormat> ResolveFormats()
        {
            var result = new List<RtpFormat>(Media.Formats.Count);
            var seen = UInt128.Zero;
            foreach (var format in Media.Formats)
            {
                if (TryNumber(format, out var payloadType) && payloadType <= 127 && (seen >> payloadType & 1) == 0)
                {
                    seen |= UInt128.One << payloadType;
                    var known = Map(payloadType) ?? StaticPayloadTypes.Find(payloadType);
                    if (known is { } rtpFormat)
                    {
                        result.Add(rtpFormat);
                    }
                }
            }

            return result;
        }
    }
}
