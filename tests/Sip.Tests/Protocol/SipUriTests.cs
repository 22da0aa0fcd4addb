using System.Text;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Sip.Tests.Protocol;

public sealed class SipUriTests
{
    // RFC 3261 §19.1.4 gives these as equal and unequal, and the rules say the rest.
    [Theory]
    [InlineData("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true)]
    [InlineData("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true)]
    [InlineData("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true)]
    [InlineData("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com", "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true)]
    [InlineData("sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true)]
    [InlineData("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false)]
    [InlineData("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false)]
    [InlineData("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false)]
    [InlineData("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false)]
    [InlineData("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false)]
    [InlineData("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false)]
    [InlineData("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false)]
    [InlineData("sip:bob@biloxi.com", "sips:bob@biloxi.com", false)]
    [InlineData("sip:bob@biloxi.com;user=phone", "sip:bob@biloxi.com", false)]
    [InlineData("sip:bob@biloxi.com;maddr=239.255.255.1", "sip:bob@biloxi.com", false)]
    [InlineData("sip:bob:secret@biloxi.com", "sip:bob@biloxi.com", false)]
    [InlineData("sip:%00@biloxi.com", "sip:%00%00@biloxi.com", false)]
    [InlineData("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]", true)]
    [InlineData("sip:a@[::ffff:192.0.2.1]", "sip:a@192.0.2.1", true)]
    [InlineData("tel:+1-201-555-0123", "tel:+12015550123", true)]
    [InlineData("tel:+12015550123", "tel:+12015550124", false)]
    public void Equality_follows_the_rules_and_is_symmetric(string a, string b, bool equal)
    {
        Assert.Equal(equal, SipUriComparer.AreEqual(Bytes(a), Bytes(b)));
        Assert.Equal(equal, SipUriComparer.AreEqual(Bytes(b), Bytes(a)));
    }

    [Theory]
    [InlineData("sip:example.com", "", "example.com", 0, "")]
    [InlineData("sip:alice:pw@example.com:5070;lr", "alice", "example.com", 5070, ";lr")]
    [InlineData("sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com", 0, "")]
    [InlineData("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com", "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", "example.com", 0, "")]
    [InlineData("sip:sips%3Auser%40example.com@example.net", "sips%3Auser%40example.com", "example.net", 0, "")]
    [InlineData("sip:[2001:db8::10]:5070;x", "", "2001:db8::10", 5070, ";x")]
    [InlineData("sip:user@[2001:db8::10:5070]", "user", "2001:db8::10:5070", 0, "")]
    [InlineData("sip:user@[2001:db8:::192.0.2.1]", "user", "2001:db8:::192.0.2.1", 0, "")]
    [InlineData("tel:+1201;phone-context=x", "+1201", "", 0, ";phone-context=x")]
    public void Parts_stand_where_the_grammar_has_them(string text, string user, string host, int port, string parameters)
    {
        Assert.True(SipUri.TryParse(Bytes(text), out var uri));
        Assert.Equal(user, Encoding.UTF8.GetString(uri.User));
        Assert.Equal(host, Encoding.UTF8.GetString(uri.Host));
        Assert.Equal(port, uri.Port);
        Assert.Equal(parameters, Encoding.UTF8.GetString(uri.Parameters));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sip")]
    [InlineData("sip:")]
    [InlineData("sip:@example.com")]
    [InlineData("sip:a@b@c")]
    [InlineData("sip:2001:db8::10")]
    [InlineData("sip:a@[2001:db8::1")]
    [InlineData("sip:a@[fe80::1%eth0]")]
    [InlineData("sip:a@host:0")]
    [InlineData("sip:a@host:65536")]
    [InlineData("sip:a@host:5060x")]
    [InlineData("sip:a b@host")]
    [InlineData("<sip:a@host>")]
    [InlineData("1sip:a@host")]
    public void What_is_no_uri_is_refused(string text) => Assert.False(SipUri.TryParse(Bytes(text), out _));

    [Fact]
    public void A_user_part_is_decoded_but_control_characters_stay_escaped()
    {
        Assert.Equal("a b+", SipText.DecodeUser("a%20b+"u8));
        Assert.Equal("a%0d%0ab%00", SipText.DecodeUser("a%0d%0ab%00"u8));
        Assert.Equal("é", SipText.DecodeUser("%C3%A9"u8));
        Assert.Equal("100%", SipText.DecodeUser("100%"u8));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
