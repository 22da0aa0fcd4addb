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
    private readonly int _samplesPerUnit;
    private readonly short[] _frame;
    private readonly short[] _history;
    private short[] _decoded = [];
    private int _decodedAt;
    private int _decodedLength;
    private int _concealed;
    private int _historyAt;
    private int _noisePeak;
    private uint _noise = 0x9E3779B9;

    private LegInput(CodecOption codec, AudioDecoder decoder, Stack<byte[]> buffers)
    {
        Codec = codec;
        _decoder = decoder;
        var clockHz = StaticPayloadTypes.ClockHz(codec);
        _samplesPerUnit = codec.RateHz / clockHz;
        _jitter = new JitterBuffer(clockHz, buffers);
        _frame = new short[codec.RateHz / 50];
        _history = new short[codec.RateHz / 50];
    }

    public CodecOption Codec { get; }

    public int RateHz => Codec.RateHz;

    /// <summary>The frame of this tick; silence when <see cref="HasAudio"/> is false.</summary>
    public Span<short> Frame => _frame;

    public short[] FrameArray => _frame;

    /// <summary>Whether the peer is sending.</summary>
    public bool HasAudio { get; private set; }

    /// <summary>Makes the input of a codec.</summary>
    /// <returns>Null for a codec that cannot be decoded here.</returns>
    public static LegInput? Create(CodecOption codec, Stack<byte[]> buffers) =>
        AudioDecoder.Create(codec) is { } decoder ? new LegInput(codec, decoder, buffers) : null;

    /// <summary>Takes an audio packet.</summary>
    public void Add(ReadOnlySpan<byte> payload, uint timestamp, long nowUs)
    {
        var units = _decoder.SamplesIn(payload.Length) / _samplesPerUnit;
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

    /// <summary>Gives the packet buffers back; the input is not used afterwards.</summary>
    public void Release() => _jitter.Clear();

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
                _concealed = 0;
                frame = frame[take..];
            }
            else if (_jitter.TryTake(out var missing, out var payload, out var skip))
            {
                Decode(payload);
                _decodedAt = Math.Min(_decodedLength, skip * _samplesPerUnit);
            }
            else
            {
                var units = Math.Min(missing, frame.Length / _samplesPerUnit);
                Conceal(frame[..(units * _samplesPerUnit)]);
                _jitter.Conceal(units);
                frame = frame[(units * _samplesPerUnit)..];
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
        var length = _decoder.SamplesIn(payload.Length);
        if (_decoded.Length < length)
        {
            _decoded = new short[length];
        }

        _decodedLength = _decoder.Decode(payload, _decoded);
        _decodedAt = 0;
    }

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
