using System.Buffers;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.State;

/// <summary>Another instance takes over in the middle of everything and goes on.</summary>
public sealed class HandOverTests
{
    [Fact]
    public void A_snapshot_changes_nothing_and_comes_out_the_same_after_import()
    {
        foreach (var (name, host) in Situations())
        {
            var sent = host.Sent.Count;
            var first = host.Export();
            Assert.Equal(first, host.Export());
            var state = host.Swap(new SipPlugin());
            Assert.Equal(first, state);
            Assert.True(first.AsSpan().SequenceEqual(host.Export()), name);
            Assert.Equal(sent, host.Sent.Count);
        }
    }

    [Fact]
    public void Nothing_is_left_after_a_hand_over_in_any_situation_when_all_hang_up()
    {
        foreach (var (name, host) in Situations())
        {
            host.Swap(new SipPlugin());
            foreach (var leg in ((SipPlugin)host.Plugin).Parts.Legs.All.ToArray())
            {
                host.Command(new LegCommand.Hangup(leg.Id, HangupCause.NormalClearing, 0, ""));
            }

            host.Advance(TimeSpan.FromSeconds(140));
            Assert.True(host.Gauges.GetValueOrDefault("transactions") == 0 && host.Gauges.GetValueOrDefault("legs") == 0, name);
            Assert.Equal(0, ((SipPlugin)host.Plugin).Parts.Legs.Dialogs);
            foreach (var group in host.LegEvents.GroupBy(e => e.Leg))
            {
                Assert.Single(group, e => e is LegEvent.HungUp);
                Assert.IsType<LegEvent.HungUp>(group.Last());
            }
        }
    }

    [Fact]
    public void Fields_of_a_newer_version_are_skipped_and_missing_ones_defaulted()
    {
        foreach (var (name, host) in Situations())
        {
            var state = host.Export();
            var longer = Grow(state);
            var next = new SipPlugin();
            next.Start(host, dryRun: true);
            next.Import(new ReadOnlySequence<byte>(longer));
            var again = new ArrayBufferWriter<byte>();
            next.Export(again);
            Assert.True(state.AsSpan().SequenceEqual(again.WrittenSpan), name);
        }

        var empty = new SipPlugin();
        var idle = SipTest.Open();
        empty.Start(idle, dryRun: true);
        empty.Import(new ReadOnlySequence<byte>([0x90]));    // an empty array: a version that wrote nothing
        empty.Import(ReadOnlySequence<byte>.Empty);
    }

    [Fact]
    public void State_that_is_no_state_is_refused_by_an_exception()
    {
        var plugin = new SipPlugin();
        plugin.Start(SipTest.Open(), dryRun: true);
        Assert.ThrowsAny<Exception>(() => plugin.Import(new ReadOnlySequence<byte>("garbage"u8.ToArray())));
    }

    [Fact]
    public void A_ringing_incoming_call_goes_on()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Call(host, peer, extra: "Record-Route: <sip:192.0.2.9;lr>\r\nSupported: timer\r\n");
        host.Command(new LegCommand.Ring(leg));
        var ringing = peer.TakeResponse();
        host.Swap(new SipPlugin());
        peer.Send(peer.Request("INVITE", SipPeer.Sdp, cseq: 1, branch: ringing.Branch));
        Assert.Equal(ringing.Text, peer.Take().Text);    // a repetition gets the last response again
        host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
        var ok = peer.TakeResponse();
        Assert.Equal(ringing.ToTag, ok.ToTag);
        Assert.Equal("<sip:192.0.2.9;lr>", ok["Record-Route"]);
        Assert.Equal("1800;refresher=uac", ok["Session-Expires"]);
        host.Swap(new SipPlugin());
        host.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(ok.Text, peer.Take().Text);         // the timer of the 2xx survived
        peer.Send(peer.Request("ACK", cseq: 1));
        host.TakeEvent<LegEvent.Confirmed>();
        host.Swap(new SipPlugin());
        peer.Send(peer.Request("BYE"));
        Assert.Equal(200, peer.Take().Status);
        host.TakeEvent<LegEvent.HungUp>();
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void An_outgoing_call_goes_on_at_every_step()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host, variables: [("sip_auth_username", "u"), ("sip_auth_password", "p")]);
        host.Swap(new SipPlugin());
        host.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(invite.Text, peer.Take().Text);
        peer.Send(peer.Response(invite, "401 Unauthorized", extra: "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"));
        peer.Take();
        invite = peer.Take();
        Assert.NotEqual("", invite["Authorization"]);
        host.Swap(new SipPlugin());
        peer.Send(peer.Response(invite, "183 Session Progress", SipPeer.Sdp, tag: "a"));
        peer.Send(peer.Response(invite, "180 Ringing", tag: "b"));
        host.TakeEvent<LegEvent.Progress>();
        host.TakeEvent<LegEvent.Ringing>();
        host.Swap(new SipPlugin());
        peer.Send(peer.Response(invite, "180 Ringing", tag: "b"));
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Session-Expires: 600;refresher=uac\r\nAllow: UPDATE\r\n", tag: "a"));
        Assert.Null(host.TakeEvent<LegEvent.Answered>().Answer);
        var ack = peer.Take();
        host.Swap(new SipPlugin());
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, tag: "a"));
        Assert.Equal(ack.Text, peer.Take().Text);
        host.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal("UPDATE", peer.Take().Method);
        host.TakeAll();
        host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        Assert.Equal("BYE", peer.Take().Method);
        host.TakeEvent<LegEvent.HungUp>();
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void A_cancelled_call_goes_on()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host, "2000");
        var (leg, invite) = SipTest.Originate(host);
        host.Command(new LegCommand.Hangup(leg, HangupCause.NoAnswer, 0, ""));
        host.Swap(new SipPlugin());
        peer.Send(peer.Response(invite, "180 Ringing"));
        Assert.Equal("CANCEL", peer.Take().Method);
        host.Swap(new SipPlugin());
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        Assert.Equal(["ACK", "BYE"], host.TakeAll().Select(p => new SipTestMessage(p.Text).Method));
        Assert.Single(host.LegEvents);
        SipTest.AssertNothingLeft(host);
    }

    [Fact]
    public void Offers_under_way_go_on_in_both_directions()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("INVITE", SipPeer.Sdp + "a=sendonly\r\n"));
        peer.Take();
        host.TakeEvent<LegEvent.Reoffered>();
        host.Swap(new SipPlugin());
        host.Command(new LegCommand.AcceptReoffer(leg, SipPeer.OurSdp));
        Assert.Equal(200, peer.Take().Status);
        host.Swap(new SipPlugin());
        peer.Send(peer.Request("ACK", cseq: peer.CSeq));

        host.Command(new LegCommand.Reoffer(leg, SipPeer.OurSdp));
        var invite = peer.Take();
        host.Swap(new SipPlugin());
        peer.Send(peer.Request("INVITE", SipPeer.Sdp));
        Assert.Equal(491, peer.Take().Status);
        peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        Assert.Equal("ACK", peer.Take().Method);
        host.TakeEvent<LegEvent.ReofferAnswered>();
    }

    [Fact]
    public void A_transfer_under_way_is_still_reported_on()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        var leg = SipTest.Answered(host, peer);
        peer.Send(peer.Request("REFER", extra: "Refer-To: <sip:1001@example.com>\r\n"));
        host.TakeAll();
        host.Swap(new SipPlugin());
        host.Command(new LegCommand.TransferProgress(leg, 200, true));
        Assert.Equal("SIP/2.0 200 OK\r\n", peer.Take().Body);
    }

    [Fact]
    public void Half_a_message_on_a_stream_is_completed_by_the_next_instance()
    {
        var host = SipTest.Open();
        var connection = host.Accept("internal-tcp", "192.0.2.9:40001");
        var peer = new SipPeer(host, address: "192.0.2.9:40001") { Connection = connection, Transport = "TCP" };
        var text = peer.Request("INVITE", SipPeer.Sdp);
        host.Receive(connection, System.Text.Encoding.UTF8.GetBytes(text[..100]));
        host.Swap(new SipPlugin());
        host.Receive(connection, System.Text.Encoding.UTF8.GetBytes(text[100..]));
        Assert.Equal(100, peer.Take().Status);
        host.TakeEvent<LegEvent.Incoming>();
    }

    [Fact]
    public void Nonces_bans_and_counts_survive()
    {
        var host = SipTest.Closed("""{ "authFailuresPerMinute": 2 }""");
        var peer = new SipPeer(host);
        peer.Send(peer.Request("REGISTER"));
        var challenge = peer.Take();
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        Assert.Equal(200, peer.Take().Status);
        host.Swap(new SipPlugin());
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        Assert.Contains("stale=true", peer.Take().Text, StringComparison.Ordinal);
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret", count: 2)));
        Assert.Equal(200, peer.Take().Status);
        for (var i = 3; i < 5; i++)
        {
            peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "wrong", count: i)));
            peer.Take();
        }

        host.Swap(new SipPlugin());
        peer.Send(peer.Request("OPTIONS"));
        Assert.Empty(host.Sent);
        host.Advance(TimeSpan.FromSeconds(61));
        peer.Send(peer.Request("OPTIONS"));
        Assert.Equal(200, peer.Take().Status);
    }

    [Fact]
    public void A_replaced_instance_sends_nothing_and_a_stopped_one_ends_its_calls()
    {
        var host = SipTest.Open();
        var peer = new SipPeer(host);
        SipTest.Answered(host, peer);
        host.Plugin.Stop(replaced: false);
        Assert.Equal("BYE", peer.Take().Method);
        Assert.Equal(HangupCause.SystemShutdown, host.TakeEvent<LegEvent.HungUp>().Cause);
    }

    /// <summary>Hosts in the middle of every kind of exchange.</summary>
    private static IEnumerable<(string Name, PluginTestHost Host)> Situations()
    {
        yield return ("idle", SipTest.Open());
        yield return Make("incoming trying", (host, peer) => SipTest.Call(host, peer));
        yield return Make("incoming with expires", (host, peer) => SipTest.Call(host, peer, extra: "Expires: 30\r\nRecord-Route: <sip:192.0.2.9;lr>\r\n"));
        yield return Make("incoming early media", (host, peer) => host.Command(new LegCommand.EarlyMedia(SipTest.Call(host, peer), SipPeer.OurSdp)));
        yield return Make("incoming answered", (host, peer) => host.Command(new LegCommand.Answer(SipTest.Call(host, peer), SipPeer.OurSdp)));
        yield return Make("incoming delayed offer", (host, peer) => host.Command(new LegCommand.Answer(SipTest.Call(host, peer, sdp: ""), SipPeer.OurSdp)));
        yield return Make("hung up before the ack", (host, peer) =>
        {
            var leg = SipTest.Call(host, peer);
            host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp));
            host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
        });
        yield return Make("refused", (host, peer) => host.Command(new LegCommand.Hangup(SipTest.Call(host, peer), HangupCause.UserBusy, 0, "")));
        yield return Make("confirmed", (host, peer) => SipTest.Answered(host, peer, "Supported: timer\r\nAllow: UPDATE\r\n"));
        yield return Make("bye sent", (host, peer) => host.Command(new LegCommand.Hangup(SipTest.Answered(host, peer), HangupCause.NormalClearing, 0, "")));
        yield return Make("bye received", (host, peer) =>
        {
            SipTest.Answered(host, peer);
            peer.Send(peer.Request("BYE"));
        });
        yield return Make("peer's re-INVITE", (host, peer) =>
        {
            SipTest.Answered(host, peer);
            peer.Send(peer.Request("INVITE", SipPeer.Sdp + "a=sendonly\r\n"));
        });
        yield return Make("peer's UPDATE", (host, peer) =>
        {
            SipTest.Answered(host, peer);
            peer.Send(peer.Request("UPDATE", SipPeer.Sdp + "a=sendonly\r\n"));
        });
        yield return Make("our re-INVITE", (host, peer) => host.Command(new LegCommand.Reoffer(SipTest.Answered(host, peer), SipPeer.OurSdp)));
        yield return Make("our re-INVITE after glare", (host, peer) =>
        {
            host.Command(new LegCommand.Reoffer(SipTest.Answered(host, peer), SipPeer.OurSdp));
            peer.Send(peer.Response(peer.Take(), "491 Request Pending"));
        });
        yield return Make("answer due in ack", (host, peer) =>
        {
            host.Command(new LegCommand.Reoffer(SipTest.Answered(host, peer), null));
            peer.Send(peer.Response(peer.Take(), "200 OK", SipPeer.Sdp));
        });
        yield return Make("referred", (host, peer) =>
        {
            SipTest.Answered(host, peer);
            peer.Send(peer.Request("REFER", extra: "Refer-To: <sip:1001@example.com>\r\nRefer-Sub: false\r\n"));
        });
        yield return Make("referring", (host, peer) => host.Command(new LegCommand.Refer(SipTest.Answered(host, peer), "1001")));
        yield return Make("calling", (host, peer) => SipTest.Originate(host, variables: [("sip_auth_username", "u"), ("sip_auth_password", "p"), ("sip_h_X-A", "1")]));
        yield return Make("ringing twice", (host, peer) =>
        {
            var (_, invite) = SipTest.Originate(host);
            peer.Send(peer.Response(invite, "180 Ringing", tag: "a"));
            peer.Send(peer.Response(invite, "183 Session Progress", SipPeer.Sdp, tag: "b"));
        });
        yield return Make("cancelled", (host, peer) =>
        {
            var (leg, invite) = SipTest.Originate(host);
            peer.Send(peer.Response(invite, "180 Ringing"));
            host.Command(new LegCommand.Hangup(leg, HangupCause.NoAnswer, 0, ""));
        });
        yield return Make("cancel pending", (host, peer) => host.Command(new LegCommand.Hangup(SipTest.Originate(host).Leg, HangupCause.NoAnswer, 0, "")));
        yield return Make("outgoing answered and forked", (host, peer) =>
        {
            var (_, invite) = SipTest.Originate(host);
            peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, "Session-Expires: 600;refresher=uac\r\n", tag: "a"));
            peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp, tag: "b"));
        });
        yield return Make("outgoing without offer", (host, peer) =>
        {
            var (_, invite) = SipTest.Originate(host, offer: null);
            peer.Send(peer.Response(invite, "200 OK", SipPeer.Sdp));
        });
        yield return Make("outgoing refused", (host, peer) => peer.Send(peer.Response(SipTest.Originate(host).Invite, "486 Busy Here")));
        yield return Make("locating", (host, peer) => host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "1@a.example.net", null), "", "1", SipPeer.OurSdp, [])));
        yield return Make("connecting", (host, peer) => host.Command(new LegCommand.Originate(host.NewLeg(), new DialTarget("sofia", "internal", "1@192.0.2.9;transport=tcp", null), "", "1", SipPeer.OurSdp, [])));
        yield return Make("on a stream", (host, peer) =>
        {
            peer.Connection = host.Accept("internal-tcp", peer.Address);
            peer.Transport = "TCP";
            SipTest.Answered(host, peer);
            host.Receive(peer.Connection, "BYE sip:half");
        });
        yield return Make("traced", (host, peer) => host.Api("sofia profile internal siptrace on"));

        static (string, PluginTestHost) Make(string name, Action<PluginTestHost, SipPeer> act)
        {
            var host = SipTest.Open();
            act(host, new SipPeer(host));
            return (name, host);
        }
    }

    /// <summary>Writes the state as a version with one more field at the end of the outermost array would.</summary>
    private static byte[] Grow(byte[] state)
    {
        var reader = new MessagePackReader(state);
        var count = reader.ReadArrayHeader();
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(count + 1);
        writer.WriteRaw(state.AsSpan((int)reader.Consumed));
        writer.WriteString("from the future"u8);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
