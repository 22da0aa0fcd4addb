namespace XSwitchEngine.Whip.Tests;

/// <summary>Offers as clients write them, shortened where nothing depends on it.</summary>
internal static class Offers
{
    public const string Fingerprint = "sha-256 0F:3C:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:9A";

    /// <summary>A browser that sends a microphone and a camera.</summary>
    public static string Publish(string direction = "sendonly", string ufrag = "Qz4d", string session = "71003") => Crlf($"""
        v=0
        o=- {session} 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1
        a=extmap-allow-mixed
        a=msid-semantic: WMS cam1
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:{ufrag}
        a=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC
        a=ice-options:trickle
        a=fingerprint:{Fingerprint}
        a=setup:actpass
        a=mid:0
        a={direction}
        a=msid:cam1 mic
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:111 opus/48000/2
        a=rtcp-fb:111 transport-cc
        a=fmtp:111 minptime=10;useinbandfec=1
        a=rtpmap:63 red/48000/2
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        c=IN IP4 0.0.0.0
        a=ice-ufrag:{ufrag}
        a=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC
        a=ice-options:trickle
        a=fingerprint:{Fingerprint}
        a=setup:actpass
        a=mid:1
        a={direction}
        a=msid:cam1 cam
        a=rtcp-mux
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack pli
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=96
        """);

    /// <summary>A page that makes a call with audio.</summary>
    public static string Call(string direction = "sendrecv", string ufrag = "Qz4d", string session = "71003") => Crlf($"""
        v=0
        o=- {session} 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 111 0 126
        c=IN IP4 0.0.0.0
        a=ice-ufrag:{ufrag}
        a=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC
        a=fingerprint:{Fingerprint}
        a=setup:actpass
        a=mid:0
        a={direction}
        a=rtcp-mux
        a=rtpmap:111 opus/48000/2
        a=rtpmap:0 PCMU/8000
        a=rtpmap:126 telephone-event/8000
        """);

    /// <summary>OBS 30: ICE and DTLS at session level, no candidates, a group that nobody knows.</summary>
    public static string Obs => Crlf($"""
        v=0
        o=rtc 3453234812 0 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1
        a=group:LS 0 1
        a=msid-semantic:WMS *
        a=setup:actpass
        a=ice-ufrag:tPXk
        a=ice-pwd:zkPgBBqVdMbLB2xLbBz3Xw
        a=ice-options:ice2,trickle
        a=fingerprint:sha-256 5D:6A:5A:0E:0A:5A:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:9A
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 0.0.0.0
        a=mid:0
        a=sendonly
        a=ssrc:1823416217 cname:bAzB4Qx0
        a=ssrc:1823416217 msid:n7vIrPA7 n7vIrPA7-audio
        a=msid:n7vIrPA7 n7vIrPA7-audio
        a=rtcp-mux
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        a=mid:1
        a=sendonly
        a=ssrc:1823416218 cname:bAzB4Qx0
        a=ssrc:1823416218 msid:n7vIrPA7 n7vIrPA7-video
        a=msid:n7vIrPA7 n7vIrPA7-video
        a=rtcp-mux
        a=rtpmap:96 H264/90000
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
        a=rtcp-fb:96 goog-remb
        a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
        """);

    /// <summary>FFmpeg's muxer: passive, one session id for all time, a malformed feedback line in some releases.</summary>
    public static string Ffmpeg => Crlf("""
        v=0
        o=FFmpeg 4489045141692799359 2 IN IP4 127.0.0.1
        s=FFmpegPublishSession
        t=0 0
        a=group:BUNDLE 0 1
        a=extmap-allow-mixed
        a=msid-semantic: WMS
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 0.0.0.0
        a=ice-ufrag:e5a1b2c3
        a=ice-pwd:0123456789abcdef0123456789abcdef
        a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
        a=setup:passive
        a=mid:0
        a=sendonly
        a=msid:FFmpeg audio
        a=rtcp-mux
        a=rtpmap:111 opus/48000/2
        a=ssrc:3210001 cname:FFmpeg
        m=video 9 UDP/TLS/RTP/SAVPF 106
        c=IN IP4 0.0.0.0
        a=ice-ufrag:e5a1b2c3
        a=ice-pwd:0123456789abcdef0123456789abcdef
        a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
        a=setup:passive
        a=mid:1
        a=sendonly
        a=msid:FFmpeg video
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:106 H264/90000
        a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42C01F
        a=rtcp-fb%106 nack
        a=ssrc:3210002 cname:FFmpeg
        """);

    /// <summary>What the core answers, with ICE credentials of ours.</summary>
    public static string Answer(string direction = "recvonly", string ufrag = "s7PQ", bool video = true, int videoPort = 10000) => Crlf($"""
        v=0
        o=- 90215 1 IN IP4 203.0.113.7
        s=-
        t=0 0
        a=group:BUNDLE 0{(video ? " 1" : "")}
        a=ice-lite
        m=audio 10000 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 203.0.113.7
        a=mid:0
        a={direction}
        a=rtcp-mux
        a=ice-ufrag:{ufrag}
        a=ice-pwd:Wm2cTg6oKd9sZb4xRj1vNh8u
        a=fingerprint:sha-256 B4:71:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:2E
        a=setup:passive
        a=candidate:1 1 udp 2130706431 203.0.113.7 10000 typ host
        a=end-of-candidates
        a=rtpmap:111 opus/48000/2
        """) + (!video ? "" : Crlf($"""
        m=video {videoPort} UDP/TLS/RTP/SAVPF 96
        c=IN IP4 203.0.113.7
        a=mid:1
        a={(videoPort == 0 ? "inactive" : direction)}
        a=rtcp-mux
        a=rtpmap:96 VP8/90000
        """));

    public static string Crlf(string text) => text.ReplaceLineEndings("\r\n") + "\r\n";

    /// <summary>Without the lines that begin with a text.</summary>
    public static string Without(this string sdp, string start) =>
        string.Join("\r\n", sdp.Split("\r\n").Where(l => !l.StartsWith(start, StringComparison.Ordinal)));
}
