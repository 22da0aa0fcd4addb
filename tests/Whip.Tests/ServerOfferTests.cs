using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip;

namespace XSwitchEngine.Whip.Tests;

/// <summary>Players that want our offer: an empty POST, then PATCH with the answer (spec/whip.md 8.1).</summary>
public sealed class ServerOfferTests() : WhipTest("""{ "serverOffer": true }""")
{
    private (string Url, LegId Leg) Offer()
    {
        var key = Post("/api/whep/live", "");
        var incoming = Host.TakeEvent<LegEvent.Incoming>();
        Assert.Null(incoming.Offer);
        Host.Command(new LegCommand.Answer(incoming.Leg, Offers.Answer("sendrecv")));
        var reply = Reply(key)!;
        Assert.Equal(201, reply.Status);
        Assert.Equal(2, reply.Text().Split("a=sendonly\r\n").Length - 1);
        Assert.Empty(Host.LegEvents);
        return (reply.Header("Location")!, incoming.Leg);
    }

    [Fact]
    public void The_answer_comes_by_patch()
    {
        var (url, _) = Offer();
        var answer = Offers.Publish("recvonly");
        Assert.Equal(204, Send("PATCH", url, answer, Bearer(), Sdp).Status);
        Assert.Equal(answer, Host.TakeEvent<LegEvent.Confirmed>().Answer);
        Assert.Equal(415, Send("PATCH", url, answer, Bearer(), Sdp).Status);
    }

    [Fact]
    public void A_malformed_answer_is_400_and_another_may_follow()
    {
        var (url, _) = Offer();
        Assert.Equal(400, Send("PATCH", url, "nonsense", Bearer(), Sdp).Status);
        Assert.Equal(204, Send("PATCH", url, Offers.Publish("recvonly"), Bearer(), Sdp).Status);
    }

    [Fact]
    public void An_offer_that_nobody_answers_ends()
    {
        var (url, _) = Offer();
        Host.Advance(TimeSpan.FromSeconds(31));
        Host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(404, Send("PATCH", url, Offers.Publish("recvonly"), Bearer(), Sdp).Status);
    }

    [Fact]
    public void Whip_has_no_server_offer() => Assert.Equal(400, Send("POST", "/api/whip/live", "", Bearer(), Sdp).Status);

    /// <summary>The same way with an offer of the player's, which is not taken: 406 with ours, and until when.</summary>
    private (string Url, LegId Leg) CounterOffer(string offer)
    {
        var key = Post("/api/whep/live", offer);
        var incoming = Host.TakeEvent<LegEvent.Incoming>();
        Assert.Null(incoming.Offer);
        Host.Command(new LegCommand.Answer(incoming.Leg, Offers.Answer("sendrecv")));
        var reply = Reply(key)!;
        Assert.Equal(406, reply.Status);
        Assert.Equal($"application/sdp; valid-until=\"{Host.Now.AddSeconds(30).UtcDateTime:R}\"", reply.Header("Content-Type"));
        Assert.StartsWith("v=0\r\n", reply.Text(), StringComparison.Ordinal);
        return (reply.Header("Location")!, incoming.Leg);
    }

    [Fact]
    public void An_offer_of_the_players_is_countered_and_its_answer_comes_by_patch()
    {
        var (url, leg) = CounterOffer(Offers.Publish("recvonly"));
        Assert.Equal(204, Send("PATCH", url, Offers.Publish("recvonly"), Bearer(), Sdp).Status);
        Assert.Equal(leg, Host.TakeEvent<LegEvent.Confirmed>().Leg);
        Assert.Equal(200, Send("DELETE", url, "", Bearer()).Status);
    }

    [Fact]
    public void The_same_offer_again_gets_the_same_counter_offer_and_no_second_leg()
    {
        var (url, _) = CounterOffer(Offers.Publish("recvonly"));
        var again = Reply(Post("/api/whep/live", Offers.Publish("recvonly")))!;
        Assert.Equal((406, url), (again.Status, again.Header("Location")));
        Assert.Empty(Host.LegEvents);
    }

    [Fact]
    public void A_counter_offer_survives_a_swap_and_ends_when_it_is_not_answered()
    {
        var (url, _) = CounterOffer(Offers.Publish("recvonly"));
        Host.Swap(new WhipPlugin());
        Host.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(406, Reply(Post("/api/whep/live", Offers.Publish("recvonly")))!.Status);
        Host.Advance(TimeSpan.FromSeconds(2));
        Host.TakeEvent<LegEvent.HungUp>();
        Assert.Equal(404, Send("PATCH", url, Offers.Publish("recvonly"), Bearer(), Sdp).Status);
    }

    [Fact]
    public void Candidates_may_follow_the_answer()
    {
        var (url, _) = Offer();
        Assert.Equal(204, Send("PATCH", url, Offers.Publish("recvonly"), Bearer(), Sdp).Status);
        var ufrag = Offers.Publish("recvonly").Split("a=ice-ufrag:")[1].Split('\r')[0];
        var fragment = $"a=ice-ufrag:{ufrag}\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n";
        Assert.Equal(204, Send("PATCH", url, fragment, Bearer(), Fragment).Status);
    }

    [Fact]
    public void Whap_knows_no_counter_offer()
    {
        Post("/api/whap/live", Offers.Publish("recvonly"));
        Assert.NotNull(Host.TakeEvent<LegEvent.Incoming>().Offer);
    }
}
