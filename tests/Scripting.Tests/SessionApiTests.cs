using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

public sealed class SessionApiTests
{
    public static TheoryData<string, ScriptOp, string?[]> Operations => new()
    {
        { "session:answer()", ScriptOp.Answer, [] },
        { "session:preAnswer()", ScriptOp.PreAnswer, [] },
        { "session:hangup()", ScriptOp.Hangup, ["normal_clearing"] },
        { "session:hangup('USER_BUSY')", ScriptOp.Hangup, ["USER_BUSY"] },
        { "session:hangup(17)", ScriptOp.Hangup, ["17"] },
        { "session:sleep(500)", ScriptOp.Sleep, ["500"] },
        { "session:sleep('500', 0)", ScriptOp.Sleep, ["500"] },
        { "session:transfer('1000')", ScriptOp.Transfer, ["1000", null, null] },
        { "session:transfer('1000', 'XML', 'public')", ScriptOp.Transfer, ["1000", "XML", "public"] },
        { "session:execute('echo')", ScriptOp.Execute, ["echo", null] },
        { "session:execute('set', 'a=b')", ScriptOp.Execute, ["set", "a=b"] },
        { "session:execute('sleep', 100)", ScriptOp.Execute, ["sleep", "100"] },
        { "session:streamFile('a.wav')", ScriptOp.StreamFile, ["a.wav", "0"] },
        { "session:streamFile('a.wav', 8000)", ScriptOp.StreamFile, ["a.wav", "8000"] },
        { "session:say('12', 'en', 'number', 'pronounced')", ScriptOp.Say, ["12", "en", "number", "pronounced", null] },
        { "session:playAndGetDigits(1, 4, 3, 5000, '#', 'p.wav', 'bad.wav', '\\\\d+')", ScriptOp.PlayAndGetDigits, ["1", "4", "3", "5000", "#", "p.wav", "bad.wav", "\\d+", null, null, null] },
        { "session:playAndGetDigits(1, 4, 3, 5000, '#', 'p.wav', '', '\\\\d+', 'pin', 2000, '100 XML default')", ScriptOp.PlayAndGetDigits, ["1", "4", "3", "5000", "#", "p.wav", "", "\\d+", "pin", "2000", "100 XML default"] },
        { "session:read(0, 5, 'p.wav', 3000, '#')", ScriptOp.Read, ["1", "5", "p.wav", "3000", "#", "0"] },
        { "session:getDigits(5, '#', 3000)", ScriptOp.GetDigits, ["5", "#", "3000", "0", "0"] },
        { "session:getDigits(5, '', 3000, 1000, 9000)", ScriptOp.GetDigits, ["5", "", "3000", "1000", "9000"] },
        { "session:flushDigits()", ScriptOp.FlushDigits, [] },
        { "session:recordFile('/tmp/a.wav')", ScriptOp.RecordFile, ["/tmp/a.wav", "0", "0", "0"] },
        { "session:recordFile('/tmp/a.wav', 60, 200, 4)", ScriptOp.RecordFile, ["/tmp/a.wav", "60", "200", "4"] },
        { "freeswitch.msleep(20)", ScriptOp.Delay, ["20"] },
        { "freeswitch.API():execute('status')", ScriptOp.Api, ["status", null] },
        { "freeswitch.API():execute(' status ', ' a b ')", ScriptOp.Api, ["status", "a b"] },
        { "freeswitch.API():executeString('uuid_setvar x y z w')", ScriptOp.Api, ["uuid_setvar", "x y z w"] },
        { "freeswitch.API(session):executeString('status')", ScriptOp.Api, ["status", null] },
        { "session:sleep(10 / 2)", ScriptOp.Sleep, ["5"] },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_method_begins_its_operation_with_its_arguments(string code, ScriptOp op, string?[] arguments)
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        var run = bench.Start("~" + code, leg);

        var begun = await bench.Port.NextAsync(op);
        Assert.Equal(arguments, begun.Args);
        Assert.False(begun.WantsInput);
        Assert.Equal(code.Contains("session", StringComparison.Ordinal) ? leg : default, begun.Leg);
        bench.Engine.Complete(begun.Token, new OpResult(1, "x"));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
    }

    [Theory]
    [InlineData("return session:answer()", 1, null, "1")]
    [InlineData("return session:answer()", 0, null, "0")]
    [InlineData("return session:answer()", -1, null, "-1")]
    [InlineData("return session:streamFile('a')", 1, null, "1")]
    [InlineData("return session:playAndGetDigits(1, 1, 1, 100, '', '', '', '')", 1, "42", "42")]
    [InlineData("return session:playAndGetDigits(1, 1, 1, 100, '', '', '', '')", 0, null, "")]
    [InlineData("return session:getDigits(1, '#', 100)", 1, "7", "7")]
    [InlineData("return session:flushDigits()", 1, null, "0")]
    [InlineData("return select('#', session:hangup())", 1, null, "0")]
    [InlineData("return select('#', session:execute('x'))", 1, "ignored", "0")]
    [InlineData("return freeswitch.API():execute('version')", 1, "FreeSWITCH Version 1\n", "FreeSWITCH Version 1\n")]
    public async Task A_result_reaches_the_script_whether_it_comes_at_once_or_later(string code, int status, string? text, string expected)
    {
        foreach (var atOnce in new[] { true, false })
        {
            using var bench = new ScriptBench();
            bench.Port.Answer = b => atOnce ? new OpResult(status, text) : null;
            var leg = bench.Port.AddLeg();
            var run = bench.Start($"~local function f() {code} end session:setVariable('result', '[' .. tostring(f()) .. ']')", leg);
            if (!atOnce)
            {
                var begun = await bench.Port.NextAsync();
                bench.Engine.Complete(begun.Token with { Sequence = begun.Token.Sequence + 1000 }, new OpResult(99, "stale"));
                bench.Engine.Complete(begun.Token, new OpResult(status, text));
                bench.Engine.Complete(begun.Token, new OpResult(98, "second"));
            }

            var end = await bench.Port.EndAsync(run);
            Assert.True(end.Succeeded, end.Error);
            Assert.Equal($"[{expected}]", bench.Port.Variables[(leg, "result")]);
        }
    }

    // The texts of FreeSWITCH's binding; scripts' authors look for them.
    [Theory]
    [InlineData("session:sleep(true)", "Error in CoreSession::sleep (arg 2), expected 'int' got 'boolean'")]
    [InlineData("session:sleep('soon')", "Error in CoreSession::sleep (arg 2), expected 'int' got 'string'")]
    [InlineData("session:sleep()", "Error in CoreSession::sleep expected 2..3 args, got 1")]
    [InlineData("session:sleep(1, 2, 3)", "Error in CoreSession::sleep expected 2..3 args, got 4")]
    [InlineData("session.sleep(1000)", "Error in CoreSession::sleep (arg 1), expected 'CoreSession *' got 'number'")]
    [InlineData("session.answer()", "Error in CoreSession::answer expected 1..1 args, got 0")]
    [InlineData("session:setVariable('x', true)", "Error in CoreSession::setVariable (arg 3), expected 'char *' got 'boolean'")]
    [InlineData("session:setVariable('x', {})", "Error in CoreSession::setVariable (arg 3), expected 'char *' got 'table'")]
    [InlineData("session:setVariable('x')", "Error in CoreSession::setVariable expected 3..3 args, got 2")]
    [InlineData("session:setAutoHangup(1)", "Error in CoreSession::setAutoHangup (arg 2), expected 'bool' got 'number'")]
    [InlineData("session:playAndGetDigits(1)", "Error in CoreSession::playAndGetDigits expected 9..12 args, got 2")]
    [InlineData("freeswitch.consoleLog('info')", "Error in consoleLog expected 2..2 args, got 1")]
    [InlineData("freeswitch.consoleLog('info', 'x', 'y')", "Error in consoleLog expected 2..2 args, got 3")]
    [InlineData("freeswitch.API():execute({})", "Error in API::execute (arg 2), expected 'char *' got 'table'")]
    [InlineData("freeswitch.bridge(session, 5)", "Error in bridge (arg 2), expected 'CoreSession *' got 'number'")]
    [InlineData("session:noSuch()", "attempt to call a nil value (method 'noSuch')")]
    [InlineData("session:playFile('x')", "attempt to call a nil value (method 'playFile')")]
    public async Task Wrong_arguments_raise_at_the_line_of_the_call(string code, string message)
    {
        using var bench = new ScriptBench();

        var end = await bench.RunAsync("\n\n" + code);

        Assert.False(end.Succeeded);
        Assert.StartsWith("~inline:3: " + message, end.Error);
        Assert.Empty(bench.Port.All);
    }

    [Theory]
    [InlineData("session:setVariable('x', 5)", "5")]
    [InlineData("session:setVariable('x', 10 / 2)", "5")]
    [InlineData("session:setVariable('x', 2.5)", "2.5")]
    [InlineData("session:setVariable('x', 'a ${b}')", "a ${b}")]
    [InlineData("session:setVariable('x', 'ä')", "ä")]
    [InlineData("session:setVariable('x', 'y') session:setVariable('x', nil)", null)]
    [InlineData("session:setVariable('x', 'y') session:setVariable('x', '')", null)]
    public async Task Variables_are_stored_as_text(string code, string? expected)
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();

        Assert.True((await bench.RunAsync(code, leg)).Succeeded);

        Assert.Equal(expected, bench.Port.Variables.GetValueOrDefault((leg, "x")));
    }

    [Fact]
    public async Task Getters_tell_the_state_of_the_leg()
    {
        using var bench = new ScriptBench();
        var leg = bench.Port.AddLeg();
        bench.Port.Globals["domain"] = "example.org";

        var end = await bench.RunAsync("""
            assert(session:ready() == true)
            assert(session:answered() and session:mediaReady() and not session:bridged())
            assert(session:getState() == 'CS_EXECUTE')
            assert(session:hangupCause() == 'NONE')
            assert(session:get_uuid() == session.uuid and _G[session.uuid] == session)
            assert(session:getVariable('nothing') == nil)
            assert(session:getVariable('domain') == 'example.org')
            assert(session:setAutoHangup(true) == 0)
            assert(session:flushEvents() == 0)
            session:setVariable('uuid_seen', session.uuid)
            """, leg);

        Assert.True(end.Succeeded, end.Error);
        Assert.Equal(leg.ToString(), bench.Port.Variables[(leg, "uuid_seen")]);
        Assert.Equal(["auto", ""], bench.Port.All.Select(b => b.Op == ScriptOp.Destroy ? string.Join("", b.Args) : "?"));
    }

    [Theory]
    [InlineData("info", 6)]
    [InlineData("INFO", 6)]
    [InlineData("console", 0)]
    [InlineData("Err", 3)]
    [InlineData("error", 3)]
    [InlineData("WARN", 4)]
    [InlineData("1", 1)]
    [InlineData("callback", 7)]
    [InlineData("", 7)]
    public async Task Log_levels_are_taken_in_any_form(string level, int expected)
    {
        using var bench = new ScriptBench();

        Assert.True((await bench.RunAsync($"freeswitch.consoleLog('{level}', 'text\\n') session:consoleLog('{level}', nil)")).Succeeded);

        Assert.Equal([(expected, "text\n"), (expected, "")], bench.Port.Lines.Select(l => (l.Level, l.Text)));
        Assert.Equal("~inline", bench.Port.Lines.First().Script);
    }

    [Fact]
    public async Task Arguments_are_in_argv_with_the_name_at_zero()
    {
        using var bench = new ScriptBench();
        bench.Save("a.lua", "stream:write(argv[0] .. '|' .. table.concat(argv, ',') .. '|' .. #argv .. '|' .. select('#', ...) .. '|' .. debug.getinfo(1).source)");

        var end = await bench.Port.EndAsync(bench.Start("a.lua", default, ScriptKind.Api, "one", "two words"));

        Assert.Equal($"a.lua|one,two words|2|2|@{bench.Directory}/a.lua", end.Output);
    }

    [Fact]
    public async Task An_inline_script_has_no_argv_and_a_background_one_no_session()
    {
        using var bench = new ScriptBench();

        Assert.True((await bench.RunAsync("assert(argv == nil and session ~= nil and stream == nil)")).Succeeded);
        var end = await bench.Port.EndAsync(bench.Start("~assert(session == nil and stream == nil and env == nil and message == nil)", default, ScriptKind.Background));
        Assert.True(end.Succeeded, end.Error);
    }

    [Fact]
    public async Task An_api_script_gets_its_environment_and_writes_its_reply()
    {
        using var bench = new ScriptBench();
        var run = new ScriptRunId(1000);
        bench.Engine.Start(new ScriptStart(run, "~stream:write(env:getHeader('HTTP-uri') .. tostring(env:getHeader('x'))) stream:write(5) print('logged')", [], default, ScriptKind.Api)
        {
            Environment = [new("HTTP-URI", "/a.lua")],
        });

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal("/a.luanil5", end.Output);
        Assert.Equal("logged", bench.Port.LogText);
    }

    [Fact]
    public async Task A_chat_script_decides_about_its_message()
    {
        using var bench = new ScriptBench();
        var run = new ScriptRunId(1000);
        bench.Engine.Start(new ScriptStart(run, "~assert(message:getHeader('from') == '1000@x' and message:getBody() == 'hi') message:chat_execute('reply', 'got ' .. message:getBody()) message:chat_execute('stop')", [], default, ScriptKind.Chat)
        {
            Environment = [new("from", "1000@x"), new("_body", "hi")],
        });

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal([new("reply", "got hi"), new("stop", "")], end.Reply.SkipLast(1));
        Assert.Equal("end", end.Reply[^1].Key);
    }

    [Fact]
    public async Task A_chat_script_changes_its_message_and_sends_it_as_it_is_then()
    {
        using var bench = new ScriptBench();
        var run = new ScriptRunId(1001);
        bench.Engine.Start(new ScriptStart(run, """
            ~message:delHeader("subject") message:chat_execute("set", "to=1002@x") message:chat_execute("unset", "context") message:addBody("A \"B\"\n")
            assert(message:chat_execute("send") == 0) message:addHeader("to", "1003@x") assert(message:chat_send("sip") == 0) assert(message:chat_execute("nonsense") == 1)
            """.Trim(), [], default, ScriptKind.Chat)
        {
            Environment = [new("from", "1000@x"), new("to", "1001@x"), new("subject", "s"), new("context", "c"), new("_body", "hi")],
        });

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal(["send", "send", "end"], end.Reply.Select(r => r.Key));
        var sent = end.Reply.Select(r => System.Text.Json.Nodes.JsonNode.Parse(r.Value)!).ToList();
        Assert.Equal(["1002@x", "1003@x", "1003@x"], sent.Select(s => (string?)s["to"]));
        Assert.Equal(["", "sip", ""], sent.Select(s => (string?)s["_proto"]));
        Assert.All(sent, s => Assert.Equal("A \"B\"\n", (string?)s["_body"]));
        Assert.Null(sent[0]["subject"]);
        Assert.Null(sent[0]["context"]);
        Assert.Equal("1000@x", (string?)sent[0]["from"]);
    }

    [Fact]
    public async Task An_uncaught_error_is_logged_with_its_traceback_and_the_call_is_left_alone()
    {
        using var bench = new ScriptBench();
        bench.Save("lib/deep.lua", "local m = {}\nfunction m.f()\n  error('deep')\nend\nreturn m\n");
        bench.Save("bad.lua", "local deep = require 'deep'\nlocal function g()\n  deep.f()\nend\ng()\n");

        var end = await bench.Port.EndAsync(bench.Start("bad.lua", bench.Port.AddLeg()));

        Assert.False(end.Succeeded);
        Assert.False(end.Killed);
        Assert.Equal("lib/deep.lua:3: deep\nstack traceback:\n\t[C]: in function 'error'\n\tlib/deep.lua:3: in field 'f'\n\tbad.lua:3: in local 'g'\n\tbad.lua:5: in function <bad.lua:1>\n\t(...tail calls...)", end.Error);
        Assert.Contains(bench.Port.Lines, l => l.Level == 3 && l.Script == "bad.lua" && l.Text == end.Error);
        Assert.Empty(bench.Port.All);
    }

    [Theory]
    [InlineData("error({})", "(error object is a table value)")]
    [InlineData("error()", "(error object is a nil value)")]
    [InlineData("error(5)", "5")]
    [InlineData("error('text', 0)", "text")]
    public async Task Any_error_value_ends_the_run(string code, string expected)
    {
        using var bench = new ScriptBench();

        Assert.StartsWith(expected + "\n", (await bench.RunAsync(code)).Error);
    }

    [Fact]
    public async Task A_missing_script_is_an_error_that_names_it()
    {
        using var bench = new ScriptBench();

        Assert.Equal("cannot open nowhere.lua: no such file", (await bench.Port.EndAsync(bench.Start("nowhere.lua"))).Error);
        Assert.Equal("cannot open ../../etc/passwd: not below the script directory", (await bench.Port.EndAsync(bench.Start("../../etc/passwd"))).Error);
    }

    [Fact]
    public async Task Global_variables_can_be_read_and_set()
    {
        using var bench = new ScriptBench();
        bench.Port.Globals["a"] = "1";

        Assert.Equal("1nil", await bench.WriteAsync("stream:write(freeswitch.getGlobalVariable('a') .. tostring(freeswitch.getGlobalVariable('b'))) freeswitch.setGlobalVariable('c', 'd')"));
        Assert.Equal("d", bench.Port.Globals["c"]);
    }

    [Fact]
    public async Task An_api_command_without_a_name_is_refused_without_asking_the_core()
    {
        using var bench = new ScriptBench();

        Assert.Equal("-ERR No application specified", await bench.WriteAsync("stream:write(freeswitch.API():executeString(''))"));
        Assert.Empty(bench.Port.All);
    }
}
