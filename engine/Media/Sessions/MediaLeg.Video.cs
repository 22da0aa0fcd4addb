using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Video, and streams that many watch.</summary>
internal sealed partial class MediaLeg
{
    private LegVideo? _video;
    private LegVideo? _formerVideo; // kept while there is none: its numbers go on, since those of before are used up

    /// <summary>The stream that it sends into or watches.</summary>
    public StreamHub? Hub { get; set; }

    public LegVideo? Video => _video;

    /// <summary>Whether packets reach the peer, held or not.</summary>
    public bool CanReach => PeerAddress.IsUsable;

    /// <summary>Sets what was negotiated about video; null for none.</summary>
    public void ConfigureVideo(VideoStream? stream, long nowUs)
    {
        if (stream is null || stream.Direction == MediaDirection.Inactive)
        {
            if (_video is { } former)
            {
                (_video, _formerVideo) = (null, former);
                former.Close(nowUs, goodbye: false);
                ArrangeVideo();
                Schedule(nowUs);
            }

            return;
        }

        var video = _video ??= _formerVideo ?? new LegVideo(this, Session.VideoSource, (ushort)(_outgoing.Ssrc & 0x7FFF), _outgoing.Ssrc * 747796405);
        video.Configure(stream, nowUs);
        ArrangeVideo();
        Schedule(nowUs);
    }

    /// <summary>Asks the peer for a whole picture.</summary>
    public void RequestKeyFrame(long nowUs) => _video?.RequestKeyFrame(nowUs);

    /// <summary>Decides anew who watches what this leg and those joined with it send.</summary>
    public void ArrangeVideo()
    {
        if (IsClosed || Core is null)
        {
            return;
        }

        var peer = Peer;
        ArrangeViewers(peer);
        peer?.ArrangeViewers(this);
        Hub?.ArrangeVideo();
    }

    public void CountDropped() => Drop();

    public double? RoundTripMs(in ReportBlock block) => ReportState.RoundTrip(block, Core!.Output.UtcNow);

    /// <summary>Writes what a compound packet begins with (RFC 3550 §6.1) into the scratch.</summary>
    /// <returns>Where feedback goes.</returns>
    public int BeginFeedback(uint ssrc)
    {
        var writer = new RtcpWriter(Core!.Scratch);
        writer.Report(ssrc, null, null);
        return writer.Length;
    }

    /// <summary>Sends the compound packet in the scratch.</summary>
    public void SendFeedback(int length)
    {
        if (CanReach)
        {
            SendRtcp(Core!.Scratch[..length], _latch.Current);
        }
    }

    public void SendVideo(ReadOnlySpan<byte> packet) => SendRtp(packet);

    public void SendVideoReport(uint ssrc, (uint Timestamp, uint Packets, uint Octets)? sender, ReportBlock? block, bool goodbye)
    {
        if (!CanReach)
        {
            return;
        }

        var writer = new RtcpWriter(Core!.Scratch);
        writer.Report(ssrc, sender is { } s ? (ReportState.ToNtp(Core.Output.UtcNow), s.Timestamp, s.Packets, s.Octets) : null, block);
        WriteName(ref writer, ssrc);
        if (goodbye)
        {
            writer.Bye(ssrc);
        }

        SendRtcp(Core.Scratch[..writer.Length], _latch.Current);
    }

    partial void OnTransportUp(long nowUs)
    {
        _video?.OnTransportUp(nowUs);
        if (Hub?.Publisher is { } publisher && publisher != this)
        {
            publisher.RequestKeyFrame(nowUs);
        }
    }

    /// <summary>Takes a packet that is not audio: video, when its payload type says so.</summary>
    private void OnOther(Span<byte> packet, in RtpHeader header, in NetAddress source, long nowUs)
    {
        if (_video is not { } video || !video.Takes(header.PayloadType) || !AcceptSource(source, nowUs))
        {
            Drop();
            return;
        }

        Arrived(header.PayloadLength, nowUs);
        video.OnRtp(packet, header, nowUs);
    }

    private void ArrangeViewers(MediaLeg? peer)
    {
        if (_video is not { } video || Hub is not null)
        {
            return;
        }

        var viewer = EchoMs >= 0 ? video : peer?._video;
        video.SetViewers(viewer is not null && viewer.Stream.Format.Matches(video.Stream.Format) ? [viewer] : [], Core!.NowUs);
    }
}
