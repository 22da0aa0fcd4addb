using System.Net.Http.Headers;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Sends HTTP requests of a plugin off the loop and posts the replies back. Bounded in time, number and size; redirections and cookies are the plugin's.</summary>
/// <param name="loop">The slot's loop.</param>
/// <param name="send">Sends one request; may fail by any exception.</param>
/// <param name="deliver">Called on the loop.</param>
internal sealed class HostFetcher(EventLoop loop, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, Action<TransportEvent> deliver)
{
    /// <summary>Most bytes of a reply's body.</summary>
    public const int MaxBody = 256 * 1024;

    private const int MaxRunning = 64;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private int _running;

    /// <summary>The way to send that engines use: one pool of connections for all plugins.</summary>
    public static Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Default { get; } = MakeDefault();

    /// <summary>Begins a request; the answer always follows, later. Loop thread only.</summary>
    /// <param name="key">Returned with the answer.</param>
    /// <param name="fetch">The request.</param>
    public void Fetch(long key, HttpFetch fetch)
    {
        if (!fetch.Address.IsAbsoluteUri || fetch.Address.Scheme is not ("http" or "https"))
        {
            Post(key, null, "the address is not http or https");
        }
        else if (Volatile.Read(ref _running) >= MaxRunning)
        {
            Post(key, null, "too many requests are under way");
        }
        else
        {
            Interlocked.Increment(ref _running);
            _ = RunAsync(key, fetch);
        }
    }

    private static Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> MakeDefault()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 32,
        };
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        return (request, token) => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
    }

    private async Task RunAsync(long key, HttpFetch fetch)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        HttpReply? reply = null;
        var error = "";
        try
        {
            using var bound = new CancellationTokenSource(fetch.Timeout < Longest ? fetch.Timeout : Longest);
            using var request = Request(fetch);
            using var response = await send(request, bound.Token);
            reply = await ReplyAsync(response, bound.Token);
            error = reply is null ? $"the reply is larger than {MaxBody} bytes" : "";
        }
        catch (OperationCanceledException)
        {
            error = "no reply in time";
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or FormatException or ArgumentException)
        {
            error = e.Message;
        }

        Interlocked.Decrement(ref _running);
        Post(key, reply, error);
    }

    private static HttpRequestMessage Request(HttpFetch fetch)
    {
        var request = new HttpRequestMessage(new HttpMethod(fetch.Method), fetch.Address);
        if (!fetch.Body.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(fetch.Body);
        }

        foreach (var (name, value) in fetch.Headers)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                request.Content?.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    private static async Task<HttpReply?> ReplyAsync(HttpResponseMessage response, CancellationToken token)
    {
        var headers = response.Headers.Concat(response.Content.Headers).SelectMany(h => h.Value.Select(v => new KeyValuePair<string, string>(h.Key, v))).ToList();
        await using var stream = await response.Content.ReadAsStreamAsync(token);
        var body = new byte[MaxBody + 1];
        var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, token);
        return length > MaxBody ? null : new HttpReply((int)response.StatusCode, headers, body.AsMemory(0, length).ToArray());
    }

    private void Post(long key, HttpReply? reply, string error) =>
        loop.Post(static s => ((Answer)s!).Deliver(), new Answer(deliver, TransportEvent.ForHttpReply(key, reply, error)));

    private sealed class Answer(Action<TransportEvent> deliver, TransportEvent e)
    {
        public void Deliver() => deliver(e);
    }
}
