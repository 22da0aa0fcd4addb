using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

public sealed class PluginSlotTests : IDisposable
{
    private static readonly DialTarget Target = new("sample", "", "1000", null);
    private readonly LegId _leg = new(Guid.NewGuid());
    private ManualSlot _slot = new();

    [Fact]
    public void An_exception_costs_the_event_and_nothing_else()
    {
        _slot.Start(new ScriptedPlugin { On = (p, e) => Reply(p, e, fail: Text(e) == "bad") });

        _slot.Datagram("one");
        _slot.Datagram("bad");
        _slot.Datagram("two");

        Assert.Equal(["one", "two"], _slot.Sent);
        Assert.Equal((3, 1, "running"), (_slot.Slot.Status().Events, _slot.Slot.Status().Faults, _slot.Slot.Status().State));
        Assert.Contains(_slot.Log.Lines, l => l.StartsWith("Error Plugin sample 1.0.0 failed at Datagram, the event is dropped: System.InvalidOperationException: bad", StringComparison.Ordinal));
        Assert.Empty(_slot.LoopFaults);
    }

    [Fact]
    public void A_fault_in_originate_ends_the_leg_at_once_and_tells_the_plugin_to_forget_it()
    {
        var seen = new List<string>();
        _slot.Start(new ScriptedPlugin
        {
            On = (_, e) =>
            {
                seen.Add(e.Command!.GetType().Name);
                Fail(e.Command is LegCommand.Originate);
            },
        });

        Assert.True(_slot.Slot.TryCommand(new LegCommand.Originate(_leg, Target, "", "", null, [])));
        _slot.Run();

        Assert.Equal(new LegEvent.HungUp(_leg, HangupCause.NormalTemporaryFailure, 0, "plugin fault", ByPeer: false), _slot.Core.Next());
        Assert.Equal(["Originate", "Hangup"], seen);
        Assert.Contains(_slot.Log.Lines, l => l.StartsWith($"Error {_leg} Plugin sample 1.0.0 failed at Originate", StringComparison.Ordinal));
    }

    [Fact]
    public void A_fault_in_another_command_hangs_the_leg_up_by_the_plugin()
    {
        _slot.Start(new ScriptedPlugin
        {
            On = (p, e) =>
            {
                Fail(e.Command is LegCommand.Answer);
                p.Host.Calls.Post(new LegEvent.HungUp(e.Command!.Leg, ((LegCommand.Hangup)e.Command).Cause, 480, "", ByPeer: false));
            },
        });

        _slot.Slot.TryCommand(new LegCommand.Answer(_leg, "v=0"));
        _slot.Run();

        Assert.Equal(new LegEvent.HungUp(_leg, HangupCause.NormalTemporaryFailure, 480, "", ByPeer: false), _slot.Core.Next());
    }

    [Fact]
    public void A_fault_in_hang_up_itself_still_ends_the_leg_once()
    {
        _slot.Start(new ScriptedPlugin { On = (_, _) => Fail(true) });

        _slot.Slot.TryCommand(new LegCommand.Hangup(_leg, HangupCause.NormalClearing, 0, ""));
        _slot.Run();

        Assert.IsType<LegEvent.HungUp>(_slot.Core.Next());
        Assert.Empty(_slot.Core.Events);
    }

    [Fact]
    public void A_plugin_that_mostly_fails_is_quarantined_and_a_swap_repairs_it_with_nothing_lost()
    {
        _slot = new ManualSlot(new PluginHostOptions { PluginDirectory = "", QuarantineFaults = 3 });
        var broken = new ScriptedPlugin { On = (_, _) => Fail(true) };
        _slot.Start(broken);
        _slot.Datagram("1");
        _slot.Datagram("2");
        Assert.Equal("running", _slot.Slot.StateName);
        _slot.Datagram("3");

        Assert.Equal("quarantined", _slot.Slot.StateName);
        Assert.True(_slot.IsPaused);
        Assert.False(_slot.Slot.TryCommand(new LegCommand.Ring(_leg)));

        // What cannot come again waits; what can, or is no use any more, does not.
        _slot.Slot.Deliver(TransportEvent.Closed(default, new ConnectionId(5)));
        _slot.Slot.Deliver(TransportEvent.TimerFired(77, default));
        _slot.Datagram("4");
        _slot.Slot.Deliver(TransportEvent.ForLeg(new LegCommand.Hangup(_leg, HangupCause.NormalClearing, 0, "")));
        Assert.Equal(HangupCause.NormalTemporaryFailure, Assert.IsType<LegEvent.HungUp>(_slot.Core.Next()).Cause);
        Assert.Equal("-ERR plugin sample is quarantined\n", Api());

        var seen = new List<string>();
        _slot.Slot.Flip(_slot.Instance(new ScriptedPlugin("2.0.0") { On = (_, e) => seen.Add($"{e.Kind} {e.Key}") }));

        Assert.Equal("running", _slot.Slot.StateName);
        Assert.False(_slot.IsPaused);
        Assert.Equal(["Closed 0", "Timer 77"], seen);
    }

    [Fact]
    public void One_bad_message_among_many_does_not_quarantine()
    {
        _slot = new ManualSlot(new PluginHostOptions { PluginDirectory = "", QuarantineFaults = 3 });
        _slot.Start(new ScriptedPlugin { On = (_, e) => Fail(Text(e) == "bad") });

        for (var i = 0; i < 30; i++)
        {
            _slot.Datagram("good");
            _slot.Datagram("good");
            _slot.Datagram("bad");
        }

        Assert.Equal("running", _slot.Slot.StateName);
        Assert.Equal(30, _slot.Slot.Status().Faults);
    }

    [Fact]
    public void Faults_that_are_far_apart_do_not_add_up()
    {
        _slot = new ManualSlot(new PluginHostOptions { PluginDirectory = "", QuarantineFaults = 3, QuarantineWindow = TimeSpan.FromSeconds(60) });
        _slot.Start(new ScriptedPlugin { On = (_, _) => Fail(true) });

        for (var i = 0; i < 10; i++)
        {
            _slot.Datagram("bad");
            _slot.Advance(31_000);
        }

        Assert.Equal("running", _slot.Slot.StateName);
    }

    [Fact]
    public void Time_is_that_of_the_event_and_stands_still_within_it()
    {
        var times = new List<DateTimeOffset>();
        _slot.Start(new ScriptedPlugin
        {
            On = (p, _) =>
            {
                times.Add(p.Host.Now);
                _slot.Time.Advance(TimeSpan.FromMilliseconds(10));
                times.Add(p.Host.Now);
            },
        });
        _slot.Datagram("x");

        Assert.Equal(times[0], times[1]);
    }

    [Fact]
    public void Timers_fire_with_their_key_and_id_and_can_be_cancelled()
    {
        var fired = new List<(long, TimerId)>();
        TimerId first = default, second = default;
        _slot.Start(new ScriptedPlugin
        {
            On = (p, e) =>
            {
                if (e.Kind == TransportEventKind.Timer)
                {
                    fired.Add((e.Key, e.Timer));
                }
                else if (Text(e) == "set")
                {
                    first = p.Host.SetTimer(7, TimeSpan.FromMilliseconds(20));
                    second = p.Host.SetTimer(7, TimeSpan.FromMilliseconds(20));
                }
                else
                {
                    p.Host.CancelTimer(first);
                    p.Host.CancelTimer(new TimerId(999));
                }
            },
        });
        _slot.Datagram("set");
        _slot.Datagram("cancel");
        Assert.NotEqual(first, second);

        _slot.Advance(30);

        Assert.Equal([(7, second)], fired);
        Assert.Equal(0, _slot.Slot.Timers.Count);
    }

    [Fact]
    public void Lookups_answer_as_events_also_when_they_fail_or_need_none()
    {
        var found = new List<string>();
        _slot.LookUp = name => name == "a.example" ? Task.FromResult(new[] { IPAddress.Parse("192.0.2.3") }) : Task.FromException<IPAddress[]>(new System.Net.Sockets.SocketException(11001));
        _slot.Start(new ScriptedPlugin
        {
            On = (p, e) =>
            {
                if (e.Kind == TransportEventKind.Resolved)
                {
                    found.Add($"{e.Key} {string.Join(',', e.Addresses)}");
                    return;
                }

                p.Host.Resolve(1, "a.example");
                p.Host.Resolve(2, "b.example");
                p.Host.Resolve(3, "::ffff:192.0.2.9");
                p.Host.Resolve(4, "");
                p.Host.Resolve(5, new string('x', 300));
            },
        });
        _slot.Datagram("go");
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _slot.Run();
                return found.Count == 5;
            },
            TimeSpan.FromSeconds(20)));

        Assert.Equal(["1 192.0.2.3", "2 ", "3 192.0.2.9", "4 ", "5 "], found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_api_command_is_answered_exactly_once_whatever_the_plugin_does()
    {
        _slot.Start(new ScriptedPlugin
        {
            On = (p, e) =>
            {
                Fail(e.Text == "sample fail");
                if (e.Text != "sample silence")
                {
                    p.Host.CompleteApi(e.Key, "+OK\n");
                    p.Host.CompleteApi(e.Key, "twice");
                    p.Host.CompleteApi(12345, "unknown");
                }
            },
        });

        Assert.Equal("+OK\n", Api("sample status"));
        Assert.StartsWith("-ERR plugin sample failed: System.InvalidOperationException", Api("sample fail"), StringComparison.Ordinal);
        var replies = new List<string>();
        _slot.Slot.RunApi("sample silence", replies.Add);
        _slot.Run();
        Assert.Empty(replies);
        _slot.Advance(10_001);
        Assert.Equal(["-ERR plugin sample did not reply within 10 s\n"], replies);
    }

    [Fact]
    public void Metrics_are_counted_by_name_within_bounds()
    {
        _slot.Start(new ScriptedPlugin
        {
            On = (p, _) =>
            {
                p.Host.Count("requests");
                p.Host.Count("requests", 2);
                p.Host.Gauge("dialogs", 5);
                p.Host.Count("not a name");
                for (var i = 0; i < 2 * PluginMetrics.MaxNames; i++)
                {
                    p.Host.Count($"n{i}");
                }
            },
        });
        _slot.Datagram("x");

        var metrics = _slot.Slot.Status().Metrics;
        Assert.Equal((3, 5), (metrics["requests_total"], metrics["dialogs"]));
        Assert.InRange(metrics.Count, 10, PluginMetrics.MaxNames + 10);
        Assert.DoesNotContain(metrics.Keys, k => k.Contains(' ', StringComparison.Ordinal));
    }

    [Fact]
    public void A_stopped_instance_can_call_its_host_without_effect()
    {
        var plugin = new ScriptedPlugin();
        _slot.Start(plugin);
        _slot.Slot.Stop();
        _slot.Sent.Clear();

        var host = plugin.Host;
        host.SendDatagram(default, ManualSlot.Peer, "x"u8);
        host.Send(default, "x"u8);
        host.Close(default);
        _ = host.Connect(default, ManualSlot.Peer);
        _ = host.SetTimer(1, TimeSpan.Zero);
        host.CancelTimer(default);
        host.Resolve(1, "a");
        host.Calls.Post(new LegEvent.Ringing(_leg));
        _ = host.Directory.Register(new DirectoryUser("1", "d", "", ""), [], out _);
        host.Count("x");
        host.Log(PluginLogLevel.Error, default, "x");
        host.Security("x", ManualSlot.Peer);
        _slot.Advance(100);

        Assert.Equal(["start", "import", "stop"], plugin.Calls);
        Assert.Empty(_slot.Sent);
        Assert.Empty(_slot.Core.Events);
        Assert.Equal((0, 0), (_slot.Directory.Writes, _slot.Slot.Timers.Count));
        Assert.True(host.Calls.IsRefusingCalls);
        Assert.False(host.IsLogged(PluginLogLevel.Error));
        Assert.False(_slot.Slot.TryCommand(new LegCommand.Ring(_leg)));
    }

    [Fact]
    public void A_call_from_outside_a_callback_is_ignored_and_told_once()
    {
        var plugin = new ScriptedPlugin();
        _slot.Start(plugin);

        plugin.Host.SendDatagram(default, ManualSlot.Peer, "x"u8);
        plugin.Host.SendDatagram(default, ManualSlot.Peer, "x"u8);

        Assert.Empty(_slot.Sent);
        Assert.Single(_slot.Log.Lines, l => l.Contains("from outside its callbacks", StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_callback_leaves_in_the_execution_context_is_gone_at_the_next()
    {
        var ambient = new AsyncLocal<string?>();
        var seen = new List<string?>();
        _slot.Start(new ScriptedPlugin
        {
            On = (_, _) =>
            {
                seen.Add(ambient.Value);
                ambient.Value = "left behind";
            },
        });
        _slot.Datagram("1");
        _slot.Datagram("2");

        Assert.Equal([null, null], seen);
        Assert.Null(ambient.Value);
    }

    [Fact]
    public void A_version_that_fails_to_start_has_done_nothing()
    {
        var failing = new ScriptedPlugin
        {
            WhenStarted = p => p.Host.SendDatagram(default, ManualSlot.Peer, "x"u8),
            WhenImported = _ => Fail(true),
        };

        var e = Assert.Throws<PluginLoadException>(() => _slot.Start(failing));

        Assert.Equal("import: System.InvalidOperationException: bad", e.Message);
        Assert.Empty(_slot.Sent);
        Assert.Equal("starting", _slot.Slot.StateName);
    }

    [Fact]
    public void Random_bytes_do_not_repeat_at_any_size()
    {
        var seen = new HashSet<string>();
        _slot.Start(new ScriptedPlugin
        {
            On = (p, _) =>
            {
                foreach (var size in (int[])[8, 16, 200, 256, 257, 5000])
                {
                    var bytes = new byte[size];
                    p.Host.Random(bytes);
                    Assert.True(seen.Add(Convert.ToHexString(bytes.AsSpan(0, 8))));
                    Assert.True(bytes.Length < 200 || bytes.AsSpan(size - 64).ContainsAnyExcept((byte)0));
                }
            },
        });
        for (var i = 0; i < 100; i++)
        {
            _slot.Datagram("x");
        }

        Assert.Equal((600, 0), (seen.Count, _slot.Slot.Status().Faults));
    }

    public void Dispose() => _slot.Dispose();

    private static string Text(in TransportEvent e) => System.Text.Encoding.ASCII.GetString(e.Data.Span);

    private static void Fail(bool condition)
    {
        if (condition)
        {
            throw new InvalidOperationException("bad");
        }
    }

    private static void Reply(ScriptedPlugin plugin, in TransportEvent e, bool fail)
    {
        Fail(fail);
        plugin.Host.SendDatagram(e.Listener, e.Remote!, e.Data.Span);
    }

    private string Api(string line = "sample")
    {
        var replies = new List<string>();
        _slot.Slot.RunApi(line, replies.Add);
        _slot.Run();
        return Assert.Single(replies);
    }
}
