using System.Globalization;
using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>One engine for the tests of a class, with plain and secure web server.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    internal EngineProcess Engine { get; private set; } = null!;

    /// <summary>By its name: browsers take http from localhost as secure.</summary>
    public Uri Site => new($"http://localhost:{Engine.Http.Port}");

    public Uri SecureSite { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Engine = await EngineProcess.StartAsync("--Engine:WebRtcPort=0");
        var line = await Engine.WaitForLineAsync(l => l.StartsWith("Listening: https ", StringComparison.Ordinal));
        SecureSite = new Uri($"https://localhost:{int.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture)}");
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    internal Task<PhonePage> PhoneAsync(BrowserFixture browser, string number, int hz = 440, string audioCodec = "", bool secure = false, string page = "verto") =>
        PhonePage.LogInAsync(browser, secure ? SecureSite : Site, Engine.Passwords[number], number, hz, audioCodec, page);

    /// <summary>Waits until no leg is left, and says which one is if one is.</summary>
    internal async Task NothingLeftAsync()
    {
        for (var i = 0; i < 40; i++)
        {
            if (await Engine.ChannelsAsync() == 0)
            {
                return;
            }

            await Task.Delay(250, TestContext.Current.CancellationToken);
        }

        Assert.Fail("legs are left:\n" + await Engine.ApiAsync("show channels"));
    }
}
