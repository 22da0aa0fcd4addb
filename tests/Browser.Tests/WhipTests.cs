using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>Rooms published and watched by clients from npm, unchanged, and by the demo pages.</summary>
public sealed class WhipTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    [Theory]
    [InlineData("eyevinn")]
    [InlineData("whip-whep")]
    public async Task A_room_published_by_one_client_is_watched_by_two_others(string publisher)
    {
        var room = "room-" + publisher;
        await using var source = await OpenAsync(440);
        await source.Page.EvaluateAsync("""
            async ([kind, url, token]) => {
              const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
              if (kind === "eyevinn") {
                window.client = new clients.EyevinnWhip({ endpoint: url, opts: { authkey: token } });
                await client.ingest(stream);
              } else {
                const pc = new RTCPeerConnection();
                stream.getTracks().forEach((track) => pc.addTransceiver(track, { direction: "sendonly", streams: [stream] }));
                window.client = new clients.WHIPClient();
                await client.publish(pc, url, token);
              }
            }
            """, new[] { publisher, Endpoint("whip", room), await TokenAsync("1000") });
        await using var player = await OpenAsync(0);
        await player.Page.EvaluateAsync("""
            async ([url, token]) => {
              const video = document.body.appendChild(document.createElement("video"));
              window.player = new clients.WebRTCPlayer({ video, type: "whep" });
              await player.load(new URL(url), token);
            }
            """, new[] { Endpoint("whep", room), await TokenAsync("1001") });
        await player.SeesAsync();
        await player.HearsAsync(440);

        // A late one has its first picture within a second of being connected.
        await using var late = await OpenAsync(0);
        await late.Page.EvaluateAsync("""
            async ([url, token]) => {
              const pc = new RTCPeerConnection();
              pc.addTransceiver("audio", { direction: "recvonly" });
              pc.addTransceiver("video", { direction: "recvonly" });
              pc.addEventListener("connectionstatechange", () => pc.connectionState === "connected" && (window.connectedAt = performance.now()));
              window.client = new clients.WHEPClient();
              await client.view(pc, url, token);
              while (!((await probe.stats()).framesDecoded > 0)) await new Promise((resolve) => setTimeout(resolve, 20));
              window.firstPictureMs = performance.now() - connectedAt;
            }
            """, new[] { Endpoint("whep", room), await TokenAsync("1002") });
        Assert.InRange(await late.Page.EvaluateAsync<double>("() => firstPictureMs"), 0, 1000);
        await late.HearsAsync(440);
        await late.SeesAsync();

        await source.Page.EvaluateAsync("() => client.destroy ? client.destroy() : client.stop()");
        await late.UntilAsync(() => late.Page.EvaluateAsync<bool>("() => probe.peers.at(-1).pc.connectionState !== 'connected'"), "the end of the publisher ends the viewers", seconds: 20);
        await late.Page.EvaluateAsync("() => client.stop()");
        await player.Page.EvaluateAsync("() => player.unload()");
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task Twenty_viewers_watch_one_publisher()
    {
        await using var source = await OpenAsync(440);
        await source.Page.EvaluateAsync("""
            async ([url, token]) => {
              const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 10 } });
              window.client = new clients.EyevinnWhip({ endpoint: url, opts: { authkey: token } });
              await client.ingest(stream);
            }
            """, new[] { Endpoint("whip", "crowd"), await TokenAsync("1000") });
        await using var crowd = await OpenAsync(0);
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
              window.decoded = async () => Promise.all(viewers.map(async ({ pc }) =>
                [...(await pc.getStats()).values()].find((r) => r.type === "inbound-rtp" && r.kind === "video")?.framesDecoded ?? 0));
            }
            """, new[] { Endpoint("whep", "crowd"), await TokenAsync("1001") });
        await crowd.UntilAsync(async () => (await crowd.Page.EvaluateAsync<int[]>("() => decoded()")).All(n => n > 20), "each of the twenty sees", seconds: 40);
        await crowd.Page.EvaluateAsync("() => Promise.all(viewers.map(({ client }) => client.stop()))");
        await source.Page.EvaluateAsync("() => client.destroy()");
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task The_demo_pages_publish_and_watch()
    {
        await using var source = await DemoAsync("whip", "1000", "demo", 440);
        await using var viewer = await DemoAsync("whep", "1001", "demo", 0);
        await viewer.SeesAsync();
        await viewer.HearsAsync(440);
        await source.Page.ClickAsync("#stop");
        await viewer.UntilAsync(async () => await viewer.Page.InnerTextAsync("#state") == "The stream has ended.", "the viewer is told", seconds: 20);
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task A_call_by_one_post_reaches_a_desk_phone_and_a_verto_page()
    {
        await using var phone = await BaresipPhone.StartAsync(engine.Engine, "1001", 880);
        await using var verto = await engine.PhoneAsync(browser, "1002", 620);
        var caller = DemoAsync("whxp", "1000", "1001", 440);
        await phone.WaitForAsync("CALL_INCOMING");
        await phone.AcceptAsync();
        await using (var page = await caller)
        {
            await page.HearsAsync(880);
            await EngineProcess.UntilAsync(() => Task.FromResult(phone.HeardShare(440) > 0.7), "the desk phone hears the page");
            await page.Page.ClickAsync("#stop");
            await phone.WaitForAsync("CALL_CLOSED");
        }

        caller = DemoAsync("whxp", "1000", "1002", 440);
        await verto.AnswerAsync();
        await using (var page = await caller)
        {
            await page.HearsAsync(620);
            await verto.Browser.HearsAsync(440);
            await verto.HangUpAsync();
            await page.UntilAsync(async () => await page.Page.InnerTextAsync("#state") == "Call ended", "the page is told", seconds: 20);
        }

        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task A_call_by_one_post_walks_the_ivr_by_keys_and_says_why_it_failed()
    {
        await using var verto = await engine.PhoneAsync(browser, "1002", 620);
        await using var page = await DemoAsync("whxp", "1000", "5000", 440);
        await page.UntilAsync(async () => await page.LevelAsync() > 0.01, "the welcome is heard");
        await page.Page.ClickAsync("#keys button[data-key='1']");
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        foreach (var key in "1002")
        {
            await page.Page.ClickAsync($"#keys button[data-key='{key}']");
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }

        await verto.AnswerAsync();
        await page.HearsAsync(620);
        await page.Page.ClickAsync("#stop");
        await verto.StateAsync("");

        await page.Page.FillAsync("#dest", "77777");
        await page.Page.ClickAsync("#start");
        await page.UntilAsync(async () => (await page.Page.InnerTextAsync("#notice")).Contains("No such number", StringComparison.Ordinal), "the page says why");
        await engine.NothingLeftAsync();
    }

    private string Endpoint(string kind, string destination) => new Uri(engine.Site, $"/api/{kind}/{destination}").AbsoluteUri;

    private async Task<BrowserPage> OpenAsync(int hz)
    {
        var page = await browser.OpenAsync(hz);
        await page.LoadClientsAsync(engine.Site);
        return page;
    }

    private async Task<BrowserPage> DemoAsync(string page, string number, string destination, int hz)
    {
        var opened = await browser.OpenAsync(hz);
        await opened.Page.GotoAsync(new Uri(engine.Site, $"/demo/{page}.html").AbsoluteUri);
        await opened.Page.FillAsync("#dest", destination);
        await opened.Page.FillAsync("#user", number);
        await opened.Page.FillAsync("#password", engine.Engine.Passwords[number]);
        await opened.Page.ClickAsync("#start");
        await opened.UntilAsync(async () => await opened.Page.GetAttributeAsync("#status", "data-state") == "ready", $"{page} to {destination} is up", seconds: 30);
        return opened;
    }

    private async Task<string> TokenAsync(string number)
    {
        using var client = new HttpClient();
        using var body = new FormUrlEncodedContent(new Dictionary<string, string> { ["login"] = number, ["password"] = engine.Engine.Passwords[number] });
        var reply = await client.PostAsync(new Uri(engine.Site, "/api/sessions"), body, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.OK, reply.StatusCode);
        return System.Text.Json.JsonDocument.Parse(await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("token").GetString()!;
    }
}
