namespace XSwitchEngine.Browser.Tests;

/// <summary>The npm package <c>vertojs</c>, unchanged.</summary>
public sealed class VertoJsTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    [Fact]
    public async Task Vertojs_logs_in_calls_presses_keys_holds_answers_and_hangs_up()
    {
        await using var page = await OpenAsync("1000", 440);
        await page.Page.EvaluateAsync("() => place('9196')");
        await page.HearsAsync(440);
        await page.Page.EvaluateAsync("() => { call.hold(); }");
        await page.UntilAsync(() => page.Page.EvaluateAsync<bool>("() => call.holdStatus === true"), "held");
        await page.Page.EvaluateAsync("() => { call.unhold(); }");
        await page.UntilAsync(() => page.Page.EvaluateAsync<bool>("() => call.holdStatus === false"), "resumed");
        await page.HearsAsync(440);
        await page.Page.EvaluateAsync("() => { call.hangup(); }");
        await engine.NothingLeftAsync();

        await using var other = await engine.PhoneAsync(browser, "1001", 880);
        await other.DialAsync("1000");
        await other.StateAsync("active");            // it answers by itself
        await other.Browser.HearsAsync(440);
        await page.HearsAsync(880);
        await other.HangUpAsync();
        await page.UntilAsync(() => page.Page.EvaluateAsync<bool>("() => log.includes('bye')"), "vertojs is told of the end");
        await engine.NothingLeftAsync();
    }

    private async Task<BrowserPage> OpenAsync(string number, int hz)
    {
        var page = await browser.OpenAsync(hz);
        await page.LoadClientsAsync(engine.Site);
        await page.Page.EvaluateAsync("""
            async ([login, passwd, socketUrl]) => {
              window.log = [];
              window.verto = new clients.Vertojs.Verto({ transportConfig: { login, passwd, socketUrl }, rtcConfig: {} });
              const watch = (call) => {
                window.call = call;
                call.subscribeEvent("answer", () => log.push("answer"));
                call.subscribeEvent("bye", () => log.push("bye"));
              };
              const tracks = async () => (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks();
              verto.subscribeEvent("invite", async (call) => {
                watch(call);
                call.answer(await tracks());
              });
              window.place = async (number) => watch(verto.call(await tracks(), number, { caller_id_name: "V", caller_id_number: login.split("@")[0] }));
              await verto.login();
            }
            """, new[] { number + "@localhost", engine.Engine.Passwords[number], $"ws://localhost:{engine.Site.Port}/ws" });
        return page;
    }
}
