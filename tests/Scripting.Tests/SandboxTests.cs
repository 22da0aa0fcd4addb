using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>What a script cannot reach, and what it cannot do to another.</summary>
public sealed class SandboxTests
{
    [Theory]
    [InlineData("luanet")]
    [InlineData("import")]
    [InlineData("os.exec")]
    [InlineData("string.dump")]
    [InlineData("debug.getregistry")]
    [InlineData("debug.sethook")]
    [InlineData("debug.setmetatable")]
    [InlineData("debug.getmetatable")]
    [InlineData("debug.getupvalue")]
    [InlineData("debug.setupvalue")]
    [InlineData("debug.getlocal")]
    [InlineData("debug.upvaluejoin")]
    [InlineData("debug.getinfo(1).func")]
    [InlineData("package.loadlib")]
    [InlineData("package.searchers")]
    [InlineData("getmetatable('').__index")]
    [InlineData("getmetatable(_G)")]
    [InlineData("_ENV._G._G.load and nil")]
    public async Task It_is_not_there(string expression)
    {
        using var bench = new ScriptBench();

        Assert.Equal("true", await bench.WriteAsync($"local ok, v = pcall(function() return {expression} end) stream:write(tostring(not ok or not v))"));
    }

    [Theory]
    [InlineData("setmetatable({}, { __gc = function() end })", "__gc is not available to scripts")]
    [InlineData("setmetatable({}, { __gc = true })", "__gc is not available to scripts")]
    [InlineData("setmetatable('', {})", "bad argument #1 to 'setmetatable' (table expected, got string)")]
    [InlineData("setmetatable(string, {})", "cannot change a protected metatable")]
    [InlineData("getmetatable('').__index.upper = nil", "attempt to index a boolean value")]
    [InlineData("session.x = 1", "attempt to index a Session value")]
    [InlineData("getmetatable(session).__index = nil", "attempt to index a boolean value")]
    [InlineData("assert(load(('').format('%s', '\\27Lua')))", "attempt to load a binary chunk (mode is 't')")]
    [InlineData("assert(load('\\27Lua', 'x', 'b'))", "attempt to load a binary chunk")]
    [InlineData("assert(load('return 1', 'x', 'b'))", "attempt to load a text chunk (mode is 'b')")]
    [InlineData("assert(load('end end return function() return function() local x = '))", "<eof> expected near 'end'")]
    [InlineData("os.execute('id') error(select(3, os.execute('id')), 0)", "126")]
    [InlineData("io.popen('id')", "'popen' not supported")]
    [InlineData("assert(io.open('/etc/passwd'))", "/etc/passwd: Permission denied")]
    [InlineData("assert(io.open('../../../../etc/passwd'))", "Permission denied")]
    [InlineData("assert(io.open(scripts .. '/x.lua', 'w'))", "Permission denied")]
    [InlineData("for l in io.lines('/etc/passwd') do end", "Permission denied")]
    [InlineData("assert(os.remove(scripts .. '/main.lua'))", "Permission denied")]
    [InlineData("assert(os.rename(scripts .. '/main.lua', 'x'))", "Permission denied")]
    [InlineData("os.tmpname()", "unable to generate a unique filename")]
    [InlineData("dofile('/etc/passwd')", "cannot open /etc/passwd")]
    [InlineData("assert(loadfile('/etc/passwd'))", "cannot open /etc/passwd")]
    [InlineData("require 'cjson'", "module 'cjson' not found:")]
    [InlineData("require '../../etc/passwd'", "not found")]
    [InlineData("package.path = '/etc/?' require 'passwd'", "module 'passwd' not found:")]
    [InlineData("session.getVariable(io.stdout, 'x')", "Error in CoreSession::getVariable (arg 1)")]
    [InlineData("io.read(1) error(tostring(io.read()))", "nil")]
    public async Task It_is_refused_with_an_ordinary_error(string code, string error)
    {
        using var bench = new ScriptBench();
        bench.Save("main.lua", $"scripts = [[{bench.Directory}]]\n{code}");

        var end = await bench.Port.EndAsync(bench.Start("main.lua", bench.Port.AddLeg()));

        Assert.False(end.Succeeded);
        Assert.Contains(error, end.Error);
    }

    [Fact]
    public async Task A_compiled_script_file_is_refused()
    {
        using var bench = new ScriptBench();
        bench.Save("compiled.lua", "\u001bLua");

        Assert.Equal("compiled.lua:1: attempt to load a binary chunk (mode is 't')", bench.Engine.Check("compiled.lua"));
        Assert.Contains("binary chunk", (await bench.Port.EndAsync(bench.Start("compiled.lua"))).Error);
    }

    [Theory]
    [InlineData("x = 1", "x")]
    [InlineData("_G.x = 1", "_G.x")]
    [InlineData("rawset(_G, 'x', 1)", "x")]
    [InlineData("string.x = 1", "string.x")]
    [InlineData("function string.x() end", "('').x")]
    [InlineData("rawset(string, 'x', 1)", "string.x or ('').x")]
    [InlineData("string.upper = nil string.upper = function() return 'poison' end", "('a'):upper() ~= 'A' or string.upper('a') ~= 'A'")]
    [InlineData("table.insert(string, 'x')", "string[1]")]
    [InlineData("table.x = 1", "table.x")]
    [InlineData("math.random = function() return 4 end", "math.random() == 4")]
    [InlineData("freeswitch.consoleLog = 1", "freeswitch.consoleLog == 1")]
    [InlineData("coroutine.x, os.x, io.x, debug.x, utf8.x, bit32.x = 1, 1, 1, 1, 1, 1", "coroutine.x or os.x or io.x or debug.x or utf8.x or bit32.x")]
    [InlineData("print = nil tostring = nil", "not print or not tostring")]
    [InlineData("package.loaded.x = 1 package.path = ''", "package.loaded.x or package.path == ''")]
    [InlineData("setmetatable(_G, { __index = function() return 'poison' end })", "nothing")]
    [InlineData("pairs(string)", "false")]
    [InlineData("for k in pairs(string) do string[k] = nil end local g = _G for k in pairs(g) do g[k] = nil end", "not string.find")]
    [InlineData("math.randomseed(1)", "false")]
    [InlineData("require('shared').x = 1", "require('shared').x")]
    public async Task What_one_script_changes_another_does_not_see(string change, string seen)
    {
        using var bench = new ScriptBench();
        bench.Save("shared.lua", "return {}");
        var first = await bench.RunAsync(change);
        Assert.True(first.Succeeded, first.Error);

        Assert.Equal("clean", await bench.WriteAsync($"stream:write(({seen}) and 'poisoned' or 'clean')"));
    }

    [Fact]
    public async Task A_script_may_extend_its_own_libraries_across_waits_of_others()
    {
        using var bench = new ScriptBench();
        var run = bench.Start("~function string:twice() return self .. self end assert(('a'):twice() == 'aa') freeswitch.msleep(1) assert(('b'):twice() == 'bb' and string.twice('c') == 'cc' and ('x'):upper() == 'X') stream:write(tostring(pcall(function() return ('a'):thrice() end)))", default, ScriptKind.Api);
        var delay = await bench.Port.NextAsync(ScriptOp.Delay);
        Assert.Equal("nil", await bench.WriteAsync("function string:thrice() end stream:write(tostring(('a').twice))"));
        bench.Engine.Complete(delay.Token, new OpResult(1));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal("false", end.Output);
    }

    [Fact]
    public async Task A_strict_metatable_of_the_globals_works_beside_the_builtins()
    {
        using var bench = new ScriptBench();

        Assert.Equal("ok", await bench.WriteAsync("""
            local mt = { __index = function(_, k) error('undeclared ' .. k, 2) end, __newindex = function(t, k, v) rawset(t, k, v) end }
            assert(setmetatable(_G, mt) == _G and getmetatable(_G) == mt)
            x = 5
            local ok, e = pcall(function() return y end)
            assert(not ok and e:find('undeclared y') and x == 5 and string.len('abc') == 3 and type(print) == 'function')
            setmetatable(_G, nil)
            assert(y == nil)
            stream:write('ok')
            """));
    }

    [Fact]
    public async Task Files_can_be_used_in_the_permitted_directories()
    {
        var outside = Directory.CreateTempSubdirectory("recordings-").FullName;
        try
        {
            using var bench = new ScriptBench(o => o with { WritableDirectories = [outside], TemporaryDirectory = Path.Combine(outside, "tmp") });
            Directory.CreateDirectory(Path.Combine(outside, "tmp"));
            bench.Save("data.txt", "one\ntwo\n");

            Assert.Equal("ok", await bench.WriteAsync($$"""
                local dir = [[{{outside}}]]
                local f = assert(io.open(dir .. '/a.txt', 'w'))
                assert(io.type(f) == 'file' and getmetatable(f) == false)
                assert(f:write('x', 1, '\n') == f)
                f:close()
                for line in io.lines(dir .. '/a.txt') do assert(line == 'x1') end
                local r = assert(io.open('data.txt'))
                assert(r:read('l') == 'one' and r:read('*a') == 'two\n')
                r:close()
                assert(os.rename(dir .. '/a.txt', dir .. '/b.txt') and os.remove(dir .. '/b.txt') and select(2, os.remove(dir .. '/b.txt')))
                local name = os.tmpname()
                assert(name:find(dir, 1, true) == 1)
                local t = io.tmpfile() t:write('abc') t:seek('set') assert(t:read('a') == 'abc') t:close()
                assert(select(2, io.open(dir .. '/nowhere/x', 'w')):find('No such file'))
                io.write('to ', 'the ', 'log') io.stderr:write('too')
                assert(os.getenv('PATH') == nil and type(os.time()) == 'number' and os.date('!%Y', 0) == '1970' and os.clock() >= 0)
                os.exit(1)
                stream:write('ok')
                """));
            Assert.Contains("to the log\ntoo\nos.exit", bench.Port.LogText);
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    [Fact]
    public async Task Commands_run_through_the_core_when_they_are_allowed()
    {
        using var bench = new ScriptBench(static o => o with { AllowSystem = true });
        bench.Port.Answer = static b => b.Op == ScriptOp.Api ? new OpResult(1, "line 1\nline 2\n") : null;

        Assert.Equal("line 1|line 2|nil|true", await bench.WriteAsync("""
            local p = io.popen('ls -l')
            stream:write(p:read('*l') .. '|' .. p:read('*l') .. '|' .. tostring(p:read('*l')) .. '|' .. tostring(os.execute('true')))
            p:close()
            """));
        Assert.Equal([["system", "ls -l"], ["system", "true"]], bench.Port.All.Select(b => b.Args));
    }
}
