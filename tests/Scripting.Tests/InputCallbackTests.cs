using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

public sealed class InputCallbackTests
{
    private static readonly ScriptInput Five = new("dtmf", '5', 2000);

    [Fact]
    public async Task A_digit_reaches_the_callback_with_session_kind_object_and_argument()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("""
            ~extra = { 'x' }
            function on_input(s, kind, object, argument)
              s:setVariable('seen', table.concat({ tostring(s == session), kind, object.digit, object.duration, tostring(argument == extra) }, ','))
            end
            session:setInputCallback('on_input', 'extra')
            session:setVariable('played', session:streamFile('a.wav'))
            """, leg);
        var play = await bench.Port.NextAsync(ScriptOp.StreamFile);
        Assert.True(play.WantsInput);

        bench.Engine.Input(play.Token, Five);
        bench.Engine.Complete(play.Token, new OpResult(1));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal("true,dtmf,5,2000,true", bench.Port.Variables[(leg, "seen")]);
        Assert.Equal("1", bench.Port.Variables[(leg, "played")]);
        Assert.Empty(bench.Port.Controls);
    }

    [Theory]
    [InlineData("streamFile('a')", "'break'", "break")]
    [InlineData("streamFile('a')", "'seek:+1000'", "seek:+1000")]
    [InlineData("streamFile('a')", "'pause'", "pause")]
    [InlineData("streamFile('a')", "'anything'", "anything")]
    [InlineData("streamFile('a')", "17", "17")]
    [InlineData("streamFile('a')", "nil", null)]
    [InlineData("streamFile('a')", "''", null)]
    [InlineData("streamFile('a')", "'true'", null)]
    [InlineData("streamFile('a')", "'undefined'", null)]
    [InlineData("streamFile('a')", "true", null)]
    [InlineData("streamFile('a')", "false", null)]
    [InlineData("streamFile('a')", "{}", null)]
    [InlineData("streamFile('a')", "'false'", "false")]
    [InlineData("streamFile('a')", "error('x')", "SCRIPT_ERROR")]
    [InlineData("recordFile('a')", "'truncate'", "truncate")]
    [InlineData("sleep(1000)", "'pause'", "break")]
    [InlineData("sleep(1000)", "'break'", "break")]
    [InlineData("collectDigits(1000)", "'stop'", "break")]
    [InlineData("say('1', 'en', 'number', 'pronounced')", "'seek:0'", "break")]
    public async Task What_the_callback_returns_steers_the_operation(string method, string returned, string? command)
    {
        using var bench = new ScriptBench();
        var run = bench.Start($"~function f() return {returned} end session:setInputCallback('f') session:{method}", bench.Port.AddLeg());
        var begun = await bench.Port.NextAsync();
        Assert.True(begun.WantsInput);

        bench.Engine.Input(begun.Token, Five);
        await bench.SettleAsync();

        Assert.Equal(command is null ? [] : [(begun.Token, command)], bench.Port.Controls.ToArray());
        bench.Engine.Complete(begun.Token, new OpResult(0));
        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
    }

    [Fact]
    public async Task Digits_wait_while_the_callback_runs_and_come_in_order()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("""
            ~seen, depth, deepest = '', 0, 0
            function f(s, kind, object)
              depth = depth + 1 deepest = math.max(deepest, depth)
              if seen == '' then s:sleep(5) end
              seen = seen .. object.digit
              depth = depth - 1
            end
            session:setInputCallback('f')
            session:streamFile('a')
            session:setVariable('seen', seen .. deepest)
            """, leg);
        var play = await bench.Port.NextAsync(ScriptOp.StreamFile);
        bench.Engine.Input(play.Token, Five with { Digit = '1' });
        var sleep = await bench.Port.NextAsync(ScriptOp.Sleep);
        Assert.False(sleep.WantsInput);
        bench.Engine.Input(play.Token, Five with { Digit = '2' });
        bench.Engine.Input(play.Token, Five with { Digit = '3' });

        // The outer operation ends while the callback waits for the inner one: neither takes the other's end.
        bench.Engine.Complete(play.Token, new OpResult(1));
        bench.Engine.Complete(sleep.Token, new OpResult(1));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal("1231", bench.Port.Variables[(leg, "seen")]);
    }

    [Fact]
    public async Task A_flood_of_digits_is_bounded()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("~n = 0 function f(s) n = n + 1 if n == 1 then s:sleep(1) end end session:setInputCallback('f') session:streamFile('a') session:setVariable('n', n)", leg);
        var play = await bench.Port.NextAsync(ScriptOp.StreamFile);
        bench.Engine.Input(play.Token, Five);
        var sleep = await bench.Port.NextAsync(ScriptOp.Sleep);
        for (var i = 0; i < 10_000; i++)
        {
            bench.Engine.Input(play.Token, Five);
        }

        bench.Engine.Complete(sleep.Token, new OpResult(1));
        bench.Engine.Complete(play.Token, new OpResult(1));
        await bench.Port.EndAsync(run);
        Assert.Equal("65", bench.Port.Variables[(leg, "n")]);
    }

    [Fact]
    public async Task Without_a_callback_no_input_is_wanted()
    {
        using var bench = new ScriptBench();
        var run = bench.Start("~function f() end session:setInputCallback('f') session:unsetInputCallback() session:streamFile('a') assert(session:collectDigits(5000) == 0)", bench.Port.AddLeg());
        var play = await bench.Port.NextAsync(ScriptOp.StreamFile);
        Assert.False(play.WantsInput);
        bench.Engine.Input(play.Token, Five);
        bench.Engine.Complete(play.Token, new OpResult(1));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Single(bench.Port.All);
    }

    [Theory]
    [InlineData("collectDigits(1000, 5000)", "1000", "5000")]
    [InlineData("collectDigits(5000)", "0", "5000")]
    public async Task CollectDigits_takes_one_or_two_times(string call, string digit, string absolute)
    {
        using var bench = new ScriptBench();
        var run = bench.Start($"~function f() end session:setInputCallback('f') session:{call}", bench.Port.AddLeg());

        var begun = await bench.Port.NextAsync(ScriptOp.CollectDigits);
        Assert.Equal([digit, absolute], begun.Args);
        bench.Engine.Complete(begun.Token, new OpResult(1));
        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
    }

    [Fact]
    public async Task A_callback_that_is_no_function_is_reported_and_the_operation_goes_on()
    {
        using var bench = new ScriptBench();
        var run = bench.Start("~session:setInputCallback('nowhere') session:streamFile('a')", bench.Port.AddLeg());
        var play = await bench.Port.NextAsync(ScriptOp.StreamFile);
        bench.Engine.Input(play.Token, Five);
        bench.Engine.Complete(play.Token, new OpResult(1));

        Assert.True((await bench.Port.EndAsync(run)).Succeeded);
        Assert.Contains("input callback nowhere is not a global function", bench.Port.LogText);
        Assert.Empty(bench.Port.Controls);
    }
}
