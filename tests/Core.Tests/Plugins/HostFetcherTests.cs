using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Loop;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>HTTP requests of plugins: every one is answered once, bounded.</summary>
public sealed class HostFetcherTests
{
    private readonly List<TransportEvent> _events = [];

    private async Task<TransportEvent> FetchAsync(HttpFetch fetch, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send)
    {
        var loop = new EventLoop("manual", new FakeTimeProvider(), 1000, (e, _) => throw e);
        new HostFetcher(loop, send, _events.Add).Fetch(7, fetch);
        for (var i = 0; i < 500 && _events.Count == 0; i++)
        {
            loop.RunPending();
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        var e = Assert.Single(_events);
        Assert.Equal((TransportEventKind.HttpReplied, 7), (e.Kind, e.Key));
        return e;
    }

    private static HttpFetch Post(string address) => new("POST", new Uri(address, UriKind.RelativeOrAbsolute), [new("Content-Type", "application/sdp"), new("Authorization", "Bearer x")], "v=0"u8.ToArray());

    [Fact]
    public async Task A_reply_comes_back_with_its_headers_and_body()
    {
        var e = await FetchAsync(Post("https://a.example/b"), async (request, token) =>
        {
            Assert.Equal("application/sdp", request.Content!.Headers.ContentType!.MediaType);
            Assert.Equal("Bearer x", request.Headers.Authorization!.ToString());
            Assert.Equal("v=0", await request.Content.ReadAsStringAsync(token));
            return new HttpResponseMessage(HttpStatusCode.Created) { Content = new StringContent("answer"), Headers = { Location = new Uri("/s", UriKind.Relative) } };
        });
        Assert.Equal(201, e.Reply!.Status);
        Assert.Equal("answer", Encoding.UTF8.GetString(e.Reply.Body.Span));
        Assert.Contains(new("Location", "/s"), e.Reply.Headers);
    }

    [Theory]
    [InlineData("ftp://a.example/")]
    [InlineData("/relative")]
    public async Task Only_http_is_fetched(string address)
    {
        var e = await FetchAsync(Post(address), (_, _) => throw new InvalidOperationException("must not be sent"));
        Assert.Null(e.Reply);
    }

    [Fact]
    public async Task A_failure_is_told_in_words()
    {
        var e = await FetchAsync(Post("https://a.example/"), (_, _) => throw new HttpRequestException("no route to host"));
        Assert.Null(e.Reply);
        Assert.Equal("no route to host", e.Text);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up()
    {
        var e = await FetchAsync(Post("https://a.example/") with { Timeout = TimeSpan.FromMilliseconds(50) }, async (_, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return new HttpResponseMessage();
        });
        Assert.Null(e.Reply);
        Assert.Equal("no reply in time", e.Text);
    }

    [Theory]
    [InlineData(HostFetcher.MaxBody, true)]
    [InlineData(HostFetcher.MaxBody + 1, false)]
    public async Task A_reply_is_bounded(int size, bool fits)
    {
        var e = await FetchAsync(Post("https://a.example/"), (_, _) => Task.FromResult(new HttpResponseMessage { Content = new ByteArrayContent(new byte[size]) }));
        Assert.Equal(fits, e.Reply is not null);
    }
}
