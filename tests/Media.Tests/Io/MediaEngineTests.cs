using System.Collections.Concurrent;
using System.Net;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Io;

/// <summary>The real loop on loopback: waits for what must come, asserts counts and frequencies, never times.</summary>
public sealed class MediaEngineTests
{
    private static readonly CodecOption Pcmu = new(AudioCodec.Pcmu, 8000);

    private static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Echo_returns_as_many_packets_as_were_sent(bool portable)
    {
        using var plane = new Plane(portable);
        using var peer = new RtpPeer();
        var session = plane.Open();
        plane.Engine.Configure(session, Audio(peer));
        plane.Engine.Echo(session, 0);
        var before = await WarmUpAsync(peer, session, peer);
        await peer.SendToneAsync(EndPoint(session), 440, 50, Limit);
        await RtpPeer.UntilAsync(() => peer.Received >= before + 50, Limit);
        Assert.True(Goertzel.Share(peer.Samples, 8000, 440) > 0.95);
        Assert.Contains(plane.Events, e => e.Kind == MediaEventKind.MediaUp && e.Session == session);
        Assert.Equal(portable ? "sockets" : "epoll", plane.Engine.PlaneStatistics.Backend);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_bridged_phones_hear_each_other(int loops)
    {
        using var plane = new Plane(loops: loops);
        using var alice = new RtpPeer();
        using var bob = new RtpPeer();
        var a = plane.Open();
        var b = plane.Open();
        plane.Engine.Configure(a, Audio(alice));
        plane.Engine.Configure(b, Audio(bob));
        plane.Engine.Bridge(a, b);
        var beforeBob = await WarmUpAsync(alice, a, bob);
        var beforeAlice = await WarmUpAsync(bob, b, alice);
        await Task.WhenAll(alice.SendToneAsync(EndPoint(a), 440, 50, Limit), bob.SendToneAsync(EndPoint(b), 1000, 50, Limit));
        await RtpPeer.UntilAsync(() => alice.Received >= beforeAlice + 50 && bob.Received >= beforeBob + 50, Limit);
        Assert.True(Goertzel.Share(alice.Samples, 8000, 1000) > 0.95);
        Assert.True(Goertzel.Share(bob.Samples, 8000, 440) > 0.95);
    }

    [Fact]
    public async Task A_tone_is_played_and_its_end_told_once()
    {
        using var plane = new Plane();
        using var peer = new RtpPeer();
        var session = plane.Open();
        plane.Engine.Configure(session, Audio(peer));
        plane.Engine.Play(session, 7, "tone_stream://%(500,0,1004)");
        await RtpPeer.UntilAsync(() => plane.Events.Any(e => e.Kind == MediaEventKind.PlaybackDone), Limit);
        await RtpPeer.UntilAsync(() => peer.Received == 25, Limit);
        var done = Assert.Single(plane.Events, e => e.Kind == MediaEventKind.PlaybackDone);
        Assert.Equal((7, (int)PlaybackEnd.Finished, 4000, 8000), (done.Token, done.Value, done.Extra, done.Rate));
        Assert.True(Goertzel.Share(peer.Samples, 8000, 1004) > 0.95);
    }

    [Fact]
    public void A_closed_session_gives_its_ports_back()
    {
        using var plane = new Plane();
        var session = plane.Open();
        Assert.Equal(2, plane.Engine.PlaneStatistics.PortsLeased);
        plane.Engine.Close(session);
        Assert.True(SpinWait.SpinUntil(() => plane.Engine.PlaneStatistics.PortsLeased == 0, TimeSpan.FromSeconds(30)));
        Assert.NotEqual(session, plane.Open());
    }

    /// <summary>Commands and packets come by different ways: sends until the far end hears it, and gives the count from which on nothing may be lost.</summary>
    private static async Task<int> WarmUpAsync(RtpPeer from, MediaSession session, RtpPeer to)
    {
        while (to.Received == 0)
        {
            await from.SendToneAsync(EndPoint(session), 0, 1, Limit);
        }

        return to.Received;
    }

    private static AudioStream Audio(RtpPeer peer) => new(Pcmu, MediaDirection.SendRecv, peer.Local, new IPEndPoint(peer.Local.Address, peer.Local.Port))
    {
        SendEventType = 101,
        ReceiveEventType = 101,
    };

    private static IPEndPoint EndPoint(MediaSession session) => new(IPAddress.Loopback, session.RtpPort);

    private sealed class Plane : IDisposable
    {
        public Plane(bool portable = false, int loops = 1)
        {
            Engine = new MediaEngine(new MediaEngineOptions { Events = Events.Enqueue, Loops = loops, PortStart = 30000, PortEnd = 31999, PortableSockets = portable, Pin = false });
        }

        public ConcurrentQueue<MediaEvent> Events { get; } = new();

        public MediaEngine Engine { get; }

        public MediaSession Open()
        {
            Assert.True(Engine.TryOpen(new MediaOpen(IPAddress.Loopback, default, 1), out var session, out var error), error);
            return session;
        }

        public void Dispose() => Engine.Dispose();
    }
}
