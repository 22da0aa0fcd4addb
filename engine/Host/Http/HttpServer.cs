using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host.Http;

/// <summary>The HTTP listener: health for load balancers, metrics for Prometheus.</summary>
/// <remarks>
/// <c>/healthz</c> is 200 while the core loop answers; <c>/readyz</c> is 200 while new calls are taken; <c>/metrics</c> is for this machine
/// and the networks of <c>Http:MetricsAllow</c>. Everything else is 404. Limits are tight because nothing here needs a body.
/// </remarks>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HttpServer(WebApplication app, IReadOnlyList<string> urls)
    {
        _app = app;
        Urls = urls;
    }

    /// <summary>Where it listens, with the ports that the system chose.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Starts listening.</summary>
    /// <param name="options">Address, port, who may read metrics.</param>
    /// <param name="health">Answers.</param>
    /// <param name="loggers">Makes loggers.</param>
    /// <exception cref="IOException">The address cannot be bound; the message names it.</exception>
    public static async Task<HttpServer> StartAsync(HttpOptions options, IHealth health, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        var app = builder.Build();
        var allowed = options.MetricsAllow.Select(n => OptionRules.TryNetwork(n, out var network) ? network : default).ToArray();
        app.Run(context => AnswerAsync(context, health, allowed));
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await app.DisposeAsync();
            throw new IOException($"http {options.Address}:{options.Port} cannot be bound: {e.InnerException?.Message ?? e.Message} (Http:Port chooses another port)", e);
        }

        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new HttpServer(app, [.. addresses.Select(a => a.Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal))]);
    }

    /// <summary>Stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(bound.Token);
        await _app.DisposeAsync();
    }

    private static void Configure(KestrelServerOptions kestrel, HttpOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = 1024;
        kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.MaxRequestLineSize = 4 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        if (options.Address == "*")
        {
            // One socket for both families; where there is no IPv6 Kestrel takes IPv4.
            kestrel.ListenAnyIP(options.Port, l => l.Protocols = HttpProtocols.Http1);
        }
        else
        {
            kestrel.Listen(IPAddress.Parse(options.Address), options.Port, l => l.Protocols = HttpProtocols.Http1);
        }
    }

    private static Task AnswerAsync(HttpContext context, IHealth health, IPNetwork[] allowed)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET\n");
        }

        return context.Request.Path.Value switch
        {
            "/healthz" => HealthAsync(context, health),
            "/readyz" => health.IsReady
                ? AnswerAsync(context, StatusCodes.Status200OK, "ready\n")
                : AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, $"{health.NotReadyReason}\n"),
            "/metrics" => MayReadMetrics(context.Connection.RemoteIpAddress, allowed)
                ? MetricsAsync(context, health)
                : AnswerAsync(context, StatusCodes.Status403Forbidden, "metrics are for this machine and Http:MetricsAllow\n"),
            _ => AnswerAsync(context, StatusCodes.Status404NotFound, "not found\n"),
        };
    }

    private static async Task HealthAsync(HttpContext context, IHealth health)
    {
        if (await health.IsAliveAsync(context.RequestAborted))
        {
            await AnswerAsync(context, StatusCodes.Status200OK, "ok\n");
        }
        else
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "the core loop does not answer\n");
        }
    }

    private static async Task MetricsAsync(HttpContext context, IHealth health)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await health.WriteMetricsAsync(context.Response.Body, context.RequestAborted);
        }
    }

    private static bool MayReadMetrics(IPAddress? remote, IPNetwork[] allowed)
    {
        if (remote is null)
        {
            return false;
        }

        var address = remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote;
        return IPAddress.IsLoopback(address) || Array.Exists(allowed, n => n.Contains(address));
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text, context.RequestAborted);
    }
}
