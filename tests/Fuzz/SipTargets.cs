using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.Plugins.Sip.Events;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Fuzz;

/// <summary>One parser that takes anything: returns, and neither throws nor takes long.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Run">Gives it one input.</param>
/// <param name="Seeds">Good inputs to begin with.</param>
/// <param name="Words">What its grammar knows.</param>
internal sealed record Target(string Name, Action<byte[]> Run, IReadOnlyList<byte[]> Seeds, IReadOnlyList<byte[]> Words);

/// <summary>The parsers of SIP and session descriptions.</summary>
internal static class SipTargets
{
    private const string Sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 4000 UDP/TLS/RTP/SAVPF 111 0 101\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32\r\na=candidate:1 1 UDP 2130706431 192.0.2.9 4000 typ host\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendrecv\r\n";

    private static readonly string[] Common = ["\r\n", "\r\n ", "SIP/2.0", "sip:", "sips:", "tel:+1", "<sip:a@b>", ";tag=", ";branch=z9hG4bK", "%00", "%", "\"", "\\\"", "::1", "[::1]", "[", ",", ";", ";lr", "?a=b", ";expires=", ";q=0.5", "Via: ", "Contact: *\r\n", "Content-Length: ", "Content-Type: multipart/mixed;boundary=a\r\n"];

    public static IReadOnlyList<Target> All { get; } =
    [
        new("message", d => SipParser.TryParse(d, new SipMessage(), out _), [Message("INVITE", Sdp), Message("REGISTER", ""), Bytes("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")], Words(Common)),
        new("stream", Stream, [Message("INVITE", Sdp), Bytes("\r\n\r\n")], Words(Common)),
        new("plugin", Plugin, [Message("INVITE", Sdp), Message("REGISTER", ""), Message("SUBSCRIBE", ""), Message("MESSAGE", "x"), Message("REFER", ""), Message("PRACK", ""), Message("OPTIONS", "")], Words([.. Common, "Event: dialog\r\n", "Refer-To: <sip:1@b?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", "Replaces: x;to-tag=1;from-tag=2\r\n", "Require: 100rel\r\n", "RAck: 1 1 INVITE\r\n", "Session-Expires: 90\r\n", "Record-Route: <sip:p;lr>\r\n", "Path: <sip:p;lr>\r\n"])),
        new("uri", d => Uri(d), [Bytes("sip:alice:pw@[2001:db8::1]:5060;transport=tcp;lr?Subject=x&a=b"), Bytes("tel:+1-201-555-0123;phone-context=example.com"), Bytes("sips:1000@example.com")], Words(Common)),
        new("name-address", d => Address(d), [Bytes("\"A \\\" B\" <sip:a@b;lr>;tag=1;q=0.5;expires=3"), Bytes("sip:a@b;tag=1"), Bytes("Anna <sip:a@b>, <sip:c@d>")], Words(Common)),
        new("via", d => ViaHeader.TryParse(d, out _), [Bytes("SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;rport;received=192.0.2.1"), Bytes("SIP / 2.0 / WSS x.invalid;branch=z9hG4bK2")], Words(Common)),
        new("parameters", d => Parameters(d), [Bytes(";a=1;b=\"x;y\";c;d=<e>")], Words(Common)),
        new("digest", d => DigestParameters.TryParse(d, out _, out _), [Bytes("Digest username=\"1000\", realm=\"r\", nonce=\"n\", uri=\"sip:a\", response=\"00\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\", opaque=\"\"")], Words([.. Common, "Digest ", "qop=\"auth,auth-int\"", "stale=true"])),
        new("replaces", d => ReplacesHeader.TryRead(d, out _, out _, out _, out _), [Bytes("call@host;to-tag=1;from-tag=2;early-only")], Words([.. Common, "to-tag=", "from-tag="])),
        new("dtmf", d => { DtmfInfo.TryParse(d, true, out _, out _); DtmfInfo.TryParse(d, false, out _, out _); }, [Bytes("Signal=5\r\nDuration=160\r\n"), Bytes("#")], Words(["Signal=", "Duration=", "\r\n"])),
        new("multipart", d => Multipart(d), [Bytes("--a\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--a--\r\n")], Words([.. Common, "--a", "--a--", "\r\n\r\n"])),
        new("pidf", d => Publications.TryRead(d, out _, out _), [Bytes("<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\"><tuple><status><basic>open</basic></status><note>x</note></tuple></presence>")], Words(["<!DOCTYPE a [<!ENTITY b \"c\">]>", "&b;", "<a>", "</a>", "<![CDATA["])),
        new("sdp", d => SessionDescription.TryParse(Encoding.UTF8.GetString(d), out _, out _), [Bytes(Sdp), Bytes(Sdp.Replace("UDP/TLS/RTP/SAVPF", "RTP/AVP", StringComparison.Ordinal))], Words(["m=audio 1 RTP/AVP 0\r\n", "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n", "a=rtpmap:", "a=fmtp:", "a=candidate:", "a=crypto:1 ", "c=IN IP6 ::1\r\n", "a=ptime:", "b=AS:", "a=mid:", "a=group:BUNDLE ", "a=extmap:1 ", "a=rtcp-fb:* nack\r\n", "a=simulcast:send "])),
    ];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[][] Words(string[] words) => [.. words.Select(Bytes)];

    private static byte[] Message(string method, string body) => Bytes(
        $"{method} sip:1001@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK-1;rport\r\nMax-Forwards: 70\r\nFrom: \"Peer\" <sip:1000@example.com>;tag=1\r\nTo: <sip:1001@example.com>\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\n"
        + $"Contact: <sip:1000@192.0.2.9>;+sip.instance=\"<urn:uuid:0>\";reg-id=1;expires=60\r\nSupported: timer, 100rel, path, outbound\r\nAllow: INVITE, UPDATE\r\nUser-Agent: x\r\n{(body.Length > 1 ? "Content-Type: application/sdp\r\n" : body.Length == 1 ? "Content-Type: text/plain\r\n" : "")}Content-Length: {body.Length}\r\n\r\n{body}");

    private static void Uri(byte[] data)
    {
        if (SipUri.TryParse(data, out var uri))
        {
            uri.TryAddress(out _);
            uri.TryParameter("transport"u8, out _);
            SipText.DecodeUser(uri.User);
            SipUriComparer.AreEqual(data, data);
        }
    }

    private static void Address(byte[] data)
    {
        var values = new ValueReader(data);
        while (values.TryNext(out var value))
        {
            if (NameAddress.TryParse(value, out var address))
            {
                SipText.Unquote(address.Display);
                _ = address.Parameter("tag"u8);
            }
        }
    }

    private static void Parameters(byte[] data)
    {
        var reader = new ParameterReader(data);
        while (reader.TryNext(out _, out _))
        {
            // each of them is read
        }
    }

    private static void Multipart(byte[] body)
    {
        var head = Bytes($"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Type: multipart/mixed;boundary=a\r\nContent-Length: {body.Length}\r\n\r\n");
        var message = new SipMessage();
        if (SipParser.TryParse((byte[])[.. head, .. body], message, out _))
        {
            SdpBody.TryFind(message, out _, out _);
        }
    }

    private static void Stream(byte[] data)
    {
        var framer = new StreamFramer();
        for (var at = 0; at < data.Length; at += 37)
        {
            framer.Add(data.AsSpan(at, Math.Min(37, data.Length - at)));
            while (framer.TryRead(out var frame) is var kind && kind != FrameKind.None)
            {
                if (kind == FrameKind.Broken)
                {
                    return;
                }

                if (kind == FrameKind.Message)
                {
                    SipParser.TryParse(frame, new SipMessage(), out _);
                }
            }
        }
    }

    /// <summary>The whole plugin: whatever it makes of the input, the next good request is answered, and a snapshot of it can be read again.</summary>
    private static void Plugin(byte[] data)
    {
        var host = new PluginTestHost(new SipPlugin(), """{ "internalAcl": ["192.0.2.0/24"] }""", 1, new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "192.0.2.1:5060"), new ListenerSpec("internal-tcp", "internal", TransportKind.Tcp, "192.0.2.1:5060"));
        host.Users.Add("1001", "x");
        host.Datagram("internal-udp", "192.0.2.9:5060", data);
        host.Receive(host.Accept("internal-tcp", "192.0.2.9:40000"), data);
        foreach (var incoming in host.LegEvents.OfType<LegEvent.Incoming>().ToArray())
        {
            host.Command(new LegCommand.EarlyMedia(incoming.Leg, SipPeer.OurSdp));
            host.Command(new LegCommand.Answer(incoming.Leg, SipPeer.OurSdp));
        }

        host.Swap(new SipPlugin());
        host.TakeAll();
        var peer = new SipPeer(host, address: "192.0.2.10:5060");
        peer.Send(peer.Request("OPTIONS"));
        if (peer.Take().Status != 200)
        {
            throw new InvalidOperationException("The next request was not served");
        }
    }
}
