using System.Globalization;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Verto clients with real media on the whole engine.</summary>
public sealed class VertoTests
{
    [Fact]
    public async Task Three_swaps_under_twenty_pages_in_calls_cut_no_socket_and_lose_no_event_and_no_packet()
    {
        const int Pages = 20;
        const int Broadcasts = 300;
        await using var engine = await EngineProcess.StartAsync();
        var pages = new List<VertoPage>();
        try
        {
            for (var i = 0; i < Pages; i++)
            {
                pages.Add(await VertoPage.LogInAsync(engine, (1000 + (i % 10)).ToString(CultureInfo.InvariantCulture)));
                await pages[i].SubscribeAsync("demo.swap");
                await pages[i].CallAsync("9196");
            }

            var talking = pages.Select(p => p.Peer.SendToneAsync(440, frames: 300, TestContext.Current.CancellationToken)).ToArray();
            var swaps = SwapAsync();
            for (var i = 1; i <= Broadcasts; i++)
            {
                await pages[i % Pages].BroadcastAsync("demo.swap", i);
            }

            await swaps;
            await Task.WhenAll(talking);
            var everything = Enumerable.Range(1, Broadcasts).ToArray();
            foreach (var page in pages)
            {
                Assert.True(page.IsOpen, "a socket was closed");
                await EngineProcess.UntilAsync(() => Task.FromResult(page.Heard("demo.swap").Count >= Broadcasts), "all events came", seconds: 5);
                Assert.Equal(everything, page.Heard("demo.swap"));
                await EngineProcess.UntilAsync(() => Task.FromResult(page.Peer.Received >= page.Peer.Sent), $"the echo of {page.Peer.Sent} packets is whole", seconds: 5);
                Assert.Equal(page.Peer.Sent, page.Peer.Received);
                Assert.DoesNotContain(page.Requests, r => r.Method is "verto.bye" or "verto.punt" or "verto.attach");
            }

            Assert.Equal(Pages, await engine.ChannelsAsync());
            foreach (var page in pages)
            {
                await page.HangUpAsync();
            }

            await Scenes.NothingLeftAsync(engine);
            await Scenes.SwappedAsync(engine, "verto", swaps: 3);
        }
        finally
        {
            foreach (var page in pages)
            {
                await page.DisposeAsync();
            }
        }

        async Task SwapAsync()
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.StartsWith("+OK", await engine.ApiAsync("plugin swap verto"), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Five_hundred_calls_one_after_another_leave_no_socket_and_no_memory()
    {
        const int First = 400;      // until then code is still compiled anew for speed, which takes some MB once
        const int More = 500;
        await using var engine = await EngineProcess.StartAsync();
        await CallsAsync(First);
        await EngineMemory.CollectAsync(engine.Process.Id);
        var (files, kib) = Measure();
        await CallsAsync(More);
        await Scenes.NothingLeftAsync(engine);
        for (var i = 0; i < 40 && Measure().Files > files + 10; i++)
        {
            await Task.Delay(500, TestContext.Current.CancellationToken);
        }

        Assert.True(Measure().Files <= files + 10, $"{files} descriptors were open after {First} calls, now {Measure().Files}: {Kinds()}");
        await EngineMemory.CollectAsync(engine.Process.Id);
        Assert.InRange(Measure().Kib, 0, kib * 105 / 100);

        async Task CallsAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await using var page = await VertoPage.LogInAsync(engine, "1000");
                await page.CallAsync("9196");
                page.Peer.SendFrame(ToneSource.Sine(440, page.Peer.RateHz, page.Peer.RateHz / 50, 8000, 0));
                for (var ms = 0; page.Peer.Received == 0; ms += 5)
                {
                    Assert.True(ms < 10_000, "no echo");
                    await Task.Delay(5, TestContext.Current.CancellationToken);
                }

                await page.HangUpAsync();
            }
        }

        string Kinds() => string.Join(", ", Directory.GetFiles($"/proc/{engine.Process.Id}/fd").Select(f => File.ResolveLinkTarget(f, false)?.Name ?? "")
            .CountBy(n => n.Split(':')[0]).OrderByDescending(k => k.Value).Select(k => $"{k.Value} {k.Key}"));

        (int Files, long Kib) Measure()
        {
            var process = Path.Combine("/proc", engine.Process.Id.ToString(CultureInfo.InvariantCulture));
            var rss = File.ReadLines(Path.Combine(process, "status")).First(l => l.StartsWith("VmRSS", StringComparison.Ordinal));
            return (Directory.GetFiles(Path.Combine(process, "fd")).Length, long.Parse(rss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        }
    }
}
