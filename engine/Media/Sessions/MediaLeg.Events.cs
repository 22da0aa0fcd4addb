using XSwitchEngine.Media.Dtmf;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Digits in both directions.</summary>
internal sealed partial class MediaLeg
{
    /// <summary>How long after a telephone event tones in the audio are taken for its echo.</summary>
    private const long EchoOfEventUs = 1_000_000;

    private InbandDetector? _detector;
    private bool _detects;
    private uint _eventTimestamp;
    private bool _isFollowed; // the peer of the bridge sends this leg's digit anew

    /// <summary>Queues a digit.</summary>
    public void SendDigit(char digit, int durationMs)
    {
        Digits ??= new DigitSender();
        Digits.Add(digit, durationMs);
        ArrangeAll();
    }

    public void Detect(bool on)
    {
        _detects = on;
        _detector = null;
        ArrangeAll();
    }

    private void OnEvent(Span<byte> packet, in RtpHeader header, long nowUs)
    {
        var payload = packet.Slice(header.PayloadOffset, header.PayloadLength);
        if (_events.Interrupts(payload, header.Marker, header.Timestamp, header.Ssrc))
        {
            EndEvent();
        }

        var isDigit = payload.Length >= 4 && payload[0] <= 15;
        switch (_events.Add(payload, header.Marker, header.Timestamp, header.Ssrc, nowUs))
        {
            case EventStep.Began:
                BeginEvent();
                Schedule(nowUs);
                break;
            case EventStep.BeganAndEnded:
                BeginEvent();
                EndEvent();
                break;
            case EventStep.Ended:
                EndEvent();
                break;
            case EventStep.None:
            default:
                break;
        }

        if (isDigit && !_isFollowed && RelaysEvents)
        {
            var peer = Peer!;
            peer.Relay(packet, header, peer.Stream!.SendEventType, nowUs);
        }
    }

    private int EventClockHz => Stream?.EventClockHz ?? 8000;

    /// <summary>Whether event packets go to the bridged leg as they are.</summary>
    private bool RelaysEvents => Peer is { Stream: not null } peer && _relayTo == peer && peer.SendsEvents && peer.EventClockHz == EventClockHz;

    private void BeginEvent()
    {
        // What cannot be relayed is sent anew: as events where the other leg takes them, else as tones where its audio is made here anyway.
        if (Peer is { Stream: not null } peer && !RelaysEvents && (peer.SendsEvents || _relayTo is null))
        {
            peer.Digits ??= new DigitSender();
            peer.Digits.Press(_events.Digit);
            _isFollowed = true;
            ArrangeAll();
        }
    }

    private void EndEvent()
    {
        _events.End();
        var durationMs = (int)((long)_events.Units * 1000 / EventClockHz);
        if (_isFollowed)
        {
            _isFollowed = false;
            Peer?.Digits?.Release(durationMs);
        }

        Emit(MediaEventKind.Dtmf, 0, _events.Digit, durationMs, 0);
    }

    /// <summary>Whether the audio received here is made into packets for another leg.</summary>
    public bool IsHeardBy(MediaLeg other) => EchoMs < 0 && other.EchoMs < 0 && _relayTo is null;

    /// <summary>The bridge ends: a digit that its other leg holds for this one is let go.</summary>
    public void OnParting()
    {
        if (_isFollowed)
        {
            _isFollowed = false;
            Peer?.Digits?.Release(0);
        }
    }

    private void DetectDigit(ReadOnlySpan<short> frame, int rateHz, long nowUs)
    {
        if (!_detects)
        {
            return;
        }

        if (_detector is null || _detector.RateHz != rateHz)
        {
            _detector = new InbandDetector(rateHz);
        }

        var digit = _detector.Process(frame, out var durationMs);
        if (digit != '\0' && (_events.LastUs == 0 || nowUs - _events.LastUs > EchoOfEventUs))
        {
            Emit(MediaEventKind.Dtmf, 0, digit, durationMs, 0);
        }
    }

    /// <summary>Sends what the digit sender wants in this tick.</summary>
    /// <returns>False when it wants nothing, so that audio may be sent.</returns>
    private bool SendDigitFrame(long nowUs)
    {
        if (Digits is not { IsBusy: true } digits)
        {
            return false;
        }

        var packet = Core!.Scratch[..(RtpHeader.FixedLength + 4)];
        var payload = packet[RtpHeader.FixedLength..];
        var frame = digits.Step(SendsEvents, EventClockHz, payload);
        switch (frame)
        {
            case DigitFrame.FirstEvent when CanSend:
                _outgoing.Break();
                var first = _outgoing.Generate(nowUs, _clockHz / 50, _clockHz, out _eventTimestamp, out _);
                RtpHeader.Write(packet, Stream!.SendEventType, digits.IsPressBegin, first, _eventTimestamp, _outgoing.Ssrc);
                Transmit(packet);
                break;
            case DigitFrame.NextEvent when CanSend:
                RtpHeader.Write(packet, Stream!.SendEventType, false, _outgoing.Continue(), _eventTimestamp, _outgoing.Ssrc);
                Transmit(packet);
                break;
            case DigitFrame.Tone when Output is { } output:
                digits.WriteTone(output.Frame, output.RateHz);
                output.Send(output.Frame, output.RateHz, Core.Scratch, nowUs);
                break;
            case DigitFrame.Pause when !SendsEvents && Output is { } output:
                output.Frame.Clear();
                output.Send(output.Frame, output.RateHz, Core.Scratch, nowUs);
                break;
            case DigitFrame.FirstEvent or DigitFrame.NextEvent or DigitFrame.Tone or DigitFrame.Pause:
                Output?.Break();
                _outgoing.Break();
                break;
            case DigitFrame.None:
            default:
                return false;
        }

        return true;
    }
}
