using System.Diagnostics;

namespace XSwitchEngine.Browser.Tests;

/// <summary>A reload in a call.</summary>
public sealed class VertoReloadTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    private const int Reloads = 20;

    // Timed from the reload's end, when the page's script begins, because the browser's own start is not the engine's.
    [Fact]
    public async Task A_reload_takes_the_call_up_again_within_two_seconds_twenty_times_of_twenty()
    {
        await using var phone = await engine.PhoneAsync(browser, "1000", 440);
        await phone.CallAsync("9196");
        await phone.Browser.HearsAsync(440);
        var uuid = await CallIdAsync();
        var slow = new List<string>();
        for (var i = 0; i < Reloads; i++)
        {
            await phone.Page.ReloadAsync();
            var watch = Stopwatch.StartNew();
            await phone.StateAsync("active", seconds: 10);
            if (watch.Elapsed > TimeSpan.FromSeconds(2))
            {
                slow.Add($"reload {i + 1}: {watch.ElapsedMilliseconds} ms");
            }

            await phone.Browser.HearsAsync(440, seconds: 10);
        }

        Assert.True(slow.Count == 0, string.Join('\n', slow));
        Assert.Equal(uuid, await CallIdAsync());
        await phone.HangUpAsync();
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task The_other_page_hears_and_sees_again_after_a_reload_of_the_first()
    {
        await using var a = await engine.PhoneAsync(browser, "1000", 440);
        await using var b = await engine.PhoneAsync(browser, "1001", 880);
        await a.DialAsync("1001", video: true);
        await b.AnswerAsync(video: true);
        await a.StateAsync("active");
        await b.Browser.HearsAsync(440);
        await a.Page.ReloadAsync();
        await a.StateAsync("active");
        await a.Browser.HearsAsync(880);
        await b.Browser.HearsAsync(440);
        await a.Browser.SeesAsync();
        await b.Browser.SeesAsync();
        await a.HangUpAsync();
        await b.StateAsync("");
        await engine.NothingLeftAsync();
    }

    private async Task<string> CallIdAsync() => (await engine.Engine.ApiAsync("show channels")).Split('\n')[1].Split(',')[0];
}
