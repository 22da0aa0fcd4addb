using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Calls.Api;
using XSwitchEngine.Core.Calls.Apps;
using XSwitchEngine.Core.Chat;
using XSwitchEngine.Core.Conference;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Core.Streams;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core;

/// <summary>The engine: the core loop with everything that stands on it, wired once.</summary>
public sealed class Engine : IEngine, IAsyncDisposable
{
    private const int LoopCapacity = 200_000;
    private readonly CallServices _services;
    private readonly CallCore _core;
    private readonly Bridging _bridging;
    private readonly ApiTable _api;
    private readonly LoopIo _io;
    private readonly EventLoop _loop;
    private readonly DateTimeOffset _startTime;
    private volatile bool _started;

    /// <summary>Wires the engine; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="parts">What it is made of.</param>
    public Engine(EngineParts parts)
    {
        var log = parts.Logging.CreateLogger("call");
        _startTime = parts.Time.GetUtcNow();
        _io = new LoopIo("core", parts.Time, LoopCapacity, (e, _) => OnLoopFault(log, e));
        _loop = _io.Loop;
        CallCore? core = null;
        var media = parts.Media(e => _loop.Post(o => core!.OnMedia((MediaEvent)o!), e));
        _services = new CallServices
        {
            Options = parts.Options,
            Loop = _loop,
            Time = parts.Time,
            Log = log,
            Media = media,
            Directory = parts.Directory,
            Cdr = parts.Cdr,
            Events = parts.Events,
        };
        _core = core = new CallCore(_services);
        SetGlobals(parts.Options);

        var expander = new Expander(_services);
        var audio = new LegAudio(_core);
        var digits = new DigitCollector(_core, audio);
        var originator = new Originator(_core);
        _bridging = new Bridging(_core);
        var transfers = new Transfers(_core);
        _core.OnReplacing = transfers.Replace;
        if (parts.Directory is SwitchDirectory directory)
        {
            directory.RegistrationChanged = (binding, what) => RegistrationEvents.Publish(_core.Announce, binding, what);
        }

        var applications = new ApplicationTable(_core, expander);
        _api = new ApiTable(_core);
        var operations = new ScriptOperations(_core, expander, audio, digits, originator, _bridging);
        var scripts = new ScriptRuns(_core, operations);
        var controller = new LegController(_core, scripts, _bridging) { Execute = applications.ExecuteAsync };
        var say = new SayApp(audio);

        VariableApps.AddTo(applications, _core);
        new CallApps(_core, audio, scripts, transfers).AddTo(applications);
        var mediaApps = new MediaApps(_core, audio, digits);
        mediaApps.AddTo(applications);
        new BridgeApp(_core, originator, _bridging).AddTo(applications);
        say.AddTo(applications);
        var conferences = new Conferences(_core, audio);
        conferences.AddTo(applications, _api);
        new StreamRooms(_core).AddTo(applications, _api);
        new StatusCommands(_core, _startTime).AddTo(_api);
        new ShowCommand(_core, applications, _api).AddTo(_api);
        new ChannelCommands(_core, transfers, applications, mediaApps, audio).AddTo(_api);
        new OriginateCommand(_core, originator, expander).AddTo(_api);
        new TextCommands(_core, expander).AddTo(_api);
        new StoreCommands().AddTo(_api, applications);
        new ScriptCommands(_core, scripts).AddTo(_api, applications);
        new JsonCommand(_core, applications).AddTo(_api);
        var chat = new ChatRouter(_core, scripts);
        chat.AddTo(_api);
        chat.ToConference = conferences.Chat;
        _services.SubmitMessage = chat.Submit;

        operations.Execute = applications.ExecuteAsync;
        operations.Api = _api.ExecuteAsync;
        operations.Say = (control, args) => say.SayAsync(control, args.ElementAtOrDefault(2) ?? "", args.ElementAtOrDefault(3) ?? "", args.ElementAtOrDefault(0) ?? "");
        expander.RunCommand = _api.ExecuteAsync;
        _core.OnIncoming = controller.Route;
        _core.OnRedirected = controller.Start;
        _core.OnTransferRequested = transfers.OnRequested;
        _core.OnLegGone = scripts.LegGone;
        _services.Scripts = parts.Scripts(scripts);
        _services.Plugins = parts.Plugins(_core);
        (_services.Plugins as PluginHost)?.UseEngine(_io, new EngineServices(this));
    }

    /// <inheritdoc/>
    public bool IsReady => _started && !_core.IsDraining;

    /// <inheritdoc/>
    public IPluginRegistry Plugins => _services.Plugins;

    /// <inheritdoc/>
    public ISwitchDirectory Directory => _services.Directory;

    /// <inheritdoc/>
    public IEventBus Events => _services.Events;

    /// <inheritdoc/>
    public IScriptEngine Scripts => _services.Scripts;

    /// <inheritdoc/>
    public IMediaEngine Media => _services.Media;

    /// <inheritdoc/>
    public EngineStatistics Statistics => new(
        _core.Table.Count,
        _bridging.Count,
        _core.Table.Peak,
        _core.Total,
        _core.PerSecond,
        _core.Refused,
        _core.Faults,
        _loop.Length,
        _core.Causes.ToDictionary(c => c.Key.Name(), c => c.Value),
        _startTime,
        _core.IsDraining);

    /// <summary>The core loop, for tests that drive it by hand.</summary>
    internal EventLoop Loop => _loop;

    /// <summary>The call core, for tests.</summary>
    internal CallCore Core => _core;

    /// <summary>Sends a text message on its way through the chat plan.</summary>
    /// <param name="message">The message.</param>
    /// <param name="onResult">Called once with status and reason, on the core loop.</param>
    internal void Submit(TextMessage message, Action<int, string> onResult) => _services.SubmitMessage(message, onResult);

    /// <summary>Starts the core loop.</summary>
    /// <exception cref="IOException">The recordings directory cannot be made.</exception>
    public void Start()
    {
        System.IO.Directory.CreateDirectory(_services.Globals["recordings_dir"]!);
        System.IO.Directory.CreateDirectory(_services.Globals["temp_dir"]!);
        _loop.Start();
    }

    /// <summary>Says that listeners are bound: from now on the engine is ready.</summary>
    public void MarkReady() => _started = true;

    /// <inheritdoc/>
    public async Task<string> ApiAsync(string commandLine, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        RunApi(commandLine, reply => done.TrySetResult(reply));
        return await done.Task.WaitAsync(cancellationToken);
    }

    private void RunApi(string commandLine, Action<string> onReply) =>
        _loop.Post(
            _ => _core.Spawn(null, async () =>
            {
                string reply;
                try
                {
                    var words = commandLine.Trim().Split(' ', 2);
                    reply = await _api.ExecuteAsync(words[0], words.ElementAtOrDefault(1) ?? "", null);
                }
                catch (Exception e)
                {
                    onReply($"-ERR {e.Message}\n");
                    throw;
                }

                onReply(reply);
            }),
            null);

    /// <inheritdoc/>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _core.IsDraining = true;
        var deadline = _services.Time.GetUtcNow() + TimeSpan.FromSeconds(_services.Options.DrainSeconds);
        try
        {
            while (_core.Table.Count > 0 && _services.Time.GetUtcNow() < deadline)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), _services.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // a second signal: what is left is hung up now
        }

        await ApiAsync("hupall SYSTEM_SHUTDOWN", CancellationToken.None);
        await _services.Cdr.FlushAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _services.Scripts.Dispose();
        _io.Dispose();
        _services.Media.Dispose();
        await _services.Cdr.FlushAsync();
    }

    private static void OnLoopFault(ILogger log, Exception e) => Log.LoopFault(log, e);

    /// <summary>The engine as its plugins see it.</summary>
    private sealed class EngineServices(Engine engine) : IPluginServices
    {
        public IEventBus Events => engine._services.Events;

        public void Submit(TextMessage message, Action<int, string> onResult) => engine._services.SubmitMessage(message, onResult);

        public void RunApi(string commandLine, Action<string> onReply) => engine.RunApi(commandLine, onReply);
    }

    private void SetGlobals(EngineOptions options)
    {
        var globals = _services.Globals;
        var host = Environment.MachineName;
        globals.Set("hostname", host);
        globals.Set("switchname", host);
        globals.Set("core_uuid", Guid.NewGuid().ToString());
        globals.Set("domain", options.Domain);
        globals.Set("domain_name", options.Domain);
        globals.Set("base_dir", Path.GetFullPath(options.DataDirectory));
        globals.Set("recordings_dir", Path.GetFullPath(Path.Combine(options.DataDirectory, "recordings")));
        globals.Set("script_dir", Path.GetFullPath(options.ScriptDirectory));
        globals.Set("sounds_dir", Path.GetFullPath(options.SoundDirectory));
        globals.Set("temp_dir", Path.GetFullPath(Path.Combine(options.DataDirectory, "tmp")));
        globals.Set("us-ring", "%(2000,4000,440,480)");
        globals.Set("uk-ring", "%(400,200,400,450);%(400,2000,400,450)");
        globals.Set("fr-ring", "%(1500,3500,440.0,0.0)");
        globals.Set("hold_music", "local_stream://moh");
        globals.Set("default_language", "en");
        foreach (var (name, value) in options.Variables)
        {
            globals.Set(name, value);
        }
    }
}
