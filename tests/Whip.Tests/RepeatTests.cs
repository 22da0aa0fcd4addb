using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Whip.Tests;

/// <summary>Pages that post again: spec/xswitch.md 8.3, points 3 and 4. Never two legs of one page.</summary>
public sealed class RepeatTests : WhipTest
{
    [Fact]
    public void The_same_post_while_it_rings_waits_for_the_same_call()
    {
        var first = Post("/api/whxp/1001", Offers.Call());
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Abort("whip-tls", first);
        Host.Advance(TimeSpan.FromSeconds(2));
        var second = Post("/api/whxp/1001", Offers.Call());
        Host.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(Host.LegEvents);

        Host.Command(new LegCommand.Answer(leg, Offers.Answer("sendrecv", video: false)));
        Assert.Equal(201, Reply(second)!.Status);
        Host.TakeEvent<LegEvent.Confirmed>();
        Assert.Empty(Host.LegEvents);
    }

    [Fact]
    public void The_same_post_after_a_lost_reply_gets_the_same_reply()
    {
        var (url, _, created) = Open();
        var again = Reply(Post("/api/whip/7701", Offers.Publish()))!;
        Assert.Equal(201, again.Status);
        Assert.Equal(url, again.Header("Location"));
        Assert.Equal(created.Text(), again.Text());
        Assert.Equal(created.Header("ETag"), again.Header("ETag"));
        Assert.Empty(Host.LegEvents);
    }

    [Fact]
    public void New_ice_credentials_of_the_same_page_move_the_leg()
    {
        var (url, leg, _) = Open();
        var key = Post("/api/whip/7701", Offers.Publish(ufrag: "nEw1"));
        Assert.Equal(Offers.Publish(ufrag: "nEw1"), Host.TakeEvent<LegEvent.Reoffered>().Offer);
        Host.Command(new LegCommand.AcceptReoffer(leg, Offers.Answer(ufrag: "nWuf")));
        var reply = Reply(key)!;
        Assert.Equal(201, reply.Status);
        Assert.Equal(url, reply.Header("Location"));
        Assert.Equal("\"ice-2\"", reply.Header("ETag"));
        Assert.Contains("a=ice-ufrag:nWuf", reply.Text(), StringComparison.Ordinal);
        Assert.Empty(Host.LegEvents);
    }

    [Fact]
    public void When_the_leg_cannot_move_it_ends_and_the_next_try_is_a_new_one()
    {
        var (_, leg, _) = Open();
        var key = Post("/api/whip/7701", Offers.Publish(ufrag: "nEw1"));
        Host.TakeEvent<LegEvent.Reoffered>();
        Host.Command(new LegCommand.RejectReoffer(leg, "other codecs"));
        Assert.Equal(409, Reply(key)!.Status);
        Host.TakeEvent<LegEvent.HungUp>();
        Post("/api/whip/7701", Offers.Publish(ufrag: "nEw1"));
        Host.TakeEvent<LegEvent.Incoming>();
    }

    [Fact]
    public void New_credentials_while_it_rings_end_the_first_call()
    {
        var first = Post("/api/whxp/1001", Offers.Call());
        Host.TakeEvent<LegEvent.Incoming>();
        Post("/api/whxp/1001", Offers.Call(ufrag: "nEw1"));
        Assert.Equal(409, Reply(first)!.Status);
        Host.TakeEvent<LegEvent.HungUp>();
        Host.TakeEvent<LegEvent.Incoming>();
        Assert.Empty(Host.LegEvents);
    }

    public static TheoryData<string, string> Others() => new()
    {
        { "/api/whip/7701", Offers.Publish(session: "71004") },
        { "/api/whip/7702", Offers.Publish() },
        { "/api/whip/7701", Offers.Publish().Replace("0F:3C", "0F:3D", StringComparison.Ordinal) },
        { "/api/whxp/7701", Offers.Publish() },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void Another_session_destination_certificate_or_way_is_another_call(string path, string offer)
    {
        Open();
        Post(path, offer);
        Host.TakeEvent<LegEvent.Incoming>();
    }

    [Fact]
    public void Another_user_is_another_call()
    {
        Open();
        Host.Users.Tokens["other"] = Grant(Host.Users.Add("1001", "x", "webrtc"));
        Begin("POST", "/api/whip/7701", Offers.Publish(), Bearer("other"), Sdp);
        Host.TakeEvent<LegEvent.Incoming>();
    }
}
