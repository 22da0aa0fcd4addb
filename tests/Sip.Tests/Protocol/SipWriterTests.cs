using System.Text;
using CsCheck;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Sip.Tests.Protocol;

public sealed class SipWriterTests
{
    [Fact]
    public void No_value_makes_a_second_line()
    {
        Gen.String.Sample(text =>
        {
            var writer = new SipWriter();
            writer.Header("X-A"u8, text).Header("X-B"u8, Encoding.UTF8.GetBytes(text)).Raw("X-C: "u8).Quoted(text).Line().Raw("X-D: "u8).Echo(Encoding.UTF8.GetBytes(text)).Line().Raw("X-E: <sip:"u8).User(text).Raw("@x>\r\n"u8);
            var written = Encoding.UTF8.GetString(writer.Written);
            return written.Count(c => c == '\n') == 5 && written.Count(c => c == '\r') == 5;
        });
    }

    [Fact]
    public void Injected_headers_become_part_of_the_value()
    {
        var writer = new SipWriter();
        writer.Header("X-A"u8, "1\r\nX-Evil: 2\0");
        Assert.Equal("X-A: 1X-Evil: 2\r\n", Encoding.UTF8.GetString(writer.Written));
    }

    [Fact]
    public void A_quoted_string_reads_back_as_it_was()
    {
        var writer = new SipWriter();
        writer.Quoted("say \"hi\" \\ é");
        Assert.Equal("\"say \\\"hi\\\" \\\\ é\"", Encoding.UTF8.GetString(writer.Written));
        Assert.Equal("say \"hi\" \\ é", SipText.Unquote(writer.Written));
    }

    [Fact]
    public void A_user_part_is_escaped_where_the_grammar_asks_for_it()
    {
        var writer = new SipWriter();
        writer.User("a b@c>%");
        Assert.Equal("a%20b%40c%3E%25", Encoding.UTF8.GetString(writer.Written));
        Assert.Equal("a b@c>%", SipText.DecodeUser(writer.Written));
    }
}
