using System.Buffers;
using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestKit;

/// <summary>Drives a protocol plugin without a network, clock or thread: give it events, look at what it did.</summary>
/// <remarks>
/// Everything is deterministic: time stands still until <see cref="Advance"/>, random bytes come from a seed, and all outputs are collected in order.
/// <code>
/// var host = new PluginTestHost(new MyPlugin(), new ListenerSpec("internal-udp", "internal", TransportKind.Udp, "192.0.2.1:5060"));
/// host.Datagram("internal-udp", "192.0.2.9:5060", "OPTIONS sip:…");
/// Assert.StartsWith("SIP/2.0 200", host.TakeText());
/// </code>
/// </remarks>
public sealed partial class PluginTestHost : IPluginHost, ICallCore
{
    private readonly List<ListenerInfo> _all = [];
    private readonly List<ListenerInfo> _listeners = [];
    private readonly Dictionary<long, TestConnection> _connections = [];
    private readonly PriorityQueue<(TimerId Id, long Key), (DateTimeOffset Due, long Order)> _timers = new();
    private readonly Dictionary<long, DateTimeOffset> _set = [];
    private readonly Queue<SentPacket> _sent = new();
    private readonly Queue<LegEvent> _legEvents = new();
    private readonly Queue<TransportEvent> _answers = new();
    private readonly Random _random;
    private long _lastId;
    private IProtocolPlugin _plugin;

    /// <summary>Starts a plugin with listeners bound.</summary>
    /// <param name="plugin">A new instance.</param>
    /// <param name="listeners">What its manifest would list; an address of <c>*</c> binds Any.</param>
    public PluginTestHost(IProtocolPlugin plugin, params ListenerSpec[] listeners)
        : this(plugin, "{}", 1, listeners)
    {
    }

    /// <summary>Starts a plugin with listeners, options and a seed.</summary>
    /// <param name="plugin">A new instance.</param>
    /// <param name="options">Its section of the configuration as JSON.</param>
    /// <param name="seed">Seed of the random bytes.</param>
    /// <param name="listeners">What its manifest would list.</param>
    public PluginTestHost(IProtocolPlugin plugin, string options, int seed, params ListenerSpec[] listeners)
    {
        _plugin = plugin;
        Options = options;
        _random = new Random(seed);
        foreach (var spec in listeners)
        {
            var address = spec.Default.StartsWith('*') ? "0.0.0.0" + spec.Default[1..] : spec.Default;
            _all.Add(new ListenerInfo(new ListenerId(_all.Count + 1), spec.Name, spec.Profile, spec.Transport, IPEndPoint.Parse(address)));
        }

        _listeners.AddRange(_all);
        Users.Clock = () => Now;
        plugin.Start(this, dryRun: false);
        plugin.Import(ReadOnlySequence<byte>.Empty);
    }

    /// <inheritdoc/>
    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public string Options { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<ListenerInfo> Listeners => _listeners;

    /// <inheritdoc/>
    public ICallCore Calls => this;

    /// <summary>Users and registrations; add to it before a test.</summary>
    public TestDirectory Users { get; } = new();

    /// <inheritdoc/>
    public IDirectory Directory => Users;

    /// <inheritdoc/>
    public bool IsRefusingCalls { get; set; }

    /// <summary>What was sent and not taken yet, in order.</summary>
    public IReadOnlyCollection<SentPacket> Sent => _sent;

    /// <summary>What the core was told and has not been taken yet, in order.</summary>
    public IReadOnlyCollection<LegEvent> LegEvents => _legEvents;

    /// <summary>Counters by name.</summary>
    public Dictionary<string, long> Counters { get; } = [];

    /// <summary>Gauges by name.</summary>
    public Dictionary<string, long> Gauges { get; } = [];

    /// <summary>Log lines in order.</summary>
    public List<string> Logs { get; } = [];

    /// <summary>Lines of the security log, as <c>what name=value …</c>.</summary>
    public List<string> SecurityLog { get; } = [];

    /// <summary>Lookups that wait for <see cref="Resolved"/>.</summary>
    public List<(long Key, string HostName)> Lookups { get; } = [];

    /// <summary>DNS records that there are; queries are answered from them at once.</summary>
    public List<(string Name, DnsRecord Record)> Records { get; } = [];

    /// <summary>DNS queries that were made, in order.</summary>
    public List<(DnsRecordKind Kind, string Name)> Queries { get; } = [];

    /// <summary>Replies to API commands by key.</summary>
    public Dictionary<long, string> ApiReplies { get; } = [];

    /// <summary>Connections that are open or being made.</summary>
    public IReadOnlyCollection<TestConnection> Connections => _connections.Values;

    /// <summary>Timers that are set.</summary>
    public int TimerCount => _set.Count;

    /// <summary>Called on every packet that is sent, besides collecting it.</summary>
    public Action<SentPacket>? OnSent { get; set; }

    /// <summary>Called on every event of a leg, besides collecting it.</summary>
    public Action<LegEvent>? OnLegEvent { get; set; }

    /// <summary>When true, packets and events are not kept: for runs without end.</summary>
    public bool DiscardsSent { get; set; }

    /// <summary>The instance that runs now.</summary>
    public IProtocolPlugin Plugin => _plugin;

    /// <summary>Gives the plugin one event.</summary>
    /// <param name="e">The event.</param>
    public void Post(in TransportEvent e)
    {
        _plugin.OnEvent(e);
        while (_answers.TryDequeue(out var answer))
        {
            _plugin.OnEvent(answer);
        }
    }

    /// <summary>A datagram arrives.</summary>
    /// <param name="listener">Name of the listener.</param>
    /// <param name="from">Source, such as <c>192.0.2.9:5060</c>.</param>
    /// <param name="data">Its bytes.</param>
    public void Datagram(string listener, string from, ReadOnlyMemory<byte> data)
    {
        var info = Listener(listener);
        Post(TransportEvent.Datagram(info.Id, IPEndPoint.Parse(from), info.Local, data));
    }

    /// <summary>A datagram of text arrives.</summary>
    /// <param name="listener">Name of the listener.</param>
    /// <param name="from">Source.</param>
    /// <param name="text">Its text; bare line feeds become CRLF.</param>
    public void Datagram(string listener, string from, string text) => Datagram(listener, from, Bytes(text));

    /// <summary>A peer connects.</summary>
    /// <param name="listener">Name of the listener.</param>
    /// <param name="from">Source.</param>
    public TestConnection Accept(string listener, string from)
    {
        var info = Listener(listener);
        var connection = new TestConnection(new ConnectionId(++_lastId), info, IPEndPoint.Parse(from), isOutbound: false) { IsOpen = true };
        _connections[connection.Id.Value] = connection;
        Post(TransportEvent.Opened(info.Id, connection.Id, connection.Remote, info.Local));
        return connection;
    }

    /// <summary>An outbound connection is made.</summary>
    /// <param name="connection">One that is being made.</param>
    public void CompleteConnect(TestConnection connection)
    {
        connection.IsOpen = true;
        Post(TransportEvent.Opened(connection.Listener.Id, connection.Id, connection.Remote, connection.Listener.Local));
    }

    /// <summary>Bytes arrive on a connection.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="data">The bytes.</param>
    public void Receive(TestConnection connection, ReadOnlyMemory<byte> data) =>
        Post(TransportEvent.Received(connection.Listener.Id, connection.Id, connection.Remote, connection.Listener.Local, data));

    /// <summary>Text arrives on a connection.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="text">Its text; bare line feeds become CRLF.</param>
    public void Receive(TestConnection connection, string text) => Receive(connection, Bytes(text));

    /// <summary>The peer closes a connection, or an outbound one cannot be made.</summary>
    /// <param name="connection">The connection.</param>
    public void Drop(TestConnection connection)
    {
        if (_connections.Remove(connection.Id.Value))
        {
            connection.IsOpen = false;
            Post(TransportEvent.Closed(connection.Listener.Id, connection.Id));
        }
    }

    /// <summary>The core commands a leg.</summary>
    /// <param name="command">The command.</param>
    public void Command(LegCommand command) => Post(TransportEvent.ForLeg(command));

    /// <summary>A lookup ends.</summary>
    /// <param name="addresses">What was found for the oldest one.</param>
    public void Resolved(params string[] addresses)
    {
        var (key, _) = Lookups[0];
        Lookups.RemoveAt(0);
        Post(TransportEvent.Resolved(key, [.. addresses.Select(IPAddress.Parse)]));
    }

    /// <summary>Runs an API command.</summary>
    /// <param name="commandLine">The whole line.</param>
    /// <returns>The reply.</returns>
    public string Api(string commandLine)
    {
        var key = ++_lastId;
        Post(TransportEvent.Api(key, commandLine));
        return ApiReplies.Remove(key, out var reply) ? reply : throw new InvalidOperationException("No reply to " + commandLine);
    }

    /// <summary>A listener is bound elsewhere, as a reload does before it tells the new options: it gets another number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="address">Where it is now.</param>
    public void MoveListener(string name, string address)
    {
        var index = _listeners.FindIndex(l => l.Name == name);
        var moved = _listeners[index] with { Id = new ListenerId(_all.Count + 1), Local = IPEndPoint.Parse(address) };
        _all.Add(moved);
        _listeners[index] = moved;
    }

    /// <summary>Changes the options.</summary>
    /// <param name="options">The new section as JSON.</param>
    public void Configure(string options)
    {
        Options = options;
        Post(TransportEvent.Configured(options));
    }

    /// <summary>Moves time on; timers fire in their order, each at its own time.</summary>
    /// <param name="by">How far.</param>
    public void Advance(TimeSpan by)
    {
        var end = Now + by;
        while (_timers.TryPeek(out var timer, out var priority) && priority.Due <= end)
        {
            _timers.Dequeue();
            if (_set.Remove(timer.Id.Value))
            {
                Now = priority.Due;
                Post(TransportEvent.TimerFired(timer.Key, timer.Id));
            }
        }

        Now = end;
    }

    /// <summary>Replaces the plugin as a swap does: exports, starts the new instance, imports, and goes on with it. Timers and connections stay.</summary>
    /// <param name="next">A new instance, of another version perhaps.</param>
    /// <returns>The exported state.</returns>
    public byte[] Swap(IProtocolPlugin next)
    {
        var state = Export();
        next.Start(this, dryRun: false);
        next.Import(new ReadOnlySequence<byte>(state));
        _plugin.Stop(replaced: true);
        _plugin = next;
        return state;
    }

    /// <summary>A snapshot of the plugin's state.</summary>
    public byte[] Export()
    {
        var buffer = new ArrayBufferWriter<byte>();
        _plugin.Export(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Takes the oldest packet that was sent.</summary>
    /// <exception cref="InvalidOperationException">Nothing was sent.</exception>
    public SentPacket Take() => _sent.Count > 0 ? _sent.Dequeue() : throw new InvalidOperationException("Nothing was sent");

    /// <summary>Takes the oldest packet that was sent, as text.</summary>
    public string TakeText() => Take().Text;

    /// <summary>Takes everything that was sent.</summary>
    public IReadOnlyList<SentPacket> TakeAll()
    {
        SentPacket[] all = [.. _sent];
        _sent.Clear();
        return all;
    }

    /// <summary>Takes the oldest event of a leg.</summary>
    /// <typeparam name="T">The kind that is expected.</typeparam>
    /// <exception cref="InvalidOperationException">There is none, or it is another.</exception>
    public T TakeEvent<T>()
        where T : LegEvent =>
        _legEvents.Count == 0 ? throw new InvalidOperationException("No event, expected " + typeof(T).Name)
        : _legEvents.Dequeue() is var e && e is T expected ? expected
        : throw new InvalidOperationException($"Expected {typeof(T).Name}, got {e}");

    /// <summary>Forgets events that were not taken.</summary>
    public void ClearEvents() => _legEvents.Clear();

    /// <summary>A listener by its name.</summary>
    /// <param name="name">Its name.</param>
    public ListenerInfo Listener(string name) => _listeners.First(l => l.Name == name);

    /// <inheritdoc/>
    public LegId NewLeg()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new LegId(new Guid(bytes));
    }

    /// <inheritdoc/>
    void ICallCore.Post(LegEvent e)
    {
        OnLegEvent?.Invoke(e);
        if (!DiscardsSent)
        {
            _legEvents.Enqueue(e);
        }
    }

    /// <inheritdoc/>
    void IPluginHost.Random(Span<byte> buffer) => _random.NextBytes(buffer);

    /// <inheritdoc/>
    public void SendDatagram(ListenerId listener, IPEndPoint to, ReadOnlySpan<byte> data) =>
        Keep(new SentPacket(_all[listener.Value - 1], null, to, data.ToArray()));

    /// <inheritdoc/>
    public void Send(ConnectionId connection, ReadOnlySpan<byte> data)
    {
        if (_connections.TryGetValue(connection.Value, out var open) && open.IsOpen)
        {
            Keep(new SentPacket(open.Listener, open, open.Remote, data.ToArray()));
        }
    }

    /// <inheritdoc/>
    public ConnectionId Connect(ListenerId listener, IPEndPoint to) => Connect(listener, to, null!);

    /// <inheritdoc/>
    public ConnectionId Connect(ListenerId listener, IPEndPoint to, string serverName)
    {
        var connection = new TestConnection(new ConnectionId(++_lastId), _all[listener.Value - 1], to, isOutbound: true) { ServerName = serverName };
        _connections[connection.Id.Value] = connection;
        return connection.Id;
    }

    /// <inheritdoc/>
    public void Close(ConnectionId connection)
    {
        if (_connections.Remove(connection.Value, out var open))
        {
            open.IsOpen = false;
        }
    }

    /// <inheritdoc/>
    public TimerId SetTimer(long key, TimeSpan due)
    {
        var id = new TimerId(++_lastId);
        _set[id.Value] = Now + due;
        _timers.Enqueue((id, key), (Now + due, id.Value));
        return id;
    }

    /// <inheritdoc/>
    public void CancelTimer(TimerId timer) => _set.Remove(timer.Value);

    /// <inheritdoc/>
    public void Resolve(long key, string hostName) => Lookups.Add((key, hostName));

    /// <inheritdoc/>
    public void Query(long key, DnsRecordKind kind, string name)
    {
        Queries.Add((kind, name));
        _answers.Enqueue(TransportEvent.Found(key, [.. Records.Where(r => r.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && r.Record.Kind == kind).Select(r => r.Record)]));
    }

    /// <inheritdoc/>
    public void CompleteApi(long key, string reply) => ApiReplies[key] = reply;

    /// <inheritdoc/>
    public void Count(string name, long delta = 1) => Counters[name] = Counters.GetValueOrDefault(name) + delta;

    /// <inheritdoc/>
    public void Gauge(string name, long value) => Gauges[name] = value;

    /// <inheritdoc/>
    public bool IsLogged(PluginLogLevel level) => true;

    /// <inheritdoc/>
    public void Log(PluginLogLevel level, LegId leg, string message) => Logs.Add($"{level}: {message}");

    /// <inheritdoc/>
    public void Security(string what, IPEndPoint source, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var line = $"{what} src={source}";
        foreach (var (name, value) in fields)
        {
            line += $" {name}={value}";
        }

        SecurityLog.Add(line);
    }

    private static byte[] Bytes(string text) =>
        System.Text.Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));

    private void Keep(SentPacket packet)
    {
        OnSent?.Invoke(packet);
        if (!DiscardsSent)
        {
            _sent.Enqueue(packet);
        }
    }
}
