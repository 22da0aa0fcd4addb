using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using XSwitchEngine.Core.Tests.Plugins;
using XSwitchEngine.Core.Web;

namespace XSwitchEngine.Core.Tests.Web;

/// <summary>The sample plugin behind a real HTTP server on loopback.</summary>
internal sealed class WebFixture : IAsyncDisposable
{
    public const string Routes = """
        { "name": "ws", "kind": "websocket", "paths": ["/ws"], "maxBytes": 1000 },
        { "name": "sub", "kind": "websocket", "paths": ["/ws"], "subprotocol": "sip" },
        { "name": "http", "kind": "http", "paths": ["/api/*"], "maxBytes": 1000 }
        """;

    private readonly SharedListeners _listeners;
    private readonly WebApplication _app;

    private WebFixture(SharedListeners listeners, WebApplication app, PluginHostFixture plugins)
    {
        _listeners = listeners;
        _app = app;
        Plugins = plugins;
    }

    public PluginHostFixture Plugins { get; }

    public string Address => _listeners.Http!.ToString();

    public HttpClient Client { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { Timeout = TimeSpan.FromSeconds(60) };

    public static async Task<WebFixture> StartAsync()
    {
        var listeners = SharedListeners.Bind("127.0.0.1", 0, null);
        var routes = new WebRoutes();
        var plugins = new PluginHostFixture();
        plugins.Options = plugins.Options with { Http = listeners.Http, Routes = routes };
        plugins.Deploy("1.0.0", routes: Routes);
        await plugins.StartAsync();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(k => k.ListenHandle(listeners.Take().Single().Handle));
        var app = builder.Build();
        var gateway = new WebGateway(routes);
        app.UseWebSockets();
        app.Run(async context =>
        {
            var (path, query) = (context.Request.Path.Value!, context.Request.QueryString.Value!.TrimStart('?'));
            var peer = new WebPeer(new(context.Connection.RemoteIpAddress!, context.Connection.RemotePort), listeners.Http!, "http", context.Request.Host.Value!, IsTls: false);
            if (!(context.WebSockets.IsWebSocketRequest ? await gateway.TryUpgradeAsync(context, peer, path, query) : await gateway.TryAnswerAsync(context, peer, path, query)))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
        });
        await app.StartAsync();
        return new WebFixture(listeners, app, plugins);
    }

    public async Task<ClientWebSocket> DialAsync(string path = "/ws", string? subprotocol = null)
    {
        var client = new ClientWebSocket();
        if (subprotocol is not null)
        {
            client.Options.AddSubProtocol(subprotocol);
        }

        await client.ConnectAsync(new Uri($"ws://{Address}{path}"), CancellationToken.None);
        return client;
    }

    public static async Task<string> AskAsync(ClientWebSocket client, string line)
    {
        await client.SendAsync(Encoding.ASCII.GetBytes(line + "\n"), WebSocketMessageType.Text, true, CancellationToken.None);
        return await ReadAsync(client);
    }

    public static async Task<string> ReadAsync(ClientWebSocket client)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[4096];
        var result = await client.ReceiveAsync(buffer.AsMemory(), bound.Token);
        Assert.True(result.EndOfMessage);
        return Encoding.ASCII.GetString(buffer, 0, result.Count).TrimEnd('\n');
    }

    public async ValueTask DisposeAsync()
    {
        await Plugins.DisposeAsync();
        Client.Dispose();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(bound.Token);
        await _app.DisposeAsync();
        _listeners.Dispose();
    }
}
