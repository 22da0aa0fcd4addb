using System.Net;
using System.Net.Sockets;
using System.Text;
using Prometheus;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Web;
using XSwitchEngine.Host.Http;
using XSwitchEngine.Media;

namespace XSwitchEngine.Host.Tests.Http;

public sealed class HttpServerTests
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ready_follows_the_engine_and_health_its_core_loop()
    {
        var health = new FakeHealth { IsReady = true, IsAlive = true };
        await using var server = await StartAsync(health);
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync(server, "/readyz"));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await GetAsync(server, "/healthz"));

        health.IsReady = health.IsAlive = false;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "draining\n"), await GetAsync(server, "/readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(server, "/healthz")).Status);
    }

    [Fact]
    public async Task Metrics_are_served_to_this_machine()
    {
        await using var server = await StartAsync(new FakeHealth());
        Assert.Equal((HttpStatusCode.OK, "xswitch_up 1\n"), await GetAsync(server, "/metrics"));
    }

    [Fact]
    public async Task Other_paths_and_methods_are_refused()
    {
        await using var server = await StartAsync(new FakeHealth());
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(server, "/../etc/passwd")).Status); // the client takes the dots out
        using var post = await Client.PostAsync(server.Url + "/readyz", new StringContent("x"), Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public void A_port_in_use_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var e = Assert.Throws<IOException>(() => SharedListeners.Bind("127.0.0.1", port, null));
        Assert.Equal($"http 127.0.0.1:{port} cannot be bound: another program listens there (address already in use) (Http:Port chooses another port)", e.Message);
        Assert.Contains("Http:TlsPort", Assert.Throws<IOException>(() => SharedListeners.Bind("127.0.0.1", 0, port)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_that_is_too_large_is_refused_and_the_listener_goes_on()
    {
        await using var server = await StartAsync(new FakeHealth { IsReady = true });
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + "/readyz");
        request.Headers.Add("X-Big", new string('x', 20_000));
        using var response = await Client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/readyz")).Status);
    }

    [Fact]
    public async Task The_metrics_of_the_engine_have_the_documented_names_and_values()
    {
        var registry = Metrics.NewCustomRegistry();
        var journal = new CallMetrics(Fake.Of<ICdrJournal>(("Close", _ => null)), registry);
        var record = new CdrRecord(Guid.NewGuid(), "inbound", "sofia/internal/1000", DateTimeOffset.UnixEpoch)
        {
            AnswerTime = DateTimeOffset.UnixEpoch.AddSeconds(3),
            HangupCause = "NORMAL_CLEARING",
            Media = new MediaStatistics(1000, 1000, 1, 1, 5, 0, 4, 4.3, null),
        };
        journal.Close(record);
        journal.Close(record with { HangupCause = "731", AnswerTime = null, Media = null });
        new EngineMetrics(registry).Update(FakeEngine.Create(), new EventBus(), 7);

        using var stream = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(stream, Cancel);
        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split('\n').ToHashSet();
        foreach (var expected in new[]
        {
            "xswitch_calls_active 3", "xswitch_bridges_active 1", "xswitch_sessions_total 512", "xswitch_registrations 0", "xswitch_config_generation 7",
            "xswitch_ready 1", "xswitch_plugin_faults_total{plugin=\"sip\"} 1", "xswitch_plugin_generation{plugin=\"sip\"} 2", "xswitch_sip_responses_total 7", "xswitch_sip_dialogs 2",
            "xswitch_rtp_packets_received_total 1000", "xswitch_lua_runs_total 20", "xswitch_rtp_ports_leased 4",
            "xswitch_calls_total{direction=\"inbound\",cause=\"NORMAL_CLEARING\"} 1", "xswitch_calls_total{direction=\"inbound\",cause=\"OTHER\"} 1",
            "xswitch_setup_seconds_bucket{direction=\"inbound\",le=\"5\"} 1", "xswitch_setup_seconds_bucket{direction=\"inbound\",le=\"2\"} 0",
            "xswitch_rtp_lost_total 5", "xswitch_mos_count 1",
        })
        {
            Assert.Contains(expected, lines);
        }
    }

    private static Task<TestServer> StartAsync(IHealth health) => TestServer.StartAsync(health: health);

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(TestServer server, string path)
    {
        using var response = await Client.GetAsync(server.Url + path, Cancel);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }
}
