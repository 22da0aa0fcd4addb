using XSwitchEngine.Media.Files;

namespace XSwitchEngine.Media.Audio;

/// <summary>A playback under way on one leg; media loop only, once it was handed over.</summary>
internal sealed class Playback
{
    private const double StepDb = 3;
    private const int MaxStep = 4;

    private readonly List<SourceItem> _items;
    private readonly Action<IFileWork> _openFile;
    private readonly uint _seed;
    private int _index = -1;
    private FileReader? _reader;
    private Resampler? _resampler;
    private TimeStretch? _stretch;
    private ToneGenerator? _tone;
    private int _toneRateHz;
    private int _itemLoops;
    private long _silenceLeft;
    private uint _noise;
    private int _volume;
    private int _speed;
    private short[] _scratch = [];
    private FileReader? _ahead; // of the item after the current one, so that it begins without a gap
    private long _madeSamples;
    private int _madeRateHz;

    /// <summary>Makes a playback and begins to read its first file; one without items has failed.</summary>
    public Playback(long token, List<SourceItem> items, Action<IFileWork> openFile, uint seed)
    {
        Token = token;
        _items = items;
        _openFile = openFile;
        _seed = seed | 1;
        if (items.Count == 0)
        {
            End = PlaybackEnd.Failed;
        }
        else
        {
            OpenAhead(0);
        }
    }

    public long Token { get; }

    public bool IsPaused { get; private set; }

    /// <summary>Whether it is over, and how.</summary>
    public PlaybackEnd? End { get; private set; }

    /// <summary>Position in samples: in the file where one is played, else since the beginning.</summary>
    public long Position => _reader is { } reader ? reader.Position : _madeSamples;

    /// <summary>Rate that <see cref="Position"/> counts in.</summary>
    public int PositionRateHz => _reader is { State: FileState.Open } reader ? reader.RateHz : _madeRateHz;

    /// <summary>Makes the next frame.</summary>
    /// <param name="frame">20 ms at <paramref name="rateHz"/>; silence where there is nothing.</param>
    /// <param name="rateHz">The leg's rate.</param>
    /// <returns>False when there is nothing to send: paused, or the first block is not here yet.</returns>
    public bool Read(Span<short> frame, int rateHz)
    {
        frame.Clear();
        if (IsPaused || End is not null)
        {
            return false;
        }

        var done = 0;
        while (done < frame.Length)
        {
            if (_index < 0 || IsItemOver())
            {
                if (!Next())
                {
                    Finish(PlaybackEnd.Finished);
                    break;
                }
            }

            var got = ReadItem(frame[done..], rateHz);
            if (got < 0)
            {
                break; // the disk is behind: what is missing of this frame is silence, nothing of the file is lost
            }

            done += got;
        }

        return done > 0;
    }

    /// <summary>Ends it.</summary>
    public void Finish(PlaybackEnd end)
    {
        End ??= end;
        _ahead?.Close();
        _reader?.Close();
    }

    /// <summary>Obeys a control.</summary>
    public void Control(PlaybackControl control, int value)
    {
        switch (control)
        {
            case PlaybackControl.Stop:
                Finish(PlaybackEnd.Stopped);
                break;
            case PlaybackControl.TogglePause:
                IsPaused = !IsPaused;
                break;
            case PlaybackControl.Restart:
                SeekTo(0);
                break;
            case PlaybackControl.SeekTo:
                SeekTo(value);
                break;
            case PlaybackControl.SeekBy when _reader is { State: FileState.Open } reader:
                SeekTo((reader.Position * 1000 / reader.RateHz) + value);
                break;
            case PlaybackControl.SetVolume:
                _volume = Math.Clamp(value, -MaxStep, MaxStep);
                break;
            case PlaybackControl.ChangeVolume:
                _volume = Math.Clamp(_volume + Math.Clamp(value, -8, 8), -MaxStep, MaxStep);
                break;
            case PlaybackControl.SetSpeed:
                _speed = Math.Clamp(value, -2, 2);
                break;
            case PlaybackControl.ChangeSpeed:
                _speed = Math.Clamp(_speed + Math.Clamp(value, -4, 4), -2, 2);
                break;
            case PlaybackControl.SeekBy:
            default:
                break;
        }
    }

    private void OpenAhead(int index)
    {
        _ahead = null;
        if (index < _items.Count && _items[index] is { Kind: SourceKind.File } item)
        {
            _ahead = new FileReader(item.Path, item.StartSample, item.Loops);
            _openFile(_ahead);
        }
    }

    private void SeekTo(long ms)
    {
        if (_reader is { State: FileState.Open } reader)
        {
            reader.Seek(Math.Clamp(ms, 0, reader.Frames * 1000 / reader.RateHz) * reader.RateHz / 1000);
            _stretch = null;
        }
        else if (_tone is { } tone && ms == 0)
        {
            tone.Restart();
            _madeSamples = 0;
        }
    }

    private bool IsItemOver() => _items[_index].Kind switch
    {
        SourceKind.File => _reader is { State: FileState.Open, IsFinished: true } && (_stretch is null || _stretch.IsEmpty),
        SourceKind.Tone => _itemLoops == 0,
        SourceKind.Silence => _silenceLeft == 0,
        _ => true,
    };

    private bool Next()
    {
        if (_index + 1 == _items.Count)
        {
            return false;
        }

        var item = _items[++_index];
        if (item.Kind == SourceKind.File)
        {
            _reader?.Close();
            _reader = _ahead;
            (_resampler, _stretch) = (null, null);
        }
        else if (_reader is not null)
        {
            _reader.Close();
            _reader = null;
        }

        OpenAhead(_index + 1);
        _tone = null;
        _itemLoops = item.Loops;
        _silenceLeft = item.SilenceMs;
        return true;
    }

    /// <summary>Fills from the current item.</summary>
    /// <returns>Samples written, possibly 0 at the item's end; −1 when it has nothing yet.</returns>
    private int ReadItem(Span<short> frame, int rateHz)
    {
        var item = _items[_index];
        var got = item.Kind switch
        {
            SourceKind.File => ReadFile(frame, rateHz),
            SourceKind.Tone => ReadTone(item, frame, rateHz),
            SourceKind.Silence => ReadSilence(item, frame, rateHz),
            _ => 0,
        };
        var steps = Math.Clamp(item.VolumeStep + _volume, -MaxStep, MaxStep);
        if (got > 0 && steps != 0)
        {
            Amplify(frame[..got], Math.Pow(10, steps * StepDb / 20));
        }

        return got;
    }

    private static void Amplify(Span<short> samples, double gain)
    {
        var factor = (int)(gain * 4096);
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = (short)Math.Clamp((samples[i] * factor) >> 12, short.MinValue, short.MaxValue);
        }
    }

    private int ReadFile(Span<short> frame, int rateHz)
    {
        var reader = _reader!;
        switch (reader.State)
        {
            case FileState.NotFound:
                Finish(PlaybackEnd.NotFound);
                return -1;
            case FileState.Failed:
                Finish(PlaybackEnd.Failed);
                return -1;
            case FileState.Opening:
                return -1;
            case FileState.Open:
            default:
                break;
        }

        if (reader.RateHz == rateHz)
        {
            var got = ReadAtSpeed(reader, frame);
            return got > 0 || reader.IsFinished ? got : -1;
        }

        if (_resampler is null || _resampler.FromHz != reader.RateHz || _resampler.ToHz != rateHz)
        {
            _resampler = new Resampler(reader.RateHz, rateHz);
        }

        var need = _resampler.InputFor(frame.Length);
        var input = Scratch(need);
        var read = ReadAtSpeed(reader, input);
        if (read < need && !reader.IsFinished)
        {
            if (read == 0)
            {
                return -1;
            }
        }

        // Never more than the frame: the input was measured for it.
        return _resampler.Process(input[..read], frame);
    }

    private int ReadAtSpeed(FileReader reader, Span<short> samples)
    {
        if (_speed == 0 && (_stretch is null || _stretch.IsEmpty))
        {
            return reader.Read(samples);
        }

        _stretch ??= new TimeStretch(reader.RateHz);
        return _stretch.Read(reader, _speed, samples);
    }

    private int ReadTone(SourceItem item, Span<short> frame, int rateHz)
    {
        if (_tone is null || _toneRateHz != rateHz)
        {
            (_tone, _toneRateHz) = (new ToneGenerator(item.Tone!, rateHz), rateHz);
        }

        var got = _tone.Read(frame);
        _madeSamples += got;
        _madeRateHz = rateHz;
        if (_tone.IsFinished)
        {
            _itemLoops -= _itemLoops > 0 ? 1 : 0;
            if (_itemLoops != 0)
            {
                _tone.Restart();
            }
        }

        return got;
    }

    private int ReadSilence(SourceItem item, Span<short> frame, int rateHz)
    {
        var got = frame.Length;
        if (_silenceLeft >= 0)
        {
            got = (int)Math.Min(got, _silenceLeft * rateHz / 1000);
            _silenceLeft = Math.Max(0, _silenceLeft - Math.Max(1, got * 1000 / rateHz));
        }

        if (item.NoiseDivisor > 0)
        {
            _noise = _noise == 0 ? _seed : _noise;
            for (var i = 0; i < got; i++)
            {
                _noise ^= _noise << 13;
                _noise ^= _noise >> 17;
                _noise ^= _noise << 5;
                frame[i] = (short)((short)_noise / item.NoiseDivisor);
            }
        }

        _madeSamples += got;
        _madeRateHz = rateHz;
        return got;
    }

    private Span<short> Scratch(int length)
    {
        if (_scratch.Length < length)
        {
            _scratch = new short[length];
        }

        return _scratch.AsSpan(0, length);
    }
}
