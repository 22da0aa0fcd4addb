using XSwitchEngine.TestKit;

namespace XSwitchEngine.Browser.Tests;

/// <summary>Two pages that see each other.</summary>
public sealed class VertoVideoTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    [Fact]
    public async Task Two_pages_see_and_hear_each_other()
    {
        await using var a = await engine.PhoneAsync(browser, "1000", 440);
        await using var b = await engine.PhoneAsync(browser, "1001", 880);
        await ConnectAsync(a, b);
        await a.Browser.SeesAsync();
        await b.Browser.SeesAsync();
        await a.Browser.HearsAsync(880);
        await b.Browser.HearsAsync(440);
        await a.HangUpAsync();
        await b.StateAsync("");
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task With_three_percent_of_loss_on_both_sides_the_picture_keeps_moving()
    {
        await using var a = await engine.PhoneAsync(browser, "1000", 440);
        await using var b = await engine.PhoneAsync(browser, "1001", 880);
        await a.Browser.ImpairAsync(new Impairment { Loss = 0.03 }, seed: 31);
        await b.Browser.ImpairAsync(new Impairment { Loss = 0.03 }, seed: 32);
        await ConnectAsync(a, b);
        for (var round = 0; round < 4; round++)
        {
            // 20 frames a second come; without the resend buffer about a fifth of them is decoded (spec of WebRTC media, 2.3).
            await a.Browser.SeesAsync(40, seconds: 10);
            await b.Browser.SeesAsync(40, seconds: 10);
        }

        Assert.True(a.Browser.Lost > 20 && b.Browser.Lost > 20, $"the network lost {a.Browser.Lost} and {b.Browser.Lost} packets");
        await a.HangUpAsync();
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task Video_is_added_in_a_call_and_the_screen_replaces_the_camera()
    {
        await using var a = await engine.PhoneAsync(browser, "1000", 440);
        await using var b = await engine.PhoneAsync(browser, "1001", 880);
        await a.DialAsync("1001");
        await b.AnswerAsync();
        await a.StateAsync("active");
        await b.Browser.HearsAsync(440);
        Assert.Equal(0, (await b.Browser.StatsAsync()).FramesDecoded);

        await a.ToggleAsync("camera");
        await b.Browser.SeesAsync();
        await b.ToggleAsync("camera");
        await a.Browser.SeesAsync();

        // The screen of the tests is blue, Chromium's camera green.
        await a.ToggleAsync("screen");
        await b.Browser.UntilAsync(async () => await b.Page.EvaluateAsync<int[]>("() => probe.colour('far')") is [< 60, < 60, > 180], "the picture is that of the screen");
        await a.ToggleAsync("screen");
        await b.Browser.UntilAsync(async () => await b.Page.EvaluateAsync<int[]>("() => probe.colour('far')") is [_, > 90, < 120], "the picture is that of the camera");
        await b.Browser.HearsAsync(440);
        await a.Browser.HearsAsync(880);
        await b.HangUpAsync();
        await engine.NothingLeftAsync();
    }

    private static async Task ConnectAsync(PhonePage a, PhonePage b)
    {
        await a.DialAsync("1001", video: true);
        await b.AnswerAsync(video: true);
        await a.StateAsync("active");
    }
}
