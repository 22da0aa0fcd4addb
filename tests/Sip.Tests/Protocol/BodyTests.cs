using System.Text;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Sip.Tests.Protocol;

public sealed class BodyTests
{
    [Theory]
    [InlineData("Signal=#\r\nDuration=160", true, '#', 160)]
    [InlineData("Signal=#\r\nDuration=160\r\n", true, '#', 160)]
    [InlineData("Signal = 5 \r\nDuration = 250 ", true, '5', 250)]
    [InlineData("signal=10\nduration=99999", true, '*', 10000)]
    [InlineData("Signal=11", true, '#', 160)]
    [InlineData("Signal=d", true, 'D', 160)]
    [InlineData("Signal=16", true, 'F', 160)]
    [InlineData("5", false, '5', 160)]
    [InlineData(" * \r\n", false, '*', 160)]
    public void Digits_are_read(string body, bool relay, char digit, int duration)
    {
        Assert.True(DtmfInfo.TryParse(Encoding.UTF8.GetBytes(body), relay, out var d, out var ms));
        Assert.Equal(digit, d);
        Assert.Equal(duration, ms);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("Signal=", true)]
    [InlineData("Signal=E", true)]
    [InlineData("Signal=17", true)]
    [InlineData("Signal=1234567890123456789012345678901234567890", true)]
    [InlineData("Duration=160", true)]
    [InlineData("xx", false)]
    public void What_is_no_digit_is_refused(string body, bool relay) =>
        Assert.False(DtmfInfo.TryParse(Encoding.UTF8.GetBytes(body), relay, out _, out _));

    [Fact]
    public void The_session_description_is_found_in_a_multipart_body()
    {
        const string body = "preamble\r\n--b1\r\nContent-Type: application/isup;version=x\r\n\r\n\u0001\u0002\r\n--b1\r\nc: application/sdp\r\nContent-Disposition: session\r\n\r\nv=0\r\no=x\r\n\r\n--b1--\r\n";
        Assert.True(TryFind("multipart/mixed;boundary=\"b1\"", body, out var sdp));
        Assert.Equal("v=0\r\no=x\r\n", sdp);
    }

    [Theory]
    [InlineData("multipart/mixed", "--b1\r\n\r\nx\r\n--b1--")]
    [InlineData("multipart/mixed;boundary=", "--b1\r\n\r\nx\r\n--b1--")]
    [InlineData("multipart/mixed;boundary=b1", "--b1")]
    [InlineData("multipart/mixed;boundary=b1", "--b1\r\nContent-Type: multipart/mixed;boundary=b2\r\n\r\n--b2\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b2--\r\n--b1--")]
    [InlineData("text/plain", "v=0\r\n")]
    [InlineData("", "v=0\r\n")]
    public void A_body_without_one_is_refused(string type, string body) => Assert.False(TryFind(type, body, out _));

    private static bool TryFind(string type, string body, out string sdp)
    {
        var text = $"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        var message = new SipMessage();
        Assert.True(SipParser.TryParse(Encoding.Latin1.GetBytes(text), message, out _));
        var found = SdpBody.TryFind(message, out var span, out var refusal);
        sdp = Encoding.Latin1.GetString(span);
        Assert.Equal(415, refusal);
        return found;
    }
}
