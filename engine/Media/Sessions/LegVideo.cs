using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Video of one leg: what its peer sends goes to those who watch, what it watches goes to its peer. Nothing is decoded. Exists only for legs with video.</summary>
/// <remarks>
/// Each viewer sees one stream with numbers of its own, whoever it watches; a gap in what was received stays a gap until the packet comes
/// after all, since it is asked for again. Resends are served here, from one buffer for each sender.
/// </remarks>
internal sealed class LegVideo(MediaLeg leg, uint ssrc, ushort firstSequence, uint firstTimestamp)
{
    private const long ReportUs = 500_000;
    private const long KeyFrameUs = 500_000;
    private const long BandwidthUs = 1_000_000;
    private const long EstimateUs = 5_000_000;
    private const long LeastBandwidthBps = 100_000;
    private const int SomeLoss = 5; // of 256: 2 %
    private const int MuchLoss = 26; // 10 %
    private const long NoLimitBps = 50_000_000;
    private const long ResendAgainUs = 10_000;
    private const int ResendsAPeriod = 512;
    private const int RestartAge = 1024;

    private readonly OutgoingStream _outgoing = new(ssrc, firstSequence, firstTimestamp);
    private readonly LossList _losses = new();
    private readonly IncomingStream _incoming = new(RestartAge);
    private TransportFeedback? _arrivals;
    private ResendBuffer? _resends;
    private LegVideo[] _viewers = [];
    private LegVideo? _watched;
    private uint _watchedSource;
    private bool _wantsKeyFrame;
    private long _keyFrameUs = long.MinValue / 2;
    private byte _keyFrames;
    private long _reportUs;
    private long _limitBps; // what the peer can take; 0 for as much as comes
    private long _estimateBps;
    private long _estimateUs;
    private long _sentBps;
    private long _octetsAtReport;
    private long _bandwidthSentUs;
    private long _bandwidthSentBps;
    private long _packetsAtReport;
    private long _resendPeriodUs;
    private int _resendCount;
    private ushort _lastResent;
    private long _lastResentUs;
    private uint _senderReport;
    private long _senderReportUs;
    private double _roundTripMs;

    /// <summary>What was negotiated.</summary>
    public VideoStream Stream { get; private set; } = null!;

    /// <summary>Packets of the peer's that were forwarded or kept.</summary>
    public long Received => _incoming.Received;

    /// <summary>When it wants <see cref="OnTimer"/>.</summary>
    public long DueUs => _reportUs;

    private bool CanSend => (Stream.Direction & MediaDirection.SendOnly) != 0;

    public void Configure(VideoStream stream, long nowUs)
    {
        Stream = stream;
        _arrivals = stream.TransportFeedbackId > 0 ? _arrivals ?? new TransportFeedback() : null;
        _reportUs = _reportUs == 0 ? nowUs + ReportUs : _reportUs;
        _watched?.RequestKeyFrame(nowUs);
    }

    public bool Takes(int payloadType) => payloadType == Stream.ReceivePayloadType || payloadType == Stream.SendPayloadType;

    /// <summary>Sets who watches; one who is new begins with a whole picture.</summary>
    public void SetViewers(LegVideo[] viewers, long nowUs)
    {
        var isNew = false;
        foreach (var viewer in viewers)
        {
            isNew |= Array.IndexOf(_viewers, viewer) < 0;
        }

        foreach (var former in _viewers)
        {
            if (former._watched == this && Array.IndexOf(viewers, former) < 0)
            {
                former._watched = null;
            }
        }

        foreach (var viewer in viewers)
        {
            if (viewer._watched != this)
            {
                viewer._watched = this;
                viewer._outgoing.LeaveSource();
            }
        }

        _viewers = viewers;
        if (isNew)
        {
            RequestKeyFrame(nowUs);
        }
    }

    /// <summary>The transport of this leg came up: both ways begin with a whole picture.</summary>
    public void OnTransportUp(long nowUs)
    {
        _keyFrameUs = long.MinValue / 2;
        RequestKeyFrame(nowUs);
        _watched?.RequestKeyFrame(nowUs);
    }

    /// <summary>Takes a packet of the peer's.</summary>
    public void OnRtp(Span<byte> packet, in RtpHeader header, long nowUs)
    {
        if (_arrivals is { } arrivals && RtpExtensions.TryFind(packet, Stream.TransportFeedbackId, out var number) && number.Length == 2)
        {
            arrivals.Add((ushort)((number[0] << 8) | number[1]), nowUs);
        }

        if (!_incoming.Add(header, out var restarted))
        {
            leg.CountDropped();
            return;
        }

        if (restarted)
        {
            _losses.Restart();
            _resends?.Clear();
        }

        _incoming.AddTransit(header.Timestamp, nowUs, VideoStream.ClockHz);
        var payload = packet.Slice(header.PayloadOffset, header.PayloadLength);
        (_resends ??= new ResendBuffer(leg.Core!.PacketBuffers)).Add(header.Sequence, header.Timestamp, header.Marker, payload);
        if ((Stream.Direction & MediaDirection.RecvOnly) != 0)
        {
            foreach (var viewer in _viewers)
            {
                viewer.Forward(packet, header, nowUs);
            }
        }

        if (!_losses.Add(header.Sequence))
        {
            RequestKeyFrame(nowUs);
        }

        SendFeedback(nowUs);
    }

    /// <summary>Takes feedback and reports of the peer's about what it watches, and its sender reports.</summary>
    public void OnRtcp(ReadOnlySpan<byte> packet, long nowUs)
    {
        if (RtcpReader.TryRead(packet, _outgoing.Ssrc, out var summary))
        {
            if (summary.HasSenderReport && summary.SenderSsrc == _incoming.Ssrc)
            {
                (_senderReport, _senderReportUs) = (summary.NtpMiddle, nowUs);
            }

            if (summary.HasBlock)
            {
                _roundTripMs = summary.Block.LastReport != 0 ? leg.RoundTripMs(summary.Block) ?? _roundTripMs : _roundTripMs;
                TakeLoss(summary.Block.FractionLost, nowUs);
                _watched?.CapSender(nowUs);
            }
        }

        while (RtcpFeedback.TryNext(ref packet, out var message))
        {
            switch (message.Type, message.Format)
            {
                case (RtcpFeedback.Transport, RtcpFeedback.Nack) when message.MediaSource == _outgoing.Ssrc:
                    Resend(message.Control, nowUs);
                    break;
                case (RtcpFeedback.Payload, RtcpFeedback.PictureLoss) when message.MediaSource == _outgoing.Ssrc:
                case (RtcpFeedback.Payload, RtcpFeedback.FullIntra) when NamesUs(message.Control):
                    _watched?.RequestKeyFrame(nowUs);
                    break;
                case (RtcpFeedback.Payload, RtcpFeedback.Application) when RtcpFeedback.TryReadBandwidth(message.Control, _outgoing.Ssrc, out var bitrateBps):
                    (_estimateBps, _estimateUs) = (bitrateBps, nowUs);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Asks the peer for a whole picture, not more than twice a second.</summary>
    public void RequestKeyFrame(long nowUs)
    {
        _wantsKeyFrame = true;
        if (_incoming.HasSource && nowUs - _keyFrameUs >= KeyFrameUs && (Stream.PictureLoss || Stream.FullIntra))
        {
            _wantsKeyFrame = false;
            _keyFrameUs = nowUs;
            var at = leg.BeginFeedback(_outgoing.Ssrc);
            var room = leg.Core!.Scratch[at..];
            leg.SendFeedback(at + (Stream.PictureLoss
                ? RtcpFeedback.WritePictureLoss(room, _outgoing.Ssrc, _incoming.Ssrc)
                : RtcpFeedback.WriteFullIntra(room, _outgoing.Ssrc, _incoming.Ssrc, _keyFrames++)));
        }
    }

    /// <summary>Reports that are due.</summary>
    public void OnTimer(long nowUs)
    {
        if (nowUs < _reportUs)
        {
            return;
        }

        var sentBps = (_outgoing.Octets - _octetsAtReport) * 8_000_000 / (nowUs - _reportUs + ReportUs);
        _sentBps += (sentBps - _sentBps) / 4; // over two seconds: a whole picture is no rate
        _octetsAtReport = _outgoing.Octets;
        _reportUs = nowUs + ReportUs;
        Report(nowUs, goodbye: false);
        SendFeedback(nowUs);
    }

    /// <summary>Ends it; buffers go back.</summary>
    /// <param name="nowUs">Now.</param>
    /// <param name="goodbye">Whether its source is gone for good.</param>
    public void Close(long nowUs, bool goodbye)
    {
        SetViewers([], nowUs);
        _watched?.Lose(this, nowUs);
        _resends?.Clear();
        if (goodbye)
        {
            Report(nowUs, goodbye: true);
        }
    }

    /// <summary>It goes to another loop, whose buffers are others.</summary>
    public void OnDeparture()
    {
        _resends?.Clear();
        _resends = null;
    }

    private void Lose(LegVideo viewer, long nowUs) => SetViewers(Array.FindAll(_viewers, v => v != viewer), nowUs);

    /// <summary>Passes a packet of the watched leg on to this one's peer.</summary>
    private void Forward(Span<byte> packet, in RtpHeader header, long nowUs)
    {
        if (!CanSend || !leg.CanReach || !_outgoing.Relay(header, nowUs, VideoStream.ClockHz, out var sequence, out var timestamp, out _))
        {
            return;
        }

        _watchedSource = header.Ssrc;
        var relayed = packet.Slice(header.PayloadOffset - RtpHeader.FixedLength, RtpHeader.FixedLength + header.PayloadLength);
        Send(relayed, header.Marker, sequence, timestamp);
    }

    private void Send(Span<byte> packet, bool marker, ushort sequence, uint timestamp)
    {
        RtpHeader.Write(packet, Stream.SendPayloadType, marker, sequence, timestamp, _outgoing.Ssrc);
        if (packet.Length > RtpHeader.FixedLength)
        {
            _outgoing.Count(packet.Length - RtpHeader.FixedLength);
            leg.SendVideo(packet);
            return;
        }

        // Padding alone, with which a sender probes the bandwidth. It has a number, so the receiver must get it or would take it for lost.
        Span<byte> padded = stackalloc byte[RtpHeader.FixedLength + 4];
        packet.CopyTo(padded);
        padded[RtpHeader.FixedLength..].Clear();
        padded[0] |= 0x20;
        padded[^1] = 4;
        _outgoing.Count(0);
        leg.SendVideo(padded);
    }

    /// <summary>Sends again what the peer lost, from what the watched leg's peer sent.</summary>
    private void Resend(ReadOnlySpan<byte> control, long nowUs)
    {
        if (nowUs - _resendPeriodUs >= 100_000)
        {
            (_resendPeriodUs, _resendCount) = (nowUs, 0);
        }

        for (; control.Length >= 4; control = control[4..])
        {
            var first = (ushort)((control[0] << 8) | control[1]);
            var mask = (((control[2] << 8) | control[3]) << 1) | 1;
            for (var i = 0; mask != 0; i++, mask >>= 1)
            {
                if ((mask & 1) != 0)
                {
                    Resend((ushort)(first + i), nowUs);
                }
            }
        }
    }

    private void Resend(ushort sequence, long nowUs)
    {
        // A receiver that asks twice in one breath gets one packet; one that asks without end gets no more than this.
        if ((sequence == _lastResent && nowUs - _lastResentUs < ResendAgainUs) || _resendCount >= ResendsAPeriod || !CanSend || !leg.CanReach
            || _watched is not { _resends: { } kept } watched || watched._incoming.Ssrc != _watchedSource
            || !_outgoing.TrySource(sequence, out var source, out var timestampShift) || !kept.TryGet(source, out var packet, out var timestamp, out var marker))
        {
            return;
        }

        (_lastResent, _lastResentUs) = (sequence, nowUs);
        _resendCount++;
        Send(packet, marker, sequence, timestamp + timestampShift);
    }

    private void SendFeedback(long nowUs)
    {
        if (Stream.Nack && _losses.Count > 0)
        {
            Span<ushort> numbers = stackalloc ushort[LossList.Capacity];
            var count = _losses.TakeDue(nowUs, _roundTripMs, numbers, out var gaveUp);
            if (count > 0)
            {
                var at = leg.BeginFeedback(_outgoing.Ssrc);
                leg.SendFeedback(at + RtcpFeedback.WriteNack(leg.Core!.Scratch[at..], _outgoing.Ssrc, _incoming.Ssrc, numbers[..count]));
            }

            _wantsKeyFrame |= gaveUp;
        }

        if (_wantsKeyFrame)
        {
            RequestKeyFrame(nowUs);
        }

        if (_arrivals is { } arrivals && arrivals.IsDue(nowUs))
        {
            var at = leg.BeginFeedback(_outgoing.Ssrc);
            var length = arrivals.Write(leg.Core!.Scratch[at..], _outgoing.Ssrc, _incoming.Ssrc, nowUs);
            if (length > 0)
            {
                leg.SendFeedback(at + length);
            }
        }
    }

    /// <summary>
    /// Takes what share of our packets the peer lost. Much loss is congestion, and so is some when the peer itself estimates that it can take
    /// less than it is sent; an estimate alone is not, since no receiver knows more than a bit above what it gets. Without loss the limit is
    /// lifted step by step.
    /// </summary>
    private void TakeLoss(byte fraction, long nowUs)
    {
        if (fraction > MuchLoss)
        {
            _limitBps = Math.Max(LeastBandwidthBps, _sentBps - (_sentBps * fraction / 512)); // half of what is lost, as senders do by themselves
        }
        else if (fraction > SomeLoss && nowUs - _estimateUs < EstimateUs && _estimateBps < _sentBps * 9 / 10)
        {
            _limitBps = Math.Max(LeastBandwidthBps, _estimateBps);
        }
        else if (_limitBps != 0 && fraction <= SomeLoss)
        {
            _limitBps = _limitBps * 110 / 100;
            _limitBps = _limitBps > 4 * Math.Max(_sentBps, LeastBandwidthBps) ? 0 : _limitBps;
        }
    }

    /// <summary>Tells the peer how much its viewers can take: the least of them, since it sends one picture for all.</summary>
    private void CapSender(long nowUs)
    {
        if (!Stream.Bandwidth || !_incoming.HasSource)
        {
            return;
        }

        var least = NoLimitBps;
        foreach (var viewer in _viewers)
        {
            least = viewer._limitBps != 0 ? Math.Min(least, viewer._limitBps) : least;
        }

        // At once when it is much less, else once a second; never before there was a limit.
        if (least == (_bandwidthSentBps == 0 ? NoLimitBps : _bandwidthSentBps) || (nowUs - _bandwidthSentUs < BandwidthUs && least > _bandwidthSentBps * 9 / 10))
        {
            return;
        }

        (_bandwidthSentUs, _bandwidthSentBps) = (nowUs, least);
        var at = leg.BeginFeedback(_outgoing.Ssrc);
        leg.SendFeedback(at + RtcpFeedback.WriteBandwidth(leg.Core!.Scratch[at..], _outgoing.Ssrc, _incoming.Ssrc, least));
    }

    private void Report(long nowUs, bool goodbye)
    {
        if (!_incoming.HasSource && !_outgoing.HasSent)
        {
            return;
        }

        ReportBlock? block = _incoming.HasSource
            ? new ReportBlock(
                _incoming.Ssrc, _incoming.TakeFractionLost(), _incoming.Lost, _incoming.ExtendedMax, (uint)_incoming.Jitter, _senderReport,
                _senderReportUs == 0 ? 0 : (uint)((nowUs - _senderReportUs) * 65536 / 1_000_000))
            : null;
        (uint, uint, uint)? sender = _outgoing.Packets > _packetsAtReport
            ? (_outgoing.TimestampAt(nowUs, VideoStream.ClockHz), (uint)_outgoing.Packets, (uint)_outgoing.Octets)
            : null;
        _packetsAtReport = _outgoing.Packets;
        leg.SendVideoReport(_outgoing.Ssrc, sender, block, goodbye);
    }

    /// <summary>Whether a full intra request is for the stream that we send.</summary>
    private bool NamesUs(ReadOnlySpan<byte> control)
    {
        for (; control.Length >= 8; control = control[8..])
        {
            if (System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(control) == _outgoing.Ssrc)
            {
                return true;
            }
        }

        return false;
    }
}
