using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>Sessions that scripts make themselves.</summary>
public sealed class SessionObjectTests
{
    [Fact]
    public async Task A_dial_string_makes_a_leg_that_ends_with_the_script()
    {
        using var bench = new ScriptBench();
        var a = bench.Port.AddLeg();
        var b = bench.Port.AddLeg();
        var run = bench.Start("~local s = freeswitch.Session('user/1000@x', session) session:setVariable('r', s:hangupCause() .. tostring(s:ready()) .. s:get_uuid()) s:execute('echo')", a);
        var originate = await bench.Port.NextAsync(ScriptOp.Originate);
        Assert.Equal(["user/1000@x", a.ToString(), null], originate.Args);
        bench.Engine.Complete(originate.Token, new OpResult(1, b.ToString(), "SUCCESS"));

        var execute = await bench.Port.NextAsync(ScriptOp.Execute);
        Assert.Equal(b, execute.Leg);
        bench.Engine.Complete(execute.Token, new OpResult(1));

        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
        Assert.Equal($"SUCCESStrue{b}", bench.Port.Variables[(a, "r")]);
        Assert.Contains(bench.Port.All, o => o.Op == ScriptOp.Destroy && o.Leg == b);
        Assert.DoesNotContain(bench.Port.All, o => o.Op == ScriptOp.Destroy && o.Leg == a);
    }

    [Theory]
    [InlineData("USER_BUSY")]
    [InlineData("NO_ANSWER")]
    public async Task A_failed_dial_string_gives_an_object_that_is_not_ready(string cause)
    {
        using var bench = new ScriptBench();
        bench.Port.Answer = b => b.Op == ScriptOp.Originate ? new OpResult(0, "", cause) : null;

        Assert.Equal($"{cause}|false|uninitialized|-1|ERROR||nil", await bench.WriteAsync("""
            local s = freeswitch.Session('user/1000')
            stream:write(table.concat({ s:hangupCause(), tostring(s:ready()), s:get_uuid(), s:answer(), s:getState(), s:getVariable('x'), tostring((s:execute('echo'))) }, '|'))
            """));
        Assert.Single(bench.Port.All);
    }

    [Fact]
    public async Task A_uuid_attaches_to_a_leg_without_taking_it_over()
    {
        using var bench = new ScriptBench();
        var other = bench.Port.AddLeg();
        bench.Port.Variables[(other, "x")] = "5";

        Assert.Equal("5truetrue", await bench.WriteAsync($"local s = freeswitch.Session('{other}') stream:write(s:getVariable('x') .. tostring(s:ready()) .. tostring(_G[s.uuid] == s))"));
        Assert.Empty(bench.Port.All);
    }

    [Fact]
    public async Task An_unknown_uuid_is_dialled_and_fails()
    {
        using var bench = new ScriptBench();
        bench.Port.Answer = static _ => new OpResult(0, "", "CHAN_NOT_IMPLEMENTED");

        Assert.Equal("CHAN_NOT_IMPLEMENTED", await bench.WriteAsync("stream:write(freeswitch.Session('no-such-leg'):hangupCause())"));
        Assert.Equal("no-such-leg", bench.Port.All.Single().Args[0]);
    }

    [Fact]
    public async Task An_empty_session_can_originate()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var isFirst = true;
        bench.Port.Answer = b =>
        {
            var result = isFirst ? new OpResult(0, null, "USER_BUSY") : new OpResult(1, leg.ToString(), "SUCCESS");
            isFirst = false;
            return b.Op == ScriptOp.Originate ? result : new OpResult(1);
        };

        Assert.Equal("1,USER_BUSY,0,SUCCESS,1", await bench.WriteAsync("""
            local s = freeswitch.Session()
            local out = { s:originate(nil, 'user/1') }
            out[2] = s:hangupCause()
            out[3] = s:originate(nil, 'user/2', 20)
            out[4] = s:hangupCause()
            out[5] = s:answer()
            stream:write(table.concat(out, ','))
            """));
        Assert.Equal([["user/1", null, null], ["user/2", null, "20"], []], bench.Port.All.Select(b => b.Args));
    }

    [Fact]
    public async Task SetAutoHangup_decides_whether_a_leg_ends_with_its_object()
    {
        using var bench = new ScriptBench();
        var main = bench.Port.AddLeg();
        var other = bench.Port.AddLeg();
        bench.Port.Answer = b => new OpResult(1, other.ToString());

        await bench.RunAsync("session:setAutoHangup(true) local s = freeswitch.Session('user/1') s:setAutoHangup(false)", main);

        Assert.Equal([main], bench.Port.All.Where(b => b.Op == ScriptOp.Destroy && b.Args.Length == 0).Select(b => b.Leg));
    }

    [Fact]
    public async Task Destroy_detaches_and_can_raise()
    {
        using var bench = new ScriptBench();
        var other = bench.Port.AddLeg();
        bench.Port.Answer = b => new OpResult(1, other.ToString());

        var end = await bench.RunAsync("local s = freeswitch.Session('user/1') s:destroy() s:destroy() assert(not s:ready()) session:destroy('over')");

        Assert.StartsWith("~inline:1: over\n", end.Error);
        Assert.Single(bench.Port.All, b => b.Op == ScriptOp.Destroy);
    }

    [Fact]
    public async Task Bridge_joins_two_ready_sessions_and_takes_input_of_the_first()
    {
        using var bench = new ScriptBench();
        var a = bench.Port.AddLeg();
        var b = bench.Port.AddLeg();
        var run = bench.Start($"~function f() return 'break' end session:setInputCallback('f') freeswitch.bridge(session, freeswitch.Session('{b}'))", a);

        var bridge = await bench.Port.NextAsync(ScriptOp.Bridge);
        Assert.Equal((a, true), (bridge.Leg, bridge.WantsInput));
        Assert.Equal([b.ToString()], bridge.Args);
        bench.Engine.Input(bridge.Token, new ScriptInput("dtmf", '#', 2000));
        await bench.SettleAsync();
        Assert.Equal([(bridge.Token, "break")], bench.Port.Controls);
        bench.Engine.Complete(bridge.Token, new OpResult(1));
        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
    }

    [Fact]
    public async Task Bridge_of_a_session_that_is_gone_is_logged_and_returns()
    {
        using var bench = new ScriptBench();
        var b = bench.Port.AddLeg();
        bench.Port.Legs[b] = bench.Port.Legs[b] with { IsReady = false };

        Assert.True((await bench.RunAsync($"freeswitch.bridge(session, freeswitch.Session('{b}'))")).Succeeded);

        Assert.Contains("Channels not ready", bench.Port.LogText);
        Assert.Empty(bench.Port.All);
    }

    [Fact]
    public async Task A_hook_of_a_made_session_runs_when_its_leg_is_gone()
    {
        using var bench = new ScriptBench();
        var b = bench.Port.AddLeg();

        var run = bench.Start($"~function h(s, why) stream:write(why .. s.uuid) end local s = freeswitch.Session('{b}') s:setHangupHook('h') freeswitch.msleep(1) s:ready()", default, ScriptKind.Api);
        var delay = await bench.Port.NextAsync(ScriptOp.Delay);
        bench.Port.Legs[b] = bench.Port.Legs[b] with { IsReady = false };
        bench.Engine.Complete(delay.Token, new OpResult(1));

        Assert.Equal($"hangup{b}", (await bench.Port.EndAsync(run)).Output);
    }

    [Fact]
    public async Task WaitForAnswer_names_the_leg_that_is_to_answer()
    {
        using var bench = new ScriptBench();
        var b = bench.Port.AddLeg();
        bench.Port.Answer = static _ => new OpResult(1);

        Assert.True((await bench.RunAsync($"session:waitForAnswer(freeswitch.Session('{b}'))")).Succeeded);

        Assert.Equal([b.ToString()], bench.Port.All.Single().Args);
    }

    [Fact]
    public async Task A_session_of_one_run_is_no_session_in_another()
    {
        using var bench = new ScriptBench();
        var leg = new LegId(Guid.NewGuid());
        bench.Port.Legs[leg] = bench.Port.Legs.GetValueOrDefault(bench.Port.AddLeg());

        // Nothing is shared, so the only way is a userdata of another kind in its place.
        var end = await bench.RunAsync("session.answer(setmetatable({}, getmetatable(session) or nil))", leg);

        Assert.Contains("Error in CoreSession::answer (arg 1), expected 'CoreSession *' got 'table'", end.Error);
    }
}
