using System.Net;
using System.Text;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Media over WHIP and its kin: echo, restarts, ends, streams with many viewers, swaps, the engine as a client.</summary>
public sealed class WhipMediaTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Makes a session of a peer and waits until its media is up.</summary>
    private static async Task<(string Url, string Answer)> OpenAsync(WhipClient client, WebRtcPeer peer, string path, string direction = "sendrecv")
    {
        using var created = await client.PostAsync(path, peer.CreateOffer().Replace("a=sendrecv", "a=" + direction, StringComparison.Ordinal));
        var answer = await created.Content.ReadAsStringAsync(Cancel);
        Assert.True(created.StatusCode == HttpStatusCode.Created, $"{(int)created.StatusCode} {answer}");
        peer.SetAnswer(answer);
        await peer.ConnectedAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        return (created.Headers.Location!.OriginalString, answer);
    }

    private static async Task GoneAsync(WhipClient client, string url)
    {
        using var reply = await client.SendAsync("GET", url);
        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
    }

    /// <summary>The engine answers the peer's checks no longer: that is how a page learns the end.</summary>
    private static async Task ConsentEndsAsync(WebRtcPeer peer)
    {
        await Task.Delay(500, Cancel);
        var answers = peer.CheckAnswers;
        await Task.Delay(1000, Cancel);
        Assert.InRange(peer.CheckAnswers - answers, 0, 0);
    }

    [Fact]
    public async Task A_peer_hears_its_echo_across_an_ice_restart_until_it_deletes_its_session()
    {
        await using var engine = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var peer = new WebRtcPeer();
        var (url, answer) = await OpenAsync(client, peer, "/api/whxp/9196");
        await peer.SendToneAsync(440, 100, Cancel);
        Assert.True(Goertzel.Share(peer.Samples, peer.RateHz, 440) > 0.8);

        var keys = peer.Keys;
        peer.RestartIce();
        using (var restart = await client.SendAsync("PATCH", url, $"a=ice-ufrag:{peer.Ufrag}\r\na=ice-pwd:{peer.Password}\r\n", ("Content-Type", "application/trickle-ice-sdpfrag"), ("If-Match", "*")))
        {
            Assert.Equal(HttpStatusCode.OK, restart.StatusCode);
            var fragment = PeerSdp.Parse(await restart.Content.ReadAsStringAsync(Cancel));
            var old = PeerSdp.Parse(answer);
            peer.SetAnswer(answer.Replace(old.Ufrag, fragment.Ufrag, StringComparison.Ordinal).Replace(old.Password, fragment.Password, StringComparison.Ordinal));
        }

        peer.Clear();
        var answers = peer.CheckAnswers;
        await peer.SendToneAsync(880, 100, Cancel);
        Assert.True(peer.CheckAnswers > answers, "checks with the new credentials are answered");
        Assert.InRange(peer.Received, 80, 120);
        Assert.True(Goertzel.Share(peer.Samples, peer.RateHz, 880) > 0.8);
        Assert.Same(keys, peer.Keys);

        using (var delete = await client.SendAsync("DELETE", url))
        {
            Assert.Equal(HttpStatusCode.OK, delete.StatusCode);
        }

        await ConsentEndsAsync(peer);
        await Scenes.NothingLeftAsync(engine);
    }

    [Fact]
    public async Task When_the_far_side_hangs_up_the_url_and_the_connection_end()
    {
        await using var engine = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var peer = new WebRtcPeer();
        var (url, _) = await OpenAsync(client, peer, "/api/whxp/9196");
        await engine.ApiAsync("hupall NORMAL_CLEARING");
        await GoneAsync(client, url);
        await ConsentEndsAsync(peer);
        await Scenes.NothingLeftAsync(engine);
    }

    [Fact]
    public async Task A_page_that_is_closed_without_a_word_is_noticed()
    {
        await using var engine = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var peer = new WebRtcPeer();
        var (url, _) = await OpenAsync(client, peer, "/api/whxp/9196");
        peer.FallSilent();
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 0, "the leg of the lost page ends", 50);
        await GoneAsync(client, url);
    }

    [Fact]
    public async Task Fifty_viewers_of_one_publisher_notice_nothing_of_a_swap_and_end_with_it()
    {
        const int Count = 50;
        await using var engine = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        using var publisher = new WebRtcPeer();
        var (url, _) = await OpenAsync(client, publisher, "/api/whip/live", "sendonly");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var sending = publisher.SendToneAsync(440, 100_000, stop.Token);
        var viewers = new List<(WebRtcPeer Peer, string Url)>();
        try
        {
            for (var i = 0; i < Count; i++)
            {
                var peer = new WebRtcPeer(new WebRtcPeerOptions { CheckMs = 1000 });
                viewers.Add((peer, (await OpenAsync(client, peer, "/api/whep/live", "recvonly")).Url));
            }

            await EngineProcess.UntilAsync(() => Task.FromResult(viewers.TrueForAll(v => v.Peer.Received > 20)), "every viewer gets the stream");
            Assert.Contains($",{Count}\n", await engine.ApiAsync("stream list"), StringComparison.Ordinal);
            foreach (var (peer, _) in viewers)
            {
                Assert.True(Goertzel.Share(peer.Samples, peer.RateHz, 440) > 0.8);
                peer.Clear();
            }

            for (var i = 0; i < 3; i++)
            {
                Assert.StartsWith("+OK", await engine.ApiAsync("plugin swap whip"), StringComparison.Ordinal);
                await Task.Delay(700, Cancel);
            }

            Assert.Equal(Count + 1, await engine.ChannelsAsync());
            await EngineProcess.UntilAsync(() => Task.FromResult(viewers.TrueForAll(v => v.Peer.Received > 100)), "every viewer goes on");
            foreach (var (peer, _) in viewers)
            {
                // One stream without a gap: the sequence numbers that came are those between the first and the last.
                var headers = peer.Headers;
                Assert.Single(headers.Select(h => h.Ssrc).Distinct());
                var span = (ushort)(headers[^1].Sequence - headers[0].Sequence) + 1;
                Assert.InRange(headers.Length, span - 2, span);
            }

            // The new version knows the old one's sessions.
            using (var delete = await client.SendAsync("DELETE", viewers[0].Url))
            {
                Assert.Equal(HttpStatusCode.OK, delete.StatusCode);
            }

            using (var delete = await client.SendAsync("DELETE", url))
            {
                Assert.Equal(HttpStatusCode.OK, delete.StatusCode);
            }

            await Scenes.NothingLeftAsync(engine);
            await GoneAsync(client, viewers[1].Url);
            await ConsentEndsAsync(viewers[2].Peer);

            // The old versions are gone from memory too.
            using var http = new HttpClient { BaseAddress = engine.Http };
            await EngineProcess.UntilAsync(
                async () => Scenes.Value(await http.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancel), "xswitch_plugin_leaked_contexts") == 0, "no load context is left", 60);
        }
        finally
        {
            await stop.CancelAsync();
            viewers.ForEach(v => v.Peer.Dispose());
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    [Fact]
    public async Task GStreamer_publishes_a_tone_and_a_picture()
    {
        await using var engine = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(engine);
        await using var publisher = new GstPublisher(new Uri(engine.Http, "/api/whip/gst").AbsoluteUri, client.Token);
        await publisher.WaitForLineAsync(l => l == "connection connected", 60);
        var video = 0;
        using var viewer = new WebRtcPeer(new WebRtcPeerOptions { Video = true });
        viewer.RtpReceived += packet => video += (packet[1] & 0x7F) == 96 ? 1 : 0;
        await OpenAsync(client, viewer, "/api/whep/gst", "recvonly");
        await EngineProcess.UntilAsync(() => Task.FromResult(viewer.Received > 100 && video > 20), "sound and picture come through");
        Assert.True(Goertzel.Share(viewer.Samples, viewer.RateHz, 440) > 0.8);
        await publisher.StopAsync();
        await Scenes.NothingLeftAsync(engine);
    }

    [Fact]
    public async Task The_engine_publishes_to_another_server_and_takes_its_session_down()
    {
        await using var engine = await EngineProcess.StartAsync();
        using var peer = new WebRtcPeer(new WebRtcPeerOptions { IceLite = true });
        using var server = new HttpListener();
        var port = Sipp.FreePort();
        server.Prefixes.Add($"http://127.0.0.1:{port}/");
        server.Start();
        var originate = engine.ApiAsync($"originate {{whip_token=secret}}whip:http://127.0.0.1:{port}/live/a &playback(tone_stream://%(10000,0,620))");
        var post = await server.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal("POST /live/a", $"{post.Request.HttpMethod} {post.Request.Url!.AbsolutePath}");
        Assert.Equal("Bearer secret", post.Request.Headers["Authorization"]);
        Assert.Equal("application/sdp", post.Request.ContentType);
        using (var reader = new StreamReader(post.Request.InputStream, Encoding.UTF8))
        {
            var offer = await reader.ReadToEndAsync(Cancel);
            Assert.Contains("a=sendonly\r\n", offer, StringComparison.Ordinal);
            Assert.DoesNotContain("a=sendrecv", offer, StringComparison.Ordinal);
            var answer = Encoding.UTF8.GetBytes(peer.CreateAnswer(offer).Replace("a=sendrecv", "a=recvonly", StringComparison.Ordinal));
            post.Response.StatusCode = 201;
            post.Response.ContentType = "application/sdp";
            post.Response.Headers["Location"] = "/session/7";
            await post.Response.OutputStream.WriteAsync(answer, Cancel);
            post.Response.Close();
        }

        Assert.StartsWith("+OK", await originate, StringComparison.Ordinal);
        await peer.ConnectedAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await EngineProcess.UntilAsync(() => Task.FromResult(peer.Received > 50), "the server gets the sound");
        Assert.True(Goertzel.Share(peer.Samples, peer.RateHz, 620) > 0.8);

        await engine.ApiAsync("hupall NORMAL_CLEARING");
        var delete = await server.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal("DELETE /session/7", $"{delete.Request.HttpMethod} {delete.Request.Url!.AbsolutePath}");
        delete.Response.Close();
        await Scenes.NothingLeftAsync(engine);
    }

    /// <summary>Both are ICE-lite toward browsers; the one that calls makes the checks.</summary>
    [Fact]
    public async Task One_engine_publishes_to_another_and_plays_what_is_published_there()
    {
        await using var here = await EngineProcess.StartAsync();
        await using var there = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(there);
        string At(string path) => new Uri(there.Http, path).AbsoluteUri;
        Assert.StartsWith("+OK", await here.ApiAsync($"originate {{whip_token={client.Token}}}whip:{At("/api/whip/show")} &playback(tone_stream://%(60000,0,620))"), StringComparison.Ordinal);
        await EngineProcess.UntilAsync(async () => (await there.ApiAsync("stream list")).Contains("show", StringComparison.Ordinal), "the stream is there");

        // Back again: a viewer of this engine's hears it through the other one.
        using var viewer = new WebRtcPeer();
        Assert.StartsWith("+OK", await here.ApiAsync($"originate {{whip_token={client.Token}}}whep:{At("/api/whep/show")} &stream_publish(again)"), StringComparison.Ordinal);
        using var local = await WhipClient.LogInAsync(here);
        await OpenAsync(local, viewer, "/api/whep/again", "recvonly");
        await EngineProcess.UntilAsync(() => Task.FromResult(viewer.Received > 100), "the tone comes back");
        Assert.True(Goertzel.Share(viewer.Samples.AsSpan(^(viewer.RateHz / 2)..), viewer.RateHz, 620) > 0.8);

        await EndAsync(here, there);
    }

    [Fact]
    public async Task One_engine_calls_a_number_of_another_by_one_post()
    {
        await using var here = await EngineProcess.StartAsync();
        await using var there = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(there);
        Assert.StartsWith("+OK", await here.ApiAsync($"originate {{whip_token={client.Token},RECORD_STEREO=true}}whxp:{new Uri(there.Http, "/api/whxp/9196").AbsoluteUri} &playback(tone_stream://%(60000,0,620))"), StringComparison.Ordinal);
        var uuid = (await Scenes.ChannelsAsync(here))[0];
        var file = Path.Combine(here.Data, "echo.wav");
        Assert.StartsWith("+OK", await here.ApiAsync($"uuid_record {uuid} start {file}"), StringComparison.Ordinal);
        await Task.Delay(2500, Cancel);
        await here.ApiAsync("hupall NORMAL_CLEARING");
        await Scenes.NothingLeftAsync(there);
        var heard = WavFile.Read(file);
        Assert.True(Goertzel.Share(heard.Channel(0).AsSpan(^heard.RateHz..), heard.RateHz, 620) > 0.8);
    }

    /// <summary>The WHEP draft's counter-offer: 406 with the engine's offer, and the player's answer by PATCH.</summary>
    [Theory]
    [InlineData(true, HttpStatusCode.NotAcceptable)]
    [InlineData(false, HttpStatusCode.Created)]
    public async Task A_player_takes_the_engines_offer(bool offers, HttpStatusCode status)
    {
        await using var engine = await EngineProcess.StartAsync("--Whip:serverOffer=true");
        using var client = await WhipClient.LogInAsync(engine);
        using var publisher = new WebRtcPeer(new WebRtcPeerOptions { Video = true });
        using var player = new WebRtcPeer(new WebRtcPeerOptions { Video = true });
        await OpenAsync(client, publisher, "/api/whip/counter", "sendonly");
        string url;
        using (var reply = await client.SendAsync("POST", "/api/whep/counter", offers ? player.CreateOffer().Replace("a=sendrecv", "a=recvonly", StringComparison.Ordinal) : "", ("Content-Type", "application/sdp")))
        {
            Assert.Equal(status, reply.StatusCode);
            url = reply.Headers.Location!.OriginalString;
            var answer = player.CreateAnswer(await reply.Content.ReadAsStringAsync(Cancel)).Replace("a=sendrecv", "a=recvonly", StringComparison.Ordinal);
            using var patch = await client.SendAsync("PATCH", url, answer, ("Content-Type", "application/sdp"));
            Assert.Equal(HttpStatusCode.NoContent, patch.StatusCode);
        }

        await player.ConnectedAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        var pictures = CountVideo(player);
        await Task.WhenAll(publisher.SendToneAsync(440, 100, Cancel), SendPicturesAsync(publisher, 60));
        await EngineProcess.UntilAsync(() => Task.FromResult(player.Received > 50 && pictures() > 20), "the player hears and sees the publisher");
        Assert.True(Goertzel.Share(player.Samples.AsSpan(^(player.RateHz / 2)..), player.RateHz, 440) > 0.8);
        using (var delete = await client.SendAsync("DELETE", url))
        {
            Assert.Equal(HttpStatusCode.OK, delete.StatusCode);
        }

        await engine.ApiAsync("hupall");
        await Scenes.NothingLeftAsync(engine);
    }

    /// <summary>What is published there is pulled here with sound and picture, and played on.</summary>
    [Fact]
    public async Task One_engine_pulls_sound_and_picture_of_another()
    {
        await using var here = await EngineProcess.StartAsync();
        await using var there = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(there);
        using var publisher = new WebRtcPeer(new WebRtcPeerOptions { Video = true });
        await OpenAsync(client, publisher, "/api/whip/film", "sendonly");
        Assert.StartsWith("+OK", await here.ApiAsync($"originate {{whip_token={client.Token}}}whep:{new Uri(there.Http, "/api/whep/film").AbsoluteUri} &stream_publish(film)"), StringComparison.Ordinal);
        using var local = await WhipClient.LogInAsync(here);
        await FilmComesThroughAsync(publisher, local);
        await EndAsync(here, there);
    }

    /// <summary>The other way: a stream of this engine's is published at another one.</summary>
    [Fact]
    public async Task One_engine_pushes_sound_and_picture_to_another()
    {
        await using var here = await EngineProcess.StartAsync();
        await using var there = await EngineProcess.StartAsync();
        using var client = await WhipClient.LogInAsync(there);
        using var local = await WhipClient.LogInAsync(here);
        using var publisher = new WebRtcPeer(new WebRtcPeerOptions { Video = true });
        await OpenAsync(local, publisher, "/api/whip/film", "sendonly");
        Assert.StartsWith("+OK", await here.ApiAsync($"originate {{whip_token={client.Token}}}whip:{new Uri(there.Http, "/api/whip/film").AbsoluteUri} &stream_play(film)"), StringComparison.Ordinal);
        await FilmComesThroughAsync(publisher, client);
        await EndAsync(here, there);
    }

    private static async Task FilmComesThroughAsync(WebRtcPeer publisher, WhipClient client)
    {
        using var viewer = new WebRtcPeer(new WebRtcPeerOptions { Video = true });
        await OpenAsync(client, viewer, "/api/whep/film", "recvonly");
        var pictures = CountVideo(viewer);
        await Task.WhenAll(publisher.SendToneAsync(440, 150, Cancel), SendPicturesAsync(publisher, 90));
        await EngineProcess.UntilAsync(() => Task.FromResult(viewer.Received > 50 && pictures() > 20), "sound and picture come through both engines");
    }

    private static async Task EndAsync(params EngineProcess[] engines)
    {
        foreach (var engine in engines)
        {
            await engine.ApiAsync("hupall NORMAL_CLEARING");
        }

        foreach (var engine in engines)
        {
            await Scenes.NothingLeftAsync(engine);
        }
    }

    /// <summary>VP8 frames of one packet each, all key frames, 30 a second.</summary>
    private static async Task SendPicturesAsync(WebRtcPeer peer, int frames)
    {
        var audio = peer.Ssrc;
        for (var i = 0; i < frames; i++)
        {
            // RFC 7741: the beginning of partition 0; then a key frame of 320 x 240 (RFC 6386 §9.1).
            byte[] payload = [0x10, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00, .. new byte[50]];
            var packet = new byte[12 + payload.Length];
            packet[0] = 0x80;
            packet[1] = 0x80 | 96;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)(1000 + i));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)(i * 3000));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), audio + 1);
            payload.CopyTo(packet.AsSpan(12));
            peer.SendRtp(packet);
            await Task.Delay(33, Cancel);
        }
    }

    /// <summary>Counts packets that are neither audio nor digits of a peer.</summary>
    private static Func<int> CountVideo(WebRtcPeer peer)
    {
        var count = 0;
        peer.RtpReceived += packet => count += (packet[1] & 0x7F) != peer.PayloadType && (packet[1] & 0x7F) != peer.EventType ? 1 : 0;
        return () => Volatile.Read(ref count);
    }
}
