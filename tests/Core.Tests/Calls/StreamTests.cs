using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Tests.Calls;

public sealed class StreamTests
{
    private static readonly string BrowserOffer = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "webrtc", "a1.sdp"));
    private readonly CallBench _bench = new(o => o.Codecs = ["OPUS", "PCMU"]);

    [Fact]
    public void Viewers_are_answered_with_what_the_publisher_sends_and_leave_it_running()
    {
        var (publisher, first) = _bench.Incoming(offer: BrowserOffer.Replace("SAVPF 96 97", "SAVPF 98 97", StringComparison.Ordinal));
        _bench.Run(first, ScriptOp.Execute, "publish", "stage");
        Assert.Contains($"publish {publisher.Media.Index} 1", _bench.Media.Journal);
        var (viewer, second) = _bench.Incoming(offer: BrowserOffer.Replace("a=sendrecv", "a=recvonly", StringComparison.Ordinal));
        _bench.Run(second, ScriptOp.Execute, "watch", "stage");
        Assert.Contains($"watch {viewer.Media.Index} 1", _bench.Media.Journal);
        Assert.Equal(publisher.Negotiated!.Video!.Format, viewer.Negotiated!.Video!.Format);
        Assert.Equal($"stage,{publisher.Uuid},1\n", _bench.Api("streams"));
        _bench.Post(new LegEvent.HungUp(viewer.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.Equal($"stage,{publisher.Uuid},0\n", _bench.Api("streams"));
        _bench.Post(new LegEvent.HungUp(publisher.Id, HangupCause.NormalClearing, 0, "", ByPeer: true));
        Assert.Equal("", _bench.Api("streams"));
    }
}
