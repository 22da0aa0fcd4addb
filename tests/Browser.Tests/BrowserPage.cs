using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Playwright;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Browser.Tests;

/// <summary>A page of its own browser profile, and what it hears and sees.</summary>
public class BrowserPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _console = [];
    private readonly Dictionary<IPEndPoint, UdpImpairment> _networks = [];

    internal BrowserPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.SetDefaultTimeout(15_000);
        page.Console += (_, message) => _console.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => _console.Add("uncaught: " + error);
    }

    public IPage Page { get; }

    /// <summary>What the page wrote to its console.</summary>
    public IReadOnlyList<string> Console => [.. _console];

    /// <summary>Loads an empty page of a site, with the clients of other people; the site's own pages allow no scripts from elsewhere.</summary>
    public async Task LoadClientsAsync(Uri site)
    {
        // A page of the engine itself: to one made up here Chromium gives no address, and then it may not reach this machine.
        await Page.GotoAsync(new Uri(site, "/healthz").AbsoluteUri);
        await Page.AddScriptTagAsync(new PageAddScriptTagOptions { Path = await Clients.BundleAsync() });
    }

    public Task<double> ShareAsync(double hz) => Page.EvaluateAsync<double>("hz => probe.share(hz)", hz);

    public Task<double> LevelAsync() => Page.EvaluateAsync<double>("() => probe.level()");

    public async Task<PeerStats> StatsAsync() =>
        JsonSerializer.Deserialize<PeerStats>((await Page.EvaluateAsync<JsonElement>("() => probe.stats()")).GetRawText(), JsonSerializerOptions.Web)!;

    /// <summary>Puts a bad network between the page and the engine's media port, for connections made from now on.</summary>
    public async Task ImpairAsync(Impairment impairment, int seed)
    {
        await Page.ExposeFunctionAsync("probeProxy", (string address, int port) =>
        {
            if (!IPAddress.TryParse(address, out var ip) || ip.AddressFamily != AddressFamily.InterNetwork)
            {
                return 0;
            }

            lock (_networks)
            {
                var far = new IPEndPoint(ip, port);
                if (!_networks.TryGetValue(far, out var network))
                {
                    _networks[far] = network = new UdpImpairment(far, impairment, seed);
                }

                return network.Local.Port;
            }
        });
    }

    /// <summary>Packets that the bad network has lost.</summary>
    public int Lost
    {
        get
        {
            lock (_networks)
            {
                return _networks.Values.Sum(n => n.Lost);
            }
        }
    }

    /// <summary>Waits until a tone dominates what the page receives.</summary>
    public Task HearsAsync(double hz, int seconds = 15) => UntilAsync(async () => await ShareAsync(hz) > 0.7, $"{hz} Hz is heard", seconds);

    /// <summary>Waits until a tone is gone from what the page receives.</summary>
    public Task NoLongerHearsAsync(double hz, int seconds = 15) => UntilAsync(async () => await ShareAsync(hz) < 0.1, $"{hz} Hz is heard no longer", seconds);

    /// <summary>Waits until so many more frames of video were decoded.</summary>
    public async Task SeesAsync(int frames = 20, int seconds = 20)
    {
        var before = (await StatsAsync()).FramesDecoded;
        await UntilAsync(async () => (await StatsAsync()).FramesDecoded is var now && (now < before || now >= before + frames), $"{frames} frames are decoded", seconds);
    }

    /// <summary>Waits for a condition; says what the page shows if it does not come true.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string what, int seconds = 15)
    {
        for (var end = DateTime.UtcNow.AddSeconds(seconds); DateTime.UtcNow < end; await Task.Delay(100, TestContext.Current.CancellationToken))
        {
            if (await condition())
            {
                return;
            }
        }

        Assert.Fail($"not within {seconds} s: {what}\n{await DescribeAsync()}");
    }

    /// <summary>Text of the page, statistics and console, for messages of failed tests.</summary>
    public async Task<string> DescribeAsync()
    {
        var text = await Page.EvaluateAsync<string>("() => document.body.innerText.replace(/\\n+/g, ' | ').slice(0, 700)");
        var peers = await Page.EvaluateAsync<string>("() => probe.peers.map(({ pc }) => `${pc.connectionState}, ICE ${pc.iceConnectionState}, ${pc.signalingState}`).join('; ')");
        return $"{Page.Url}\n{text}\nconnections: {peers}\n{await StatsAsync()}, {Lost} packets lost on purpose, level {await LevelAsync():F3}\n{string.Join('\n', _console.TakeLast(15))}";
    }

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        foreach (var network in _networks.Values)
        {
            network.Dispose();
        }

        GC.SuppressFinalize(this);
    }
}

/// <summary>Counters of the page's live connection.</summary>
public sealed record PeerStats(int FramesDecoded, int FramesSent, int PacketsReceived, int PacketsLost, string AudioCodec, string VideoCodec, int Nack, int Pli);
