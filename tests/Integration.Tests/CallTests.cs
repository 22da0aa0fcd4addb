using System.Globalization;

namespace XSwitchEngine.Integration.Tests;

public sealed class CallTests
{
    [Fact]
    public async Task A_caller_with_credentials_reaches_the_echo_and_every_packet_comes_back()
    {
        await using var engine = await EngineProcess.StartAsync();
        using var rtp = new RtpTraffic();
        await using var caller = Sipp.Start(engine, "call", "1000", "9196", "-d", "6000", "-key", "media_port_key", rtp.Port.ToString(CultureInfo.InvariantCulture));
        var ports = await Scenes.MediaPortsAsync(engine, 1);
        await EngineProcess.UntilAsync(async () => (await engine.ApiAsync("show channels")).Contains(",echo,", StringComparison.Ordinal), "the echo has begun");
        rtp.Start(ports);
        await Task.Delay(3000, TestContext.Current.CancellationToken);
        await rtp.StopSendingAsync();
        Assert.InRange(rtp.Sent, 100, 200);
        Assert.Equal(rtp.Sent, rtp.From(ports[0]));
        await caller.SucceedsAsync();
        await Scenes.NothingLeftAsync(engine);
        var record = Assert.Single(engine.Records());
        Assert.Equal("NORMAL_CLEARING", record.GetProperty("hangup_cause").GetString());
        Assert.Equal("1000", record.GetProperty("user").GetString());
    }

    [Fact]
    public async Task Calls_over_tcp_work_as_over_udp()
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var caller = Sipp.Start(engine, "call", "1000", "9196", "-t", "t1", "-d", "300", "-m", "5", "-key", "media_port_key", "40000");
        await caller.SucceedsAsync();
        await Scenes.NothingLeftAsync(engine);
        Assert.Equal(5, engine.Records().Count);
    }

    [Fact]
    public async Task A_key_sent_by_info_is_a_choice_of_the_ivr()
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var caller = Sipp.Start(engine, "info", "1000", "5000", "-key", "media_port_key", "40000");
        await caller.SucceedsAsync();       // 9 is goodbye: the engine hangs up
        await Scenes.NothingLeftAsync(engine);
        Assert.Equal("engine", Assert.Single(engine.Records()).GetProperty("hung_up_by").GetString());
    }

    [Fact]
    public async Task A_caller_with_a_wrong_password_reaches_nothing_and_is_named_in_the_security_log()
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var caller = Sipp.Start(engine, "refused", "1000", "9196", "-ap", "wrong", "-key", "media_port_key", "40000");
        await caller.SucceedsAsync();
        Assert.Equal(0, await engine.ChannelsAsync());
        var log = await File.ReadAllTextAsync(Path.Combine(engine.Data, "security.log"), TestContext.Current.CancellationToken);
        Assert.Contains("auth_fail ip=127.0.0.1", log, StringComparison.Ordinal);
        Assert.DoesNotContain("response=", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_saved_dial_plan_serves_the_next_call_and_a_broken_one_is_refused_with_its_line()
    {
        await using var engine = await EngineProcess.StartAsync();
        var script = Path.Combine(engine.Scripts, "dialplan.lua");
        await using var running = Sipp.Start(engine, "call", "1000", "9196", "-d", "8000", "-key", "media_port_key", "40000");
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 1, "the first call is up");

        await File.WriteAllTextAsync(script, "session:setVariable('version', 'two')\nsession:answer()\nsession:execute('echo')\n", TestContext.Current.CancellationToken);
        await using (var next = Sipp.Start(engine, "call", "1001", "4711", "-d", "2500", "-key", "media_port_key", "40002"))
        {
            await EngineProcess.UntilAsync(async () => (await Scenes.VariablesAsync(engine, "version")).Contains("two"), "the next call follows the new version");
            await next.SucceedsAsync();
        }

        await File.WriteAllTextAsync(script, "session:answer()\nif then end\n", TestContext.Current.CancellationToken);
        await using (var third = Sipp.Start(engine, "call", "1001", "4711", "-d", "2500", "-key", "media_port_key", "40002"))
        {
            await EngineProcess.UntilAsync(async () => (await Scenes.VariablesAsync(engine, "version")).Contains("two"), "the old version stays in force");
            await third.SucceedsAsync();
        }

        await engine.WaitForLineAsync(l => l.Contains("dialplan.lua:2:", StringComparison.Ordinal));
        await running.SucceedsAsync();
    }

    [Fact]
    public async Task A_killed_engine_reports_every_call_after_its_restart_and_has_its_registrations_back()
    {
        const int Calls = 50;
        await using var engine = await EngineProcess.StartAsync();
        await using var phone = Sipp.Start(engine, "register", "1001", "1001");
        await phone.SucceedsAsync();
        await using var callers = Sipp.Start(engine, "call", "1000", "9196", "-m", "50", "-l", "50", "-r", "50", "-d", "60000", "-key", "media_port_key", "40000");
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == Calls, "50 calls are up");
        engine.Kill();
        callers.Kill();

        await using var again = await EngineProcess.RestartAsync(engine);
        await EngineProcess.UntilAsync(() => Task.FromResult(again.Records().Count >= Calls), "every call has its record");
        Assert.Equal(Calls, again.Records().Count);
        Assert.Equal(Calls, again.Records().Select(r => r.GetProperty("uuid").GetString()).Distinct().Count());
        Assert.All(again.Records(), r => Assert.Equal("CRASH", r.GetProperty("hangup_cause").GetString()));
        Assert.Contains("\n1001,", await again.ApiAsync("show registrations"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_and_metrics_are_served_and_the_drain_ends_calls_in_order()
    {
        await using var engine = await EngineProcess.StartAsync("--Engine:DrainSeconds=1");
        using var http = new HttpClient { BaseAddress = engine.Http };
        Assert.True((await http.GetAsync(new Uri("healthz", UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        Assert.True((await http.GetAsync(new Uri("readyz", UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        Assert.Contains("xswitch_calls_active", await http.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await using var caller = Sipp.Start(engine, "hungup", "1000", "9196", "-key", "media_port_key", "40000");
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 1, "the call is up");
        using var kill = System.Diagnostics.Process.Start("kill", ["-TERM", engine.Process.Id.ToString(CultureInfo.InvariantCulture)]);
        await caller.SucceedsAsync();       // it was ended by a BYE
        await engine.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, engine.Process.ExitCode);
        Assert.Equal("SYSTEM_SHUTDOWN", Assert.Single(engine.Records()).GetProperty("hangup_cause").GetString());
    }
}
