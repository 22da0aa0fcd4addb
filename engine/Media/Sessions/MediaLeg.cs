using System.Net;
using XSwitchEngine.Media.Audio;
using XSwitchEngine.Media.Dtmf;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>One media session: packets and ticks in, packets and events out; no sockets, no clock. Media loop only.</summary>
/// <remarks>
/// What is not in use is not there: an idle or relayed leg has no jitter buffer, codec, player or recorder. <see cref="Arrange"/>
/// decides after each change what is needed; the packet path only follows its decisions.
/// </remarks>
internal sealed partial class MediaLeg : ITicker
{
    private const long SendReportUs = 5_000_000;

    private readonly OutgoingStream _outgoing;
    private readonly IncomingStream _incoming = new();
    private PeerLatch _latch;
    private bool _isConnected;
    private bool _isUp;
    private int _clockHz = 8000;
    private EventReceiver _events;
    private MediaLeg? _relayTo;
    private long _lastReceivedUs;
    private long _configuredUs;
    private bool _timedOut;
    private long _bytesReceived;
    private long _dropped;
    private IPEndPoint? _remote; // replaced as a whole: any thread reads it

    /// <summary>A leg that is not configured yet.</summary>
    /// <param name="session">Its handle.</param>
    /// <param name="owner">The caller's number.</param>
    /// <param name="random">Where its SSRC, first sequence number and first timestamp come from; unpredictable (RFC 3550 §5.1).</param>
    public MediaLeg(MediaSession session, long owner, ReadOnlySpan<byte> random)
    {
        Session = session with { AudioSource = BitConverter.ToUInt32(random), VideoSource = ~BitConverter.ToUInt32(random) };
        Owner = owner;
        _outgoing = new OutgoingStream(BitConverter.ToUInt32(random), (ushort)(BitConverter.ToUInt16(random[4..]) & 0x7FFF), BitConverter.ToUInt32(random[6..]));
    }

    public MediaSession Session { get; }

    public long Owner { get; }

    /// <summary>The core that runs it now; null before and after, and on its way between loops.</summary>
    public MediaCore? Core { get; set; }

    /// <summary>Its ports, or the shared one and none; null in tests without sockets.</summary>
    public MediaPort? RtpPort { get; init; }

    public MediaPort? RtcpPort { get; init; }

    public AudioStream? Stream { get; private set; }

    public Bridge? Bridge { get; set; }

    public Room? Room { get; set; }

    public RoomFlags RoomFlags { get; set; }

    /// <summary>Milliseconds of echo, or −1.</summary>
    public int EchoMs { get; private set; } = -1;

    public bool IsClosed { get; private set; }

    /// <summary>Place in the tick wheel, −1 when it does not tick.</summary>
    public int Slot { get; set; } = -1;

    public int SlotIndex { get; set; }

    public long LastTick { get; set; }

    /// <summary>When it wants <see cref="OnTimer"/>; kept by the core's timers.</summary>
    public TimerLink Timer = TimerLink.None;

    public LegInput? Input { get; private set; }

    public LegOutput? Output { get; private set; }

    public Playback? Playback { get; private set; }

    public DigitSender? Digits { get; private set; }

    private MediaLeg? Peer => Bridge?.Other(this);

    private bool CanSend => Stream is not null && !IsHeld && PeerAddress.IsUsable;

    private bool SendsEvents => Stream is { SendEventType: >= 0 };

    /// <summary>Whether audio for the peer is made here, so that nothing is relayed to it.</summary>
    private bool Generates => Playback is not null || Digits is { IsBusy: true } || EchoesSamples || (Room is not null && (RoomFlags & RoomFlags.Hear) != 0);

    public void Configure(AudioStream stream, long nowUs)
    {
        if (_latch.Configure(stream, nowUs) && _isConnected)
        {
            _isConnected = false;
            Core!.Output.Disconnect(this);
        }

        Stream = stream;
        _configuredUs = nowUs;
        _clockHz = StaticPayloadTypes.ClockHz(stream.Codec);
        SetReceived(stream.ReceivePayloadType, stream.Codec, nowUs - ReceivedCodecStaysUs);
        _rtcp.Configure(stream);
        _timedOut = false;
        _transport?.Advance(nowUs); // a handshake that waited for the address
        Schedule(nowUs);
        ArrangeAll();
    }

    /// <summary>Takes a packet from the RTP port.</summary>
    /// <param name="packet">As received; its header is rewritten in place when it is relayed.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="nowUs">When.</param>
    public void OnRtp(Span<byte> packet, in NetAddress source, long nowUs)
    {
        if (Stream is not { } stream)
        {
            Drop();
            return;
        }

        if (stream.RtcpMux && packet.Length > 1 && packet[1] is >= 192 and <= 223)
        {
            OnRtcp(packet, source, nowUs); // RFC 5761 §4
            return;
        }

        if (!RtpHeader.TryParse(packet, out var header))
        {
            Drop();
            return;
        }

        if (!TryClassify(stream, header.PayloadType, source, nowUs, out var kind))
        {
            OnOther(packet, header, source, nowUs);
            return;
        }

        if (!AcceptSource(source, nowUs) || !_incoming.Add(header, out var restarted))
        {
            Drop();
            return;
        }

        Arrived(header.PayloadLength, nowUs);
        if (restarted)
        {
            Input?.Restart();
        }

        if ((stream.Direction & MediaDirection.RecvOnly) == 0)
        {
            return; // the peer was told that we do not listen
        }

        if (kind == PacketKind.Event)
        {
            OnEvent(packet, header, nowUs);
            return;
        }

        // The payload is read before the packet is handed on, since relaying rewrites what precedes it only.
        if (Input is { } input)
        {
            var payload = packet.Slice(header.PayloadOffset, header.PayloadLength);
            if (kind == PacketKind.Audio)
            {
                input.Add(payload, header.Timestamp, nowUs);
            }
            else
            {
                input.AddComfortNoise(payload);
            }
        }

        if (kind == PacketKind.Audio)
        {
            _incoming.AddTransit(header.Timestamp, nowUs, _receivedClockHz);
            _relayTo?.Relay(packet, header, _relayTo.Stream!.SendPayloadType, nowUs);
            if (_received == stream.Codec)
            {
                Hub?.Forward(this, packet, header, nowUs);
            }
        }
        else if (_relayTo is { Stream.ReceiveComfortNoiseType: >= 0 } target)
        {
            target.Relay(packet, header, target.Stream!.ReceiveComfortNoiseType, nowUs);
        }
    }

    /// <summary>Obeys a deadline of seconds or tenths: reports, time-outs.</summary>
    public void OnTimer(long nowUs)
    {
        if (_events.IsActive && nowUs - _events.LastUs >= EventReceiver.TimeoutUs)
        {
            EndEvent();
        }

        _transport?.Tick(nowUs);
        if (Stream is not null && _rtcp.IsDue(nowUs))
        {
            SendReport(nowUs, goodbye: false);
        }

        _video?.OnTimer(nowUs);
        if (TimeoutAtUs() is var due && due <= nowUs)
        {
            _timedOut = true;
            Emit(MediaEventKind.Timeout, 0, 0, 0, 0);
        }

        Schedule(nowUs);
    }

    /// <summary>Ends everything on it; the ports are closed by the caller.</summary>
    public void Close(long nowUs)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        Detach();
        EndPlayback(PlaybackEnd.Closed);
        EndRecordings();
        if (Stream is not null && (_outgoing.HasSent || _incoming.HasSource))
        {
            SendReport(nowUs, goodbye: true);
        }

        _video?.Close(nowUs, goodbye: true);
        Input?.Release();
        Output?.Release();
        (Input, Output) = (null, null);
        Core!.StopTicks(this);
        Core.CancelTimer(this);
    }

    /// <summary>A loop took it on, at first or from another one.</summary>
    public void OnArrival(long nowUs)
    {
        if (Stream is not null || _transport is not null)
        {
            Schedule(nowUs);
            ArrangeAll();
        }
    }

    /// <summary>It goes to another loop: what belongs to this loop's pools stays here.</summary>
    public void OnDeparture()
    {
        Input?.Release();
        Input = null;
        _video?.OnDeparture();
    }

    /// <summary>Leaves its bridge, its room and its stream.</summary>
    public void Detach()
    {
        Bridge?.End();
        Room?.Remove(this);
        Hub?.Leave(this);
    }

    /// <summary>A snapshot; any thread.</summary>
    public MediaStatistics Statistics()
    {
        var jitterMs = _incoming.Jitter * 1000 / _receivedClockHz;
        var expected = _incoming.Expected;
        var loss = expected > 0 ? (double)_incoming.Lost / expected : 0;
        return new MediaStatistics(
            _incoming.Received, _outgoing.Packets, _bytesReceived, _outgoing.Octets, _incoming.Lost, _dropped, jitterMs,
            EModel.Mos(Stream?.Codec.Codec ?? AudioCodec.Pcmu, loss, jitterMs, _rtcp.RoundTripMs), _remote);
    }

    /// <summary>Sends a frame that was made here.</summary>
    /// <param name="packet">Room for the header, then the payload.</param>
    /// <param name="units">Its length in units of the RTP clock.</param>
    /// <param name="nowUs">The tick.</param>
    public void SendGenerated(Span<byte> packet, int units, long nowUs)
    {
        if (!CanSend)
        {
            _outgoing.Break();
            return;
        }

        var sequence = _outgoing.Generate(nowUs, units, _clockHz, out var timestamp, out var marker);
        RtpHeader.Write(packet, Stream!.SendPayloadType, marker, sequence, timestamp, _outgoing.Ssrc);
        Transmit(packet);
    }

    public void Emit(MediaEventKind kind, long token, int value, long extra, int rateHz) =>
        Core!.Output.Emit(new MediaEvent(kind, Session, Owner, token, value, extra, rateHz));

    private void Drop()
    {
        _dropped++;
        Core!.Dropped++;
    }

    private enum PacketKind : byte
    {
        Audio,
        Event,
        ComfortNoise,
    }

    /// <summary>Tells what a payload type is. Peers that use their own number in both directions are understood too.</summary>
    private bool TryClassify(AudioStream stream, int payloadType, in NetAddress source, long nowUs, out PacketKind kind)
    {
        if (payloadType == _receivedType)
        {
            kind = PacketKind.Audio;
        }
        else if (payloadType == stream.ReceiveEventType)
        {
            kind = PacketKind.Event;
        }
        else if (payloadType == stream.ReceiveComfortNoiseType)
        {
            kind = PacketKind.ComfortNoise;
        }
        else if (payloadType == stream.SendPayloadType && _received == stream.Codec)
        {
            kind = PacketKind.Audio;
        }
        else if (payloadType == stream.SendEventType)
        {
            kind = PacketKind.Event;
        }
        else
        {
            kind = PacketKind.Audio;
            return TryFollow(stream, payloadType, source, nowUs);
        }

        return true;
    }

    /// <summary>A packet of the peer's was accepted.</summary>
    private void Arrived(int payloadLength, long nowUs)
    {
        if (_latch.IsLocked && !_isConnected && Shared is null && _transport is not { IsIce: true })
        {
            _isConnected = true;
            _remote = _latch.Current.ToEndPoint();
            Core!.Output.Connect(this, _latch.Current);
        }

        _lastReceivedUs = nowUs;
        _bytesReceived += payloadLength;
        if (!_isUp)
        {
            BecomeUp(nowUs);
        }

        if (_timedOut)
        {
            _timedOut = false;
            Schedule(nowUs);
        }
    }

    private void BecomeUp(long nowUs)
    {
        _isUp = true;
        _remote = PeerAddress.ToEndPoint();
        Emit(MediaEventKind.MediaUp, 0, 0, 0, 0);
        Schedule(nowUs);
    }

    /// <summary>Passes a packet of another leg on to this one's peer.</summary>
    public void Relay(Span<byte> packet, in RtpHeader header, int payloadType, long nowUs)
    {
        if (!CanSend || !_outgoing.Relay(header, nowUs, _clockHz, out var sequence, out var timestamp, out var restarted))
        {
            return;
        }

        // Contributing sources, extensions and padding concern the other side only: the header moves up to the payload.
        var relayed = packet.Slice(header.PayloadOffset - RtpHeader.FixedLength, RtpHeader.FixedLength + header.PayloadLength);
        RtpHeader.Write(relayed, payloadType, header.Marker || restarted, sequence, timestamp, _outgoing.Ssrc);
        Transmit(relayed);
    }

    private void Transmit(ReadOnlySpan<byte> packet)
    {
        _outgoing.Count(packet.Length - RtpHeader.FixedLength);
        SendRtp(packet);
    }

    /// <summary>When the peer's silence is to be reported.</summary>
    private long TimeoutAtUs() => Stream is { MediaTimeoutMs: > 0 } stream && !IsHeld && !_timedOut && (stream.Direction & MediaDirection.RecvOnly) != 0
        ? Math.Max(_lastReceivedUs, _configuredUs) + (stream.MediaTimeoutMs * 1000L)
        : long.MaxValue;

    private void Schedule(long nowUs)
    {
        var due = Stream is null ? long.MaxValue : _rtcp.DueUs(nowUs, _outgoing.Ssrc, SendReportUs);
        due = Math.Min(due, _transport?.DueUs ?? long.MaxValue);
        due = Math.Min(due, TimeoutAtUs());
        due = Math.Min(due, _video?.DueUs ?? long.MaxValue);
        if (_events.IsActive)
        {
            due = Math.Min(due, _events.LastUs + EventReceiver.TimeoutUs);
        }

        Core!.SetTimer(this, due);
    }
}
