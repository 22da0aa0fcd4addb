using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>One publisher and any number of viewers, on one loop: audio and video are forwarded as they come, nothing is decoded.</summary>
/// <remarks>A viewer whose codec is not the publisher's gets none of that medium. The publisher may come, go and be replaced while others watch.</remarks>
internal sealed class StreamHub(long id, MediaCore core)
{
    private MediaLeg[] _viewers = [];

    public long Id { get; } = id;

    public MediaLeg? Publisher { get; private set; }

    public void Publish(MediaLeg leg)
    {
        Enter(leg);
        if (Publisher is { } former)
        {
            Leave(former);
        }

        Publisher = leg;
        core.AddHub(this);
        ArrangeVideo();
    }

    public void Watch(MediaLeg leg)
    {
        Enter(leg);
        _viewers = [.. _viewers, leg];
        core.AddHub(this);
        ArrangeVideo();
    }

    public void Leave(MediaLeg leg)
    {
        if (Publisher == leg)
        {
            leg.Video?.SetViewers([], core.NowUs);
            Publisher = null;
        }
        else
        {
            _viewers = Array.FindAll(_viewers, v => v != leg);
            ArrangeVideo();
        }

        leg.Hub = null;
        leg.ArrangeAll();
        if (Publisher is null && _viewers.Length == 0)
        {
            core.RemoveHub(this);
        }
    }

    /// <summary>Passes an audio packet of the publisher's on.</summary>
    public void Forward(MediaLeg from, Span<byte> packet, in RtpHeader header, long nowUs)
    {
        if (from != Publisher)
        {
            return;
        }

        foreach (var viewer in _viewers)
        {
            if (viewer.Stream is { Exists: true } stream && stream.Codec == from.Stream!.Codec)
            {
                viewer.Relay(packet, header, stream.SendPayloadType, nowUs);
            }
        }
    }

    public void ArrangeVideo()
    {
        if (Publisher?.Video is { } video)
        {
            video.SetViewers([.. _viewers.Where(v => v.Video is { } theirs && theirs.Stream.Format.Matches(video.Stream.Format)).Select(static v => v.Video!)], core.NowUs);
        }
    }

    private void Enter(MediaLeg leg)
    {
        leg.Detach();
        leg.Hub = this;
        leg.ArrangeAll();
    }
}
