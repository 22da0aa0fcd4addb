using System.Net;
using System.Net.Sockets;
using System.Text;

namespace XSwitchEngine.Host.Tests.Http;

/// <summary>Pages, and what strangers try on an HTTP listener (security row S-38).</summary>
public sealed class PagesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/", "text/html; charset=utf-8", "<!doctype html>index")]
    [InlineData("/index.html", "text/html; charset=utf-8", "<!doctype html>index")]
    [InlineData("/demo/a.js", "text/javascript; charset=utf-8", "export {};")]
    [InlineData("/demo/", "text/html; charset=utf-8", "demo")]
    public async Task Pages_have_their_type_and_are_asked_for_again_each_time(string path, string type, string body)
    {
        await using var server = await TestServer.StartAsync();
        foreach (var url in new[] { server.Url, server.TlsUrl })
        {
            using var response = await server.Client.GetAsync(url + path, Cancel);
            Assert.Equal((HttpStatusCode.OK, type, body), (response.StatusCode, response.Content.Headers.ContentType!.ToString(), await response.Content.ReadAsStringAsync(Cancel)));
            Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
            Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
            Assert.Contains("script-src 'self';", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            using var again = new HttpRequestMessage(HttpMethod.Get, url + path);
            again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
            using var unchanged = await server.Client.SendAsync(again, Cancel);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        }
    }

    [Theory]
    [InlineData("/../outside.html", "400")]
    [InlineData("/demo/../../outside.html", "400")]
    [InlineData("/%2e%2e/outside.html", "400")]
    [InlineData("/%2E%2e%2foutside.html", "404")]
    [InlineData("/..%2foutside.html", "404")]
    [InlineData("/demo/..%5c..%5coutside.html", "404")]
    [InlineData("/..\\outside.html", "400")]
    [InlineData("//etc/passwd", "404")]
    [InlineData("/.secret", "404")]
    [InlineData("/key.pem", "404")]
    [InlineData("/wss.pem", "404")]
    [InlineData("/demo/a.js%00.html", "400")]
    [InlineData("http://localhost/index.html", "200")]
    public async Task No_path_leads_out_of_the_pages(string target, string status)
    {
        await using var server = await TestServer.StartAsync();
        var reply = await RawAsync(server, $"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 " + status, reply, StringComparison.Ordinal);
        Assert.DoesNotContain("outside", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_never_two()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var headers in new[] { "Content-Length: 5\r\nContent-Length: 6", "Content-Length: -1", "Transfer-Encoding: xchunked", "Content-Length: 99999999999999999999", "Host: two" })
        {
            var reply = await RawAsync(server, $"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\nGET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 4", reply, StringComparison.Ordinal);
            Assert.DoesNotContain("ready", reply, StringComparison.Ordinal);
        }

        var smuggled = await RawAsync(server, "POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;ext=\"a\nb\"\r\nx\r\n0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", smuggled, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await RawAsync(server, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_body_and_a_slow_head_are_cut_and_others_are_served_meanwhile()
    {
        await using var server = await TestServer.StartAsync();
        using var head = await DialAsync(server);
        await head.SendAsync("GET /readyz HTTP/1.1\r\nX: "u8.ToArray(), Cancel);
        using var body = await DialAsync(server);
        await body.SendAsync("POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{"u8.ToArray(), Cancel);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(server.Url + "/readyz", Cancel)).StatusCode);
        var started = TimeProvider.System.GetTimestamp();
        var ends = await Task.WhenAll(ReadAllAsync(head), ReadAllAsync(body));
        Assert.All(ends, e => Assert.True(e.Length == 0 || e.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), e));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 30);
    }

    [Fact]
    public async Task A_source_that_asks_too_much_gets_429_and_later_is_served_again()
    {
        await using var server = await TestServer.StartAsync(o => o.RequestsPerSecond = 2);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(server.Url + "/readyz", Cancel)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await server.Client.GetAsync(server.Url + "/readyz", Cancel)).StatusCode);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(server.Url + "/readyz", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_source_with_too_many_connections_is_not_answered_until_it_closes_some()
    {
        await using var server = await TestServer.StartAsync(o => o.MaxConnectionsPerSource = 2);
        using (var first = await DialAsync(server))
        using (var second = await DialAsync(server))
        {
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(first), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(second), StringComparison.Ordinal);
            using var third = await DialAsync(server);
            Assert.Equal("", await AskAsync(third));
        }

        for (var i = 0; ; i++)
        {
            using var later = await DialAsync(server);
            if ((await AskAsync(later)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            {
                break;
            }

            Assert.True(i < 100, "the closed connections still count");
            await Task.Delay(50, Cancel);
        }

        static async Task<string> AskAsync(Socket socket)
        {
            try
            {
                await socket.SendAsync("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancel);
                var buffer = new byte[1000];
                return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Cancel));
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
            {
                return "";
            }
        }
    }

    [Theory]
    [InlineData("", "1.2.3.4", "127.0.0.1")] // nobody is trusted
    [InlineData("127.0.0.1", "1.2.3.4", "1.2.3.4")]
    [InlineData("127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4")] // what the client wrote itself is not believed
    [InlineData("127.0.0.1 10.0.0.0/8", "6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4")]
    [InlineData("127.0.0.1", "1.2.3.4:4711", "1.2.3.4")]
    [InlineData("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1")]
    [InlineData("127.0.0.1", "nonsense", "127.0.0.1")]
    public async Task A_forwarded_address_counts_only_from_a_configured_proxy(string trusted, string forwarded, string address)
    {
        await using var server = await TestServer.StartAsync(o => o.TrustedProxies = [.. trusted.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + "/api/sessions") { Content = new FormUrlEncodedContent([new("login", "1000"), new("password", "x")]) };
        request.Headers.Add("X-Forwarded-For", forwarded);
        Assert.Equal(HttpStatusCode.Forbidden, (await server.Client.SendAsync(request, Cancel)).StatusCode);
        Assert.Contains($"auth_fail ip={address} ", await server.SecurityLogAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", "https", true)]
    [InlineData("127.0.0.1", "javascript", false)]
    [InlineData("", "https", false)]
    public async Task Behind_a_tls_proxy_the_cookie_is_for_tls(string trusted, string proto, bool isSecure)
    {
        await using var server = await TestServer.StartAsync(o => o.TrustedProxies = [.. trusted.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + "/api/sessions") { Content = new FormUrlEncodedContent([new("login", "1000"), new("password", server.Password("1000"))]) };
        request.Headers.Add("X-Forwarded-Proto", proto);
        using var response = await server.Client.SendAsync(request, Cancel);
        Assert.Equal(isSecure, Assert.Single(response.Headers.GetValues("Set-Cookie")).Contains("secure", StringComparison.Ordinal));
    }

    private static async Task<Socket> DialAsync(TestServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(server.Url["http://".Length..]), Cancel);
        return socket;
    }

    private static async Task<string> RawAsync(TestServer server, string text)
    {
        using var socket = await DialAsync(server);
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), Cancel);
        return await ReadAllAsync(socket);
    }

    private static async Task<string> ReadAllAsync(Socket socket)
    {
        var all = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer, Cancel)) > 0)
            {
                all.Append(Encoding.ASCII.GetString(buffer, 0, count));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // What came before counts.
        }

        return all.ToString();
    }
}
