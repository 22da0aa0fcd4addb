using XSwitchEngine.Media.Audio;
using XSwitchEngine.Media.Files;

namespace XSwitchEngine.Media.Sessions;

/// <summary>A recording of one leg; frames go in at each tick, so that time in the file is time on the wire. Media loop only.</summary>
internal sealed class Recording(long token, RecordingSpec spec, WavRecorder file)
{
    /// <summary>A recording begins with the peer's first packet, or so long after the session was configured.</summary>
    public const long LongestWaitUs = 2_000_000;

    private Resampler? _receivedResampler;
    private Resampler? _sentResampler;
    private long _frames;
    private bool _isMasked;
    private bool _isPaused;

    public long Token { get; } = token;

    public bool IsOver { get; private set; }

    public bool WantsSent => spec.BothDirections;

    public void Control(RecordingControl control)
    {
        switch (control)
        {
            case RecordingControl.Stop:
                End(RecordingEnd.Stopped, truncate: false);
                break;
            case RecordingControl.Truncate:
                End(RecordingEnd.Stopped, truncate: true);
                break;
            case RecordingControl.Mask:
                _isMasked = true;
                break;
            case RecordingControl.Unmask:
                _isMasked = false;
                break;
            case RecordingControl.Pause:
                _isPaused = true;
                break;
            case RecordingControl.Resume:
                _isPaused = false;
                break;
            default:
                break;
        }
    }

    /// <summary>Adds 20 ms.</summary>
    /// <param name="isUp">Whether there is media yet.</param>
    /// <param name="received">What the peer said; empty for silence.</param>
    /// <param name="rateHz">The leg's rate.</param>
    /// <param name="sent">What the peer heard; null for silence.</param>
    /// <param name="sentHz">Its rate.</param>
    /// <param name="scratch">Room for three frames at 48 kHz.</param>
    public void Write(bool isUp, ReadOnlySpan<short> received, int rateHz, ReadOnlySpan<short> sent, int sentHz, Span<short> scratch)
    {
        if (file.IsDead)
        {
            IsOver = true;
            return;
        }

        if (!isUp || _isPaused || IsOver || rateHz == 0)
        {
            return;
        }

        if (!file.IsStarted)
        {
            file.Start(rateHz);
        }

        var frame = file.RateHz / 50;
        var left = scratch[..frame];
        Convert(received, rateHz, ref _receivedResampler, left);
        if (!spec.BothDirections)
        {
            file.Write(left);
        }
        else
        {
            var right = scratch.Slice(frame, frame);
            Convert(sent, sentHz, ref _sentResampler, right);
            Join(left, right, scratch.Slice(2 * frame, spec.Stereo ? 2 * frame : frame));
        }

        _frames += frame;
        if (spec.LimitMs > 0 && _frames * 1000 / file.RateHz >= spec.LimitMs)
        {
            End(RecordingEnd.Limit, truncate: false);
        }
    }

    private void Join(ReadOnlySpan<short> left, ReadOnlySpan<short> right, Span<short> joined)
    {
        for (var i = 0; i < left.Length; i++)
        {
            if (spec.Stereo)
            {
                joined[2 * i] = left[i];
                joined[(2 * i) + 1] = right[i];
            }
            else
            {
                joined[i] = (short)Math.Clamp(left[i] + right[i], short.MinValue, short.MaxValue);
            }
        }

        file.Write(joined);
    }

    private void Convert(ReadOnlySpan<short> from, int fromHz, ref Resampler? resampler, Span<short> to)
    {
        if (from.IsEmpty || _isMasked)
        {
            to.Clear();
        }
        else if (fromHz == file.RateHz)
        {
            from.CopyTo(to);
        }
        else
        {
            if (resampler is null || resampler.FromHz != fromHz)
            {
                resampler = new Resampler(fromHz, file.RateHz);
            }

            to = to[resampler.Process(from, to)..];
            to.Clear();
        }
    }

    private void End(RecordingEnd end, bool truncate)
    {
        IsOver = true;
        file.Finish(end, truncate);
    }
}
