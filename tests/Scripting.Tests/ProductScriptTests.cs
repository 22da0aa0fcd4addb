using System.Text.RegularExpressions;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>The scripts that come with the product, run as they are.</summary>
public sealed partial class ProductScriptTests
{
    private static readonly string Scripts = Path.Combine(RepositoryRoot.Find(), "scripts");

    [Theory]
    [InlineData("9196", "reply")]
    [InlineData("1001", "")]
    public async Task The_chatplan_answers_texts_to_the_echo_and_lets_others_pass(string to, string decided)
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var run = new ScriptRunId(1000);
        bench.Engine.Start(new ScriptStart(run, "chatplan.lua", [], default, ScriptKind.Chat) { Environment = [new("to_user", to), new("_body", "hello")] });
        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
        Assert.Equal(decided, string.Join(' ', end.Reply.SkipLast(1).Select(r => r.Key)));
        Assert.All(end.Reply.SkipLast(1), r => Assert.Equal("hello", r.Value));
    }

    [Theory]
    [InlineData("1000", "Execute bridge user/1000@example.org")]
    [InlineData("1019", "Execute bridge user/1019@example.org")]
    [InlineData("9195", "Answer;Execute delay_echo 5000")]
    [InlineData("9196", "Answer;Execute echo ")]
    [InlineData("9197", "Answer;Execute playback tone_stream://%(1000,0,1004);loops=-1")]
    [InlineData("9198", "Answer;Execute playback tone_stream://%(250,0,523)")]
    [InlineData("5000", "Execute lua ivr.lua")]
    [InlineData("3000", "Answer;Execute conference 3000@default")]
    [InlineData("3099", "Answer;Execute conference 3099@default")]
    [InlineData("5900", "Answer;Execute park ")]
    [InlineData("5901", "Answer;StreamFile not_available.wav")]
    [InlineData("1020", "Execute respond 404;Hangup NO_ROUTE_DESTINATION")]
    [InlineData("19196", "Execute respond 404")]
    [InlineData("", "Execute respond 404")]
    [InlineData("live-1", "Execute respond 404")]
    public async Task The_dialplan_sends_each_number_where_the_table_says(string number, string expected)
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, number);
        bench.Port.Answer = b =>
        {
            if (b.Args is ["bridge", ..])
            {
                bench.Port.Variables[(leg, "originate_disposition")] = "call accepted";
            }

            return new OpResult(1);
        };

        var end = await bench.Port.EndAsync(bench.Start("dialplan.lua", leg));

        Assert.True(end.Succeeded, end.Error);
        Assert.StartsWith(expected, Story(bench));
    }

    [Theory]
    [InlineData("live-1", "Execute stream live-1")]
    [InlineData("9196", "Answer;Execute echo ")]
    [InlineData("1-live", "Execute respond 404")]
    public async Task A_name_is_a_stream_for_who_comes_over_http(string destination, string expected)
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, destination);
        bench.Port.Variables[(leg, "whip_method")] = "whep";
        bench.Port.Answer = static _ => new OpResult(1);

        Assert.True((await bench.Port.EndAsync(bench.Start("dialplan.lua", leg))).Succeeded);

        Assert.StartsWith(expected, Story(bench));
    }

    [Fact]
    public async Task A_call_to_a_busy_user_ends_with_its_cause()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, "1005");
        bench.Port.Legs[leg] = bench.Port.Legs[leg] with { IsAnswered = false };
        bench.Port.Answer = b =>
        {
            bench.Port.Variables[(leg, "originate_disposition")] = "USER_BUSY";
            return new OpResult(1);
        };

        Assert.True((await bench.Port.EndAsync(bench.Start("dialplan.lua", leg))).Succeeded);

        Assert.Equal("Execute bridge user/1005@example.org;Hangup USER_BUSY", Story(bench));
        Assert.Equal("true", bench.Port.Variables[(leg, "continue_on_fail")]);
    }

    [Fact]
    public async Task A_parked_call_is_fetched_by_its_uuid_and_forgotten_when_it_leaves()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        bench.Port.Answer = static b => b.Args is ["park", ..] ? null : new OpResult(1);
        var parked = Caller(bench, "5900");
        var parking = bench.Start("dialplan.lua", parked);
        var park = await bench.Port.NextAsync(ScriptOp.Execute);

        await bench.Port.EndAsync(bench.Start("dialplan.lua", Caller(bench, "5901")));
        Assert.Equal($"Answer;Execute park ;Answer;Execute intercept {parked}", Story(bench));

        bench.Engine.LegGone(parking, "transfer");
        bench.Engine.Complete(park.Token, new OpResult(-1));
        Assert.True((await bench.Port.EndAsync(parking)).Succeeded);
        Assert.False(bench.Port.Globals.ContainsKey("parked_call"));
    }

    [Fact]
    public async Task Music_on_hold_plays_again_and_again_until_the_caller_hangs_up()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, "9664");
        var run = bench.Start("dialplan.lua", leg);
        bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.Answer)).Token, new OpResult(1));
        for (var i = 0; i < 3; i++)
        {
            bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.StreamFile)).Token, new OpResult(1));
        }

        var last = await bench.Port.NextAsync(ScriptOp.StreamFile);
        bench.Engine.LegGone(run, "hangup");
        bench.Engine.Complete(last.Token, new OpResult(0));

        var end = await bench.Port.EndAsync(run);
        Assert.True(end.Succeeded, end.Error);
    }

    [Fact]
    public async Task The_ivr_calls_a_colleague_by_number()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, "5000");
        Play(bench, leg, ["1", "9"], colleague: "1001");

        var end = await bench.Port.EndAsync(bench.Start("ivr.lua", leg));

        Assert.True(end.Succeeded, end.Error);
        Assert.Equal(
            "Answer;Sleep 300;StreamFile welcome.wav;PlayAndGetDigits menu.wav;PlayAndGetDigits enter_number.wav;StreamFile you_entered.wav;"
            + "StreamFile 1.wav;StreamFile 0.wav;StreamFile 0.wav;StreamFile 1.wav;StreamFile calling.wav;Execute bridge user/1001@example.org;"
            + "StreamFile not_available.wav;PlayAndGetDigits menu.wav;StreamFile goodbye.wav;Hangup NORMAL_CLEARING",
            Story(bench));
    }

    [Fact]
    public async Task The_ivr_records_and_plays_back()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, "5000");
        bench.Port.Globals["recordings_dir"] = "/var/recordings";
        Play(bench, leg, ["2", "9"]);

        var end = await bench.Port.EndAsync(bench.Start("ivr.lua", leg));

        Assert.True(end.Succeeded, end.Error);
        var path = $"/var/recordings/ivr-{leg}.wav";
        Assert.Contains($"StreamFile record.wav;StreamFile beep.wav;FlushDigits ;RecordFile {path};StreamFile recorded.wav;StreamFile {path};StreamFile thank_you.wav;", Story(bench));
        Assert.True(bench.Port.All.Single(b => b.Op == ScriptOp.RecordFile).WantsInput);
    }

    [Fact]
    public async Task The_ivr_gives_up_after_three_wrong_or_missing_keys()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, "5000");
        Play(bench, leg, ["7", "", "*"]);

        var end = await bench.Port.EndAsync(bench.Start("ivr.lua", leg));

        Assert.True(end.Succeeded, end.Error);
        Assert.EndsWith(
            "PlayAndGetDigits menu.wav;StreamFile invalid.wav;PlayAndGetDigits menu.wav;PlayAndGetDigits menu.wav;StreamFile invalid.wav;StreamFile goodbye.wav;Hangup NORMAL_CLEARING",
            Story(bench));
    }

    [Fact]
    public async Task A_key_during_the_welcome_is_the_choice()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        var leg = Caller(bench, "5000");
        var run = bench.Start("ivr.lua", leg);
        bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.Answer)).Token, new OpResult(1));
        bench.Engine.Complete((await bench.Port.NextAsync(ScriptOp.Sleep)).Token, new OpResult(1));
        var welcome = await bench.Port.NextAsync(ScriptOp.StreamFile);
        bench.Engine.Input(welcome.Token, new ScriptInput("dtmf", '9', 2000));
        await bench.SettleAsync();
        Assert.Equal([(welcome.Token, "break")], bench.Port.Controls);
        bench.Engine.Complete(welcome.Token, new OpResult(0));

        Assert.Equal(["goodbye.wav", "0"], (await bench.Port.NextAsync(ScriptOp.StreamFile)).Args);
        bench.Engine.Kill(run, "test");
        await bench.Port.EndAsync(run);
    }

    [Fact]
    public void Every_script_compiles_and_every_prompt_it_names_exists_at_both_rates()
    {
        using var bench = new ScriptBench(static o => o with { ScriptDirectory = Scripts });
        foreach (var file in Directory.EnumerateFiles(Scripts, "*.lua", SearchOption.AllDirectories))
        {
            Assert.Null(bench.Engine.Check(Path.GetRelativePath(Scripts, file)));
            foreach (var prompt in Prompt().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value).Concat(Enumerable.Range(0, 10).Select(d => $"{d}.wav")))
            {
                Assert.Equal(8000, SampleRate(Path.Combine(Scripts, "sounds", "8000", prompt)));
                Assert.Equal(16000, SampleRate(Path.Combine(Scripts, "sounds", "16000", prompt)));
            }
        }
    }

    [Fact]
    public async Task The_examples_of_the_readme_run()
    {
        var examples = Example().Matches(await File.ReadAllTextAsync(Path.Combine(Scripts, "README.md"), TestContext.Current.CancellationToken)).Select(m => m.Groups[1].Value).ToArray();
        Assert.Equal(2, examples.Length);
        foreach (var example in examples)
        {
            using var bench = new ScriptBench();
            bench.Save("lib/route.lua", File.ReadAllText(Path.Combine(Scripts, "lib", "route.lua")));
            bench.Save("example.lua", example);
            var leg = Caller(bench, "0555123");
            bench.Port.Answer = b => new OpResult(1, b.Op == ScriptOp.PlayAndGetDigits ? "1234" : null);

            var end = await bench.Port.EndAsync(bench.Start("example.lua", leg));

            Assert.True(end.Succeeded, end.Error);
            Assert.EndsWith(example.Contains("route", StringComparison.Ordinal) ? "Execute bridge sofia/gateway/trunk/555123" : "Execute bridge user/1000@example.org", Story(bench));
        }
    }

    [Fact]
    public void The_readme_has_a_row_for_every_method_and_no_other()
    {
        var text = File.ReadAllText(Path.Combine(Scripts, "README.md"));
        var rows = SessionRow().Matches(text).SelectMany(m => MethodName().Matches(m.Value)).Select(m => m.Groups[1].Value).ToHashSet();
        var methods = SessionMethods.All.Select(m => m.Name).Except(["flushEvents", "hangupState"]).ToHashSet();

        Assert.Equal(methods.Order(), rows.Order());
    }

    private static LegId Caller(ScriptBench bench, string number)
    {
        var leg = bench.Port.AddLeg();
        bench.Port.Variables[(leg, "destination_number")] = number;
        bench.Port.Globals["domain_name"] = "example.org";
        return leg;
    }

    /// <summary>A caller who presses these keys in the menu.</summary>
    private static void Play(ScriptBench bench, LegId leg, string[] keys, string colleague = "")
    {
        var next = 0;
        bench.Port.Answer = b =>
        {
            switch (b.Op)
            {
                case ScriptOp.PlayAndGetDigits:
                    return new OpResult(1, b.Args[5] == "menu.wav" ? keys[next++] : colleague);
                case ScriptOp.Execute:
                    bench.Port.Variables[(leg, "originate_disposition")] = "NO_ANSWER";
                    return new OpResult(1);
                case ScriptOp.Hangup:
                    bench.Port.Legs[leg] = bench.Port.Legs[leg] with { IsReady = false };
                    return new OpResult(1);
                default:
                    return new OpResult(1);
            }
        };
    }

    /// <summary>What the script asked for: each operation with what tells it from others of its kind.</summary>
    private static string Story(ScriptBench bench) => string.Join(';', bench.Port.All.Select(b =>
        b.Op == ScriptOp.Answer ? "Answer"
        : b.Op == ScriptOp.PlayAndGetDigits ? $"PlayAndGetDigits {b.Args[5]}"
        : b.Op == ScriptOp.Execute ? $"Execute {b.Args[0]} {b.Args[1]}"
        : $"{b.Op} {b.Args.FirstOrDefault()}"));

    private static int SampleRate(string path)
    {
        var header = File.ReadAllBytes(path).AsSpan(0, 44);
        Assert.Equal((1, 1, 16), (BitConverter.ToInt16(header[20..]), BitConverter.ToInt16(header[22..]), BitConverter.ToInt16(header[34..])));   // PCM, mono, 16 bits
        return BitConverter.ToInt32(header[24..]);
    }

    [GeneratedRegex("\"([a-z_]+\\.wav)\"")]
    private static partial Regex Prompt();

    [GeneratedRegex("```lua\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^\| `session:.*?\|", RegexOptions.Multiline)]
    private static partial Regex SessionRow();

    [GeneratedRegex(@"(\w+)\(")]
    private static partial Regex MethodName();
}
