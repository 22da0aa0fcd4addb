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
    public async Task A_file_is_played_and_what_is_heard_is_recorded()
    {
        var directory = Directory.CreateTempSubdirectory("media-engine-").FullName;
        try
        {
            using var plane = new Plane();
            using var peer = new RtpPeer();
            var prompt = Path.Combine(directory, "prompt.wav");
            WavFile.Write(prompt, 16000, 1, 16, ToneSource.Sine(700, 16000, 16000));
            var session = plane.Open();
            plane.Engine.Configure(session, Audio(peer));
            await WarmUpAsync(peer, session, plane);
            plane.Engine.Record(session, 1, new RecordingSpec(Path.Combine(directory, "a.wav"), true, true, 0, false));
            plane.Engine.Play(session, 2, prompt);
            await RtpPeer.UntilAsync(() => plane.Events.Any(e => e.Kind == MediaEventKind.PlaybackDone), Limit);
            plane.Engine.ControlRecording(session, 1, RecordingControl.Stop);
            await RtpPeer.UntilAsync(() => plane.Events.Any(e => e.Kind == MediaEventKind.RecordingDone), Limit);
            var wav = WavFile.Read(Path.Combine(directory, "a.wav"));
            Assert.True(Goertzel.Share(peer.Samples, 8000, 700) > 0.9);
            var sent = wav.Channel(1);
            Assert.True(Goertzel.Share(sent.AsSpan(Array.FindIndex(sent, s => s != 0), 6400), 8000, 700) > 0.9);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Members_of_a_room_come_together_from_all_loops()
    {
        using var plane = new Plane(loops: 2);
        RtpPeer[] peers = [new(), new(AudioCodec.Pcma), new(AudioCodec.G722)];
        try
        {
            int[] tones = [440, 700, 1100];
            var sessions = peers.Select(_ => plane.Open()).ToArray();
            for (var i = 0; i < peers.Length; i++)
            {
                var codec = new CodecOption((AudioCodec)i, i == 2 ? 16000 : 8000);
                plane.Engine.Configure(sessions[i], Audio(peers[i]) with { Codec = codec, SendPayloadType = peers[i].PayloadType, ReceivePayloadType = peers[i].PayloadType });
                plane.Engine.JoinRoom(sessions[i], 9, RoomFlags.Both);
            }

            await Task.WhenAll(peers.Select((p, i) => p.SendToneAsync(EndPoint(sessions[i]), tones[i], 100, Limit)));
            await RtpPeer.UntilAsync(() => peers.All(p => p.Received >= 80), Limit);
            for (var i = 0; i < peers.Length; i++)
            {
                var heard = peers[i].Samples.Chunk(peers[i].RateHz / 20).Skip(10).SkipLast(2).ToArray();
                for (var k = 0; k < tones.Length; k++)
                {
                    var share = heard.Select(part => Goertzel.Share(part, peers[i].RateHz, tones[k])).Order().ElementAt(heard.Length / 2);
                    Assert.True(i == k ? share < 0.02 : share > 0.35, $"{i} hears {tones[k]} Hz with a share of {share:F3}");
                }
            }
        }
        finally
        {
            Array.ForEach(peers, p => p.Dispose());
        }
    }

    [Fact]
    public async Task A_transcoded_call_survives_a_bad_network()
    {
        using var plane = new Plane();
        using var alice = new RtpPeer(AudioCodec.Pcma);
        using var bob = new RtpPeer();
        var a = plane.Open();
        var b = plane.Open(a);
        using var network = new UdpImpairment(EndPoint(a), new Impairment { Loss = 0.02, JitterMs = 40, Duplicate = 0.02, Reorder = 0.02 }, seed: 7);
        plane.Engine.Configure(a, Audio(alice) with { Codec = new CodecOption(AudioCodec.Pcma, 8000), SendPayloadType = 8, ReceivePayloadType = 8, Remote = network.Local });
        plane.Engine.Configure(b, Audio(bob));
        plane.Engine.Bridge(a, b);
        plane.Engine.DetectInbandDtmf(a, true);
        await alice.SendToneAsync(network.Local, 440, 250, Limit);
        await alice.SendDigitAsync(network.Local, '7', 200, Limit);
        await RtpPeer.UntilAsync(() => plane.Events.Any(e => e.Kind == MediaEventKind.Dtmf), Limit);
        Assert.True(network.Lost > 0 && network.Doubled > 0);
        Assert.Equal('7', (char)Assert.Single(plane.Events, e => e.Kind == MediaEventKind.Dtmf).Value);
        var parts = bob.Samples.Chunk(400).Skip(8).Select(part => Goertzel.Share(part, 8000, 440)).Order().ToArray();
        Assert.True(parts[parts.Length / 2] > 0.9);
    }

    [Fact]
    public void A_range_that_is_in_use_is_passed_over_and_one_that_is_full_is_told()
    {
        using var plane = new Plane();
        var first = plane.Open();
        using var narrow = new MediaEngine(new MediaEngineOptions { Events = static _ => { }, Loops = 1, PortStart = first.RtpPort, PortEnd = first.RtpPort + 1, Pin = false });
        Assert.False(narrow.TryOpen(new MediaOpen(IPAddress.Loopback, default, 1), out _, out var error));
        Assert.NotEmpty(error);
        Assert.False(plane.Engine.TryOpen(new MediaOpen(IPAddress.Parse("192.0.2.1"), default, 1), out _, out error));
        Assert.Contains("192.0.2.1", error);
        Assert.False(plane.Engine.TryOpen(new MediaOpen(IPAddress.Any, default, 1), out _, out error));
        Assert.Equal("media wants a concrete local address", error);
        Assert.Equal(2, plane.Engine.PlaneStatistics.PortsLeased);
    }

    [Fact]
    public void A_port_is_not_used_again_at_once()
    {
        using var plane = new Plane();
        var ports = new HashSet<ushort>();
        for (var i = 0; i < 100; i++)
        {
            var session = plane.Open();
            Assert.Equal((0, session.RtpPort + 1), (session.RtpPort % 2, session.RtcpPort));
            Assert.True(ports.Add(session.RtpPort));
            plane.Engine.Close(session);
        }
    }

    [Fact]
    public async Task Commands_for_a_closed_session_do_nothing_and_begun_things_still_end()
    {
        using var plane = new Plane();
        var session = plane.Open();
        plane.Engine.Close(session);
        plane.Engine.Close(session);
        plane.Engine.Bridge(session, session);
        plane.Engine.Play(session, 1, "silence_stream://-1");
        plane.Engine.Record(session, 2, new RecordingSpec("/nowhere/a.wav", false, false, 0, false));
        Assert.Equal(0, plane.Engine.Statistics(session).PacketsReceived);
        await RtpPeer.UntilAsync(() => plane.Events.Count == 2, Limit);
        Assert.Equal([(MediaEventKind.PlaybackDone, 1L), (MediaEventKind.RecordingDone, 2L)], plane.Events.Select(e => (e.Kind, e.Token)));
    }

    [Fact]
    public void Everything_that_was_begun_ends_when_the_engine_does()
    {
        var plane = new Plane(loops: 2);
        for (var i = 0; i < 10; i++)
        {
            plane.Engine.Play(plane.Open(), 1 + i, "silence_stream://-1");
        }

        plane.Dispose();
        Assert.Equal(10, plane.Events.Count(e => e.Kind == MediaEventKind.PlaybackDone && e.Value == (int)PlaybackEnd.Closed));
    }

    [Fact]
    public async Task A_fault_in_one_session_ends_that_session_alone()
    {
        var faults = new ConcurrentQueue<(MediaSession Session, long Owner)>();
        var events = new ConcurrentQueue<MediaEvent>();
        using var engine = new MediaEngine(new MediaEngineOptions
        {
            Events = e =>
            {
                events.Enqueue(e);
                if (e.Owner == 666)
                {
                    throw new InvalidOperationException("a receiver that breaks its promise");
                }
            },
            Fault = (_, session, owner) => faults.Enqueue((session, owner)),
            Loops = 1,
            Pin = false,
        });
        using var peer = new RtpPeer();
        Assert.True(engine.TryOpen(new MediaOpen(IPAddress.Loopback, default, 666), out var bad, out _));
        Assert.True(engine.TryOpen(new MediaOpen(IPAddress.Loopback, default, 1), out var good, out _));
        foreach (var session in (ReadOnlySpan<MediaSession>)[bad, good])
        {
            engine.Configure(session, Audio(peer));
            engine.Echo(session, 0);
        }

        while (faults.IsEmpty)
        {
            await peer.SendToneAsync(EndPoint(bad), 440, 1, Limit);
        }

        peer.Clear();
        await WarmUpAsync(peer, good, peer);
        Assert.Equal((bad, 666L), Assert.Single(faults));
        Assert.True(SpinWait.SpinUntil(() => engine.PlaneStatistics.PortsLeased == 2, TimeSpan.FromSeconds(30)));
        engine.Close(bad);
    }

    [Theory]
    [InlineData(0, 100, 1)]
    [InlineData(20001, 20002, 1)]
    [InlineData(20000, 70000, 1)]
    [InlineData(20000, 20100, 0)]
    [InlineData(20000, 20100, 65)]
    public void Options_out_of_range_are_refused(int start, int end, int loops) =>
        Assert.Throws<ArgumentException>(() => new MediaEngine(new MediaEngineOptions { Events = static _ => { }, PortStart = start, PortEnd = end, Loops = loops }));

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

    private static async Task WarmUpAsync(RtpPeer from, MediaSession session, Plane plane)
    {
        while (plane.Engine.Statistics(session).PacketsReceived == 0)
        {
            await from.SendToneAsync(EndPoint(session), 0, 1, Limit);
        }
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

        public MediaSession Open(MediaSession near = default)
        {
            Assert.True(Engine.TryOpen(new MediaOpen(IPAddress.Loopback, near, 1), out var session, out var error), error);
            return session;
        }

        public void Dispose() => Engine.Dispose();
    }
}
