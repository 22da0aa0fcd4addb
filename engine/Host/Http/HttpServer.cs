using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Web;

namespace XSwitchEngine.Host.Http;

/// <summary>The shared HTTP listeners, plain and in TLS: health, metrics, sessions, the routes of plugins, pages.</summary>
/// <remarks>
/// <c>/healthz</c> is 200 while the core loop answers; <c>/readyz</c> is 200 while new calls are taken; <c>/metrics</c> is for this machine
/// and the networks of <c>Http:MetricsAllow</c>. HTTP/1.1 only: WebSockets need no more, and what attacks streams of HTTP/2 finds none.
/// </remarks>
internal sealed class HttpServer : IAsyncDisposable
{
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);
    private readonly WebApplication _app;

    private HttpServer(WebApplication app, IReadOnlyList<string> urls)
    {
        _app = app;
        Urls = urls;
    }

    /// <summary>Where it listens, plain before TLS, with the ports that the system chose.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Starts serving on listeners that are bound.</summary>
    /// <param name="parts">What it is made of.</param>
    public static async Task<HttpServer> StartAsync(HttpParts parts)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(parts.Loggers);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, parts));
        var app = builder.Build();
        var pipeline = new Pipeline(parts);
        app.UseWebSockets();
        app.Use(pipeline.RunAsync);
        StaticPages.Use(app, parts.PagesDirectory);
        string[] urls = [.. UrlsOf(parts.Listeners, parts.Options.Address)];
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new HttpServer(app, urls);
    }

    /// <summary>Stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(bound.Token);
        await _app.DisposeAsync();
    }

    private static IEnumerable<string> UrlsOf(SharedListeners listeners, string address)
    {
        // Where all addresses are bound, the name that a browser on this machine takes for a secure origin.
        string Name(IPEndPoint at) => address == "*" ? $"localhost:{at.Port}" : at.ToString();
        if (listeners.Http is { } http)
        {
            yield return "http://" + Name(http);
        }

        if (listeners.Https is { } https)
        {
            yield return "https://" + Name(https);
        }
    }

    private static void Configure(KestrelServerOptions kestrel, HttpParts parts)
    {
        var options = parts.Options;
        var proxies = new Networks(options.TrustedProxies);
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.MaxRequestLineSize = 4 * 1024;
        kestrel.Limits.MaxRequestBufferSize = 64 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        foreach (var (kind, handle) in parts.Listeners.Take())
        {
            kestrel.ListenHandle(handle, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => LimitAsync(connection, next, parts.Limiter, proxies, options.MaxConnectionsPerSource));
                if (kind == TransportKind.Https)
                {
                    listen.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        HandshakeTimeout = HandshakeTime,
                        OnConnection = hello => ValueTask.FromResult(parts.Certificates.ServerOptions(hello.ClientHelloInfo.ServerName)),
                    });
                }
            });
        }
    }

    private static async Task LimitAsync(ConnectionContext connection, ConnectionDelegate next, SourceLimiter limiter, Networks proxies, int max)
    {
        var source = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (proxies.Contains(source))
        {
            await next(connection);
        }
        else if (limiter.TryConnect(source, max))
        {
            try
            {
                await next(connection);
            }
            finally
            {
                limiter.Disconnect(source, max);
            }
        }
    }

    /// <summary>One request on its way.</summary>
    private sealed class Pipeline(HttpParts parts)
    {
        private readonly ClientResolver _clients = new(new Networks(parts.Options.TrustedProxies));
        private readonly Networks _metrics = new(parts.Options.MetricsAllow);

        public async Task RunAsync(HttpContext context, RequestDelegate next)
        {
            var client = _clients.Resolve(context);
            if (!parts.Limiter.TryTake(client.Remote.Address, parts.Options.RequestsPerSecond, parts.Options.RequestsPerSecond * 2))
            {
                context.Response.Headers.RetryAfter = "1";
                await Answers.TextAsync(context, StatusCodes.Status429TooManyRequests, "too many requests\n");
                return;
            }

            if (!TryTarget(context, out var path, out var query))
            {
                await Answers.TextAsync(context, StatusCodes.Status400BadRequest, "this path makes no sense\n");
                return;
            }

            try
            {
                if (!await TryAsync(context, client, path, query))
                {
                    await next(context);
                }
            }
            catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (!context.Response.HasStarted)
            {
                await Answers.TextAsync(context, e.StatusCode, "bad request\n");
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The client went away.
            }
        }

        private async Task<bool> TryAsync(HttpContext context, WebPeer client, string path, string query)
        {
            switch (path)
            {
                case "/healthz" or "/readyz" or "/metrics":
                    await HealthAsync(context, client, path);
                    return true;
                case "/api/sessions" or "/api/tokens":
                    await parts.Sessions.AnswerAsync(context, client, path);
                    return true;
                default:
                    return context.WebSockets.IsWebSocketRequest
                        ? await parts.Gateway.TryUpgradeAsync(context, client, path, query)
                        : await parts.Gateway.TryAnswerAsync(context, client, path, query);
            }
        }

        private Task HealthAsync(HttpContext context, WebPeer client, string path)
        {
            if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            {
                return Answers.MethodAsync(context, "GET, HEAD");
            }

            return path switch
            {
                "/healthz" => LivenessAsync(context),
                "/readyz" => parts.Health.IsReady
                    ? Answers.TextAsync(context, StatusCodes.Status200OK, "ready\n")
                    : Answers.TextAsync(context, StatusCodes.Status503ServiceUnavailable, $"{parts.Health.NotReadyReason}\n"),
                _ => IPAddress.IsLoopback(client.Remote.Address) || _metrics.Contains(client.Remote.Address)
                    ? MetricsAsync(context)
                    : Answers.TextAsync(context, StatusCodes.Status403Forbidden, "metrics are for this machine and Http:MetricsAllow\n"),
            };
        }

        private async Task LivenessAsync(HttpContext context)
        {
            if (await parts.Health.IsAliveAsync(context.RequestAborted))
            {
                await Answers.TextAsync(context, StatusCodes.Status200OK, "ok\n");
            }
            else
            {
                await Answers.TextAsync(context, StatusCodes.Status503ServiceUnavailable, "the core loop does not answer\n");
            }
        }

        private async Task MetricsAsync(HttpContext context)
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            if (HttpMethods.IsGet(context.Request.Method))
            {
                await parts.Health.WriteMetricsAsync(context.Response.Body, context.RequestAborted);
            }
        }

        // Path and query as they were sent; a path that climbs is nobody's, however it is encoded.
        private static bool TryTarget(HttpContext context, out string path, out string query)
        {
            var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
            if (!target.StartsWith('/') && Uri.TryCreate(target, UriKind.Absolute, out var absolute))
            {
                target = absolute.PathAndQuery;
            }

            var question = target.IndexOf('?', StringComparison.Ordinal);
            (path, query) = question < 0 ? (target, "") : (target[..question], target[(question + 1)..]);
            return path.StartsWith('/') && !path.AsSpan().ContainsAny('\\', '\0', '#')
                && !path.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase).Split('/').Any(static s => s is ".." or ".");
        }
    }
}
