namespace XSwitchEngine.Browser.Tests;

/// <summary>The phone page against the engine alone: echo, tones, the menu, chat.</summary>
public sealed class VertoCallTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    [Theory]
    [InlineData(false, "opus")]
    [InlineData(true, "opus")]
    [InlineData(false, "PCMU")]
    [InlineData(true, "PCMU")]
    public async Task A_page_hears_its_own_tone_in_the_echo_and_1004_hertz_at_the_milliwatt_number(bool secure, string codec)
    {
        await using var phone = await engine.PhoneAsync(browser, "1000", 440, codec, secure);
        await phone.CallAsync("9196");
        await phone.Browser.HearsAsync(440);
        Assert.Equal(codec, (await phone.Browser.StatsAsync()).AudioCodec);
        await phone.HangUpAsync();
        await phone.StateAsync("");

        await phone.CallAsync("9197");
        await phone.Browser.HearsAsync(1004);
        Assert.True(await phone.Browser.ShareAsync(440) < 0.1);
        await phone.HangUpAsync();
        await engine.NothingLeftAsync();
    }

    // The menu's first choice asks for a number; keys by verto.info reach the script.
    [Theory]
    [InlineData("opus")]
    [InlineData("PCMU")]
    public async Task A_page_walks_the_ivr_by_keys_and_is_connected_to_another_page(string codec)
    {
        await using var caller = await engine.PhoneAsync(browser, "1000", 440, codec);
        await using var called = await engine.PhoneAsync(browser, "1001", 880);
        await caller.CallAsync("5000");
        await caller.Browser.UntilAsync(async () => await caller.Browser.LevelAsync() > 0.01, "the welcome is heard");
        await caller.PressAsync("1");
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await caller.PressAsync("1001");
        await called.AnswerAsync();
        await caller.Browser.HearsAsync(880);
        await called.Browser.HearsAsync(440);
        await called.HangUpAsync();
        await caller.HangUpAsync();             // the menu has it back
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task A_call_that_nobody_can_take_says_why()
    {
        await using var phone = await engine.PhoneAsync(browser, "1000");
        await phone.DialAsync("1019");
        await phone.Browser.UntilAsync(async () => await phone.Page.InnerTextAsync("#state") == "Not available", "the page says that 1019 is not available");
        await phone.DialAsync("77777");
        await phone.Browser.UntilAsync(async () => await phone.Page.InnerTextAsync("#state") == "No such number", "the page says that there is no such number");
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task A_wrong_password_is_refused_and_the_right_one_then_taken()
    {
        await using var page = await browser.OpenAsync();
        await page.Page.GotoAsync(new Uri(engine.Site, "/demo/verto.html").AbsoluteUri);
        await page.Page.FillAsync("#user", "1000");
        await page.Page.FillAsync("#password", "wrong");
        await page.Page.ClickAsync("#login-button");
        await page.UntilAsync(async () => await page.Page.IsVisibleAsync("#notice") && await page.Page.GetAttributeAsync("#status", "data-state") == "failed", "the page says that it was refused");
        await page.Page.FillAsync("#password", engine.Engine.Passwords["1000"]);
        await page.Page.ClickAsync("#login-button");
        await page.UntilAsync(async () => await page.Page.GetAttributeAsync("#status", "data-state") == "ready", "logged in");
        var stored = await page.Page.EvaluateAsync<string>("() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie");
        Assert.DoesNotContain(engine.Engine.Passwords["1000"], stored, StringComparison.Ordinal);
        Assert.DoesNotContain("token", stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_go_both_ways_and_one_to_nobody_is_said_to_be_undelivered()
    {
        await using var a = await engine.PhoneAsync(browser, "1000");
        await using var b = await engine.PhoneAsync(browser, "1001");
        await a.WriteAsync("1001", "Grüße, <b>1001</b> ✓");
        await b.ReadsAsync("Grüße, <b>1001</b> ✓");
        await b.WriteAsync("1000", "received");
        await a.ReadsAsync("received");
        await a.WriteAsync("1018", "anybody?");
        await a.ReadsAsync("not delivered");
    }
}
