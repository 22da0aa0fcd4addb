using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Tests.Calls;

public sealed class StreamTests
{
    private const string OtherCodec = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    private readonly CallBench _bench = new();

    private Leg Join(string application, string user = "1000", string offer = CallBench.Offer, string name = "live", params (string, string)[] variables)
    {
        var (leg, script) = _bench.Incoming(offer: offer, user: user);
        foreach (var (key, value) in variables)
        {
            leg.Variables.Set(key, value);
        }

        _bench.Run(script, ScriptOp.Execute, application, name);
        return leg;
    }

    private HangupCause CauseOf(Leg leg)
    {
        _bench.Settle();
        return Assert.Single(_bench.Commands<LegCommand.Hangup>(), h => h.Leg == leg.Id).Cause;
    }

    [Fact]
    public void What_one_publishes_many_play()
    {
        var publisher = Join("stream_publish");
        var viewers = new[] { Join("stream_play", "1001"), Join("stream_play", "1002") };
        Assert.All([publisher, .. viewers], l => Assert.Equal(LegState.Answered, l.State));
        Assert.Equal([$"publish {publisher.Media.Index} 1", $"watch {viewers[0].Media.Index} 1", $"watch {viewers[1].Media.Index} 1"], Streams());
        Assert.Contains($"live,{publisher.Uuid},2\n", _bench.Api("stream list"), StringComparison.Ordinal);
        Assert.Equal(3, _bench.Api("stream live list").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("live", viewers[1].Variables["stream_name"]);
    }

    [Fact]
    public void When_the_publisher_leaves_its_viewers_end_and_the_stream_is_gone()
    {
        var publisher = Join("stream_publish");
        var viewer = Join("stream_play", "1001");
        _bench.Post(new LegEvent.HungUp(publisher.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.Equal(HangupCause.NormalClearing, CauseOf(viewer));
        Assert.StartsWith("-ERR", _bench.Api("stream live"), StringComparison.Ordinal);
        Assert.Empty(_bench.Media.Open);
        Assert.Contains(_bench.Events.Published, e => e.Headers.Any(h => h is { Key: "Action", Value: "publish-stop" }));
    }

    [Fact]
    public void When_a_viewer_leaves_the_others_stay()
    {
        Join("stream_publish");
        var first = Join("stream_play", "1001");
        var second = Join("stream_play", "1002");
        _bench.Post(new LegEvent.HungUp(first.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.True(second.IsUp);
        Assert.Contains(",1\n", _bench.Api("stream"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_viewer_may_wait_for_its_publisher()
    {
        var viewer = Join("stream_play", "1001");
        var publisher = Join("stream_publish");
        Assert.True(viewer.IsUp);
        Assert.Equal([$"watch {viewer.Media.Index} 1", $"publish {publisher.Media.Index} 1"], Streams());
    }

    [Fact]
    public void A_viewer_that_needs_a_publisher_is_busy_without_one()
    {
        var viewer = Join("stream_play", variables: ("stream_require_publisher", "true"));
        Assert.Equal(HangupCause.UserBusy, CauseOf(viewer));
        Assert.Contains("0 total", _bench.Api("stream"), StringComparison.Ordinal);
    }

    [Fact]
    public void Somebody_else_cannot_publish_the_same_stream()
    {
        var publisher = Join("stream_publish");
        Assert.Equal(HangupCause.UserBusy, CauseOf(Join("stream_publish", "1001")));
        Assert.True(publisher.IsUp);
    }

    [Fact]
    public void The_same_user_takes_the_stream_over_and_the_viewers_stay()
    {
        var former = Join("stream_publish");
        var viewer = Join("stream_play", "1001");
        var publisher = Join("stream_publish");
        Assert.Equal(HangupCause.PickedOff, CauseOf(former));
        Assert.True(publisher.IsUp);
        Assert.True(viewer.IsUp);
        Assert.Contains($"live,{publisher.Uuid},1\n", _bench.Api("stream"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_viewer_is_given_the_publishers_codec()
    {
        Join("stream_publish", offer: OtherCodec);
        var viewer = Join("stream_play", "1001");
        Assert.Equal("PCMA", viewer.Variables["read_codec"]);
    }

    [Fact]
    public void A_browser_is_answered_with_the_picture_that_the_publisher_sends()
    {
        var offer = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "webrtc", "a1.sdp"));
        var bench = new CallBench(o => o.Codecs = ["OPUS", "PCMU"]);
        var (publisher, first) = bench.Incoming(offer: offer.Replace("SAVPF 96 97", "SAVPF 98 97", StringComparison.Ordinal));
        bench.Run(first, ScriptOp.Execute, "stream_publish", "stage");
        var (viewer, second) = bench.Incoming(offer: offer.Replace("a=sendrecv", "a=recvonly", StringComparison.Ordinal));
        bench.Run(second, ScriptOp.Execute, "stream_play", "stage");
        Assert.Equal(publisher.Negotiated!.Video!.Format, viewer.Negotiated!.Video!.Format);
        Assert.Contains($"watch {viewer.Media.Index} 1", bench.Media.Journal);
    }

    [Fact]
    public void A_viewer_without_the_publishers_codecs_is_refused()
    {
        Join("stream_publish", offer: OtherCodec);
        Assert.Equal(HangupCause.IncompatibleDestination, CauseOf(Join("stream_play", "1001", CallBench.OfferWithoutEvents)));
    }

    [Fact]
    public void One_application_publishes_for_whip_and_plays_for_the_others()
    {
        var publisher = Join("stream", variables: ("whip_method", "whip"));
        var viewer = Join("stream", "1001", variables: ("whip_method", "whep"));
        Assert.Equal([$"publish {publisher.Media.Index} 1", $"watch {viewer.Media.Index} 1"], Streams());
    }

    [Fact]
    public void A_kick_ends_members()
    {
        Join("stream_publish");
        var viewer = Join("stream_play", "1001");
        Assert.StartsWith("+OK kicked 1", _bench.Api("stream live kick " + viewer.Uuid), StringComparison.Ordinal);
        Assert.False(viewer.IsUp);
        Assert.StartsWith("+OK kicked 1", _bench.Api("stream live kick all"), StringComparison.Ordinal);
        Assert.Contains("0 total", _bench.Api("stream"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public void A_name_is_bounded(string name) => Assert.Equal(HangupCause.InvalidNumberFormat, CauseOf(Join("stream_play", name: name)));

    [Theory]
    [InlineData("whip/live", "publish")]
    [InlineData("whep/live", "watch")]
    [InlineData("whap/live", "watch")]
    public void A_stream_is_a_target_of_dial_strings(string target, string way)
    {
        Assert.StartsWith("+OK", _bench.Api($"originate {target} &park()"), StringComparison.Ordinal);
        Assert.StartsWith(way, Assert.Single(Streams()), StringComparison.Ordinal);
    }

    private List<string> Streams() => [.. _bench.Media.Journal.Where(l => l.StartsWith("publish", StringComparison.Ordinal) || l.StartsWith("watch", StringComparison.Ordinal))];
}
