using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>Scripts that would never end by themselves: each is killed, and its shard goes on for the others.</summary>
public sealed class RunawayTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(60);

    public static TheoryData<string> EndlessScripts =>
    [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error, 'x') end",
        "local function f() return f() end f()",
        "xpcall(function() while true do end end, function() while true do end end)",
        "xpcall(error, function() while true do end end, 'x')",
        "string.gsub('x', '.', function() while true do end end)",
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "tostring(setmetatable({}, { __tostring = function() while true do end end }))",
        "string.format('%s', setmetatable({}, { __tostring = function() while true do end end }))",
        "print(setmetatable({}, { __tostring = function() while true do end end }))",
        "local t = setmetatable({}, { __index = function() while true do end end }) for i, v in ipairs(t) do end",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
        "coroutine.wrap(function() while true do end end)()",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end",
        "while true do coroutine.wrap(function() pcall(function() while true do end end) end)() end",
        "tostring(setmetatable({}, { __tostring = coroutine.wrap(function() while true do end end) }))",
        "string.format('%s', setmetatable({}, { __tostring = function() return coroutine.wrap(function() while true do end end)() end }))",
        "ipairs(setmetatable({}, { __index = 1 }))  for i in ipairs(setmetatable({}, { __index = function() pcall(function() while true do end end) return 1 end })) do end",
        "table.move({}, 1, math.maxinteger - 1, 2)",
        "table.insert(setmetatable({}, { __len = function() return 1 << 62 end }), 1, 'x')",
        "table.remove(setmetatable({}, { __len = function() return 1 << 62 end }), 1)",
        "table.concat(setmetatable({}, { __len = function() return 1 << 62 end, __index = function() return '' end }))",
        "for i in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end",
        "load('while true do end')()",
        "load(function() while true do end end)",
        "while true do local ok = pcall(load, 'x = = 1') end",
        "while true do string.find(('a'):rep(2000), ('a?'):rep(20) .. ('a'):rep(20)) end",
        "while true do collectgarbage() end",
        "while session:ready() do end",
        "while true do session:setVariable('x', 'y') end",
        "local s = ('x'):rep(8000000) local t = s .. 'a' local u = s .. 'a' while true do if t ~= u then break end end",
        "while true do local t <close> = setmetatable({}, { __close = function() while true do end end }) end",
        "local t <close> = setmetatable({}, { __close = function() while true do end end }) error('x')",
        "goto a ::a:: ::b:: goto b",
    ];

    [Theory]
    [MemberData(nameof(EndlessScripts))]
    public async Task An_endless_script_is_ended_and_its_shard_goes_on(string code)
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = Budget });

        var end = await bench.RunAsync(code);

        Assert.False(end.Succeeded);
        Assert.Equal("alive", await bench.WriteAsync("stream:write('alive')"));
        Assert.Equal(0, bench.Engine.Statistics.Running);
    }

    [Fact]
    public async Task The_error_of_a_killed_script_names_the_line_and_the_budget()
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = Budget });
        bench.Save("spin.lua", "local n = 0\nwhile true do\n  n = n + 1\nend\n");

        var end = await bench.Port.EndAsync(bench.Start("spin.lua", bench.Port.AddLeg()));

        Assert.True(end.Killed);
        Assert.Matches(@"^spin\.lua:[23]: killed: 60 ms of CPU time without waiting for anything\nstack traceback:\n\tspin\.lua:", end.Error);
        Assert.Contains(end.Error!, bench.Port.LogText);
        Assert.Equal(1, bench.Engine.Statistics.Killed);
    }

    [Fact]
    public async Task Others_run_while_one_spins()
    {
        using var bench = new ScriptBench();
        bench.Port.Answer = static b => b.Op == ScriptOp.Delay ? new OpResult(1) : null;
        var spinning = bench.Start("~while true do end", bench.Port.AddLeg());
        for (var i = 0; i < 20; i++)
        {
            Assert.True((await bench.RunAsync("for i = 1, 50 do freeswitch.msleep(1) end")).Succeeded);
        }

        Assert.False((await bench.Port.EndAsync(spinning)).Succeeded);
        Assert.True(bench.Engine.Statistics.Preemptions > 0);
    }

    [Fact]
    public async Task Waiting_renews_the_budget()
    {
        var time = new FakeTimeProvider();
        using var bench = new ScriptBench(static o => o with { CpuBudget = TimeSpan.FromMilliseconds(250) }, time);
        var run = bench.Start("~for i = 1, 200 do local n = 0 for j = 1, 200000 do n = j end freeswitch.msleep(5) end");
        for (var i = 0; i < 200; i++)
        {
            var delay = await bench.Port.NextAsync(ScriptOp.Delay);
            await bench.SettleAsync();
            time.Advance(TimeSpan.FromMilliseconds(5));
            bench.Engine.Complete(delay.Token, new OpResult(1));
        }

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
    }

    [Theory]
    [InlineData("freeswitch.API():execute('status')")]
    [InlineData("session:execute('set', 'a=b')")]
    [InlineData("session:sleep(0)")]
    public async Task A_loop_of_waits_that_take_no_time_is_a_busy_loop(string code)
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = Budget }, new FakeTimeProvider());
        bench.Port.Answer = b =>
        {
            ThreadPool.QueueUserWorkItem(_ => bench.Engine.Complete(b.Token, new OpResult(1)));
            return null;
        };

        Assert.True((await bench.RunAsync($"while true do {code} end")).Killed);
    }

    [Fact]
    public async Task A_long_run_that_keeps_nothing_is_not_taken_for_a_hog()
    {
        using var bench = new ScriptBench(static o => o with { RunBytes = 2 << 20 });
        bench.Port.Answer = static _ => new OpResult(1);
        var others = Enumerable.Range(0, 5).Select(i => bench.Start($"~for i = 1, 300 do local s = ('x'):rep(100000) .. i freeswitch.msleep(1) end", bench.Port.AddLeg())).ToArray();
        foreach (var run in others)
        {
            var end = await bench.Port.EndAsync(run);
            Assert.True(end.Succeeded, end.Error);
        }
    }

    [Fact]
    public async Task Text_for_the_core_has_a_most_length()
    {
        using var bench = new ScriptBench();

        var end = await bench.RunAsync("session:setVariable('x', ('y'):rep(1048577))");

        Assert.StartsWith("~inline:1: Error in CoreSession::setVariable (arg 3), text is longer than 1048576 bytes", end.Error);
        Assert.Empty(bench.Port.Variables);
    }

    [Fact]
    public async Task A_loop_of_calls_that_return_at_once_after_the_hangup_is_killed()
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = Budget });
        var run = bench.Start("~while true do session:sleep(1000) end", bench.Port.AddLeg());
        var sleep = await bench.Port.NextAsync(ScriptOp.Sleep);
        bench.Engine.LegGone(run, "hangup");
        bench.Engine.Complete(sleep.Token, new OpResult(0));

        Assert.True((await bench.Port.EndAsync(run)).Killed);
    }

    [Theory]
    [InlineData("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end")]
    [InlineData("local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(100000) .. #t end) end")]
    [InlineData("local t = {} while true do t[#t + 1] = coroutine.create(function() end) end")]
    [InlineData("local s = 'x' while true do s = s .. s end")]
    [InlineData("local s = ('x'):rep(1e10)")]
    [InlineData("local s = string.format('%s', ('x'):rep(16e6)) .. ('y'):rep(16e6) .. ('y'):rep(16e6)")]
    [InlineData("while true do pcall(string.rep, 'x', 2^40) end")]
    [InlineData("local s = ('x'):rep(1e6) s = s:gsub('.', s)")]
    [InlineData("while true do local s = ('x'):rep(1e6) pcall(string.gsub, s, '.', s) end")]
    [InlineData("local t = {} for i = 1, 1e9 do t = { t } end")]
    public async Task A_memory_hog_is_ended_and_its_memory_comes_back(string code)
    {
        using var bench = new ScriptBench(static o => o with { CpuBudget = TimeSpan.FromMilliseconds(500), StateBytes = 48 << 20, RunBytes = 24 << 20 });
        var neighbours = Enumerable.Range(0, 20).Select(_ => bench.Start("~freeswitch.msleep(1) stream:write('ok')", default, ScriptKind.Api)).ToArray();
        var sleeps = new List<Begun>();
        for (var i = 0; i < neighbours.Length; i++)
        {
            sleeps.Add(await bench.Port.NextAsync(ScriptOp.Delay));
        }

        Assert.False((await bench.RunAsync(code)).Succeeded);

        foreach (var sleep in sleeps)
        {
            bench.Engine.Complete(sleep.Token, new OpResult(1));
        }

        foreach (var neighbour in neighbours)
        {
            var end = await bench.Port.EndAsync(neighbour);
            Assert.True(end.Succeeded, end.Error);
            Assert.Equal("ok", end.Output);
        }
    }

    [Fact]
    public async Task A_neighbour_is_not_refused_memory_because_of_a_hog()
    {
        using var bench = new ScriptBench(static o => o with { StateBytes = 64 << 20, RunBytes = 16 << 20 });
        var hog = bench.Start("~local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end", bench.Port.AddLeg());
        for (var i = 0; i < 20; i++)
        {
            var end = await bench.RunAsync("local t = {} for i = 1, 1000 do t[i] = { i } end");
            Assert.True(end.Succeeded, end.Error);
        }

        Assert.Contains("memory", (await bench.Port.EndAsync(hog)).Error);
    }

    [Theory]
    [InlineData("local function f(a, b, c, d, e, g, h) return 1 + f(1, 2, 3, 4, 5, 6, 7) end f()", "stack overflow")]
    [InlineData("local s = ('('):rep(300) .. '1' .. (')'):rep(300) assert(load('return ' .. s))", "overflow|too many C levels|limit")]
    [InlineData("local function f(n) return coroutine.wrap(function() return f(n + 1) end)() end f(0)", "C stack overflow")]
    [InlineData("local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x", "overflow")]
    [InlineData("string.rep('x', -1) local function f(s) return (s:gsub('.', f)) end f('x')", "overflow")]
    [InlineData("string.find(('a'):rep(300), ('(a)'):rep(33))", "too many captures")]
    [InlineData("string.find(('a'):rep(300), ('a?'):rep(300))", "pattern too complex")]
    public async Task Recursion_without_end_is_an_ordinary_error(string code, string error)
    {
        using var bench = new ScriptBench();

        var end = await bench.RunAsync(code);

        Assert.False(end.Succeeded);
        Assert.Matches(error, end.Error);
        Assert.False(end.Killed);
        Assert.Equal("alive", await bench.WriteAsync("stream:write('alive')"));
    }

    [Theory]
    [InlineData("local s = ('a'):rep(30) .. 'c' return s:find(('a-'):rep(16) .. 'b')")]
    [InlineData("return (('a'):rep(16)):find(('a-'):rep(16) .. 'b')")]
    [InlineData("return (('x'):rep(50000)):find('.-.-.-b')")]
    [InlineData("return (('x'):rep(50000)):match('(.-)(.-)%2b')")]
    [InlineData("return (('('):rep(20000)):find('%b()')")]
    public async Task A_pathological_pattern_is_refused_with_an_error_that_can_be_caught(string code)
    {
        using var bench = new ScriptBench();

        var text = await bench.WriteAsync($"local ok, e = pcall(function() {code} end) stream:write(tostring(ok) .. tostring(e))");

        Assert.Contains("pattern too complex", text);
    }

    [Fact]
    public async Task Innocent_patterns_on_long_text_are_linear()
    {
        using var bench = new ScriptBench();

        var text = await bench.WriteAsync("""
            local s = ('x'):rep(500000)
            stream:write(tostring(s:find('.-b')) .. tostring(s:find('x*b')) .. tostring(s:match('[^,]+,')) .. tostring((' '):rep(500000 ) :find('%s+$')))
            """);

        Assert.Equal("nilnilnil1", text);
    }

    [Fact]
    public async Task A_thousand_coroutines_inside_one_another_end_in_an_error_not_in_a_crash()
    {
        using var bench = new ScriptBench();

        var end = await bench.RunAsync("""
            local function nest(n) local co = coroutine.create(nest) local ok, e = coroutine.resume(co, n + 1) if not ok then error(e, 0) end return e end
            nest(1)
            """);

        Assert.Contains("C stack overflow", end.Error);
    }
}
