using System.Globalization;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>Playing, collecting digits, recording and waiting on a leg: what applications and scripts are made of. Core loop only.</summary>
internal sealed class LegAudio(CallCore core)
{
    /// <summary>How a playback ended.</summary>
    /// <param name="End">The media's word, or null when leg or operation ended.</param>
    /// <param name="Terminator">The digit that ended it, or '\0'.</param>
    public readonly record struct Played(PlaybackEnd? End, char Terminator)
    {
        /// <summary>Whether it was played to its end.</summary>
        public bool IsWhole => End == PlaybackEnd.Finished;

        /// <summary>Whether the leg is gone or has other things to do.</summary>
        public bool IsOver => End is null;
    }

    /// <summary>Plays a playback string to its end, a terminator, or a break.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="source">As in a script.</param>
    /// <param name="terminators">Digits that end it; null for none. A digit that ends it is taken from the queue.</param>
    /// <param name="anyDigit">Whether any digit ends it and stays in the queue.</param>
    /// <param name="startSample">Where to start.</param>
    public async Task<Played> PlayAsync(LegControl control, string source, string? terminators = null, bool anyDigit = false, long startSample = 0)
    {
        var leg = control.Leg;
        if (!control.MayGoOn || !core.PreAnswer(leg))
        {
            return default;
        }

        if (anyDigit && leg.Digits.Count > 0)
        {
            return new(PlaybackEnd.Stopped, '\0');
        }

        FeedQueuedInput(control);
        var token = core.Media.NewToken();
        core.StopTone(leg);
        core.Services.Media.Play(leg.Media, token, SoundNames.Resolve(source, leg, core.Services), startSample);
        var terminator = '\0';
        while (true)
        {
            switch (await control.ReceiveAsync())
            {
                case Signal.PlaybackDone done when done.Token == token:
                    SetPlaybackVariables(leg, done);
                    return new(done.End, terminator);
                case Signal.Digit when anyDigit:
                    Stop();
                    break;
                case Signal.Digit digit when terminators is not null && Terminates(terminators, digit.Value):
                    TakeUntil(leg, digit.Value);
                    terminator = digit.Value;
                    Stop();
                    break;
                case Signal.Digit:
                    FeedQueuedInput(control);
                    break;
                case Signal.Break:
                    Stop();
                    break;
                case Signal.Control c:
                    Apply(leg, token, c.Command);
                    break;
                case Signal.Gone or Signal.Redirected:
                    Stop();
                    return default;
                default:
                    break;
            }
        }

        void Stop()
        {
            if (leg.Media.IsOpen)
            {
                core.Services.Media.ControlPlayback(leg.Media, token, PlaybackControl.Stop);
            }
        }
    }

    /// <summary>Waits, giving digits to the input callback if there is one.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="wait">How long; null until something ends it.</param>
    /// <param name="endsOnDigit">Whether a digit ends the wait (it stays queued).</param>
    /// <returns>True when the time passed, false when something ended the wait.</returns>
    public async Task<bool> WaitAsync(LegControl control, TimeSpan? wait, bool endsOnDigit = false)
    {
        var deadline = wait is { } w ? control.Now + w : (DateTimeOffset?)null;
        FeedQueuedInput(control);
        while (true)
        {
            switch (await control.ReceiveAsync(deadline is { } d ? control.Left(d) : null))
            {
                case Signal.Timeout:
                    return true;
                case Signal.Gone or Signal.Redirected or Signal.Break:
                    return false;
                case Signal.Control c when Stops(c.Command):
                    return false;
                case Signal.Digit when endsOnDigit:
                    return false;
                case Signal.Digit:
                    FeedQueuedInput(control);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Records what the far end says until time, silence, a terminator, a callback or the end of the leg.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="path">Absolute, or below the recordings directory.</param>
    /// <param name="limitSeconds">Longest time; 0 for none.</param>
    /// <param name="threshold">Silence threshold; 0 for none.</param>
    /// <param name="silenceSeconds">How long a silence ends it.</param>
    /// <param name="terminators">Digits that end it; null for none.</param>
    /// <returns>False when the file could not be written.</returns>
    public async Task<bool> RecordAsync(LegControl control, string path, int limitSeconds, int threshold, int silenceSeconds, string? terminators)
    {
        var leg = control.Leg;
        if (!control.MayGoOn || !core.PreAnswer(leg))
        {
            return false;
        }

        FeedQueuedInput(control);
        var token = core.Media.NewToken();
        var file = SoundNames.Recording(path, core.Services);
        leg.Recordings[file] = token;
        leg.RecordedFiles.Add(file);
        core.Announce.Recording("RECORD_START", leg, file);
        core.Services.Media.Record(leg.Media, token, new RecordingSpec(file, BothDirections: false, Stereo: false, limitSeconds * 1000, CreateDirectories: false));
        leg.Variables.Set("silence_hits_exhausted", "false");
        if (threshold > 0 && silenceSeconds > 0)
        {
            core.Services.Media.WatchSilence(leg.Media, threshold, silenceSeconds * 1000);
        }

        while (true)
        {
            switch (await control.ReceiveAsync())
            {
                case Signal.RecordingDone done when done.Token == token:
                    if (leg.Media.IsOpen)
                    {
                        core.Services.Media.WatchSilence(leg.Media, 0, 0);
                    }

                    SetRecordVariables(leg, done);
                    return done.End != RecordingEnd.Failed;
                case Signal.SilenceReached:
                    leg.Variables.Set("silence_hits_exhausted", "true");
                    Stop(RecordingControl.Stop);
                    break;
                case Signal.Digit digit when terminators is not null && Terminates(terminators, digit.Value):
                    TakeUntil(leg, digit.Value);
                    leg.Variables.Set("playback_terminator_used", digit.Value.ToString());
                    Stop(RecordingControl.Stop);
                    break;
                case Signal.Digit:
                    FeedQueuedInput(control);
                    break;
                case Signal.Control { Command: "truncate" }:
                    Stop(RecordingControl.Truncate);
                    break;
                case Signal.Control { Command: "pause" }:
                    Stop(RecordingControl.Pause);
                    break;
                case Signal.Control c when Stops(c.Command):
                    Stop(RecordingControl.Stop);
                    break;
                case Signal.Break or Signal.Redirected:
                    Stop(RecordingControl.Stop);
                    if (!control.MayGoOn)
                    {
                        return true;
                    }

                    break;
                case Signal.Gone:
                    return true;
                default:
                    break;
            }
        }

        void Stop(RecordingControl how)
        {
            if (leg.Media.IsOpen)
            {
                core.Services.Media.ControlRecording(leg.Media, token, how);
            }
        }
    }

    /// <summary>Gives queued digits to the input callback of the operation, if it has one.</summary>
    /// <param name="control">The operation.</param>
    public void FeedQueuedInput(LegControl control)
    {
        while (control.WantsInput && control.Leg.Digits.TryTake(out var digit, out var durationMs))
        {
            core.Services.Scripts.Input(control.InputToken, new("dtmf", digit, durationMs * 8));
        }
    }

    /// <summary>Whether a callback's word ends what is under way (Lua API 5).</summary>
    /// <param name="command">The word.</param>
    public static bool Stops(string command) => command is not ("" or "true" or "undefined");

    private static bool Terminates(string terminators, char digit) => terminators switch
    {
        "none" => false,
        "any" => true,
        _ => terminators.Contains(digit, StringComparison.OrdinalIgnoreCase),
    };

    private static void TakeUntil(Leg leg, char digit)
    {
        while (leg.Digits.TryTake(out var taken, out _) && taken != digit)
        {
            // digits before a terminator go with it: the caller typed over the prompt
        }
    }

    private void Apply(Leg leg, long token, string command)
    {
        var media = core.Services.Media;
        var colon = command.IndexOf(':', StringComparison.Ordinal);
        var word = colon < 0 ? command : command[..colon];
        var text = colon < 0 ? "" : command[(colon + 1)..];
        var number = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0;
        var relative = text.StartsWith('+') || text.StartsWith('-');
        var (what, value) = word switch
        {
            "pause" => (PlaybackControl.TogglePause, 0),
            "restart" => (PlaybackControl.Restart, 0),
            "seek" => (relative ? PlaybackControl.SeekBy : PlaybackControl.SeekTo, number),
            "volume" => (relative ? PlaybackControl.ChangeVolume : PlaybackControl.SetVolume, number),
            "speed" => (relative ? PlaybackControl.ChangeSpeed : PlaybackControl.SetSpeed, number),
            _ => (PlaybackControl.Stop, 0),
        };
        if (leg.Media.IsOpen && Stops(command))
        {
            media.ControlPlayback(leg.Media, token, what, value);
        }
    }

    private static void SetPlaybackVariables(Leg leg, Signal.PlaybackDone done)
    {
        var ms = done.Rate == 0 ? 0 : done.Position * 1000 / done.Rate;
        leg.Variables.Set("playback_ms", ms.ToString(CultureInfo.InvariantCulture));
        leg.Variables.Set("playback_seconds", (ms / 1000).ToString(CultureInfo.InvariantCulture));
        leg.Variables.Set("playback_samples", done.Position.ToString(CultureInfo.InvariantCulture));
        leg.Variables.Set("playback_last_offset_pos", done.Position.ToString(CultureInfo.InvariantCulture));
    }

    private static void SetRecordVariables(Leg leg, Signal.RecordingDone done)
    {
        var ms = done.Rate == 0 ? 0 : done.Samples * 1000 / done.Rate;
        leg.Variables.Set("record_ms", ms.ToString(CultureInfo.InvariantCulture));
        leg.Variables.Set("record_seconds", (ms / 1000).ToString(CultureInfo.InvariantCulture));
        leg.Variables.Set("record_samples", done.Samples.ToString(CultureInfo.InvariantCulture));
    }
}
