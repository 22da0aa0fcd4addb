using System.Diagnostics.CodeAnalysis;

namespace XSwitchEngine.Plugins.Whip.Sdp;

/// <summary>One medium of a description; what stands at session level is inherited (OBS puts ICE and DTLS there).</summary>
internal sealed class SdpMedium
{
    /// <summary>Such as <c>audio</c>, <c>video</c>, <c>application</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The port; 0 without <see cref="IsBundleOnly"/> is a refused medium.</summary>
    public required int Port { get; init; }

    public string Mid { get; set; } = "";

    /// <summary><c>sendrecv</c>, <c>sendonly</c>, <c>recvonly</c>, <c>inactive</c>.</summary>
    public string Direction { get; set; } = "";

    public bool HasRtcpMux { get; set; }

    public bool IsBundleOnly { get; set; }

    public string Ufrag { get; set; } = "";

    public string Password { get; set; } = "";

    public string Fingerprint { get; set; } = "";

    public string Setup { get; set; } = "";

    /// <summary>Whether it is audio or video that is wanted.</summary>
    public bool IsActive => Kind is "audio" or "video" && (Port != 0 || IsBundleOnly);
}

/// <summary>As much of a session description as signalling needs. Codecs are the core's.</summary>
internal sealed class SdpText
{
    /// <summary>Most lines that are read.</summary>
    public const int MaxLines = 2000;

    /// <summary>Most media.</summary>
    public const int MaxMedia = 16;

    private SdpText()
    {
    }

    /// <summary>Session id of the <c>o=</c> line: the same as long as the peer's session is the same.</summary>
    public string SessionId { get; private set; } = "";

    /// <summary>Mids of all BUNDLE groups.</summary>
    public HashSet<string> Bundle { get; } = new(StringComparer.Ordinal);

    public List<SdpMedium> Media { get; } = [];

    /// <summary>The media that are wanted.</summary>
    public IEnumerable<SdpMedium> Active => Media.Where(m => m.IsActive);

    /// <summary>Reads a description.</summary>
    /// <param name="text">Lines ended by CRLF or LF.</param>
    /// <param name="sdp">The description.</param>
    /// <param name="error">What is wrong, with the line's number.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out SdpText? sdp, out string error)
    {
        sdp = null;
        error = "";
        var result = new SdpText();
        var session = new SdpMedium { Kind = "session", Port = 0 };
        var current = session;
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.TrimEnd();
            if (line.IsEmpty && number > 1)
            {
                continue;
            }

            if (number > MaxLines)
            {
                error = $"more than {MaxLines} lines";
                return false;
            }

            if (line.Length < 2 || line[1] != '=' || !char.IsAsciiLetterLower(line[0]) || (number == 1 && !line.SequenceEqual("v=0")))
            {
                error = number == 1 ? "the first line must be v=0" : $"line {number} is not a line of SDP";
                return false;
            }

            var value = line[2..];
            switch (line[0])
            {
                case 'o':
                    result.SessionId = Word(value, 1);
                    break;
                case 'm' when result.Media.Count == MaxMedia:
                    error = $"more than {MaxMedia} media";
                    return false;
                case 'm':
                    if (!int.TryParse(Word(value, 1).Split('/')[0], out var port) || port is < 0 or > 65535 || Word(value, 3).Length == 0)
                    {
                        error = $"line {number}: malformed medium";
                        return false;
                    }

                    current = new SdpMedium { Kind = Word(value, 0), Port = port };
                    result.Media.Add(current);
                    break;
                case 'a':
                    Attribute(result, current, value);
                    break;
                default:
                    break;
            }
        }

        if (number == 0 || result.SessionId.Length == 0)
        {
            error = number == 0 ? "empty" : "no o= line";
            return false;
        }

        foreach (var medium in result.Media)
        {
            Inherit(medium, session);
        }

        sdp = result;
        return true;
    }

    /// <summary>Writes every wanted medium with another direction.</summary>
    /// <param name="text">A description that was read.</param>
    /// <param name="direction">The direction of all wanted media.</param>
    public static string WithDirection(string text, string direction) => Rewrite(text, direction, null, null);

    /// <summary>Writes a description with other ICE credentials and without candidates: the offer of an ICE restart.</summary>
    /// <param name="text">A description that was read.</param>
    /// <param name="ufrag">The new one.</param>
    /// <param name="password">The new one.</param>
    public static string WithIce(string text, string ufrag, string password) => Rewrite(text, null, ufrag, password);

    private static string Rewrite(string text, string? direction, string? ufrag, string? password)
    {
        var lines = new List<string>();
        var isMedia = false;
        var needsDirection = false;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var line = raw.TrimEnd();
            if (line.IsEmpty)
            {
                continue;
            }

            if (line.StartsWith("m=", StringComparison.Ordinal))
            {
                Finish();
                isMedia = true;
                needsDirection = direction is not null && (line.StartsWith("m=audio ", StringComparison.Ordinal) || line.StartsWith("m=video ", StringComparison.Ordinal));
            }

            if (direction is not null && line is "a=sendrecv" or "a=sendonly" or "a=recvonly" or "a=inactive" && (needsDirection || !isMedia))
            {
                continue;
            }

            if (ufrag is not null && line.StartsWith("a=ice-ufrag:", StringComparison.Ordinal))
            {
                lines.Add("a=ice-ufrag:" + ufrag);
            }
            else if (ufrag is not null && line.StartsWith("a=ice-pwd:", StringComparison.Ordinal))
            {
                lines.Add("a=ice-pwd:" + password);
            }
            else if (ufrag is null || (!line.StartsWith("a=candidate:", StringComparison.Ordinal) && !line.SequenceEqual("a=end-of-candidates")))
            {
                lines.Add(line.ToString());
            }
        }

        Finish();
        return string.Join("\r\n", lines) + "\r\n";

        void Finish()
        {
            if (needsDirection)
            {
                lines.Add("a=" + direction);
            }
        }
    }

    private static void Attribute(SdpText sdp, SdpMedium medium, ReadOnlySpan<char> attribute)
    {
        var colon = attribute.IndexOf(':');
        var name = colon < 0 ? attribute : attribute[..colon];
        var value = colon < 0 ? "" : attribute[(colon + 1)..].Trim().ToString();
        switch (name)
        {
            case "sendrecv" or "sendonly" or "recvonly" or "inactive":
                medium.Direction = name.ToString();
                break;
            case "mid":
                medium.Mid = value;
                break;
            case "rtcp-mux":
                medium.HasRtcpMux = true;
                break;
            case "bundle-only":
                medium.IsBundleOnly = true;
                break;
            case "ice-ufrag":
                medium.Ufrag = value;
                break;
            case "ice-pwd":
                medium.Password = value;
                break;
            case "fingerprint" when medium.Fingerprint.Length == 0:
                medium.Fingerprint = value;
                break;
            case "setup":
                medium.Setup = value;
                break;
            case "group" when value.StartsWith("BUNDLE ", StringComparison.Ordinal):
                sdp.Bundle.UnionWith(value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1));
                break;
            default:
                break;
        }
    }

    private static void Inherit(SdpMedium medium, SdpMedium session)
    {
        medium.Direction = medium.Direction.Length > 0 ? medium.Direction : session.Direction.Length > 0 ? session.Direction : "sendrecv";
        medium.Ufrag = medium.Ufrag.Length > 0 ? medium.Ufrag : session.Ufrag;
        medium.Password = medium.Password.Length > 0 ? medium.Password : session.Password;
        medium.Fingerprint = medium.Fingerprint.Length > 0 ? medium.Fingerprint : session.Fingerprint;
        medium.Setup = medium.Setup.Length > 0 ? medium.Setup : session.Setup;
        medium.HasRtcpMux |= session.HasRtcpMux;
    }

    private static string Word(ReadOnlySpan<char> text, int index)
    {
        foreach (var range in text.Split(' '))
        {
            if (range.Start.Value == range.End.Value)
            {
                continue;
            }

            if (index-- == 0)
            {
                return text[range].ToString();
            }
        }

        return "";
    }
}
