using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>A plugin host over a directory of its own with versions of the sample plugin, and a core and a directory that remember.</summary>
public sealed class PluginHostFixture : IAsyncDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), "xswitch-plugins-" + Guid.NewGuid().ToString("N"));
    private PluginHost? _host;

    public PluginHostFixture()
    {
        System.IO.Directory.CreateDirectory(_root);
        Options = new PluginHostOptions { PluginDirectory = _root, SecurityLog = SecurityLines.Enqueue, Configuration = name => Sections.GetValueOrDefault(name) };
    }

    public static string SampleFiles => Path.Combine(AppContext.BaseDirectory, "TestPlugins", "SamplePlugin");

    public PluginHostOptions Options { get; set; }

    public Dictionary<string, string> Sections { get; } = [];

    public ConcurrentQueue<string> SecurityLines { get; } = new();

    public RecordingCore Core { get; } = new();

    public RecordingLog Log { get; } = new();

    public PluginHost Host => _host ??= new PluginHost(Options, Core, new EmptyDirectory(), TimeProvider.System, Log);

    public string Root => _root;

    /// <summary>Deploys a version of the sample plugin.</summary>
    public string Deploy(string version, string entry = "CountingV1", string behaviour = "", string? name = null, string? listeners = null, string api = "1.x", string routes = "")
    {
        name ??= "sample";
        var directory = Path.Combine(_root, name, version);
        System.IO.Directory.CreateDirectory(directory);
        foreach (var file in System.IO.Directory.EnumerateFiles(SampleFiles))
        {
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)), overwrite: true);
        }

        File.WriteAllText(Path.Combine(directory, "plugin.json"), $$"""
            {
              "name": "{{name}}", "version": "{{version}}", "api": "{{api}}",
              "assembly": "XSwitchEngine.SamplePlugin.dll", "entry": "XSwitchEngine.TestPlugins.{{entry}}",
              "endpoints": ["{{name}}"], "apiCommands": ["{{name}}"],
              "listeners": [{{listeners ?? """
                { "name": "main-udp", "profile": "main", "transport": "udp", "default": "127.0.0.1:0" },
                { "name": "main-tcp", "profile": "main", "transport": "tcp", "default": "127.0.0.1:0" }
            """}}],
              "routes": [{{routes}}],
              "options": { "behaviour": "{{behaviour}}" }
            }
            """);
        return directory;
    }

    public async Task StartAsync() => Assert.Empty(await Host.StartAsync(CancellationToken.None));

    public Task<SwapResult> SwapAsync(string? directory = null, string name = "sample") => Host.SwapAsync(name, directory, CancellationToken.None);

    public PluginStatus Status(string name = "sample") => Host.Status.Single(s => s.Name == name);

    public IPEndPoint Listener(string name = "main-udp") => Host.Listeners.Single(l => l.Name == name).Local;

    public Task<string> ApiAsync(string line = "sample")
    {
        var reply = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(Host.TryApi(line.Split(' ')[0], line, reply.SetResult));
        return reply.Task;
    }

    public UdpPeer Udp() => new(Listener());

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        System.IO.Directory.Delete(_root, recursive: true);
    }
}

/// <summary>A UDP client with a bounded wait.</summary>
public sealed class UdpPeer : IDisposable
{
    private readonly Socket _socket;
    private readonly IPEndPoint _to;

    public UdpPeer(IPEndPoint to)
    {
        _to = to;
        _socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000, ReceiveBufferSize = 4 << 20 };
        _socket.Connect(to);
    }

    public IPEndPoint Local => (IPEndPoint)_socket.LocalEndPoint!;

    public IPEndPoint Remote => _to;

    public void Send(string text) => _socket.Send(Encoding.ASCII.GetBytes(text));

    public void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    public string Receive()
    {
        var buffer = new byte[65536];
        return Encoding.ASCII.GetString(buffer, 0, _socket.Receive(buffer));
    }

    public string Ask(string text)
    {
        Send(text);
        return Receive();
    }

    public void Dispose() => _socket.Dispose();
}

/// <summary>Remembers what plugins report.</summary>
public sealed class RecordingCore : ICallCore
{
    public BlockingCollection<LegEvent> Events { get; } = [];

    public bool IsRefusingCalls { get; set; }

    public LegId NewLeg() => new(Guid.NewGuid());

    public void Post(LegEvent e) => Events.Add(e);

    public void Submit(long key, TextMessage message) => throw new InvalidOperationException("a plugin's message goes to the engine, with someone to answer");

    public LegEvent Next() => Events.TryTake(out var e, TimeSpan.FromSeconds(20)) ? e : throw new TimeoutException("no leg event came");
}

/// <summary>No users.</summary>
public sealed class EmptyDirectory : IDirectory
{
    public string Domain => "example.org";

    public bool IsLocalDomain(string domain) => domain == Domain;

    public DirectoryUser? FindUser(string number, string domain) => null;

    public TokenGrant? FindToken(string token) => null;

    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        outcome = RegisterOutcome.Accepted;
        return [];
    }

    public IReadOnlyList<Registration> Registrations(DirectoryUser user) => [];

    public void RemoveFlow(ConnectionId connection)
    {
    }
}

/// <summary>Keeps log lines.</summary>
public sealed class RecordingLog : ILoggerFactory, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel} {formatter(state, exception)}");

    public void Dispose()
    {
    }
}
