using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip;

namespace XSwitchEngine.Whip.Tests;

/// <summary>The engine as a client of another server.</summary>
public sealed class ClientTests : WhipTest
{
    private readonly LegId _leg = new(new Guid("11111111-2222-3333-4444-555555555555"));

    private void Dial(string address, params (string Name, string Value)[] variables) =>
        Host.Command(new LegCommand.Originate(_leg, new DialTarget("whip", "", address, null), "Studio", "1000", Offers.Publish("sendrecv"), [.. variables.Select(v => new KeyValuePair<string, string>(v.Name, v.Value))]));

    private static HttpReply Answer(int status, string body = "", params (string Name, string Value)[] headers) =>
        new(status, [.. headers.Select(h => new KeyValuePair<string, string>(h.Name, h.Value))], Encoding.UTF8.GetBytes(body));

    [Theory]
    [InlineData("whip:https://media.example/live/a?x=1", "sendonly")]
    [InlineData("whep:https://media.example/live/a?x=1", "recvonly")]
    [InlineData("whxp:https://media.example/live/a?x=1", "sendrecv")]
    public void The_offer_is_posted_in_the_direction_of_the_scheme(string address, string direction)
    {
        Dial(address, ("whip_token", "abc"));
        var request = Host.CompleteFetch(Answer(201, Offers.Answer(), ("Location", "/session/7")));
        Assert.Equal(("POST", "https://media.example/live/a?x=1"), (request.Method, request.Address.AbsoluteUri));
        Assert.Contains(new("Content-Type", "application/sdp"), request.Headers);
        Assert.Contains(new("Authorization", "Bearer abc"), request.Headers);
        Assert.Equal(2, Encoding.UTF8.GetString(request.Body.Span).Split($"a={direction}\r\n").Length - 1);
        Assert.Equal(Offers.Answer(), Host.TakeEvent<LegEvent.Answered>().Answer);
    }

    // Relative to the endpoint, relative to the host, absolute.
    [Theory]
    [InlineData("7", "https://media.example/live/7")]
    [InlineData("/session/7", "https://media.example/session/7")]
    [InlineData("https://other.example/7", "https://other.example/7")]
    public void Hanging_up_deletes_the_session(string location, string url)
    {
        Dial("whip:https://media.example/live/a", ("whip_token", "abc"));
        Host.CompleteFetch(Answer(201, Offers.Answer(), ("location", location)));
        Host.TakeEvent<LegEvent.Answered>();
        Host.Command(new LegCommand.Hangup(_leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal(HangupCause.NormalClearing, Host.TakeEvent<LegEvent.HungUp>().Cause);
        var (_, delete) = Assert.Single(Host.Fetches);
        Assert.Equal(("DELETE", url), (delete.Method, delete.Address.AbsoluteUri));
        Assert.Equal(!url.Contains("other", StringComparison.Ordinal), delete.Headers.Any(h => h.Key == "Authorization"));
    }

    [Theory]
    [InlineData(307)]
    [InlineData(308)]
    [InlineData(302)]
    public void A_redirection_is_posted_to_again_but_another_host_does_not_get_the_token(int status)
    {
        Dial("whip:https://media.example/live/a", ("whip_token", "abc"));
        Host.CompleteFetch(Answer(status, "", ("Location", "/live/b")));
        var same = Host.CompleteFetch(Answer(status, "", ("Location", "https://other.example/live/b")));
        Assert.Equal("https://media.example/live/b", same.Address.AbsoluteUri);
        Assert.Contains(same.Headers, h => h.Key == "Authorization");
        var other = Host.CompleteFetch(Answer(201, Offers.Answer(), ("Location", "/7")));
        Assert.DoesNotContain(other.Headers, h => h.Key == "Authorization");
        Host.TakeEvent<LegEvent.Answered>();
    }

    [Theory]
    [InlineData("http://media.example/live/b")]
    [InlineData("https://media.example:8443/live/b")]
    public void The_token_goes_to_no_other_port_and_never_from_https_to_http(string next)
    {
        Dial("whip:https://media.example/live/a", ("whip_token", "abc"));
        Host.CompleteFetch(Answer(307, "", ("Location", next)));
        Assert.DoesNotContain(Assert.Single(Host.Fetches).Request.Headers, h => h.Key == "Authorization");
    }

    [Fact]
    public void Redirections_without_end_are_given_up()
    {
        Dial("whip:https://media.example/live/a");
        for (var i = 0; i < 6; i++)
        {
            Host.CompleteFetch(Answer(307, "", ("Location", "/live/a")));
        }

        Host.TakeEvent<LegEvent.HungUp>();
        Assert.Empty(Host.Fetches);
    }

    [Theory]
    [InlineData(401, HangupCause.CallRejected)]
    [InlineData(404, HangupCause.UnallocatedNumber)]
    [InlineData(409, HangupCause.UserBusy)]
    [InlineData(422, HangupCause.IncompatibleDestination)]
    [InlineData(503, HangupCause.SwitchCongestion)]
    [InlineData(500, HangupCause.NormalTemporaryFailure)]
    [InlineData(0, HangupCause.NetworkOutOfOrder)]
    public void A_refusal_is_a_cause(int status, HangupCause cause)
    {
        Dial("whep:https://media.example/live/a");
        Host.CompleteFetch(status == 0 ? null : Answer(status));
        Assert.Equal(cause, Host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html></html>")]
    public void An_answer_that_is_none_ends_the_leg_and_the_session(string body)
    {
        Dial("whep:https://media.example/live/a");
        Host.CompleteFetch(Answer(201, body, ("Location", "/7")));
        Assert.Equal(HangupCause.IncompatibleDestination, Host.TakeEvent<LegEvent.HungUp>().Cause);
        Assert.Equal("DELETE", Assert.Single(Host.Fetches).Request.Method);
    }

    [Fact]
    public void A_call_given_up_before_the_reply_deletes_the_session_that_it_makes()
    {
        Dial("whip:https://media.example/live/a");
        Host.Command(new LegCommand.Hangup(_leg, HangupCause.OriginatorCancel, 0, ""));
        Host.TakeEvent<LegEvent.HungUp>();
        Host.Swap(new WhipPlugin());
        Host.CompleteFetch(Answer(201, Offers.Answer(), ("Location", "/7")));
        Assert.Equal("https://media.example/7", Assert.Single(Host.Fetches).Request.Address.AbsoluteUri);
        Assert.Empty(Host.LegEvents);
        Assert.Equal(0, ((WhipPlugin)Host.Plugin).Parts.Clients.Count);
    }

    [Fact]
    public void A_reply_after_a_swap_is_taken_by_the_new_version()
    {
        Dial("whip:https://media.example/live/a");
        Host.Swap(new WhipPlugin());
        Host.CompleteFetch(Answer(201, Offers.Answer(), ("Location", "/7")));
        Host.TakeEvent<LegEvent.Answered>();
        Host.Swap(new WhipPlugin());
        Host.Command(new LegCommand.Hangup(_leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal("https://media.example/7", Assert.Single(Host.Fetches).Request.Address.AbsoluteUri);
    }

    [Theory]
    [InlineData("whip:ftp://media.example/a")]
    [InlineData("whip:media.example")]
    [InlineData("NAME")]
    public void What_is_no_address_is_refused(string address)
    {
        Dial(address);
        Assert.Equal(HangupCause.InvalidUrl, Host.TakeEvent<LegEvent.HungUp>().Cause);
        Assert.Empty(Host.Fetches);
    }
}
