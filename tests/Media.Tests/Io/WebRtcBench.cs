using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Io;

/// <summary>A media engine on loopback and the descriptions of its WebRTC sessions, written by hand: PCMU, ICE-lite, DTLS.</summary>
internal sealed class WebRtcBench : IDisposable
{
    private readonly ConcurrentDictionary<MediaSession, Leg> _legs = new();

    public WebRtcBench(int loops = 1, bool portable = false, bool managedDtls = false)
    {
        Engine = new MediaEngine(new MediaEngineOptions
        {
            Events = Events.Enqueue,
            Loops = loops,
            PortStart = 32000,
            PortEnd = 33999,
            PortableSockets = portable,
            ManagedDtls = managedDtls,
            Pin = false,
            Fault = (e, _, _) => Faults.Enqueue(e),
        });
    }

    public ConcurrentQueue<MediaEvent> Events { get; } = new();

    public ConcurrentQueue<Exception> Faults { get; } = new();

    public MediaEngine Engine { get; }

    public static CancellationToken Limit => CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken, new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token).Token;

    public int Count(MediaEventKind kind, MediaSession session) => Events.Count(e => e.Kind == kind && e.Session == session);

    public MediaSession Open(MediaTransportKind kind = MediaTransportKind.WebRtc, MediaSession near = default)
    {
        Assert.True(Engine.TryOpen(new MediaOpen(IPAddress.Loopback, near, 7) { Kind = kind }, out var session, out var error), error);
        _legs[session] = new Leg { Ice = NewCredentials() };
        return session;
    }

    /// <summary>The engine answers a peer's offer.</summary>
    public MediaSession Answer(WebRtcPeer peer, MediaSession near = default, string setup = "passive")
    {
        var session = Open(near: near);
        Reanswer(session, peer, setup);
        return session;
    }

    /// <summary>The engine answers the peer's next offer, with new credentials of its own when asked.</summary>
    public void Reanswer(MediaSession session, WebRtcPeer peer, string setup = "passive", bool restart = false, bool anew = false)
    {
        var leg = _legs[session];
        leg.Ice = restart ? NewCredentials() : leg.Ice;
        var offer = PeerSdp.Parse(peer.CreateOffer());
        Set(session, offer, setup == "passive" ? DtlsRole.Server : DtlsRole.Client, anew);
        peer.SetAnswer(Describe(session, setup));
    }

    /// <summary>The engine offers; the peer's answer is kept back.</summary>
    public string Offer(MediaSession session, WebRtcPeer peer, bool controls = false)
    {
        _legs[session].Controls = controls;
        Engine.SetTransport(session, new TransportParameters { Keys = KeyAgreement.Dtls, LocalIce = _legs[session].Ice, ControlsIce = controls });
        return peer.CreateAnswer(Describe(session, "actpass"));
    }

    /// <summary>One session calls the other one, which is ICE-lite.</summary>
    public void Connect(MediaSession caller, MediaSession called)
    {
        _legs[caller].Controls = true;
        Set(called, PeerSdp.Parse(Describe(caller, "actpass")), DtlsRole.Server, anew: false);
        Set(caller, PeerSdp.Parse(Describe(called, "passive")), DtlsRole.Client, anew: false);
    }

    public void TakeAnswer(MediaSession session, string answer)
    {
        var sdp = PeerSdp.Parse(answer);
        Set(session, sdp, sdp.Setup == "active" ? DtlsRole.Server : DtlsRole.Client, anew: false);
    }

    public string Describe(MediaSession session, string setup)
    {
        var ice = _legs[session].Ice;
        return $"""
            v=0
            o=- 1 1 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=ice-lite
            m=audio 9 UDP/TLS/RTP/SAVPF 0 126
            c=IN IP4 0.0.0.0
            a=mid:0
            a=sendrecv
            a=rtcp-mux
            a=ice-ufrag:{ice.Ufrag}
            a=ice-pwd:{ice.Password}
            a=fingerprint:{Engine.LocalFingerprint.Hash} {Engine.LocalFingerprint.Value}
            a=setup:{setup}
            a=rtpmap:0 PCMU/8000
            a=rtpmap:126 telephone-event/8000
            a=candidate:1 1 udp 2130706431 127.0.0.1 {session.RtpPort} typ host
            a=end-of-candidates
            """;
    }

    public void Configure(MediaSession session) => Engine.Configure(session, new AudioStream(new CodecOption(AudioCodec.Pcmu, 8000), MediaDirection.SendRecv, new IPEndPoint(IPAddress.Any, 9), new IPEndPoint(IPAddress.Any, 9))
    {
        RtcpMux = true,
        SendEventType = 126,
        ReceiveEventType = 126,
    });

    /// <summary>The peer says a tone; what comes back through echo or bridge has to have it.</summary>
    public static async Task<double> HearAsync(WebRtcPeer from, WebRtcPeer to, double frequencyHz, int frames = 25)
    {
        to.Clear();
        await from.SendToneAsync(frequencyHz, frames, Limit);
        await RtpPeer.UntilAsync(() => to.Received >= frames - 3, Limit);
        return Goertzel.Share(to.Samples, 8000, frequencyHz);
    }

    public void Dispose()
    {
        Engine.Dispose();
        Assert.Empty(Faults);
    }

    public static IceCredentials NewCredentials() => new(Convert.ToHexString(RandomNumberGenerator.GetBytes(6)), Convert.ToHexString(RandomNumberGenerator.GetBytes(12)));

    private void Set(MediaSession session, PeerSdp remote, DtlsRole role, bool anew)
    {
        Engine.SetTransport(
            session,
            new TransportParameters
            {
                Keys = KeyAgreement.Dtls,
                ControlsIce = _legs[session].Controls,
                RemoteCandidates = _legs[session].Controls ? [remote.Candidate!] : [],
                LocalIce = _legs[session].Ice,
                RemoteIce = new IceCredentials(remote.Ufrag, remote.Password),
                RemoteFingerprints = [new DtlsFingerprint("sha-256", remote.Fingerprint)],
                Role = role,
            },
            anew);
        Configure(session);
    }

    private sealed class Leg
    {
        public required IceCredentials Ice { get; set; }

        public bool Controls { get; set; }
    }
}
