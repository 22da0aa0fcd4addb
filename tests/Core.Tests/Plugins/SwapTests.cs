using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>Swaps of real assemblies under real traffic on loopback.</summary>
[Collection(nameof(ProcessWide))]
public sealed class SwapTests : IAsyncDisposable
{
    private readonly PluginHostFixture _fixture = new();

    [Fact]
    public async Task A_new_version_goes_on_with_the_state_of_the_old_one_and_back()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();
        Assert.Equal("a 1 1 v1", peer.Ask("a 1"));

        _fixture.Deploy("2.0.0", "CountingV2");
        var up = await _fixture.SwapAsync();
        Assert.True(up.Succeeded, up.Message);
        Assert.Equal("a 2 2 v2", peer.Ask("a 2"));

        var down = await _fixture.SwapAsync(Path.Combine(_fixture.Root, "sample", "1.0.0"));
        Assert.True(down.Succeeded, down.Message);
        Assert.Equal("a 3 3 v1", peer.Ask("a 3"));

        // The newest is in force when it is loaded again.
        Assert.True((await _fixture.SwapAsync()).Succeeded);
        Assert.True((await _fixture.SwapAsync()).Succeeded);
        Assert.Equal("a 4 4 v2", peer.Ask("a 4"));
        Assert.Equal((5, "2.0.0"), (_fixture.Status().Generation, _fixture.Status().Version));
    }

    [Theory]
    [InlineData("CountingV1", "throw-in-start", "start: System.InvalidOperationException: will not start")]
    [InlineData("CountingV1", "throw-in-import", "import: System.FormatException: will not read this")]
    [InlineData("CountingV1", "throw-in-import-of-state", "import: System.FormatException: will not read this")]
    [InlineData("CountingV1", "throw-in-real-start", "start: System.InvalidOperationException: will not start for real")]
    [InlineData("CountingV1", "block-in-start", "start: did not return within 3 s")]
    [InlineData("ThrowingInConstructor", "", "ctor: System.InvalidOperationException: will not be made")]
    [InlineData("NoSuchType", "", "resolve: XSwitchEngine.SamplePlugin.dll has no type XSwitchEngine.TestPlugins.NoSuchType; entry could be ")]
    [InlineData("NotAPlugin", "", "resolve: XSwitchEngine.TestPlugins.NotAPlugin does not implement IProtocolPlugin")]
    public async Task A_version_that_cannot_take_over_is_refused_and_the_old_one_does_not_notice(string entry, string behaviour, string expected)
    {
        _fixture.Options = _fixture.Options with { StartTimeout = behaviour.StartsWith("block", StringComparison.Ordinal) ? TimeSpan.FromSeconds(3) : TimeSpan.FromSeconds(30) };
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();
        Assert.Equal("a 1 1 v1", peer.Ask("a 1"));
        _fixture.Deploy("2.0.0", entry, behaviour);

        var result = await _fixture.SwapAsync();

        Assert.False(result.Succeeded);
        Assert.StartsWith(expected, result.Message, StringComparison.Ordinal);
        Assert.Equal("a 2 2 v1", peer.Ask("a 2"));
        Assert.Equal((1, "1.0.0", "running"), (_fixture.Status().Generation, _fixture.Status().Version, _fixture.Status().State));
        Assert.Contains(_fixture.Log.Lines, l => l.Contains("swap failed, 1.0.0 stays in force", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_or_incomplete_version_is_refused_in_words()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        var directory = _fixture.Deploy("2.0.0");
        var assembly = Path.Combine(directory, "XSwitchEngine.SamplePlugin.dll");
        var whole = await File.ReadAllBytesAsync(assembly, TestContext.Current.CancellationToken);

        await File.WriteAllBytesAsync(assembly, whole[..5000], TestContext.Current.CancellationToken);
        var cut = await _fixture.SwapAsync();
        Assert.StartsWith("resolve: System.BadImageFormatException", cut.Message, StringComparison.Ordinal);
        Assert.Contains("damaged", cut.Message, StringComparison.Ordinal);

        File.Delete(assembly);
        Assert.Matches(@"^manifest: .*plugin\.json:3:\d+: assembly XSwitchEngine\.SamplePlugin\.dll is not in ", (await _fixture.SwapAsync()).Message);
        _fixture.Deploy("2.0.0", api: ">=7");
        Assert.Contains("needs contract >=7, this engine offers 1.2", (await _fixture.SwapAsync()).Message, StringComparison.Ordinal);
        Assert.Equal("there is no plugin nobody; there is sample", (await _fixture.SwapAsync(name: "nobody")).Message);
        Assert.Equal("running", _fixture.Status().State);
    }

    [Fact]
    public async Task A_version_that_fails_at_live_traffic_is_refused_before_it_touches_any()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        _fixture.Deploy("2.0.0", "CountingV2", "throw-in-rehearsal:5");
        using var peer = _fixture.Udp();
        var swap = _fixture.SwapAsync();
        var asked = 0;
        while (!swap.IsCompleted)
        {
            asked++;
            Assert.Equal($"a {asked} {asked} v1", peer.Ask($"a {asked}"));
        }

        Assert.Equal("rehearsal: System.InvalidOperationException: event 5 is too much", (await swap).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_version_that_fails_on_probation_is_taken_back_and_every_counter_is_right(int failAt)
    {
        _fixture.Deploy("1.0.0");
        _fixture.Options = _fixture.Options with { Probation = TimeSpan.FromMinutes(1) };
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();
        Assert.Equal("a 1 1 v1", peer.Ask("a 1"));
        _fixture.Deploy("2.0.0", "CountingV2", $"throw-at-event:{failAt}");
        var swap = _fixture.SwapAsync();
        Assert.True(SpinWait.SpinUntil(() => _fixture.Status().Version == "2.0.0", TimeSpan.FromSeconds(30)));

        for (var i = 2; i <= failAt + 3; i++)
        {
            // The event that is one too many is the (failAt)th after the swap.
            var version = i - 1 < failAt ? "v2" : "v1";
            Assert.Equal($"a {i} {i} {version}", peer.Ask($"a {i}"));
        }

        var result = await swap;
        Assert.False(result.Succeeded);
        Assert.StartsWith($"probation: System.InvalidOperationException: event {failAt} is too much", result.Message, StringComparison.Ordinal);
        var status = _fixture.Status();
        Assert.Equal((failAt + 3, "1.0.0"), (status.Metrics["lines_total"], status.Version));
        Assert.DoesNotContain("half_done_total", status.Metrics.Keys);
        Assert.Equal(0, status.Metrics["host_timers"]);
    }

    /// <summary>The promise of the design: traffic does not notice swaps, good or bad.</summary>
    [Fact]
    public async Task Swaps_under_traffic_lose_double_and_reorder_nothing()
    {
        const int Flows = 8;
        _fixture.Deploy("1.0.0");
        var second = _fixture.Deploy("2.0.0", "CountingV2");
        var refused = _fixture.Deploy("1.1.0", behaviour: "throw-in-import-of-state");
        var failing = _fixture.Deploy("1.2.0", behaviour: "throw-at-event:40");
        var first = Path.Combine(_fixture.Root, "sample", "1.0.0");
        _fixture.Options = _fixture.Options with { Probation = TimeSpan.FromMilliseconds(100) };
        await _fixture.StartAsync();
        Assert.True((await _fixture.SwapAsync(first)).Succeeded);
        using var stop = new CancellationTokenSource();
        var datagrams = Task.WhenAll(Enumerable.Range(0, Flows).Select(i => Task.Factory.StartNew(() => UdpFlow($"u{i}", stop.Token), TaskCreationOptions.LongRunning)));
        var streams = Task.WhenAll(Enumerable.Range(0, Flows).Select(i => Task.Factory.StartNew(() => TcpFlow($"t{i}", stop.Token), TaskCreationOptions.LongRunning)));

        var results = new List<(string Directory, SwapResult Result)>();
        foreach (var directory in (string[])[second, first, refused, failing, second, failing, first, refused, second, first])
        {
            results.Add((directory, await _fixture.SwapAsync(directory)));
        }

        await stop.CancelAsync();
        var (sentUdp, sentTcp) = (await datagrams, await streams);

        Assert.All(results, r => Assert.True(r.Result.Succeeded == (r.Directory == first || r.Directory == second), r.Result.Message));
        Assert.Equal(2, results.Count(r => r.Result.Message.StartsWith("probation: ", StringComparison.Ordinal)));
        Assert.All(sentUdp.Concat(sentTcp), n => Assert.True(n >= 100, $"only {n} messages in a flow"));
        Assert.Equal(sentUdp.Sum() + sentTcp.Sum(), _fixture.Status().Metrics["lines_total"]);
        TestContext.Current.SendDiagnosticMessage($"{sentUdp.Sum()} datagrams, {sentTcp.Sum()} lines; pauses ms: {string.Join(' ', results.Select(r => r.Result.Pause.TotalMilliseconds.ToString("0.00", CultureInfo.InvariantCulture)))}");
    }

    [Fact]
    public async Task One_swap_at_a_time_probation_included()
    {
        _fixture.Deploy("1.0.0");
        _fixture.Options = _fixture.Options with { Probation = TimeSpan.FromSeconds(1) };
        await _fixture.StartAsync();

        var first = _fixture.SwapAsync();
        var second = await _fixture.SwapAsync();

        Assert.False(second.Succeeded);
        Assert.Equal("a swap of sample is under way (its probation included)", second.Message);
        Assert.True((await first).Succeeded);
        Assert.True((await _fixture.SwapAsync()).Succeeded);
    }

    [Fact]
    public async Task A_swap_that_is_cancelled_before_the_change_over_changes_nothing()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();

        var result = await _fixture.Host.SwapAsync("sample", null, new CancellationToken(canceled: true));

        Assert.Equal((false, "given up before the change-over"), (result.Succeeded, result.Message));
        Assert.Equal(1, _fixture.Status().Generation);
    }

    [Fact]
    public async Task Listeners_that_only_one_version_has_come_and_go_with_it()
    {
        const string Main = """{ "name": "main-udp", "profile": "main", "transport": "udp", "default": "127.0.0.1:0" }""";
        const string Extra = """{ "name": "extra-udp", "profile": "extra", "transport": "udp", "default": "127.0.0.1:0" }""";
        _fixture.Deploy("1.0.0", listeners: Main);
        _fixture.Deploy("2.0.0", listeners: $"{Main}, {Extra}");
        await _fixture.StartAsync();
        Assert.True((await _fixture.SwapAsync(Path.Combine(_fixture.Root, "sample", "1.0.0"))).Succeeded);
        using var main = _fixture.Udp();
        var port = _fixture.Listener().Port;
        Assert.Equal("a 1 1 v1", main.Ask("a 1"));

        Assert.True((await _fixture.SwapAsync()).Succeeded);
        Assert.Equal(port, _fixture.Listener().Port);
        using var extra = new UdpPeer(_fixture.Listener("extra-udp"));
        Assert.Equal("a 2 2 v1", extra.Ask("a 2"));
        Assert.Equal("a 3 3 v1", main.Ask("a 3"));

        Assert.True((await _fixture.SwapAsync(Path.Combine(_fixture.Root, "sample", "1.0.0"))).Succeeded);
        Assert.Single(_fixture.Host.Listeners);
        Assert.Equal("a 4 4 v1", main.Ask("a 4"));
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        free.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, extra.Remote.Port));
    }

    [Fact]
    public async Task A_new_listener_that_cannot_be_bound_refuses_the_version()
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        holder.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var port = ((System.Net.IPEndPoint)holder.LocalEndPoint!).Port;
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        _fixture.Deploy("2.0.0", listeners: $$"""{ "name": "x-udp", "transport": "udp", "default": "127.0.0.1:{{port}}" }""");

        var result = await _fixture.SwapAsync();

        Assert.Equal($"listen: listener x-udp: cannot bind udp 127.0.0.1:{port}: another program listens there (address already in use)", result.Message);
        Assert.Equal(2, _fixture.Host.Listeners.Count);
    }

    [Fact]
    public async Task The_code_of_replaced_and_of_refused_versions_leaves_the_memory()
    {
        _fixture.Deploy("1.0.0");
        _fixture.Deploy("2.0.0", "CountingV2");
        var ambient = _fixture.Deploy("1.9.0", "AmbientPlugin");
        var refused = _fixture.Deploy("1.8.0", behaviour: "throw-in-import");
        var failing = _fixture.Deploy("1.7.0", behaviour: "throw-at-event:1");
        _fixture.Options = _fixture.Options with { Probation = TimeSpan.FromMilliseconds(50) };
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();
        for (var i = 0; i < 5; i++)
        {
            Assert.True((await _fixture.SwapAsync()).Succeeded);
            Assert.True((await _fixture.SwapAsync(ambient)).Succeeded);
            Assert.EndsWith(" clean", peer.Ask($"a {i}"), StringComparison.Ordinal);
            Assert.False((await _fixture.SwapAsync(refused)).Succeeded);
        }

        var swap = _fixture.SwapAsync(failing);
        for (var i = 0; !swap.IsCompleted; i++)
        {
            peer.Ask($"b {i}");
        }

        Assert.StartsWith("probation: ", (await swap).Message, StringComparison.Ordinal);
        Assert.True(Collected(), string.Join(", ", _fixture.Host.UnloadingContexts));
    }

    [Fact]
    public async Task A_version_that_cannot_leave_the_memory_is_reported_and_blocks_nothing()
    {
        _fixture.Deploy("1.0.0", "NastyPlugin");
        var good = _fixture.Deploy("2.0.0");
        _fixture.Options = _fixture.Options with { Probation = TimeSpan.FromMilliseconds(50) };
        await _fixture.StartAsync();
        Assert.True((await _fixture.SwapAsync(Path.Combine(_fixture.Root, "sample", "1.0.0"))).Succeeded);

        Assert.True((await _fixture.SwapAsync(good)).Succeeded);

        using var peer = _fixture.Udp();
        Assert.Equal("a 1 1 v1", peer.Ask("a 1"));
        Assert.False(Collected(attempts: 10));
        Assert.Contains("sample 1.0.0", _fixture.Host.UnloadingContexts);
        Assert.Contains(_fixture.Log.Lines, l => l.Contains("calls the engine from outside its callbacks", StringComparison.Ordinal));
        Assert.DoesNotContain("stray_total", _fixture.Status().Metrics.Keys);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Collected(int attempts = 100)
    {
        for (var i = 0; i < attempts && _fixture.Host.UnloadingContexts.Count > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Yield();
        }

        return _fixture.Host.UnloadingContexts.Count == 0;
    }

    // Each reply says how many lines of the flow were counted so far: any loss, doubling or change of order shows.
    private int UdpFlow(string flow, CancellationToken stop)
    {
        using var peer = _fixture.Udp();
        var sent = 0;
        while (!stop.IsCancellationRequested || sent < 100)
        {
            const int Window = 5;
            for (var i = 1; i <= Window; i++)
            {
                peer.Send($"{flow} {sent + i}");
            }

            for (var i = 1; i <= Window; i++)
            {
                Assert.StartsWith($"{flow} {sent + i} {sent + i} v", peer.Receive(), StringComparison.Ordinal);
            }

            sent += Window;
        }

        return sent;
    }

    private int TcpFlow(string flow, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, NoDelay = true };
        socket.Connect(_fixture.Listener("main-tcp"));
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var sent = 0;
        while (!stop.IsCancellationRequested || sent < 100)
        {
            // Cut anywhere: half a line is part of the plugin's state.
            var line = Encoding.ASCII.GetBytes($"{flow} {sent + 1}\n");
            var cut = sent % line.Length;
            socket.Send(line.AsSpan(0, cut));
            socket.Send(line.AsSpan(cut));
            Assert.StartsWith($"{flow} {sent + 1} {sent + 1} v", reader.ReadLine(), StringComparison.Ordinal);
            sent++;
        }

        return sent;
    }
}

/// <summary>Tests that look at the whole process: collected code, open files. Nothing runs beside them.</summary>
[CollectionDefinition(nameof(ProcessWide), DisableParallelization = true)]
public sealed class ProcessWide;
