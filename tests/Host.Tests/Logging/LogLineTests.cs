#pragma warning disable CA1848, CA1873 // tests of the line form use the short way to log
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Host.Configuration;
using XSwitchEngine.Host.Logging;

namespace XSwitchEngine.Host.Tests.Logging;

public sealed class LogLineTests
{
    private static readonly Guid Call = Guid.Parse("39f5b0d8-0000-4000-8000-000000000001");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero));

    [Fact]
    public void The_call_id_comes_first()
    {
        Assert.Equal(
            "39f5b0d8-0000-4000-8000-000000000001 2026-03-01 12:00:00.123 [INFO] Core.Calls: Leg 39f5b0d8-0000-4000-8000-000000000001 answered\n",
            Lines(new LogOptions(), log => log.LogInformation("Leg {Leg} answered", new LegId(Call))));
    }

    [Fact]
    public void A_scope_gives_the_call_id_too()
    {
        Assert.StartsWith("39f5b0d8-", Lines(new LogOptions(), log =>
        {
            using (log.BeginScope(new LegId(Call)))
            {
                log.LogWarning("Jitter");
            }
        }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_a_call_begins_with_its_time() =>
        Assert.Equal("2026-03-01 12:00:00.123 [WARNING] Core.Calls: slow\n", Lines(new LogOptions(), log => log.LogWarning("slow")));

    [Fact]
    public void A_stranger_cannot_make_a_second_line_or_colour_the_terminal() =>
        Assert.Equal(
            "2026-03-01 12:00:00.123 [ERR] Core.Calls: agent \\u001b[31m\\r\\n2026 [INFO] forged\n",
            Lines(new LogOptions(), log => log.LogError("agent {Agent}", "\e[31m\r\n2026 [INFO] forged")));

    [Fact]
    public void Json_lines_have_the_call_the_level_and_the_text()
    {
        var line = JsonDocument.Parse(Lines(new LogOptions { Format = LogFormat.Json }, log => log.LogInformation("Leg {Leg}\n", new LegId(Call)))).RootElement;
        Assert.Equal(Call.ToString(), line.GetProperty("call").GetString());
        Assert.Equal("INFO", line.GetProperty("level").GetString());
        Assert.Equal("Core.Calls", line.GetProperty("module").GetString());
        Assert.Equal($"Leg {Call}\n", line.GetProperty("message").GetString());
        Assert.Equal(new DateTime(2026, 3, 1, 12, 0, 0, 123, DateTimeKind.Utc), line.GetProperty("time").GetDateTime());
    }

    [Fact]
    public void Levels_are_chosen_by_module_and_can_change_while_running()
    {
        var options = new LogOptions { Level = LogLevel.Warning, Levels = { ["Core"] = LogLevel.Error, ["Core.Calls"] = LogLevel.Debug } };
        Assert.NotEmpty(Lines(options, log => log.LogDebug("x")));
        Assert.Empty(Lines(new LogOptions(), log => log.LogDebug("x")));
        Assert.Equal("2026-03-01 12:00:00.123 [DEBUG] Core.Calls: after\n", Lines(new LogOptions(), (log, provider) =>
        {
            log.LogDebug("before");
            provider.Configure(options);
            log.LogDebug("after");
        }));
    }

    [Fact]
    public void A_closed_output_does_not_stop_the_engine()
    {
        using var broken = new LogWriter(new BrokenStream());
        broken.Write("a\n");
    }

    private string Lines(LogOptions options, Action<ILogger> act) => Lines(options, (log, _) => act(log));

    private string Lines(LogOptions options, Action<ILogger, LineLoggerProvider> act)
    {
        using var output = new MemoryStream();
        using (var writer = new LogWriter(output))
        {
            using var provider = new LineLoggerProvider(writer, options, _time, colour: false);
            using var loggers = new LoggerFactory([provider], new LoggerFilterOptions { MinLevel = LogLevel.Trace });
            act(loggers.CreateLogger("XSwitchEngine.Core.Calls"), provider);
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("Broken pipe");
    }
}
