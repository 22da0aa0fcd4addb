using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Verto.Tests;

/// <summary>A plugin with users 1000, 1001 and <c>admin</c> of example.com, and clients on it.</summary>
internal sealed class VertoBench
{
    public const string Offer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\n";

    public const string Ours = "v=0\r\no=ENGINE 3 4 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 CC:DD\r\nm=audio 10000 UDP/TLS/RTP/SAVPF 111\r\n";

    private readonly Dictionary<ConnectionId, Queue<string>> _inboxes = [];
    private int _ports = 40000;

    public VertoBench(string options = "{}")
    {
        Host = new PluginTestHost(new VertoPlugin(), options, 1, Listeners);
        Host.Users.Add("1000", "secret", "sip", "webrtc");
        Host.Users.Add("1001", "secret1", "sip", "webrtc");
        Host.Users.Add("1002", "secret2", "sip");
        Host.Users.Add("admin", "boss", "admin", "fsapi", "webrtc");
    }

    public static ListenerSpec[] Listeners { get; } =
    [
        new("ws", "default", TransportKind.Ws, "192.0.2.1:8081"),
        new("ws-tls", "default", TransportKind.Wss, "192.0.2.1:8082"),
    ];

    public PluginTestHost Host { get; }

    public VertoContext Parts => ((VertoPlugin)Host.Plugin).Parts;

    /// <summary>A client that is not logged in.</summary>
    public VertoClient Connect(string address = "192.0.2.9") => new(this, Host.Accept("ws", $"{address}:{++_ports}"));

    /// <summary>A client that is logged in, its <c>verto.clientReady</c> taken.</summary>
    public VertoClient LogIn(string number = "1000", string password = "secret", string sessionId = "")
    {
        var client = Connect();
        client.SessionId = client.LogIn(number, password, sessionId).GetProperty("result").GetProperty("sessid").GetString()!;
        Assert.Equal("verto.clientReady", client.Take().GetProperty("method").GetString());
        return client;
    }

    public void Swap() => Host.Swap(new VertoPlugin());

    /// <summary>The oldest message to a connection that was not taken.</summary>
    public string? Next(ConnectionId connection)
    {
        foreach (var packet in Host.TakeAll())
        {
            if (!_inboxes.TryGetValue(packet.Connection!.Id, out var queue))
            {
                _inboxes[packet.Connection.Id] = queue = new();
            }

            queue.Enqueue(packet.Text);
        }

        return _inboxes.TryGetValue(connection, out var inbox) && inbox.TryDequeue(out var text) ? text : null;
    }
}

/// <summary>One browser.</summary>
internal sealed class VertoClient(VertoBench bench, TestConnection connection)
{
    private int _id;

    public TestConnection Connection { get; } = connection;

    public string SessionId { get; set; } = "";

    public bool IsOpen => Connection.IsOpen;

    public void Send(string text) => bench.Host.Receive(Connection, System.Text.Encoding.UTF8.GetBytes(text));

    public void Drop() => bench.Host.Drop(Connection);

    /// <summary>Sends a request and takes the next message, which must answer it.</summary>
    public JsonElement Ask(string method, string parameters = "{}")
    {
        var id = Post(method, parameters);
        var answer = Take();
        Assert.Equal(id, answer.GetProperty("id").GetInt32());
        Assert.False(answer.TryGetProperty("method", out _), "A request came before the response");
        return answer;
    }

    /// <summary>Sends a request and takes nothing.</summary>
    public int Post(string method, string parameters = "{}")
    {
        Send($$"""{"jsonrpc":"2.0","method":"{{method}}","params":{{parameters}},"id":{{++_id}}}""");
        return _id;
    }

    public JsonElement LogIn(string number = "1000", string password = "secret", string sessionId = "") =>
        Ask("login", $$"""{"login":"{{number}}@example.com","passwd":"{{password}}","loginParams":{},"userVariables":{},"sessid":"{{sessionId}}"}""");

    /// <summary>The next message.</summary>
    public JsonElement Take()
    {
        var text = bench.Next(Connection.Id) ?? throw new InvalidOperationException("Nothing was sent to the client");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>The next message, a request of the method; answered as the JS client does.</summary>
    public JsonElement TakeRequest(string method)
    {
        var request = Take();
        Assert.Equal(method, request.GetProperty("method").GetString());
        Send($$"""{"jsonrpc":"2.0","id":{{request.GetProperty("id").GetInt64()}},"result":{"method":"{{method}}"} }""");
        return request.GetProperty("params");
    }

    /// <summary>The next message, a request of the method; not answered.</summary>
    public JsonElement TakeRequestRaw(string method)
    {
        var request = Take();
        Assert.Equal(method, request.GetProperty("method").GetString());
        return request.GetProperty("params");
    }

    /// <summary>One request of the method is there and nothing else.</summary>
    public void AssertNothingBut(string method)
    {
        TakeRequest(method);
        AssertNothing();
    }

    public string? TakeText() => bench.Next(Connection.Id);

    public void AssertNothing() => Assert.Null(bench.Next(Connection.Id));

    /// <summary>Calls a number.</summary>
    /// <returns>The leg as the core sees it.</returns>
    public LegEvent.Incoming Call(string callId, string destination = "9196", string more = "")
    {
        var result = Ask("verto.invite", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"{{callId}}","destination_number":"{{destination}}","caller_id_name":"Ann","caller_id_number":"1000"{{more}}},"sessid":"{{SessionId}}"}""").GetProperty("result");
        Assert.Equal("CALL CREATED", result.GetProperty("message").GetString());
        return bench.Host.TakeEvent<LegEvent.Incoming>();
    }

    /// <summary>Calls a number and is answered.</summary>
    public LegId Answered(string callId, string destination = "9196", string more = "")
    {
        var leg = Call(callId, destination, more).Leg;
        bench.Host.Command(new LegCommand.Answer(leg, VertoBench.Ours));
        TakeRequest("verto.answer");
        bench.Host.TakeEvent<LegEvent.Confirmed>();
        return leg;
    }

    /// <summary>Is called.</summary>
    public LegId Ringing(params (string, string)[] variables)
    {
        var leg = bench.Host.NewLeg();
        bench.Host.Command(new LegCommand.Originate(leg, new DialTarget("verto.rtc", "", "u:" + SessionId, null), "Bob Ray", "1009", VertoBench.Ours, [.. variables.Select(v => new KeyValuePair<string, string>(v.Item1, v.Item2))]));
        bench.Host.TakeEvent<LegEvent.Ringing>();
        return leg;
    }
}
