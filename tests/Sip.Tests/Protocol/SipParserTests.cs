using System.Text;
using CsCheck;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Sip.Tests.Protocol;

public sealed class SipParserTests
{
    private const string Invite = "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\nMax-Forwards: 70\r\n"
        + "To: Bob <sip:bob@biloxi.com>\r\nFrom: \"Alice \\\"A\\\"\" <sip:alice@atlanta.com>;tag=1928301774\r\nCall-ID: a84b4c76e66710\r\nCSeq: 314159 INVITE\r\n"
        + "Contact: <sip:alice@pc33.atlanta.com>\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n";

    [Fact]
    public void A_request_is_split_into_its_parts()
    {
        var message = Parse(Invite);
        Assert.True(message.IsRequest);
        Assert.Equal(SipMethod.Invite, message.Method);
        Assert.Equal("sip:bob@biloxi.com", Text(message.RequestUri));
        Assert.Equal("1928301774", Text(message.FromTag));
        Assert.True(message.ToTag.IsEmpty);
        Assert.Equal(314159u, message.CSeq);
        Assert.Equal(70, message.MaxForwards);
        Assert.Equal("v=0\n", Text(message.Body));
        Assert.True(ViaHeader.TryParse(message.TopVia, out var via));
        Assert.Equal("z9hG4bK776asdhds", Text(via.Branch));
        Assert.True(via.HasCookie);
    }

    [Fact]
    public void Compact_names_folding_spaces_and_bare_line_feeds_are_read()
    {
        var message = Parse("INVITE sip:bob@biloxi.com SIP/2.0\nv : SIP / 2.0 / UDP\n  192.0.2.2 ;branch= z9hG4bK1\nf:\"A\"\n\t<sip:a@x>\r\n ;tag=1\nt: <sip:b@y>\ni: c\nCSEQ: 8\n  INVITE\nm: <sip:a@z>\nl:0\n\n");
        Assert.Equal(0, message.FaultStatus);
        Assert.Equal("1", Text(message.FromTag));
        Assert.Equal("c", Text(message.CallId));
        Assert.Equal(8u, message.CSeq);
        Assert.True(message.Has(HeaderName.Contact));
    }

    [Theory]
    [InlineData("Content-Length: 4", "Content-Length: 5", 400)]
    [InlineData("Content-Length: 4", "Content-Length: -1", 400)]
    [InlineData("Content-Length: 4", "Content-Length: 4294967300", 400)]
    [InlineData("Content-Length: 4", "Content-Length: 100000000000000000000", 400)]
    [InlineData("Content-Length: 4", "Content-Length: 4\r\nl: 3", 400)]
    [InlineData("CSeq: 314159 INVITE", "CSeq: 2147483648 INVITE", 400)]
    [InlineData("CSeq: 314159 INVITE", "CSeq: 314159 BYE", 400)]
    [InlineData("Max-Forwards: 70", "Max-Forwards: 256", 400)]
    [InlineData("Max-Forwards: 70", "Max-Forwards: x", 400)]
    [InlineData("Call-ID: a84b4c76e66710\r\n", "", 400)]
    [InlineData("Call-ID: a84b4c76e66710", "Call-ID: a\r\nCall-ID: b", 400)]
    [InlineData("To: Bob <sip:bob@biloxi.com>", "To: \"Bob <sip:bob@biloxi.com>", 400)]
    [InlineData("To: Bob <sip:bob@biloxi.com>", "To: Bob, B <sip:bob@biloxi.com>", 400)]
    [InlineData("To: Bob <sip:bob@biloxi.com>", "To: Bob <sip:bob@biloxi.com", 400)]
    [InlineData("Contact: ", "X-Priv\0: 1\r\nContact: ", 400)]
    [InlineData("Contact: ", "X-Priv: a\0b\r\nContact: ", 400)]
    [InlineData("Contact: ", "X-Priv: a\rb\r\nContact: ", 400)]
    [InlineData("Contact: ", "no colon here\r\nContact: ", 400)]
    [InlineData("Contact: ", "Expires: 4294967296\r\nContact: ", 400)]
    [InlineData("INVITE sip:bob@biloxi.com SIP/2.0", "INVITE  sip:bob@biloxi.com  SIP/2.0", 400)]
    [InlineData("INVITE sip:bob@biloxi.com SIP/2.0", "INVITE <sip:bob@biloxi.com> SIP/2.0", 400)]
    [InlineData("INVITE sip:bob@biloxi.com SIP/2.0", "INVITE sip:bob@biloxi.com SIP/3.0", 505)]
    [InlineData("INVITE sip:bob@biloxi.com SIP/2.0", "INVITE sip:bob@biloxi.com SIP/2.0  ", 0)]
    [InlineData("INVITE sip:bob@biloxi.com SIP/2.0", "INVITE sip:bob@biloxi.com sip/2.0", 0)]
    [InlineData("Content-Length: 4", "Content-Length: 3", 0)]
    [InlineData("Contact: ", "X-Priv : 1\r\nContact: ", 0)]
    public void A_request_that_can_be_answered_says_what_is_wrong(string from, string to, int status) =>
        Assert.Equal(status, Parse(Invite.Replace(from, to, StringComparison.Ordinal)).FaultStatus);

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("hello")]
    [InlineData("\r\n\r\n")]
    [InlineData("SIP/2.0 4294967301 better\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\r\n")]
    [InlineData("SIP/2.0 99 low\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\r\n")]
    [InlineData("SIP/2.0 700 high\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\r\n")]
    [InlineData("INV{TE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n\r\n")]
    [InlineData("INVITE sip:a@b SIP/2.0\r\nFrom: <sip:a@b>\r\n\r\n")]
    public void What_nobody_can_answer_is_dropped(string text) =>
        Assert.False(SipParser.TryParse(Encoding.UTF8.GetBytes(text), new SipMessage(), out _));

    [Fact]
    public void Counts_are_bounded()
    {
        Assert.Equal(400, Parse(Invite.Replace("Max-Forwards: 70\r\n", string.Concat(Enumerable.Repeat("X: 1\r\n", 300)), StringComparison.Ordinal)).FaultStatus);
        Assert.Equal(400, Parse(Invite.Replace("Max-Forwards: 70\r\n", string.Concat(Enumerable.Repeat("Via: SIP/2.0/UDP x\r\n", 65)), StringComparison.Ordinal)).FaultStatus);
        Assert.Equal(513, Parse(Invite.Replace("Max-Forwards: 70\r\n", "X: " + new string('a', 9000) + "\r\n", StringComparison.Ordinal)).FaultStatus);
        Assert.False(SipParser.TryParse(new byte[70_000], new SipMessage(), out var error));
        Assert.Equal(SipParseError.TooLarge, error);
    }

    [Fact]
    public void A_message_truncated_at_any_byte_never_throws_and_is_never_taken_for_the_whole()
    {
        var bytes = Encoding.UTF8.GetBytes(Invite);
        var message = new SipMessage();
        for (var length = 0; length < bytes.Length; length++)
        {
            var parsed = SipParser.TryParse(bytes.AsMemory(0, length), message, out _);
            Assert.True(!parsed || message.FaultStatus != 0, $"accepted at {length}");
        }
    }

    [Fact]
    public void Random_mutation_never_throws()
    {
        var bytes = Encoding.UTF8.GetBytes(Invite);
        var message = new SipMessage();
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, Gen.Int[0, 2]).Array[1, 8].Sample(edits =>
        {
            var mutated = bytes.ToList();
            foreach (var (at, value, kind) in edits)
            {
                var i = at % mutated.Count;
                if (kind == 0)
                {
                    mutated[i] = value;
                }
                else if (kind == 1)
                {
                    mutated.RemoveAt(i);
                }
                else
                {
                    mutated.Insert(i, value);
                }
            }

            SipParser.TryParse(mutated.ToArray(), message, out _);
            return message.HeaderLength <= mutated.Count;
        }, threads: 1);
    }

    [Fact]
    public void Random_bytes_never_throw_and_never_hold_a_stream_up()
    {
        var message = new SipMessage();
        Gen.Byte.Array[0, 300].Sample(bytes =>
        {
            SipParser.TryParse(bytes, message, out _);
            SipParser.TryParse(Encoding.Latin1.GetBytes("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n").Concat(bytes).ToArray(), message, out _);
            _ = NameAddress.TryParse(bytes, out _);
            _ = ViaHeader.TryParse(bytes, out _);
            _ = SipUri.TryParse(bytes, out _);
            _ = SipUriComparer.AreEqual(bytes, bytes.AsSpan(bytes.Length / 2));
            _ = DtmfInfo.TryParse(bytes, isRelay: true, out _, out _);
            _ = XSwitchEngine.Plugins.Sip.Security.DigestParameters.TryParse([.. "Digest "u8, .. bytes], out _, out _);
            var framer = new StreamFramer();
            framer.Add(bytes);
            var reads = 0;
            while (framer.TryRead(out _) != FrameKind.None)
            {
                reads++;
            }

            return reads <= bytes.Length;
        }, iter: 2000, threads: 1);
    }

    [Fact]
    public void A_hostile_header_block_takes_linear_time_and_bounded_memory()
    {
        var message = new SipMessage();
        foreach (var hostile in new[] { new string('"', 8000), new string('<', 8000), string.Concat(Enumerable.Repeat("a,", 4000)), new string(';', 8000), new string('\\', 8000) })
        {
            var bytes = Encoding.UTF8.GetBytes(Invite.Replace("To: Bob <sip:bob@biloxi.com>", "To: " + hostile, StringComparison.Ordinal).Replace("Max-Forwards: 70", "Via: " + hostile, StringComparison.Ordinal));
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                SipParser.TryParse(bytes, message, out _);
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
        }
    }

    [Fact]
    public void A_stream_is_cut_by_content_length_wherever_the_packets_end()
    {
        var stream = Encoding.UTF8.GetBytes("\r\n" + Invite + "\r\n\r\n" + Invite);
        for (var step = 1; step < 60; step++)
        {
            var framer = new StreamFramer();
            var kinds = new List<FrameKind>();
            for (var at = 0; at < stream.Length; at += step)
            {
                framer.Add(stream.AsSpan(at, Math.Min(step, stream.Length - at)));
                while (framer.TryRead(out var frame) is var kind && kind != FrameKind.None)
                {
                    kinds.Add(kind);
                    if (kind == FrameKind.Message)
                    {
                        Assert.Equal(Invite, Encoding.UTF8.GetString(frame.Span));
                    }
                }
            }

            Assert.Equal([FrameKind.Message, FrameKind.Ping, FrameKind.Message], kinds);
            Assert.False(framer.IsPartial);
        }
    }

    [Theory]
    [InlineData("Content-Length: 4\r\n", "")]
    [InlineData("Content-Length: 4", "Content-Length: -1")]
    [InlineData("Content-Length: 4", "Content-Length: 4\r\nl: 5")]
    [InlineData("Content-Length: 4", "Content-Length: 70000")]
    [InlineData("Content-Length: 4", "Content-Length: 4294967300")]
    public void A_stream_without_a_usable_length_is_broken(string from, string to)
    {
        var framer = new StreamFramer();
        framer.Add(Encoding.UTF8.GetBytes(Invite.Replace(from, to, StringComparison.Ordinal)));
        Assert.Equal(FrameKind.Broken, framer.TryRead(out _));
    }

    [Fact]
    public void A_header_block_that_never_ends_is_broken_at_the_limit()
    {
        var framer = new StreamFramer();
        var kind = FrameKind.None;
        for (var i = 0; i < 70 && kind == FrameKind.None; i++)
        {
            framer.Add(Encoding.UTF8.GetBytes("X: " + new string('a', 1000) + "\r\n"));
            kind = framer.TryRead(out _);
        }

        Assert.Equal(FrameKind.Broken, kind);
        Assert.False(framer.IsPartial);
    }

    private static SipMessage Parse(string text)
    {
        var message = new SipMessage();
        Assert.True(SipParser.TryParse(Encoding.UTF8.GetBytes(text), message, out var error), error.ToString());
        return message;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
