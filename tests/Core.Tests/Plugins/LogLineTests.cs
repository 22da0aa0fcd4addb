using System.Net;
using CsCheck;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

public sealed class LogLineTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 2, 0, 0, TimeSpan.Zero);
    private static readonly IPEndPoint Source = new(IPAddress.Parse("203.0.113.9"), 5071);

    [Fact]
    public void A_security_line_has_its_fixed_form()
    {
        Assert.Equal(
            "2026-11-23T02:00:00.000Z auth_fail ip=203.0.113.9 port=5071 user=\"1000\" method=\"REGISTER\"",
            SecurityLine.Format(Now, "auth_fail", Source, [("user", "1000"), ("method", "REGISTER")]));
        Assert.Equal(
            "2026-11-23T02:00:00.000Z scan ip=203.0.113.9 port=5071",
            SecurityLine.Format(Now, "scan", new IPEndPoint(Source.Address.MapToIPv6(), 5071), []));
    }

    [Fact]
    public void Nothing_in_a_value_can_forge_a_field_or_a_line()
    {
        var line = SecurityLine.Format(Now.ToOffset(TimeSpan.FromHours(2)), "auth\nfail", Source, [("us er", "a\" ip=1.2.3.4 \\\r\n\u001b[31m\u202e\u0085\u2028"), ("null", null!)]);

        Assert.Equal("""2026-11-23T02:00:00.000Z auth_fail ip=203.0.113.9 port=5071 us_er="a\" ip=1.2.3.4 \\\x0D\x0A\x1B[31m\u202E\x85\u2028" null="" """.TrimEnd(), line);
    }

    [Fact]
    public void Any_value_gives_one_printable_line_of_bounded_length()
    {
        Gen.String.Sample(value =>
        {
            var line = SecurityLine.Format(Now, value, Source, [(value, value)]);
            Assert.DoesNotContain(line, char.IsControl);
            Assert.InRange(line.Length, 1, 24 + 64 + 40 + 64 + (256 * 6) + 4);
            Assert.Equal(2, line.Replace("\\\\", "", StringComparison.Ordinal).Replace("\\\"", "", StringComparison.Ordinal).Count(c => c == '"'));
            Assert.DoesNotContain(LogText.Escape(value), char.IsControl);
        });
    }

    [Fact]
    public void Ordinary_text_is_left_alone_and_endless_text_is_cut()
    {
        const string Text = "Grüße, 世界: 100 % \\ \"quoted\"";
        Assert.Same(Text, LogText.Escape(Text));
        Assert.Equal(8193, LogText.Escape(new string('x', 100_000)).Length);
    }
}
