using XSwitchEngine.Media.Codecs;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Received audio as samples: jitter buffer, decoder, concealment. Exists only while something needs the samples.</summary>
internal sealed class LegInput
{
    private const int FadeMs = 60;
    private const int PauseAfterMs = 500;

    private readonly JitterBuffer _jitter;
    private readonly AudioDecoder _decoder;
    private readonly int _clockHz;
    private readonly short[] _frame;
    private readonly short[] _history;
    private short[] _decoded = [];
    private int _decodedAt;
    private int _decodedLength;
    private bool _isMadeUp;
    private int _concealed;
    private int _historyAt;
    private int _noisePeak;
    private uint _noise = 0x9E3779B9;

    private LegInput(CodecOption codec, int rateHz, AudioDecoder decoder, Stack<byte[]> buffers)
    {
        Codec = codec;
        RateHz = rateHz;
        _decoder = decoder;
        _clockHz = StaticPayloadTypes.ClockHz(codec);
        _jitter = new JitterBuffer(_clockHz, buffers, decoder.Conceals ? 40 : 20); // a copy of what was lost comes one packet later
        _frame = new short[rateHz / 50];
        _history = new short[rateHz / 50];
    }

    public CodecOption Codec { get; }

    /// <summary>Rate of <see cref="Frame"/>: that of the codec, or what the other side of a conversion has.</summary>
    public int RateHz { get; }

    /// <summary>The frame of this tick; silence when <see cref="HasAudio"/> is false.</summary>
    public Span<short> Frame => _frame;

    public short[] FrameArray => _frame;

    /// <summary>Whether the peer is sending.</summary>
    public bool HasAudio { get; private set; }

    /// <summary>Makes the input of a codec.</summary>
    /// <returns>Null for a codec that cannot be decoded here.</returns>
    public static LegInput? Create(CodecOption codec, int rateHz, Stack<byte[]> buffers) =>
        AudioDecoder.Create(codec, rateHz) is { } decoder ? new LegInput(codec, rateHz, decoder, buffers) : null;

    /// <summary>Takes an audio packet.</summary>
    public void Add(ReadOnlySpan<byte> payload, uint timestamp, long nowUs)
    {
        var units = ToUnits(_decoder.SamplesIn(payload));
        if (units > 0)
        {
            _noisePeak = 0;
            _ = _jitter.Add(payload, timestamp, units, nowUs);
        }
    }

    /// <summary>Takes comfort noise (RFC 3389): until audio comes again, pauses sound like this.</summary>
    public void AddComfortNoise(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > 0)
        {
            // A level is the power below overload; white noise of that power has √3 times the amplitude at its peak.
            _noisePeak = (int)(32767 * Math.Pow(10, -Math.Clamp(payload[0] & 0x7F, 20, 127) / 20.0) * Math.Sqrt(3));
        }
    }

    /// <summary>The peer began a new stream.</summary>
    public void Restart()
    {
        _jitter.Clear();
        _decodedAt = _decodedLength = 0;
    }

    /// <summary>Gives the packet buffers and the decoder back; the input is not used afterwards.</summary>
    public void Release()
    {
        _jitter.Clear();
        _decoder.Release();
    }

    /// <summary>Makes the frame of this tick.</summary>
    public void Read(long nowUs)
    {
        var frame = _frame.AsSpan();
        HasAudio = _jitter.BeginFrame(nowUs) || _decodedAt < _decodedLength;
        if (!HasAudio)
        {
            frame.Clear();
            return;
        }

        while (!frame.IsEmpty)
        {
            if (_decodedAt < _decodedLength)
            {
                var take = Math.Min(frame.Length, _decodedLength - _decodedAt);
                _decoded.AsSpan(_decodedAt, take).CopyTo(frame);
                _decodedAt += take;
                _concealed = _isMadeUp ? _concealed + take : 0;
                frame = frame[take..];
            }
            else if (_jitter.TryTake(out var missing, out var payload, out var skip))
            {
                Decode(payload);
                _decodedAt = Math.Min(_decodedLength, ToSamples(skip));
            }
            else if (_decoder.Conceals && _noisePeak == 0)
            {
                ConcealByDecoder(missing);
            }
            else
            {
                // At least one sample: a gap shorter than that would never end.
                var samples = missing == int.MaxValue ? frame.Length : Math.Clamp(ToSamples(missing), 1, frame.Length);
                Conceal(frame[..samples]);
                _jitter.Conceal(ToUnits(samples));
                frame = frame[samples..];
            }
        }

        if (_concealed > PauseAfterMs * RateHz / 1000)
        {
            _jitter.Pause();
            _concealed = 0;
        }
        else if (_concealed == 0)
        {
            _frame.CopyTo(_history, 0);
        }
    }

    private void Decode(ReadOnlySpan<byte> payload)
    {
        var length = _decoder.SamplesIn(payload);
        _decodedLength = _decoder.Decode(payload, Room(length)[..length]);
        _decodedAt = 0;
        _isMadeUp = false;
        if (_decodedLength == 0 && length > 0)
        {
            Room(length).Clear(); // undecodable: its time passes in silence
            _decodedLength = length;
        }
    }

    /// <summary>Lets the decoder fill a gap: the last frame of it from the packet behind it, which may carry it a second time.</summary>
    private void ConcealByDecoder(int missingUnits)
    {
        var frame = RateHz / 50;
        var grain = RateHz / 400; // 2.5 ms: decoders fill nothing shorter
        var missing = missingUnits == int.MaxValue ? frame : ToSamples(missingUnits);
        var length = missing <= frame ? missing : Math.Min(frame, missing - frame);
        length = Math.Max(grain, length / grain * grain);
        var following = missingUnits != int.MaxValue && missing <= frame && _jitter.TryPeek(out var next) ? next : default;
        var room = Room(length)[..length];
        var made = _decoder.Conceal(following, room);
        room[made..].Clear();
        (_decodedAt, _decodedLength, _isMadeUp) = (0, length, true);
        _jitter.Conceal(Math.Min(missingUnits, ToUnits(length)));
    }

    private Span<short> Room(int length)
    {
        if (_decoded.Length < length)
        {
            _decoded = new short[length];
        }

        return _decoded;
    }

    private int ToUnits(int samples) => (int)((long)samples * _clockHz / RateHz);

    private int ToSamples(int units) => (int)((long)units * RateHz / _clockHz);

    /// <summary>Fills a gap: comfort noise when the peer asked for it, else the last frame again, fading out.</summary>
    private void Conceal(Span<short> frame)
    {
        if (_concealed == 0)
        {
            _historyAt = 0;
        }

        var fade = FadeMs * RateHz / 1000;
        for (var i = 0; i < frame.Length; i++, _concealed++)
        {
            if (_noisePeak > 0)
            {
                _noise ^= _noise << 13;
                _noise ^= _noise >> 17;
                _noise ^= _noise << 5;
                frame[i] = (short)((short)_noise * _noisePeak >> 15);
            }
            else if (_concealed < fade)
            {
                frame[i] = (short)(_history[_historyAt] * (fade - _concealed) / fade);
                _historyAt = (_historyAt + 1) % _history.Length;
            }
            else
            {
                frame[i] = 0;
            }
        }
    }
}
