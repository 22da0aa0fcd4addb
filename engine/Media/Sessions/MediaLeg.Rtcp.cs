using System.Text;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Reports in both directions (RFC 3550 §6).</summary>
internal sealed partial class MediaLeg
{
    private ReportState _rtcp;

    /// <summary>Takes a packet from the RTCP port, or one that shares the RTP port.</summary>
    public void OnRtcp(ReadOnlySpan<byte> packet, in NetAddress source, long nowUs)
    {
        if (Stream is null || (_transport is not { IsIce: true } && !_rtcp.Accept(source, _latch.Current)) || !RtcpReader.TryRead(packet, _outgoing.Ssrc, out var summary))
        {
            Drop();
            return;
        }

        _rtcp.Add(summary, nowUs, Core!.Output.UtcNow);
        _video?.OnRtcp(packet, nowUs);
    }

    private void SendReport(long nowUs, bool goodbye)
    {
        var to = Stream!.RtcpMux || _transport is { IsIce: true } ? PeerAddress : _rtcp.Remote;
        if (!to.IsUsable || (!_outgoing.HasSent && !_incoming.HasSource))
        {
            _rtcp.Sent(_outgoing.Packets);
            return;
        }

        var utc = Core!.Output.UtcNow;
        var writer = new RtcpWriter(Core.Scratch);
        ReportBlock? block = _incoming.HasSource
            ? new ReportBlock(_incoming.Ssrc, _incoming.TakeFractionLost(), _incoming.Lost, _incoming.ExtendedMax, (uint)_incoming.Jitter, _rtcp.LastReport, _rtcp.DelaySinceLastReport(nowUs))
            : null;
        if (_outgoing.Packets > _rtcp.PacketsAtReport)
        {
            writer.Report(_outgoing.Ssrc, (ReportState.ToNtp(utc), _outgoing.TimestampAt(nowUs, _clockHz), (uint)_outgoing.Packets, (uint)_outgoing.Octets), block);
        }
        else
        {
            writer.Report(_outgoing.Ssrc, null, block);
        }

        WriteName(ref writer, _outgoing.Ssrc);
        if (goodbye)
        {
            writer.Bye(_outgoing.Ssrc);
        }

        _rtcp.Sent(_outgoing.Packets);
        SendRtcp(Core.Scratch[..writer.Length], to);
    }

    /// <summary>One name for all that this leg sends, so that the receiver plays its audio and video together.</summary>
    private void WriteName(ref RtcpWriter writer, uint ssrc)
    {
        Span<byte> name = stackalloc byte[16];
        _ = Encoding.ASCII.GetBytes("xs-", name);
        _ = _outgoing.Ssrc.TryFormat(name[3..], out var digits, "x8");
        writer.Name(ssrc, name[..(3 + digits)]);
    }

    /// <summary>What reports need to remember.</summary>
    private struct ReportState
    {
        private uint _ntpMiddle;
        private long _receivedUs;
        private long _dueUs;
        private uint _random;

        public NetAddress Remote { get; private set; }

        public long PacketsAtReport { get; private set; }

        public double RoundTripMs { get; private set; }

        /// <summary>The middle of the NTP time in the last sender report, or 0.</summary>
        public readonly uint LastReport => _ntpMiddle;

        public static ulong ToNtp(DateTimeOffset utc)
        {
            var ticks = (ulong)(utc.UtcTicks - 599_266_080_000_000_000); // 1900-01-01
            return (ticks / 10_000_000 << 32) | ((ticks % 10_000_000 << 32) / 10_000_000);
        }

        public void Configure(AudioStream stream) => Remote = stream.RemoteRtcp.Port == 0 ? default : NetAddress.From(stream.RemoteRtcp);

        public readonly uint DelaySinceLastReport(long nowUs) => _receivedUs == 0 ? 0 : (uint)((nowUs - _receivedUs) * 65536 / 1_000_000);

        public readonly bool IsDue(long nowUs) => _dueUs != 0 && nowUs >= _dueUs;

        /// <summary>When the next report is due: 0.5 to 1.5 times the period after the last (RFC 3550 §6.3.1).</summary>
        public long DueUs(long nowUs, uint seed, long periodUs)
        {
            if (_dueUs == 0)
            {
                _random = _random == 0 ? seed | 1 : _random;
                _random ^= _random << 13;
                _random ^= _random >> 17;
                _random ^= _random << 5;
                _dueUs = nowUs + (periodUs / 2) + (_random % (uint)periodUs);
            }

            return _dueUs;
        }

        public void Sent(long packets)
        {
            _dueUs = 0;
            PacketsAtReport = packets;
        }

        /// <summary>RTCP is taken from where it was announced, or from the host that RTP comes from, which is then answered.</summary>
        public bool Accept(in NetAddress source, in NetAddress rtp)
        {
            if (source == Remote)
            {
                return true;
            }

            if (!rtp.IsUsable || !source.HasSameHost(rtp))
            {
                return false;
            }

            Remote = source;
            return true;
        }

        public void Add(in RtcpSummary summary, long nowUs, DateTimeOffset utc)
        {
            if (summary.HasSenderReport)
            {
                (_ntpMiddle, _receivedUs) = (summary.NtpMiddle, nowUs);
            }

            if (summary is { HasBlock: true, Block: { LastReport: not 0 } block })
            {
                RoundTripMs = RoundTrip(block, utc) ?? RoundTripMs;
            }
        }

        /// <summary>How long a report went there and back, ms; null for one that cannot be ours.</summary>
        public static double? RoundTrip(in ReportBlock block, DateTimeOffset utc)
        {
            var now = (uint)(ToNtp(utc) >> 16);
            var roundTrip = (int)(now - block.LastReport - block.DelaySinceLastReport);
            return roundTrip is >= 0 and < 10 * 65536 ? roundTrip * 1000.0 / 65536 : null;
        }
    }
}
