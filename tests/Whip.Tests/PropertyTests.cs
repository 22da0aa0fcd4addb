using System.Buffers;
using System.Text;
using CsCheck;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Sdp;

namespace XSwitchEngine.Whip.Tests;

/// <summary>Peers may send anything: nothing throws, everything is answered, nothing grows.</summary>
public sealed class PropertyTests
{
    private static readonly string[] Methods = ["GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD", "PUT", "post", ""];
    private static readonly string[] Paths = ["/api/whip/1", "/api/whep/live", "/api/whxp/%", "/api/whip/sessions/x", "/api/whip/sessions/x/dtmf", "/", "", "//", "/api/whip/%F0%9F%98%80", "/api/cloud/whap/a?b"];
    private static readonly string[] Types = ["application/sdp", "application/trickle-ice-sdpfrag", "application/json", "", ";", "application/sdp;;;"];

    private static readonly Gen<string> Text = Gen.Char[' ', '~'].Array[0, 60].Select(c => new string(c));

    /// <summary>Offers and fragments with some lines dropped, doubled, cut or replaced.</summary>
    private static readonly Gen<string> Mangled =
        Gen.Select(Pick(Offers.Publish(), Offers.Obs, Offers.Ffmpeg, Offers.Call("recvonly")), Gen.Int[0, 3], Gen.Int[0, 40], Gen.Int[0, 200], Text)
            .Select(t =>
            {
                var (offer, kind, line, cut, text) = t;
                var lines = offer.Split("\r\n").ToList();
                line %= lines.Count;
                switch (kind)
                {
                    case 0:
                        lines.RemoveAt(line);
                        break;
                    case 1:
                        lines.Insert(line, lines[line]);
                        break;
                    case 2:
                        lines[line] = text;
                        break;
                    default:
                        return offer[..Math.Min(offer.Length, cut * 7)];
                }

                return string.Join("\r\n", lines);
            });

    private static Gen<string> Pick(params string[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    [Fact]
    public void Any_request_gets_exactly_one_reply_or_begins_one_call()
    {
        var headers = Gen.Select(Pick(Types), Pick("Bearer " + "5b0c2f", "Bearer x", "", "Basic x", "Bearer"), Text);
        Gen.Select(Pick(Methods), Pick(Paths), Gen.OneOf(Mangled, Text), headers, Text).Sample(
            t =>
            {
                var (method, path, body, (type, authorization, match), query) = t;
                var host = WhipTest.Make("{}");
                var request = new HttpRequest(method, path, query, [new("Content-Type", type), new("Authorization", authorization), new("If-Match", match)], Encoding.UTF8.GetBytes(body));
                var reply = WhipTest.Reply(host, host.Request("whip", "198.51.100.20:50113", request));
                Assert.Equal(reply is null ? 1 : 0, host.LegEvents.Count);
                Assert.True(reply is null || reply.Status is >= 200 and < 500, reply?.Status.ToString());
            },
            iter: 3_000);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_400()
    {
        Gen.Byte.Array[1, 300].Sample(
            bytes =>
            {
                var host = WhipTest.Make("{}");
                var request = new HttpRequest("POST", "/api/whip/1", "", [new("Content-Type", "application/sdp"), new("Authorization", "Bearer 5b0c2f")], bytes);
                Assert.Equal(400, WhipTest.Reply(host, host.Request("whip", "198.51.100.20:50113", request))!.Status);
            },
            iter: 500);
    }

    [Fact]
    public void An_offer_that_is_let_through_still_reads_the_same_after_a_change_of_direction_or_credentials() =>
        Mangled.Sample(
            text =>
            {
                if (!SdpText.TryParse(text, out var before, out _))
                {
                    return;
                }

                Assert.True(SdpText.TryParse(SdpText.WithDirection(text, "sendonly"), out var after, out var error), error);
                Assert.All(after.Active, m => Assert.Equal("sendonly", m.Direction));
                Assert.Equal(before.Media.Select(m => (m.Kind, m.Port, m.Mid, m.Ufrag, m.Setup)), after.Media.Select(m => (m.Kind, m.Port, m.Mid, m.Ufrag, m.Setup)));
                Assert.True(SdpText.TryParse(SdpText.WithIce(text, "nEw1", "AnotherPasswordOf22Chars"), out var restarted, out error), error);
                Assert.All(restarted.Media.Zip(before.Media), m => Assert.Equal(m.Second.Ufrag.Length > 0 ? "nEw1" : "", m.First.Ufrag));
            },
            iter: 2_000);

    [Fact]
    public void Parsers_of_text_never_throw() =>
        Gen.OneOf(Text, Mangled).Sample(
            text =>
            {
                _ = SdpFragment.TryParse(text, out _, out _);
                _ = LinkHeader.Parse(text);
                _ = EntityTags.Compare(text, "ice-1");
                _ = RequestTarget.Parse(text, out _);
                _ = QueryText.TryParse(text, out _);
            },
            iter: 3_000);

    [Fact]
    public void Sessions_that_end_leave_nothing_behind()
    {
        var host = WhipTest.Make("""{ "postsPerSecond": 1000000, "requestsPerSecond": 1000000 }""");
        var empty = host.Export().Length;
        for (var i = 0; i < 600; i++)
        {
            var request = new HttpRequest("POST", "/api/whip/1", "", [new("Content-Type", "application/sdp"), new("Authorization", "Bearer 5b0c2f")], Encoding.UTF8.GetBytes(Offers.Publish(session: i.ToString())));
            var key = host.Request("whip", "198.51.100.20:50113", request);
            var leg = host.TakeEvent<LegEvent.Incoming>().Leg;
            if (i % 3 == 0)
            {
                host.Command(new LegCommand.Answer(leg, Offers.Answer()));
            }

            if (i % 3 == 1)
            {
                host.Abort("whip", key);
                host.Advance(TimeSpan.FromSeconds(4));
            }
            else
            {
                host.Command(new LegCommand.Hangup(leg, HangupCause.NormalClearing, 0, ""));
            }

            host.ClearEvents();
        }

        Assert.Equal(0, ((WhipPlugin)host.Plugin).Parts.Sessions.Count);
        Assert.InRange(host.Export().Length, empty, empty + 8);
    }

    [Fact]
    public void Broken_state_is_refused_with_an_exception_and_nothing_else() =>
        Gen.Byte.Array[1, 100].Sample(
            bytes =>
            {
                var plugin = (WhipPlugin)WhipTest.Make("{}").Plugin;
                var failure = Record.Exception(() => plugin.Import(new ReadOnlySequence<byte>(bytes)));
                Assert.True(failure is null or MessagePack.MessagePackSerializationException or EndOfStreamException or OverflowException or InvalidOperationException or ArgumentException or InvalidCastException, failure?.ToString());
            },
            iter: 500);
}
