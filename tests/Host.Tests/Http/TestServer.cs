using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Core;
using XSwitchEngine.Core.Diagnostics;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Web;
using XSwitchEngine.Host.Configuration;
using XSwitchEngine.Host.Http;

namespace XSwitchEngine.Host.Tests.Http;

/// <summary>The HTTP server with a real directory, on loopback, in a data directory of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly HttpServer _server;
    private readonly CertificateStore _certificates;
    private readonly SecurityLog _security;

    private TestServer(HttpServer server, TempDirectory data, SwitchDirectory directory, CertificateStore certificates, SecurityLog security, FakeTimeProvider time)
    {
        _server = server;
        Data = data;
        Directory = directory;
        _certificates = certificates;
        _security = security;
        Time = time;
    }

    public TempDirectory Data { get; }

    public SwitchDirectory Directory { get; }

    /// <summary>The clock of tokens and limits.</summary>
    public FakeTimeProvider Time { get; }

    public string Url => _server.Urls[0];

    public string TlsUrl => _server.Urls[1];

    /// <summary>A client that accepts the server's own certificate.</summary>
    public HttpClient Client { get; } = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.Subject.Contains("XSwitchEngine", StringComparison.Ordinal) },
    })
    { Timeout = TimeSpan.FromSeconds(60) };

    public static async Task<TestServer> StartAsync(Action<HttpOptions>? configure = null, IHealth? health = null)
    {
        var data = new TempDirectory();
        var options = new HttpOptions { Address = "127.0.0.1", Port = 0 };
        configure?.Invoke(options);
        data.Write("wwwroot/index.html", "<!doctype html>index");
        data.Write("wwwroot/demo/a.js", "export {};");
        data.Write("wwwroot/demo/index.html", "demo");
        data.Write("wwwroot/.secret", "secret");
        data.Write("wwwroot/key.pem", "key");
        data.Write("outside.html", "outside");
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var directory = SwitchDirectory.Open(new EngineOptions { DataDirectory = data.Path }, time, NullLogger<SwitchDirectory>.Instance);
        var certificates = CertificateStore.Open(data.Path, [], TimeProvider.System, NullLogger.Instance);
        var security = new SecurityLog(data.Path, time, NullLogger<SecurityLog>.Instance);
        var server = await HttpServer.StartAsync(new HttpParts
        {
            Options = options,
            Listeners = SharedListeners.Bind(options.Address, options.Port, options.EffectiveTlsPort),
            Certificates = certificates,
            Gateway = new WebGateway(new WebRoutes()),
            Sessions = new SessionsApi(() => directory, security, new SourceLimiter(time), TimeSpan.FromHours(options.TokenHours)),
            Limiter = new SourceLimiter(time),
            Health = health ?? new FakeHealth { IsReady = true, IsAlive = true },
            PagesDirectory = data.File("wwwroot"),
            Loggers = NullLoggerFactory.Instance,
        });
        return new TestServer(server, data, directory, certificates, security, time);
    }

    public string Password(string number) => Directory.StoredUsers.Single(u => u.User.Number == number).Password!;

    public async Task<string> SecurityLogAsync()
    {
        var path = Data.File(SecurityLog.FileName);
        for (var i = 0; i < 200 && (!File.Exists(path) || new FileInfo(path).Length == 0); i++)
        {
            await Task.Delay(20);
        }

        return await File.ReadAllTextAsync(path);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        _certificates.Dispose();
        _security.Dispose();
        Directory.Dispose();
        Data.Dispose();
    }
}
