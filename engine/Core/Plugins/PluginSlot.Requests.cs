using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>What others ask of the plugin, and what it asks of the engine. Each question has one answer, also when the version changes between them.</summary>
internal sealed partial class PluginSlot
{
    private const int MaxWaitingApi = 1024;
    private const int MaxWaitingMessages = 8192;
    private const int MaxWaitingHttp = 4096;
    private const int MaxAsked = 1024;
    private static readonly TimeSpan LongestApi = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestMessage = TimeSpan.FromSeconds(32); // 64*T1: what a SIP transaction takes at most
    private static readonly TimeSpan LongestHttp = TimeSpan.FromMinutes(5);
    private int _asked;

    /// <summary>API commands of the plugin that wait.</summary>
    public PendingReplies<string> Api { get; }

    /// <summary>Text messages that wait for their delivery.</summary>
    public PendingReplies<MessageOutcome> Messages { get; }

    /// <summary>HTTP requests that wait.</summary>
    public PendingReplies<HttpReply> Http { get; }

    /// <summary>Switch events for the plugin.</summary>
    public EventFeed Events { get; }

    /// <summary>Runs an API command of the plugin. Any thread.</summary>
    public void RunApi(string commandLine, Action<string> onReply)
    {
        if (State != SlotState.Running)
        {
            onReply($"-ERR plugin {Name} is {StateName}\n");
            return;
        }

        var key = Api.Begin(onReply);
        if (key != 0)
        {
            Post(TransportEvent.Api(key, commandLine));
        }
    }

    /// <summary>Lets the plugin deliver a text message. Any thread.</summary>
    public void Deliver(TextMessage message, DialTarget target, Action<MessageOutcome> onResult)
    {
        if (State != SlotState.Running)
        {
            onResult(new MessageOutcome(503, $"plugin {Name} is {StateName}"));
            return;
        }

        var key = Messages.Begin(onResult);
        if (key != 0)
        {
            Post(TransportEvent.ForMessage(key, message, target));
        }
    }

    /// <summary>Lets the plugin answer an HTTP request. Any thread.</summary>
    /// <returns>Its number for <see cref="AbortRequest"/>; 0 when it has been answered already.</returns>
    public long Request(ListenerId listener, System.Net.IPEndPoint remote, System.Net.IPEndPoint local, HttpRequest request, Action<HttpReply> onReply)
    {
        if (State != SlotState.Running || IsStuck)
        {
            onReply(HttpReplies.Text(503, "the service is not available\n"));
            return 0;
        }

        var key = Http.Begin(onReply);
        if (key != 0)
        {
            Post(TransportEvent.ForHttp(listener, key, remote, local, request));
        }

        return key;
    }

    /// <summary>The client of a request went away. Any thread.</summary>
    public void AbortRequest(ListenerId listener, long key)
    {
        if (Http.Forget(key))
        {
            Post(TransportEvent.ForHttpAborted(listener, key));
        }
    }

    /// <summary>Runs an API command of the engine for the plugin. Loop thread only.</summary>
    public void RunEngineApi(long key, string commandLine)
    {
        if (Interlocked.Increment(ref _asked) > MaxAsked)
        {
            Answer(TransportEvent.ForApiResult(key, $"-ERR plugin {Name} asks too much\n"));
            return;
        }

        _services.RunApi(commandLine, reply => Answer(TransportEvent.ForApiResult(key, reply)));
    }

    /// <summary>Sends a text message of the plugin on its way. Loop thread only.</summary>
    public void Submit(long key, TextMessage message)
    {
        if (Interlocked.Increment(ref _asked) > MaxAsked)
        {
            Answer(TransportEvent.ForMessageResult(key, 503, $"plugin {Name} asks too much"));
            return;
        }

        _services.Submit(message, (status, reason) => Answer(TransportEvent.ForMessageResult(key, status, reason)));
    }

    private void Answer(TransportEvent e)
    {
        Interlocked.Decrement(ref _asked);
        Post(e);
    }

    // A question at which the plugin failed, or that came while no version runs.
    private void Fail(in TransportEvent e, string why)
    {
        switch (e.Kind)
        {
            case TransportEventKind.ApiCommand:
                Api.Complete(e.Key, $"-ERR plugin {Name} {why}\n");
                break;
            case TransportEventKind.HttpRequest:
                Http.Complete(e.Key, HttpReplies.Text(State == SlotState.Running ? 500 : 503, "the service failed at this request\n"));
                break;
            case TransportEventKind.Message:
                Messages.Complete(e.Key, new MessageOutcome(State == SlotState.Running ? 500 : 503, $"plugin {Name} {why}"));
                break;
            case TransportEventKind.None:
            default:
                break;
        }
    }

    private void ClearRequests(string why)
    {
        Api.Clear($"-ERR plugin {Name} {why}\n");
        Http.Clear(HttpReplies.Text(503, "the service has stopped\n"));
        Messages.Clear(new MessageOutcome(503, $"plugin {Name} {why}"));
    }
}

/// <summary>What became of a text message.</summary>
/// <param name="Status">As SIP counts.</param>
/// <param name="Reason">In words.</param>
internal readonly record struct MessageOutcome(int Status, string Reason);

/// <summary>Replies that the host gives in a plugin's place.</summary>
internal static class HttpReplies
{
    private static readonly KeyValuePair<string, string>[] PlainText = [new("Content-Type", "text/plain; charset=utf-8"), new("Cache-Control", "no-store")];

    /// <summary>A reply of plain text.</summary>
    public static HttpReply Text(int status, string text) => new(status, PlainText, System.Text.Encoding.UTF8.GetBytes(text));
}
