using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Calls.Api;
using XSwitchEngine.Core.Calls.Apps;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Tests.Calls;

public sealed class TextTests
{
    [Fact]
    public void A_dial_string_is_taken_apart_into_parts_groups_and_targets()
    {
        Assert.True(DialString.TryParse("{a=1,b='x,y'}[c=2]user/1000@d,sofia/internal/1001@h:5070;transport=tcp|error/USER_BUSY:_:{d=4}user/1002", out var dial, out _));
        Assert.True(dial.IsEnterprise);
        Assert.Equal([new("a", "1"), new("b", "x,y")], dial.Parts[0].Variables);
        Assert.Equal(2, dial.Parts[0].Groups.Count);
        var first = dial.Parts[0].Groups[0];
        Assert.Equal(("user", "1000@d"), (first[0].Endpoint, first[0].Address));
        Assert.Equal([new("c", "2")], first[0].Variables);
        Assert.Equal("internal/1001@h:5070;transport=tcp", first[1].Address);
        Assert.Equal([new("d", "4")], dial.Parts[1].Variables);
    }

    [Theory]
    [InlineData("{^^:a=1,2:b=3}user/1", "a", "1,2")]
    [InlineData("{a=x\\,y}user/1", "a", "x,y")]
    [InlineData("<a=5>user/1", "a", "5")]
    public void Variables_take_other_delimiters_escapes_and_angle_brackets(string text, string name, string value)
    {
        Assert.True(DialString.TryParse(text, out var dial, out _));
        Assert.Contains(new(name, value), dial.Parts[0].Variables);
    }

    [Theory]
    [InlineData("")]
    [InlineData("user")]
    [InlineData("{a=1user/1000")]
    [InlineData("/1000")]
    public void A_dial_string_that_makes_no_sense_is_refused_in_words(string text)
    {
        Assert.False(DialString.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_dial_string_never_throws_whatever_it_is_made_of() =>
        CsCheck.Check.Sample(CsCheck.Gen.String[CsCheck.Gen.Char["{}[]<>,|:_/='\\^ ab"], 0, 60], text => DialString.TryParse(text, out _, out _) | true, iter: 20_000);

    [Theory]
    [InlineData("a b 'c d' e\\'f", new[] { "a", "b", "c d", "e'f" })]
    [InlineData("  ", new string[0])]
    [InlineData("x\\sy \\n", new[] { "x y", "\n" })]
    public void Arguments_are_split_at_spaces_with_quotes_and_escapes(string text, string[] words) => Assert.Equal(words, Arguments.Split(text));

    [Fact]
    public void The_last_slot_takes_the_rest_of_the_line() => Assert.Equal(["U", "note", "two words"], Arguments.Split("U note two words", 3));

    [Fact]
    public void Variables_are_case_insensitive_and_an_empty_value_deletes()
    {
        var variables = new LegVariables([new("A", "1")]);
        variables.Set("a", "2");
        Assert.Equal("2", variables["A"]);
        variables.Set("A", "");
        Assert.Null(variables["a"]);
        Assert.Empty(variables.Snapshot);
    }

    [Fact]
    public void Variables_do_not_grow_beyond_their_bound()
    {
        var variables = new LegVariables();
        for (var i = 0; i < 10; i++)
        {
            variables.Set("v" + i, new string('x', 1024 * 1024));
        }

        Assert.Equal(LegVariables.MaxCharacters, variables.Snapshot.Sum(v => v.Value.Length));
        for (var i = 0; i < 2 * LegVariables.Limit; i++)
        {
            variables.Set("n" + i, "1");
        }

        Assert.Equal(LegVariables.Limit, variables.Snapshot.Count);
    }

    [Fact]
    public void Variables_written_by_many_threads_are_all_there()
    {
        var variables = new LegVariables();
        Parallel.For(0, 1000, i => variables.Set("v" + i, "x"));
        Assert.Equal(1000, variables.Snapshot.Count);
    }

    [Theory]
    [InlineData("hello ${name}!", "hello World!")]
    [InlineData("${name:1:3}", "orl")]
    [InlineData("${name:-2}", "ld")]
    [InlineData("\\${name}", "${name}")]
    [InlineData("${missing}", "")]
    [InlineData("${na${suffix}}", "World")]
    [InlineData("${list[1]}", "b")]
    [InlineData("${toupper(abc)}", "ABC")]
    [InlineData("${caller_id_number}", "1000")]
    [InlineData("${unclosed", "${unclosed")]
    [InlineData("$${domain}", "test.local")]
    public void Expansion_follows_the_rules_of_the_lua_api(string text, string expected)
    {
        var bench = new CallBench();
        var (leg, script) = bench.Incoming();
        leg.Variables.Set("name", "World");
        leg.Variables.Set("suffix", "me");
        leg.Variables.Set("list", "ARRAY::a|:b|:c");
        bench.Run(script, ScriptOp.Execute, "set", "result=" + text);
        Assert.Equal(expected, leg.Variables["result"] ?? "");
    }

    [Theory]
    [InlineData("regex 1234|^(\\d)(\\d)|%2%1", "21")]
    [InlineData("regex 1234|^9", "false")]
    [InlineData("regex abc|B|x", "abc")]
    [InlineData("regex m:~a|b~^a~y", "y")]
    [InlineData("cond 5 > 3 ? yes : no", "yes")]
    [InlineData("cond 'a' == 'b' ? 'x' : 'y'", "y")]
    [InlineData("expr 1+2*(3-4)/2", "0")]
    [InlineData("expr 1/0", "!err!")]
    [InlineData("expr 2 +", "!err!")]
    [InlineData("md5 abc", "900150983cd24fb0d6963f7d28e17f72")]     // RFC 1321 A.5
    [InlineData("strftime 0|%Y", "1970")]
    [InlineData("url_encode a b", "a%20b")]
    [InlineData("replace a-b|-|+", "a+b")]
    [InlineData("user_exists id 1000 test.local", "true")]
    [InlineData("user_exists id 4711 test.local", "false")]
    [InlineData("user_data 1000@test.local var effective_caller_id_name", "User 1000")]
    [InlineData("nosuchcommand", "INVALID COMMAND!\n")]
    [InlineData("sofia status", "reply to sofia status")]
    [InlineData("hash select/r/k", "")]
    [InlineData("hash delete/r/k", "-ERR Not found\n")]
    [InlineData("uuid_kill 00000000-0000-0000-0000-000000000000", "-ERR No such channel!\n")]
    [InlineData("uuid_getvar", "-USAGE: <uuid> <var>\n")]
    [InlineData("show channels", "\n0 total.\n")]
    [InlineData("show calls as json", "{\"row_count\": 0}\n")]
    [InlineData("system id", "-ERR system commands are not allowed (Engine:AllowSystem)\n")]
    public void Api_commands_answer_as_documented(string command, string reply) => Assert.Equal(reply, new CallBench().Api(command));

    [Fact]
    public void Show_channels_lists_what_can_be_killed_and_nothing_after()
    {
        var bench = new CallBench();
        var (leg, _) = bench.Incoming();
        var list = bench.Api("show channels");
        Assert.StartsWith("uuid,direction,created,", list, StringComparison.Ordinal);
        Assert.Contains(leg.Uuid + ",inbound,", list, StringComparison.Ordinal);
        Assert.EndsWith("\n1 total.\n", list, StringComparison.Ordinal);
        using var json = System.Text.Json.JsonDocument.Parse(bench.Api("show channels as json"));
        Assert.Equal(leg.Uuid, json.RootElement.GetProperty("rows")[0].GetProperty("uuid").GetString());
        Assert.Equal("+OK\n", bench.Api($"uuid_kill {leg.Uuid} USER_BUSY"));
        Assert.Equal("\n0 total.\n", bench.Api("show channels"));
        Assert.Equal("-ERR No such channel!\n", bench.Api($"uuid_kill {leg.Uuid}"));
    }

    [Fact]
    public void Setvar_takes_the_rest_of_the_line_and_getvar_says_undef()
    {
        var bench = new CallBench();
        var (leg, _) = bench.Incoming();
        Assert.Equal("_undef_", bench.Api($"uuid_getvar {leg.Uuid} note"));
        Assert.Equal("+OK\n", bench.Api($"uuid_setvar {leg.Uuid} note two words"));
        Assert.Equal("two words", bench.Api($"uuid_getvar {leg.Uuid} note"));
        Assert.Contains("variable_note: two%20words\n", bench.Api($"uuid_dump {leg.Uuid}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_list_each_bridge_once()
    {
        var bench = new CallBench();
        bench.Bridged();
        Assert.EndsWith("\n1 total.\n", bench.Api("show calls"), StringComparison.Ordinal);
        Assert.EndsWith("\n2 total.\n", bench.Api("show channels count"), StringComparison.Ordinal);
    }

    [Fact]
    public void Hupall_ends_all_or_those_with_a_variable()
    {
        var bench = new CallBench();
        var (a, _) = bench.Incoming();
        var (b, _) = bench.Incoming();
        a.Variables.Set("tag", "x");
        bench.Api("hupall NORMAL_CLEARING tag x");
        Assert.False(a.IsUp);
        Assert.True(b.IsUp);
        Assert.Equal("+OK hangup all channels with cause MANAGER_REQUEST\n", bench.Api("hupall"));
        Assert.False(b.IsUp);
    }

    [Fact]
    public void The_status_text_keeps_the_lines_that_monitoring_scripts_read()
    {
        var bench = new CallBench();
        bench.Incoming();
        var lines = bench.Api("status").Split('\n');
        Assert.Matches("^UP \\d+ years, \\d+ days, ", lines[0]);
        Assert.EndsWith("is ready", lines[1], StringComparison.Ordinal);
        Assert.Equal("1 session(s) since startup", lines[2]);
        Assert.StartsWith("1 session(s) - peak 1", lines[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("number", "pronounced", "1234", "digits/1 digits/thousand digits/2 digits/hundred digits/30 digits/4")]
    [InlineData("NUMBER", "PRONOUNCED", "20", "digits/20")]
    [InlineData("number", "iterated", "105", "digits/1 digits/0 digits/5")]
    [InlineData("name_spelled", "pronounced", "a1", "ascii/97 digits/1")]
    public void Say_speaks_from_single_prompts(string type, string method, string text, string files) => Assert.Equal(files.Split(' '), SayApp.Files(type, method, text));

    [Fact]
    public void An_inline_dial_plan_is_a_list_of_applications() =>
        Assert.Equal([("answer", ""), ("playback", "a,b.wav"), ("hangup", "")], InlineDialplan.Parse("answer,'playback:a,b.wav',hangup:"));

    [Fact]
    public void Arithmetic_never_throws() => CsCheck.Check.Sample(CsCheck.Gen.String[CsCheck.Gen.Char["0123456789.+-*/%() "], 0, 80], text => Arithmetic.TryEvaluate(text, out _) | true, iter: 20_000);
}
