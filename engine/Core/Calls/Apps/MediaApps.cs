using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls.Apps;

/// <summary>Applications that play, record, collect digits and echo.</summary>
internal sealed class MediaApps(CallCore core, LegAudio audio, DigitCollector digits)
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    public void AddTo(ApplicationTable table)
    {
        table.Add("playback", PlaybackAsync);
        table.Add("endless_playback", (c, data) => LoopAsync(c, data, int.MaxValue));
        table.Add("loop_playback", LoopPlaybackAsync);
        table.Add("gentones", (c, data) => audio.PlayAsync(c, "tone_stream://" + data.Trim().Replace('|', ';'), Terminators(c.Leg)));
        table.Add("echo", (c, _) => EchoAsync(c, 0));
        table.Add("delay_echo", (c, data) => EchoAsync(c, int.TryParse(data.Trim(), out var ms) ? Math.Clamp(ms, 0, 10_000) : 1000));
        table.Add("record", RecordAsync);
        table.Add("record_session", (c, data) => Do(() => RecordSession(c.Leg, data)));
        table.Add("stop_record_session", (c, data) => Do(() => StopRecording(core, c.Leg, data.Trim(), RecordingControl.Stop)));
        table.Add("record_session_mask", (c, data) => Do(() => StopRecording(core, c.Leg, data.Trim(), RecordingControl.Mask)));
        table.Add("record_session_unmask", (c, data) => Do(() => StopRecording(core, c.Leg, data.Trim(), RecordingControl.Unmask)));
        table.Add("record_session_pause", (c, data) => Do(() => StopRecording(core, c.Leg, data.Trim(), RecordingControl.Pause)));
        table.Add("record_session_resume", (c, data) => Do(() => StopRecording(core, c.Leg, data.Trim(), RecordingControl.Resume)));
        table.Add("read", ReadAsync);
        table.Add("play_and_get_digits", PlayAndGetDigitsAsync);
        table.Add("send_dtmf", (c, data) => SendDtmfAsync(core, c, data));
        table.Add("queue_dtmf", (c, data) => Do(() => Queue(c.Leg, data)));
        table.Add("flush_dtmf", (c, _) => Do(c.Leg.Digits.Clear));
        table.Add("start_dtmf", (c, _) => Do(() => Inband(c.Leg, on: true)));
        table.Add("stop_dtmf", (c, _) => Do(() => Inband(c.Leg, on: false)));
        table.Add("wait_for_silence", WaitForSilenceAsync);
        table.Add("mkdir", (_, data) => Do(() => Directory(data)));
    }

    /// <summary>Begins a recording of both directions in the background.</summary>
    /// <param name="leg">The leg; media is opened if need be.</param>
    /// <param name="data"><c>path [+seconds]</c>.</param>
    /// <returns>False when the leg has no media.</returns>
    public bool RecordSession(Leg leg, string data)
    {
        var words = Arguments.Split(data);
        if (words.Count == 0 || !core.PreAnswer(leg) || leg.Recordings.Count >= 16)
        {
            return false;
        }

        var limit = words.Count > 1 && int.TryParse(words[1].TrimStart('+'), out var seconds) ? Math.Clamp(seconds, 0, 86_400) : 0;
        var file = SoundNames.Recording(words[0], core.Services);
        var token = core.Media.NewToken();
        leg.Recordings[file] = token;
        leg.RecordedFiles.Add(file);
        core.Announce.Recording("RECORD_START", leg, file);
        core.Services.Media.Record(leg.Media, token, new RecordingSpec(file, BothDirections: true, leg.Variables.IsTrue("RECORD_STEREO"), limit * 1000, CreateDirectories: true));
        return true;
    }

    /// <summary>Ends or changes a background recording.</summary>
    /// <param name="core">The core.</param>
    /// <param name="leg">The leg.</param>
    /// <param name="path">The file, or <c>all</c>.</param>
    /// <param name="how">What to do.</param>
    /// <returns>False when there is none.</returns>
    public static bool StopRecording(CallCore core, Leg leg, string path, RecordingControl how)
    {
        var file = path.Length > 0 && path != "all" ? SoundNames.Recording(path, core.Services) : null;
        var found = leg.Recordings.Where(r => file is null || r.Key == file).Select(r => r.Value).ToList();
        foreach (var token in found)
        {
            core.Services.Media.ControlRecording(leg.Media, token, how);
        }

        return found.Count > 0;
    }

    /// <summary>Sends digits to the far end.</summary>
    /// <param name="core">The core.</param>
    /// <param name="control">The leg.</param>
    /// <param name="data"><c>digits[@ms]</c>, several joined by <c>+</c>; <c>w</c> half a second, <c>W</c> a second.</param>
    public static async Task SendDtmfAsync(CallCore core, LegControl control, string data)
    {
        var leg = control.Leg;
        foreach (var group in data.Trim().Split('+', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = group.Split('@');
            var ms = parts.Length > 1 && int.TryParse(parts[1], out var given) ? Math.Clamp(given, 40, 8000) : 250;
            foreach (var c in parts[0].Take(256))
            {
                if (!control.MayGoOn)
                {
                    return;
                }

                if (c is 'w' or 'W')
                {
                    await control.ReceiveAsync(TimeSpan.FromMilliseconds(c == 'w' ? 500 : 1000));
                }
                else if (DigitText.IsDigit(c))
                {
                    Send(core, leg, char.ToUpperInvariant(c), ms);
                }
            }
        }
    }

    /// <summary>Sends one digit by RTP, or by signalling when the leg wants that.</summary>
    /// <param name="core">The core.</param>
    /// <param name="leg">The leg.</param>
    /// <param name="digit">The digit.</param>
    /// <param name="ms">Its length.</param>
    public static void Send(CallCore core, Leg leg, char digit, int ms)
    {
        if (leg.Variables["dtmf_type"] is "info" || !leg.Media.IsOpen)
        {
            core.Dispatch(leg, new Abstractions.LegCommand.SendDtmf(leg.Id, digit, ms));
        }
        else
        {
            core.Services.Media.SendDtmf(leg.Media, digit, ms);
        }
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static string Terminators(Leg leg) => leg.Variables["playback_terminators"] ?? "*";

    private async Task PlaybackAsync(LegControl control, string data)
    {
        var leg = control.Leg;
        leg.Variables.Set("playback_terminator_used", null);
        var played = await audio.PlayAsync(control, data, Terminators(leg));
        leg.Variables.Set("current_application_response", played.End switch
        {
            PlaybackEnd.NotFound => "FILE NOT FOUND",
            PlaybackEnd.Failed => "PLAYBACK ERROR",
            PlaybackEnd.Finished or PlaybackEnd.Stopped or PlaybackEnd.Replaced or PlaybackEnd.Closed or null => "FILE PLAYED",
            _ => throw new System.Diagnostics.UnreachableException("every end has a word"),
        });
        if (played.Terminator != '\0')
        {
            leg.Variables.Set("playback_terminator_used", played.Terminator.ToString());
        }
        else if (played.End is PlaybackEnd.NotFound or PlaybackEnd.Failed)
        {
            Log.LegWarning(core.Services.Log, leg.Uuid, $"cannot play {data}: {played.End}");
        }
    }

    private Task LoopPlaybackAsync(LegControl control, string data)
    {
        var words = Arguments.Split(data, 2);
        var counted = words.Count == 2 && words[0].StartsWith('+');
        var times = counted && int.TryParse(words[0][1..], out var n) ? n : int.MaxValue;
        return LoopAsync(control, counted ? words[1] : data, times);
    }

    private async Task LoopAsync(LegControl control, string data, int times)
    {
        for (var i = 0; i < times && control.MayGoOn; i++)
        {
            var before = control.Now;
            var played = await audio.PlayAsync(control, data, Terminators(control.Leg));
            if (!played.IsWhole)
            {
                return;
            }

            if (control.Now == before)
            {
                await control.ReceiveAsync(TimeSpan.FromMilliseconds(20));      // an empty file must not spin the loop
            }
        }
    }

    private async Task EchoAsync(LegControl control, int delayMs)
    {
        var leg = control.Leg;
        if (!core.Answer(leg))
        {
            return;
        }

        core.Services.Media.Echo(leg.Media, delayMs);
        while (control.MayGoOn)
        {
            switch (await control.ReceiveAsync())
            {
                case Signal.Digit digit when leg.Negotiated?.Audio.SendEventType >= 0:
                    leg.Digits.Clear();
                    core.Services.Media.SendDtmf(leg.Media, digit.Value, Math.Clamp(digit.DurationMs, 40, 8000));
                    break;
                case Signal.Break:
                    Stop();
                    return;
                default:
                    break;
            }
        }

        Stop();

        void Stop()
        {
            if (leg.Media.IsOpen)
            {
                core.Services.Media.Echo(leg.Media, -1);
            }
        }
    }

    private async Task RecordAsync(LegControl control, string data)
    {
        var words = Arguments.Split(data, 4);
        if (words.Count == 0)
        {
            return;
        }

        var numbers = words.Skip(1).Select(w => int.TryParse(w, out var n) ? n : 0).ToList();
        var whole = await audio.RecordAsync(control, words[0], numbers.ElementAtOrDefault(0), numbers.ElementAtOrDefault(1), numbers.ElementAtOrDefault(2), Terminators(control.Leg));
        if (!whole && control.MayGoOn)
        {
            core.Hangup(control.Leg, Abstractions.HangupCause.DestinationOutOfOrder);
        }
    }

    private async Task ReadAsync(LegControl control, string data)
    {
        var w = Arguments.Split(data, 7);
        if (w.Count < 4)
        {
            return;
        }

        var timeout = TimeSpan.FromMilliseconds(Math.Max(1000, Number(w, 4, 5000)));
        var digitTimeout = Number(w, 6, 0) is > 0 and var ms ? TimeSpan.FromMilliseconds(ms) : timeout;
        var terminators = w.ElementAtOrDefault(5) is { Length: > 0 } given ? given : "#";
        control.Leg.Variables.Set(w[3], null);
        var reading = await digits.ReadAsync(control, Math.Max(1, Number(w, 0, 1)), Math.Max(1, Number(w, 1, 1)), w[2], timeout, digitTimeout, terminators);
        control.Leg.Variables.Set(w[3], reading.Digits);
    }

    private async Task PlayAndGetDigitsAsync(LegControl control, string data)
    {
        var w = Arguments.Split(data, 11);
        if (w.Count < 8)
        {
            return;
        }

        var timeout = Number(w, 3, 0) is > 0 and var ms ? TimeSpan.FromMilliseconds(ms) : DefaultTimeout;
        var digitTimeout = Number(w, 9, 0) is > 0 and var digit ? TimeSpan.FromMilliseconds(digit) : timeout;
        var request = new PlayAndGetDigits(Number(w, 0, 1), Number(w, 1, 1), Number(w, 2, 1), timeout, digitTimeout, w[4], w[5], w[6], w.ElementAtOrDefault(8) ?? "", w[7]);
        var (_, succeeded) = await digits.PlayAndGetAsync(control, request);
        if (!succeeded && control.MayGoOn && w.ElementAtOrDefault(10) is { Length: > 0 } target)
        {
            var t = Arguments.Split(target, 3);
            core.Redirect(control.Leg, new NextStep.Transfer(t[0], t.ElementAtOrDefault(1) ?? "", t.ElementAtOrDefault(2) ?? ""));
        }
    }

    private async Task WaitForSilenceAsync(LegControl control, string data)
    {
        var w = Arguments.Split(data);
        if (!core.PreAnswer(control.Leg) || w.Count < 3)
        {
            return;
        }

        // FreeSWITCH's arguments: threshold, silence hits (20 ms frames), listen hits, timeout ms.
        core.Services.Media.WatchSilence(control.Leg.Media, Math.Clamp(Number(w, 0, 200), 1, 32767), Math.Clamp(Number(w, 1, 50), 1, 100_000) * 20);
        var deadline = control.Now + TimeSpan.FromMilliseconds(Number(w, 3, 0) is > 0 and var ms ? ms : 3_600_000);
        while (control.MayGoOn && await control.ReceiveAsync(control.Left(deadline)) is not (Signal.SilenceReached or Signal.Timeout or Signal.Break))
        {
            // digits and the like do not end the wait
        }
    }

    private static int Number(List<string> words, int index, int fallback) => int.TryParse(words.ElementAtOrDefault(index), out var value) ? value : fallback;

    private static void Queue(Leg leg, string data)
    {
        foreach (var c in data.Trim().Split('@')[0].Where(DigitText.IsDigit))
        {
            leg.Digits.Add(char.ToUpperInvariant(c), 250);
            leg.Deliver(new Signal.Digit(char.ToUpperInvariant(c), 250));
        }
    }

    private void Inband(Leg leg, bool on)
    {
        if (core.PreAnswer(leg))
        {
            core.Services.Media.DetectInbandDtmf(leg.Media, on);
        }
    }

    private void Directory(string data)
    {
        var root = Path.GetFullPath(core.Services.Globals["recordings_dir"] ?? core.Services.Options.DataDirectory);
        var path = Path.GetFullPath(data.Trim(), root);
        if (path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            System.IO.Directory.CreateDirectory(path);
        }
    }
}
