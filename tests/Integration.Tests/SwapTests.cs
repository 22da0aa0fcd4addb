using System.Globalization;

namespace XSwitchEngine.Integration.Tests;

public sealed class SwapTests
{
    [Fact]
    public async Task Ten_swaps_under_200_bridged_calls_lose_no_call_and_no_packet()
    {
        const int Calls = 200;
        await using var engine = await EngineProcess.StartAsync();
        using var rtp = new RtpTraffic();
        var media = rtp.Port.ToString(CultureInfo.InvariantCulture);
        var phonePort = Sipp.FreePort().ToString(CultureInfo.InvariantCulture);
        await using (var registration = Sipp.Start(engine, "register", "1001", "1001", "-p", phonePort))
        {
            await registration.SucceedsAsync();
        }

        await using var phones = Sipp.Start(engine, "answer", "1001", "1001", "-p", phonePort, "-m", $"{Calls}", "-timeout", "180s", "-key", "media_port_key", media);
        await using var callers = Sipp.Start(engine, "call", "1000", "1001", "-m", $"{Calls}", "-l", $"{Calls}", "-r", "40", "-d", "45000", "-timeout", "180s", "-key", "media_port_key", media);
        var ports = await Scenes.MediaPortsAsync(engine, 2 * Calls);
        rtp.Start(ports);
        var generation = 0;
        for (var i = 0; i < 10; i++)
        {
            var reply = await engine.ApiAsync("plugin swap sip");
            Assert.StartsWith("+OK", reply, StringComparison.Ordinal);
            generation++;
            if (i == 4)
            {
                var refused = await engine.ApiAsync("plugin swap sip " + RefusingVersion(engine));
                Assert.StartsWith("-ERR", refused, StringComparison.Ordinal);
                Assert.Contains("import", refused, StringComparison.Ordinal);
                Assert.Contains("this version cannot read that state", refused, StringComparison.Ordinal);
            }

            await using var fresh = Sipp.Start(engine, "call", "1002", "9196", "-d", "50", "-key", "media_port_key", "40000");
            await fresh.SucceedsAsync();
        }

        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 2 * Calls, "only the bridged calls are up");
        await rtp.StopSendingAsync();
        Assert.True(rtp.Sent > 20_000, $"{rtp.Sent} packets sent");
        Assert.Equal(rtp.Sent, rtp.Received);
        await callers.SucceedsAsync();
        await phones.SucceedsAsync();
        await Scenes.NothingLeftAsync(engine);
        using var http = new HttpClient { BaseAddress = engine.Http };
        var metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(generation + 1, Scenes.Value(metrics, "xswitch_plugin_generation", "plugin=\"sip\""));
        Assert.Equal(0, Scenes.Value(metrics, "xswitch_plugin_leaked_contexts"));
        Assert.Equal((2 * Calls) + 10, engine.Records().Count);
    }

    /// <summary>A directory with a version of the SIP plugin that throws when it is to take over.</summary>
    private static string RefusingVersion(EngineProcess engine)
    {
        var files = Path.Combine(Repo.Root, "tests", "TestPlugins", "SamplePlugin", "bin", Repo.Configuration, "net10.0");
        var directory = Directory.CreateDirectory(Path.Combine(engine.Data, "refusing", "9.0.0")).FullName;
        foreach (var file in Directory.EnumerateFiles(files))
        {
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        }

        var manifest = File.ReadAllText(Path.Combine(Repo.Root, "plugins", "Sip", "plugin.json"))
            .Replace("XSwitchEngine.Plugins.Sip.dll", "XSwitchEngine.SamplePlugin.dll", StringComparison.Ordinal)
            .Replace("XSwitchEngine.Plugins.Sip.SipPlugin", "XSwitchEngine.TestPlugins.RefusingPlugin", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(directory, "plugin.json"), manifest);
        return directory;
    }
}
