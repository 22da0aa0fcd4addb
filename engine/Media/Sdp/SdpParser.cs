using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace XSwitchEngine.Media;

/// <summary>Reads one session description, in one pass over its lines.</summary>
internal sealed class SdpParser
{
    private readonly List<SdpSection> _sections = [];
    private readonly SdpSection _session = new("", 0, "", []); // what stands before the first m= line holds for all that do not say otherwise
    private List<string> _bundle = [];
    private bool _iceLite;
    private long _version;
    private int _attributes;

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
            media[i] = _sections[i].Finish(_session);
        }

        value = new SessionDescription(_version, media, _bundle, _iceLite);
        error = "";
        return true;
    }

    internal static bool TryNumber(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>Cuts the first word off; what remains begins with the next one.</summary>
    internal static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart();
        var end = rest.IndexOfAny(' ', '\t');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[end..];
        return word;
    }

    internal static IPAddress? ReadConnection(ReadOnlySpan<char> text)
    {
        var isInternet = Word(ref text).Equals("IN", StringComparison.OrdinalIgnoreCase);
        _ = Word(ref text);
        var host = Word(ref text);
        var slash = host.IndexOf('/');
        host = slash < 0 ? host : host[..slash];
        return isInternet && host.Length is > 1 and <= 64 && IPAddress.TryParse(host, out var address) ? address : null;
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
            case 'c':
                var section = _sections.Count == 0 ? _session : _sections[^1];
                section.HasAddress = true;
                section.Address = ReadConnection(text);
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

        _sections.Add(new SdpSection(kind.ToString().ToLowerInvariant(), port, protocol.ToString(), formats));
        return true;
    }

    private bool TryAttribute(ReadOnlySpan<char> text, out string error)
    {
        error = "";
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim();
        var value = colon < 0 ? default : text[(colon + 1)..].Trim();
        if (_sections.Count > 0)
        {
            return _sections[^1].TryAttribute(name, value, out error);
        }

        switch (name)
        {
            case "group":
                ReadGroup(value);
                return true;
            case "ice-lite":
                _iceLite = true;
                return true;
            default:
                return _session.TryAttribute(name, value, out error);
        }
    }

    private void ReadGroup(ReadOnlySpan<char> value)
    {
        if (_bundle.Count > 0 || !Word(ref value).Equals("BUNDLE", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        var mids = new List<string>();
        for (var mid = Word(ref value); !mid.IsEmpty && mids.Count < SessionDescription.MaxMedia; mid = Word(ref value))
        {
            mids.Add(mid.ToString());
        }

        _bundle = mids;
    }
}
