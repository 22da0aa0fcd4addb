using Microsoft.Playwright;
using XSwitchEngine.Integration.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(XSwitchEngine.Browser.Tests.BrowserFixture))]

// Two processors, one browser, real time: tests that run beside each other disturb each other's sound.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace XSwitchEngine.Browser.Tests;

/// <summary>Debian's Chromium, started once for all tests; each page has a context and thus a profile of its own.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns",
    ];

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }

    /// <summary>Opens an empty page that speaks a tone into its microphone.</summary>
    /// <param name="hz">The tone.</param>
    public async Task<BrowserPage> OpenAsync(int hz = 440)
    {
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions { IgnoreHTTPSErrors = true, BypassCSP = true });
        await context.AddInitScriptAsync($"window.__probeSettings = {{ hz: {hz}, screen: '#0000ff' }};");
        await context.AddInitScriptAsync(scriptPath: Path.Combine(Repo.Root, "tests", "Browser.Tests", "probe.js"));
        return new BrowserPage(context, await context.NewPageAsync());
    }
}
