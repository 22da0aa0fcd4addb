using Microsoft.Playwright;

namespace XSwitchEngine.Browser.Tests;

/// <summary>One of the pages <c>/demo/verto.html</c> and <c>/demo/sip.html</c>, used as a person uses it.</summary>
internal sealed class PhonePage(BrowserPage browser, string number) : IAsyncDisposable
{
    public BrowserPage Browser { get; } = browser;

    public IPage Page => Browser.Page;

    public string Number { get; } = number;

    /// <summary>Opens the page and logs in.</summary>
    /// <param name="fixture">The browser.</param>
    /// <param name="site">Address of the engine's web server.</param>
    /// <param name="password">Of the user.</param>
    /// <param name="number">Of the user.</param>
    /// <param name="hz">What is spoken into the microphone.</param>
    /// <param name="audioCodec">Offered alone; empty for the browser's choice.</param>
    /// <param name="page">verto or sip.</param>
    public static async Task<PhonePage> LogInAsync(BrowserFixture fixture, Uri site, string password, string number, int hz = 440, string audioCodec = "", string page = "verto")
    {
        var phone = new PhonePage(await fixture.OpenAsync(hz), number);
        await phone.Page.GotoAsync(new Uri(site, $"/demo/{page}.html").AbsoluteUri);
        await phone.Page.FillAsync("#user", number);
        await phone.Page.FillAsync("#password", password);
        if (audioCodec.Length > 0)
        {
            await phone.Page.ClickAsync("summary");
            await phone.Page.SelectOptionAsync("#audio-codec", audioCodec);
        }

        await phone.Page.ClickAsync("#login-button");
        await phone.ReadyAsync();
        return phone;
    }

    public Task ReadyAsync() => Browser.UntilAsync(async () => await Page.GetAttributeAsync("#status", "data-state") == "ready", Number + " is logged in");

    public async Task DialAsync(string to, bool video = false)
    {
        await Page.FillAsync("#number", to);
        await Page.ClickAsync(video ? "#call-video" : "#call");
    }

    /// <summary>Dials and waits until the call is answered.</summary>
    public async Task CallAsync(string to, bool video = false)
    {
        await DialAsync(to, video);
        await StateAsync("active");
    }

    public async Task AnswerAsync(bool video = false)
    {
        await StateAsync("ringing");
        await Page.ClickAsync(video ? "#answer-video" : "#answer");
        await StateAsync("active");
    }

    public Task HangUpAsync() => Page.ClickAsync("#hangup");

    /// <summary>Waits for a state of the call on the stage; "" is no call.</summary>
    public Task StateAsync(string state, int seconds = 15) =>
        Browser.UntilAsync(async () => await Page.GetAttributeAsync("#stage", "data-state") is var now && (now ?? "") == state, $"{Number} is {state}", seconds);

    /// <summary>Presses keys of the page.</summary>
    public async Task PressAsync(string keys)
    {
        foreach (var key in keys)
        {
            await Page.ClickAsync($"#keys button[data-key='{key}']");
        }
    }

    public Task ToggleAsync(string button) => Page.ClickAsync("#" + button);

    public async Task TransferAsync(string to)
    {
        await Page.ClickAsync("#transfer");
        await Page.FillAsync("#transfer-to", to);
        await Page.PressAsync("#transfer-to", "Enter");
    }

    public async Task WriteAsync(string to, string text)
    {
        await Page.FillAsync("#chat-to", to);
        await Page.FillAsync("#chat-text", text);
        await Page.PressAsync("#chat-text", "Enter");
    }

    public Task ReadsAsync(string text) => Browser.UntilAsync(async () => (await Page.InnerTextAsync("#chat")).Contains(text, StringComparison.Ordinal), $"{Number} reads {text}");

    public ValueTask DisposeAsync() => Browser.DisposeAsync();
}
