using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Tests.Calls;

public sealed class DigitTests
{
    private readonly CallBench _bench = new();
    private readonly Leg _leg;
    private readonly ScriptStart _script;

    public DigitTests()
    {
        (_leg, _script) = _bench.Incoming();
        _bench.Run(_script, ScriptOp.Answer);
    }

    private void Type(string digits)
    {
        foreach (var digit in digits)
        {
            _bench.Media.Digit(_leg.Media.Index, digit);
            _bench.Settle();
        }
    }

    private OpResult Result(OpToken token) => _bench.Scripts.Completed[token];

    [Fact]
    public void The_first_digit_stops_the_prompt_and_the_terminator_ends_the_reading()
    {
        var token = _bench.Run(_script, ScriptOp.PlayAndGetDigits, "1", "4", "3", "5000", "#", "/sounds/menu.wav", "/sounds/bad.wav", "\\d+", "choice", null, null);
        Assert.NotEmpty(_bench.Media.Playing);
        Type("1");
        Assert.Empty(_bench.Media.Playing);
        Type("2#");
        Assert.Equal("12", Result(token).Text);
        Assert.Equal("12", _leg.Variables["choice"]);
        Assert.Equal("#", _leg.Variables["read_terminator_used"]);
    }

    [Fact]
    public void Digits_typed_before_skip_the_prompt()
    {
        Type("42");
        var token = _bench.Run(_script, ScriptOp.PlayAndGetDigits, "1", "2", "1", "1000", "#", "/sounds/menu.wav", "", "", "v", null, null);
        Assert.Equal("42", Result(token).Text);
        Assert.DoesNotContain(_bench.Media.Journal, j => j.StartsWith("play", StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_entry_plays_the_bad_prompt_and_tries_again_until_the_tries_are_over()
    {
        var token = _bench.Run(_script, ScriptOp.PlayAndGetDigits, "1", "1", "2", "1000", "", "silence", "/sounds/bad.wav", "[1-3]", "v", null, null);
        Type("9");
        Assert.Contains("play /sounds/bad.wav", _bench.Media.Journal);
        Assert.Equal("9", _leg.Variables["v_invalid"]);
        _bench.Media.EndPlayback(_leg.Media.Index, PlaybackEnd.Finished);
        _bench.Settle();
        Type("8");
        _bench.Media.EndPlayback(_leg.Media.Index, PlaybackEnd.Finished);
        _bench.Settle();
        Assert.Equal("", Result(token).Text);
        Assert.Null(_leg.Variables["v"]);
    }

    [Fact]
    public void After_the_last_try_the_call_is_transferred_if_it_was_said_so()
    {
        _bench.Run(_script, ScriptOp.PlayAndGetDigits, "1", "1", "1", "1000", "", "", "", "", "v", null, "9999 Lua default");
        _bench.Advance(1.2);
        Assert.Equal("9999", _leg.Profile.Destination);
    }

    [Fact]
    public void A_timeout_with_enough_digits_counts_as_success()
    {
        var token = _bench.Run(_script, ScriptOp.PlayAndGetDigits, "2", "10", "1", "3000", "#", "", "", "", "v", "500", null);
        Type("123");
        _bench.Advance(0.7);
        Assert.Equal("123", Result(token).Text);
    }

    [Fact]
    public void GetDigits_waits_for_the_first_digit_and_then_only_between_digits()
    {
        var token = _bench.Run(_script, ScriptOp.GetDigits, "10", "#", "5000", "1000", "0");
        _bench.Advance(4);
        Type("7");
        _bench.Advance(0.5);
        Assert.DoesNotContain(token, _bench.Scripts.Completed.Keys);
        _bench.Advance(0.7);
        Assert.Equal("7", Result(token).Text);
    }

    [Fact]
    public void StreamFile_is_not_stopped_by_digits_without_a_callback_and_they_stay_queued()
    {
        var token = _bench.Run(_script, ScriptOp.StreamFile, "/sounds/long.wav", "0");
        Type("5");
        Assert.DoesNotContain(token, _bench.Scripts.Completed.Keys);
        _bench.Media.EndPlayback(_leg.Media.Index, PlaybackEnd.Finished);
        _bench.Settle();
        Assert.Equal(1, Result(token).Status);
        Assert.Equal("5", Result(_bench.Run(_script, ScriptOp.GetDigits, "1", "", "100", "0", "0")).Text);
    }

    [Fact]
    public void With_a_callback_each_digit_is_handed_over_and_its_word_steers_the_playback()
    {
        var token = _bench.Scripts.Begin(_script, _leg.Id, ScriptOp.StreamFile, wantsInput: true, "/sounds/long.wav", "0");
        _bench.Settle();
        Type("5");
        Assert.Equal('5', Assert.Single(_bench.Scripts.Inputs).Input.Digit);
        _bench.Scripts.Port.Control(token, "seek:+1000");
        _bench.Settle();
        Assert.Contains("control SeekBy 1000", _bench.Media.Journal);
        _bench.Scripts.Port.Control(token, "break");
        _bench.Settle();
        Assert.Equal(0, Result(token).Status);
        Assert.Equal(0, _leg.Digits.Count);
    }

    [Fact]
    public void Playback_stops_at_its_terminator_and_says_which()
    {
        _leg.Variables.Set("playback_terminators", "#*");
        var token = _bench.Run(_script, ScriptOp.Execute, "playback", "/sounds/long.wav");
        Type("1*");
        Assert.Contains(token, _bench.Scripts.Completed.Keys);
        Assert.Equal("*", _leg.Variables["playback_terminator_used"]);
    }

    [Fact]
    public void Recording_stops_at_silence_and_tells_how_long_it_was()
    {
        var token = _bench.Run(_script, ScriptOp.RecordFile, "/tmp/x.wav", "30", "200", "3");
        Assert.Contains("silence 200 3000", _bench.Media.Journal);
        _bench.Engine.Core.OnMedia(new(MediaEventKind.Silence, _leg.Media, _leg.MediaOwner, 0, 0, 0, 0));
        _bench.Settle();
        Assert.Equal(1, Result(token).Status);
        Assert.Equal("2", _leg.Variables["record_seconds"]);
        Assert.Equal("true", _leg.Variables["silence_hits_exhausted"]);
    }

    [Fact]
    public void The_digit_queue_never_grows_beyond_its_bound()
    {
        for (var i = 0; i < 2 * DigitQueue.Limit; i++)
        {
            _bench.Calls.Post(new LegEvent.Dtmf(_leg.Id, '1', 100));
        }

        _bench.Settle();
        Assert.Equal(DigitQueue.Limit, _leg.Digits.Count);
    }
}
