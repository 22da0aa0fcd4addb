using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestKit;

/// <summary>HTTP requests, text messages, switch events and API commands.</summary>
/// <remarks>
/// Routes are given to the constructor like listeners: <c>new ListenerSpec("ws", "default", TransportKind.Ws, "127.0.0.1:8081")</c> stands for the route <c>ws</c> on the plain
/// listener, and one of transport <c>Http</c> for a route of requests.
/// </remarks>
public sealed partial class PluginTestHost
{
    /// <summary>Replies to HTTP requests by key, not taken yet.</summary>
    public Dictionary<long, HttpReply> HttpReplies { get; } = [];

    /// <summary>Text messages that the plugin submitted, in order.</summary>
    public List<(long Key, TextMessage Message)> Submitted { get; } = [];

    /// <summary>What became of messages that the plugin had to deliver, by key.</summary>
    public Dictionary<long, (int Status, string Reason)> MessageReplies { get; } = [];

    /// <summary>The switch events that the plugin wants.</summary>
    public IReadOnlyCollection<string> Subscriptions { get; private set; } = [];

    /// <summary>Switch events that the plugin published, in order.</summary>
    public List<PluginEvent> Published { get; } = [];

    /// <summary>API commands that wait for <see cref="CompleteApiCall"/>.</summary>
    public List<(long Key, string Command, string Arguments)> ApiCalls { get; } = [];

    /// <summary>Requests to other servers that wait for <see cref="CompleteFetch"/>.</summary>
    public List<(long Key, HttpFetch Request)> Fetches { get; } = [];

    /// <summary>A client opens a WebSocket.</summary>
    /// <param name="listener">Name of the listener or route.</param>
    /// <param name="from">Source.</param>
    /// <param name="request">The request that opened it.</param>
    public TestConnection Accept(string listener, string from, HttpRequest request)
    {
        var info = Listener(listener);
        var connection = new TestConnection(new ConnectionId(++_lastId), info, IPEndPoint.Parse(from), isOutbound: false) { IsOpen = true };
        _connections[connection.Id.Value] = connection;
        Post(TransportEvent.Opened(info.Id, connection.Id, connection.Remote, info.Local, request));
        return connection;
    }

    /// <summary>An HTTP request arrives.</summary>
    /// <param name="listener">Name of the route.</param>
    /// <param name="from">Source.</param>
    /// <param name="request">The request.</param>
    /// <returns>Its key, under which the reply is found in <see cref="HttpReplies"/>.</returns>
    public long Request(string listener, string from, HttpRequest request)
    {
        var info = Listener(listener);
        var key = ++_lastId;
        Post(TransportEvent.ForHttp(info.Id, key, IPEndPoint.Parse(from), info.Local, request));
        return key;
    }

    /// <summary>An HTTP request arrives.</summary>
    /// <param name="listener">Name of the route.</param>
    /// <param name="from">Source.</param>
    /// <param name="method">Such as <c>POST</c>.</param>
    /// <param name="target">Path and query.</param>
    /// <param name="body">Its body.</param>
    /// <param name="headers">Its headers.</param>
    /// <returns>Its key, under which the reply is found in <see cref="HttpReplies"/>.</returns>
    public long Request(string listener, string from, string method, string target, string body = "", params ReadOnlySpan<(string Name, string Value)> headers)
    {
        var info = Listener(listener);
        var parts = target.Split('?', 2);
        var list = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in headers)
        {
            list.Add(new(name, value));
        }

        return Request(listener, from, new HttpRequest(method, parts[0], parts.ElementAtOrDefault(1) ?? "", list, Encoding.UTF8.GetBytes(body))
        {
            Scheme = info.Transport is TransportKind.Https or TransportKind.Wss ? "https" : "http",
            Host = info.Local.ToString(),
        });
    }

    /// <summary>Takes the reply to a request.</summary>
    /// <param name="key">The key of the request.</param>
    /// <exception cref="InvalidOperationException">There is none yet.</exception>
    public HttpReply TakeReply(long key) => HttpReplies.Remove(key, out var reply) ? reply : throw new InvalidOperationException("No reply to request " + key);

    /// <summary>The client of a request goes away.</summary>
    /// <param name="listener">Name of the route.</param>
    /// <param name="key">The key of the request.</param>
    public void Abort(string listener, long key) => Post(TransportEvent.ForHttpAborted(Listener(listener).Id, key));

    /// <summary>The core wants a text message delivered.</summary>
    /// <param name="message">The message.</param>
    /// <param name="target">To whom.</param>
    /// <returns>Its key, under which the result is found in <see cref="MessageReplies"/>.</returns>
    public long Deliver(TextMessage message, DialTarget target)
    {
        var key = ++_lastId;
        Post(TransportEvent.ForMessage(key, message, target));
        return key;
    }

    /// <summary>The core tells what became of the oldest message that the plugin submitted.</summary>
    /// <param name="status">As SIP counts.</param>
    /// <param name="reason">In words.</param>
    public void CompleteSubmit(int status, string reason)
    {
        var (key, _) = Submitted[0];
        Submitted.RemoveAt(0);
        Post(TransportEvent.ForMessageResult(key, status, reason));
    }

    /// <summary>A switch event happens; it reaches the plugin when it subscribed to it.</summary>
    /// <param name="e">The event.</param>
    public void Emit(PluginEvent e)
    {
        if (Subscriptions.Any(s => s.Equals("ALL", StringComparison.OrdinalIgnoreCase) || s.Equals(e.Name, StringComparison.OrdinalIgnoreCase) || (e.Subclass.Length > 0 && s.Equals(e.Subclass, StringComparison.OrdinalIgnoreCase))))
        {
            Post(TransportEvent.ForSwitchEvent(e));
        }
    }

    /// <summary>The oldest API command of the plugin is answered.</summary>
    /// <param name="reply">The reply.</param>
    public void CompleteApiCall(string reply)
    {
        var (key, _, _) = ApiCalls[0];
        ApiCalls.RemoveAt(0);
        Post(TransportEvent.ForApiResult(key, reply));
    }

    /// <summary>What <see cref="IPluginHost.QueuedBytes"/> says; by default nothing waits.</summary>
    public Func<ConnectionId, long> Queued { get; set; } = static _ => 0;

    /// <inheritdoc/>
    public long QueuedBytes(ConnectionId connection) => Queued(connection);

    /// <summary>The oldest request to another server is answered.</summary>
    /// <param name="reply">The reply; null when none came.</param>
    /// <returns>The request.</returns>
    public HttpFetch CompleteFetch(HttpReply? reply)
    {
        var (key, request) = Fetches[0];
        Fetches.RemoveAt(0);
        Post(TransportEvent.ForHttpReply(key, reply, reply is null ? "no reply" : ""));
        return request;
    }

    /// <inheritdoc/>
    public void Fetch(long key, HttpFetch request) => Fetches.Add((key, request));

    /// <inheritdoc/>
    public void Respond(long key, HttpReply reply) => HttpReplies.TryAdd(key, reply);

    /// <inheritdoc/>
    void ICallCore.Submit(long key, TextMessage message) => Submitted.Add((key, message));

    /// <inheritdoc/>
    public void CompleteMessage(long key, int status, string reason) => MessageReplies.TryAdd(key, (status, reason));

    /// <inheritdoc/>
    public void Subscribe(IReadOnlyCollection<string> names) => Subscriptions = [.. names];

    /// <inheritdoc/>
    public void Publish(PluginEvent e) => Published.Add(e);

    /// <inheritdoc/>
    public void RunApi(long key, string command, string arguments) => ApiCalls.Add((key, command, arguments));
}
