using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>The change of versions within a slot, event by event: what a version on probation did must have happened once, also when it is taken back.</summary>
public sealed class ProbationTests : IDisposable
{
    private readonly ManualSlot _slot = new();
    private readonly ScriptedPlugin _old;

    public ProbationTests()
    {
        _old = new ScriptedPlugin("1.0.0") { On = Work };
        _slot.Start(_old);
    }

    [Fact]
    public void The_new_version_has_the_state_and_after_probation_the_old_one_is_stopped_silently()
    {
        _slot.Datagram("a");
        var next = Next();
        var trial = _slot.Slot.Flip(_slot.Instance(next)).Trial;
        _slot.Datagram("b");
        Assert.False(trial.Ended.Task.IsCompleted);

        _slot.Advance(505);

        Assert.Null(Outcome(trial));
        Assert.Equal(["a", "b"], next.State);
        Assert.Equal(["start", "import", "export", "replaced"], _old.Calls);
        Assert.Equal(["a 1.0.0", "b 2.0.0"], _slot.Sent);
        Assert.Equal((2, "2.0.0"), (_slot.Slot.Generation, _slot.Slot.Status().Version));
        _slot.Datagram("c");
        Assert.Equal("c 2.0.0", _slot.Sent[^1]);
    }

    [Fact]
    public void A_version_that_refuses_to_start_or_import_leaves_everything_as_it_was()
    {
        _slot.Datagram("timer 5 50");
        foreach (var bad in (ScriptedPlugin[])[
            new("2.0.0") { WhenStarted = _ => throw new InvalidOperationException("no start") },
            new("2.0.0") { WhenStarted = p => Misbehave(p), WhenImported = _ => throw new InvalidOperationException("no import") }])
        {
            var e = Assert.Throws<PluginLoadException>(() => _slot.Slot.Flip(_slot.Instance(bad)));
            Assert.Contains(e.Message, (string[])["start: System.InvalidOperationException: no start", "import: System.InvalidOperationException: no import"]);
        }

        Assert.Equal(1, _slot.Slot.Timers.Count);
        _slot.Datagram("a");
        _slot.Advance(100);
        Assert.Equal(["timer 5 50 1.0.0", "a 1.0.0"], _slot.Sent);
        Assert.Equal(["timer 5 50", "a", "fired 5"], _old.State);

        static void Misbehave(ScriptedPlugin p)
        {
            p.Host.SendDatagram(default, ManualSlot.Peer, "x"u8);
            _ = p.Host.SetTimer(99, TimeSpan.FromMilliseconds(10));
        }
    }

    [Fact]
    public void A_throw_brings_the_old_version_back_with_all_that_happened_and_the_failed_event_is_handled_once()
    {
        _slot.Datagram("a");
        var failing = Next(failAt: "c");
        var trial = _slot.Slot.Flip(_slot.Instance(failing)).Trial;
        _slot.Datagram("b");
        _slot.Datagram("c");
        _slot.Datagram("d");

        Assert.Equal("System.InvalidOperationException: cannot c", Outcome(trial)!.Text);
        Assert.Equal(["a", "b", "c", "d"], _old.State);
        // b was answered by the new version and not again; c, at which it failed half-way, by the old one only.
        Assert.Equal(["a 1.0.0", "b 2.0.0", "c 1.0.0", "d 1.0.0"], _slot.Sent);
        Assert.Equal(4, _slot.Slot.Status().Metrics["events_total"]);
        Assert.Equal((1, "1.0.0", "running"), (_slot.Slot.Generation, _slot.Slot.Status().Version, _slot.Slot.StateName));
        Assert.Equal("replaced", failing.Calls[^1]);
        _slot.Advance(2000);
        Assert.Equal(["start", "import", "export"], _old.Calls);
    }

    [Fact]
    public void The_replay_sees_the_time_and_gets_the_values_that_the_failed_version_got()
    {
        var (oldSaw, newSaw) = (new List<string>(), new List<string>());
        using var slot = new ManualSlot();
        slot.Start(new ScriptedPlugin { On = (p, e) => Ask(p, e, oldSaw) });
        slot.Slot.Flip(slot.Instance(new ScriptedPlugin("2.0.0")
        {
            On = (p, e) =>
            {
                Ask(p, e, newSaw);
                Fail(e, "3");
            },
        }));
        slot.Datagram("1");
        slot.Advance(100);
        slot.Core.IsRefusingCalls = true;
        slot.Datagram("2");
        slot.Advance(100);
        slot.Datagram("3");

        // Two events each with the same answers; of the third only the write to the directory, which was made, is not made again.
        Assert.Equal(newSaw[..(^1)], oldSaw[..(^1)]);
        Assert.Equal(3, newSaw.Count);
        Assert.NotEqual(newSaw[^1], oldSaw[^1]);
        Assert.Equal(3, slot.Directory.Writes);
        Assert.Equal(3, slot.Sent.Distinct().Count(s => s.StartsWith("connect ", StringComparison.Ordinal)));
        Assert.Equal(3, slot.Sent.Count);
        Assert.Equal(3, slot.Slot.Timers.Count);

        static void Ask(ScriptedPlugin p, in TransportEvent e, List<string> saw)
        {
            Span<byte> random = stackalloc byte[8];
            p.Host.Random(random);
            var user = p.Host.Directory.FindUser("1000", "example.org")!;
            var bindings = p.Host.Directory.Register(user, [], out _).Count;
            var connection = p.Host.Connect(default, new IPEndPoint(IPAddress.Loopback, 7001));
            saw.Add($"{p.Host.Now:O} {Convert.ToHexString(random)} {p.Host.Calls.NewLeg()} {p.Host.Calls.IsRefusingCalls} {bindings} {connection.Value} {p.Host.SetTimer(e.Data.Length, TimeSpan.FromHours(1)).Value}");
        }
    }

    [Fact]
    public void After_a_roll_back_the_timers_are_those_that_the_old_version_would_have()
    {
        _slot.Datagram("timer 1 200");  // set before: the new version cancels it, the old one does not
        _slot.Datagram("timer 2 300");  // set before: both cancel it
        var failing = new ScriptedPlugin("2.0.0")
        {
            WhenImported = p => p.Host.SetTimer(100, TimeSpan.FromMilliseconds(50)), // only the new version has it
            On = (p, e) =>
            {
                if (Text(e) == "cancel 2")
                {
                    p.Host.CancelTimer(new TimerId(1));
                }

                Fail(e, "fail");
                Work(p, e);
            },
        };
        _slot.Slot.Flip(_slot.Instance(failing));
        _slot.Datagram("cancel 2");
        _slot.Datagram("timer 3 20");   // fires during probation
        _slot.Datagram("timer 4 300");  // set by both
        _slot.Advance(40);
        _slot.Datagram("fail");
        _slot.Advance(1000);

        Assert.Equal(["timer 1 200", "timer 2 300", "cancel 2", "timer 3 20", "timer 4 300", "fired 3", "fail", "fired 1", "fired 4"], _old.State);
        Assert.Equal(0, _slot.Slot.Timers.Count);
    }

    [Fact]
    public void A_timer_set_before_the_swap_fires_in_the_new_version_with_its_key()
    {
        _slot.Datagram("timer 42 100");
        var next = Next();
        _slot.Slot.Flip(_slot.Instance(next));

        _slot.Advance(700);

        Assert.Contains("fired 42", next.State);
        Assert.DoesNotContain("fired 42", _old.State);
    }

    [Fact]
    public void A_lookup_and_an_api_command_begun_before_the_swap_end_after_it()
    {
        var lookUp = new TaskCompletionSource<IPAddress[]>();
        _slot.LookUp = _ => lookUp.Task;
        var next = Next();
        _slot.Datagram("resolve 9");
        var reply = new List<string>();
        _slot.Slot.RunApi("sample slow", reply.Add);
        _slot.Run();
        _slot.Slot.Flip(_slot.Instance(next));
        lookUp.SetResult([IPAddress.Loopback]);

        SpinWait.SpinUntil(() => _slot.Loop.Length > 0, TimeSpan.FromSeconds(20));
        _slot.Run();
        _slot.Datagram("reply");

        Assert.Contains("resolved 9 1", next.State);
        Assert.Equal(["late"], reply);
    }

    [Fact]
    public void The_roll_back_to_a_quarantined_version_keeps_it_quarantined()
    {
        using var slot = new ManualSlot(new PluginHostOptions { PluginDirectory = "", QuarantineFaults = 2 });
        slot.Start(new ScriptedPlugin { On = (_, _) => throw new InvalidOperationException("bad") });
        slot.Datagram("1");
        slot.Datagram("2");
        slot.Slot.Deliver(TransportEvent.TimerFired(1, default));

        slot.Slot.Flip(slot.Instance(new ScriptedPlugin("2.0.0") { On = (_, _) => throw new InvalidOperationException("worse") }));

        Assert.Equal("quarantined", slot.Slot.StateName);
        Assert.True(slot.IsPaused);
        var seen = new List<string>();
        slot.Slot.Flip(slot.Instance(new ScriptedPlugin("3.0.0") { On = (_, e) => seen.Add(e.Kind.ToString()) }));
        Assert.Equal(["Timer"], seen);
    }

    [Fact]
    public void Probation_ends_early_when_more_happened_than_could_be_replayed()
    {
        var trial = _slot.Slot.Flip(_slot.Instance(Next())).Trial;
        for (var i = 0; i < 49_999; i++)
        {
            _slot.Datagram("");
        }

        Assert.False(trial.Ended.Task.IsCompleted);
        _slot.Datagram("");
        Assert.True(trial.Ended.Task.IsCompleted);
        Assert.Null(Outcome(trial));
    }

    [Fact]
    public void An_old_version_that_fails_in_the_replay_is_in_force_again_all_the_same()
    {
        using var slot = new ManualSlot();
        slot.Start(new ScriptedPlugin { On = (p, e) => { Fail(e, "b"); Work(p, e); } });
        slot.Slot.Flip(slot.Instance(new ScriptedPlugin("2.0.0") { On = (p, e) => { Fail(e, "c"); Work(p, e); } }));
        slot.Datagram("b");
        slot.Datagram("c");
        slot.Datagram("d");

        Assert.Equal(["b 2.0.0", "c 1.0.0", "d 1.0.0"], slot.Sent);
        Assert.Equal("running", slot.Slot.StateName);
    }

    public void Dispose() => _slot.Dispose();

    private static PluginFault? Outcome(Trial trial)
    {
        Assert.True(trial.Ended.Task.IsCompleted);
        return trial.Ended.Task.Result;
    }

    private static ScriptedPlugin Next(string failAt = "") => new("2.0.0")
    {
        On = (p, e) =>
        {
            Work(p, e);
            Fail(e, failAt);
        },
    };

    private static void Work(ScriptedPlugin plugin, TransportEvent e)
    {
        plugin.Host.Count("events");
        switch (e.Kind)
        {
            case TransportEventKind.Timer:
                plugin.State.Add($"fired {e.Key}");
                return;
            case TransportEventKind.Resolved:
                plugin.State.Add($"resolved {e.Key} {e.Addresses.Count}");
                return;
            case TransportEventKind.ApiCommand:
                plugin.State.Add($"api {e.Key}");
                return;
            default:
                break;
        }

        var text = Text(e);
        if (text.Length == 0)
        {
            return;
        }

        plugin.State.Add(text);
        var words = text.Split(' ');
        switch (words[0])
        {
            case "timer":
                _ = plugin.Host.SetTimer(long.Parse(words[1]), TimeSpan.FromMilliseconds(int.Parse(words[2])));
                break;
            case "cancel":
                plugin.Host.CancelTimer(new TimerId(long.Parse(words[1])));
                break;
            case "resolve":
                plugin.Host.Resolve(long.Parse(words[1]), "host.example");
                break;
            case "reply":
                plugin.Host.CompleteApi(1, "late");
                break;
            default:
                break;
        }

        plugin.Host.SendDatagram(e.Listener, e.Remote!, System.Text.Encoding.ASCII.GetBytes($"{text} {plugin.Version}"));
    }

    private static string Text(in TransportEvent e) => System.Text.Encoding.ASCII.GetString(e.Data.Span);

    private static void Fail(in TransportEvent e, string at)
    {
        if (at.Length > 0 && Text(e) == at)
        {
            throw new InvalidOperationException($"cannot {at}");
        }
    }
}
