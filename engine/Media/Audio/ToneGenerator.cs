namespace XSwitchEngine.Media.Audio;

/// <summary>Makes the samples of a <see cref="ToneScript"/>.</summary>
internal sealed class ToneGenerator
{
    private readonly ToneScript _script;
    private readonly int _rateHz;
    private int _loopsLeft;
    private int _segment;
    private int _segmentLoops;
    private long _place;   // samples into the current tone and its pause
    private long _clock;   // samples since the beginning: tones that follow each other without a pause join in phase

    public ToneGenerator(ToneScript script, int rateHz)
    {
        _script = script;
        _rateHz = rateHz;
        Restart();
    }

    public bool IsFinished { get; private set; }

    public void Restart()
    {
        (_loopsLeft, _segment, _place, _clock, IsFinished) = (_script.Loops, 0, 0, 0, false);
        _segmentLoops = _script.Segments[0].Loops;
    }

    /// <summary>Writes the next samples.</summary>
    /// <returns>Less than asked for at the end.</returns>
    public int Read(Span<short> samples)
    {
        samples.Clear();
        var done = 0;
        while (done < samples.Length && !IsFinished)
        {
            var segment = _script.Segments[_segment];
            var on = (long)segment.OnMs * _rateHz / 1000;
            var length = on + ((long)segment.OffMs * _rateHz / 1000);
            if (_place >= length)
            {
                Advance(segment);
                continue;
            }

            var until = _place < on ? on : length;
            var take = (int)Math.Min(samples.Length - done, until - _place);
            if (_place < on)
            {
                Sound(segment, on, samples.Slice(done, take));
            }

            done += take;
            _place += take;
            _clock += take;
        }

        return done;
    }

    private void Advance(ToneSegment segment)
    {
        _place = 0;
        if (_segmentLoops < 0 || --_segmentLoops > 0)
        {
            // A tone without length that repeats for ever would never get on.
            if (segment.OnMs + segment.OffMs > 0)
            {
                return;
            }
        }

        if (++_segment == _script.Segments.Count)
        {
            _segment = 0;
            IsFinished = _loopsLeft >= 0 && --_loopsLeft <= 0;
        }

        _segmentLoops = _script.Segments[_segment].Loops;
    }

    private void Sound(ToneSegment segment, long on, Span<short> samples)
    {
        var peak = Oscillator.PeakOf(segment.VolumeDbm0);
        foreach (var frequency in segment.FrequenciesHz)
        {
            if (frequency > 0 && frequency < _rateHz / 2.0)
            {
                Oscillator.Add(samples, _clock, frequency, _rateHz, peak);
            }
        }

        var attack = (long)segment.AttackMs * _rateHz / 1000;
        var decay = (long)segment.DecayMs * _rateHz / 1000;
        if (_place >= attack && _place + samples.Length <= on - decay)
        {
            return;
        }

        for (var i = 0; i < samples.Length; i++)
        {
            var gain = Math.Min(
                attack == 0 ? 1 : Math.Min(1, (double)(_place + i) / attack),
                decay == 0 ? 1 : Math.Min(1, (double)(on - _place - i) / decay));
            samples[i] = (short)(samples[i] * gain);
        }
    }
}
