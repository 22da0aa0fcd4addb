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
        else if (EchoMs > 0 && Input is { } input)
        {
            if (Echo(input, output.Frame))
            {
                output.Send(output.Frame, output.RateHz, Core!.Scratch, nowUs);
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

    /// <summary>Decides anew, after any change, what this leg and the one bridged with it need.</summary>
    public void ArrangeAll()
    {
        if (IsClosed || Core is null)
        {
            return;
        }

        var peer = Peer;
        Arrange(peer);
        peer?.Arrange(this);
        ArrangeCodecs(peer);
        peer?.ArrangeCodecs(this);
        if (Bridge is { } bridge)
        {
            Core.StopTicks(this);
            Core.StopTicks(peer!);
            Core.SetTicking(bridge, NeedsTicks || peer!.NeedsTicks);
        }
        else if (Room is null)
        {
            Core.SetTicking(this, NeedsTicks);
        }

        ArrangeVideo();
    }

    private bool NeedsTicks => Stream is not null && (Input is not null || Playback is not null || Digits is { IsBusy: true } || _recordings is { Count: > 0 });

    /// <summary>Where received packets go without being decoded.</summary>
    private void Arrange(MediaLeg? peer)
    {
        _relayTo = null;
        if (EchoMs == 0 && !Generates)
        {
            _relayTo = this;
        }
        else if (peer is { Generates: false, EchoMs: < 0, Stream: { } theirs } && EchoMs < 0 && Stream is { } ours
            && ours.Codec == theirs.Codec && ours.PtimeMs == theirs.PtimeMs)
        {
            _relayTo = peer;
        }
    }

    /// <summary>Makes the decoder and the encoder that are needed, and drops those that are not.</summary>
    private void ArrangeCodecs(MediaLeg? peer)
    {
        var isTranscoded = peer is { Generates: false, EchoMs: < 0, Stream.Exists: true } && EchoMs < 0 && _relayTo is null;
        var decodes = Stream is { Exists: true } && (_detects || _silenceThreshold > 0 || _recordings is { Count: > 0 } || EchoMs > 0
            || (Room is not null && (RoomFlags & RoomFlags.Speak) != 0) || isTranscoded || peer is { RecordsSent: true });
        var encodes = Stream is { Exists: true } && (Generates || (peer is { Stream.Exists: true } && peer._relayTo != this && EchoMs < 0));
        var rateHz = SampleRate(peer);
        var sentHz = Playback is null ? rateHz : SampleRate(null);
        if (Input is { } input && (!decodes || input.Codec != Stream!.Codec || input.RateHz != rateHz))
        {
            input.Release();
            Input = null;
        }

        if (decodes && Input is null)
        {
            Input = LegInput.Create(Stream!.Codec, rateHz, Core!.PacketBuffers);
        }

        if (Output is { } output && (!encodes || output.Codec != Stream!.Codec || output.PtimeMs != Stream.PtimeMs || output.RateHz != sentHz))
        {
            output.Release();
            Output = null;
            _outgoing.Break();
        }

        if (encodes && Output is null)
        {
            Output = LegOutput.Create(this, Stream!.Codec, sentHz, Stream.PtimeMs);
            if (Output is null && Playback is not null)
            {
                Playback.Finish(PlaybackEnd.Failed); // the codec can only be passed through
            }
        }
    }

    /// <summary>
    /// Rate of the samples that this leg decodes to and encodes from. Opus takes that of the codec it is converted from and to: half the
    /// work of 48 kHz and a resampler; files, rooms and what is heard of other Opus legs have all of it.
    /// </summary>
    private int SampleRate(MediaLeg? peer) =>
        Stream is not { } ours ? 0
        : ours.Codec.Codec == AudioCodec.Opus && peer?.Stream is { Codec.RateHz: 8000 or 16000 } theirs ? theirs.Codec.RateHz
        : ours.Codec.RateHz;

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
