using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Sessions;

/// <content>Which codecs run, and what is passed on without one.</content>
internal sealed partial class MediaLeg
{
    private const long ReceivedCodecStaysUs = 100_000;

    private CodecOption _received;
    private int _receivedType = -1;
    private long _receivedSinceUs;
    private int _receivedClockHz = 8000;

    /// <summary>Whether the echo goes through samples: it is delayed, or the peer sends another codec than it wants to hear.</summary>
    private bool EchoesSamples => EchoMs > 0 || (EchoMs == 0 && Stream is { } stream && _received != stream.Codec);

    private void SetReceived(int payloadType, CodecOption codec, long nowUs)
    {
        if (_receivedType != payloadType && Input is { } input)
        {
            input.Restart();
        }

        (_receivedType, _received, _receivedSinceUs, _receivedClockHz) = (payloadType, codec, nowUs, StaticPayloadTypes.ClockHz(codec));
    }

    /// <summary>
    /// Follows a peer that sends another codec of our offer than the first of its answer, as browsers do whose answer a page has shortened
    /// (RFC 3264 §5.1: the offerer is ready for all that it offered).
    /// </summary>
    /// <returns>False for a type that we did not offer, from a stranger, or when the last change was just now: decoders are not made for each packet.</returns>
    private bool TryFollow(AudioStream stream, int payloadType, in NetAddress source, long nowUs)
    {
        var codec = payloadType == stream.ReceivePayloadType || payloadType == stream.SendPayloadType ? stream.Codec : default(CodecOption?);
        foreach (var other in stream.AlsoReceives)
        {
            codec ??= other.PayloadType == payloadType ? other.Codec : null;
        }

        if (codec is not { } found || nowUs - _receivedSinceUs < ReceivedCodecStaysUs || !AcceptSource(source, nowUs))
        {
            return false;
        }

        SetReceived(payloadType, found, nowUs);
        ArrangeAll();
        return true;
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
            && _received == theirs.Codec && ours.PtimeMs == theirs.PtimeMs)
        {
            _relayTo = peer;
        }
    }

    /// <summary>Makes the decoder and the encoder that are needed, and drops those that are not.</summary>
    private void ArrangeCodecs(MediaLeg? peer)
    {
        var isTranscoded = peer is { Generates: false, EchoMs: < 0, Stream.Exists: true } && EchoMs < 0 && _relayTo is null;
        var decodes = Stream is { Exists: true } && (_detects || _silenceThreshold > 0 || _recordings is { Count: > 0 } || EchoesSamples
            || (Room is not null && (RoomFlags & RoomFlags.Speak) != 0) || isTranscoded || peer is { RecordsSent: true });
        var encodes = Stream is { Exists: true } && (Generates || (peer is { Stream.Exists: true } && peer._relayTo != this && EchoMs < 0));
        var receivedHz = SampleRate(_received, peer?.Stream?.Codec);
        var sentHz = SampleRate(Stream?.Codec ?? default, Playback is null ? peer?._received : null);
        if (Input is { } input && (!decodes || input.Codec != _received || input.RateHz != receivedHz))
        {
            input.Release();
            Input = null;
        }

        if (decodes && Input is null)
        {
            Input = LegInput.Create(_received, receivedHz, Core!.PacketBuffers);
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
    /// Rate of the samples that a codec is decoded to or encoded from. Opus takes that of the codec on the other side of a conversion: half
    /// the work of 48 kHz and a resampler; files, rooms and what is heard of other Opus legs have all of it.
    /// </summary>
    private static int SampleRate(CodecOption codec, CodecOption? otherSide) =>
        codec.Codec == AudioCodec.Opus && otherSide is { RateHz: 8000 or 16000 } other ? other.RateHz : codec.RateHz;
}
