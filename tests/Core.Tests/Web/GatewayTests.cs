using System.Net;
using System.Net.WebSockets;
using System.Text;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Tests.Web;

/// <summary>Routes of a plugin on the shared listeners, over a real server.</summary>
[Collection(nameof(Plugins.ProcessWide))]
public sealed class GatewayTests : IAsyncLifetime
{
    private WebFixture _web = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _web = await WebFixture.StartAsync();

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    [Fact]
    public void A_route_is_a_listener_for_its_plugin()
    {
        var routes = _web.Plugins.Host.Listeners.Where(l => l.Transport is TransportKind.Ws or TransportKind.Http).ToArray();
        Assert.Equal(["ws Ws", "sub Ws", "http Http"], routes.Select(l => $"{l.Name} {l.Transport}"));
        Assert.All(routes, l => Assert.Equal(_web.Address, l.Local.ToString()));
    }

    [Fact]
    public async Task A_request_reaches_the_plugin_as_it_was_sent_and_its_answer_comes_back_unsplit()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{_web.Address}/api/x/seen?a=%20b") { Content = new StringContent("12345") };
        request.Headers.Add("X-Test", "yes");
        using var response = await _web.Client.SendAsync(request, Cancel);
        Assert.Equal($"POST http {_web.Address} /api/x/seen a=%20b 127.0.0.1 yes 5", await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.ToString());
        Assert.False(response.Headers.Contains("Set-Cookie") || response.Headers.Contains("X-Split"));
    }

    [Theory]
    [InlineData("/api/x", 1001, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/api/x", 1000, HttpStatusCode.OK)]
    [InlineData("/nowhere", 1, HttpStatusCode.NotFound)]
    public async Task Bodies_are_bounded_and_foreign_paths_are_nobodys(string path, int length, HttpStatusCode status)
    {
        using var whole = await _web.Client.PostAsync($"http://{_web.Address}{path}", new ByteArrayContent(new byte[length]), Cancel);
        Assert.Equal(status, whole.StatusCode);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, $"http://{_web.Address}{path}") { Content = new ByteArrayContent(new byte[length]), Headers = { TransferEncodingChunked = true } };
        using var second = await _web.Client.SendAsync(chunked, Cancel);
        Assert.Equal(status, second.StatusCode);
    }

    [Fact]
    public async Task A_client_that_goes_away_is_told_to_the_plugin()
    {
        using (var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _web.Client.GetAsync($"http://{_web.Address}/api/late?60000", impatient.Token));
        }

        Assert.True(SpinWait.SpinUntil(() => _web.Plugins.Status().Metrics.GetValueOrDefault("aborted_total") == 1, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task The_subprotocol_chooses_between_routes_of_one_path()
    {
        using var plain = await _web.DialAsync();
        Assert.Null(plain.SubProtocol);
        using var sip = await _web.DialAsync(subprotocol: "sip");
        Assert.Equal("sip", sip.SubProtocol);
        Assert.Equal("a 1 1 v1", await WebFixture.AskAsync(sip, "a 1"));
    }

    [Fact]
    public async Task A_message_above_the_bound_of_the_route_closes_its_websocket_alone()
    {
        using var other = await _web.DialAsync();
        using var client = await _web.DialAsync();
        await client.SendAsync(new byte[1001], WebSocketMessageType.Binary, true, Cancel);
        var result = await client.ReceiveAsync(new byte[10].AsMemory(), Cancel);
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.MessageTooBig), (result.MessageType, client.CloseStatus));
        Assert.Equal("a 1 1 v1", await WebFixture.AskAsync(other, "a 1"));
    }

    [Fact]
    public async Task Two_plugins_cannot_have_one_path()
    {
        _web.Plugins.Deploy("1.0.0", name: "second", routes: """{ "name": "x", "kind": "http", "paths": ["/api/*"] }""", listeners: "");
        var failures = await _web.Plugins.Host.StartAsync(Cancel);
        Assert.Contains(failures, f => f.Contains("path /api/* is served by plugin sample already", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_websockets_of_a_plugin_that_ends_are_closed_and_its_paths_are_free()
    {
        using var client = await _web.DialAsync();
        Assert.Equal("a 1 1 v1", await WebFixture.AskAsync(client, "a 1"));
        await _web.Plugins.Host.DisposeAsync();
        await Assert.ThrowsAnyAsync<WebSocketException>(async () => _ = await client.ReceiveAsync(new byte[10].AsMemory(), Cancel));
        using var response = await _web.Client.GetAsync($"http://{_web.Address}/api/x", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task A_swap_under_traffic_loses_doubles_and_reorders_nothing_on_websockets_and_answers_every_waiting_request()
    {
        const int Sockets = 300;
        const int Messages = 60;
        var clients = await Task.WhenAll(Enumerable.Range(0, Sockets).Select(_ => _web.DialAsync()));
        var waiting = Enumerable.Range(0, 50).Select(_ => _web.Client.GetStringAsync($"http://{_web.Address}/api/late?4000", Cancel)).ToArray();
        var traffic = clients.Select((client, i) => TalkAsync(client, i)).ToArray();
        var versions = new List<string>();
        for (var i = 2; i < 6; i++)
        {
            _web.Plugins.Deploy($"{i}.0.0", i % 2 == 0 ? "CountingV2" : "CountingV1", i == 4 ? "throw-at-event:200" : "", routes: WebFixture.Routes);
            var swap = await _web.Plugins.SwapAsync();
            Assert.Equal(i != 4, swap.Succeeded);
            versions.Add(_web.Plugins.Status().Version);
        }

        var counted = await Task.WhenAll(traffic);

        Assert.Equal(["2.0.0", "3.0.0", "3.0.0", "5.0.0"], versions);
        Assert.All(counted, n => Assert.Equal(Messages, n));
        Assert.All(await Task.WhenAll(waiting), reply => Assert.Equal("late", reply));
        Array.ForEach(clients, c => c.Dispose());

        // Each reply names the flow, the number sent and how many of that flow were handled: all three must go up by one.
        static async Task<int> TalkAsync(ClientWebSocket client, int flow)
        {
            var sending = Task.Run(async () =>
            {
                for (var i = 1; i <= Messages; i++)
                {
                    await client.SendAsync(Encoding.ASCII.GetBytes($"f{flow} {i}\n"), WebSocketMessageType.Text, true, Cancel);
                    await Task.Delay(150, Cancel);
                }
            });
            for (var i = 1; i <= Messages; i++)
            {
                var reply = await WebFixture.ReadAsync(client);
                Assert.StartsWith($"f{flow} {i} {i} v", reply, StringComparison.Ordinal);
            }

            await sending;
            return Messages;
        }
    }
}
