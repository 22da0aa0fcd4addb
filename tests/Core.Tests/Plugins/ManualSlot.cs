using System.Buffers;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>A slot without threads, sockets or clock: the test moves time and runs the loop; what the plugin sends is remembered.</summary>
internal sealed class ManualSlot : ITransports, IDisposable
{
    private readonly IdSource _ids = new();

    public ManualSlot(PluginHostOptions? options = null)
    {
        Options = options ?? new PluginHostOptions { PluginDirectory = "" };
        Options = Options with { SecurityLog = Sent.Add };
        Loop = new EventLoop("manual", Time, 100_000, (e, _) => LoopFaults.Add(e.ToString()));
        Slot = new PluginSlot(
            "sample",
            new PluginSlotServices(Options, Loop, Core, Directory, Time, new PluginLog(Log), _ids, Services, (name, _) => LookUp(name), static (_, _, _) => Task.FromResult<IReadOnlyList<DnsRecord>>([])),
            _ => this,
            () => { });
    }

    public static readonly IPEndPoint Peer = new(IPAddress.Parse("192.0.2.7"), 5060);

    public static readonly IPEndPoint Local = new(IPAddress.Parse("192.0.2.1"), 5060);

    public PluginHostOptions Options { get; }

    public FakeTimeProvider Time { get; } = new();

    public EventLoop Loop { get; }

    public PluginSlot Slot { get; }

    public RecordingCore Core { get; } = new();

    public ScriptedDirectory Directory { get; } = new();

    public ScriptedServices Services { get; } = new();

    public RecordingLog Log { get; } = new();

    public List<string> LoopFaults { get; } = [];

    /// <summary>Everything that went out, in order.</summary>
    public List<string> Sent { get; } = [];

    public bool IsPaused { get; set; }

    public Func<string, Task<IPAddress[]>> LookUp { get; set; } = static _ => Task.FromResult(Array.Empty<IPAddress>());

    public PluginInstance Instance(ScriptedPlugin plugin) =>
        new(new PluginManifest("sample", plugin.Version, "1.x", "A.dll", "E"), new NoCode(), plugin, new InstanceHost(Slot, "{}", [], InstanceMode.Trial), []);

    public ManualSlot Start(ScriptedPlugin plugin)
    {
        Slot.Start(Instance(plugin));
        return this;
    }

    public void Datagram(string text) =>
        Slot.Deliver(TransportEvent.Datagram(new ListenerId(1), Peer, Local, System.Text.Encoding.ASCII.GetBytes(text)));

    public void Run()
    {
        while (Loop.RunPending())
        {
        }
    }

    public void Advance(double milliseconds)
    {
        Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        Run();
    }

    public void SendDatagram(ListenerId listener, IPEndPoint to, ReadOnlySpan<byte> data) => Sent.Add(System.Text.Encoding.ASCII.GetString(data));

    public void Send(ConnectionId connection, ReadOnlySpan<byte> data) => Sent.Add($"stream {connection.Value} {System.Text.Encoding.ASCII.GetString(data)}");

    public void Connect(ConnectionId connection, ListenerId listener, IPEndPoint to, string? serverName) => Sent.Add($"connect {connection.Value} {to}{(serverName is null ? "" : " " + serverName)}");

    public void Close(ConnectionId connection) => Sent.Add($"close {connection.Value}");

    public ConnectionId NextConnectionId() => _ids.NextConnection();

    public void Dispose() => Loop.Dispose();

    private sealed class NoCode : ILoadedPlugin
    {
        public IProtocolPlugin Create() => throw new NotSupportedException();

        public WeakReference Unload() => new(null);
    }
}

/// <summary>A plugin whose every callback is given by the test. Its state is a list of words.</summary>
internal sealed class ScriptedPlugin(string version = "1.0.0") : IProtocolPlugin
{
    public string Version { get; } = version;

    public IPluginHost Host { get; private set; } = null!;

    public List<string> State { get; } = [];

    public List<string> Calls { get; } = [];

    public Action<ScriptedPlugin>? WhenStarted { get; init; }

    public Action<ScriptedPlugin>? WhenImported { get; init; }

    public Action<ScriptedPlugin>? WhenExported { get; init; }

    public Action<ScriptedPlugin, TransportEvent>? On { get; init; }

    public void Start(IPluginHost host, bool dryRun)
    {
        Host = host;
        Calls.Add("start");
        WhenStarted?.Invoke(this);
    }

    public void Import(in ReadOnlySequence<byte> state)
    {
        Calls.Add("import");
        State.AddRange(System.Text.Encoding.ASCII.GetString(state.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        WhenImported?.Invoke(this);
    }

    public void Export(IBufferWriter<byte> to)
    {
        Calls.Add("export");
        WhenExported?.Invoke(this);
        to.Write(System.Text.Encoding.ASCII.GetBytes(string.Join('\n', State)));
    }

    public void OnEvent(in TransportEvent e) => On?.Invoke(this, e);

    public void Stop(bool replaced) => Calls.Add(replaced ? "replaced" : "stop");
}

/// <summary>The rest of the engine: remembers what is asked, and answers when the test wants it.</summary>
internal sealed class ScriptedServices : IPluginServices
{
    public IEventBus Events { get; } = new EventBus();

    public List<(TextMessage Message, Action<int, string> OnResult)> Messages { get; } = [];

    public List<(string Line, Action<string> OnReply)> Commands { get; } = [];

    public void Submit(TextMessage message, Action<int, string> onResult) => Messages.Add((message, onResult));

    public void RunApi(string commandLine, Action<string> onReply) => Commands.Add((commandLine, onReply));
}

/// <summary>Counts writes; answers with as many bindings as there were writes.</summary>
internal sealed class ScriptedDirectory : IDirectory
{
    public int Writes { get; private set; }

    public string Domain => "example.org";

    public bool IsLocalDomain(string domain) => domain == Domain;

    public DirectoryUser? FindUser(string number, string domain) => new(number, domain, "", "");

    public TokenGrant? FindToken(string token) => null;

    public IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome)
    {
        Writes++;
        outcome = RegisterOutcome.Accepted;
        return Registrations(user);
    }

    public IReadOnlyList<Registration> Registrations(DirectoryUser user) =>
        [.. Enumerable.Range(1, Writes).Select(i => new Registration(user.Number, user.Domain, "sofia", "internal", $"sip:{i}"))];

    public void RemoveFlow(ConnectionId connection)
    {
    }
}
