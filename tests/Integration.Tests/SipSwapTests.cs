using System.Globalization;

namespace XSwitchEngine.Integration.Tests;

/// <summary>The SIP plugin swapped under pages that are registered and phones that talk.</summary>
public sealed class SipSwapTests
{
    [Fact]
    public async Task Three_swaps_under_500_registered_pages_and_100_calls_lose_nothing()
    {
        const int Users = 50;
        const int Pages = 500;
        const int Calls = 100;
        await using var engine = await EngineProcess.StartAsync(
            ["--Engine:MaxConnectionsPerSource=600", .. Enumerable.Range(0, Users).SelectMany(i => (string[])[$"--Engine:Users:{i}:Number={2000 + i}", $"--Engine:Users:{i}:Password=secret-of-{2000 + i}"])]);
        var port = await engine.PortAsync(" internal-ws ws ");
        var pages = new List<SipSocket>();
        try
        {
            for (var i = 0; i < Pages; i++)
            {
                var number = (2000 + (i % Users)).ToString(CultureInfo.InvariantCulture);
                pages.Add(await SipSocket.ConnectAsync(port, number, "secret-of-" + number));
                Assert.Equal(200, await pages[i].RegisterAsync());
            }

            Assert.Contains($"{Pages} total", await engine.ApiAsync("show registrations count"), StringComparison.Ordinal);
            using var rtp = new RtpTraffic();
            var media = rtp.Port.ToString(CultureInfo.InvariantCulture);
            await using var callers = Sipp.Start(engine, "call", "1000", "9196", "-m", $"{Calls}", "-l", $"{Calls}", "-r", "40", "-d", "20000", "-timeout", "120s", "-key", "media_port_key", media);
            rtp.Start(await Scenes.MediaPortsAsync(engine, Calls));
            for (var i = 0; i < 3; i++)
            {
                Assert.StartsWith("+OK", await engine.ApiAsync("plugin swap sip"), StringComparison.Ordinal);
                foreach (var page in pages.Where((_, index) => index % 10 == i))
                {
                    Assert.Equal(200, await page.RegisterAsync());
                }
            }

            Assert.Equal(Calls, await engine.ChannelsAsync());
            await rtp.StopSendingAsync();
            Assert.True(rtp.Sent > 5000, $"{rtp.Sent} packets sent");
            Assert.Equal(rtp.Sent, rtp.Received);
            Assert.All(pages, page => Assert.True(page.IsOpen, "a socket was closed"));
            Assert.Contains($"{Pages} total", await engine.ApiAsync("show registrations count"), StringComparison.Ordinal);

            // A call to a user finds all ten of its pages, each over its own socket.
            var call = engine.ApiAsync("originate {originate_timeout=3}user/2007 &park");
            foreach (var page in pages.Where((_, index) => index % Users == 7))
            {
                var invite = await page.Requests.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
                Assert.StartsWith("INVITE ", invite, StringComparison.Ordinal);
            }

            Assert.StartsWith("-ERR", await call, StringComparison.Ordinal);
            await callers.SucceedsAsync();
            await Scenes.NothingLeftAsync(engine);
            await Scenes.SwappedAsync(engine, "sip", swaps: 3);
        }
        finally
        {
            foreach (var page in pages)
            {
                await page.DisposeAsync();
            }
        }
    }
}
