using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Requests to the WHIP endpoints of an engine, as curl would send them.</summary>
internal sealed class WhipClient : IDisposable
{
    private readonly HttpClient _http;

    private WhipClient(Uri address, string token)
    {
        _http = new HttpClient(Handler()) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        Token = token;
    }

    public string Token { get; }

    private static HttpClientHandler Handler() => new() { AllowAutoRedirect = false, UseCookies = false, ServerCertificateCustomValidationCallback = (_, _, _, _) => true };

    /// <summary>Logs a user in.</summary>
    public static async Task<WhipClient> LogInAsync(EngineProcess engine, string user = "1000")
    {
        return await LogInAsync(engine, engine.Http, user);
    }

    /// <summary>Logs a user in at another address of the engine, such as a proxy's.</summary>
    public static async Task<WhipClient> LogInAsync(EngineProcess engine, Uri address, string user = "1000")
    {
        using var http = new HttpClient(Handler()) { BaseAddress = address };
        using var body = new FormUrlEncodedContent(new Dictionary<string, string> { ["login"] = user, ["password"] = engine.Passwords[user] });
        using var reply = await http.PostAsync(new Uri("api/sessions", UriKind.Relative), body, TestContext.Current.CancellationToken);
        reply.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return new WhipClient(address, json.RootElement.GetProperty("token").GetString()!);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request; headers are given as sent, a token is added unless Authorization is among them.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.RelativeOrAbsolute));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        }

        foreach (var (name, value) in headers)
        {
            if (name == "Content-Type")
            {
                request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            }
            else if (value.Length > 0)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (!headers.Any(h => h.Name is "Authorization" or "X-XTRA-AUTH-ID"))
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Token);
        }

        return await _http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>POSTs an offer.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string offer) => SendAsync("POST", path, offer, ("Content-Type", "application/sdp"));

    /// <summary>The hangup cause in a problem-details body.</summary>
    public static async Task<string?> CauseAsync(HttpResponseMessage reply)
    {
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((int)reply.StatusCode, json.RootElement.GetProperty("status").GetInt32());
        return json.RootElement.TryGetProperty("cause", out var cause) ? cause.GetString() : null;
    }

    /// <summary>An offer of audio as a browser writes it, with credentials of nobody.</summary>
    public static string Offer(string direction = "sendrecv", long session = 71003, string ufrag = "Qz4d", string attributes = "") => $"""
        v=0
        o=- {session} 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 111 9 0 8 126
        c=IN IP4 0.0.0.0
        a=ice-ufrag:{ufrag}
        a=ice-pwd:0kq3bN7rX1uEwVt5mGf8yLhC
        a=ice-options:trickle
        a=fingerprint:sha-256 0F:3C:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:9A
        a=setup:actpass
        a=mid:0
        a={direction}
        a=rtcp-mux
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 minptime=10;useinbandfec=1
        a=rtpmap:9 G722/8000
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:126 telephone-event/8000{attributes}

        """.ReplaceLineEndings("\r\n");
}
