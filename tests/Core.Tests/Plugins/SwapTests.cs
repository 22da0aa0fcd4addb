namespace XSwitchEngine.Core.Tests.Plugins;

public sealed class SwapTests : IAsyncDisposable
{
    private readonly PluginHostFixture _fixture = new();

    [Fact]
    public async Task A_new_version_goes_on_with_the_state_of_the_old_one_and_back()
    {
        _fixture.Deploy("1.0.0");
        await _fixture.StartAsync();
        using var peer = _fixture.Udp();
        Assert.Equal("a 1 1 v1", peer.Ask("a 1"));

        _fixture.Deploy("2.0.0", "CountingV2");
        var up = await _fixture.SwapAsync();
        Assert.True(up.Succeeded, up.Message);
        Assert.Equal("a 2 2 v2", peer.Ask("a 2"));

        var down = await _fixture.SwapAsync(Path.Combine(_fixture.Root, "sample", "1.0.0"));
        Assert.True(down.Succeeded, down.Message);
        Assert.Equal("a 3 3 v1", peer.Ask("a 3"));
        Assert.Equal(3, _fixture.Status().Generation);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();
}
