using System.Buffers;
using XSwitchEngine.Media.Audio;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Audio that is made or used here: playback, recording, echo, silence watch, and what they need.</summary>
internal sealed partial class MediaLeg
{
    private const int LongestEchoMs = 10_000;

    private List<Recording>? _recordings;
    private short[]? _echo;
    private int _echoLength;
    private int _echoAt;
    private int _silenceThreshold;
    private int _silenceMs;
    private int _silentMs;

    private bool RecordsSent => _recordings is { } recordings && recordings.Exists(static r => r.WantsSent);

    /// <summary>Begins a playback.</summary>
    public void Play(Playback playback)
    {
        EndPlayback(PlaybackEnd.Replaced);
        Playback = playback;
        if (playback.End is { } end)
        {
            EndPlayback(end);
        }

        ArrangeAll();
    }

    public void ControlPlayback(long token, PlaybackControl control, int value)
    {
        if (Playback is { } playback && playback.Token == token)
        {
            playback.Control(control, value);
            if (playback.End is { } end)
            {
                EndPlayback(end);
                ArrangeAll();
            }
        }
    }

    public void Record(Recording recording)
    {
        (_recordings ??= []).Add(recording);
        ArrangeAll();
    }

    public void ControlRecording(long token, RecordingControl control)
    {
        if (_recordings?.Find(r => r.Token == token) is { } recording)
        {
            recording.Control(control);
            DropEndedRecordings();
        }
    }

    public void SetEcho(int delayMs)
    {
        EchoMs = delayMs < 0 ? -1 : Math.Min(delayMs, LongestEchoMs);
        ReturnEcho();
        ArrangeAll();
    }

    public void WatchSilence(int threshold, int silenceMs)
    {
        (_silenceThreshold, _silenceMs, _silentMs) = (threshold, Math.Max(20, silenceMs), 0);
        ArrangeAll();
    }

    /// <summary>A tick of a leg that is in no bridge and no room.</summary>
    public void Tick(long nowUs)
    {
        Receive(nowUs);
        Send(default, 0, nowUs);
        Finish(nowUs);
    }

    /// <summary>First step of a tick: the received frame and all that listens to it.</summary>
    public void Receive(long nowUs)
    {
        Core!.Current = this;
        if (Input is not { } input)
        {
            return;
        }

        input.Read(nowUs);
        if (_events.IsActive)
        {
            input.Frame.Clear(); // the tone under an event would become the same digit a second time
        }

        DetectDigit(input.Frame, input.RateHz, nowUs);
        if (_silenceThreshold > 0)
        {
            Watch(input.Frame);
        }
    }

    /// <summary>Second step: sends a frame of what this leg is to hear, its own sources first.</summary>
    /// <param name="other">20 ms from the bridge or the room; empty when there is nothing.</param>
    /// <param name="rateHz">Their rate.</param>
    /// <param name="nowUs">The tick.</param>
    public void Send(ReadOnlySpan<short> other, int rateHz, long nowUs)
    {
        Core!.Current = this;
        if (SendDigitFrame(nowUs))
        {
            return;
        }

        if (Output is not { } output)
        {
            return;
        }

        if (Playback is { } playback)
        {
            if (playback.Read(output.Frame, output.RateHz))
            {
                output.Send(output.Frame, output.RateHz, Core!.Scratch, nowUs);
                return;
            }
        }
        else if (EchoesSamples && Input is { } input)
        {
            Span<short> echo = stackalloc short[input.Frame.Length]; // 20 ms, 960 samples at most
            if (Echo(input, echo))
            {
                output.Send(echo, input.RateHz, Core!.Scratch, nowUs);
                return;
            }
        }
        else if (!other.IsEmpty)
        {
            output.Send(other, rateHz, Core!.Scratch, nowUs);
            return;
        }

        output.Break();
        _outgoing.Break();
    }

    /// <summary>Last step: recordings, and ends of what was under way.</summary>
    /// <param name="nowUs">The tick.</param>
    public void Finish(long nowUs)
    {
        Core!.Current = this;
        if (_recordings is { Count: > 0 } recordings)
        {
            var received = Input is { } input ? input.Frame : default;
            var (sent, sentHz) = SentFrame();
            var isUp = _isUp || (Stream is not null && nowUs - _configuredUs > Recording.LongestWaitUs);
            foreach (var recording in recordings)
            {
                recording.Write(isUp, received, Input?.RateHz ?? Stream?.Codec.RateHz ?? 0, sent, sentHz, Core!.Mix);
            }

            DropEndedRecordings();
        }

        if (Playback is { End: { } end })
        {
            EndPlayback(end);
            ArrangeAll();
        }
        else if (Digits is { IsBusy: false })
        {
            Digits = null;
            ArrangeAll();
        }
    }

    /// <summary>The frame that the peer hears in this tick, for recordings.</summary>
    private (short[]? Samples, int RateHz) SentFrame()
    {
        if (Output is { } output)
        {
            return (output.FrameArray, output.RateHz);
        }

        var source = _relayTo == this ? this : Peer is { } peer && peer._relayTo == this ? peer : null;
        return source?.Input is { } input ? (input.FrameArray, input.RateHz) : (null, 0);
    }

    private bool Echo(LegInput input, Span<short> frame)
    {
        var length = input.RateHz / 50 * Math.Max(1, EchoMs / 20);
        if (_echo is null || _echoLength != length)
        {
            ReturnEcho();
            _echo = ArrayPool<short>.Shared.Rent(length);
            _echo.AsSpan(0, length).Clear();
            (_echoLength, _echoAt) = (length, 0);
        }

        var place = _echo.AsSpan(_echoAt, input.Frame.Length);
        place.CopyTo(frame);
        input.Frame.CopyTo(place);
        _echoAt = (_echoAt + input.Frame.Length) % length;
        return _isUp;
    }

    private void ReturnEcho()
    {
        if (_echo is { } echo)
        {
            ArrayPool<short>.Shared.Return(echo);
            _echo = null;
        }
    }

    private void Watch(ReadOnlySpan<short> frame)
    {
        long sum = 0;
        foreach (var sample in frame)
        {
            sum += Math.Abs((int)sample);
        }

        _silentMs = sum / frame.Length < _silenceThreshold ? _silentMs + 20 : 0;
        if (_silentMs >= _silenceMs)
        {
            _silenceThreshold = 0;
            Emit(MediaEventKind.Silence, 0, 0, _silentMs, 0);
            ArrangeAll();
        }
    }

    private void EndPlayback(PlaybackEnd end)
    {
        if (Playback is { } playback)
        {
            Playback = null;
            playback.Finish(end);
            Emit(MediaEventKind.PlaybackDone, playback.Token, (int)playback.End!, playback.Position, playback.PositionRateHz);
        }
    }

    private void EndRecordings()
    {
        foreach (var recording in _recordings ?? [])
        {
            recording.Control(RecordingControl.Stop);
        }

        _recordings = null;
        ReturnEcho();
    }

    private void DropEndedRecordings()
    {
        if (_recordings!.RemoveAll(static r => r.IsOver) > 0)
        {
            ArrangeAll();
        }
    }
}
