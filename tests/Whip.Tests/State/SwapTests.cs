using System.Buffers;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip;

namespace XSwitchEngine.Whip.Tests.State;

/// <summary>A new version takes the sessions over.</summary>
public sealed class SwapTests : WhipTest
{
    [Fact]
    public void Sessions_go_on_under_the_new_version()
    {
        var (url, leg, created) = Open("/api/whxp/5000", Offers.Call(), Offers.Answer("sendrecv", video: false));
        Host.Swap(new WhipPlugin());

        var again = Reply(Post("/api/whxp/5000", Offers.Call()))!;
        Assert.Equal(created.Headers, again.Headers);
        Assert.Equal(created.Text(), again.Text());
        var restart = Begin("PATCH", url, "a=ice-ufrag:nEw1\r\na=ice-pwd:AnotherPasswordOf22Chars\r\n", Bearer(), Fragment, ("If-Match", "\"ice-1\""));
        Assert.Equal(leg, Host.TakeEvent<LegEvent.Reoffered>().Leg);
        Host.Swap(new WhipPlugin());
        Host.Command(new LegCommand.AcceptReoffer(leg, Offers.Answer("sendrecv", "nWuf", video: false)));
        Assert.Equal("\"ice-2\"", Reply(restart)!.Header("ETag"));
        Assert.Equal(200, Send("DELETE", url, null, Bearer()).Status);
        Assert.Equal(leg, Host.TakeEvent<LegEvent.HungUp>().Leg);
    }

    [Fact]
    public void A_call_that_rings_is_answered_by_the_new_version()
    {
        var key = Begin("POST", "/api/whxp/1001", Offers.Call(), Bearer(), Sdp, ("Origin", "https://page.example"));
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Swap(new WhipPlugin());
        Host.Command(new LegCommand.Answer(leg, Offers.Answer("sendrecv", video: false)));
        Assert.Equal(201, Reply(key)!.Status);
    }

    [Fact]
    public void Limits_of_time_hold_across_a_swap()
    {
        var key = Post("/api/whxp/1001", Offers.Call());
        Host.TakeEvent<LegEvent.Incoming>();
        Host.Advance(TimeSpan.FromSeconds(100));
        Host.Swap(new WhipPlugin());
        Host.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(504, Reply(key)!.Status);
    }

    [Fact]
    public void Export_is_pure_and_import_of_it_exports_the_same()
    {
        Open();
        Post("/api/whxp/1001", Offers.Call(session: "5"));
        var first = Host.Export();
        Assert.Equal(first, Host.Export());
        Host.Swap(new WhipPlugin());
        Assert.Equal(first, Host.Export());
    }

    [Fact]
    public void State_of_a_version_that_knew_more_or_less_is_read()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(4);
        writer.Write(7);
        writer.WriteArrayHeader(1);
        writer.WriteArrayHeader(3);
        writer.Write("0123456789abcdef0123456789abcdef");
        writer.Write(new Guid("11111111-2222-3333-4444-555555555555").ToByteArray());
        writer.Write(7);
        writer.WriteArrayHeader(0);
        writer.WriteMapHeader(1);
        writer.Write("future");
        writer.Write(true);
        writer.Flush();
        Host.Plugin.Import(new ReadOnlySequence<byte>(buffer.WrittenMemory));
        Assert.Equal(7, ((WhipPlugin)Host.Plugin).Parts.LastId);
        Assert.Equal(1, ((WhipPlugin)Host.Plugin).Parts.Sessions.Count);
    }

    [Fact]
    public void A_stop_for_good_ends_every_session_and_answers_who_waits()
    {
        var (_, leg, _) = Open();
        var key = Post("/api/whxp/1001", Offers.Call());
        Host.TakeEvent<LegEvent.Incoming>();
        Host.Plugin.Stop(replaced: false);
        Assert.Equal(503, Reply(key)!.Status);
        Assert.Equal(leg, Host.TakeEvent<LegEvent.HungUp>().Leg);
        Assert.Equal(HangupCause.SystemShutdown, Host.TakeEvent<LegEvent.HungUp>().Cause);
    }
}
