using System.Security.Cryptography;
using System.Text;

namespace XSwitchEngine.TestKit;

/// <summary>The far end of a SIP test: writes messages as text and remembers what a dialog needs.</summary>
/// <remarks>It knows no state machine on purpose: a test says every message itself, in whatever order it wants.</remarks>
public sealed class SipPeer
{
    private readonly PluginTestHost _host;
    private int _branch;

    /// <summary>Makes a peer.</summary>
    /// <param name="host">The host with the SIP plugin.</param>
    /// <param name="user">User part of its addresses.</param>
    /// <param name="address">Its address and port.</param>
    /// <param name="listener">The listener that it talks to.</param>
    public SipPeer(PluginTestHost host, string user = "1000", string address = "192.0.2.9:5060", string listener = "internal-udp")
    {
        _host = host;
        User = user;
        Address = address;
        Listener = listener;
        CallId = $"call-{user}-{address}";
    }

    /// <summary>A session description that a phone may send.</summary>
    public const string Sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\n";

    /// <summary>One that the core may answer with.</summary>
    public const string OurSdp = "v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n";

    /// <summary>User part.</summary>
    public string User { get; }

    /// <summary>Address and port.</summary>
    public string Address { get; set; }

    /// <summary>The listener that it talks to.</summary>
    public string Listener { get; }

    /// <summary>Call-ID of its call.</summary>
    public string CallId { get; set; }

    /// <summary>Its tag.</summary>
    public string LocalTag { get; set; } = "peer1";

    /// <summary>The engine's tag, once known.</summary>
    public string RemoteTag { get; set; } = "";

    /// <summary>Last sequence number used.</summary>
    public int CSeq { get; set; }

    /// <summary>Where requests within the dialog go.</summary>
    public string Target { get; set; } = "sip:9196@192.0.2.1:5060";

    /// <summary>Name of the transport in Via.</summary>
    public string Transport { get; set; } = "UDP";

    /// <summary>The connection to send over; null for datagrams.</summary>
    public TestConnection? Connection { get; set; }

    /// <summary>The last request written.</summary>
    public SipTestMessage Last { get; private set; } = new("X sip:x SIP/2.0\r\n\r\n");

    /// <summary>Sends text to the plugin.</summary>
    /// <param name="text">A whole message.</param>
    public void Send(string text)
    {
        if (Connection is null)
        {
            _host.Datagram(Listener, Address, Encoding.UTF8.GetBytes(text));
        }
        else
        {
            _host.Receive(Connection, Encoding.UTF8.GetBytes(text));
        }
    }

    /// <summary>Writes a request of this peer.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="body">Body, or empty.</param>
    /// <param name="extra">Further header lines, each ended by CRLF.</param>
    /// <param name="cseq">Sequence number; 0 takes the next.</param>
    /// <param name="branch">Branch; null takes a new one.</param>
    /// <param name="contentType">Type of the body.</param>
    public string Request(string method, string body = "", string extra = "", int cseq = 0, string? branch = null, string contentType = "application/sdp")
    {
        if (cseq == 0)
        {
            cseq = ++CSeq;
        }

        branch ??= $"z9hG4bK-{LocalTag}-{User}-{++_branch}";
        var to = RemoteTag.Length > 0 ? $"<sip:9196@example.com>;tag={RemoteTag}" : "<sip:9196@example.com>";
        if (method == "REGISTER")
        {
            to = $"<sip:{User}@example.com>";
        }

        var contact = extra.Contains("Contact:", StringComparison.Ordinal) || method is "BYE" or "CANCEL" ? "" : $"Contact: <sip:{User}@{Address}{(Connection is null ? "" : ";transport=tcp")}>\r\n";
        var text = $"{method} {(method == "REGISTER" ? "sip:example.com" : Target)} SIP/2.0\r\n"
            + $"Via: SIP/2.0/{Transport} {Address};branch={branch};rport\r\nMax-Forwards: 70\r\n"
            + $"From: \"Peer\" <sip:{User}@example.com>;tag={LocalTag}\r\nTo: {to}\r\nCall-ID: {CallId}\r\nCSeq: {cseq} {method}\r\n"
            + contact + extra + (body.Length > 0 ? $"Content-Type: {contentType}\r\n" : "")
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
        Last = new SipTestMessage(text);
        return text;
    }

    /// <summary>Writes the answer to a request of the engine.</summary>
    /// <param name="request">The request.</param>
    /// <param name="status">Status line without the version.</param>
    /// <param name="body">Session description, or empty.</param>
    /// <param name="extra">Further header lines.</param>
    /// <param name="tag">Our tag; null takes <see cref="LocalTag"/>.</param>
    public string Response(SipTestMessage request, string status, string body = "", string extra = "", string? tag = null)
    {
        var to = request["To"];
        if (request.ToTag.Length == 0 && !status.StartsWith("100", StringComparison.Ordinal))
        {
            to += ";tag=" + (tag ?? LocalTag);
        }

        var vias = string.Concat(request.All("Via").Select(v => $"Via: {v}\r\n"));
        return $"SIP/2.0 {status}\r\n{vias}From: {request["From"]}\r\nTo: {to}\r\nCall-ID: {request["Call-ID"]}\r\nCSeq: {request["CSeq"]}\r\n"
            + (extra.Contains("Contact:", StringComparison.Ordinal) ? "" : $"Contact: <sip:{User}@{Address}>\r\n") + extra
            + (body.Length > 0 ? "Content-Type: application/sdp\r\n" : "") + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
    }

    /// <summary>Takes the next message that the engine sent.</summary>
    public SipTestMessage Take() => new(_host.TakeText());

    /// <summary>Takes a response and remembers its tag and Contact.</summary>
    public SipTestMessage TakeResponse()
    {
        var response = Take();
        if (response.Status >= 180 && response.ToTag.Length > 0)
        {
            RemoteTag = response.ToTag;
        }

        if (response.Status is >= 180 and < 300 && response["Contact"].Length > 0)
        {
            Target = response.ContactUri;
        }

        return response;
    }

    /// <summary>The Authorization line that answers a challenge (RFC 7616 §3.4.1, qop=auth).</summary>
    /// <param name="challenge">A 401 or 407.</param>
    /// <param name="method">Method of the request.</param>
    /// <param name="uri">Its Request-URI.</param>
    /// <param name="password">The password.</param>
    /// <param name="algorithm">Which challenge to answer: <c>MD5</c> or <c>SHA-256</c>.</param>
    /// <param name="count">Nonce count.</param>
    /// <param name="user">User name; null takes <see cref="User"/>.</param>
    public string Authorize(SipTestMessage challenge, string method, string uri, string password, string algorithm = "MD5", int count = 1, string? user = null)
    {
        user ??= User;
        var name = challenge.Status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
        var line = challenge.All(name).First(v => v.Contains("algorithm=" + algorithm, StringComparison.Ordinal));
        var realm = Quoted(line, "realm");
        var nonce = Quoted(line, "nonce");
        var nc = count.ToString("x8");
        const string cnonce = "0a4f113b";
        var ha1 = Hash(algorithm, $"{user}:{realm}:{password}");
        var ha2 = Hash(algorithm, $"{method}:{uri}");
        var response = Hash(algorithm, $"{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}");
        return $"{(challenge.Status == 401 ? "Authorization" : "Proxy-Authorization")}: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", "
            + $"response=\"{response}\", algorithm={algorithm}, qop=auth, nc={nc}, cnonce=\"{cnonce}\"\r\n";
    }

    private static string Quoted(string line, string name) => line.Split(name + "=\"")[1].Split('"')[0];

    private static string Hash(string algorithm, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
#pragma warning disable CA5351 // the digest scheme of SIP
        return Convert.ToHexStringLower(algorithm == "MD5" ? MD5.HashData(bytes) : SHA256.HashData(bytes));
#pragma warning restore CA5351
    }
}
