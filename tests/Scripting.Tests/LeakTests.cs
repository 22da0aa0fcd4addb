using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>Whatever a run does and however it ends, nothing of it stays.</summary>
public sealed class LeakTests
{
    public static TheoryData<string> Endings =>
    [
        "session:answer() session:setVariable('a', 'b') session:hangup()",
        "error({ 'x' })",
        "local co = coroutine.wrap(function() session:sleep(1) error('in coroutine') end) co()",
        "function cb() end session:setInputCallback('cb') session:setHangupHook('cb') session:streamFile('x')",
        "function string:mine() end ('x'):mine() table.x = 1 local s = freeswitch.Session('user/1') s:setAutoHangup(true)",
        "require 'm' load('return 1')() string.gsub('abc', '.', string.upper) local api = freeswitch.API() api:execute('x')",
        "local t <close> = setmetatable({}, { __close = function() end }) error('closing')",
        "session:nothing()",
        "session:sleep(true)",
        "x = = 1",
    ];

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task A_thousand_runs_leave_the_state_as_it_was(string code)
    {
        using var bench = new ScriptBench();
        bench.Save("m.lua", "return {}");
        bench.Port.Answer = static _ => new OpResult(1);
        await RunMany(bench, code, 50);
        var before = await bench.CollectAsync();

        await RunMany(bench, code, 1000);
        Assert.Equal(before, await bench.CollectAsync());
        Assert.Equal(0, bench.Engine.Statistics.Running);
    }

    [Fact]
    public async Task Killed_runs_leave_the_state_as_it_was()
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = TimeSpan.FromMilliseconds(5) });
        await RoundAsync();
        var before = await bench.CollectAsync();

        await RoundAsync();

        Assert.Equal(before, await bench.CollectAsync());

        async Task RoundAsync()
        {
            foreach (var code in new[] { "while true do end", "tostring(setmetatable({}, { __tostring = function() while true do end end }))", "local t = {} while true do t[#t + 1] = {} end" })
            {
                await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bench.RunAsync(code)));
            }

            var parked = Enumerable.Range(0, 100).Select(_ => bench.Start("~freeswitch.msleep(1)")).ToArray();
            foreach (var run in parked)
            {
                bench.Engine.Kill(run, "test");
                await bench.Port.EndAsync(run);
            }
        }
    }

    [Fact]
    public async Task Reloading_leaves_no_old_version_behind()
    {
        using var bench = new ScriptBench();
        await Reload(0, 30);
        var before = await bench.CollectAsync();

        await Reload(30, 200);
        Assert.Equal(before, await bench.CollectAsync());

        async Task Reload(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                bench.Save("lib/m.lua", $"return {i + 1000}");
                bench.Save("a.lua", $"stream:write(require 'm' + {i + 1000})");
                Assert.Equal($"{(2 * i) + 2000}", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);
            }
        }
    }

    [Fact]
    public async Task Engines_can_be_made_used_and_disposed_side_by_side()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            using var bench = new ScriptBench(static o => o with { Shards = 3 });
            bench.Port.Answer = static _ => new OpResult(1);
            await Task.WhenAll(Enumerable.Range(0, 50).Select(async i => Assert.True((await bench.RunAsync($"for i = 1, {i} do session:sleep(1) end")).Succeeded)));
        }));
    }

    private static async Task RunMany(ScriptBench bench, string code, int count)
    {
        var leg = bench.Port.AddLeg();
        for (var i = 0; i < count; i++)
        {
            await bench.RunAsync(code, leg);
            bench.Port.All.Clear();
            bench.Port.Lines.Clear();
        }
    }
}
