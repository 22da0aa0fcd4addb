namespace XSwitchEngine.Browser.Tests;

/// <summary>SIP.js 0.21 from npm, unchanged, through its <c>SimpleUser</c>.</summary>
public sealed class SipJsTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SIP_js_registers_calls_presses_keys_by_info_and_is_called(bool secure)
    {
        await using var page = await OpenAsync("1000", 440, secure);
        await using var other = await engine.PhoneAsync(browser, "1001", 880, page: "sip");
        await page.Page.EvaluateAsync("() => user.call('sip:9196@localhost')");
        await page.HearsAsync(440);
        await page.Page.EvaluateAsync("() => user.hangup()");
        await engine.NothingLeftAsync();

        await page.Page.EvaluateAsync("() => user.call('sip:5000@localhost')");
        await page.UntilAsync(async () => await page.LevelAsync() > 0.01, "the welcome is heard");
        await page.Page.EvaluateAsync("() => user.sendDTMF('1')");
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await page.Page.EvaluateAsync("async () => { for (const key of '1001') { await user.sendDTMF(key); await new Promise((r) => setTimeout(r, 200)); } }");
        await other.AnswerAsync();
        await page.HearsAsync(880);
        await other.Browser.HearsAsync(440);
        await page.Page.EvaluateAsync("() => user.hold()");
        await other.Browser.NoLongerHearsAsync(440);
        await page.Page.EvaluateAsync("() => user.unhold()");
        await other.Browser.HearsAsync(440);
        await other.HangUpAsync();
        await page.Page.EvaluateAsync("() => user.hangup()");       // the menu has it back
        await engine.NothingLeftAsync();

        await other.DialAsync("1000");
        await other.StateAsync("active");       // it answers by itself
        await other.Browser.HearsAsync(440);
        await page.HearsAsync(880);
        await page.Page.EvaluateAsync("() => user.hangup()");
        await other.StateAsync("");

        await other.WriteAsync("1000", "a text");
        await page.UntilAsync(() => page.Page.EvaluateAsync<bool>("() => log.includes('message a text')"), "SIP.js gets a text");
        await page.Page.EvaluateAsync("() => user.message('sip:1001@localhost', 'an answer')");
        await other.ReadsAsync("an answer");
        await engine.NothingLeftAsync();
    }

    private async Task<BrowserPage> OpenAsync(string number, int hz, bool secure)
    {
        var page = await browser.OpenAsync(hz);
        var site = secure ? engine.SecureSite : engine.Site;
        await page.LoadClientsAsync(site);
        await page.Page.EvaluateAsync("""
            async ([number, password, server]) => {
              window.log = [];
              const audio = document.body.appendChild(document.createElement("audio"));
              window.user = new clients.SIP.Web.SimpleUser(server, {
                aor: `sip:${number}@localhost`,
                media: { constraints: { audio: true, video: false }, remote: { audio } },
                userAgentOptions: { authorizationUsername: number, authorizationPassword: password, logLevel: "warn" },
                delegate: {
                  onCallReceived: () => user.answer(),
                  onCallHangup: () => log.push("hangup"),
                  onMessageReceived: (text) => log.push("message " + text),
                },
              });
              await user.connect();
              await user.register();
              await new Promise((resolve) => setTimeout(resolve, 500));
            }
            """, new[] { number, engine.Engine.Passwords[number], $"{(secure ? "wss" : "ws")}://localhost:{site.Port}/sip" });
        return page;
    }
}
