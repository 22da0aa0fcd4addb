using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Benchmarks;

/// <summary>What SIP costs without sockets, media and scripts. Budget for one call, all messages: 60 µs.</summary>
[MemoryDiagnoser]
[InProcess]
public class SipBenchmarks
{
    private const string Sdp = "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";

    private readonly IPEndPoint _peer = IPEndPoint.Parse("127.0.0.1:5062");
    private readonly SipMessage _message = new();
    private byte[] _invite = [];
    private PluginTestHost _host = null!;
    private ListenerInfo _listener = null!;
    private LegId _leg;
    private byte[] _tag = [];
    private byte[] _sent = [];
    private long _number;

    [GlobalSetup]
    public void Setup()
    {
        _host = new PluginTestHost(
            new SipPlugin(),
            """{ "internalAcl": ["127.0.0.0/8"] }""",
            1,
            new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "127.0.0.1:5060"))
        {
            OnSent = p => _sent = p.Data,
            OnLegEvent = e => _leg = e.Leg,
            DiscardsSent = true,
        };
        _listener = _host.Listeners[0];
        _invite = Request("INVITE", 1, "", Sdp, "bench");
    }

    /// <summary>Reads an INVITE of about 800 bytes.</summary>
    [Benchmark]
    public bool Parse() => SipParser.TryParse(_invite, _message, out _);

    /// <summary>A call from INVITE to the 200 of its BYE: three messages in, four out, a minute of timers ahead.</summary>
    [Benchmark]
    public int IncomingCall()
    {
        var id = "b" + ++_number;
        Receive(Request("INVITE", 1, "", Sdp, id));
        _host.Command(new LegCommand.Answer(_leg, Sdp));
        _tag = Tag(_sent);
        var tag = Encoding.ASCII.GetString(_tag);
        Receive(Request("ACK", 1, tag, "", id));
        Receive(Request("BYE", 2, tag, "", id));
        if ((_number & 63) == 0)
        {
            // At 2,000 calls a second 64 of them take 32 ms: transactions live on for 32 s as they would.
            _host.Advance(TimeSpan.FromMilliseconds(32));
        }

        return _sent.Length;
    }

    /// <summary>What <see cref="IncomingCall"/> costs before the plugin sees anything: making the text.</summary>
    [Benchmark(Baseline = true)]
    public int TextOfIncomingCall()
    {
        var id = "b" + ++_number;
        return Request("INVITE", 1, "", Sdp, id).Length + Request("ACK", 1, "0123456789abcdef", "", id).Length + Request("BYE", 2, "0123456789abcdef", "", id).Length;
    }

    private static byte[] Tag(byte[] response)
    {
        var to = response.AsSpan().IndexOf("\r\nTo: "u8);
        var tag = response.AsSpan(to).IndexOf(";tag="u8) + to + 5;
        return response.AsSpan(tag, 16).ToArray();
    }

    private static byte[] Request(string method, int cseq, string tag, string body, string id) => Encoding.ASCII.GetBytes(
        $"{method} sip:9196@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK-{id}-{method}\r\n"
        + $"From: sipp <sip:sipp@127.0.0.1:5062>;tag={id}SIPpTag00\r\nTo: <sip:9196@127.0.0.1:5060>{(tag.Length > 0 ? ";tag=" + tag : "")}\r\n"
        + $"Call-ID: {id}-4711@127.0.0.1\r\nCSeq: {cseq} {method}\r\nContact: sip:sipp@127.0.0.1:5062\r\nMax-Forwards: 70\r\nSubject: Performance Test\r\n"
        + (body.Length > 0 ? "Content-Type: application/sdp\r\n" : "") + $"Content-Length: {body.Length}\r\n\r\n{body}");

    private void Receive(byte[] data) => _host.Post(TransportEvent.Datagram(_listener.Id, _peer, _listener.Local, data));
}
