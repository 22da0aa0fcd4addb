using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>The call ends, or moves on, while its script is somewhere.</summary>
public sealed class HangupTests
{
    public static TheoryData<string, ScriptOp, string> Waits => new()
    {
        { "session:answer()", ScriptOp.Answer, "0/-1" },
        { "session:preAnswer()", ScriptOp.PreAnswer, "0/-1" },
        { "session:sleep(1000)", ScriptOp.Sleep, "0/-1" },
        { "session:streamFile('a.wav')", ScriptOp.StreamFile, "0/-1" },
        { "session:recordFile('a.wav')", ScriptOp.RecordFile, "0/-1" },
        { "session:transfer('1000')", ScriptOp.Transfer, "0/-1" },
        { "session:playAndGetDigits(1, 1, 1, 1, '', '', '', '')", ScriptOp.PlayAndGetDigits, "/" },
        { "session:read(1, 1, '', 1, '')", ScriptOp.Read, "/" },
        { "session:getDigits(1, '', 1)", ScriptOp.GetDigits, "/" },
        { "session:flushDigits()", ScriptOp.FlushDigits, "0/0" },
        { "session:say('1', 'en', 'number', 'pronounced')", ScriptOp.Say, "nil/nil" },
        { "session:hangup()", ScriptOp.Hangup, "nil/nil" },
    };

    [Theory]
    [MemberData(nameof(Waits))]
    public async Task A_hangup_ends_every_wait_and_later_calls_return_at_once(string code, ScriptOp op, string expected)
    {
        var time = new FakeTimeProvider();
        using var bench = new ScriptBench(null, time);
        var leg = bench.Port.AddLeg();
        var run = bench.Start($"~local a = {code} local b = {code} session:setVariable('got', tostring(a) .. '/' .. tostring(b)) session:setVariable('ready', tostring(session:ready()))", leg);
        await bench.Port.NextAsync(op);

        bench.Engine.LegGone(run, "hangup");
        await bench.SettleAsync();
        Assert.Equal(1, bench.Engine.Statistics.Running);
        time.Advance(TimeSpan.FromSeconds(5));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Contains($"{op} did not end with its call", bench.Port.LogText);
        Assert.Equal(expected, bench.Port.Variables[(leg, "got")]);
        Assert.Equal("false", bench.Port.Variables[(leg, "ready")]);
        Assert.Single(bench.Port.All);
    }

    [Fact]
    public async Task A_result_given_with_the_hangup_counts()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("~session:setVariable('got', session:getDigits(4, '', 1000))", leg);
        var begun = await bench.Port.NextAsync(ScriptOp.GetDigits);

        bench.Engine.LegGone(run, "hangup");
        bench.Engine.Complete(begun.Token, new OpResult(1, "12"));

        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
        Assert.Equal("12", bench.Port.Variables[(leg, "got")]);
    }

    [Fact]
    public async Task The_script_goes_on_after_the_hangup_with_its_variables_and_applications()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        bench.Port.Variables[(leg, "hangup_cause")] = "NORMAL_CLEARING";
        var run = bench.Start("~while session:ready() do session:sleep(1000) end session:execute('set', 'cause=' .. session:getVariable('hangup_cause')) freeswitch.msleep(5)", leg);
        await HangUpDuringAsync(bench, run, ScriptOp.Sleep);

        var execute = await bench.Port.NextAsync(ScriptOp.Execute);
        Assert.Equal(["set", "cause=NORMAL_CLEARING"], execute.Args);
        bench.Engine.Complete(execute.Token, new OpResult(1));
        bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.Delay)).Token, new OpResult(1));
        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
    }

    [Fact]
    public async Task Using_a_dead_session_is_logged_once()
    {
        using var bench = new ScriptBench();
        var run = bench.Start("~session:sleep(1) for i = 1, 10 do session:sleep(1) session:streamFile('x') end", bench.Port.AddLeg());
        await HangUpDuringAsync(bench, run, ScriptOp.Sleep);
        await bench.Port.EndAsync(run);

        Assert.Single(bench.Port.Lines, l => l.Text.Contains("session is not initalized", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("session:sleep(1)", ScriptOp.Sleep)]
    [InlineData("pcall(function() session:sleep(1) end)", ScriptOp.Sleep)]
    [InlineData("coroutine.wrap(function() session:sleep(1) end)()", ScriptOp.Sleep)]
    [InlineData("string.gsub('x', '.', function() session:sleep(1) end)", ScriptOp.Sleep)]
    [InlineData("while session:ready() do session:execute('x') end", ScriptOp.Execute)]
    public async Task The_hangup_hook_runs_once_when_the_wait_is_over(string code, ScriptOp op)
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        bench.Port.Variables[(leg, "hangup_cause")] = "USER_BUSY";
        var run = bench.Start($$"""
            ~label = 'mine'
            function on_hangup(s, reason, argument)
              session:setVariable('hook', (session:getVariable('hook') or '') .. reason .. ',' .. argument .. ',' .. s:getVariable('hangup_cause') .. ',' .. tostring(s:ready()) .. ';')
              return 'done'
            end
            session:setHangupHook('on_hangup', 'label')
            {{code}}
            session:ready() session:sleep(1) session:ready()
            """, leg);
        await HangUpDuringAsync(bench, run, op);
        bench.Engine.LegGone(run, "hangup");

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal("hangup,mine,USER_BUSY,false;", bench.Port.Variables[(leg, "hook")]);
        Assert.Equal("done", bench.Port.Variables[(leg, "lua_hangup_hook_return_val")]);
    }

    [Theory]
    [InlineData("exit")]
    [InlineData("die")]
    public async Task A_hook_that_says_so_ends_the_script_even_from_within_an_input_callback(string word)
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start($$"""
            ~function on_hangup() return '{{word}}' end
            function on_input(s, kind, object) s:sleep(77) s:setVariable('not', 'reached') end
            session:setHangupHook('on_hangup')
            session:setInputCallback('on_input')
            session:streamFile('a.wav')
            session:setVariable('not', 'reached')
            """, leg);
        var play = await bench.Port.NextAsync(ScriptOp.StreamFile);
        bench.Engine.Input(play.Token, new ScriptInput("dtmf", '1', 2000));

        await HangUpDuringAsync(bench, run, ScriptOp.Sleep, "transfer");
        bench.Engine.Complete(play.Token, new OpResult(0));

        var end = await bench.Port.EndAsync(run);
        Assert.False(end.Succeeded);
        Assert.StartsWith(word, end.Error);
        Assert.False(bench.Port.Variables.ContainsKey((leg, "not")));
    }

    [Theory]
    [InlineData("error('oops')", "hangup hook on_hangup: ~inline:1: oops")]
    [InlineData("while true do end", "killed")]
    public async Task A_hook_that_fails_is_logged(string body, string logged)
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = TimeSpan.FromMilliseconds(60) });
        var run = bench.Start($"~function on_hangup() {body} end session:setHangupHook('on_hangup') session:sleep(1)", bench.Port.AddLeg());
        await HangUpDuringAsync(bench, run, ScriptOp.Sleep);
        await bench.Port.EndAsync(run);

        Assert.Contains(logged, bench.Port.LogText);
    }

    [Fact]
    public async Task A_hook_set_before_an_unrelated_wait_runs_after_it()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("~function h(s, why) s:setVariable('hook', why) end session:setHangupHook('h') freeswitch.msleep(10)", leg);
        var delay = await bench.Port.NextAsync(ScriptOp.Delay);
        bench.Engine.LegGone(run, "transfer");
        bench.Engine.Complete(delay.Token, new OpResult(1));

        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
        Assert.Equal("transfer", bench.Port.Variables[(leg, "hook")]);
    }

    [Fact]
    public async Task A_script_that_outstays_its_call_is_killed()
    {
        var time = new FakeTimeProvider();
        using var bench = new ScriptBench(static o => o with { LifetimeAfterHangup = TimeSpan.FromSeconds(60) }, time);
        var first = bench.Start("~session:sleep(1) freeswitch.msleep(100000)", bench.Port.AddLeg());
        var second = bench.Start("~session:sleep(1) freeswitch.msleep(100000)", bench.Port.AddLeg());
        var firstSleep = await bench.Port.NextAsync(ScriptOp.Sleep);
        var secondSleep = await bench.Port.NextAsync(ScriptOp.Sleep);
        bench.Engine.LegGone(first, "hangup");
        bench.Engine.Complete(firstSleep.Token, new OpResult(0));
        await bench.Port.NextAsync(ScriptOp.Delay);
        time.Advance(TimeSpan.FromSeconds(30));
        bench.Engine.LegGone(second, "hangup");
        bench.Engine.Complete(secondSleep.Token, new OpResult(0));
        await bench.Port.NextAsync(ScriptOp.Delay);

        time.Advance(TimeSpan.FromSeconds(30));
        var end = await bench.Port.EndAsync(first);
        Assert.True(end.Killed);
        Assert.Contains("still running 60 s after the end of its call", end.Error);
        Assert.Equal(1, bench.Engine.Statistics.Running);

        time.Advance(TimeSpan.FromSeconds(30));
        Assert.True((await bench.Port.EndAsync(second)).Killed);
    }

    [Fact]
    public async Task A_parked_script_can_be_killed_and_its_closing_code_runs()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("~local guard <close> = setmetatable({}, { __close = function() session:setVariable('closed', 'yes') session:sleep(1) end }) pcall(function() session:sleep(1000) end) session:setVariable('not', 'reached')", leg);
        await bench.Port.NextAsync(ScriptOp.Sleep);

        bench.Engine.Kill(run, "uuid_kill");

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Killed);
        Assert.Equal("killed: uuid_kill", end.Error);
        Assert.Equal("yes", bench.Port.Variables[(leg, "closed")]);
        Assert.False(bench.Port.Variables.ContainsKey((leg, "not")));
        Assert.Single(bench.Port.All);
    }

    [Fact]
    public async Task Messages_about_runs_that_are_over_or_never_were_are_dropped()
    {
        using var bench = new ScriptBench();
        var run = bench.Start("~session:sleep(1)", bench.Port.AddLeg());
        var begun = await bench.Port.NextAsync(ScriptOp.Sleep);
        bench.Engine.Complete(begun.Token, new OpResult(1));
        await bench.Port.EndAsync(run);

        foreach (var id in new[] { run, new ScriptRunId(4711) })
        {
            bench.Engine.Complete(new OpToken(id, 1), new OpResult(1));
            bench.Engine.Input(new OpToken(id, 1), new ScriptInput("dtmf", '1', 1));
            bench.Engine.LegGone(id, "hangup");
            bench.Engine.Kill(id, "x");
        }

        Assert.Equal("alive", await bench.WriteAsync("stream:write('alive')"));
    }

    private static async Task HangUpDuringAsync(ScriptBench bench, ScriptRunId run, ScriptOp op, string reason = "hangup")
    {
        var begun = await bench.Port.NextAsync(op);
        bench.Engine.LegGone(run, reason);
        bench.Engine.Complete(begun.Token, new OpResult(0));
    }
}
