using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>The dry run of a version: the state, then the events that came since, with the answers that the version in force got.</summary>
public sealed class RehearsalTests : IDisposable
{
    private readonly ManualSlot _slot = new();
    private readonly List<string> _saw = [];

    [Fact]
    public async Task A_dry_run_lives_through_the_same_events_with_the_same_answers_and_changes_nothing()
    {
        _slot.Start(new ScriptedPlugin { On = (p, e) => Ask(p, e, _saw) });
        _slot.Datagram("before");
        var shadow = _slot.Slot.BeginShadow();
        _slot.Datagram("1");
        _slot.Advance(30); // the timer of "before" and that of "1" fire
        _slot.Datagram("2");
        _slot.Slot.EndShadow();
        _slot.Datagram("after");
        var (sent, writes, timers, live) = (_slot.Sent.Count, _slot.Directory.Writes, _slot.Slot.Timers.Count, _saw.ToArray());

        var rehearsed = new List<string>();
        var plugin = new ScriptedPlugin("2.0.0") { On = (p, e) => Ask(p, e, rehearsed) };
        await DryRunAsync(plugin, shadow);

        Assert.Equal(["start", "import", "export", "replaced"], plugin.Calls);
        Assert.Equal(live[1..^1], rehearsed);
        Assert.Equal(4, rehearsed.Count);
        Assert.Equal((sent, writes, timers), (_slot.Sent.Count, _slot.Directory.Writes, _slot.Slot.Timers.Count));
        Assert.Empty(_slot.Core.Events);
        Assert.Equal("before", Assert.Single(plugin.State, s => s == "before"));
    }

    [Fact]
    public async Task A_version_that_fails_at_what_the_other_handled_is_refused()
    {
        _slot.Start(new ScriptedPlugin());
        var shadow = _slot.Slot.BeginShadow();
        _slot.Datagram("good");
        _slot.Datagram("bad");
        _slot.Slot.EndShadow();

        var e = await Assert.ThrowsAsync<PluginLoadException>(() => DryRunAsync(new ScriptedPlugin { On = (_, e) => Fail(e, "bad") }, shadow));

        Assert.Equal("rehearsal: System.InvalidOperationException: cannot bad", e.Message);
    }

    [Fact]
    public async Task What_the_version_in_force_fails_at_is_no_test_for_another()
    {
        _slot.Start(new ScriptedPlugin { On = (_, e) => Fail(e, "bad") });
        var shadow = _slot.Slot.BeginShadow();
        _slot.Datagram("good");
        _slot.Datagram("bad");
        _slot.Datagram("later");
        _slot.Slot.EndShadow();

        await DryRunAsync(new ScriptedPlugin { On = (_, e) => Fail(e, "bad") }, shadow);

        Assert.Single(shadow.Events);
    }

    [Fact]
    public void Only_so_much_is_noted()
    {
        _slot.Start(new ScriptedPlugin());
        var shadow = _slot.Slot.BeginShadow();
        for (var i = 0; i < 3000; i++)
        {
            _slot.Datagram("x");
        }

        Assert.Equal(2000, shadow.Events.Count);
        shadow = _slot.Slot.BeginShadow();
        for (var i = 0; i < 300; i++)
        {
            _slot.Datagram(new string('x', 60_000));
        }

        Assert.InRange(shadow.Events.Count, 100, 150); // 8 MiB
        _slot.Slot.EndShadow();
    }

    public void Dispose() => _slot.Dispose();

    private static void Fail(in TransportEvent e, string at)
    {
        if (System.Text.Encoding.ASCII.GetString(e.Data.Span) == at)
        {
            throw new InvalidOperationException($"cannot {at}");
        }
    }

    private static void Ask(ScriptedPlugin p, in TransportEvent e, List<string> saw)
    {
        Span<byte> random = stackalloc byte[12];
        p.Host.Random(random);
        if (e.Kind == TransportEventKind.Timer)
        {
            saw.Add($"{p.Host.Now:O} timer {e.Key} {e.Timer.Value} {Convert.ToHexString(random)}");
            return;
        }

        p.State.Add(System.Text.Encoding.ASCII.GetString(e.Data.Span));
        var user = p.Host.Directory.FindUser("1000", "example.org")!;
        var bindings = p.Host.Directory.Register(user, [], out _).Count;
        var connection = p.Host.Connect(default, new IPEndPoint(IPAddress.Loopback, 7001));
        p.Host.SendDatagram(e.Listener, e.Remote!, e.Data.Span);
        p.Host.Send(connection, e.Data.Span);
        p.Host.Close(connection);
        p.Host.Count("events");
        saw.Add($"{p.Host.Now:O} {Convert.ToHexString(random)} {p.Host.Calls.NewLeg()} {p.Host.Calls.IsRefusingCalls} {bindings} {connection.Value} {p.Host.SetTimer(e.Data.Length, TimeSpan.FromMilliseconds(20)).Value}");
    }

    private Task DryRunAsync(ScriptedPlugin plugin, Shadow shadow)
    {
        var manifest = new PluginManifest("sample", plugin.Version, "1.x", "A.dll", "E");
        Assert.True(PluginSection.TryMerge(manifest, null, out var section, out _));
        return new PluginPreparer(_slot.Options, new NoLoader()).DryRunAsync(_slot.Slot, new PreparedPlugin(manifest, section!, new Code(plugin)), shadow, [], CancellationToken.None);
    }

    private sealed class NoLoader : IPluginLoader
    {
        public ILoadedPlugin Load(PluginManifest manifest, string directory) => throw new NotSupportedException();
    }

    private sealed class Code(ScriptedPlugin plugin) : ILoadedPlugin
    {
        public IProtocolPlugin Create() => plugin;

        public WeakReference Unload() => new(null);
    }
}
