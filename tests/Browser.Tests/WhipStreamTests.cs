using System.Text.Json;
using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>Streams with many viewers, pages behind a proxy, and pages whose network changes.</summary>
public sealed class WhipStreamTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    // In the page: a small picture, so that twenty decoders and an encoder fit into a small machine.
    private const string Publish = """
        async ([url, token]) => {
          const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240, frameRate: 10 } });
          const pc = new RTCPeerConnection();
          stream.getTracks().forEach((track) => pc.addTransceiver(track, { direction: "sendonly", streams: [stream] }));
          window.client = new clients.WHIPClient();
          await client.publish(pc, url, token);
        }
        """;

    [Fact]
    public async Task Twenty_viewers_see_one_publisher()
    {
        await using var source = await OpenAsync(engine.Site, 440);
        await source.Page.EvaluateAsync(Publish, new[] { Endpoint("whip", "crowd"), await TokenAsync(engine.Site, "1000") });
        await using var crowd = await OpenAsync(engine.Site, 0);
        await crowd.Page.EvaluateAsync("""
            async ([url, token]) => {
              window.viewers = [];
              for (let i = 0; i < 20; i++) {
                const pc = new RTCPeerConnection();
                pc.addTransceiver("audio", { direction: "recvonly" });
                pc.addTransceiver("video", { direction: "recvonly" });
                const client = new clients.WHEPClient();
                await client.view(pc, url, token);
                viewers.push({ pc, client });
              }
              window.frames = () => Promise.all(viewers.map(async ({ pc }) =>
                [...(await pc.getStats()).values()].find((r) => r.type === "inbound-rtp" && r.kind === "video")?.framesDecoded ?? 0));
            }
            """, new[] { Endpoint("whep", "crowd"), await TokenAsync(engine.Site, "1001") });
        await crowd.UntilAsync(async () => (await FramesAsync(crowd)).TrueForAll(n => n > 10), "every viewer sees the publisher", 60);
        Assert.Contains(",20\n", await engine.Engine.ApiAsync("stream list"), StringComparison.Ordinal);

        // A new version of the plugin takes over: nobody connects again, every picture goes on.
        var sessions = await crowd.Page.EvaluateAsync<string>("() => viewers.map(({ pc }) => pc.connectionState).join()");
        Assert.StartsWith("+OK", await engine.Engine.ApiAsync("plugin swap whip"), StringComparison.Ordinal);
        var before = await FramesAsync(crowd);
        await crowd.UntilAsync(async () => (await FramesAsync(crowd)).Zip(before).All(n => n.First > n.Second + 10), "every viewer goes on seeing", 60);
        Assert.Equal(sessions, await crowd.Page.EvaluateAsync<string>("() => viewers.map(({ pc }) => pc.connectionState).join()"));

        await source.Page.EvaluateAsync("() => client.stop()");
        await crowd.UntilAsync(async () => await crowd.Page.EvaluateAsync<bool>("() => viewers.every(({ pc }) => pc.connectionState !== 'connected')"), "the publisher's end is everybody's", 30);
        await engine.NothingLeftAsync();
    }

    // As the library does that XSwitch recommends: no trickle, 250 ms of gathering, and a new POST to the same URL when the network changes.
    [Fact]
    public async Task A_page_that_posts_again_after_its_network_changed_keeps_its_call()
    {
        await using var page = await OpenAsync(engine.Site, 440);
        await page.Page.EvaluateAsync("""
            async ([url, token]) => {
              const pc = new RTCPeerConnection();
              window.pc = pc;
              window.locations = [];
              pc.addEventListener("negotiationneeded", async () => {
                await pc.setLocalDescription(await pc.createOffer());
                await new Promise((resolve) => setTimeout(resolve, 250));
                const reply = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp", "X-XTRA-AUTH-ID": token }, body: pc.localDescription.sdp });
                if (reply.status === 201) {
                  await pc.setRemoteDescription({ type: "answer", sdp: await reply.text() });
                  locations.push(reply.headers.get("Location"));
                } else {
                  locations.push("status " + reply.status);
                }
              });
              const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
              pc.addTransceiver(stream.getAudioTracks()[0], { direction: "sendrecv", streams: [stream] });
            }
            """, new[] { Endpoint("whip", "9196"), await TokenAsync(engine.Site, "1000") });
        await page.HearsAsync(440);
        var ufrag = await UfragAsync(page);
        await page.Page.EvaluateAsync("() => pc.restartIce()");
        await page.UntilAsync(async () => await page.Page.EvaluateAsync<int>("() => locations.length") == 2, "the second POST is answered");
        await page.UntilAsync(async () => await UfragAsync(page) != ufrag, "the engine has new credentials");
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await page.HearsAsync(440);
        Assert.Equal(1, await page.Page.EvaluateAsync<int>("() => new Set(locations).size"));
        Assert.Equal(1, await engine.Engine.ChannelsAsync());
        await page.Page.EvaluateAsync("token => fetch(locations[0], { method: 'DELETE', headers: { 'X-XTRA-AUTH-ID': token } })", await TokenAsync(engine.Site, "1000"));
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task The_demo_page_calls_through_nginx()
    {
        await using var proxied = await EngineProcess.StartAsync("--Http:TrustedProxies:0=127.0.0.1");
        await using var nginx = await NginxProcess.StartAsync(proxied.Http);
        await using var page = await browser.OpenAsync(440);
        await page.Page.GotoAsync(new Uri(nginx.Site, "/demo/whxp.html").AbsoluteUri);
        await page.Page.FillAsync("#dest", "9196");
        await page.Page.FillAsync("#user", "1000");
        await page.Page.FillAsync("#password", proxied.Passwords["1000"]);
        await page.Page.ClickAsync("#start");
        await page.HearsAsync(440);
        await page.Page.ClickAsync("#stop");
        await EngineProcess.UntilAsync(async () => await proxied.ChannelsAsync() == 0, "the page hung up over the proxy");
    }

    // Another origin: nothing works there but what CORS lets through, the Location among it.
    [Fact]
    public async Task A_page_of_another_origin_publishes_and_hangs_up()
    {
        var other = new Uri($"http://127.0.0.1:{engine.Site.Port}");
        await using var source = await OpenAsync(other, 440);
        await source.Page.EvaluateAsync(Publish, new[] { Endpoint("whip", "foreign"), await TokenAsync(engine.Site, "1000") });
        await EngineProcess.UntilAsync(async () => await engine.Engine.ChannelsAsync() == 1, "the stream is published");
        await source.Page.EvaluateAsync("() => client.stop()");
        await engine.NothingLeftAsync();
    }

    private static async Task<List<int>> FramesAsync(BrowserPage page) =>
        [.. (await page.Page.EvaluateAsync<JsonElement>("() => frames()")).EnumerateArray().Select(e => e.GetInt32())];

    private static Task<string> UfragAsync(BrowserPage page) =>
        page.Page.EvaluateAsync<string>("() => pc.remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]");

    private string Endpoint(string kind, string destination) => new Uri(engine.Site, $"/api/{kind}/{destination}").AbsoluteUri;

    private async Task<BrowserPage> OpenAsync(Uri site, int hz)
    {
        var page = await browser.OpenAsync(hz);
        await page.Page.GotoAsync(new Uri(site, "/demo/demo.css").AbsoluteUri);
        await page.Page.AddScriptTagAsync(new() { Path = await Clients.BundleAsync() });
        return page;
    }

    private async Task<string> TokenAsync(Uri site, string number)
    {
        using var client = await WhipClient.LogInAsync(engine.Engine, site, number);
        return client.Token;
    }
}
