using System.Buffers;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using XSwitchEngine.Core.Web;

namespace XSwitchEngine.Host.Http;

/// <summary>Finds out who makes a request. <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c> count only as far as configured proxies vouch for them.</summary>
internal sealed class ClientResolver(Networks proxies)
{
    private const int MaxHops = 16;
    private static readonly SearchValues<char> NotInHosts = SearchValues.Create("/\\@?# ");

    /// <summary>The client of a request.</summary>
    public WebPeer Resolve(HttpContext context)
    {
        var connection = context.Connection;
        var remote = new IPEndPoint(Networks.Plain(connection.RemoteIpAddress ?? IPAddress.None), connection.RemotePort);
        var local = new IPEndPoint(Networks.Plain(connection.LocalIpAddress ?? IPAddress.None), connection.LocalPort);
        var isTls = context.Request.IsHttps;
        var client = new WebPeer(remote, local, isTls ? "https" : "http", context.Request.Host.Value ?? "", isTls);
        return proxies.Contains(remote.Address) ? Forwarded(client, context.Request.Headers) : client;
    }

    // From the right: each entry was written by the one after it, so it is believed as long as that one is a proxy of ours.
    private WebPeer Forwarded(WebPeer client, IHeaderDictionary headers)
    {
        var hops = Entries(headers["X-Forwarded-For"]);
        var at = client.Remote;
        var trusted = 0;
        while (trusted < hops.Length && trusted < MaxHops && proxies.Contains(at.Address) && TryAddress(hops[^(trusted + 1)], out var next))
        {
            at = next;
            trusted++;
        }

        // Proto and host are those that the outermost trusted proxy saw: as many entries from the right as hops were believed, or the only one.
        var proto = At(Entries(headers["X-Forwarded-Proto"]), trusted);
        var host = At(Entries(headers["X-Forwarded-Host"]), trusted);
        return client with
        {
            Remote = at,
            Scheme = proto?.ToLowerInvariant() is "http" or "https" ? proto.ToLowerInvariant() : client.Scheme,
            Host = host is not null && HostString.FromUriComponent(host) is { HasValue: true } && !host.AsSpan().ContainsAny(NotInHosts) ? host : client.Host,
        };
    }

    private static string? At(string[] entries, int trusted) => entries.Length == 0 ? null : entries[^Math.Clamp(trusted, 1, entries.Length)];

    private static string[] Entries(Microsoft.Extensions.Primitives.StringValues values) =>
        string.Join(',', values.ToArray()).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    // 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1]:4711
    private static bool TryAddress(string text, out IPEndPoint value)
    {
        value = new IPEndPoint(IPAddress.None, 0);
        text = text.Trim('"');
        if (IPAddress.TryParse(text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text, out var address))
        {
            value = new IPEndPoint(Networks.Plain(address), 0);
            return true;
        }

        var colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || !IPAddress.TryParse(text[..colon], out address))
        {
            return false;
        }

        value = new IPEndPoint(Networks.Plain(address), port);
        return true;
    }
}
