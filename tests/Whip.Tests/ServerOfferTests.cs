using XSwitchEngine.Abstractions;

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
}
