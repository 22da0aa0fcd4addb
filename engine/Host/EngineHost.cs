using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Prometheus;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Diagnostics;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Web;
using XSwitchEngine.Host.Configuration;
using XSwitchEngine.Host.Control;
using XSwitchEngine.Host.Http;
using XSwitchEngine.Host.Logging;
using XSwitchEngine.Host.Service;

namespace XSwitchEngine.Host;

/// <summary>One running engine with everything around it: data directory, logs, records, control socket, HTTP, signals.</summary>
/// <remarks>States are starting, ready, draining, stopped, in this order and never back.</remarks>
internal sealed class EngineHost : IHealth, IAsyncDisposable
{
    private static readonly TimeSpan LoopPatience = TimeSpan.FromSeconds(2);
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly Stack<Func<ValueTask>> _closing = new();
    private readonly LogWriter _output;
    private readonly LineLoggerProvider _lines;
    private readonly LoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly Composition _composition;
    private readonly ConfigSources _sources;
    private readonly SystemdNotifier _notifier;
    private readonly StopSignals _signals;
    private readonly EngineMetrics _metrics;
    private readonly SemaphoreSlim _reloading = new(1);
    private HostConfiguration _configuration;
    private HostContext? _context;
    private volatile RunningEngine? _running;
    private volatile bool _draining;
    private long _generation = 1;

    /// <summary>Makes a host that has not started.</summary>
    /// <param name="configuration">The validated configuration.</param>
    /// <param name="sources">Where it came from, for a reload.</param>
    /// <param name="composition">How the engine is made.</param>
    /// <param name="output">Receives all lines.</param>
    public EngineHost(HostConfiguration configuration, ConfigSources sources, Composition composition, LogWriter output)
    {
        _configuration = configuration;
        _sources = sources;
        _composition = composition;
        _output = output;
        var colour = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        _lines = new LineLoggerProvider(output, configuration.Log, TimeProvider.System, colour);
        _loggers = new LoggerFactory([_lines], new LoggerFilterOptions { MinLevel = LogLevel.Trace });
        _logger = _loggers.CreateLogger<EngineHost>();
        _notifier = new SystemdNotifier(
            Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"), _loggers.CreateLogger<SystemdNotifier>());
        _signals = new StopSignals(() => _ = ReloadAsync());
        _metrics = new EngineMetrics(_registry);
        AppDomain.CurrentDomain.UnhandledException += OnUnhandled;
        TaskScheduler.UnobservedTaskException += OnUnobserved;
    }

    /// <inheritdoc/>
    public bool IsReady => !_draining && _running is { Engine.IsReady: true };

    /// <inheritdoc/>
    public string NotReadyReason => _draining || _running is { Engine.Statistics.IsDraining: true } ? "draining" : "starting";

    /// <summary>Starts everything, runs until asked to end, drains.</summary>
    /// <exception cref="IOException">Something cannot be opened or bound; the message names it.</exception>
    /// <exception cref="InvalidDataException">A file of the data directory is damaged, a plugin or script cannot be loaded.</exception>
    public async Task RunAsync()
    {
        await StartAsync();
        _notifier.Ready();
        var watchdog = WatchdogAsync();
        await _signals.Asked;
        _draining = true;
        _notifier.Stopping();
        Log.Draining(_logger, _configuration.Engine.DrainSeconds);
        using (_signals.Forced.Register(() => Log.Forced(_logger)))
        {
            await _running!.Engine.DrainAsync(_signals.Forced);
        }

        await watchdog;
    }

    /// <inheritdoc/>
    public async Task<bool> IsAliveAsync(CancellationToken cancellationToken)
    {
        if (_running is not { Engine: { } engine })
        {
            return true;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LoopPatience);
        try
        {
            await engine.ApiAsync("uptime", patience.Token).WaitAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public Task WriteMetricsAsync(Stream to, CancellationToken cancellationToken)
    {
        if (_running is { Engine: { } engine } && _context is { } context)
        {
            _metrics.Update(engine, context.Events, Volatile.Read(ref _generation));
        }

        return _registry.CollectAndExportAsTextAsync(to, cancellationToken);
    }

    /// <summary>Closes everything in the opposite order of its opening, whatever of it was opened.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_closing.TryPop(out var close))
        {
            await close();
        }

        Log.Stopped(_logger);
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandled;
        TaskScheduler.UnobservedTaskException -= OnUnobserved;
        _signals.Dispose();
        _reloading.Dispose();
        _loggers.Dispose();
    }

    private async Task StartAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var options = _configuration.Engine;
        var data = DataDirectory.Open(options.DataDirectory);
        OnClose(data.Dispose);
        var web = OpenWeb(options);
        _context = OpenContext(options, web, out var security);
        var http = HttpServer.StartAsync(Parts(web, security));
        OnClose(() => CloseAsync(http));
        AnnounceUsers(_context.Directory.CreatedUsers);
        var running = await _composition.CreateEngine(_context);
        _running = running;
        OnClose(running.CloseAsync);
        var api = new HostApi(running.Engine, ReloadAsync, _signals.Stop);
        var control = new ControlServer(options.DataDirectory, api.ExecuteAsync, _loggers.CreateLogger<ControlServer>());
        OnClose(control.DisposeAsync);
        DotNetStats.Register(_registry);
        Announce(await http, Stopwatch.GetElapsedTime(started));
    }

    private static async ValueTask CloseAsync(Task<HttpServer> http)
    {
        try
        {
            await (await http).DisposeAsync();
        }
        catch (IOException)
        {
            // It was never bound, which the start reports, unless something else failed before.
        }
    }

    private WebContext OpenWeb(EngineOptions options)
    {
        var listeners = SharedListeners.Bind(_configuration.Http.Address, _configuration.Http.Port, _configuration.Http.EffectiveTlsPort);
        OnClose(listeners.Dispose);
        var certificates = CertificateStore.Open(options.DataDirectory, [options.Domain, .. options.DomainAliases], TimeProvider.System, _loggers.CreateLogger<CertificateStore>());
        OnClose(certificates.Dispose);
        return new WebContext(listeners, new WebRoutes(), certificates);
    }

    private HttpParts Parts(WebContext web, SecurityLog security) => new()
    {
        Options = _configuration.Http,
        Listeners = web.Listeners,
        Certificates = web.Certificates,
        Gateway = new WebGateway(web.Routes),
        Sessions = new SessionsApi(() => _context?.Directory, security, new SourceLimiter(TimeProvider.System), TimeSpan.FromHours(_configuration.Http.TokenHours)),
        Limiter = new SourceLimiter(TimeProvider.System),
        Health = this,
        PagesDirectory = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
        Loggers = _loggers,
    };

    private HostContext OpenContext(EngineOptions options, WebContext web, out SecurityLog security)
    {
        var time = TimeProvider.System;
        security = new SecurityLog(options.DataDirectory, time, _loggers.CreateLogger<SecurityLog>());
        OnClose(security.Dispose);
        var directory = SwitchDirectory.Open(options, time, _loggers.CreateLogger<SwitchDirectory>());
        OnClose(directory.Dispose);
        var journal = CdrJournal.Open(options.DataDirectory, time, _loggers.CreateLogger<CdrJournal>());
        OnClose(journal.Dispose);
        return new HostContext(_configuration, directory, new CallMetrics(journal, _registry), new EventBus(), security, web, time, _loggers);
    }

    // At once, not when everything runs: a start that fails later must not swallow the only time that the passwords are shown.
    private void AnnounceUsers(IReadOnlyList<StoredUser> created)
    {
        Say($"XSwitchEngine {Program.Version}, process {Environment.ProcessId}, data in {_configuration.Engine.DataDirectory}");
        if (created.Count > 0)
        {
            Say($"Created {created.Count} users with random passwords, shown here once (later: xswitch users):");
            foreach (var user in created)
            {
                Say($"  {user.User.Number,-6} {user.Password}");
            }
        }
    }

    private void Announce(HttpServer http, TimeSpan took)
    {
        foreach (var listener in _running!.Engine.Plugins.Status.SelectMany(p => p.Listeners.Select(l => (Plugin: p.Name, Listener: l)))
            .Where(l => !IsShared(l.Listener)))
        {
            Say($"Listening: {listener.Plugin} {listener.Listener.Name} {listener.Listener.Transport.ToString().ToLowerInvariant()} {listener.Listener.Local}");
        }

        if (_running.Engine.Plugins.Status.Count == 0)
        {
            Say($"No plugin in {_configuration.Engine.PluginDirectory}: nothing listens for calls");
        }

        foreach (var url in http.Urls)
        {
            Say($"Listening: {url[..url.IndexOf(':', StringComparison.Ordinal)]} tcp {url[(url.IndexOf("//", StringComparison.Ordinal) + 2)..].Replace("localhost", "*", StringComparison.Ordinal)}");
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"Ready after {took.TotalMilliseconds:0} ms: {http.Urls[0]}/readyz"));
    }

    // A route has no port of its own.
    private bool IsShared(ListenerInfo listener) =>
        listener.Transport is TransportKind.Http or TransportKind.Https || listener.Local.Equals(_context!.Web.Listeners.Http) || listener.Local.Equals(_context.Web.Listeners.Https);

    private void Say(string text) =>
        _output.Write(_configuration.Log.Format == LogFormat.Json
            ? new LogLine(TimeProvider.System.GetUtcNow(), LogLevel.Information, "Host", 0, "", text, null).ToJson()
            : text + "\n");

    private async Task<string> ReloadAsync()
    {
        if (_context is not { } context || _running is not { } running)
        {
            return "-ERR the engine is starting\n";
        }

        await _reloading.WaitAsync();
        try
        {
            _notifier.Reloading();
            var reply = await ReloadAsync(context, running);
            _notifier.Ready();
            return reply;
        }
        finally
        {
            _reloading.Release();
        }
    }

    private async Task<string> ReloadAsync(HostContext context, RunningEngine running)
    {
        var faults = new List<ConfigFault>();
        var next = ConfigLoader.Load(_sources, directory => _composition.ReadPlugins(directory).Manifests, faults);
        if (next is null)
        {
            return Refuse(string.Join('\n', faults));
        }

        // Plugins first: they are the only part that can still say no.
        if (await ConfigurePluginsAsync(running, next) is { } refused)
        {
            return Refuse(refused);
        }

        var plan = LiveOptions.Plan(_configuration.Values, next.Values, [.. next.Plugins.Keys.Union(_configuration.Plugins.Keys)]);
        LiveOptions.Apply(next.Engine, _configuration.Engine);
        context.Directory.Reload(_configuration.Engine);
        _lines.Configure(next.Log);
        _configuration = next with { Engine = _configuration.Engine };
        var scripts = string.Concat(running.Engine.Scripts.Reload().Select(l => l + "\n"));
        var generation = Interlocked.Increment(ref _generation);
        Log.Reloaded(_logger, generation, plan.TrimEnd().ReplaceLineEndings(", "));
        return $"+OK generation {generation}\n{plan}{scripts}";
    }

    // Each plugin takes its section as a whole or not at all; when one refuses, those before it get their old ones back.
    private async Task<string?> ConfigurePluginsAsync(RunningEngine running, HostConfiguration next)
    {
        var old = _configuration.Plugins;
        var changed = next.Plugins.Keys.Union(old.Keys).Where(n => next.Plugins.GetValueOrDefault(n) != old.GetValueOrDefault(n)).ToArray();
        for (var i = 0; i < changed.Length; i++)
        {
            if (await running.ConfigurePluginAsync(changed[i], next.Plugins.GetValueOrDefault(changed[i])) is { Count: > 0 } refused)
            {
                foreach (var name in changed[..i])
                {
                    await running.ConfigurePluginAsync(name, old.GetValueOrDefault(name));
                }

                return string.Join('\n', refused.Select(r => $"{changed[i]}: {r}"));
            }
        }

        return null;
    }

    private string Refuse(string faults)
    {
        Log.NotReloaded(_logger, _generation, faults);
        return $"-ERR the configuration was not reloaded, generation {_generation} stays in force\n{faults}\n";
    }

    private async Task WatchdogAsync()
    {
        if (_notifier.WatchdogInterval is not { } interval)
        {
            return;
        }

        using var timer = new PeriodicTimer(interval);
        while (!_signals.Asked.IsCompleted && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            if (await IsAliveAsync(CancellationToken.None))
            {
                _notifier.Alive();
            }
            else
            {
                Log.LoopSilent(_logger, (int)LoopPatience.TotalSeconds);
            }
        }
    }

    private void OnClose(Action close) => _closing.Push(() =>
    {
        close();
        return ValueTask.CompletedTask;
    });

    private void OnClose(Func<ValueTask> close) => _closing.Push(close);

    private void OnUnhandled(object sender, UnhandledExceptionEventArgs e)
    {
        Log.Fatal(_logger, e.ExceptionObject as Exception ?? new InvalidOperationException($"{e.ExceptionObject}"));
        _output.Dispose();
    }

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e)
    {
        Log.Unobserved(_logger, e.Exception);
        e.SetObserved();
    }
}
