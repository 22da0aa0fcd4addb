using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Core.Diagnostics;
using XSwitchEngine.Core.Tests.Directory;

namespace XSwitchEngine.Core.Tests.Diagnostics;

public sealed class SecurityLogTests : IDisposable
{
    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_line_has_the_documented_form_and_strangers_cannot_forge_another()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
        using (var log = new SecurityLog(_data.Path, time, NullLogger<SecurityLog>.Instance))
        {
            log.Write("auth_fail", IPEndPoint.Parse("[::ffff:192.0.2.4]:5060"), ("user", "10\" ip=203.0.113.1 \"\n2026 auth_fail"), ("method", "REGISTER"));
        }

        Assert.Equal(
            """
            2026-01-31T12:00:00.000Z auth_fail ip=192.0.2.4 port=5060 user="10\" ip=203.0.113.1 \"\x0A2026 auth_fail" method="REGISTER"

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(_data.File(SecurityLog.FileName)));
    }

    [Theory]
    [InlineData("plain text, ümlaut", "plain text, ümlaut")]
    [InlineData("a\r\nb\tc", "a\\r\\nb\\tc")]
    [InlineData("\u001b[31mred\u007f\u009b", "\\u001b[31mred\\u007f\\u009b")]
    [InlineData("a\u2028b\u202ec\u2066", "a\\u2028b\\u202ec\\u2066")]
    public void Control_characters_are_escaped(string text, string expected) => Assert.Equal(expected, LogText.Escape(text));
}
