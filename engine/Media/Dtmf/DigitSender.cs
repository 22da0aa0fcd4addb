using System.Buffers.Binary;

namespace XSwitchEngine.Media.Dtmf;

/// <summary>What a leg is to send in a tick instead of audio.</summary>
internal enum DigitFrame : byte
{
    /// <summary>No digit is being sent.</summary>
    None,

    /// <summary>An event packet; the first of its event takes a new timestamp.</summary>
    FirstEvent,

    /// <summary>A further event packet under the same timestamp.</summary>
    NextEvent,

    /// <summary>Audio with the digit's tones.</summary>
    Tone,

    /// <summary>The pause after a digit.</summary>
    Pause,
}

/// <summary>Sends digits one after another, as telephone events (RFC 4733) or as tones, a step in each tick of 20 ms.</summary>
internal sealed class DigitSender
{
    /// <summary>Most digits that wait; further ones are dropped.</summary>
    public const int MaxQueued = 128;

    private const int FrameMs = 20;
    private const int PauseMs = 100;
    private const int EndPackets = 3;
    private const int VolumeDbm0 = 10;
    private const double ToneDbm0 = -8;

    private readonly Queue<(char Digit, int DurationMs)> _queue = new();
    private State _state;
    private char _digit;
    private int _targetMs;       // −1: until told
    private int _sentMs;
    private int _segmentUnits;
    private int _left;
    private bool _isFollowing;

    private enum State : byte
    {
        Idle,
        Pressed,
        Ending,
        Pausing,
    }

    public bool IsBusy => _state != State.Idle || _queue.Count > 0;

    /// <summary>Queues a digit; lengths are rounded up to whole ticks.</summary>
    public void Add(char digit, int durationMs)
    {
        if (_queue.Count < MaxQueued && DtmfTones.EventOf(digit) >= 0)
        {
            _queue.Enqueue((char.ToUpperInvariant(digit), Math.Clamp(durationMs, 40, 8000)));
        }
    }

    /// <summary>Begins a digit that another leg holds down, until <see cref="Release"/>; queued when one is being sent.</summary>
    public void Press(char digit)
    {
        if (_queue.Count < MaxQueued)
        {
            _queue.Enqueue((digit, -1));
            _isFollowing = true;
        }
    }

    /// <summary>Ends the digit that is held.</summary>
    /// <param name="durationMs">How long the other leg held it.</param>
    public void Release(int durationMs)
    {
        if (!_isFollowing)
        {
            return;
        }

        _isFollowing = false;
        if (_state == State.Pressed && _targetMs < 0)
        {
            _targetMs = Math.Max(durationMs, 40);
            return;
        }

        for (var i = _queue.Count; i > 0; i--)
        {
            var item = _queue.Dequeue();
            _queue.Enqueue(item.DurationMs < 0 ? (item.Digit, Math.Max(durationMs, 40)) : item);
        }
    }

    /// <summary>Moves on by one tick.</summary>
    /// <param name="asEvents">Whether the peer takes events.</param>
    /// <param name="clockHz">RTP clock.</param>
    /// <param name="payload">Takes the 4 bytes of an event.</param>
    public DigitFrame Step(bool asEvents, int clockHz, Span<byte> payload)
    {
        if (_state == State.Idle)
        {
            if (!_queue.TryDequeue(out var next))
            {
                return DigitFrame.None;
            }

            (_digit, _targetMs) = next;
            (_state, _sentMs, _segmentUnits) = (State.Pressed, 0, 0);
        }

        switch (_state)
        {
            case State.Pressed:
                return Press(asEvents, clockHz, payload);
            case State.Ending:
                WriteEvent(payload, isEnd: true);
                if (--_left == 0)
                {
                    (_state, _left) = (State.Pausing, PauseMs / FrameMs);
                }

                return DigitFrame.NextEvent;
            case State.Pausing:
                if (--_left == 0)
                {
                    _state = State.Idle;
                }

                return DigitFrame.Pause;
            case State.Idle:
            default:
                return DigitFrame.None;
        }
    }

    /// <summary>The tones of the digit at this tick.</summary>
    public void WriteTone(Span<short> frame, int rateHz)
    {
        frame.Clear();
        _ = DtmfTones.TryGet(_digit, out var row, out var column);
        var start = (long)(_sentMs - FrameMs) * rateHz / 1000;
        var peak = Audio.Oscillator.PeakOf(ToneDbm0);
        Audio.Oscillator.Add(frame, start, row, rateHz, peak);
        Audio.Oscillator.Add(frame, start, column, rateHz, peak);
    }

    private DigitFrame Press(bool asEvents, int clockHz, Span<byte> payload)
    {
        var isFirst = _segmentUnits == 0;
        _sentMs += FrameMs;
        _segmentUnits += clockHz / (1000 / FrameMs);
        var isOver = _targetMs >= 0 && _sentMs >= _targetMs;
        if (!asEvents)
        {
            if (isOver)
            {
                (_state, _left) = (State.Pausing, PauseMs / FrameMs);
            }

            return DigitFrame.Tone;
        }

        WriteEvent(payload, isOver);
        if (isOver)
        {
            (_state, _left) = (State.Ending, EndPackets - 1);
        }
        else if (_segmentUnits + (clockHz / (1000 / FrameMs)) > ushort.MaxValue)
        {
            _segmentUnits = 0; // the field is full: the next packet begins a further segment (RFC 4733 §2.5.1.3)
        }

        return isFirst ? DigitFrame.FirstEvent : DigitFrame.NextEvent;
    }

    private void WriteEvent(Span<byte> payload, bool isEnd)
    {
        payload[0] = (byte)DtmfTones.EventOf(_digit);
        payload[1] = (byte)(VolumeDbm0 | (isEnd ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(payload[2..], (ushort)_segmentUnits);
    }

    /// <summary>Whether the packet just written begins the press rather than a further segment of it; only that one carries the marker.</summary>
    public bool IsPressBegin => _sentMs == FrameMs;
}
