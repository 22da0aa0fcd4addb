using CsCheck;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Legs;

/// <summary>Anything in any order: messages of the peer, commands of the core, time, a lost connection, another instance taking over.</summary>
public sealed class RandomCallTests
{
    private const int Actions = 40;

    [Fact]
    public void Whatever_happens_each_leg_ends_once_and_nothing_is_left()
    {
        Gen.Select(Gen.Int[0, Actions - 1], Gen.Int[0, 3]).Array[1, 60].Sample(
            steps =>
            {
                var host = SipTest.Open();
                var world = new World(host);
                foreach (var (action, which) in steps)
                {
                    world.Do(action, which);
                }

                world.End();
            },
            iter: 300,
            threads: 1);
    }

    private sealed class World(PluginTestHost host)
    {
        private readonly SipPeer _udp = new(host);
        private readonly SipPeer _tcp = new(host, "1002", "192.0.2.10:40000") { Transport = "TCP", LocalTag = "tcp" };
        private readonly SipPeer _callee = new(host, "2000", "192.0.2.11:5060") { LocalTag = "callee" };
        private readonly List<LegId> _legs = [];
        private readonly List<SipTestMessage> _requests = [];
        private readonly Dictionary<LegId, int> _ends = [];

        public void Do(int action, int which)
        {
            var peer = which switch { 0 => _udp, 1 => _tcp, _ => _callee };
            if (peer == _tcp && (_tcp.Connection is null || !_tcp.Connection.IsOpen))
            {
                _tcp.Connection = host.Accept("internal-tcp", _tcp.Address);
            }

            var leg = _legs.Count == 0 ? host.NewLeg() : _legs[^Math.Min(_legs.Count, which + 1)];
            var request = _requests.Count == 0 ? null : _requests[^Math.Min(_requests.Count, which + 1)];
            switch (action)
            {
                case 0 or 1 or 2:
                    peer.RemoteTag = "";
                    peer.CallId = "c" + host.Now.Ticks + action + which + _legs.Count;
                    peer.Send(peer.Request("INVITE", action == 2 ? "" : SipPeer.Sdp, action == 1 ? "Supported: timer\r\nSession-Expires: 90\r\nExpires: 30\r\n" : ""));
                    break;
                case 3 or 4 or 5:
                    leg = host.NewLeg();
                    _legs.Add(leg);
                    host.Command(new LegCommand.Originate(leg, new DialTarget("sofia", "internal", action == 5 ? "2000@192.0.2.11;transport=tcp" : "2000@192.0.2.11:5060", null), "A", "1", action == 4 ? null : SipPeer.OurSdp, [new("sip_auth_username", "u"), new("sip_auth_password", "p")]));
                    break;
                case 6: host.Command(new LegCommand.Ring(leg)); break;
                case 7: host.Command(new LegCommand.EarlyMedia(leg, SipPeer.OurSdp)); break;
                case 8 or 9: host.Command(new LegCommand.Answer(leg, SipPeer.OurSdp)); break;
                case 10: host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, "x")); break;
                case 11: host.Command(new LegCommand.Reoffer(leg, which == 0 ? null : SipPeer.OurSdp + "a=x\r\n")); break;
                case 12: host.Command(new LegCommand.AcceptReoffer(leg, SipPeer.OurSdp)); break;
                case 13: host.Command(new LegCommand.RejectReoffer(leg, "no")); break;
                case 14: host.Command(new LegCommand.Refer(leg, "1001")); break;
                case 15: host.Command(new LegCommand.TransferProgress(leg, 200, which > 0)); break;
                case 16: host.Command(new LegCommand.Redirect(leg, "1001")); break;
                case 17: host.Command(new LegCommand.SendDtmf(leg, '1', 100)); break;
                case 18: peer.Send(peer.Request("ACK", which == 3 ? SipPeer.Sdp : "", cseq: Math.Max(1, peer.CSeq))); break;
                case 19: peer.Send(peer.Request("BYE")); break;
                case 20: peer.Send(peer.Request("INVITE", which == 0 ? "" : SipPeer.Sdp + "a=sendonly\r\n")); break;
                case 21: peer.Send(peer.Request("UPDATE", which == 0 ? "" : SipPeer.Sdp + "a=sendonly\r\n", "Supported: timer\r\n")); break;
                case 22: peer.Send(peer.Request("REFER", extra: "Refer-To: <sip:1001@example.com>\r\n")); break;
                case 23: peer.Send(peer.Request("INFO", "Signal=1", contentType: "application/dtmf-relay")); break;
                case 24 when peer.CSeq > 0: peer.Send(peer.Request("CANCEL", cseq: Math.Max(1, peer.CSeq), branch: peer.Last.Branch)); break;
                case 25 when peer.CSeq > 0: peer.Send(peer.Last.Text); break;
                case 26 or 27: Respond(request, "200 OK", SipPeer.Sdp); break;
                case 28: Respond(request, "180 Ringing", ""); break;
                case 29: Respond(request, "183 Progress", SipPeer.Sdp); break;
                case 30: Respond(request, "486 Busy", ""); break;
                case 31: Respond(request, "491 Pending", ""); break;
                case 32: Respond(request, "401 No", "", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"); break;
                case 33: Respond(request, "481 Gone", ""); break;
                case 34: Respond(request, "200 OK", SipPeer.Sdp, tag: "fork" + which); break;
                case 35: host.Advance(TimeSpan.FromMilliseconds(400 * (which + 1))); break;
                case 36: host.Advance(TimeSpan.FromSeconds(20 * (which + 1))); break;
                case 37: host.Swap(new SipPlugin()); break;
                case 38 when host.Connections.FirstOrDefault() is { } connection:
                    if (which > 1 && !connection.IsOpen)
                    {
                        host.CompleteConnect(connection);
                    }
                    else
                    {
                        host.Drop(connection);
                    }

                    break;
                default: peer.Send(peer.Request("OPTIONS")); break;
            }

            Collect();
        }

        public void End()
        {
            foreach (var leg in _legs)
            {
                host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
            }

            Collect();
            host.Advance(TimeSpan.FromSeconds(140));
            Collect();
            Assert.All(_legs, leg => Assert.Equal(1, _ends.GetValueOrDefault(leg)));
            var parts = ((SipPlugin)host.Plugin).Parts;
            Assert.Equal(0, parts.Transactions.Count);
            Assert.Equal(0, parts.Legs.Count);
            Assert.Equal(0, parts.Legs.Dialogs);
            Assert.All(host.Connections, c => Assert.Equal(0, parts.Transport.Find(c.Id)?.Dialogs ?? 0));
            Assert.True(host.TimerCount <= host.Connections.Count);
        }

        private void Respond(SipTestMessage? request, string status, string body, string extra = "", string? tag = null)
        {
            if (request is null)
            {
                return;
            }

            _callee.Send(_callee.Response(request, status, body, extra, tag));
        }

        private void Collect()
        {
            foreach (var packet in host.TakeAll())
            {
                var message = new SipTestMessage(packet.Text);
                if (message.Status == 0)
                {
                    if (message.Method != "ACK")
                    {
                        _requests.Add(message);
                        foreach (var peer in new[] { _udp, _tcp, _callee })
                        {
                            if (peer.CallId != message["Call-ID"] && peer == _callee)
                            {
                                peer.CallId = message["Call-ID"];
                                peer.RemoteTag = message.FromTag;
                            }
                        }
                    }
                }
                else
                {
                    foreach (var peer in new[] { _udp, _tcp, _callee })
                    {
                        if (peer.CallId == message["Call-ID"] && message.Status >= 180)
                        {
                            peer.RemoteTag = message.ToTag;
                        }
                    }
                }
            }

            while (host.LegEvents.Count > 0)
            {
                var e = host.TakeEvent<LegEvent>();
                if (e is LegEvent.Incoming)
                {
                    _legs.Add(e.Leg);
                }

                Assert.Equal(0, _ends.GetValueOrDefault(e.Leg));
                if (e is LegEvent.HungUp)
                {
                    _ends[e.Leg] = 1;
                }
            }

            // A snapshot at any time is what the next instance would write itself, but for the order within tables.
            var state = host.Export();
            var next = new SipPlugin();
            next.Start(host, dryRun: true);
            next.Import(new System.Buffers.ReadOnlySequence<byte>(state));
            var again = new System.Buffers.ArrayBufferWriter<byte>();
            next.Export(again);
            Assert.True(state.Order().SequenceEqual(again.WrittenMemory.ToArray().Order()));
        }
    }
}
