using System.Net;

namespace XSwitchEngine.Abstractions;

/// <summary>What a plugin may ask of the engine. Called from the plugin's mailbox only; no member blocks.</summary>
/// <remarks>A revoked host (after a swap, or in a dry run) accepts every call and does nothing.</remarks>
public interface IPluginHost
{
    /// <summary>The time of the event being handled. It does not move while one event is handled.</summary>
    DateTimeOffset Now { get; }

    /// <summary>The plugin's section of the configuration as JSON text, validated against the manifest's option names.</summary>
    string Options { get; }

    /// <summary>The listeners that are bound for this plugin, in manifest order; then one for each route and shared HTTP listener, named as the route, and with <c>-tls</c> behind.</summary>
    IReadOnlyList<ListenerInfo> Listeners { get; }

    /// <summary>Calls: where legs are created and reported.</summary>
    ICallCore Calls { get; }

    /// <summary>Users and registrations. They outlive every plugin.</summary>
    IDirectory Directory { get; }

    /// <summary>Fills the buffer with cryptographically strong random bytes.</summary>
    /// <param name="buffer">Any size.</param>
    void Random(Span<byte> buffer);

    /// <summary>Sends one datagram from a UDP listener. Errors are counted, not reported.</summary>
    /// <param name="listener">A listener of transport <see cref="TransportKind.Udp"/>.</param>
    /// <param name="to">The peer.</param>
    /// <param name="data">Copied before the call returns.</param>
    void SendDatagram(ListenerId listener, IPEndPoint to, ReadOnlySpan<byte> data);

    /// <summary>Answers an <see cref="TransportEventKind.HttpRequest"/>, at once or later; one that is not answered within 5 minutes is answered 504 by the host.</summary>
    /// <param name="key">The key of the event; one that was answered before, or whose client went away, is ignored.</param>
    /// <param name="reply">The whole reply.</param>
    void Respond(long key, HttpReply reply);

    /// <summary>Queues bytes (or one WebSocket message) on a connection. A connection whose queue is full is closed.</summary>
    /// <param name="connection">An open connection; a closed or unknown one is ignored.</param>
    /// <param name="data">Copied before the call returns.</param>
    void Send(ConnectionId connection, ReadOnlySpan<byte> data);

    /// <summary>How many bytes of <see cref="Send"/> wait on a connection; for a sender that paces itself.</summary>
    /// <param name="connection">An unknown one has none.</param>
    long QueuedBytes(ConnectionId connection);

    /// <summary>Opens an outbound stream connection; <see cref="TransportEventKind.Opened"/> or <see cref="TransportEventKind.Closed"/> follows for the returned id.</summary>
    /// <param name="listener">The listener on whose behalf (transport, local address) the connection is made.</param>
    /// <param name="to">The peer. On a TLS listener its address is what its certificate must prove.</param>
    ConnectionId Connect(ListenerId listener, IPEndPoint to);

    /// <summary>Opens an outbound TLS connection; as <see cref="Connect(ListenerId, IPEndPoint)"/>.</summary>
    /// <param name="listener">A listener of transport <see cref="TransportKind.Tls"/>.</param>
    /// <param name="to">The peer.</param>
    /// <param name="serverName">The name that the peer's certificate must prove; empty for no verification, where the plugin's options allow that.</param>
    ConnectionId Connect(ListenerId listener, IPEndPoint to, string serverName);

    /// <summary>Closes a connection after what is queued has been sent.</summary>
    /// <param name="connection">An unknown id is ignored.</param>
    void Close(ConnectionId connection);

    /// <summary>Starts a one-shot timer; <see cref="TransportEventKind.Timer"/> follows with the same key. Timers survive a swap.</summary>
    /// <param name="key">The plugin's own number for what the timer belongs to; it must mean the same after <c>Import</c>.</param>
    /// <param name="due">From now; resolution about 5 ms.</param>
    TimerId SetTimer(long key, TimeSpan due);

    /// <summary>Cancels a timer that has not fired.</summary>
    /// <param name="timer">An unknown or fired one is ignored.</param>
    void CancelTimer(TimerId timer);

    /// <summary>Looks a host name up; <see cref="TransportEventKind.Resolved"/> follows with the same key, at most 5 s later.</summary>
    /// <param name="key">The plugin's own number, returned with the result.</param>
    /// <param name="hostName">A DNS name; numeric addresses are answered as themselves.</param>
    void Resolve(long key, string hostName);

    /// <summary>Asks for DNS records; <see cref="TransportEventKind.Records"/> follows with the same key, at most 5 s later. Answers are kept for their time to live.</summary>
    /// <param name="key">The plugin's own number, returned with the result.</param>
    /// <param name="kind">Which records.</param>
    /// <param name="name">A DNS name, such as <c>_sip._udp.example.org</c>.</param>
    void Query(long key, DnsRecordKind kind, string name);

    /// <summary>Answers an <see cref="TransportEventKind.ApiCommand"/>.</summary>
    /// <param name="key">The key of the event.</param>
    /// <param name="reply">The whole reply text.</param>
    void CompleteApi(long key, string reply);

    /// <summary>Sends an HTTP request to another server; <see cref="TransportEventKind.HttpReplied"/> follows with the same key.</summary>
    /// <param name="key">The plugin's own number; it must mean the same after <c>Import</c>.</param>
    /// <param name="request">The request. Redirections are not followed, cookies not kept; a reply of more than 256 KiB counts as none; at most 64 are under way.</param>
    void Fetch(long key, HttpFetch request);

    /// <summary>Answers a <see cref="TransportEventKind.Message"/>.</summary>
    /// <param name="key">The key of the event.</param>
    /// <param name="status">What became of it, as SIP counts: 200 delivered, 202 accepted, 480 not reachable, 488 not understood.</param>
    /// <param name="reason">In words; may be empty.</param>
    void CompleteMessage(long key, int status, string reason);

    /// <summary>Chooses the switch events that this instance gets as <see cref="TransportEventKind.SwitchEvent"/>; replaces what was chosen before. A new version chooses anew.</summary>
    /// <param name="names">Event names, subclasses of CUSTOM events such as <c>conference::maintenance</c>, or <c>ALL</c>; empty for none.</param>
    /// <remarks>At most 1,000 events wait for a plugin; more are dropped, oldest first, and counted.</remarks>
    void Subscribe(IReadOnlyCollection<string> names);

    /// <summary>Publishes a switch event to all others; it does not come back to this plugin.</summary>
    /// <param name="e">The event.</param>
    void Publish(PluginEvent e);

    /// <summary>Runs an API command of the engine; <see cref="TransportEventKind.ApiResult"/> follows with the same key.</summary>
    /// <param name="key">The plugin's own number.</param>
    /// <param name="command">The command's name, such as <c>show</c>.</param>
    /// <param name="arguments">The rest of its line; may be empty.</param>
    void RunApi(long key, string command, string arguments);

    /// <summary>Adds to a counter of the plugin, exported as <c>xswitch_{plugin}_{name}_total</c>.</summary>
    /// <param name="name">A name of a small fixed set (metric names are never made from what peers send).</param>
    /// <param name="delta">How much.</param>
    void Count(string name, long delta = 1);

    /// <summary>Sets a gauge of the plugin, exported as <c>xswitch_{plugin}_{name}</c>.</summary>
    /// <param name="name">A name of a small fixed set.</param>
    /// <param name="value">The new value.</param>
    void Gauge(string name, long value);

    /// <summary>Whether a log line of this level would be kept; ask before formatting.</summary>
    /// <param name="level">The level.</param>
    bool IsLogged(PluginLogLevel level);

    /// <summary>Writes one log line. Control characters are escaped by the host.</summary>
    /// <param name="level">The level.</param>
    /// <param name="leg">The leg it is about, or default.</param>
    /// <param name="message">No passwords, digests or message bodies.</param>
    void Log(PluginLogLevel level, LegId leg, string message);

    /// <summary>Writes one line of the stable security log (<c>security.log</c>), read by fail2ban filters.</summary>
    /// <param name="what">The event's name, such as <c>auth_fail</c>.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="fields">Further <c>name=value</c> pairs; values are quoted and escaped by the host.</param>
    void Security(string what, IPEndPoint source, params ReadOnlySpan<(string Name, string Value)> fields);
}
