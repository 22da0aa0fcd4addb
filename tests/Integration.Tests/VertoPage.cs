using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Integration.Tests;

/// <summary>A page without a browser: the Verto socket of one user, and a peer with ICE, DTLS and SRTP for its calls.</summary>
internal sealed class VertoPage : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _pending = new();
    private readonly string _session = Guid.NewGuid().ToString();
    private readonly TaskCompletionSource<string> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebRtcPeer? _peer;
    private Task _reading = Task.CompletedTask;
    private int _lastId;

    private VertoPage(string number)
    {
        Number = number;
        _socket.Options.SetRequestHeader("Origin", "http://localhost");
    }

    public string Number { get; }

    public string CallId { get; } = Guid.NewGuid().ToString();

    public WebRtcPeer Peer => _peer ??= new WebRtcPeer();

    /// <summary>What came by itself, in its order: method and parameters.</summary>
    public ConcurrentQueue<(string Method, JsonElement Parameters)> Requests { get; } = new();

    public bool IsOpen => _socket.State == WebSocketState.Open && !_reading.IsCompleted;

    public static async Task<VertoPage> LogInAsync(EngineProcess engine, string number)
    {
        var page = new VertoPage(number);
        await page._socket.ConnectAsync(new UriBuilder(engine.Http) { Scheme = "ws", Path = "/ws" }.Uri, TestContext.Current.CancellationToken);
        page._reading = page.ReadAsync();
        await page.AskAsync("login", new { login = number + "@xswitch.local", passwd = engine.Passwords[number], sessid = page._session });
        return page;
    }

    /// <summary>Sends a request and gives its result; an error fails the test.</summary>
    public async Task<JsonElement> AskAsync(string method, object parameters)
    {
        var id = Interlocked.Increment(ref _lastId);
        var reply = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = reply;
        await SendAsync(new { jsonrpc = "2.0", method, @params = parameters, id });
        var message = await reply.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        return message.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException($"{Number}: {method} gave {message}");
    }

    /// <summary>Calls a number and waits until the media are up.</summary>
    public async Task CallAsync(string number)
    {
        await AskAsync("verto.invite", new { sessid = _session, sdp = Peer.CreateOffer(), dialogParams = Dialog(number) });
        Peer.SetAnswer(await _answer.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        await Peer.ConnectedAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    public Task HangUpAsync() => AskAsync("verto.bye", new { sessid = _session, dialogParams = Dialog(""), cause = "NORMAL_CLEARING" });

    public Task SubscribeAsync(string channel) => AskAsync("verto.subscribe", new { sessid = _session, eventChannel = channel });

    public Task BroadcastAsync(string channel, int number) => AskAsync("verto.broadcast", new { sessid = _session, eventChannel = channel, localBroadcast = true, data = new { number } });

    /// <summary>Numbers of the broadcasts that came on a channel.</summary>
    public IReadOnlyList<int> Heard(string channel) =>
    [
        .. Requests.Where(r => r.Method == "verto.event" && r.Parameters.TryGetProperty("eventChannel", out var c) && c.GetString() == channel)
            .Select(r => r.Parameters.GetProperty("data").GetProperty("number").GetInt32()),
    ];

    public async ValueTask DisposeAsync()
    {
        _peer?.Dispose();
        _socket.Dispose();
        await _reading;
        _sending.Dispose();
    }

    private Dictionary<string, object> Dialog(string number) => new()
    {
        ["callID"] = CallId,
        ["destination_number"] = number,
        ["caller_id_name"] = Number,
        ["caller_id_number"] = Number,
        ["remote_caller_id_name"] = "",
        ["remote_caller_id_number"] = number,
    };

    private async Task SendAsync(object message)
    {
        await _sending.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += part.Count;
                }
                while (!part.EndOfMessage);

                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                using var json = JsonDocument.Parse(Encoding.UTF8.GetString(buffer, 0, length));
                await TakeAsync(json.RootElement.Clone());
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // the socket ended: IsOpen says so
        }
    }

    private async Task TakeAsync(JsonElement message)
    {
        if (!message.TryGetProperty("method", out var method))
        {
            if (_pending.TryRemove(message.GetProperty("id").GetInt32(), out var reply))
            {
                reply.SetResult(message);
            }

            return;
        }

        var parameters = message.GetProperty("params");
        Requests.Enqueue((method.GetString()!, parameters));
        if (message.TryGetProperty("id", out var id))
        {
            await SendAsync(new { jsonrpc = "2.0", id, result = new { method } });
        }

        if (method.GetString() is "verto.media" or "verto.answer" && parameters.TryGetProperty("sdp", out var sdp))
        {
            _answer.TrySetResult(sdp.GetString()!);
        }
    }
}
