using System.Globalization;
using System.Net;
using System.Text;
using XSwitchEngine.Media;

namespace XSwitchEngine.TestKit;

/// <summary>As much of a WebRTC description as a peer needs, read and written without the engine's code.</summary>
public sealed class PeerSdp
{
    private readonly List<(string Kind, string Port, List<int> Types, List<string> Lines)> _media = [];
    private readonly List<string> _session = [];

    private PeerSdp()
    {
    }

    public string Ufrag => Value("ice-ufrag");

    public string Password => Value("ice-pwd");

    public string Fingerprint => Value("fingerprint").Split(' ')[^1];

    public string Setup => Value("setup");

    /// <summary>The first candidate, or the address of the first m= line.</summary>
    public IPEndPoint? Candidate
    {
        get
        {
            var parts = Value("candidate").Split(' ');
            return parts.Length > 5 ? new IPEndPoint(IPAddress.Parse(parts[4]), int.Parse(parts[5], CultureInfo.InvariantCulture)) : null;
        }
    }

    /// <summary>The first audio codec that is known here, and its payload type.</summary>
    public (AudioCodec Codec, int PayloadType) FirstCodec =>
        Audio.Types.Select(t => (Codec: CodecOf(t), PayloadType: t)).Where(c => c.Codec is not null).Select(c => (c.Codec!.Value, c.PayloadType)).First();

    /// <summary>All lines of all media sections and the session.</summary>
    public IEnumerable<string> Lines => _session.Concat(_media.SelectMany(m => m.Lines));

    /// <summary>Kinds and ports of the media sections.</summary>
    public IEnumerable<(string Kind, string Port)> Media => _media.Select(m => (m.Kind, m.Port));

    private (string Kind, string Port, List<int> Types, List<string> Lines) Audio => _media.First(m => m.Kind == "audio");

    public static PeerSdp Parse(string sdp)
    {
        var parsed = new PeerSdp();
        foreach (var line in sdp.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("m=", StringComparison.Ordinal))
            {
                var parts = line[2..].Split(' ');
                parsed._media.Add((parts[0], parts[1], [.. parts[3..].Select(t => int.TryParse(t, CultureInfo.InvariantCulture, out var type) ? type : -1)], []));
            }
            else
            {
                (parsed._media.Count == 0 ? parsed._session : parsed._media[^1].Lines).Add(line);
            }
        }

        return parsed;
    }

    public int PayloadTypeOf(AudioCodec codec) => Audio.Types.Where(t => CodecOf(t) == codec).DefaultIfEmpty(-1).First();

    public int EventType(int clock) => Audio.Types.Where(t => RtpMap(t).Equals($"telephone-event/{clock}", StringComparison.OrdinalIgnoreCase))
        .Concat(Audio.Types.Where(t => RtpMap(t).StartsWith("telephone-event", StringComparison.OrdinalIgnoreCase))).DefaultIfEmpty(-1).First();

    /// <summary>An offer like a browser's.</summary>
    public static string Write(long id, int version, string ufrag, string password, string fingerprint, string setup, IReadOnlyList<AudioCodec> codecs, int video, uint ssrc)
    {
        var types = codecs.Select(TypeOf).Concat([110, 126]);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"v=0\r\no=- {id} {version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0{(video >= 0 ? " 1" : "")}\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS peer\r\n");
        text.Append(CultureInfo.InvariantCulture, $"m=audio 9 UDP/TLS/RTP/SAVPF {string.Join(' ', types)}\r\n");
        Transport(text, "0", ufrag, password, fingerprint, setup);
        text.Append("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
        foreach (var codec in codecs)
        {
            Map(text, codec, TypeOf(codec));
        }

        text.Append("a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n");
        text.Append(CultureInfo.InvariantCulture, $"a=msid:peer audio\r\na=ssrc:{ssrc} cname:peer\r\n");
        if (video >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"m=video 9 UDP/TLS/RTP/SAVPF {video}\r\n");
            Transport(text, "1", ufrag, password, fingerprint, setup);
            text.Append("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
            text.Append(CultureInfo.InvariantCulture, $"a=rtpmap:{video} VP8/90000\r\na=rtcp-fb:{video} goog-remb\r\na=rtcp-fb:{video} ccm fir\r\na=rtcp-fb:{video} nack\r\na=rtcp-fb:{video} nack pli\r\na=msid:peer video\r\na=ssrc:{ssrc + 1} cname:peer\r\n");
        }

        return text.ToString();
    }

    /// <summary>An answer with one audio codec.</summary>
    public static string WriteAnswer(long id, int version, string ufrag, string password, string fingerprint, string setup, PeerSdp offer, AudioCodec codec, bool video, uint ssrc)
    {
        var text = new StringBuilder();
        var mids = offer._media.Select((m, i) => m.Lines.Find(l => l.StartsWith("a=mid:", StringComparison.Ordinal))?[6..] ?? i.ToString(CultureInfo.InvariantCulture)).ToArray();
        var accepted = offer._media.Select((m, i) => (m, i)).Where(x => x.m.Kind == "audio" || (video && x.m.Kind == "video")).Select(x => mids[x.i]);
        text.Append(CultureInfo.InvariantCulture, $"v=0\r\no=- {id} {version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {string.Join(' ', accepted)}\r\na=msid-semantic: WMS peer\r\n");
        for (var i = 0; i < offer._media.Count; i++)
        {
            var media = offer._media[i];
            if (media.Kind == "audio")
            {
                var type = offer.PayloadTypeOf(codec);
                var events = offer.EventType(codec == AudioCodec.Opus ? 48000 : 8000);
                text.Append(CultureInfo.InvariantCulture, $"m=audio 9 UDP/TLS/RTP/SAVPF {type}{(events >= 0 ? $" {events}" : "")}\r\n");
                Transport(text, mids[i], ufrag, password, fingerprint, setup);
                Map(text, codec, type);
                if (events >= 0)
                {
                    text.Append(CultureInfo.InvariantCulture, $"a=rtpmap:{events} {offer.RtpMap(events)}\r\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"a=ssrc:{ssrc} cname:peer\r\n");
            }
            else if (video && media.Kind == "video")
            {
                text.Append(CultureInfo.InvariantCulture, $"m=video 9 UDP/TLS/RTP/SAVPF {media.Types[0]}\r\n");
                Transport(text, mids[i], ufrag, password, fingerprint, setup);
                text.Append(CultureInfo.InvariantCulture, $"a=rtpmap:{media.Types[0]} {offer._media[i].Lines.Find(l => l.StartsWith($"a=rtpmap:{media.Types[0]} ", StringComparison.Ordinal))?.Split(' ')[1] ?? "VP8/90000"}\r\na=rtcp-fb:{media.Types[0]} nack\r\na=rtcp-fb:{media.Types[0]} nack pli\r\na=ssrc:{ssrc + 1} cname:peer\r\n");
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"m={media.Kind} 0 UDP/TLS/RTP/SAVPF {media.Types[0]}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mids[i]}\r\na=inactive\r\n");
            }
        }

        return text.ToString();
    }

    private static void Transport(StringBuilder text, string mid, string ufrag, string password, string fingerprint, string setup) =>
        text.Append(CultureInfo.InvariantCulture, $"c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=ice-options:trickle\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\na=mid:{mid}\r\na=sendrecv\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");

    private static int TypeOf(AudioCodec codec) => codec switch
    {
        AudioCodec.Opus => 111,
        AudioCodec.G722 => 9,
        AudioCodec.Pcma => 8,
        AudioCodec.Pcmu => 0,
        AudioCodec.L16 => throw new NotSupportedException("browsers have no L16"),
        _ => throw new NotSupportedException(),
    };

    private static void Map(StringBuilder text, AudioCodec codec, int type)
    {
        text.Append(CultureInfo.InvariantCulture, $"a=rtpmap:{type} {codec switch { AudioCodec.Opus => "opus/48000/2", AudioCodec.G722 => "G722/8000", AudioCodec.Pcma => "PCMA/8000", AudioCodec.Pcmu => "PCMU/8000", AudioCodec.L16 => "", _ => "" }}\r\n");
        if (codec == AudioCodec.Opus)
        {
            text.Append(CultureInfo.InvariantCulture, $"a=fmtp:{type} minptime=10;useinbandfec=1\r\n");
        }
    }

    private string Value(string attribute) =>
        Audio.Lines.Concat(_session).Concat(_media.SelectMany(m => m.Lines)).FirstOrDefault(l => l.StartsWith($"a={attribute}:", StringComparison.Ordinal))?[(attribute.Length + 3)..] ?? "";

    private string RtpMap(int type) => Audio.Lines.Find(l => l.StartsWith($"a=rtpmap:{type} ", StringComparison.Ordinal))?.Split(' ')[1] ?? "";

    private AudioCodec? CodecOf(int type) => RtpMap(type).Split('/')[0].ToUpperInvariant() switch
    {
        "OPUS" => AudioCodec.Opus,
        "PCMU" => AudioCodec.Pcmu,
        "PCMA" => AudioCodec.Pcma,
        "G722" => AudioCodec.G722,
        "" => type switch { 0 => AudioCodec.Pcmu, 8 => AudioCodec.Pcma, 9 => AudioCodec.G722, _ => null },
        _ => null,
    };
}
