using System.Net;
using System.Text;
using System.Text.Json;

namespace XSwitchEngine.Host.Tests.Http;

/// <summary>Token log-in (<c>/api/sessions</c>) and extension tokens.</summary>
public sealed class SessionsApiTests : IAsyncLifetime
{
    private TestServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_log_in_by_json_or_form_gives_a_token_that_every_carrier_brings_back(bool isJson)
    {
        var (status, json, response) = await LogInAsync("1000", _server.Password("1000"), isJson);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((200, "1000", "1000", "user"), (json.GetProperty("code").GetInt32(), json.GetProperty("user_id").GetString(), json.GetProperty("extn").GetString(), json.GetProperty("authority").GetString()));
        Assert.Equal(_server.Time.GetUtcNow().AddHours(24).ToUnixTimeSeconds(), json.GetProperty("expires").GetInt64());
        var token = json.GetProperty("token").GetString()!;
        Assert.Contains($"freeswitch_xtra_session_id={token};", string.Join('\n', response.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        Assert.Contains("httponly", string.Join('\n', response.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);

        foreach (var (name, value) in new[] { ("Authorization", "Bearer " + token), ("X-XTRA-AUTH-ID", token), ("Cookie", "a=b; freeswitch_xtra_session_id=" + token) })
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/api/sessions", (name, value))).Status);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/api/sessions", ("Authorization", "Bearer " + token), ("X-XTRA-AUTH-ID", "other"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/api/sessions")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Get, "/api/sessions", ("X-XTRA-AUTH-ID", "nonsense"))).Status);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Delete, "/api/sessions", ("X-XTRA-AUTH-ID", token))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Get, "/api/sessions", ("X-XTRA-AUTH-ID", token))).Status);
    }

    [Fact]
    public async Task A_token_ends_after_its_time_but_a_cookie_in_use_slides()
    {
        var token = await TokenAsync("1000");
        var cookie = ("Cookie", "freeswitch_xtra_session_id=" + token);
        _server.Time.Advance(TimeSpan.FromHours(20));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/api/sessions", cookie)).Status);
        _server.Time.Advance(TimeSpan.FromHours(20));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/api/sessions", ("X-XTRA-AUTH-ID", token))).Status);
        _server.Time.Advance(TimeSpan.FromHours(5));
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Get, "/api/sessions", ("X-XTRA-AUTH-ID", token))).Status);
    }

    [Fact]
    public async Task Tokens_are_kept_as_hashes_and_survive_a_restart()
    {
        var token = await TokenAsync("1000");
        using var reopened = Core.Directory.SwitchDirectory.Open(new Core.EngineOptions { DataDirectory = _server.Data.Path }, _server.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<Core.Directory.SwitchDirectory>.Instance);
        Assert.Equal("1000", reopened.FindToken(token)?.User.Number);
        foreach (var file in Directory.EnumerateFiles(_server.Data.Path, "xswitch.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            Assert.DoesNotContain(token, await reader.ReadToEndAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Wrong_log_ins_are_refused_alike_logged_and_slowed_down()
    {
        var wrong = await LogInAsync("1000", "wrong");
        var unknown = await LogInAsync("nobody\"\n", "wrong");
        Assert.Equal(HttpStatusCode.Forbidden, wrong.Status);
        Assert.Equal(wrong.Json.GetRawText(), unknown.Json.GetRawText());
        Assert.Contains("auth_fail ip=127.0.0.1", await _server.SecurityLogAsync(), StringComparison.Ordinal);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await LogInAsync("1000", "wrong")).Status);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await LogInAsync("1000", _server.Password("1000"))).Status);
        _server.Time.Advance(TimeSpan.FromSeconds(7)); // 10 a minute
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync("1000", _server.Password("1000"))).Status);
        foreach (var line in (await _server.SecurityLogAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Contains(" auth_fail ip=127.0.0.1 port=", line, StringComparison.Ordinal);
        }
    }

    // S-16: deep, long, doubled, no Unicode, no object.
    [Theory]
    [InlineData("deep")]
    [InlineData("""{"login":"1000","login":"1001"}""")]
    [InlineData("""{"login":"\ud800","password":"x"}""")]
    [InlineData("""{"login":NaN}""")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task What_is_no_sound_json_is_refused(string body)
    {
        body = body == "deep" ? new string('[', 10_000) : body;
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("/api/sessions", body)).Status);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync("1000", _server.Password("1000"))).Status);
    }

    [Fact]
    public async Task A_body_that_is_too_long_is_refused()
    {
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync("/api/sessions", $$"""{"login":"{{new string('x', 20_000)}}"}""")).Status);
        var bad = new byte[] { 0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xC0, 0x80, 0x22, 0x7D };
        using var content = new ByteArrayContent(bad) { Headers = { { "Content-Type", "application/json" } } };
        using var response = await _server.Client.PostAsync(_server.Url + "/api/sessions", content, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_backend_gets_extension_tokens_that_can_do_less()
    {
        var own = ("X-XTRA-AUTH-ID", await TokenAsync("1000"));
        var (status, json) = await PostAsync("/api/tokens", """{"extn":"1000","seconds":60,"destinations":["9196"]}""", own);
        Assert.Equal(HttpStatusCode.OK, status);
        var extension = json.GetProperty("token").GetString()!;
        var grant = _server.Directory.FindToken(extension)!;
        Assert.Equal(("1000", "9196"), (grant.User.Number, Assert.Single(grant.Destinations)));

        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync("/api/tokens", "{}", ("X-XTRA-AUTH-ID", extension))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync("/api/tokens", """{"extn":"1001"}""", own)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("/api/tokens", """{"seconds":-1}""", own)).Status);
        var admin = ("X-XTRA-AUTH-ID", await TokenAsync("admin"));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("/api/tokens", """{"extn":"1001"}""", admin)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/api/tokens", """{"extn":"9999"}""", admin)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync("/api/tokens", "{}", ("Cookie", "freeswitch_xtra_session_id=" + own.Item2), ("Origin", "https://evil.example"))).Status);
        _server.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Null(_server.Directory.FindToken(extension));
    }

    private async Task<string> TokenAsync(string number) => (await LogInAsync(number, _server.Password(number))).Json.GetProperty("token").GetString()!;

    private async Task<(HttpStatusCode Status, JsonElement Json, HttpResponseMessage Response)> LogInAsync(string login, string password, bool isJson = true)
    {
        using HttpContent content = isJson
            ? new StringContent(JsonSerializer.Serialize(new Dictionary<string, string> { ["login"] = login, ["password"] = password }), Encoding.UTF8, "application/json")
            : new FormUrlEncodedContent([new("login", login), new("password", password)]);
        var response = await _server.Client.PostAsync(_server.Url + "/api/sessions", content, Cancel);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel)).RootElement, response);
    }

    private async Task<(HttpStatusCode Status, JsonElement Json)> PostAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var response = await _server.Client.SendAsync(request, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        return (response.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default);
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, _server.Url + path);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var response = await _server.Client.SendAsync(request, Cancel);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }
}
