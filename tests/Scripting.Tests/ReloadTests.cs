using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

public sealed class ReloadTests
{
    [Fact]
    public async Task The_next_run_follows_a_saved_file_and_the_running_one_keeps_its_own()
    {
        using var bench = new ScriptBench();
        const string Body = "freeswitch.msleep(1) stream:write(version()) ";
        bench.Save("a.lua", "function version() return 'one' end " + Body);
        var old = bench.Start("a.lua", default, ScriptKind.Api);
        var oldWait = await bench.Port.NextAsync(ScriptOp.Delay);

        bench.Save("a.lua", "function version() return 'two' end " + Body);
        var young = bench.Start("a.lua", default, ScriptKind.Api);
        var youngWait = await bench.Port.NextAsync(ScriptOp.Delay);
        bench.Engine.Complete(oldWait.Token, new OpResult(1));
        bench.Engine.Complete(youngWait.Token, new OpResult(1));

        Assert.Equal("one", (await bench.Port.EndAsync(old)).Output);
        Assert.Equal("two", (await bench.Port.EndAsync(young)).Output);
    }

    [Fact]
    public async Task Every_save_counts_even_within_one_tick_of_the_file_clock()
    {
        using var bench = new ScriptBench();
        for (var i = 100; i < 200; i++)
        {
            bench.Save("a.lua", $"stream:write({i})");
            Assert.Equal($"{i}", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);
        }
    }

    [Theory]
    [InlineData("\nlocal x = = 1\n", "a.lua:2: unexpected symbol near '='")]
    [InlineData("if x then\n", "a.lua:2: 'end' expected (to close 'if' at line 1) near <eof>")]
    [InlineData("end end return function() return function()", "a.lua:1: <eof> expected near 'end'")]
    [InlineData("goto nowhere", "a.lua:1: no visible label 'nowhere' for <goto> at line 1")]
    public async Task A_syntax_error_names_file_and_line_and_leaves_the_old_version_in_force(string broken, string error)
    {
        using var bench = new ScriptBench();
        bench.Save("a.lua", "stream:write('good')");
        Assert.Equal("good", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);

        bench.Save("a.lua", broken);

        Assert.Equal(error, bench.Engine.Check("a.lua"));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("good", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);
        }

        Assert.Equal([(3, "a.lua", error)], bench.Port.Lines.Select(l => (l.Level, l.Script, l.Text)));
        Assert.Equal([error], bench.Engine.Reload());

        bench.Save("a.lua", "stream:write('better')");
        Assert.Equal("better", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);
        Assert.Null(bench.Engine.Check("a.lua"));
    }

    [Fact]
    public async Task A_script_that_was_never_sound_ends_its_run_with_the_message()
    {
        using var bench = new ScriptBench();
        bench.Save("bad.lua", "x = = 1");

        var end = await bench.Port.EndAsync(bench.Start("bad.lua", bench.Port.AddLeg()));

        Assert.False(end.Succeeded);
        Assert.Equal("bad.lua:1: unexpected symbol near '='", end.Error);
    }

    [Fact]
    public async Task A_changed_module_makes_a_new_generation_of_the_scripts_that_use_it()
    {
        using var bench = new ScriptBench();
        bench.Save("lib/m.lua", "return { name = 'one' }");
        bench.Save("sub/n.lua", "return { name = require('m').name .. '!' }");
        bench.Save("a.lua", "local n = require 'sub.n' freeswitch.msleep(1) assert(require 'sub.n' == n) stream:write(n.name, '') stream:write(dofile('lib/m.lua').name)".Replace(", ''", "", StringComparison.Ordinal));
        var old = bench.Start("a.lua", default, ScriptKind.Api);
        var oldWait = await bench.Port.NextAsync(ScriptOp.Delay);

        bench.Save("lib/m.lua", "return { name = 'two' }");
        var young = bench.Start("a.lua", default, ScriptKind.Api);
        bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.Delay)).Token, new OpResult(1));
        bench.Engine.Complete(oldWait.Token, new OpResult(1));

        Assert.Equal("one!one", (await bench.Port.EndAsync(old)).Output);
        Assert.Equal("two!two", (await bench.Port.EndAsync(young)).Output);

        bench.Save("lib/m.lua", "return {");
        var third = bench.Start("a.lua", default, ScriptKind.Api);
        bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.Delay)).Token, new OpResult(1));
        Assert.Equal("two!two", (await bench.Port.EndAsync(third)).Output);
        Assert.Contains("lib/m.lua:1: unexpected symbol near <eof>", bench.Port.LogText);
    }

    [Fact]
    public async Task A_module_that_is_not_sound_is_an_error_of_require_that_names_the_line()
    {
        using var bench = new ScriptBench();
        bench.Save("lib/m.lua", "\nreturn {");

        var end = await bench.RunAsync("require 'm'");

        Assert.Contains("error loading module 'm' from file", end.Error);
        Assert.Contains("lib/m.lua:2: unexpected symbol near <eof>", end.Error);
    }

    [Fact]
    public async Task A_module_instance_belongs_to_one_run_and_may_wait_while_it_loads()
    {
        using var bench = new ScriptBench();
        bench.Port.Answer = static _ => new OpResult(1);
        bench.Save("m.lua", "freeswitch.msleep(1) local m = { n = 0 } function m.next() m.n = m.n + 1 return m.n end return m");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("12m", await bench.WriteAsync("local m, path = require 'm' stream:write(m.next() .. require('m').next() .. path:match('(%a+)%.lua$'))"));
        }
    }

    [Fact]
    public async Task Require_honours_path_preload_and_loaded()
    {
        using var bench = new ScriptBench();
        bench.Save("other/dir/thing.lua", "return 'found ' .. ...");

        Assert.Equal("found thing|pre x|set|true|true", await bench.WriteAsync($$"""
            package.path = package.path .. ';{{bench.Directory}}/other/dir/?.lua'
            package.preload.x = function(name) return 'pre ' .. name end
            package.loaded.y = 'set'
            package.preload.z = function() end
            stream:write(table.concat({ require 'thing', require 'x', require 'y', tostring(require 'z'), tostring(require 'string' == string) }, '|'))
            """));
    }

    [Theory]
    [InlineData("\ufeff", 1)]
    [InlineData("#!/usr/bin/lua\n", 2)]
    [InlineData("\ufeff#!/usr/bin/env lua\n\n", 3)]
    public async Task A_byte_order_mark_and_an_interpreter_line_do_not_shift_lines(string prefix, int line)
    {
        using var bench = new ScriptBench();
        bench.Save("a.lua", prefix + "error('here')");

        Assert.StartsWith($"a.lua:{line}: here\n", (await bench.Port.EndAsync(bench.Start("a.lua"))).Error);
    }

    [Fact]
    public async Task An_empty_or_vanished_file_leaves_the_old_version_until_a_reload()
    {
        using var bench = new ScriptBench();
        var path = bench.Save("a.lua", "stream:write('good')");
        Assert.Equal("good", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);

        bench.Save("a.lua", "");
        Assert.Equal("good", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);
        File.Delete(path);
        Assert.Equal("good", (await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Output);

        Assert.Equal(["a.lua: gone"], bench.Engine.Reload());
        Assert.False(bench.Engine.Exists("a.lua"));
        Assert.False((await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api))).Succeeded);
    }

    [Fact]
    public async Task Reload_tells_what_it_read()
    {
        using var bench = new ScriptBench();
        bench.Save("a.lua", "return 1");
        await bench.Port.EndAsync(bench.Start("a.lua"));
        Assert.Empty(bench.Engine.Reload());

        bench.Save("a.lua", "return 2");

        Assert.Equal(["a.lua: loaded"], bench.Engine.Reload());
        Assert.Contains(bench.Port.Lines, l => l is { Level: 6, Text: "a.lua: loaded" });
    }

    [Fact]
    public async Task A_watched_directory_reports_a_bad_save_without_a_call()
    {
        using var bench = new ScriptBench(static o => o with { WatchFiles = true });
        bench.Save("a.lua", "return 1");
        await bench.Port.EndAsync(bench.Start("a.lua"));

        bench.Save("a.lua", "return = 1");

        Assert.Equal("a.lua:1: unexpected symbol near '='", await bench.Port.NextLineAsync());
    }

    [Theory]
    [InlineData("a.lua", true)]
    [InlineData("b.lua", false)]
    [InlineData("../a.lua", false)]
    [InlineData("", false)]
    public void Existing_scripts_are_found(string name, bool exists)
    {
        using var bench = new ScriptBench();
        bench.Save("a.lua", "");

        Assert.Equal(exists, bench.Engine.Exists(name));
    }
}
