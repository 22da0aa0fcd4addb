using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>A page with the client module and a scripted server behind its WebSocket, for what a real engine does not do on demand.</summary>
internal sealed class FakeVerto : IAsyncDisposable
{
    private const string Site = "http://localhost:9";
    private readonly List<JsonObject> _requests = [];
    private readonly BrowserPage _browser;
    private IWebSocketRoute? _socket;
    private int _id;

    private FakeVerto(BrowserPage browser) => _browser = browser;

    public IPage Page => _browser.Page;

    public int Connections { get; private set; }

    /// <summary>Answers a request with a result, or with an <c>error</c> object in a member of that name; null: no answer.</summary>
    public Func<JsonObject, JsonObject?> Answer { get; set; } = DefaultAnswer;

    public IReadOnlyList<JsonObject> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public static async Task<FakeVerto> StartAsync(BrowserFixture fixture)
    {
        var fake = new FakeVerto(await fixture.OpenAsync());
        await fake.Page.RouteAsync(Site + "/**", FulfilAsync);
        await fake.Page.RouteWebSocketAsync("**/ws", fake.Connect);
        await fake.LoadAsync();
        return fake;
    }

    /// <summary>Loads the page and the module; <c>log</c> collects what the callbacks are told.</summary>
    public async Task LoadAsync()
    {
        await Page.GotoAsync(Site + "/blank");
        await Page.EvaluateAsync("""
            async () => {
              const module = await import("/xswitch-rtc.js");
              Object.assign(window, module, { log: [], verto: module.default });
              window.connect = (more = {}) => verto.connect({ socketUrl: "ws://localhost:9/ws", login: "1000@test", passwd: "secret", ...more }, {
                onWSLogin: (_, success) => log.push("login " + success),
                onWSClose: () => log.push("close"),
                onPunt: () => log.push("punt"),
                onClientReady: (_, calls) => log.push("ready " + calls.length),
                onDialogState: (dialog) => log.push(dialog.state.name),
                onMessage: (_, dialog, kind, data) => log.push(`${kind} ${data.body ?? data.display_name}`),
              });
            }
            """);
    }

    public Task<string> LogAsync() => Page.EvaluateAsync<string>("() => log.join(', ')");

    public Task UntilAsync(Func<Task<bool>> condition, string what) => _browser.UntilAsync(condition, what + "; requests: " + string.Join(' ', Requests.Select(r => r["method"])));

    public Task LoggedAsync(string what) => UntilAsync(async () => (await LogAsync()).Contains(what, StringComparison.Ordinal), what);

    /// <summary>Logs in and waits for it.</summary>
    public async Task LogInAsync(string more = "{}")
    {
        await Page.EvaluateAsync($"() => void connect({more})");
        await LoggedAsync("login true");
    }

    /// <summary>Sends a request to the page.</summary>
    public void Ask(string method, object parameters) =>
        _socket!.Send(JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 800 + ++_id, method, @params = parameters }));

    public Task CutAsync() => _socket!.CloseAsync(new WebSocketRouteCloseOptions { Code = 1001 });

    /// <summary>A far side within the page answers an offer.</summary>
    public Task<string> FarAnswerAsync(string offer) => Page.EvaluateAsync<string>("""
        async (sdp) => {
          const pc = window.far = new RTCPeerConnection();
          await pc.setRemoteDescription({ type: "offer", sdp });
          pc.addTrack((await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0]);
          return complete(pc);
        }
        """.Replace("return complete(pc);", Complete, StringComparison.Ordinal), offer);

    /// <summary>A far side within the page makes an offer.</summary>
    public Task<string> FarOfferAsync() => Page.EvaluateAsync<string>("""
        async () => {
          const pc = window.far = new RTCPeerConnection();
          pc.addTrack((await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0]);
          return complete(pc);
        }
        """.Replace("return complete(pc);", Complete, StringComparison.Ordinal));

    /// <summary>Places a call and answers it.</summary>
    public async Task<string> CallAsync()
    {
        var id = await Page.EvaluateAsync<string>("() => (window.call = verto.newCall({ destination_number: '9196' })).callID");
        await UntilAsync(() => Task.FromResult(Requests.Any(r => (string?)r["method"] == "verto.invite")), "the invite comes");
        var offer = (string)Requests.Last(r => (string?)r["method"] == "verto.invite")["params"]!["sdp"]!;
        Ask("verto.answer", new { callID = id, sdp = await FarAnswerAsync(offer) });
        await LoggedAsync("active");
        return id;
    }

    public ValueTask DisposeAsync() => _browser.DisposeAsync();

    public static JsonObject DefaultAnswer(JsonObject request) => (string?)request["method"] switch
    {
        "login" => new JsonObject { ["message"] = "logged in", ["sessid"] = (string?)request["params"]!["sessid"] },
        _ => new JsonObject { ["message"] = "fine" },
    };

    private const string Complete = """
        await pc.setLocalDescription();
          while (pc.iceGatheringState !== "complete") await new Promise((r) => setTimeout(r, 20));
          return pc.localDescription.sdp;
        """;

    private void Connect(IWebSocketRoute socket)
    {
        Connections++;
        _socket = socket;
        socket.OnMessage(frame =>
        {
            var message = JsonNode.Parse(frame.Text!)!.AsObject();
            if (!message.ContainsKey("method"))
            {
                return;
            }

            lock (_requests)
            {
                _requests.Add(message);
            }

            if (Answer(message) is { } answer)
            {
                var id = message["id"]!.DeepClone();
                var reply = answer.Remove("error", out var error) ? new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["error"] = error } : new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["result"] = answer };
                socket.Send(reply.ToJsonString());
                if ((string?)message["method"] == "login" && error is null)
                {
                    ReadyFor?.Invoke();
                }
            }
        });
    }

    /// <summary>What follows a login.</summary>
    public Action? ReadyFor { get; set; }

    internal static Task FulfilAsync(IRoute route)
    {
        var path = new Uri(route.Request.Url).AbsolutePath;
        if (path == "/blank")
        {
            return route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<!doctype html><title>blank</title>" });
        }

        var file = Path.Combine(Repo.Root, "engine", "Console", "wwwroot", path.TrimStart('/'));
        return route.FulfillAsync(new RouteFulfillOptions { ContentType = path.EndsWith(".js", StringComparison.Ordinal) ? "text/javascript" : null, Path = file });
    }
}
