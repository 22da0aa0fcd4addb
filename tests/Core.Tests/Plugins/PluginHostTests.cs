using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

[Collection(nameof(ProcessWide))]
public sealed class PluginHostTests : IAsyncDisposable
{
    private readonly PluginHostFixture _fixture = new();
    private readonly LegId _leg = new(Guid.NewGuid());

    [Fact]
    public async Task Starts_the_newest_version_of_each_plugin_and_those_that_fail_do_not_hinder()
    {
        _fixture.Deploy("1.9.0");
        _fixture.Deploy("1.10.0");
        _fixture.Deploy("1.0.0", behaviour: "throw-in-start", name: "broken");
        _fixture.Deploy("1.0.0", api: "9.x", name: "future");
        System.IO.Directory.CreateDirectory(Path.Combine(_fixture.Root, "empty"));

        var failures = await _fixture.Host.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, failures.Count);
        Assert.Equal("plugin broken: start: System.InvalidOperationException: will not start", failures[0]);
        Assert.StartsWith("plugin future: manifest: ", failures[1], StringComparison.Ordinal);
        Assert.Equal(("sample", "1.10.0", "running", 1), (_fixture.Host.Status.Single().Name, _fixture.Status().Version, _fixture.Status().State, _fixture.Status().Generation));
        Assert.Equal(["main-udp", "main-tcp"], _fixture.Host.Listeners.Select(l => l.Name));
        Assert.Single(_fixture.Host.Listeners.Select(l => l.Local.Port).Distinct());
        Assert.Contains(_fixture.Log.Lines, l => l == "Information Plugin sample 1.10.0 is running, generation 1");
    }

    [Fact]
    public async Task Commands_reach_the_plugin_that_serves_the_scheme()
    {
        _fixture.Deploy("1.0.0");
        _fixture.Deploy("1.0.0", name: "other");
        await _fixture.StartAsync();

        Assert.True(_fixture.Host.Serves("SAMPLE"));
        Assert.False(_fixture.Host.Serves("nobody"));
        Assert.False(_fixture.Host.Dispatch("nobody", new LegCommand.Ring(_leg)));
        Assert.True(_fixture.Host.Dispatch("other", new LegCommand.Originate(_leg, new DialTarget("other", "", "1", null), "", "", null, [])));
        Assert.Equal(new LegEvent.Ringing(_leg), _fixture.Core.Next());
        Assert.Equal((0, 1), (_fixture.Status().Events, _fixture.Status("other").Events));
    }

    [Fact]
    public async Task Api_commands_are_answered_by_their_plugin()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();
        peer.Ask("a 1");

        Assert.Equal("version=v1 timers=0 configured=0 a=1", await _fixture.ApiAsync("sample status"));
        Assert.False(_fixture.Host.TryApi("sofia", "sofia status", static _ => { }));
    }

    [Fact]
    public async Task Two_plugins_cannot_serve_one_scheme()
    {
        _fixture.Deploy("1.0.0", name: "alpha");
        var second = _fixture.Deploy("1.0.0", name: "beta");
        var manifest = Path.Combine(second, "plugin.json");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest, TestContext.Current.CancellationToken)).Replace("\"endpoints\": [\"beta\"]", "\"endpoints\": [\"alpha\"]", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        Assert.Equal(["plugin beta: manifest: endpoint alpha is served by plugin alpha already"], await _fixture.Host.StartAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_at_the_start()
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        _fixture.Deploy("1.0.0");
        _fixture.Sections["sample"] = $$"""{ "profiles": { "main": { "port": {{port}}, "address": "127.0.0.1" } } }""";

        Assert.Equal(
            [$"plugin sample: listen: listener main-udp: cannot bind udp 127.0.0.1:{port}: another program listens there (address already in use)"],
            await _fixture.Host.StartAsync(TestContext.Current.CancellationToken));
        Assert.Empty(_fixture.Host.Status);
    }

    [Fact]
    public async Task New_options_reach_the_plugin_and_move_its_listeners()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        using var before = _fixture.Udp();
        Assert.Equal("a 1 1 v1", before.Ask("a 1"));

        Assert.Equal(["nonsense: plugin sample 1.0.0 has no such option"], await _fixture.Host.ConfigureAsync("sample", """{ "nonsense": 1 }"""));
        Assert.Equal(["there is no plugin nobody"], await _fixture.Host.ConfigureAsync("nobody", null));
        Assert.Empty(await _fixture.Host.ConfigureAsync("sample", """{ "behaviour": "other" }"""));
        Assert.Equal("a 2 2 v1", before.Ask("a 2"));
        var old = _fixture.Listener();
        Assert.Empty(await _fixture.Host.ConfigureAsync("sample", """{ "profiles": { "main": { "address": "127.0.0.3" } } }"""));

        Assert.Equal((2, "127.0.0.3"), (_fixture.Host.Listeners.Count, _fixture.Listener().Address.ToString()));
        using var after = _fixture.Udp();
        Assert.Equal("a 3 3 v1", after.Ask("a 3"));
        Assert.Equal("version=v1 timers=0 configured=2 a=3", await _fixture.ApiAsync());
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        free.Bind(old);

        // What was configured last also holds for the next version.
        Assert.True((await _fixture.SwapAsync()).Succeeded);
        Assert.Equal("127.0.0.3", _fixture.Listener().Address.ToString());
        Assert.Equal("a 4 4 v1", after.Ask("a 4"));
    }

    [Fact]
    public async Task Security_events_become_one_line_each_and_log_lines_cannot_be_forged()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();

        Assert.Equal("refused", peer.Ask("refuse 10\"00"));

        Assert.Matches("""^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z auth_fail ip=127\.0\.0\.1 port=5071 user="10\\"00"$""", Assert.Single(_fixture.SecurityLines));
        Assert.Contains("""Warning refused 10"00\x0D\x0Aforged line""", _fixture.Log.Lines);
    }

    [Fact]
    public async Task A_plugin_that_blocks_is_named_and_holds_up_nobody_else()
    {
        _fixture.Deploy("1.0.0", name: "slow");
        _fixture.Deploy("1.0.0");
        _fixture.Options = _fixture.Options with { StartTimeout = TimeSpan.FromSeconds(3) };
        await _fixture.StartAsync();
        using var slow = new UdpPeer(_fixture.Host.Status.Single(s => s.Name == "slow").Listeners[0].Local);
        using var quick = new UdpPeer(_fixture.Status().Listeners[0].Local);

        slow.Send("block 7000");
        Assert.True(SpinWait.SpinUntil(() => _fixture.Log.Lines.Any(l => l.StartsWith("Error Plugin slow 1.0.0 has not returned from Datagram for ", StringComparison.Ordinal)), TimeSpan.FromSeconds(20)));
        Assert.Equal("a 1 1 v1", quick.Ask("a 1"));
        Assert.Equal("plugin slow does not return from Datagram", (await _fixture.SwapAsync(name: "slow")).Message);

        Assert.Equal("unblocked", slow.Receive());
        Assert.True(SpinWait.SpinUntil(() => _fixture.Log.Lines.Any(l => l.StartsWith("Warning Plugin slow 1.0.0 held its loop for ", StringComparison.Ordinal)), TimeSpan.FromSeconds(20)));
        Assert.Equal(1, _fixture.Status("slow").Metrics["host_stalls_total"]);
        Assert.Equal("a 1 1 v1", slow.Ask("a 1"));
        Assert.Equal(1, _fixture.Status("slow").Generation);
    }

    [Fact]
    public async Task Plugins_can_share_a_loop()
    {
        _fixture.Deploy("1.0.0", name: "one");
        _fixture.Deploy("1.0.0", name: "two");
        _fixture.Options = _fixture.Options with { SharedLoop = new HashSet<string> { "one", "two" } };
        await _fixture.StartAsync();
        foreach (var name in (string[])["one", "two"])
        {
            using var peer = new UdpPeer(_fixture.Status(name).Listeners[0].Local);
            Assert.Equal("a 1 1 v1", peer.Ask("a 1"));
            Assert.True((await _fixture.SwapAsync(name: name)).Succeeded);
            Assert.Equal("a 2 2 v1", peer.Ask("a 2"));
        }
    }

    [Fact]
    public async Task A_new_version_directory_is_swapped_in_when_that_is_asked_for()
    {
        _fixture.Options = _fixture.Options with { WatchDirectories = true, Probation = TimeSpan.FromMilliseconds(10) };
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();

        var written = _fixture.Deploy("2.0.0.tmp", "CountingV2");
        var manifest = Path.Combine(written, "plugin.json");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest, TestContext.Current.CancellationToken)).Replace("2.0.0.tmp", "2.0.0", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        System.IO.Directory.Move(written, written[..^4]);

        Assert.True(SpinWait.SpinUntil(() => _fixture.Status() is { Version: "2.0.0", Generation: 2 }, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task The_end_gives_everything_back()
    {
        if (!System.IO.Directory.Exists("/proc/self/fd"))
        {
            return;
        }

        await CycleAsync(); // what is made once (files of the runtime) is made here
        var before = System.IO.Directory.GetFileSystemEntries("/proc/self/fd").Length;

        for (var i = 0; i < 5; i++)
        {
            await CycleAsync();
        }

        Assert.True(
            SpinWait.SpinUntil(() => System.IO.Directory.GetFileSystemEntries("/proc/self/fd").Length <= before, TimeSpan.FromSeconds(20)),
            $"{before} files open before, {System.IO.Directory.GetFileSystemEntries("/proc/self/fd").Length} after");

        static async Task CycleAsync()
        {
            await using var fixture = new PluginHostFixture();
            fixture.Options = fixture.Options with { Probation = TimeSpan.FromMilliseconds(10) };
            fixture.Deploy("1.0.0");
            await fixture.StartAsync();
            using var peer = fixture.Udp();
            using var stream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            stream.Connect(fixture.Listener("main-tcp"));
            Assert.True((await fixture.SwapAsync()).Succeeded);
            Assert.Equal("a 1 1 v1", peer.Ask("a 1"));
        }
    }

    [Fact]
    public void A_leak_is_reported_once_after_its_time()
    {
        using var slot = new ManualSlot();
        var time = new FakeTimeProvider();
        var log = new RecordingLog();
        using var watch = new ContextWatch(time, new PluginLog(log));
        var held = new object();
        watch.Add(slot.Slot, "1.0.0", new WeakReference(held));
        watch.Add(slot.Slot, "0.9.0", new WeakReference(null));

        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, slot.Slot.Leaked);
        Assert.Equal(["sample 1.0.0"], watch.Alive);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1, slot.Slot.Leaked);
        Assert.Single(log.Lines, l => l.StartsWith("Warning Plugin sample: version 1.0.0 is still in memory 30 s after it was replaced", StringComparison.Ordinal));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, slot.Slot.Leaked);
        GC.KeepAlive(held);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();
}
