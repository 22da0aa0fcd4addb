namespace XSwitchEngine.Abstractions;

/// <summary>An HTTP request as the host read it, or the request by which a WebSocket was opened.</summary>
/// <param name="Method">Such as <c>POST</c>, as sent.</param>
/// <param name="Path">Raw, still percent-encoded, without the query; begins with a slash.</param>
/// <param name="Query">Raw, without the question mark; empty when there is none.</param>
/// <param name="Headers">One entry for each line; names in any case.</param>
/// <param name="Body">The whole body, bounded by the route's <see cref="RouteSpec.MaxBytes"/>; it belongs to the request and may be kept.</param>
public sealed record HttpRequest(string Method, string Path, string Query, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary><c>http</c> or <c>https</c> as the client sees it; the word of a proxy counts only when it is one of the configured ones.</summary>
    public string Scheme { get; init; } = "http";

    /// <summary>Host and port as the client sees them.</summary>
    public string Host { get; init; } = "";

    /// <summary>The value of a header, names compared without case; several lines are joined by a comma and a space.</summary>
    /// <param name="name">The header's name.</param>
    /// <returns>Null when the request has no such header.</returns>
    public string? Header(string name)
    {
        string? found = null;
        foreach (var (key, value) in Headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                found = found is null ? value : $"{found}, {value}";
            }
        }

        return found;
    }
}

/// <summary>A plugin's answer to a request.</summary>
/// <param name="Status">200..599.</param>
/// <param name="Headers">In order; Content-Length, Date, Connection and Transfer-Encoding are the host's.</param>
/// <param name="Body">The whole body; must not change after the call.</param>
public sealed record HttpReply(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body);
