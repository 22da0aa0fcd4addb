using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>A page and a SIP phone: both directions, transcoding, hold, transfer.</summary>
public sealed class VertoBridgeTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    /// <summary>A tone that is there dominates; one that is not is nearly nothing.</summary>
    private const double Present = 0.7;

    [Fact]
    public async Task A_page_calls_a_phone_holds_resumes_and_transfers_it_to_another_page()
    {
        await using var phone = await BaresipPhone.StartAsync(engine.Engine, "1001", 880, ";audio_codecs=PCMA");
        await using var page = await engine.PhoneAsync(browser, "1000", 440, "opus");
        await using var other = await engine.PhoneAsync(browser, "1002", 620);
        await page.DialAsync("1001");
        await phone.WaitForAsync("CALL_INCOMING");
        await phone.AcceptAsync();
        await page.StateAsync("active");
        await page.Browser.HearsAsync(880);
        await PhoneHearsAsync(phone, 440);
        Assert.Equal("opus", (await page.Browser.StatsAsync()).AudioCodec);

        await page.ToggleAsync("hold");
        await page.StateAsync("held");
        await UntilAsync(() => phone.HeardShare(440) < 0.2 && Loud(phone), "the phone hears music instead of the page");
        await page.ToggleAsync("hold");
        await page.StateAsync("active");
        await PhoneHearsAsync(phone, 440);
        await page.Browser.HearsAsync(880);

        await page.TransferAsync("1002");
        await other.AnswerAsync();
        await page.StateAsync("");
        await other.Browser.HearsAsync(880);
        await PhoneHearsAsync(phone, 620);
        await phone.HangUpAsync();
        await other.StateAsync("");
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task A_phone_calls_a_page()
    {
        await using var phone = await BaresipPhone.StartAsync(engine.Engine, "1001", 880, ";audio_codecs=PCMA");
        await using var page = await engine.PhoneAsync(browser, "1000", 440, "opus");
        await phone.DialAsync("1000");
        await page.AnswerAsync();
        await phone.WaitForAsync("CALL_ESTABLISHED");
        await page.Browser.HearsAsync(880);
        await PhoneHearsAsync(phone, 440);
        await page.HangUpAsync();
        await phone.WaitForAsync("CALL_CLOSED");
        await engine.NothingLeftAsync();
    }

    private static Task PhoneHearsAsync(BaresipPhone phone, double hz) => UntilAsync(() => phone.HeardShare(hz) > Present, $"the phone hears {hz} Hz");

    private static Task UntilAsync(Func<bool> condition, string what) => EngineProcess.UntilAsync(() => Task.FromResult(condition()), what, seconds: 20);

    private static bool Loud(BaresipPhone phone)
    {
        var heard = phone.Heard();
        return heard.Length > 4000 && heard[^4000..].Max(s => Math.Abs((int)s)) > 500;
    }
}
