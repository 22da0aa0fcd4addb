using System.Globalization;

namespace XSwitchEngine.Integration.Tests;

public sealed class HostileScriptTests
{
    [Theory]
    [InlineData("while true do end")]
    [InlineData("local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end")]
    [InlineData("string.find(string.rep('a', 60), string.rep('a-', 30) .. 'b')")]
    public async Task A_script_that_runs_away_ends_its_own_call_and_fifty_others_keep_their_audio(string code)
    {
        const int Others = 50;
        await using var engine = await EngineProcess.StartAsync();
        await File.WriteAllTextAsync(
            Path.Combine(engine.Scripts, "dialplan.lua"),
            $"session:answer()\nif session:getVariable('destination_number') == '666' then {code} end\nsession:execute('echo')\n",
            TestContext.Current.CancellationToken);
        using var rtp = new RtpTraffic();
        await using var others = Sipp.Start(engine, "call", "1000", "9196", "-m", $"{Others}", "-r", "50", "-d", "20000", "-key", "media_port_key", rtp.Port.ToString(CultureInfo.InvariantCulture));
        var ports = await Scenes.MediaPortsAsync(engine, Others);
        rtp.Start(ports);
        await using var hostile = Sipp.Start(engine, "hungup", "1001", "666", "-key", "media_port_key", "40000");
        await hostile.SucceedsAsync();
        await engine.WaitForLineAsync(l => l.Contains("dialplan.lua", StringComparison.Ordinal) && Words.Any(w => l.Contains(w, StringComparison.OrdinalIgnoreCase)));
        await EngineProcess.UntilAsync(() => Task.FromResult(rtp.Sent > Others * 75), "a second and a half of audio has gone through");
        await rtp.StopSendingAsync();
        Assert.True(rtp.Sent > Others * 20, $"{rtp.Sent} packets");
        Assert.Equal(rtp.Sent, rtp.Received);
        Assert.Equal(Others, await engine.ChannelsAsync());
        Assert.Equal("+OK hangup all channels with cause MANAGER_REQUEST\n", await engine.ApiAsync("hupall"));
    }

    private static readonly string[] Words = ["CPU", "memory", "too complex"];
}
