using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>Waits and pre-emptions inside a script's own coroutines, protected calls and callbacks.</summary>
public sealed class CoroutineTests
{
    public static TheoryData<string, string> Scripts => new()
    {
        { "local co = coroutine.create(function(a) wait() local b = coroutine.yield(a + 1) wait() return b * 2 end) local _, x = coroutine.resume(co, 1) local _, y = coroutine.resume(co, 10) return x .. ',' .. y .. ',' .. coroutine.status(co)", "2,20,dead" },
        { "local out = {} for v in coroutine.wrap(function() for i = 1, 3 do wait() coroutine.yield(i) end end) do out[#out + 1] = v end return table.concat(out, ',')", "1,2,3" },
        { "local f = coroutine.wrap(function() local g = coroutine.wrap(function() local h = coroutine.wrap(function() wait() coroutine.yield('deep') wait() return 'end' end) coroutine.yield(h()) wait() coroutine.yield(h()) end) coroutine.yield(g()) coroutine.yield(g()) end) return f() .. f()", "deepend" },
        { "local co = coroutine.create(function(...) wait() return select('#', ...), ... end) return table.concat({ select('#', coroutine.resume(co, nil, nil, 3)), }, ',')", "5" },
        { "local co = coroutine.create(function() coroutine.yield() end) return select('#', coroutine.resume(co)) .. ',' .. select('#', coroutine.resume(co))", "1,1" },
        { "local co = coroutine.create(function() coroutine.yield(nil, false) end) local t = table.pack(coroutine.resume(co)) return t.n .. tostring(t[2]) .. tostring(t[3])", "3nilfalse" },
        { "local co = coroutine.create(function() wait() error('oops') end) local ok, e = coroutine.resume(co) return tostring(ok) .. e", "false~inline:9: oops" },
        { "local ok, e = pcall(function() wait() error('oops', 0) end) return tostring(ok) .. e", "falseoops" },
        { "local ok, e = pcall(function() wait() error({ 5 }) end) return tostring(ok) .. e[1]", "false5" },
        { "local ok, e = xpcall(function() wait() error('oops', 0) end, function(m) return m .. '!' end) return tostring(ok) .. e", "falseoops!" },
        { "local ok, e = xpcall(function() wait() error('oops') end, debug.traceback) return tostring(e:find('oops\\nstack traceback:\\n', 1, true) ~= nil)", "true" },
        { "local ok, e = xpcall(function() error({ 7 }) end, function(m) return m[1] end) return e", "7" },
        { "local ok, e = xpcall(function() error('x', 0) end, function(m) wait() return m .. 'y' end) return e", "xy" },
        { "return select('#', xpcall(function(...) wait() return ... end, print, 1, nil, nil))", "4" },
        { "local log = '' do local a <close> = setmetatable({}, { __close = function() wait() log = log .. 'a' end }) local b <close> = setmetatable({}, { __close = function() wait() log = log .. 'b' end }) end return log", "ba" },
        { "local t = setmetatable({}, { __index = function(_, k) wait() return k .. k end }) return t.x", "xx" },
        { "local t = setmetatable({}, { __add = function(a, b) wait() return b end, __concat = function(a, b) wait() return 'c' end, __lt = function() wait() return true end, __call = function(_, x) wait() return x end, __len = function() wait() return 9 end, __eq = function() wait() return true end }) return (t + 1) .. (t .. 'x') .. tostring(t < t) .. t('y') .. #t", "1ctruey9" },
        { "local t = setmetatable({}, { __tostring = function() wait() return 'me' end }) return tostring(t) .. string.format('%s', t)", "meme" },
        { "return (string.gsub('abc', '.', function(c) wait() return c:upper() end))", "ABC" },
        { "local t = { 3, 1, 2 } table.sort(t, function(a, b) wait() return a > b end) return table.concat(t, ',')", "3,2,1" },
        { "local n = 0 for k, v in pairs(setmetatable({}, { __pairs = function() wait() return function(_, i) wait() i = (i or 0) + 1 if i < 4 then return i, i end end end })) do n = n + v end return n", "6" },
        { "local out = '' for a in string.gmatch('a b c', '%a') do wait() out = out .. a end return out", "abc" },
        { "return load('wait() return ... + 1')(41)", "42" },
        { "local i = 0 return load(function() wait() i = i + 1 return ({ 'return ', '4', '2' })[i] end)()", "42" },
        { "local co co = coroutine.create(function() wait() return coroutine.status(co), coroutine.running() == co, coroutine.isyieldable() end) return table.concat({ tostring(select(2, coroutine.resume(co))), tostring(coroutine.isyieldable()), tostring(select(2, coroutine.running())) }, ',')", "running,false,true" },
        { "local co = coroutine.create(function() wait() coroutine.yield() end) coroutine.resume(co) return tostring(coroutine.close(co)) .. coroutine.status(co)", "truedead" },
        { "local co = coroutine.wrap(function() return 1 end) co() local ok, e = pcall(co) return tostring(ok) .. e", "falsecannot resume dead coroutine" },
        { "local ok, e = pcall(coroutine.yield, 1) return tostring(ok) .. e", "falseattempt to yield from outside a coroutine" },
        { "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() end }) wait() error('e', 0) end) local _, e = coroutine.resume(co) return e", "e" },
        { "local ok, e = coroutine.resume(coroutine.running()) return tostring(ok) .. e", "falsecannot resume non-suspended coroutine" },
        { "local ok, e = pcall(coroutine.resume, 5) return e", "bad argument #1 to 'resume' (coroutine expected)" },
        { "local n = 0 for i = 1, 200 do local co = coroutine.create(function() for j = 1, 300 do n = n + 1 end end) coroutine.resume(co) end return n", "60000" },
    };

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Waiting_and_preemption_leave_results_as_Lua_has_them(string body, string expected)
    {
        // Not waiting at all, waiting, with a result at once, and cut after every few instructions.
        foreach (var (atOnce, hookCount, slice) in new[] { (true, 1000, 2.0), (false, 1000, 2.0), (false, 3, 0.0) })
        {
            using var bench = new ScriptBench(o => o with { HookCount = hookCount, Slice = TimeSpan.FromMilliseconds(slice) });
            var leg = bench.Port.AddLeg();
            bench.Port.Answer = b => atOnce ? new OpResult(1) : null;
            var run = bench.Start($"~\nfunction wait()\n  assert(session:sleep(1) == 1)\nend\n\n\n\nlocal function main()\n{body}\nend session:setVariable('out', main())", leg);
            var end = bench.Port.EndAsync(run);
            while (!atOnce && !end.IsCompleted)
            {
                var next = bench.Port.NextAsync(ScriptOp.Sleep);
                if (await Task.WhenAny(end, next) == next)
                {
                    bench.Engine.Complete((await next).Token, new OpResult(1));
                }
                else
                {
                    break;
                }
            }

            Assert.True((await end).Succeeded, (await end).Error);
            Assert.Equal(expected, bench.Port.Variables[(leg, "out")]);
        }
    }

    [Theory]
    [InlineData("for i in ipairs(setmetatable({}, { __index = function() session:sleep(1) return 1 end })) do end")]
    [InlineData("for i in ipairs(setmetatable({}, { __index = function() coroutine.wrap(function() session:sleep(1) end)() return 1 end })) do end")]
    public async Task A_wait_where_nothing_can_wait_is_refused_before_it_begins(string code)
    {
        using var bench = new ScriptBench();

        var end = await bench.RunAsync(code);

        Assert.Contains("CoreSession::sleep called inside a non-yieldable C callback", end.Error);
        Assert.Empty(bench.Port.All);
        Assert.Equal("alive", await bench.WriteAsync("stream:write('alive')"));
    }

    [Fact]
    public async Task Many_scripts_interleave_without_mixing_their_state()
    {
        using var bench = new ScriptBench(static o => o with { HookCount = 50, Slice = TimeSpan.Zero });
        bench.Port.Answer = static _ => new OpResult(1);
        var runs = Enumerable.Range(0, 50).Select(i => bench.Start($"~me = {i} local t = {{}} for i = 1, 200 do t[i] = me freeswitch.msleep(1) end for i = 1, 200 do assert(t[i] == {i}) end stream:write(me)", default, ScriptKind.Api)).ToArray();

        for (var i = 0; i < runs.Length; i++)
        {
            Assert.Equal($"{i}", (await bench.Port.EndAsync(runs[i])).Output);
        }
    }
}
