using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>One publisher, many viewers.</summary>
public sealed class StreamTests
{
    private readonly FakePlane _plane = new();

    [Fact]
    public void All_viewers_get_audio_and_video_as_they_were_sent_each_with_numbers_of_its_own()
    {
        var publisher = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        var viewers = Enumerable.Range(0, 5).Select(_ => Enter(CommandKind.Watch, new Camera(_plane, 96, 102))).ToArray();
        publisher.Send(20);
        publisher.Phone.Say(440);
        foreach (var viewer in viewers)
        {
            Assert.Equal(publisher.Sent.Select(p => p[12..]), viewer.Video.Select(p => p[12..]));
            Assert.Equal(160, Assert.Single(viewer.Phone.Packets, p => (p[1] & 0x7F) == 0).Length - 12);
        }

        Assert.Empty(publisher.Phone.Packets);
        Assert.Null(publisher.Phone.Leg.Input); // nothing is decoded
    }

    [Fact]
    public void One_who_joins_late_begins_with_a_whole_picture_and_loses_nothing_of_the_others()
    {
        var publisher = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        var first = Enter(CommandKind.Watch, new Camera(_plane, 96, 102));
        publisher.Send(10);
        _plane.Run(1000);
        var before = VideoTests.Feedback(publisher, 206, 1).Count;
        var late = Enter(CommandKind.Watch, new Camera(_plane, 96, 102));
        Assert.Equal(before + 1, VideoTests.Feedback(publisher, 206, 1).Count);
        publisher.Send(5);
        Assert.Equal((15, 5), (first.Video.Count, late.Video.Count));
        late.Nack((ushort)((late.Video[2][2] << 8) | late.Video[2][3]));
        Assert.Equal(late.Video[2], late.Video[5]);
        Assert.Equal(15, first.Video.Count);
    }

    [Fact]
    public void A_viewer_that_leaves_or_ends_gets_no_more()
    {
        var publisher = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        var viewers = Enumerable.Range(0, 3).Select(_ => Enter(CommandKind.Watch, new Camera(_plane, 96, 102))).ToArray();
        publisher.Send(1);
        _plane.Do(CommandKind.LeaveStream, viewers[0].Phone);
        _plane.Do(CommandKind.Close, viewers[1].Phone);
        publisher.Send(1);
        Assert.Equal([1, 1, 2], viewers.Select(v => v.Video.Count));
    }

    [Fact]
    public void Viewers_wait_for_a_publisher_and_see_the_next_one_as_the_same_stream()
    {
        var viewer = Enter(CommandKind.Watch, new Camera(_plane, 96, 102));
        var first = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        first.Send(3);
        _plane.Do(CommandKind.Close, first.Phone);
        var second = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        second.Send(3);
        var third = Enter(CommandKind.Publish, new Camera(_plane, 96, 102)); // takes over while the second is still there
        third.Send(3);
        second.Send(3);
        Assert.Equal(9, viewer.Video.Count);
        for (var i = 1; i < 9; i++)
        {
            Assert.Equal((ushort)(((viewer.Video[i - 1][2] << 8) | viewer.Video[i - 1][3]) + 1), (viewer.Video[i][2] << 8) | viewer.Video[i][3]);
        }
    }

    [Fact]
    public void What_a_viewer_cannot_take_is_left_out()
    {
        var publisher = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        var other = Enter(CommandKind.Watch, new Camera(_plane, 96, 102, s => s with { Format = new VideoFormat(VideoCodec.Vp9, 0) }));
        publisher.Send(3);
        publisher.Phone.Say(440);
        Assert.Empty(other.Video);
        Assert.Single(other.Phone.Packets);
    }

    [Fact]
    public void A_bridge_ends_the_stream_for_a_leg()
    {
        var publisher = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        var viewer = Enter(CommandKind.Watch, new Camera(_plane, 96, 102));
        var other = new Camera(_plane, 96, 102);
        _plane.Bridge(viewer.Phone, other.Phone);
        publisher.Send(3);
        other.Send(2);
        Assert.Equal(2, viewer.Video.Count);
        Assert.Null(viewer.Phone.Leg.Hub);
    }

    [Fact]
    public void The_least_bandwidth_of_the_viewers_counts()
    {
        var publisher = Enter(CommandKind.Publish, new Camera(_plane, 96, 102));
        var viewers = Enumerable.Range(0, 2).Select(_ => Enter(CommandKind.Watch, new Camera(_plane, 96, 102))).ToArray();
        for (var i = 0; i < 250; i++)
        {
            publisher.SendNumbered(publisher.Sequence++, new byte[1200]); // 480 kbit/s
            _plane.Run(20);
        }

        viewers[0].Rtcp(VideoTests.Report(viewers[0].Phone.Leg.Session.VideoSource, 64));
        viewers[1].Rtcp(VideoTests.Report(viewers[1].Phone.Leg.Session.VideoSource, 192));
        Assert.True(Media.Rtp.RtcpFeedback.TryReadBandwidth(VideoTests.Feedback(publisher, 206, 15)[^1].AsSpan(12), publisher.Ssrc, out var cap));
        Assert.InRange(cap, 280_000, 305_000); // three quarters lost of 480 kbit/s, against one quarter
    }

    private Camera Enter(CommandKind kind, Camera camera)
    {
        _plane.Do(kind, camera.Phone, number: 7);
        return camera;
    }
}
