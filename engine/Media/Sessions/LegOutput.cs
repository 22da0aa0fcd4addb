using XSwitchEngine.Media.Audio;
using XSwitchEngine.Media.Codecs;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Samples as packets: resampling, encoder, packets of the negotiated length. Exists only while audio is made for the leg.</summary>
internal sealed class LegOutput
{
    private readonly MediaLeg _leg;
    private readonly AudioEncoder _encoder;
    private readonly int _packetBytes;
    private readonly int _packetUnits;
    private readonly int _frameBytes;
    private readonly short[] _samples;
    private readonly byte[]? _pending;
    private int _pendingLength;
    private Resampler? _resampler;

    private LegOutput(MediaLeg leg, AudioEncoder encoder, CodecOption codec, int rateHz, int ptimeMs)
    {
        _leg = leg;
        _encoder = encoder;
        Codec = codec;
        PtimeMs = ptimeMs;
        RateHz = rateHz;
        _samples = new short[rateHz / 50];
        _frameBytes = codec.Codec switch
        {
            AudioCodec.Pcmu or AudioCodec.Pcma => _samples.Length,
            AudioCodec.G722 => _samples.Length / 2,
            AudioCodec.L16 => _samples.Length * 2,
            AudioCodec.Opus => 0,
            _ => 0,
        };
        _packetBytes = _frameBytes * ptimeMs / 20;
        _packetUnits = StaticPayloadTypes.ClockHz(codec) / 1000 * ptimeMs;
        _pending = ptimeMs == 20 || _frameBytes == 0 ? null : new byte[_packetBytes + _frameBytes];
    }

    public CodecOption Codec { get; }

    public int PtimeMs { get; }

    /// <summary>Rate of <see cref="Frame"/>: that of the codec, or what the other side of a conversion has.</summary>
    public int RateHz { get; }

    /// <summary>The frame that was sent in this tick, or silence; for recordings.</summary>
    public Span<short> Frame => _samples;

    public short[] FrameArray => _samples;

    /// <summary>Makes the output of a codec.</summary>
    /// <returns>Null for a codec that cannot be encoded here.</returns>
    public static LegOutput? Create(MediaLeg leg, CodecOption codec, int rateHz, int ptimeMs) =>
        AudioEncoder.Create(codec, rateHz) is { } encoder ? new LegOutput(leg, encoder, codec, rateHz, ptimeMs) : null;

    /// <summary>Gives the encoder back; the output is not used afterwards.</summary>
    public void Release() => _encoder.Release();

    /// <summary>Sends a frame of 20 ms.</summary>
    /// <param name="samples">At <paramref name="rateHz"/>; may be <see cref="Frame"/> itself.</param>
    /// <param name="rateHz">Their rate.</param>
    /// <param name="scratch">Room for a packet.</param>
    /// <param name="nowUs">The tick.</param>
    public void Send(ReadOnlySpan<short> samples, int rateHz, Span<byte> scratch, long nowUs)
    {
        if (rateHz != RateHz)
        {
            if (_resampler is null || _resampler.FromHz != rateHz)
            {
                _resampler = new Resampler(rateHz, RateHz);
            }

            _ = _resampler.Process(samples, _samples);
        }
        else if (!samples.Overlaps(_samples))
        {
            samples.CopyTo(_samples);
        }

        if (_pending is null)
        {
            var length = _encoder.Encode(_samples, scratch[RtpHeader.FixedLength..]);
            _leg.SendGenerated(scratch[..(RtpHeader.FixedLength + length)], _packetUnits, nowUs);
            return;
        }

        _pendingLength += _encoder.Encode(_samples, _pending.AsSpan(_pendingLength));
        var sent = 0;
        while (_pendingLength - sent >= _packetBytes)
        {
            _pending.AsSpan(sent, _packetBytes).CopyTo(scratch[RtpHeader.FixedLength..]);
            _leg.SendGenerated(scratch[..(RtpHeader.FixedLength + _packetBytes)], _packetUnits, nowUs);
            sent += _packetBytes;
        }

        _pending.AsSpan(sent, _pendingLength - sent).CopyTo(_pending);
        _pendingLength -= sent;
    }

    /// <summary>Nothing is sent in this tick.</summary>
    public void Break()
    {
        _samples.AsSpan().Clear();
        _pendingLength = 0;
        _resampler = null;
    }
}
