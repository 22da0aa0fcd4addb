using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Security;

public sealed class AuthenticationTests
{
    [Theory]
    [InlineData("MD5")]
    [InlineData("SHA-256")]
    public void A_call_is_challenged_and_served_with_right_credentials(string algorithm)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        var challenge = Challenged(host, peer, "INVITE");
        Assert.Equal(407, challenge.Status);
        Assert.Equal(2, challenge.All("Proxy-Authenticate").Count);
        Assert.Contains("algorithm=SHA-256", challenge["Proxy-Authenticate"], StringComparison.Ordinal);
        Assert.All(challenge.All("Proxy-Authenticate"), c => Assert.Contains("qop=\"auth\"", c, StringComparison.Ordinal));
        peer.Send(peer.Request("ACK", cseq: peer.CSeq));
        Assert.Empty(host.Sent);
        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));    // a challenge keeps nothing

        peer.Send(peer.Request("INVITE", SipPeer.Sdp, peer.Authorize(challenge, "INVITE", peer.Target, "secret", algorithm)));
        Assert.Equal(100, peer.Take().Status);
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal("1000", incoming.Caller.User!.Number);
        Assert.Contains(new("sip_auth_username", "1000"), incoming.Variables);
        Assert.Empty(host.SecurityLog);
    }

    [Fact]
    public void Register_is_challenged_by_401()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        Assert.Equal(401, Challenged(host, peer, "REGISTER").Status);
    }

    /// <summary>Debian's baresip 1.0 gives up with "Function not implemented" when it meets an algorithm that it does not know, wherever it stands.</summary>
    [Theory]
    [InlineData("baresip v1.0.0 (x86_64/linux)", 1)]
    [InlineData("baresip v3.10.0", 2)]
    [InlineData("Linphone/5.0", 2)]
    public void A_client_that_a_second_challenge_stops_gets_one(string agent, int challenges)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("REGISTER", extra: $"User-Agent: {agent}\r\nX-Fill: {new string('0', 300)}\r\n"));
        var lines = peer.Take().All("WWW-Authenticate");
        Assert.Equal(challenges, lines.Count);
        Assert.Contains("algorithm=MD5", lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INVITE")]
    [InlineData("MESSAGE")]
    [InlineData("SUBSCRIBE")]
    [InlineData("PUBLISH")]
    [InlineData("REFER")]
    [InlineData("NOTIFY")]
    [InlineData("INFO")]
    [InlineData("UPDATE")]
    [InlineData("BYE")]
    [InlineData("PRACK")]
    public void No_method_outside_a_dialog_is_served_without_credentials(string method)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        Assert.Equal(407, Challenged(host, peer, method).Status);
        Assert.Empty(host.LegEvents);
        Assert.Equal(0, host.Gauges.GetValueOrDefault("transactions"));
        Assert.Equal(0, host.TimerCount);
    }

    [Fact]
    public void Options_is_answered_without_credentials_and_keeps_nothing()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("OPTIONS", extra: "User-Agent: a phone with a long name\r\nAccept: application/sdp\r\nSupported: timer, replaces, 100rel, path, outbound\r\n"));
        var ok = peer.Take();
        Assert.Equal(200, ok.Status);
        Assert.Contains("INVITE", ok["Allow"], StringComparison.Ordinal);
        Assert.Equal(0, host.TimerCount);
    }

    [Fact]
    public void Cancel_and_ack_are_never_challenged()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("CANCEL"));
        Assert.Equal(481, peer.Take().Status);
        peer.Send(peer.Request("ACK"));
        Assert.Empty(host.Sent);
    }

    [Fact]
    public void S08_an_unknown_user_and_a_wrong_password_cannot_be_told_apart()
    {
        var host = SipTest.Closed();
        var known = Wrong(host, "1000");
        var unknown = Wrong(host, "9999");
        Assert.Equal(known.Status, unknown.Status);
        Assert.Equal(Shape(known), Shape(unknown));
        Assert.DoesNotContain("stale", known.Text, StringComparison.Ordinal);
        Assert.Equal(2, host.SecurityLog.Count);
        Assert.StartsWith("auth_fail src=192.0.2.9:5060 method=REGISTER user=1000 domain=example.com profile=internal transport=udp reason=bad_credentials", host.SecurityLog[0], StringComparison.Ordinal);

        static SipTestMessage Wrong(PluginTestHost host, string user)
        {
            var peer = new SipPeer(host, user);
            var challenge = Challenged(host, peer, "REGISTER");
            peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "wrong")));
            return peer.Take();
        }

        static string Shape(SipTestMessage m) => string.Join('|', m.Text.Split("\r\n").Select(l => l.Split(':')[0])) + m.Text.Length;
    }

    [Fact]
    public void S08_a_nonce_that_is_too_old_is_stale_and_the_next_try_succeeds()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        var challenge = Challenged(host, peer, "REGISTER");
        host.Advance(TimeSpan.FromSeconds(301));
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        var stale = peer.Take();
        Assert.Equal(401, stale.Status);
        Assert.Contains("stale=true", stale["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Empty(host.SecurityLog);
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(stale, "REGISTER", "sip:example.com", "secret")));
        Assert.Equal(200, peer.Take().Status);
    }

    [Fact]
    public void S08_a_replayed_nonce_count_is_refused_as_stale_and_the_next_count_is_taken()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        var challenge = Challenged(host, peer, "REGISTER");
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        Assert.Equal(200, peer.Take().Status);
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        Assert.Contains("stale=true", peer.Take()["WWW-Authenticate"], StringComparison.Ordinal);
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret", count: 2)));
        Assert.Equal(200, peer.Take().Status);
    }

    [Fact]
    public void Credentials_of_another_method_or_target_do_not_fit()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        var challenge = Challenged(host, peer, "INVITE");
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, peer.Authorize(challenge, "REGISTER", peer.Target, "secret")));
        Assert.Equal(407, peer.Take().Status);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, peer.Authorize(challenge, "INVITE", "sip:other@192.0.2.1:5060", "secret")));
        Assert.Equal(407, peer.Take().Status);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, peer.Authorize(challenge, "INVITE", "sip:9196@changed.example.org;transport=udp", "secret")));
        Assert.Equal(100, peer.Take().Status);    // a middle box may change the host
    }

    [Theory]
    [InlineData("Authorization: NoOneKnowsThisScheme opaque-data=here\r\n", 401)]
    [InlineData("Authorization: Digest username=\"1000\", realm=\"other\", nonce=\"x\", response=\"y\"\r\n", 401)]
    [InlineData("Authorization: Digest username=\"1000\", realm=\"example.com\", nonce=\"x\", uri=\"sip:example.com\", response=\"\", qop=auth, nc=00000001, cnonce=\"c\"\r\n", 401)]
    [InlineData("Authorization: Digest username=\"1000\", realm=\"example.com\", nonce=\"x\", uri=\"sip:example.com\", response=\"y\"\r\n", 401)]
    [InlineData("Authorization: Digest username=\"1000\", realm=\"example.com\", nonce=\"x\", uri=\"sip:example.com\", response=\"y\", algorithm=SHA-512-256, qop=auth, nc=00000001, cnonce=\"c\"\r\n", 401)]
    [InlineData("Authorization: Digest username=\"1000\", realm=\"example.com\", nonce=\"x\", uri=\"sip:example.com\", response=\"y\", qop=auth-int, nc=00000001, cnonce=\"c\"\r\n", 401)]
    [InlineData("Authorization: Digest username=\"1000\", username=\"1001\"\r\n", 400)]
    [InlineData("Authorization: Digest\r\n", 401)]
    public void S08_malformed_and_foreign_credentials_are_refused(string line, int status)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("REGISTER", extra: line));
        Assert.Equal(status, peer.Take().Status);
    }

    [Fact]
    public void S08_a_huge_list_of_parameters_is_refused()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        peer.Send(peer.Request("REGISTER", extra: "Authorization: Digest " + string.Join(", ", Enumerable.Range(0, 500).Select(i => $"p{i}=1")) + "\r\n"));
        Assert.Equal(400, peer.Take().Status);
    }

    [Fact]
    public void The_caller_is_who_authenticated_whatever_From_says()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host, "1001");
        var challenge = Challenged(host, peer, "INVITE");
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, peer.Authorize(challenge, "INVITE", peer.Target, "secret", user: "1000")));
        var incoming = host.TakeEvent<LegEvent.Incoming>();
        Assert.Equal("1000", incoming.Caller.User!.Number);
        Assert.Equal("1000", incoming.Caller.CallerNumber);
        Assert.Equal("sofia/internal/1000@example.com", incoming.Caller.ChannelName);
        Assert.Contains(new("sip_from_user", "1000"), incoming.Variables);
    }

    [Theory]
    [InlineData("sip", 200)]
    [InlineData("webrtc", 403)]
    public void A_user_needs_the_permission_for_sip(string permission, int status)
    {
        var host = SipTest.Closed();
        host.Users.Add("1002", "secret2", permission);
        var peer = new SipPeer(host, "1002");
        var challenge = Challenged(host, peer, "REGISTER");
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret2")));
        Assert.Equal(status, peer.Take().Status);
    }

    [Fact]
    public void Registering_for_another_is_forbidden()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host, "1001");
        var challenge = Challenged(host, peer, "REGISTER");
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret", user: "1000")));
        Assert.Equal(403, peer.Take().Status);
        Assert.StartsWith("register_other", host.SecurityLog[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_external_profile_takes_calls_from_its_networks_only_and_no_registration()
    {
        var host = SipTest.Closed("""{ "acl": ["192.0.2.0/28"] }""");
        var trunk = new SipPeer(host, "4930", "192.0.2.9:5060", "external-udp");
        trunk.Send(trunk.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(100, trunk.Take().Status);
        Assert.Null(host.TakeEvent<LegEvent.Incoming>().Caller.User);
        trunk.Send(trunk.Request("REGISTER"));
        Assert.Equal(403, trunk.Take().Status);

        var stranger = new SipPeer(host, "4930", "192.0.2.19:5060", "external-udp");
        stranger.Send(stranger.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(403, stranger.Take().Status);
        Assert.Empty(host.LegEvents);
        Assert.StartsWith("acl_refused", Assert.Single(host.SecurityLog), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_within_a_dialog_from_another_address_must_prove_itself()
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        var challenge = Challenged(host, peer, "INVITE");
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, peer.Authorize(challenge, "INVITE", peer.Target, "secret")));
        peer.Take();
        var leg = host.TakeEvent<LegEvent.Incoming>().Leg;
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        peer.TakeResponse();
        peer.Send(peer.Request("ACK", cseq: peer.CSeq));
        host.ClearEvents();

        peer.Address = "203.0.113.5:5060";
        peer.Send(peer.Request("BYE"));
        challenge = peer.Take();
        Assert.Equal(407, challenge.Status);
        Assert.Empty(host.LegEvents);
        peer.Send(peer.Request("BYE", extra: peer.Authorize(challenge, "BYE", peer.Target, "secret")));
        Assert.Equal(200, peer.Take().Status);
        host.TakeEvent<LegEvent.HungUp>();
    }

    [Theory]
    [InlineData("OPTIONS", "")]
    [InlineData("INVITE", "")]
    [InlineData("REGISTER", "")]
    [InlineData("INVITE", "User-Agent: Some phone/1.0 (with a build number)\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO\r\nSupported: replaces, timer, path, outbound\r\n")]
    public void Nothing_is_amplified_for_strangers(string method, string extra)
    {
        var host = SipTest.Closed();
        var peer = new SipPeer(host);
        var request = peer.Request(method, extra: extra);
        peer.Send(request);
        var factor = host.Take().Data.Length / (double)request.Length;
        Assert.InRange(factor, 0, extra.Length > 0 ? 1.2 : 1.5);
    }

    private static SipTestMessage Challenged(PluginTestHost host, SipPeer peer, string method)
    {
        peer.Send(peer.Request(method, method == "INVITE" ? SipPeer.Sdp : "", "User-Agent: Some phone/1.0\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO\r\nSupported: replaces, timer, path, outbound, gruu\r\nX-Fill: 0123456789012345678901234567890123456789\r\n"));
        var response = peer.Take();
        Assert.Empty(host.Sent);
        return response;
    }
}
