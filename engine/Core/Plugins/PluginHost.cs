using System.Collections.Frozen;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Loads plugins, gives each its mailbox and its listeners, and changes versions under live calls.</summary>
public sealed partial class PluginHost : IPluginRegistry, IAsyncDisposable
{
    private static readonly TimeSpan WatchdogInterval = TimeSpan.FromMilliseconds(250);

    private readonly PluginHostOptions _options;
    private readonly ICallCore _calls;
    private readonly IDirectory _directory;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly PluginLog _log;
    private readonly IdSource _ids = new();
    private readonly PluginPreparer _preparer;
    private readonly ContextWatch _contexts;
    private readonly ITimer _watchdog;
    private readonly Dictionary<string, LoopIo> _loops = [];
    private readonly Lock _routesLock = new();
    private readonly DirectoryWatch? _directoryWatch;
    private LoopIo? _coreLoop;
    private readonly DnsRecords _records;
    private IPluginServices _services = new NoPluginServices();
    private Routes _routes = new([]);
    private bool _isDisposed;

    /// <summary>Makes a host that has loaded nothing yet.</summary>
    /// <param name="options">Where plugins are, and bounds.</param>
    /// <param name="calls">The core's calls.</param>
    /// <param name="directory">Users and registrations.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Each plugin logs as <c>XSwitchEngine.Plugin.{name}</c>.</param>
    public PluginHost(PluginHostOptions options, ICallCore calls, IDirectory directory, TimeProvider time, ILoggerFactory loggers)
        : this(options, calls, directory, time, loggers, new ContextLoader())
    {
    }

    internal PluginHost(PluginHostOptions options, ICallCore calls, IDirectory directory, TimeProvider time, ILoggerFactory loggers, IPluginLoader loader)
    {
        _records = new DnsRecords(options.DnsServers);
        _options = options;
        _calls = calls;
        _directory = directory;
        _time = time;
        _loggers = loggers;
        _log = new PluginLog(loggers.CreateLogger("XSwitchEngine.Plugins"));
        _preparer = new PluginPreparer(options, loader);
        _contexts = new ContextWatch(time, _log);
        _watchdog = time.CreateTimer(_ => LookForStuck(), null, WatchdogInterval, WatchdogInterval);
        if (options.WatchDirectories)
        {
            _directoryWatch = new DirectoryWatch(options.PluginDirectory, time, name => _ = SwapAsync(name, null, CancellationToken.None));
        }
    }

    /// <summary>Gives the host the core's loop and the rest of the engine, before any plugin starts; they stay the engine's.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="services">The rest.</param>
    internal void UseEngine(LoopIo loop, IPluginServices services) => (_coreLoop, _services) = (loop, services);

    /// <inheritdoc/>
    public IReadOnlyList<PluginStatus> Status => [.. _routes.Slots.Select(static s => s.Status())];

    /// <summary>All listeners that are bound, in the order of the manifests.</summary>
    public IReadOnlyList<ListenerInfo> Listeners => [.. _routes.Slots.SelectMany(static s => s.Current?.Host.Listeners ?? [])];

    /// <summary>Replaced versions whose code is still in memory, as <c>name version</c>.</summary>
    public IReadOnlyList<string> UnloadingContexts => _contexts.Alive;

    /// <summary>Loads and starts the newest version of every plugin below the plugin directory. One that fails does not hinder the others.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What failed, in words, each with the phase (<c>manifest</c>, <c>options</c>, <c>resolve</c>, <c>ctor</c>, <c>listen</c>, <c>start</c>, <c>import</c>); empty when all run.</returns>
    public async Task<IReadOnlyList<string>> StartAsync(CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var name in PluginDirectory.Names(_options.PluginDirectory))
        {
            try
            {
                await StartPluginAsync(name, PluginDirectory.Newest(Path.Combine(_options.PluginDirectory, name))!, cancellationToken);
            }
            catch (Exception e) when (e is PluginLoadException or TimeoutException)
            {
                _log.NotStarted(name, e.Message);
                failures.Add($"plugin {name}: {e.Message}");
            }
        }

        return failures;
    }

    /// <inheritdoc/>
    public bool Dispatch(string endpoint, LegCommand command) =>
        Volatile.Read(ref _routes).Endpoints.TryGetValue(endpoint, out var slot) && slot.TryCommand(command);

    /// <inheritdoc/>
    public bool Serves(string endpoint) => Volatile.Read(ref _routes).Endpoints.ContainsKey(endpoint);

    /// <inheritdoc/>
    public bool TryApi(string command, string commandLine, Action<string> onReply)
    {
        if (!Volatile.Read(ref _routes).Commands.TryGetValue(command, out var slot))
        {
            return false;
        }

        slot.RunApi(commandLine, onReply);
        return true;
    }

    /// <inheritdoc/>
    public MediaProfile MediaOf(string endpoint) =>
        Volatile.Read(ref _routes).Endpoints.TryGetValue(endpoint, out var slot) && slot.Current is { } current ? current.Manifest.Media : MediaProfile.Rtp;

    /// <inheritdoc/>
    public bool TryMessage(TextMessage message, DialTarget target, Action<int, string> onResult)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (!Volatile.Read(ref _routes).Endpoints.TryGetValue(target.Endpoint, out var slot))
        {
            return false;
        }

        slot.Deliver(message, target, outcome => onResult(outcome.Status, outcome.Reason));
        return true;
    }

    /// <summary>Gives a plugin new options, and moves its listeners if their places changed.</summary>
    /// <param name="name">The plugin.</param>
    /// <param name="json">Its section of the configuration; null or empty for none.</param>
    /// <returns>What is wrong with it, in which case nothing was changed; empty when it is in force.</returns>
    public async Task<IReadOnlyList<string>> ConfigureAsync(string name, string? json)
    {
        if (Find(name) is not { } slot)
        {
            return [$"there is no plugin {name}"];
        }

        if (!await slot.ChangeGate.WaitAsync(_options.StartTimeout + _options.Probation))
        {
            return [$"a swap of {name} is under way; try again when it is over"];
        }

        try
        {
            if (slot.Current is not { } current)
            {
                return [$"plugin {name} is {slot.StateName}"];
            }

            if (!PluginSection.TryMerge(current.Manifest, json, out var section, out var faults))
            {
                return faults;
            }

            var plan = _preparer.Plan(current.Manifest, section!);
            var listeners = _preparer.Bind(plan, current.Listeners, _ids, slot.Log, name);
            try
            {
                await LoopCall.RunAsync(slot.Loop, () => Act(() => slot.Reconfigure(section!.Options, listeners)), _options.StartTimeout, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                CloseUnused(listeners, current.Listeners);
                return [Stalled(slot)];
            }

            foreach (var (planned, listener) in plan.Zip(listeners))
            {
                listener.ClientCertificates = planned.ClientCertificates; // of those that were kept, too
            }

            slot.Configuration = json;
            return [];
        }
        catch (PluginLoadException e)
        {
            return [e.Message];
        }
        finally
        {
            slot.ChangeGate.Release();
        }
    }

    /// <summary>Stops all plugins (they may send their goodbyes) and closes their listeners and connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _directoryWatch?.Dispose();
        await _watchdog.DisposeAsync();
        foreach (var slot in _routes.Slots)
        {
            try
            {
                var last = await LoopCall.RunAsync(slot.Loop, slot.Stop, _options.StopTimeout, CancellationToken.None);
                last?.Release();
            }
            catch (TimeoutException)
            {
                slot.Log.Stuck(slot.Name, slot.Current?.Manifest.Version ?? "", slot.Busy.Kind, (long)_options.StopTimeout.TotalMilliseconds);
            }
        }

        foreach (var io in _loops.Values)
        {
            io.Dispose();
        }

        _contexts.Dispose();
    }

    private static bool Act(Action action)
    {
        action();
        return true;
    }

    private static string Stalled(PluginSlot slot) => $"plugin {slot.Name} does not return from {slot.Busy.Kind}";

    private PluginSlot? Find(string name) => Volatile.Read(ref _routes).Slots.FirstOrDefault(s => s.Name == name);

    private async Task StartPluginAsync(string name, string directory, CancellationToken cancellationToken)
    {
        var configuration = _options.Configuration(name);
        var prepared = await _preparer.LoadAsync(name, directory, configuration, cancellationToken);
        IReadOnlyList<BoundListener> listeners = [];
        try
        {
            CheckConflicts(prepared.Manifest, null);
            var plugin = await _preparer.CreateAsync(prepared, cancellationToken);
            var log = new PluginLog(_loggers.CreateLogger($"XSwitchEngine.Plugin.{name}"));
            listeners = _preparer.Bind(_preparer.Plan(prepared.Manifest, prepared.Section), [], _ids, log, name);
            var io = LoopFor(name);
            var services = new PluginSlotServices(_options, io.Loop, _calls, _directory, _time, log, _ids, _services, Dns.GetHostAddressesAsync, _records.FindAsync);
            var slot = new PluginSlot(name, services, s => new Transports(io, _time, _options.Connections, _ids, s, _options.Certificates, _options.Routes), () => Reroute(null))
            {
                Configuration = configuration,
            };
            var host = new InstanceHost(slot, prepared.Section.Options, [.. listeners.Select(static l => l.Info)], InstanceMode.Trial);
            var instance = new PluginInstance(prepared.Manifest, prepared.Code, plugin, host, listeners);
            await LoopCall.RunAsync(io.Loop, () => Act(() => slot.Start(instance)), _options.StartTimeout, cancellationToken);
            Reroute(slot);
        }
        catch
        {
            CloseUnused(listeners, []);
            prepared.Code.Unload();
            throw;
        }
    }

    private void Reroute(PluginSlot? added)
    {
        lock (_routesLock)
        {
            Volatile.Write(ref _routes, new Routes(added is null ? _routes.Slots : [.. _routes.Slots, added]));
        }
    }

    private LoopIo LoopFor(string plugin)
    {
        if (_coreLoop is not null && _options.OnCoreLoop.Contains(plugin))
        {
            return _coreLoop;
        }

        var name = _options.SharedLoop.Contains(plugin) ? "plugins" : $"plugin {plugin}";
        if (!_loops.TryGetValue(name, out var io))
        {
            io = new LoopIo(name, _time, _options.MaxWaiting, (e, _) => _log.LoopFault(name, PluginLoadException.Describe(e), e));
            io.Loop.Start();
            _loops[name] = io;
        }

        return io;
    }

    private void CheckConflicts(PluginManifest manifest, PluginSlot? own)
    {
        var routes = Volatile.Read(ref _routes);
        foreach (var endpoint in manifest.Endpoints)
        {
            if (routes.Endpoints.TryGetValue(endpoint, out var other) && other != own)
            {
                throw new PluginLoadException("manifest", $"endpoint {endpoint} is served by plugin {other.Name} already");
            }
        }

        foreach (var (path, route) in manifest.Routes.SelectMany(static r => r.Paths.Select(p => (Path: p, Route: r))))
        {
            if (routes.Slots.FirstOrDefault(s => s != own && s.Current?.Manifest.Routes.Any(r => IsSame(r, route) && r.Paths.Contains(path, StringComparer.Ordinal)) == true) is { } other)
            {
                throw new PluginLoadException("manifest", $"path {path} is served by plugin {other.Name} already");
            }
        }

        foreach (var command in manifest.ApiCommands)
        {
            if (routes.Commands.TryGetValue(command, out var other) && other != own)
            {
                throw new PluginLoadException("manifest", $"API command {command} is that of plugin {other.Name} already");
            }
        }
    }

    // Two WebSocket routes may share a path when their clients offer different subprotocols.
    private static bool IsSame(RouteSpec a, RouteSpec b) => a.Kind == b.Kind && a.Subprotocol.Equals(b.Subprotocol, StringComparison.OrdinalIgnoreCase);

    // A callback that never returns is told while it lasts; one that was merely slow, by the guard afterwards.
    private void LookForStuck()
    {
        foreach (var slot in _routes.Slots)
        {
            var (since, kind) = slot.Busy;
            if (since == 0 || Stopwatch.GetElapsedTime(since) < WatchdogInterval)
            {
                continue;
            }

            if (slot.StuckSince != since)
            {
                slot.StuckSince = since;
                slot.Log.Stuck(slot.Name, slot.Current?.Manifest.Version ?? "", kind, (long)Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            }
        }
    }

    /// <summary>Who serves what; immutable, swapped by one reference.</summary>
    private sealed class Routes
    {
        public Routes(IReadOnlyList<PluginSlot> slots)
        {
            Slots = slots;
            Endpoints = slots.SelectMany(static s => (s.Current?.Manifest.Endpoints ?? []).Select(e => KeyValuePair.Create(e, s)))
                .DistinctBy(static p => p.Key, StringComparer.OrdinalIgnoreCase).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
            Commands = slots.SelectMany(static s => (s.Current?.Manifest.ApiCommands ?? []).Select(e => KeyValuePair.Create(e, s)))
                .DistinctBy(static p => p.Key, StringComparer.OrdinalIgnoreCase).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        }

        public IReadOnlyList<PluginSlot> Slots { get; }

        public FrozenDictionary<string, PluginSlot> Endpoints { get; }

        public FrozenDictionary<string, PluginSlot> Commands { get; }
    }
}
