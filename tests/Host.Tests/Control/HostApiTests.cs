using System.Text.Json;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Host.Control;

namespace XSwitchEngine.Host.Tests.Control;

public sealed class HostApiTests
{
    private string _reloadReply = "+OK generation 2\n";
    private int _shutdowns;
    private (string Name, string? Directory)? _swapped;

    [Theory]
    [InlineData("show channels as json")]
    [InlineData("originate user/1000 &echo")]
    [InlineData("pluginx list")]
    [InlineData("reload mod_other")]
    public async Task Other_commands_are_the_engines(string line) => Assert.Equal($"engine: {line}\n", await RunAsync(line));

    [Fact]
    public async Task Plugins_are_listed_with_version_state_and_listeners()
    {
        Assert.Equal(
            "name\tversion\tstate\tgeneration\tevents\tfaults\tleaked\tlisteners\nsip\t1.2.0\trunning\t2\t100\t1\t0\tinternal-udp=0.0.0.0:5060\n",
            await RunAsync("plugin list"));
        var sip = JsonDocument.Parse(await RunAsync("plugin list as json")).RootElement[0];
        Assert.Equal("1.2.0", sip.GetProperty("version").GetString());
        Assert.Equal(5060, sip.GetProperty("listeners")[0].GetProperty("port").GetInt32());
    }

    [Fact]
    public async Task A_swap_names_the_new_version_and_its_pause()
    {
        Assert.Equal("+OK sip 1.3.0 (paused 1.25 ms)\n", await RunAsync("plugin swap sip"));
        Assert.Equal(("sip", null), _swapped);
        using var directory = new TempDirectory();
        var spaced = Directory.CreateDirectory(directory.File("a b")).FullName;
        await RunAsync($"plugin swap sip {spaced}");
        Assert.Equal(("sip", spaced), _swapped);
        await RunAsync("reload sip");
        Assert.Equal(("sip", null), _swapped);
    }

    [Theory]
    [InlineData("plugin swap", "-USAGE")]
    [InlineData("plugin", "-USAGE")]
    [InlineData("plugin frobnicate", "-USAGE")]
    [InlineData("", "-USAGE")]
    [InlineData("plugin swap sipp", "-ERR no plugin sipp; did you mean sip?")]
    [InlineData("plugin swap sip /no/such/directory", "-ERR there is no directory /no/such/directory")]
    public async Task What_cannot_be_done_is_said(string line, string expected) =>
        Assert.StartsWith(expected, await RunAsync(line), StringComparison.Ordinal);

    [Fact]
    public async Task A_failed_swap_is_a_failure()
    {
        var api = Create((_, _) => new SwapResult(false, "import: the state is of another plugin", TimeSpan.Zero));
        Assert.Equal("-ERR import: the state is of another plugin\n", await api.ExecuteAsync("plugin swap sip", CancellationToken.None));
    }

    [Fact]
    public async Task Reload_says_what_changed_and_reloadxml_answers_as_FreeSWITCH_does()
    {
        Assert.Equal("+OK generation 2\n", await RunAsync("reload"));
        Assert.Equal("+OK [Success]\n", await RunAsync("reloadxml"));
        _reloadReply = "-ERR line 3\n";
        Assert.Equal("-ERR line 3\n", await RunAsync("reloadxml"));
    }

    [Fact]
    public async Task Shutdown_begins_to_drain()
    {
        Assert.Equal("+OK draining\n", await RunAsync("shutdown"));
        Assert.Equal(1, _shutdowns);
    }

    private Task<string> RunAsync(string line) => Create((name, directory) =>
    {
        _swapped = (name, directory);
        return new SwapResult(true, "sip 1.3.0", TimeSpan.FromMilliseconds(1.25));
    }).ExecuteAsync(line, CancellationToken.None);

    private HostApi Create(Func<string, string?, SwapResult> swap) =>
        new(FakeEngine.Create(swap: swap), () => Task.FromResult(_reloadReply), () => _shutdowns++);
}
