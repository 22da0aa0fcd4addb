using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;
using XSwitchEngine.Core.Plugins;
using HttpRequest = XSwitchEngine.Abstractions.HttpRequest;

namespace XSwitchEngine.Core.Web;

/// <summary>Brings requests and WebSockets of the shared listeners to the plugins that serve them, and the answers back.</summary>
/// <param name="routes">Who serves what.</param>
public sealed class WebGateway(WebRoutes routes)
{
    private const long ChunkOverhead = 8; // one byte in a chunk of its own is sent as 6

    // The host's own: lengths and connections are its business, and a body must not be framed twice.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Trailer", "TE", "Date", "Proxy-Connection",
    };

    /// <summary>Opens the WebSocket that a request asks for, and stays until it is closed.</summary>
    /// <param name="context">An upgrade request.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="path">Raw, without the query.</param>
    /// <param name="query">Raw.</param>
    /// <returns>False when no plugin has a WebSocket there.</returns>
    public async Task<bool> TryUpgradeAsync(HttpContext context, WebPeer client, string path, string query)
    {
        var offered = context.WebSockets.WebSocketRequestedProtocols;
        if (routes.Find(client.IsTls, RouteKind.WebSocket, path, [.. offered]) is not { } route)
        {
            return false;
        }

        var subprotocol = route.Spec.Subprotocol;
        if (subprotocol.Length > 0 && !offered.Contains(subprotocol, StringComparer.OrdinalIgnoreCase))
        {
            await WriteAsync(context, HttpReplies.Text(400, $"offer the subprotocol {subprotocol}\n"));
            return true;
        }

        if (route.Slot.State != SlotState.Running || route.Slot.Transports is not Transports transports)
        {
            await WriteAsync(context, HttpReplies.Text(503, "the service is not available\n"));
            return true;
        }

        var headers = context.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = WebSocketUpgrade.Accept(context.Request.Headers.SecWebSocketKey.ToString());
        if (subprotocol.Length > 0)
        {
            headers.SecWebSocketProtocol = subprotocol;
        }

        var request = Request(context, client, path, query, default);
        var stream = new WebSocketStream(await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync(), default, transports.Time);
        var peer = new PumpedPeer(client.Remote, client.Local, IsAccepted: true, IsCounted: false, request, null);
        var connection = transports.Adopt(route.Listener.Id, peer, WebSocketChannel.Over(stream, subprotocol, route.Spec.MaxBytes, context.Abort));
        await connection.Completion;
        return true;
    }

    /// <summary>Lets a plugin answer a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="path">Raw, without the query.</param>
    /// <param name="query">Raw.</param>
    /// <returns>False when no plugin serves the path.</returns>
    public async Task<bool> TryAnswerAsync(HttpContext context, WebPeer client, string path, string query)
    {
        if (routes.Find(client.IsTls, RouteKind.Http, path, []) is not { } route)
        {
            return false;
        }

        if (await ReadBodyAsync(context, route.Spec.MaxBytes) is not { } body)
        {
            await WriteAsync(context, HttpReplies.Text(413, $"a request has at most {route.Spec.MaxBytes} bytes\n"));
            return true;
        }

        var reply = new TaskCompletionSource<HttpReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        var key = route.Slot.Request(route.Listener.Id, client.Remote, client.Local, Request(context, client, path, query, body), r => reply.TrySetResult(r));
        using var aborted = context.RequestAborted.Register(() =>
        {
            if (key != 0)
            {
                route.Slot.AbortRequest(route.Listener.Id, key);
            }

            reply.TrySetCanceled(CancellationToken.None);
        });
        try
        {
            await WriteAsync(context, await reply.Task);
        }
        catch (OperationCanceledException)
        {
            // The client went away, which the plugin was told.
        }

        return true;
    }

    private static HttpRequest Request(HttpContext context, WebPeer client, string path, string query, ReadOnlyMemory<byte> body)
    {
        var headers = new List<KeyValuePair<string, string>>(context.Request.Headers.Count);
        foreach (var (name, values) in context.Request.Headers)
        {
            foreach (var value in values)
            {
                headers.Add(new(name, value ?? ""));
            }
        }

        return new HttpRequest(context.Request.Method, path, query, headers, body) { Scheme = client.Scheme, Host = client.Host };
    }

    // Null when it is too long.
    private static async Task<byte[]?> ReadBodyAsync(HttpContext context, int maxBytes)
    {
        var declared = context.Request.ContentLength;
        if (declared > maxBytes)
        {
            return null;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = (maxBytes * ChunkOverhead) + 4096; // the server counts the framing of chunks too
        }

        // A buffer grows with what has really come, never with what was announced.
        using var body = new MemoryStream();
        var piece = ArrayPool<byte>.Shared.Rent(8192);
        try
        {
            int count;
            while ((count = await context.Request.Body.ReadAsync(piece, context.RequestAborted)) > 0)
            {
                if (body.Length + count > maxBytes)
                {
                    return null;
                }

                body.Write(piece, 0, count);
            }
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        return body.ToArray();
    }

    private static async Task WriteAsync(HttpContext context, HttpReply reply)
    {
        var response = context.Response;
        response.StatusCode = reply.Status is >= 200 and <= 599 ? reply.Status : StatusCodes.Status500InternalServerError;
        response.Headers.XContentTypeOptions = "nosniff";
        foreach (var (name, value) in reply.Headers)
        {
            if (!IsName(name) || Reserved.Contains(name) || value.AsSpan().ContainsAny('\r', '\n', '\0'))
            {
                continue; // neither smuggling nor splitting through what a plugin copied from a peer
            }

            response.Headers.Append(name, value);
        }

        var hasNoBody = reply.Status is 204 or 205 or 304;
        if (!hasNoBody)
        {
            response.ContentLength = reply.Body.Length;
        }

        if (!hasNoBody && !HttpMethods.IsHead(context.Request.Method) && !reply.Body.IsEmpty)
        {
            await response.Body.WriteAsync(reply.Body, context.RequestAborted);
        }
    }

    private static bool IsName(string name) => name.Length > 0 && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
