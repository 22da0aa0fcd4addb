using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Channels;
using XSwitchEngine.Plugins.Verto.Legs;
using XSwitchEngine.Plugins.Verto.Methods;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>The parts of one instance and what they share.</summary>
internal sealed class VertoContext
{
    /// <summary>Most messages of ours that may wait while one event is handled.</summary>
    public const int QueueLimit = 100_000;

    /// <summary>Losses after which a socket is dropped.</summary>
    public const int MaxLosses = 500;

    private readonly Queue<(VertoSession Session, byte[] Message)> _outbox = new();
    private readonly Dictionary<int, ListenerInfo> _listeners;

    public VertoContext(IPluginHost host)
    {
        Host = host;
        Options = VertoOptions.Parse(host.Options);
        _listeners = host.Listeners.ToDictionary(l => l.Id.Value);
        Sessions = new SessionTable(this);
        Replies = new ReplyTable(this);
        Logins = new LoginGuard(this);
        Login = new Login(this);
        Legs = new LegTable(this);
        Commands = new LegCommands(this);
        Attachments = new Attachments(this);
        Channels = new VertoChannels(this);
        Messages = new TextMessages(this);
        Requests = new RequestHandler(this);
    }

    public IPluginHost Host { get; }

    public VertoOptions Options { get; private set; }

    public SessionTable Sessions { get; }

    public ReplyTable Replies { get; }

    public LoginGuard Logins { get; }

    public Login Login { get; }

    public LegTable Legs { get; }

    public LegCommands Commands { get; }

    public Attachments Attachments { get; }

    public VertoChannels Channels { get; }

    public TextMessages Messages { get; }

    public RequestHandler Requests { get; }

    /// <summary>Sockets by the number of a response that they wait for.</summary>
    public Dictionary<long, ConnectionId> SlotOwners { get; } = [];

    /// <summary>Last number given to anything of this plugin.</summary>
    public long LastId { get; set; }

    /// <summary>Id of the last request of ours; one count for all sockets.</summary>
    public long LastRequest { get; set; }

    /// <summary>Whether every message is logged without bodies of text messages.</summary>
    public bool Trace { get; set; }

    public DateTimeOffset Now => Host.Now;

    public long NextId() => ++LastId;

    public void Configure(string options) => Options = VertoOptions.Parse(options);

    public TransportKind TransportOf(ListenerId listener) => _listeners.TryGetValue(listener.Value, out var info) ? info.Transport : TransportKind.Ws;

    public string ProfileOf(ListenerId listener) => _listeners.TryGetValue(listener.Value, out var info) ? info.Profile : "default";

    public IEnumerable<ListenerInfo> Listeners => _listeners.Values;

    /// <summary>A random UUID (RFC 9562 §5.4).</summary>
    public string NewUuid()
    {
        Span<byte> random = stackalloc byte[16];
        Host.Random(random);
        random[6] = (byte)((random[6] & 0x0F) | 0x40);
        random[8] = (byte)((random[8] & 0x3F) | 0x80);
        return new Guid(random, bigEndian: true).ToString();
    }

    /// <summary>Sends a message at once: responses, which go before everything that the same event caused.</summary>
    public void SendNow(VertoSession session, byte[] message)
    {
        Host.Count("messages_out");
        TraceMessage(session, "send", message);
        Host.Send(session.Connection, message);
    }

    /// <summary>Sends a request of ours when the event under way has been handled.</summary>
    public void Request(VertoSession session, string method, Action<Utf8JsonWriter> parameters) => Queue(session, JsonRpc.Request(++LastRequest, method, parameters));

    /// <summary>Queues a message of ours; at the bound it is lost, and a socket that lost <see cref="MaxLosses"/> is closed.</summary>
    public void Queue(VertoSession session, byte[] message)
    {
        if (_outbox.Count < QueueLimit)
        {
            _outbox.Enqueue((session, message));
            return;
        }

        Host.Count("messages_lost");
        if (++session.Lost == MaxLosses)
        {
            Sessions.Close(session);
        }
    }

    /// <summary>Sends what was queued while an event was handled.</summary>
    public void Flush()
    {
        while (_outbox.TryDequeue(out var next))
        {
            SendNow(next.Session, next.Message);
        }

        Sessions.CloseDue();
    }

    public void TraceMessage(VertoSession session, string direction, ReadOnlySpan<byte> message)
    {
        if (Options.Trace || Trace)
        {
            Host.Log(PluginLogLevel.Info, default, $"{direction} {session.Remote} {TraceText.Of(message)}");
        }
    }

    /// <summary>Publishes a CUSTOM event.</summary>
    public void Publish(string subclass, params KeyValuePair<string, string>[] headers) => Host.Publish(new PluginEvent("CUSTOM", subclass, headers, null));
}
