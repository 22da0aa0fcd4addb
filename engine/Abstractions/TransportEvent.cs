using System.Net;

namespace XSwitchEngine.Abstractions;

/// <summary>One input of a plugin.</summary>
/// <remarks>Which fields are set depends on <see cref="Kind"/>; the factory methods say it.</remarks>
public readonly struct TransportEvent
{
    // An event has one of them at most; four fields would make every event larger.
    private readonly object? _subject;

    /// <summary>What happened.</summary>
    public TransportEventKind Kind { get; init; }

    /// <summary>The listener concerned.</summary>
    public ListenerId Listener { get; init; }

    /// <summary>The connection concerned; default for datagrams.</summary>
    public ConnectionId Connection { get; init; }

    /// <summary>The peer's address.</summary>
    public IPEndPoint? Remote { get; init; }

    /// <summary>The local address of a datagram or connection.</summary>
    public IPEndPoint? Local { get; init; }

    /// <summary>The bytes received; borrowed for the call only.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The plugin's own number given to <c>SetTimer</c>, <c>Resolve</c>, <c>Submit</c> or <c>RunApi</c>, or the host's for what is to be answered.</summary>
    public long Key { get; init; }

    /// <summary>The timer that fired.</summary>
    public TimerId Timer { get; init; }

    /// <summary>The core's command.</summary>
    public LegCommand? Command
    {
        get => _subject as LegCommand;
        init => _subject = value;
    }

    /// <summary>The HTTP request, or the one by which a WebSocket was opened.</summary>
    public HttpRequest? Request
    {
        get => _subject as HttpRequest;
        init => _subject = value;
    }

    /// <summary>What the peer proved when a TLS connection opened; null when it showed no certificate.</summary>
    public PeerCertificate? Certificate
    {
        get => _subject as PeerCertificate;
        init => _subject = value;
    }

    /// <summary>The reply to a request of the plugin; null when none came.</summary>
    public HttpReply? Reply
    {
        get => _subject as HttpReply;
        init => _subject = value;
    }

    /// <summary>The text message to deliver.</summary>
    public TextMessage? Message
    {
        get => _subject as TextMessage;
        init => _subject = value;
    }

    /// <summary>The switch event.</summary>
    public PluginEvent? Event
    {
        get => _subject as PluginEvent;
        init => _subject = value;
    }

    /// <summary>The DNS records found; empty when there are none.</summary>
    public IReadOnlyList<DnsRecord>? Records
    {
        get => _subject as IReadOnlyList<DnsRecord>;
        init => _subject = value;
    }

    /// <summary>To whom a text message is to be delivered.</summary>
    public DialTarget? Target { get; init; }

    /// <summary>What became of a text message, as SIP counts.</summary>
    public int Status { get; init; }

    /// <summary>The addresses found for a name, in order of preference; empty when the lookup failed.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>The arguments of an API command (its first word included), its result, the reason of a message's result, or the new options as JSON.</summary>
    public string? Text { get; init; }

    /// <summary>A datagram came in.</summary>
    /// <param name="listener">Where.</param>
    /// <param name="remote">From.</param>
    /// <param name="local">To.</param>
    /// <param name="data">Its bytes.</param>
    public static TransportEvent Datagram(ListenerId listener, IPEndPoint remote, IPEndPoint local, ReadOnlyMemory<byte> data) =>
        new() { Kind = TransportEventKind.Datagram, Listener = listener, Remote = remote, Local = local, Data = data };

    /// <summary>A stream connection is open, inbound or outbound.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="local">Our end.</param>
    public static TransportEvent Opened(ListenerId listener, ConnectionId connection, IPEndPoint remote, IPEndPoint local) =>
        new() { Kind = TransportEventKind.Opened, Listener = listener, Connection = connection, Remote = remote, Local = local };

    /// <summary>A WebSocket is open.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    /// <param name="remote">The client.</param>
    /// <param name="local">Our end.</param>
    /// <param name="request">The request that opened it.</param>
    public static TransportEvent Opened(ListenerId listener, ConnectionId connection, IPEndPoint remote, IPEndPoint local, HttpRequest request) =>
        new() { Kind = TransportEventKind.Opened, Listener = listener, Connection = connection, Remote = remote, Local = local, Request = request };

    /// <summary>Bytes (or one WebSocket message) came in on a connection.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="local">Our end.</param>
    /// <param name="data">The bytes.</param>
    public static TransportEvent Received(ListenerId listener, ConnectionId connection, IPEndPoint remote, IPEndPoint local, ReadOnlyMemory<byte> data) =>
        new() { Kind = TransportEventKind.Data, Listener = listener, Connection = connection, Remote = remote, Local = local, Data = data };

    /// <summary>A connection closed, or an outbound one could not be made.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    public static TransportEvent Closed(ListenerId listener, ConnectionId connection) =>
        new() { Kind = TransportEventKind.Closed, Listener = listener, Connection = connection };

    /// <summary>A timer fired.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="timer">The timer.</param>
    public static TransportEvent TimerFired(long key, TimerId timer) =>
        new() { Kind = TransportEventKind.Timer, Key = key, Timer = timer };

    /// <summary>The core commands a leg.</summary>
    /// <param name="command">The command.</param>
    public static TransportEvent ForLeg(LegCommand command) =>
        new() { Kind = TransportEventKind.Command, Command = command };

    /// <summary>A lookup ended.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="addresses">What was found.</param>
    public static TransportEvent Resolved(long key, IReadOnlyList<IPAddress> addresses) =>
        new() { Kind = TransportEventKind.Resolved, Key = key, Addresses = addresses };

    /// <summary>A query for DNS records ended.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="records">What was found.</param>
    public static TransportEvent Found(long key, IReadOnlyList<DnsRecord> records) =>
        new() { Kind = TransportEventKind.Records, Key = key, Records = records };

    /// <summary>An operator or script runs an API command that the manifest names; answer with <see cref="IPluginHost.CompleteApi"/>.</summary>
    /// <param name="key">The host's number.</param>
    /// <param name="commandLine">The whole command line.</param>
    public static TransportEvent Api(long key, string commandLine) =>
        new() { Kind = TransportEventKind.ApiCommand, Key = key, Text = commandLine };

    /// <summary>The configuration changed.</summary>
    /// <param name="options">The plugin's new section as JSON.</param>
    public static TransportEvent Configured(string options) =>
        new() { Kind = TransportEventKind.Configured, Text = options };

    /// <summary>An HTTP request came in; answer with <see cref="IPluginHost.Respond"/>.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="key">The host's number.</param>
    /// <param name="remote">The client.</param>
    /// <param name="local">Our end.</param>
    /// <param name="request">The request.</param>
    public static TransportEvent ForHttp(ListenerId listener, long key, IPEndPoint remote, IPEndPoint local, HttpRequest request) =>
        new() { Kind = TransportEventKind.HttpRequest, Listener = listener, Key = key, Remote = remote, Local = local, Request = request };

    /// <summary>The client of a request went away before the reply.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="key">The host's number of the request.</param>
    public static TransportEvent ForHttpAborted(ListenerId listener, long key) =>
        new() { Kind = TransportEventKind.HttpAborted, Listener = listener, Key = key };

    /// <summary>A request that the plugin sent was answered, or not.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="reply">The reply; null when none came.</param>
    /// <param name="error">Why none came, in words.</param>
    public static TransportEvent ForHttpReply(long key, HttpReply? reply, string error) =>
        new() { Kind = TransportEventKind.HttpReplied, Key = key, Reply = reply, Text = error };

    /// <summary>A text message is to be delivered; answer with <see cref="IPluginHost.CompleteMessage"/>.</summary>
    /// <param name="key">The host's number.</param>
    /// <param name="message">The message.</param>
    /// <param name="target">To whom.</param>
    public static TransportEvent ForMessage(long key, TextMessage message, DialTarget target) =>
        new() { Kind = TransportEventKind.Message, Key = key, Message = message, Target = target };

    /// <summary>What became of a message of the plugin.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="status">200 delivered, 202 accepted, 403 refused, 404 no such user, 408 no answer, 480 nobody registered, 500 failed.</param>
    /// <param name="reason">In words.</param>
    public static TransportEvent ForMessageResult(long key, int status, string reason) =>
        new() { Kind = TransportEventKind.MessageResult, Key = key, Status = status, Text = reason };

    /// <summary>A switch event to which the plugin subscribed.</summary>
    /// <param name="e">The event.</param>
    public static TransportEvent ForSwitchEvent(PluginEvent e) =>
        new() { Kind = TransportEventKind.SwitchEvent, Event = e };

    /// <summary>The reply to an API command that the plugin ran.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="reply">The whole reply.</param>
    public static TransportEvent ForApiResult(long key, string reply) =>
        new() { Kind = TransportEventKind.ApiResult, Key = key, Text = reply };
}

/// <summary>The kinds of <see cref="TransportEvent"/>.</summary>
public enum TransportEventKind
{
    /// <summary>No event.</summary>
    None,

    /// <summary>A datagram came in.</summary>
    Datagram,

    /// <summary>A connection is open.</summary>
    Opened,

    /// <summary>Bytes came in on a connection.</summary>
    Data,

    /// <summary>A connection closed or could not be made.</summary>
    Closed,

    /// <summary>A timer fired.</summary>
    Timer,

    /// <summary>The core commands a leg.</summary>
    Command,

    /// <summary>A lookup ended.</summary>
    Resolved,

    /// <summary>An API command of the plugin.</summary>
    ApiCommand,

    /// <summary>The configuration changed.</summary>
    Configured,

    /// <summary>An HTTP request came in.</summary>
    HttpRequest,

    /// <summary>The client of an HTTP request went away.</summary>
    HttpAborted,

    /// <summary>A text message is to be delivered.</summary>
    Message,

    /// <summary>A text message of the plugin was delivered or not.</summary>
    MessageResult,

    /// <summary>A switch event.</summary>
    SwitchEvent,

    /// <summary>The reply to an API command of the plugin.</summary>
    ApiResult,

    /// <summary>The reply to an HTTP request of the plugin.</summary>
    HttpReplied,

    /// <summary>A query for DNS records ended.</summary>
    Records,
}
